"""How judgements meet: counts by item, pairs within an item, groups that share none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Codes = npt.NDArray[np.int32]


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
    """The connected component of every annotator in the graph of items and annotators, counted from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = shape[0] + shape[1]
    links: Any = (np.ones(len(items), np.int8), (items, annotators + np.int32(shape[0])))
    group = connected_components(coo_array(links, shape=(size, size)), directed=False)[1][shape[0] :]
    return np.unique(group, return_inverse=True)[1].astype(np.int32)
