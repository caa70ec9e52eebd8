"""How judgements meet: counts by item, pairs within an item, groups that share none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from goldwork.judgements.blocks import blocks

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
    """The connected component of every annotator in the graph of items and annotators, counted from 0.

    Rows that follow each other on an item link their annotators; where that leaves several groups, an item links its
    last annotator with each other one, whatever the order of rows.
    """
    group = np.arange(shape[1])
    for part in blocks(len(items)):
        here, who = items[part], annotators[part]
        met = here[1:] == here[:-1]
        group = _joined(group, who[1:][met], who[:-1][met])
        if not group.any():
            return group.astype(np.int32)
    last = np.zeros(shape[0], np.int32)
    for part in blocks(len(items)):
        last[items[part]] = annotators[part]
    for part in blocks(len(items)):
        group = _joined(group, last[items[part]], annotators[part])
    return np.unique(group, return_inverse=True)[1].astype(np.int32)


def _joined(group: npt.NDArray[np.intp], one: Codes, two: Codes) -> npt.NDArray[np.intp]:
    """Groups after every `one` has met its `two`; each is named after its first annotator."""
    while True:
        apart = group[one] != group[two]
        if not apart.any():
            return group
        one, two = one[apart], two[apart]
        into = np.arange(len(group))
        np.minimum.at(into, np.maximum(group[one], group[two]), np.minimum(group[one], group[two]))
        while (into[into] != into).any():
            into = into[into]
        group = into[group]
