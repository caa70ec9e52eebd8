"""Whether traps and repeats ask for a closer look at somebody. They accuse nobody: they raise the rate of gold.

Of traps the claim is that of gold: right at or above the project's floor. Whoever is right with a share f of the items
says the same twice with at least f², so of repeats the floor is the square. Against the claim is bet as in
`goldwork.quality.evidence`, from sums alone: with n answers of which r were right (a score of .4 counts as .4 right and
.6 wrong), and a bet b of each size,

    E = mean over b of (1 - b)^r (1 + b f / (1 - f))^(n - r)

For scores between 0 and 1 that is less than what the bets themselves make, since the logarithm is concave: whoever is
at the floor or above ever reaches 20 with a probability of at most 1 in 20, however often one looks.

    >>> from goldwork.quality.policy import Policy
    >>> policy = Policy(floor=8500)
    >>> reasons({"traps": [8, 2000], "repeats": [30, 27000]}, policy)
    ['traps']
    >>> reasons({"traps": [40, 36000], "repeats": [30, 12000]}, policy)
    ['repeats']
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from goldwork.quality.evidence import BETS
from goldwork.quality.people import SCORE
from goldwork.quality.policy import WHOLE, Policy

LOOK = 20.0
"""E from which on somebody is looked at more closely."""
SECRET = frozenset({"traps", "repeats"})
"""Reasons that are not told to whom they are about: what was told of one would be known of the others."""


def reasons(person: Mapping[str, Any], policy: Policy) -> list[str]:
    """What asks for a closer look, by an annotator's state; nothing where answers are views."""
    if policy.paradigm != "prescriptive":
        return []
    floor = policy.floor / WHOLE
    floors = {"traps": floor, "repeats": floor**2}
    done = {name: person.get(name, (0, 0)) for name in floors}
    return [name for name, (number, score) in done.items() if against(number, score, floors[name]) >= LOOK]


def against(number: int, score: int, floor: float) -> float:
    """E against accuracy at or above a floor, from how many answers there were and the sum of their scores."""
    right = score / SCORE
    return math.fsum((1 - bet) ** right * (1 + bet * floor / (1 - floor)) ** (number - right) for bet in BETS) / len(
        BETS
    )
