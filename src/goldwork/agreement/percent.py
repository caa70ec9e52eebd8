"""Percent agreement: how often two annotators give the same answer to the same item.

For an item with m judgements of which n_c say c, the share of agreeing pairs is sum_c n_c (n_c - 1) / (m (m - 1));
the figure is the mean over items with at least two judgements (Fleiss 1971, Psychological Bulletin 76, 378-382: the
observed agreement in his kappa). It says nothing about what chance alone would have given.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 1, 2, 2, 2], "annotator": ["a", "b", "c"] * 2, "label": ["x", "x", "y", "z", "z", "z"]
    ... })
    >>> round(measure_agreement(table, "percent").value, 4)  # 1 of 3 pairs, and 3 of 3
    0.6667
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.agreement import Scale, Sums, coefficient
from goldwork.judgements import Judgements


@coefficient("percent")
def percent(table: Judgements, scale: Scale) -> Sums:
    """Share of agreeing pairs, mean over items. At every level it counts equal answers only."""
    counts = table.tally()
    m = np.asarray(counts.sum(axis=1), np.float64)
    squares = np.asarray(counts.power(2).sum(axis=1), np.float64)
    return Sums(
        rows=np.stack([(squares - m) / (m * (m - 1)), np.ones_like(m)], axis=1),
        formula=_mean,
        judgements=len(table),
        meaning=_meaning,
        bounds=(0.0, 1.0),
    )


def _mean(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    share, items = totals.T
    return np.asarray(np.divide(share, items, out=np.full_like(share, np.nan), where=items > 0))


def _meaning(value: float) -> str:
    return f"Two annotators who judge the same item give the same answer {value:.0%} of the time"
