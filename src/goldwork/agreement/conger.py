"""Conger's kappa: agreement of several annotators beyond what the habits of each would give by chance.

kappa = (p_a - p_e) / (1 - p_e): p_a is the mean over items of the agreement of an item's pairs, p_e the mean over all
pairs of annotators of sum_kl w_kl p_ak p_bl, p_a being the frequencies of an annotator's answers (Conger 1980,
Psychological Bulletin 88, 322-328; with missing judgements and weights Gwet 2014, Handbook of Inter-Rater Reliability,
4th edition, chapters 2 and 3). Every pair of annotators counts alike for p_e, also who never met; where annotators
judge different parts, `cohen` compares each pair with its own chance.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> round(measure_agreement(table, "conger").value, 3)  # p_a = 3/4, p_e = 3/4 * 1/2 + 1/4 * 1/2 = 1/2
    0.5
"""

from __future__ import annotations

import numpy as np

from goldwork.agreement.habits import BLOCK_CELLS, CAVEAT, UNDEFINED, Floats, habit_rows, habits, kappa_meaning
from goldwork.agreement.observed import agree, pair_agreement
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Formula, Sums, beside, beyond_chance, coefficient, per
from goldwork.agreement.weighting import weighting_of, weights_between
from goldwork.judgements import Judgements


@coefficient("conger")
def conger(table: Judgements, scale: Scale) -> Sums:
    """Conger's kappa, for any number of annotators, also weighted."""
    between = weights_between(table, weighting_of(scale))
    observed = pair_agreement(table, between)
    return Sums(
        rows=beside(observed, np.ones_like(observed), habit_rows(table)),
        formula=_formula(len(table.annotators), between),
        judgements=len(table),
        meaning=kappa_meaning(len(table.annotators), "how often each uses each answer"),
        undefined=UNDEFINED.format("kappa"),
        disagreement=1 - observed,
        caveat=CAVEAT,
    )


def _formula(annotators: int, between: Floats | None) -> Formula:
    """From agreement, items, and answers by annotator, to kappa."""

    def block(totals: Floats) -> Floats:
        used = habits(totals[:, 2:], annotators)
        together = used.sum(axis=1)
        with_themselves = agree(used, used, between).sum(axis=1)
        people = (used.sum(axis=2) > 0).sum(axis=1).astype(np.float64)
        chance = per(agree(together, together, between) - with_themselves, people * (people - 1))
        return beyond_chance(per(totals[:, 0], totals[:, 1]), np.nan_to_num(chance, nan=1.0))

    def formula(totals: Floats) -> Floats:
        step = max(1, BLOCK_CELLS // max(1, totals.shape[1]))
        return np.concatenate([block(totals[start : start + step]) for start in range(0, len(totals), step)])

    return formula
