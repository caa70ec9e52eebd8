"""careless: looks half of the time, and guesses otherwise.

Confusion: with probability `attention` (.45 to .7, drawn uniformly) one coin with an accuracy of .9, else every class
equally often: the worker who is a diligent one and a random one in turn. Median time .7 times the typical, spread
wider because it mixes looks and guesses.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, behaviour, check_share, guesses, one_coin, steady


@behaviour("careless", honest=False)
def careless(classes: int, draw: random.Random, *, attention: float | None = None, accuracy: float = 0.9) -> Character:
    """The sloppy worker."""
    drawn = draw.uniform(0.45, 0.7)
    share = check_share("attention", drawn if attention is None else attention)
    return steady(share * one_coin(classes, accuracy) + (1 - share) * guesses(classes), pace=0.7, spread=0.6)
