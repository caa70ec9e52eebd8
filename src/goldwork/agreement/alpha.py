"""Krippendorff's alpha: the share of the disagreement expected by chance that did not happen.

alpha = 1 - D_o / D_e, with D_o the mean squared distance between judgements of the same item and D_e that between
all judgements, whoever made them and on whatever item (Krippendorff 2011, Computing Krippendorff's
Alpha-Reliability, https://repository.upenn.edu/asc_papers/43). 1 is perfect, 0 is chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from goldwork.agreement import Formula, Sums, coefficient
from goldwork.errors import InputError
from goldwork.judgements import Judgements

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from goldwork.agreement.bootstrap import Rows

Floats = npt.NDArray[np.float64]

UNDEFINED = "Every judgement is the same, so chance would agree fully too and alpha is undefined."


@coefficient("alpha")
def alpha(table: Judgements, level: str) -> Sums:
    """Krippendorff's alpha at `level`; interval and ratio need labels that are numbers."""
    makers = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval, "ratio": _ratio}
    rows, formula = makers[level](table)
    return Sums(rows, formula, len(table), _meaning, UNDEFINED)


def _meaning(value: float) -> str:
    return f"The annotators' agreement is {value:.0%} of the way from chance to perfect"


def _one_minus(observed: Floats, expected: Floats) -> Floats:
    """1 - observed / expected, nan where nothing is expected."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _nominal(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: the count of each category, and the item's disagreeing pairs over m - 1."""
    counts = table.tally()
    m = counts.sum(axis=1)
    disagreement = (m**2 - counts.power(2).sum(axis=1)) / (m - 1)

    def formula(totals: Floats) -> Floats:
        n = totals[:, :-1].sum(axis=1)
        expected = (n**2 - (totals[:, :-1] ** 2).sum(axis=1)) / (n - 1)
        return _one_minus(totals[:, -1], expected)

    return _beside(counts, disagreement), formula


def _interval(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: m, the sum and the sum of squares of centred values, and the squared distances over m - 1."""
    values = table.numbers()
    values = values - values.mean() if len(values) else values
    m, s, q = (np.bincount(table.item, weights, len(table.items)) for weights in (None, values, values**2))
    rows = np.stack([m, s, q, 2 * (m * q - s**2) / np.maximum(m - 1, 1)], axis=1)

    def formula(totals: Floats) -> Floats:
        n, s, q, observed = totals.T
        return _one_minus(observed, 2 * (n * q - s**2) / (n - 1))

    return rows, formula


def _ordinal(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: the count of each category, and each pair of categories within the item over m - 1."""
    if not table.declared:
        table.numbers()
    counts = table.tally()
    k = counts.shape[1]
    item, first, second, weight = _pairs(counts)
    pairs, column = np.unique(first * np.int64(k) + second, return_inverse=True)
    first, second = np.divmod(pairs, k)
    from scipy.sparse import csr_array, hstack

    paired = csr_array((weight, (item, column)), shape=(counts.shape[0], len(pairs)))

    def formula(totals: Floats) -> Floats:
        n = totals[:, :k]
        middle = np.cumsum(n, axis=1) - n / 2
        observed = (totals[:, k:] * (middle[:, first] - middle[:, second]) ** 2).sum(axis=1)
        size = n.sum(axis=1)
        spread = size * (n * middle**2).sum(axis=1) - (n * middle).sum(axis=1) ** 2
        return _one_minus(observed, 2 * spread / (size - 1))

    return _light(hstack([counts, paired], format="csr")), formula


def _ratio(table: Judgements) -> tuple[Rows, Formula]:
    """Rows: the count of each category, and the item's squared distances over m - 1."""
    table.numbers()
    counts = table.tally()
    values = np.array([float(category) for category in table.coded()[1]])
    if len(values) and values[0] < 0:
        raise InputError(f"ratio needs numbers at or above 0. Got {values[0]!r}.")
    item, first, second, weight = _pairs(counts)
    observed = np.bincount(item, weight * _ratio_distance(values[first], values[second]), counts.shape[0])
    distance = _ratio_distance(values[:, None], values[None, :])

    def formula(totals: Floats) -> Floats:
        n = totals[:, :-1]
        expected = ((n @ distance) * n).sum(axis=1) / (n.sum(axis=1) - 1)
        return _one_minus(totals[:, -1], expected)

    return _beside(counts, observed), formula


def _ratio_distance(first: Floats, second: Floats) -> Floats:
    total = first + second
    return np.divide(first - second, total, out=np.zeros_like(total), where=total != 0) ** 2


def _pairs(counts: csr_array[np.float64]) -> tuple[npt.NDArray[np.intp], ...]:
    """Pairs of different categories within an item: item, two category codes, ordered pairs over m - 1."""
    length = np.diff(counts.indptr)
    item = np.repeat(np.arange(counts.shape[0]), length)
    m = counts.sum(axis=1)
    left, right = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for step in range(1, int(length.max(initial=1))):
        start = np.flatnonzero(item[step:] == item[:-step])
        left.append(start)
        right.append(start + step)
    one, two = np.concatenate(left), np.concatenate(right)
    of = item[one]
    return of, counts.indices[one], counts.indices[two], 2 * counts.data[one] * counts.data[two] / (m[of] - 1)


def _beside(counts: csr_array[np.float64], column: Floats) -> Rows:
    from scipy.sparse import csr_array, hstack

    return _light(hstack([counts, csr_array(column[:, None])], format="csr"))


def _light(rows: csr_array[np.float64]) -> Rows:
    """Dense where that is small."""
    return rows.toarray() if rows.shape[1] <= 64 else rows
