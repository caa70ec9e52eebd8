"""Gwet's AC1, and with a weighting AC2: agreement beyond chance where chance is rare.

Gwet takes it that annotators guess on hard items only, and that those are the rarer the more uneven the frequencies
pi_k: AC = (p_a - p_e) / (1 - p_e) with p_e = sum_kl w_kl / (K (K - 1)) * sum_k pi_k (1 - pi_k); p_a and pi as in
Fleiss's kappa (Gwet 2008, British Journal of Mathematical and Statistical Psychology 61, 29-48; weighted: Gwet 2014,
Handbook of Inter-Rater Reliability, 4th edition, chapters 4 and 3). K counts the categories that were declared, else
those that were used.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> round(measure_agreement(table, "gwet").value, 4)  # p_a = 3/4, p_e = 2 * 5/8 * 3/8
    0.5294
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import pair_agreement, shares
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, beside, beyond_chance, coefficient, per
from goldwork.agreement.weighting import known, weighting_of, weights_between
from goldwork.judgements import Judgements

UNDEFINED = "There is a single answer and no other was declared, so nothing can be told of chance and AC is undefined."
CAVEAT = (
    "It takes guesses to be rare where one answer is frequent, and is high there even if the rare one is hit or miss."
)


@coefficient("gwet")
def gwet(table: Judgements, scale: Scale) -> Sums:
    """Gwet's AC1; AC2 with a weighting other than identity."""
    between = weights_between(table, weighting_of(scale))
    observed = pair_agreement(table, between)
    k = known(table.coded()[1])
    weights = float(k if between is None else between[:k, :k].sum())

    def formula(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        items = totals[:, 1]
        if k < 2:
            return np.full_like(items, np.nan)
        frequency = per(totals[:, 2:], items)
        chance = weights / (k * (k - 1)) * (frequency * (1 - frequency)).sum(axis=1)
        return beyond_chance(per(totals[:, 0], items), chance)

    return Sums(
        rows=beside(observed, np.ones_like(observed), shares(table)),
        formula=formula,
        judgements=len(table),
        meaning=_meaning("AC1" if between is None else "AC2"),
        undefined=UNDEFINED,
        disagreement=1 - observed,
        caveat=CAVEAT,
    )


def _meaning(name: str) -> Callable[[float], str]:
    def meaning(value: float) -> str:
        if value <= 0:
            return f"Annotators agree no better than Gwet's chance would ({name})"
        return f"Annotators agree {value:.0%} of the way from Gwet's chance to perfect ({name})"

    return meaning
