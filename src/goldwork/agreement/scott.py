"""Scott's pi: agreement of two annotators beyond what their common habits would give by chance.

pi = (p_o - p_e) / (1 - p_e) as in Cohen's kappa, with p_e from both annotators' answers together: pi_k =
(p_ak + p_bk) / 2, p_e = sum_kl w_kl pi_k pi_l (Scott 1955, Public Opinion Quarterly 19, 321-325). Who lean to different
answers gain nothing by it: pi is never above kappa, and equal to it where the habits are.

For more annotators it is the mean of the pairs' values, each weighted by n (1 - p_e), n being the items that the pair
shares (see `goldwork.agreement.habits`). Fleiss's kappa puts all annotators' answers together instead.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> round(measure_agreement(table, "scott").value, 4)  # p_o = 3/4, p_e = (5/8) ** 2 + (3/8) ** 2
    0.4667
"""

from __future__ import annotations

from goldwork.agreement.habits import CAVEAT, UNDEFINED, kappa_meaning, of_pairs
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, coefficient
from goldwork.judgements import Judgements


@coefficient("scott")
def scott(table: Judgements, scale: Scale) -> Sums:
    """Scott's pi, also weighted; the pair-weighted mean for more than two annotators."""
    rows, formula, disagreement = of_pairs(table, scale, own=1 / 4)
    meaning = kappa_meaning(len(table.annotators), "how often the two of a pair together use each answer")
    return Sums(rows, formula, len(table), meaning, UNDEFINED.format("pi"), disagreement=disagreement, caveat=CAVEAT)
