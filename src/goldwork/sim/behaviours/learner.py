"""learner: has not understood the guideline yet, and does so when it is explained.

Confusion: one coin; of what is missing between `accuracy` at the beginning (.6 to .7, drawn uniformly) and `best`,
each explanation takes away the share `quickness` (.35 to .55, drawn uniformly):

    accuracy after t explanations = best - (best - accuracy) (1 - quickness)^t

the exponential law of practice (Heathcote, Brown and Mewhort 2000, "The power law repealed", Psychonomic Bulletin &
Review 7, 185-207), with explanations for trials. Median time 1.2 times the typical. The figures are choices made for
plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, Manner, Moment, behaviour, check_share, one_coin


@behaviour("learner", honest=True)
def learner(
    classes: int,
    draw: random.Random,
    *,
    accuracy: float | None = None,
    best: float = 0.93,
    quickness: float | None = None,
) -> Character:
    """Who is worth being taught."""
    drawn_accuracy, drawn_quickness = draw.uniform(0.6, 0.7), draw.uniform(0.35, 0.55)
    first = check_share("accuracy", drawn_accuracy if accuracy is None else accuracy)
    rate = check_share("quickness", drawn_quickness if quickness is None else quickness)

    def manners(moment: Moment) -> tuple[Manner]:
        return (Manner(one_coin(classes, best - (best - first) * (1 - rate) ** moment.taught), 1.2),)

    return Character(manners)
