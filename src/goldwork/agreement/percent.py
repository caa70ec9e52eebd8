"""Percent agreement: how often two annotators give the same answer to the same item.

For an item with m judgements of which n_c say c, the share of agreeing pairs is sum_c n_c (n_c - 1) / (m (m - 1));
the figure is the mean over items with at least two judgements (Fleiss 1971, Psychological Bulletin 76, 378-382: the
observed agreement in his kappa). With a weighting, a pair counts how far its answers agree (Gwet 2014, Handbook of
Inter-Rater Reliability, 4th edition, chapter 3). It says nothing about what chance alone would have given.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 1, 2, 2, 2], "annotator": ["a", "b", "c"] * 2, "label": [1, 1, 3, 2, 2, 2]
    ... })
    >>> round(measure_agreement(table, "percent").value, 4)  # 1 of 3 pairs, and 3 of 3
    0.6667
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import pair_agreement
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, coefficient, per
from goldwork.agreement.weighting import weights_between
from goldwork.errors import InputError
from goldwork.judgements import Judgements

CAVEAT = "It does not say how much of that guessing alone would give, nor whether the answers are right."


@coefficient("percent")
def percent(table: Judgements, scale: Scale) -> Sums:
    """Share of agreeing pairs, mean over items. It counts equal answers unless a weighting is named."""
    if scale.level == "distance":
        raise InputError("percent counts equal answers, or takes a weighting; for a distance there is alpha.")
    weighting = "identity" if scale.weighting is None else scale.weighting
    between = weights_between(table, weighting)
    observed = pair_agreement(table, between)
    return Sums(
        rows=np.stack([observed, np.ones_like(observed)], axis=1),
        formula=_mean,
        judgements=len(table),
        meaning=_exactly if between is None else _nearly,
        bounds=(0.0, 1.0),
        disagreement=1 - observed,
        caveat=CAVEAT,
    )


def _mean(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    share, items = totals.T
    return per(share, items)


def _exactly(value: float) -> str:
    return f"Two annotators who judge the same item give the same answer {value:.0%} of the time"


def _nearly(value: float) -> str:
    return f"Two annotators who judge the same item agree to {value:.0%} on average, near misses counted in part"
