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

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3], "annotator": ["a", "b"] * 3, "label": [1, 1, 2, 3, 5, 5]
    ... })
    >>> [round(measure_agreement(table, level=level).value, 3) for level in ("nominal", "ordinal", "interval")]
    [0.615, 0.949, 0.95]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement import Formula, Scale, Sums, coefficient
from goldwork.agreement.ratio import ratio_distance, ratio_sums
from goldwork.judgements import Judgements

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from goldwork.agreement.bootstrap import Rows

    Counts = csr_array[np.float64, tuple[int, int]]

Floats = npt.NDArray[np.float64]

UNDEFINED = "Every judgement is the same, so chance would agree fully too and alpha is undefined."
RELIABLE, TENTATIVE = 0.8, 2 / 3
"""Krippendorff's own advice (2019, Content Analysis, 4th edition, chapter 12): rely on labels at or above the first,
draw tentative conclusions down to the second."""


@coefficient("alpha")
def alpha(table: Judgements, scale: Scale) -> Sums:
    """Krippendorff's alpha at a level. Interval and ratio need numbers, ordinal those or declared categories."""
    makers = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval, "ratio": _ratio}
    if scale.level == "distance":
        from goldwork.agreement.distances import distance_sums

        rows, formula = distance_sums(table, scale)
    else:
        rows, formula = makers[scale.level](table)
    return Sums(rows, formula, len(table), _meaning, UNDEFINED, advice=_advice)


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


def one_minus(observed: Floats, expected: Floats) -> Floats:
    """1 - observed / expected, nan where nothing is expected."""
    share = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 0)
    return np.asarray(1 - share, np.float64)


def _nominal(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: the count of each category, and the item's disagreeing pairs over m - 1."""
    counts = table.tally()
    m = np.asarray(counts.sum(axis=1), np.float64)
    disagreement = (m**2 - np.asarray(counts.power(2).sum(axis=1), np.float64)) / (m - 1)

    def formula(totals: Floats) -> Floats:
        n = totals[:, :-1].sum(axis=1)
        expected = (n**2 - (totals[:, :-1] ** 2).sum(axis=1)) / np.maximum(n - 1, 1)
        return one_minus(totals[:, -1], expected)

    return beside(counts, disagreement), formula


def _interval(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: m, the sum and the sum of squares of centred values, and the squared distances over m - 1."""
    values = table.numbers()
    values = values - np.round(values.mean()) if len(values) else values  # whole numbers stay whole, sums exact
    items = len(table.items)
    m = np.bincount(table.item, minlength=items).astype(np.float64)
    s, q = (np.bincount(table.item, weights, items) for weights in (values, values**2))
    apart = np.bincount(table.item, (m[table.item] * values - s[table.item]) ** 2, items)
    rows = np.stack([m, s, q, 2 * apart / (m * (m - 1))], axis=1)

    def formula(totals: Floats) -> Floats:
        n, s, q, observed = totals.T
        return one_minus(observed, 2 * (n * q - s**2) / np.maximum(n - 1, 1))

    return rows, formula


def _ordinal(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: the count of each category, and each pair of categories within the item over m - 1."""
    from scipy.sparse import csr_array, hstack

    if not table.declared:
        table.numbers()
    counts = table.tally()
    k = counts.shape[1]
    item, one, two, weight = _pairs(counts)
    pairs, column = np.unique(one * np.int64(k) + two, return_inverse=True)
    first, second = np.divmod(pairs, max(k, 1))
    paired = csr_array((weight, (item, column)), shape=(counts.shape[0], len(pairs)))

    def formula(totals: Floats) -> Floats:
        n = totals[:, :k]
        middle = np.cumsum(n, axis=1) - n / 2
        observed = (totals[:, k:] * (middle[:, first] - middle[:, second]) ** 2).sum(axis=1)
        size = n.sum(axis=1)
        spread = size * (n * middle**2).sum(axis=1) - (n * middle).sum(axis=1) ** 2
        return one_minus(observed, 2 * spread / np.maximum(size - 1, 1))

    return _light(hstack([counts, paired], format="csr")), formula


def _ratio(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: what the expected distance needs, and the item's squared distances over m - 1."""
    table.numbers()
    counts = table.tally()
    values = np.array([float(category) for category in table.coded()[1]])
    item, one, two, weight = _pairs(counts)
    observed = np.bincount(item, weight * ratio_distance(values[one], values[two]), counts.shape[0])
    expecting, distance = ratio_sums(counts, values)

    def formula(totals: Floats) -> Floats:
        n, parts = totals[:, 0], totals[:, 1:-1]
        expected = ((parts @ distance) * parts).sum(axis=1) / np.maximum(n - 1, 1)
        return one_minus(totals[:, -1], expected)

    m = np.asarray(counts.sum(axis=1), np.float64)
    return beside(beside(m[:, None], expecting), observed), formula


def _pairs(counts: Counts) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], Floats]:
    """Pairs of different categories within an item: item, two category codes, ordered pairs over m - 1."""
    from goldwork.judgements.overlap import pairs

    item = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    m = np.asarray(counts.sum(axis=1), np.float64)
    one, two = pairs(item)
    of = item[one]
    return of, counts.indices[one], counts.indices[two], 2 * counts.data[one] * counts.data[two] / (m[of] - 1)


def beside(left: Any, right: Any) -> Rows:
    """Two matrices, or a matrix and a column, side by side."""
    from scipy.sparse import csr_array, hstack

    parts = [csr_array(part[:, None] if part.ndim == 1 else part) for part in (left, right)]
    return _light(hstack(parts, format="csr"))


def _light(rows: Any) -> Rows:
    """Dense where that is small."""
    return rows.toarray() if rows.shape[1] <= 64 else rows
