"""one-class: gives one answer to everything.

Confusion: the favourite, drawn uniformly, whatever is seen: the uniform spammer of Vuurens, de Vries and Eickhoff
(2011, SIGIR workshop on crowdsourcing for information retrieval), who is right on as many items as are of that class.
Median time .4 times the typical; a choice made for plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, always, behaviour, steady


@behaviour("one-class", honest=False)
def one_class(classes: int, draw: random.Random, *, favourite: int | None = None) -> Character:
    """The uniform spammer."""
    drawn = draw.randrange(classes)
    return steady(always(classes, drawn if favourite is None else favourite), pace=0.4, spread=0.3)
