"""masi: the distance of sets that forgives a subset more than a set that says something else.

1 - J M, J being |A and B| / |A or B| and M 1 for equal sets, 2/3 where one holds the other, 1/3 where they only
overlap, 0 where they share nothing (Passonneau 2006, Measuring Agreement on Set-valued Items (MASI) for Semantic and
Pragmatic Annotation, LREC, 831-836). NLTK rounds M to .67 and .33.

    >>> masi(["cat", "dog"], ["dog"]), masi(["cat", "dog"], ["dog", "cow"])
    (0.6666666666666667, 0.8888888888888888)
"""

from __future__ import annotations

from typing import Any

from goldwork.distances import distance
from goldwork.distances.jaccard import EXAMPLES, Options
from goldwork.distances.sets import read_set


def _apart(first: Options, second: Options) -> float:
    if first == second:
        return 0.0
    shared = len(first & second)
    thirds = 2 if first <= second or second <= first else 1
    return 1 - shared * thirds / (3 * len(first | second))


@distance("masi", read=read_set, between=_apart, metric=False, examples=EXAMPLES)
def masi(first: Any, second: Any) -> float:
    """Passonneau's distance of two sets, lists of texts or whole numbers."""
    return _apart(read_set(first), read_set(second))
