"""Mean: the weighted mean of an item's numbers.

Its interval and confidence are those of `goldwork.consensus.ratings`.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 2], "annotator": ["ann", "bob", "ann", "bob", "cam"], "label": [2, 3, 7, 9, 8]
    ... })
    >>> consensus = infer_consensus(table, "mean")
    >>> consensus.labels.tolist(), consensus.low.round(1).tolist(), consensus.high.round(1).tolist()
    ([2.5, 8.0], [0.4, 6.3], [4.6, 9.7])
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.ratings import answered, means
from goldwork.judgements import Judgements


@consensus("mean", answers="numbers")
def mean(table: Judgements, *, gold: npt.NDArray[np.float64], seed: int, within: float | None = None) -> Consensus:
    """The mean. `within`: confidence is the probability that the truth lies so near, in the judgements' unit."""
    return answered("mean", table, gold, means, within=within, seed=seed)
