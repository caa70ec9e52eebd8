"""biased: has a favourite class, and gives it too often.

Confusion: with probability `pull` (.35 to .5, drawn uniformly) the favourite, whatever is seen; else one coin with an
accuracy of .9. At a pull of 1 this is the uniform worker, who answers the same all the time. Median time .9 times the
typical.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, always, behaviour, check_share, one_coin, steady


@behaviour("biased", honest=False)
def biased(
    classes: int,
    draw: random.Random,
    *,
    favourite: int | None = None,
    pull: float | None = None,
    accuracy: float = 0.9,
) -> Character:
    """Leans towards one class."""
    drawn_favourite, drawn_pull = draw.randrange(classes), draw.uniform(0.35, 0.5)
    liked = drawn_favourite if favourite is None else favourite
    share = check_share("pull", drawn_pull if pull is None else pull)
    confusion = (1 - share) * one_coin(classes, accuracy) + share * always(classes, liked)
    return steady(confusion, pace=0.9)
