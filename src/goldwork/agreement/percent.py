"""Percent agreement: how often two annotators give the same answer to the same item.

For an item with m judgements of which n_c say c, the share of agreeing pairs is sum_c n_c (n_c - 1) / (m (m - 1));
the figure is the mean over items with at least two judgements (Fleiss 1971, Psychological Bulletin 76, 378-382,
the observed agreement of his kappa). It says nothing about what chance alone would have given.
"""

from __future__ import annotations

import numpy as np

from goldwork.agreement import Sums, coefficient
from goldwork.judgements import Judgements


@coefficient("percent")
def percent(table: Judgements, level: str) -> Sums:
    """Share of agreeing pairs, mean over items. Every level counts equal answers only."""
    counts = table.tally()
    m = np.asarray(counts.sum(axis=1), np.float64).reshape(-1)
    squares = np.asarray(counts.power(2).sum(axis=1), np.float64).reshape(-1)
    return Sums(
        rows=np.stack([(squares - m) / (m * (m - 1)), np.ones_like(m)], axis=1),
        formula=lambda totals: totals[:, 0] / totals[:, 1],
        judgements=len(table),
        meaning=lambda value: f"Two annotators who judge the same item agree {value:.0%} of the time",
    )
