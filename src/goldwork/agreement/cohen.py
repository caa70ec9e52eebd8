"""Cohen's kappa: agreement of two annotators beyond what their own habits would give by chance.

For two annotators, kappa = (p_o - p_e) / (1 - p_e): p_o is the agreement on the items that both judged, p_e =
sum_kl w_kl p_ak p_bl what they would reach if each drew answers independently with the frequencies that they used on
those items (Cohen 1960, Educational and Psychological Measurement 20, 37-46; weighted: Cohen 1968, Psychological
Bulletin 70, 213-220).

For more annotators it is the mean of the pairs' kappas, each weighted by n (1 - p_e), n being the items that the pair
shares (see `goldwork.agreement.habits`). With complete data this is Conger's kappa.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> round(measure_agreement(table, "cohen").value, 3)  # p_o = 3/4, p_e = 3/4 * 1/2 + 1/4 * 1/2 = 1/2
    0.5
"""

from __future__ import annotations

from goldwork.agreement.habits import CAVEAT, UNDEFINED, kappa_meaning, of_pairs
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, coefficient
from goldwork.judgements import Judgements


@coefficient("cohen")
def cohen(table: Judgements, scale: Scale) -> Sums:
    """Cohen's kappa, also weighted; the pair-weighted mean for more than two annotators."""
    rows, formula, disagreement = of_pairs(table, scale, own=0)
    meaning = kappa_meaning(len(table.annotators), "how often each uses each answer")
    return Sums(rows, formula, len(table), meaning, UNDEFINED.format("kappa"), disagreement=disagreement, caveat=CAVEAT)
