"""slow-honest: takes much time, and is right.

Confusion: one coin with an accuracy of .9 to .97, drawn uniformly. Median time 2.5 times the typical, spread .5. That
slow is not bad, nor fast good, is why times alone must not accuse; the figures are choices made for plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, behaviour, one_coin, steady


@behaviour("slow-honest", honest=True)
def slow_honest(classes: int, draw: random.Random, *, accuracy: float | None = None) -> Character:
    """Careful, whatever the clock says."""
    drawn = draw.uniform(0.9, 0.97)
    return steady(one_coin(classes, drawn if accuracy is None else accuracy), pace=2.5, spread=0.5)
