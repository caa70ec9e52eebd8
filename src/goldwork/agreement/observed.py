"""Observed agreement of the pairs of judgements of each item, and the shares in which categories are used.

With judgement weights u, a pair of judgements counts u_a u_b: the agreement on an item is the mean of w(v_a, v_b) over
its pairs so weighted, and a category's share of an item is its share of the item's weight. Equal weights change
nothing, nor do all of an item's weights multiplied by the same number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


def by_item(table: Judgements, weights: Floats) -> Floats:
    """Sums of the judgements' `weights` [n] by item, [items]."""
    return np.asarray(np.bincount(table.item, weights, len(table.items)), np.float64)


def even_weights(table: Judgements) -> Floats:
    """The judgements' weights, [n], the largest of each item being 1."""
    if "weight" not in table.context:
        return np.ones(len(table))
    weights = table.weights()
    largest = np.zeros(len(table.items))
    np.maximum.at(largest, table.item, weights)
    return np.asarray(weights / largest[table.item])


def pair_agreement(table: Judgements, between: Floats | None) -> Floats:
    """Mean agreement of the pairs of each item, [items]. `between` [K, K]: how far categories agree; None: if equal."""
    from goldwork.judgements.overlap import tally

    codes, categories = table.coded()
    u = even_weights(table)
    counts = tally(table.item, codes, u, (len(table.items), len(categories)))
    weight, squares = by_item(table, u), by_item(table, u**2)
    agreeing = np.asarray(counts.power(2).sum(axis=1), np.float64) - squares
    if between is not None:
        item, one, two, met = different(counts)
        agreeing = agreeing + 2 * np.bincount(item, met * between[one, two], len(table.items))
    return np.asarray(np.minimum(agreeing / (weight**2 - squares), 1))


def different(counts: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], Floats]:
    """Pairs of different categories within an item, once each: item, two category codes, the product of their counts.

    `counts`: sparse [items, categories], without duplicates.
    """
    from goldwork.judgements.overlap import pairs

    item = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    one, two = pairs(item)
    return item[one], counts.indices[one], counts.indices[two], counts.data[one] * counts.data[two]


def shares(table: Judgements) -> Any:
    """Each category's share of each item's weight, sparse [items, categories]."""
    from goldwork.judgements.overlap import tally

    codes, categories = table.coded()
    u = even_weights(table)
    return tally(table.item, codes, u / by_item(table, u)[table.item], (len(table.items), len(categories)))


def agree(first: Floats, second: Floats, between: Floats | None) -> Floats:
    """How far two draws agree, one from each of two distributions [..., K]."""
    return np.asarray(np.einsum("...k,...k->...", first if between is None else first @ between, second))
