"""Krippendorff's alpha: the share of the disagreement expected by chance that did not happen.

alpha = 1 - D_o / D_e. D_o is the mean squared distance between judgements of the same item, an item with m
judgements counting m times; D_e that between all judgements, whoever made them and on whatever item (Krippendorff
2011, Computing Krippendorff's Alpha-Reliability, https://repository.upenn.edu/asc_papers/43). 1 is perfect, 0 is
chance. The squared distance of c and k is, by level:

- nominal: 1 unless c = k
- ordinal: (n_c / 2 + n_between + n_k / 2) ** 2, how many judgements lie between them
- interval: (c - k) ** 2
- ratio: ((c - k) / (c + k)) ** 2, for numbers at or above 0
- distance: the distance that is given, as it is (see `goldwork.agreement.distances`)

and with a weighting w it is 1 - w_ck. Where judgements have weights u, a pair counts u_a u_b, in D_o within its item,
which counts the sum of its weights, and in D_e among all; n_c is the weight of category c.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3], "annotator": ["a", "b"] * 3, "label": [1, 1, 2, 3, 5, 5]
    ... })
    >>> [round(measure_agreement(table, level=level).value, 3) for level in ("nominal", "ordinal", "interval")]
    [0.615, 0.949, 0.95]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.agreement.distances import distance_sums
from goldwork.agreement.observed import by_item, different
from goldwork.agreement.pairs import Parts, by_distances, expected_in, pair_weights, weight_of_each
from goldwork.agreement.ratio import ratio_distance, ratio_sums
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, beside, coefficient, one_minus
from goldwork.agreement.weighting import weights_between
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

UNDEFINED = "Every judgement is the same, so chance would agree fully too and alpha is undefined."
CAVEAT = "It is about single judgements, not about their consensus, and that all agree does not make an answer right."
RELIABLE, TENTATIVE = 0.8, 2 / 3
"""Krippendorff's own advice (2019, Content Analysis, 4th edition, chapter 12): rely on labels at or above the first,
draw tentative conclusions down to the second."""


@coefficient("alpha")
def alpha(table: Judgements, scale: Scale) -> Sums:
    """Krippendorff's alpha at a level, or with a weighting.

    Interval and ratio need numbers, ordinal those or declared categories; other answers a distance.
    """
    makers = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval, "ratio": _ratio}
    if scale.level == "distance":
        rows, formula, disagreement = distance_sums(table, scale)
    elif scale.weighting is None:
        rows, formula, disagreement = makers[scale.level](table)
    else:
        rows, formula, disagreement = _weighted(table, weights_between(table, scale.weighting))
    return Sums(
        rows, formula, len(table), _meaning, UNDEFINED, advice=_advice, disagreement=disagreement, caveat=CAVEAT
    )


def _meaning(value: float) -> str:
    if value <= 0:
        return "The annotators agree no better than chance would"
    return f"The annotators' agreement is {value:.0%} of the way from chance to perfect"


def _advice(low: float, high: float) -> str:
    if low >= RELIABLE:
        return "Krippendorff calls such labels reliable (.80 or more)."
    if high < TENTATIVE:
        return "Krippendorff advises to draw no conclusions from single labels below .67."
    if low >= TENTATIVE:
        return "Krippendorff would draw tentative conclusions (.67 or more), and rely on .80."
    return "The data do not settle whether it reaches .67, which Krippendorff wants for tentative conclusions."


def _nominal(table: Judgements) -> Parts:
    """Rows: squared weights, disagreement, and the weight of each category."""
    u = pair_weights(table)
    same = np.asarray(weight_of_each(table, u.even).power(2).sum(axis=1), np.float64)
    disagreement = u.factor * np.maximum(by_item(table, u.even) ** 2 - same, 0)

    def formula(totals: Floats) -> Floats:
        squares, observed, counts = totals[:, 0], totals[:, 1], totals[:, 2:]
        n = counts.sum(axis=1)
        return one_minus(observed, expected_in(n**2 - (counts**2).sum(axis=1), n, squares))

    return beside(u.squares, disagreement, weight_of_each(table, u.each)), formula, disagreement


def _interval(table: Judgements) -> Parts:
    """Rows: weight, squared weights, the sum and the sum of squares of centred values, disagreement."""
    values = table.numbers()
    values = values - np.round(values.mean()) if len(values) else values  # whole numbers stay whole, sums exact
    u = pair_weights(table)
    s, q = (by_item(table, u.each * of) for of in (values, values**2))
    e, x = (by_item(table, of) for of in (u.even, u.even * values))
    apart = by_item(table, u.even * (e[table.item] * values - x[table.item]) ** 2)
    disagreement = 2 * u.factor * apart / e

    def formula(totals: Floats) -> Floats:
        n, squares, s, q, observed = totals.T
        return one_minus(observed, expected_in(2 * (n * q - s**2), n, squares))

    return np.stack([u.total, u.squares, s, q, disagreement], axis=1), formula, disagreement


def _ordinal(table: Judgements) -> Parts:
    """Rows: squared weights, the weight of each category, and each pair of categories within the item."""
    from scipy.sparse import csr_array

    if not table.declared:
        table.numbers()
    u = pair_weights(table)
    counts = weight_of_each(table, u.each)
    k = counts.shape[1]
    item, one, two, met = different(weight_of_each(table, u.even))
    pairs, column = np.unique(one * np.int64(k) + two, return_inverse=True)
    first, second = np.divmod(pairs, max(k, 1))
    paired = csr_array((2 * u.factor[item] * met, (item, column)), shape=(counts.shape[0], len(pairs)))

    def apart(n: Floats) -> tuple[Floats, Floats]:
        """The places of categories given `n` of each, and the squared distances of the pairs."""
        middle = np.cumsum(n, axis=1) - n / 2
        return middle, (middle[:, first] - middle[:, second]) ** 2

    def formula(totals: Floats) -> Floats:
        n = totals[:, 1 : 1 + k]
        middle, distance = apart(n)
        size = n.sum(axis=1)
        spread = size * (n * middle**2).sum(axis=1) - (n * middle).sum(axis=1) ** 2
        return one_minus((totals[:, 1 + k :] * distance).sum(axis=1), expected_in(2 * spread, size, totals[:, 0]))

    whole = np.asarray(counts.sum(axis=0), np.float64).reshape(1, -1)
    return beside(u.squares, counts, paired), formula, np.asarray(paired @ apart(whole)[1][0])


def _ratio(table: Judgements) -> Parts:
    """Rows: weight, squared weights, disagreement, and what the expected distance needs."""
    table.numbers()
    u = pair_weights(table)
    values = np.array([float(category) for category in table.coded()[1]])
    item, one, two, met = different(weight_of_each(table, u.even))
    apart = 2 * u.factor[item] * met * ratio_distance(values[one], values[two])
    disagreement = np.asarray(np.bincount(item, apart, len(u.total)), np.float64)
    expecting, distance = ratio_sums(weight_of_each(table, u.each), values)

    return beside(u.total, u.squares, disagreement, expecting), by_distances(distance), disagreement


def _weighted(table: Judgements, between: Floats | None) -> Parts:
    """Rows as for ratio, the distance being what is missing to full agreement."""
    if between is None:
        return _nominal(table)
    u = pair_weights(table)
    item, one, two, met = different(weight_of_each(table, u.even))
    apart = 2 * u.factor[item] * met * (1 - between[one, two])
    disagreement = np.asarray(np.bincount(item, apart, len(u.total)), np.float64)
    rows = beside(u.total, u.squares, disagreement, weight_of_each(table, u.each))
    return rows, by_distances(1 - between), disagreement
