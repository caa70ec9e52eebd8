"""tired: begins well and gets worse and slower until the next break.

Confusion: one coin whose accuracy falls in a straight line from .9 to .96 (drawn uniformly) right after a break to
`low` after `lasts` judgements, and stays there; median time grows in the same way from 1 to 1.5 times the typical. A
break restores both. That vigilance falls within half an hour of watching, and that rest restores it, is Mackworth's
finding (1948, "The breakdown of vigilance during prolonged visual search", Quarterly Journal of Experimental Psychology
1, 6-21); the line and its figures are choices made for plausibility.
"""

from __future__ import annotations

import random

from goldwork.errors import InputError
from goldwork.sim.behaviours import Character, Manner, Moment, behaviour, check_share, one_coin


@behaviour("tired", honest=True)
def tired(
    classes: int, draw: random.Random, *, accuracy: float | None = None, low: float = 0.55, lasts: int = 100
) -> Character:
    """Who should take breaks."""
    drawn = draw.uniform(0.9, 0.96)
    high = check_share("accuracy", drawn if accuracy is None else accuracy)
    check_share("low", low)
    if lasts < 1:
        raise InputError(f"lasts must be 1 or more. Got {lasts}.")

    def manners(moment: Moment) -> tuple[Manner]:
        gone = min(1.0, moment.place / lasts)
        return (Manner(one_coin(classes, high + gone * (low - high)), 1 + gone / 2),)

    return Character(manners)
