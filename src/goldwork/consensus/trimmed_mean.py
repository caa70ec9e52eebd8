"""Trimmed mean: the mean of an item's numbers without the lowest and the highest.

Of the item's weight, the share `trim` is left out at each end, of the last judgement there as much as is needed: of
three judgements at .2, the lowest and the highest count .4. With 0 it is the mean, towards .5 the median. Its interval
and confidence are those of `goldwork.consensus.ratings`.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1] * 5, "annotator": ["ann", "bob", "cam", "dot", "eve"], "label": [5, 6, 7, 8, 80]
    ... })
    >>> infer_consensus(table, "trimmed-mean").labels.tolist()
    [7.0]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.ratings import answered, means
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


@consensus("trimmed-mean", answers="numbers")
def trimmed_mean(
    table: Judgements, *, gold: Floats, seed: int, trim: float = 0.2, within: float | None = None
) -> Consensus:
    """The trimmed mean. Options:

    - `trim`: what is left out at each end, from 0 to below .5
    - `within`: confidence is the probability that the truth lies so near, in the judgements' unit
    """
    if not 0 <= trim < 0.5:
        raise InputError(f"trim must be at least 0 and below .5. Got {trim!r}.")

    def trimmed(item: npt.NDArray[np.int32], numbers: Floats, weights: Floats, items: int) -> Floats:
        total = np.bincount(item, weights, items)
        end = np.cumsum(weights) - np.r_[0.0, np.cumsum(total)][item]
        kept = np.minimum(end, (1 - trim) * total[item]) - np.maximum(end - weights, trim * total[item])
        return means(item, numbers, np.maximum(kept, 0), items)

    return answered("trimmed-mean", table, gold, trimmed, within=within, seed=seed)
