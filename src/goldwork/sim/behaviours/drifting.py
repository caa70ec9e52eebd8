"""drifting: works well for a while, then no longer cares.

Confusion: one coin with an accuracy of .9 to .96, drawn uniformly; after `after` judgements with an accuracy of
`low`, at .6 times the time. People who build a record and then let go are what checks at the entrance do not see; the
sudden fall and its figures are choices made for plausibility.
"""

from __future__ import annotations

import random

from goldwork.errors import InputError
from goldwork.sim.behaviours import Character, Manner, behaviour, one_coin


@behaviour("drifting", honest=False)
def drifting(
    classes: int, draw: random.Random, *, accuracy: float | None = None, low: float = 0.5, after: int = 120
) -> Character:
    """Who lets go."""
    drawn = draw.uniform(0.9, 0.96)
    if after < 0:
        raise InputError(f"after must be 0 or more. Got {after}.")
    before = Manner(one_coin(classes, drawn if accuracy is None else accuracy))
    then = Manner(one_coin(classes, low), 0.6)
    return Character(lambda moment: (then if moment.number >= after else before,))
