"""A crowd: simulated annotators in a stated mix.

>>> crowd = make_crowd(classes=10)
>>> " ".join(member.behaviour for member in crowd)
'expert expert expert average average average average average average careless biased random'
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from goldwork.errors import InputError
from goldwork.sim.annotator import Annotator
from goldwork.sim.behaviours import behaviour

DOZEN = {"expert": 3, "average": 6, "careless": 1, "biased": 1, "random": 1}
"""Three quarters can be relied on: a crowd that a majority vote survives and a careful method gains from. Those who
look less are quicker, so their share of the judgements is larger than that of the people."""

FULL = {
    "expert": 3,
    "average": 12,
    "slow-honest": 2,
    "norm": 3,
    "learner": 2,
    "tired": 2,
    "careless": 2,
    "biased": 1,
    "one-class": 1,
    "position": 1,
    "random": 2,
    "fast": 2,
    "drifting": 2,
    "colluding": 3,
}
"""Everything that a project may meet, in 38 people: twenty who are to be left in peace, four who need help, and
fourteen whose work does harm. Worse than most crowds, so that every kind is in it."""


def make_annotator(kind: str, *, classes: int, name: str, seed: int = 0, **options: Any) -> Annotator:
    """One annotator of a registered behaviour; what differs between people is drawn from `seed` and `name`.

    Raises UnknownNameError for a behaviour that is not there, InputError for fewer than two classes or an option
    out of its range.
    """
    if classes < 2:
        raise InputError(f"a choice needs 2 or more classes. Got {classes}.")
    character = behaviour.get(kind)(classes, random.Random(f"{seed}/{name}"), **options)
    return Annotator(name, kind, character, seed)


def make_crowd(*, classes: int, size: int = 12, mix: Mapping[str, float] = DOZEN, seed: int = 0) -> list[Annotator]:
    """`size` annotators, the behaviours of `mix` in proportion to their weights (largest remainders).

    Their names say that they are simulated, and as what: "simulated average 2".
    """
    return [
        make_annotator(kind, classes=classes, name=f"simulated {kind} {number}", seed=seed)
        for kind, count in share_out(size, mix).items()
        for number in range(1, count + 1)
    ]


def share_out(size: int, mix: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers that sum to `size`, in proportion to the weights. Raises InputError where there is no such."""
    total = sum(mix.values())
    if size < 0 or not total > 0 or min(mix.values()) < 0:
        raise InputError(f"a crowd needs a size of 0 or more and weights above 0. Got {size} and {dict(mix)}.")
    exact = {kind: size * weight / total for kind, weight in mix.items()}
    counts = {kind: math.floor(count) for kind, count in exact.items()}
    by_remainder = sorted(mix, key=lambda kind: counts[kind] - exact[kind])
    for kind in by_remainder[: size - sum(counts.values())]:
        counts[kind] += 1
    return counts
