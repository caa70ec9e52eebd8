"""fast: hurries through part of the items without looking.

With probability `rush` (.4 to .6, drawn uniformly) every class equally often, at .15 times the typical time and with a
spread of .3; else one coin with an accuracy of .88, at .8 times. Times are then a mixture of two log-normal
distributions, of which the quick one says nothing of the item: rapid guessing beside solution behaviour (Wise and Kong
2005, "Response time effort", Applied Measurement in Education 18, 163-183). The figures are choices made for
plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, Manner, behaviour, check_share, guesses, mixed, one_coin


@behaviour("fast", honest=False)
def fast(classes: int, draw: random.Random, *, rush: float | None = None, accuracy: float = 0.88) -> Character:
    """The fast clicker."""
    drawn = draw.uniform(0.4, 0.6)
    share = check_share("rush", drawn if rush is None else rush)
    return mixed(Manner(guesses(classes), 0.15, 0.3, share), Manner(one_coin(classes, accuracy), 0.8, share=1 - share))
