"""expert: nearly always right, and takes a little longer than most.

Confusion: one coin with an accuracy of .95 to .99, drawn uniformly. Median time 1.2 times the typical.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, behaviour, one_coin, steady


@behaviour("expert", honest=True)
def expert(classes: int, draw: random.Random, *, accuracy: float | None = None) -> Character:
    """Knows the subject and the guideline."""
    drawn = draw.uniform(0.95, 0.99)
    return steady(one_coin(classes, drawn if accuracy is None else accuracy), pace=1.2, spread=0.35)
