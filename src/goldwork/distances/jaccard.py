"""jaccard: the share of two sets' options that are in one of them only.

1 - |A and B| / |A or B| (Jaccard 1912, New Phytologist 11, 37-50); two empty sets are the same. It is a metric
(Levandowsky and Winter 1971, Nature 234, 34-35).

    >>> jaccard(["cat", "dog"], ["dog", "cow"])
    0.6666666666666667
"""

from __future__ import annotations

from typing import Any

from goldwork.distances import distance
from goldwork.distances.sets import read_set

Options = frozenset[str | int]
EXAMPLES: tuple[list[str | int], ...] = ([], ["a"], ["b"], ["a", "b"], ["b", "c"], ["a", "b", "c", "d"], [1])


def _apart(first: Options, second: Options) -> float:
    if first == second:
        return 0.0
    return 1 - len(first & second) / len(first | second)


@distance("jaccard", read=read_set, between=_apart, metric=True, examples=EXAMPLES)
def jaccard(first: Any, second: Any) -> float:
    """One minus the shared options over all options of two sets, lists of texts or whole numbers."""
    return _apart(read_set(first), read_set(second))
