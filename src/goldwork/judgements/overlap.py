"""How judgements meet: counts by item, pairs within an item, groups that share none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Codes = npt.NDArray[np.int32]

MAX_LINKS = 25_000_000
"""Pairs of annotators up to which those who met are marked in a table."""


def tally(
    items: Codes, codes: Codes, weights: npt.NDArray[np.float64], shape: tuple[int, int]
) -> csr_array[np.float64, tuple[int, int]]:
    """Sums of weights by item and code."""
    from scipy.sparse import csr_array

    made = csr_array((weights, (items, codes)), shape=shape)
    made.sum_duplicates()
    return made


def pairs(groups: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Positions of every two rows of the same group, each pair once; rows of a group follow each other."""
    empty = np.zeros(0, np.intp)
    one, two = [empty], [empty]
    here = np.arange(len(groups))
    step = 0
    while len(here):
        step += 1
        here = here[here + step < len(groups)]
        here = here[groups[here] == groups[here + step]]
        one.append(here)
        two.append(here + step)
    return np.concatenate(one), np.concatenate(two)


def parts(items: Codes, annotators: Codes, shape: tuple[int, int]) -> npt.NDArray[np.int32]:
    """The connected component of every annotator in the graph of items and annotators, counted from 0.

    An item links its first annotator with each other one: as few links as judgements, and often the same ones.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = shape[1]
    first = np.zeros(shape[0], np.int64)
    first[items[::-1]] = annotators[::-1]
    links = first[items] * size + annotators
    if size * size <= MAX_LINKS:
        met = np.zeros(size * size, bool)
        met[links] = True
        links = np.flatnonzero(met)
    one, two = np.divmod(links, max(size, 1))
    graph: Any = (np.ones(len(links), np.int8), (one, two))
    group = connected_components(coo_array(graph, shape=(size, size)), directed=False)[1]
    return np.unique(group, return_inverse=True)[1].astype(np.int32)
