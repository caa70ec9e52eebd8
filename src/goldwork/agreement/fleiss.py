"""Fleiss's kappa: agreement beyond what draws from the common frequencies of the categories would give.

kappa = (p_a - p_e) / (1 - p_e): p_a is the mean over items of the agreement of an item's pairs, pi_k the mean over
items of the share of an item's judgements that say k, and p_e = sum_kl w_kl pi_k pi_l what two independent draws from
pi would give (Fleiss 1971, Psychological Bulletin 76, 378-382; with missing judgements and weights Gwet 2014, Handbook
of Inter-Rater Reliability, 4th edition, chapters 2 and 3). Who judged what plays no part: annotators may differ from
item to item.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> round(measure_agreement(table, "fleiss").value, 4)  # p_a = 3/4, p_e = (5/8) ** 2 + (3/8) ** 2
    0.4667
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import agree, pair_agreement, shares
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, beside, beyond_chance, coefficient, per
from goldwork.agreement.weighting import weighting_of, weights_between
from goldwork.judgements import Judgements

UNDEFINED = "Every judgement is the same, so chance would agree fully too and Fleiss's kappa is undefined."
CAVEAT = "It does not say that the answers are right, and where one of them is rare it is low however often all agree."


@coefficient("fleiss")
def fleiss(table: Judgements, scale: Scale) -> Sums:
    """Fleiss's kappa, for any number of annotators, also weighted."""
    between = weights_between(table, weighting_of(scale))
    observed = pair_agreement(table, between)

    def formula(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        items = totals[:, 1]
        frequency = per(totals[:, 2:], items)
        return beyond_chance(per(totals[:, 0], items), agree(frequency, frequency, between))

    return Sums(
        rows=beside(observed, np.ones_like(observed), shares(table)),
        formula=formula,
        judgements=len(table),
        meaning=_meaning,
        undefined=UNDEFINED,
        disagreement=1 - observed,
        caveat=CAVEAT,
    )


def _meaning(value: float) -> str:
    if value <= 0:
        return "Pairs of judgements agree no better than draws from the answers' common frequencies would"
    return (
        f"Pairs of judgements agree {value:.0%} of the way from chance, given how often each answer is used, to perfect"
    )
