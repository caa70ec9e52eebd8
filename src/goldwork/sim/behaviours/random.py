"""random: does not look.

Confusion: every class equally often, whatever is seen. Median time .5 times the typical.
"""

from __future__ import annotations

import random as randomness

from goldwork.sim.behaviours import Character, behaviour, guesses, steady


@behaviour("random", honest=False)
def random(classes: int, draw: randomness.Random) -> Character:  # noqa: ARG001 nothing differs between two of them
    """The random spammer."""
    return steady(guesses(classes), pace=0.5, spread=0.3)
