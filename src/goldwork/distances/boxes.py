"""boxes: how badly two annotators' boxes fit, each paired with at most one of the other's.

Of all ways to pair boxes of the same label one to one, the one with the greatest sum of overlaps (intersection over
union) is taken; the distance is 1 - that sum / the number of boxes of the annotator who drew more, so that a box
without a partner counts as an overlap of 0. Two empty answers are the same. This is the OSPA metric of order 1 and
cut-off 1 (Schuhmacher, Vo and Vo 2008, IEEE Transactions on Signal Processing 56, 3447-3457) over the Jaccard distance.

    >>> boxes([[0, 0, 2, 2]], [{"x": 1, "y": 0, "width": 2, "height": 2}])
    0.6666666666666667
    >>> boxes([[0, 0, 2, 2, "cat"], [5, 5, 6, 6, "cat"]], [[0, 0, 2, 2, "cat"]])
    0.5
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.distances import distance
from goldwork.distances.geometry import Boxes, read_boxes

Floats = npt.NDArray[np.float64]


def overlaps(first: Boxes, second: Boxes) -> Floats:
    """Intersection over union of every two boxes, [n, m]; 0 between different labels.

    Boxes without an area overlap fully where they are equal, else not at all.
    """
    one, two = first.corners[:, None], second.corners[None]
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    shared = np.maximum(sides, 0).prod(axis=2)
    areas = [(corners[..., 2:] - corners[..., :2]).prod(axis=2) for corners in (one, two)]
    union = areas[0] + areas[1] - shared
    equal = (one == two).all(axis=2)
    ratio = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    ratio = np.where(equal, 1.0, np.minimum(ratio, 1.0))
    return np.where(np.array(first.labels)[:, None] == np.array(second.labels), ratio, 0.0)


def _apart(first: Boxes, second: Boxes) -> float:
    most = max(len(first.labels), len(second.labels))
    if not min(len(first.labels), len(second.labels)):
        return float(most > 0)
    if len(first.labels) == len(second.labels) and _counted(first) == _counted(second):
        return 0.0
    from scipy.optimize import linear_sum_assignment

    overlap = overlaps(first, second)
    pairs = linear_sum_assignment(overlap, maximize=True)
    return 1 - float(np.sort(overlap[pairs]).sum()) / most  # sorted, so that first and second may change places


def _counted(boxes: Boxes) -> Counter[Any]:
    return Counter(zip(map(tuple, boxes.corners.tolist()), boxes.labels, strict=True))


@distance(
    "boxes",
    read=read_boxes,
    between=_apart,
    metric=True,
    examples=(
        [],
        [[0, 0, 2, 2]],
        [[0, 0, 2, 2, "a"]],
        [{"x": 1, "y": 0, "width": 2, "height": 2}, [5, 5, 6, 6]],
        [[0, 0, 2, 3], [5, 5, 7, 6]],
        [[1, 1, 1, 1]],
    ),
)
def boxes(first: Any, second: Any) -> float:
    """One minus the mean overlap of two lists of boxes in their best pairing."""
    return _apart(read_boxes(first), read_boxes(second))
