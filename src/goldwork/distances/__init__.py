"""Distances: how far apart two answers to the same question are, for answers that lie on no scale.

A distance is a function of two answers to a number from 0 to 1, symmetric, and 0 exactly where both say the same.
Agreement (Krippendorff's alpha), consensus by distance and the scoring of gold need nothing else of a kind of answer.

    >>> jaccard = distance.get("jaccard")
    >>> jaccard(["cat", "dog"], ["dog"]), jaccard(["cat"], ["cat"])
    (0.5, 0.0)
    >>> distances_between("jaccard", [["cat"], ["dog"], ["cat", "dog"]], [0, 0], [1, 2]).tolist()
    [1.0, 0.5]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.registry import Registry

__all__ = ["Distance", "distance", "distances_between", "reader"]

Distance = Callable[[Any, Any], float]
"""(first, second) -> a number in [0, 1]. Raises InputError, naming the value, for an answer of another kind.

What a registration says besides, all optional:

- `read`, `between`: the distance in two steps, `between(read(first), read(second))`, so that an answer that is compared
  a thousand times is read once
- `metric`: True where no detour is shorter, d(a, c) <= d(a, b) + d(b, c)
- `examples`: answers that differ, for the contract suite
"""

BLOCK = 100_000
"""Pairs that are Python's numbers at once."""

distance: Registry[Distance] = Registry("distance", __name__)


def reader(of: str | Distance) -> tuple[Callable[[Any], Any], Callable[[Any, Any], float]]:
    """What reads an answer once, and what measures between two answers so read.

    `of` is a registered name or any distance; one that is registered without a reader reads nothing.
    """
    if not isinstance(of, str):
        return _as_it_is, of
    facts = distance.facts(of)
    return facts.get("read", _as_it_is), facts.get("between", distance.get(of))


def distances_between(
    of: str | Distance, values: Sequence[Any] | npt.NDArray[Any], first: Any, second: Any
) -> npt.NDArray[np.float64]:
    """The distance of `values[first[i]]` and `values[second[i]]`, [n], by a registered name or a function.

    Every value that occurs is read once, and every pair of places measured once. Raises InputError for a value that
    the distance cannot read.
    """
    read, between = reader(of)
    first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    pairs, which = np.unique(low * np.int64(max(len(values), 1)) + high, return_inverse=True)
    one, two = np.divmod(pairs, max(len(values), 1))
    ready = {place: read(values[place]) for place in np.union1d(one, two).tolist()}
    measured = [0.0 if a == b else between(ready[a], ready[b]) for a, b in zip(one.tolist(), two.tolist(), strict=True)]
    return np.array(measured, np.float64)[which]


def _as_it_is(value: Any) -> Any:
    return value
