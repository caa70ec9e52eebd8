"""Pairs of judgements with their weights: what alpha counts within items and in the whole table.

With judgement weights u a pair counts u_a u_b; an item's pairs together count the sum of its weights.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import by_item, even_weights
from goldwork.agreement.sums import Formula, one_minus
from goldwork.judgements import Judgements
from goldwork.judgements.overlap import tally

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from goldwork.agreement.bootstrap import Rows

    Counts = csr_array[np.float64, tuple[int, int]]

Floats = npt.NDArray[np.float64]
Parts = tuple["Rows", Formula, Floats]
"""Rows, formula, and what each item adds to the observed disagreement."""


@dataclasses.dataclass(frozen=True)
class PairWeights:
    """Judgement weights [n], the largest of `each` being 1, the largest `even` one of each item.

    By item [items]: the sum of weights, `total`, and of `squares`; what a pair counts per product of its even weights,
    `factor`, so that all pairs of an item together count `total`. Without weights of their own that is 1 / (m - 1).
    """

    each: Floats
    even: Floats
    total: Floats
    squares: Floats
    factor: Floats


def pair_weights(table: Judgements) -> PairWeights:
    """The weights of a table's judgements and of their pairs."""
    even, given = even_weights(table), table.weights()
    each = given / given.max() if len(given) else given
    total, squares, e, ee = (by_item(table, w) for w in (each, each**2, even, even**2))
    return PairWeights(each, even, total, squares, total / (e**2 - ee))


def weight_of_each(table: Judgements, weights: Floats) -> Counts:
    """The weight with which each item was given each category, sparse [items, categories]."""
    codes, categories = table.coded()
    return tally(table.item, codes, weights, (len(table.items), len(categories)))


def expected_in(pairs: Floats, total: Floats, squares: Floats) -> Floats:
    """The mean distance of all pairs of judgements times their weight `total`, from the sum over the pairs."""
    room = np.divide(squares, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(pairs / np.where(total - room > 1e-12 * total, total - room, 1))


def by_distances(distance: Floats) -> Formula:
    """From weight, squared weights, disagreement and the weight of each value to alpha; `distance` between values."""

    def formula(totals: Floats) -> Floats:
        n, squares, observed, counts = totals[:, 0], totals[:, 1], totals[:, 2], totals[:, 3:]
        return one_minus(observed, expected_in(((counts @ distance) * counts).sum(axis=1), n, squares))

    return formula
