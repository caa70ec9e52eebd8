"""position: takes what stands in one place of the screen.

With probability `pull` (.7 to .9, drawn uniformly) the class at the favourite place, drawn uniformly, at .3 times the
typical time; else one coin with an accuracy of .9, at .9 times. Where classes stand in a fixed order this is a
habit of one class, and nothing in the answers tells the two apart. That people prefer places whatever stands there is
known (Blunch 1984, "Position bias in multiple-choice questions", Journal of Marketing Research 21, 216-220); how
strongly is a choice made for plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, Manner, Moment, always, behaviour, check_favourite, check_share, one_coin


@behaviour("position", honest=False)
def position(
    classes: int,
    draw: random.Random,
    *,
    favourite: int | None = None,
    pull: float | None = None,
    accuracy: float = 0.9,
) -> Character:
    """The position clicker; `favourite` counts places from 0."""
    drawn_place, drawn_pull = draw.randrange(classes), draw.uniform(0.7, 0.9)
    place = check_favourite(drawn_place if favourite is None else favourite, classes)
    share = check_share("pull", drawn_pull if pull is None else pull)
    clicks = [Manner(always(classes, stands), 0.3, 0.3, share) for stands in range(classes)]
    looks = Manner(one_coin(classes, accuracy), 0.9, share=1 - share)

    def manners(moment: Moment) -> tuple[Manner, ...]:
        return clicks[moment.shown[place] if moment.shown else place], looks

    return Character(manners)
