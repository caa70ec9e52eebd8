"""Median: the middle one of an item's numbers, by weight; between two middle ones, halfway.

Single wild judgements do not move it. Where errors are normal it is less precise than the mean, by a third with three
judgements and by a half with many. Its interval and confidence are those of `goldwork.consensus.ratings`.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 2], "annotator": ["ann", "bob", "ann", "bob", "cam"], "label": [2, 3, 7, 9, 80]
    ... })
    >>> infer_consensus(table, "median").labels.tolist()
    [2.5, 9.0]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.ratings import answered
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
SLACK = 1e-9
"""Of an item's weight: what counts as exactly half."""


@consensus("median", answers="numbers")
def median(table: Judgements, *, gold: Floats, seed: int, within: float | None = None) -> Consensus:
    """The median. `within`: confidence is the probability that the truth lies so near, in the judgements' unit."""
    return answered("median", table, gold, medians, within=within, seed=seed)


def medians(item: npt.NDArray[np.int32], numbers: Floats, weights: Floats, items: int) -> Floats:
    """The weighted median of every item; rows lie by item, then by number."""
    total = np.bincount(item, weights, items)
    place = np.cumsum(weights) - np.r_[0.0, np.cumsum(total)][item]
    half, slack = total[item] / 2, SLACK * total[item]
    ends = [np.flatnonzero(place >= half - slack), np.flatnonzero(place > half + slack)]
    lower, upper = (numbers[rows[np.unique(item[rows], return_index=True)[1]]] for rows in ends)
    return np.asarray((lower + upper) / 2)
