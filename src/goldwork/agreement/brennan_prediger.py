"""Brennan and Prediger's coefficient: agreement beyond what draws without any preference would give.

(p_a - p_e) / (1 - p_e) with p_e = sum_kl w_kl / K ** 2, which is 1 / K without a weighting; p_a as in percent agreement
(Brennan and Prediger 1981, Educational and Psychological Measurement 41, 687-699; weighted: Gwet 2014, Handbook of
Inter-Rater Reliability, 4th edition, chapter 3). K counts the categories that were declared, else those that were used.
Also known as Bennett's S and Maxwell's RE.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> measure_agreement(table, "brennan-prediger").value  # p_a = 3/4, p_e = 1/2
    0.5
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import pair_agreement
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, beyond_chance, coefficient, per
from goldwork.agreement.weighting import known, weighting_of, weights_between
from goldwork.judgements import Judgements

UNDEFINED = "There is a single answer and no other was declared, so chance would agree fully too."
CAVEAT = "It grows with the number of categories offered, used or not, and does not say that the answers are right."


@coefficient("brennan-prediger")
def brennan_prediger(table: Judgements, scale: Scale) -> Sums:
    """Brennan and Prediger's coefficient, also weighted."""
    between = weights_between(table, weighting_of(scale))
    observed = pair_agreement(table, between)
    k = known(table.coded()[1])
    chance = float(k if between is None else between[:k, :k].sum()) / max(k, 1) ** 2

    def formula(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        share = per(totals[:, 0], totals[:, 1])
        return beyond_chance(share, np.full_like(share, chance))

    return Sums(
        rows=np.stack([observed, np.ones_like(observed)], axis=1),
        formula=formula,
        judgements=len(table),
        meaning=_meaning,
        undefined=UNDEFINED,
        disagreement=1 - observed,
        caveat=CAVEAT,
    )


def _meaning(value: float) -> str:
    if value <= 0:
        return "Annotators agree no better than if they picked any category with the same chance"
    return f"Annotators agree {value:.0%} of the way from picking any category with the same chance to perfect"
