"""The variances of items, of annotators and of the rest in a table of ratings, as functions of sums of rows.

A rating is y = mean + item + annotator + rest, all independent, with variances a, b and e (crossed random effects).
With judgement weights u and their sum N the moments are

- b + e = sum over items of half the weighted squared differences / their weight, as expected
- e: half the variance of the difference of two annotators over the items that both judged, pairs weighted by items
- a N_A = half the weighted squared differences of all ratings - b N_B - e N_E, with N_A = N ** 2 - sum of squared
  weights of items, N_B of annotators, N_E of judgements

each unbiased, whoever judged what (U-statistics, in the manner of Gao and Owen 2017, Electronic Journal of Statistics
11, 1235-1296), and those of the analysis of variance where the table is complete. Gao and Owen take the variance within
annotators in place of the second; it contains the items' variance, is less exact, and makes full agreement on an
incomplete table something else than 1. Where no two annotators share two items, b and e cannot be told apart: nan.

Sums that hold means of pairs of annotators are taken at their first order in a resample: the mean difference of a pair
stays the table's, which changes its variance at the second order only.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import by_item
from goldwork.agreement.unseen import own
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Variances:
    """Variances by sample [b]: of items, annotators, the rest, and `within` items, which is the last two together.

    - `one_way`: of items where annotators are not told apart
    - `k`: judgements that an item has, harmonic mean; `size`: sum of weights
    - `people`: how many annotators there are in effect, size ** 2 / sum of their squared weights
    """

    items: Floats
    annotators: Floats
    rest: Floats
    within: Floats
    one_way: Floats
    k: Floats
    size: Floats
    people: Floats


def rows_of(table: Judgements) -> Floats:
    """What the variances need of each item, [items, 12]. Raises InputError where answers are no numbers."""
    values, given = table.numbers(), table.weights()
    values = values - np.round(values.mean()) if len(values) else values  # whole numbers stay whole, sums exact
    u = given / given.max() if len(given) else given
    weight, squares, s, q = (by_item(table, of) for of in (u, u**2, u * values, u * values**2))
    counts = own(table)
    of_annotator = np.bincount(table.annotator, u * counts, len(table.annotators))
    met = by_item(table, u * of_annotator[table.annotator]) / max(float(u[counts].sum()), 1e-300)
    apart, shared = _differences(table, values, u)
    mean = s / weight
    spread = by_item(table, u * (values - mean[table.item]) ** 2)
    room = weight - squares / weight
    columns = (weight, squares, weight**2, s, q, spread, room, met, apart, shared, squares / weight**2)
    return np.stack([*columns, np.ones(len(weight))], axis=1)


def variances(totals: Floats) -> Variances:
    """The variances, from sums of rows [b, 12]."""
    n, squares, of_items, s, q, spread, room, met, apart, shared, inverse, count = totals.T
    within = _over(spread, room)
    rest = _over(apart, 2 * shared)
    all_pairs = n * q - s**2
    a, b, e = n**2 - of_items, n**2 - n * met, n**2 - squares
    known = np.where(np.isnan(rest), within, rest)  # without it everything within items counts as rest
    return Variances(
        items=_over(all_pairs - (within - known) * b - known * e, a),
        annotators=within - rest,
        rest=rest,
        within=within,
        one_way=_over(all_pairs - within * e, a),
        k=_over(count, inverse),
        size=n,
        people=_over(n, met),
    )


def _differences(table: Judgements, values: Floats, u: Floats) -> tuple[Floats, Floats]:
    """By item: squared differences of two annotators about their mean difference, and the weight of such pairs.

    Pairs of annotators who share one item only do not count.
    """
    one, two = table.pairs()
    low, high = table.annotator[one], table.annotator[two]
    _, pair = np.unique(low * np.int64(max(len(table.annotators), 1)) + high, return_inverse=True)
    weight, apart = u[one] * u[two], values[one] - values[two]
    here = own(table)[one] * weight
    total, squares, sums = (_sums(pair, of) for of in (here, here**2, here * apart))
    room = total - squares / np.maximum(total, 1e-300)
    counts = room[pair] > 1e-9 * total[pair]
    pair, weight, item = pair[counts], weight[counts], table.item[one][counts]
    about = weight * (apart[counts] - sums[pair] / total[pair]) ** 2 * total[pair] / room[pair]
    items = len(table.items)
    return np.bincount(item, about, items).astype(np.float64), np.bincount(item, weight, items).astype(np.float64)


def _sums(groups: npt.NDArray[Any], of: Floats) -> Floats:
    return np.asarray(np.bincount(groups, of, int(groups.max(initial=-1)) + 1), np.float64)


def _over(total: Floats, count: Floats) -> Floats:
    return np.asarray(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 1e-12))
