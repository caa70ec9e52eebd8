"""average: takes care, and errs now and then.

Confusion: one coin with an accuracy of .82 to .93, drawn uniformly. Median time .8 to 1.25 times the typical, drawn
with a uniform logarithm.
"""

from __future__ import annotations

import math
import random

from goldwork.sim.behaviours import Character, behaviour, one_coin, steady


@behaviour("average", honest=True)
def average(classes: int, draw: random.Random, *, accuracy: float | None = None) -> Character:
    """The diligent worker who is no expert."""
    drawn = draw.uniform(0.82, 0.93)
    pace = math.exp(draw.uniform(-math.log(1.25), math.log(1.25)))
    return steady(one_coin(classes, drawn if accuracy is None else accuracy), pace=pace)
