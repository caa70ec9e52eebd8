"""Boxes of several annotators matched: a cluster holds what may be one object, at most one box of each judgement.

Pairs of boxes of an item are taken by their overlap (intersection over union), the greatest first, and the clusters
of both are joined unless some judgement has a box in each (single linkage under that constraint). Gold's boxes come
first, then boxes of one label that overlap by at least `overlap`, then boxes of different labels that overlap by at
least half: one object that two annotators call differently. Ties go by place, not by who drew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.distances.geometry import read_boxes
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ACROSS = 0.5
"""The least overlap between different labels: half is what detection commonly counts as the same object."""
BLOCK = 2_000_000
"""Pairs held in memory at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """B boxes in C clusters of I items.

    - `labels`: [L]; `corners`: [B, 4]; `row`: [B], the judgement, -1 for gold's; `label`: [B]; `cluster`: [B]
    - `item`: [C]; `drawn`: [C], how many judgements have a box there
    - `known`: [I], whether gold gave the item; `golden`: [C], whether gold has the cluster
    """

    labels: tuple[str, ...]
    corners: Floats
    row: Ints
    label: Ints
    cluster: Ints
    item: Ints
    drawn: Ints
    known: npt.NDArray[np.bool_]
    golden: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.item)


def clusters_of(table: Judgements, gold: npt.NDArray[Any], overlap: float) -> Clusters:
    """The clusters of every item; `gold` [I] is None where nothing is known."""
    read = [read_boxes(value) for value in table.labels().tolist()]
    golden = [(place, read_boxes(value)) for place, value in enumerate(gold.tolist()) if value is not None]
    count = [len(boxes.labels) for boxes in read]
    more = [len(boxes.labels) for _, boxes in golden]
    corners = np.concatenate([np.zeros((0, 4)), *(boxes.corners for boxes in (*read, *(own for _, own in golden)))])
    row = np.r_[np.repeat(np.arange(len(read)), count), np.full(sum(more), -1)].astype(np.int64)
    item = np.r_[np.repeat(table.item, count), np.repeat([place for place, _ in golden], more)].astype(np.int64)
    names = [name for boxes in (*read, *(own for _, own in golden)) for name in boxes.labels]
    labels = tuple(sorted(set(names))) or ("",)
    code = {name: place for place, name in enumerate(labels)}
    label = np.array([code[name] for name in names], np.int64)
    order = np.lexsort((row, *corners.T[::-1], label, row >= 0, item))
    corners, row, item, label = corners[order], row[order], item[order], label[order]
    cluster = _joined(corners, row, item, label, overlap)
    first = np.unique(cluster, return_index=True)[1]
    size = len(first)
    return Clusters(
        labels=labels,
        corners=corners,
        row=row,
        label=label,
        cluster=cluster,
        item=item[first],
        drawn=np.bincount(cluster, row >= 0, size).astype(np.int64),
        known=np.array([value is not None for value in gold.tolist()], bool),
        golden=np.bincount(cluster, row < 0, size) > 0,
    )


def _joined(corners: Floats, row: Ints, item: Ints, label: Ints, overlap: float) -> Ints:
    """The cluster of every box, numbered in the order of their first box."""
    found = [_near(corners, label, left, right, overlap) for left, right in _pairs(item)]
    left, right, ratio = (np.concatenate(part) for part in zip(*found, strict=True)) if found else (np.zeros(0),) * 3
    left, right = left.astype(np.int64), right.astype(np.int64)
    apart = label[left] != label[right]
    drawn = (row[left] >= 0) & (row[right] >= 0)
    order = np.lexsort((right, left, -ratio, apart, drawn))
    # Gold is a judgement of its own in every item; so its boxes, too, never join each other.
    who = row.tolist()
    parent, members = list(range(len(row))), [{one} for one in who]
    for one, two in zip(left[order].tolist(), right[order].tolist(), strict=True):
        a, b = _root(parent, one), _root(parent, two)
        if a != b and members[a].isdisjoint(members[b]):
            a, b = min(a, b), max(a, b)
            parent[b] = a
            members[a] |= members[b]
    roots = np.array([_root(parent, box) for box in range(len(row))], np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def _root(parent: list[int], box: int) -> int:
    while parent[box] != box:
        parent[box] = parent[parent[box]]
        box = parent[box]
    return box


def _pairs(item: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Every two boxes of an item, the earlier one first, in blocks."""
    later = np.searchsorted(item, item, side="right") - np.arange(len(item)) - 1
    block = np.cumsum(later) // BLOCK
    for number in np.unique(block):
        boxes = np.flatnonzero(block == number)
        count = later[boxes]
        left = np.repeat(boxes, count)
        yield left, left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)


def _near(corners: Floats, label: Ints, left: Ints, right: Ints, overlap: float) -> tuple[Ints, Ints, Floats]:
    """The pairs that may be joined, and their intersection over union."""
    one, two = corners[left], corners[right]
    sides = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    union = (one[:, 2:] - one[:, :2]).prod(axis=1) + (two[:, 2:] - two[:, :2]).prod(axis=1) - shared
    ratio = np.divide(shared, union, out=(one == two).all(axis=1).astype(np.float64), where=union > 0)
    least = np.where(label[left] == label[right], overlap, max(overlap, ACROSS))
    near = ratio >= least
    return left[near], right[near], ratio[near]
