"""From clusters to answers: one label and one box each, written in the form in which boxes came."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.box_clusters import Clusters
from goldwork.consensus.shapes import Form
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DECIMALS = 9
"""Coordinates are rounded to so many, so that the mean of equal numbers is that number."""


def boxes_of(
    clusters: Clusters, chosen: npt.NDArray[np.bool_], labels: Ints, corners: Floats, confidence: Floats, form: Form,
    gold: npt.NDArray[Any],
) -> npt.NDArray[Any]:  # fmt: skip
    """The answer of every item: gold's, else its `chosen` clusters from left to right. `labels`, `corners` are [C]."""
    made: list[Any] = [[] if value is None else value for value in gold.tolist()]
    corners = np.round(corners, DECIMALS)
    for place in np.lexsort((labels, *corners.T[::-1], clusters.item)).tolist():
        item = int(clusters.item[place])
        if chosen[place] and gold[item] is None:
            label = clusters.labels[int(labels[place])]
            made[item].append(form.write(corners[place].tolist(), label, confidence[place]))
    return objects(made)


def weights_of(table: Judgements, clusters: Clusters) -> Floats:
    """Of every box, its judgement's; 0 for gold's."""
    if not len(table):
        return np.zeros(len(clusters.row))
    return np.where(clusters.row >= 0, table.weights()[clusters.row], 0.0)


def voted(clusters: Clusters, weights: Floats) -> Ints:
    """The label with the most weight in every cluster, [C]; gold's where gold has one; a tie goes to the first."""
    size, kinds = len(clusters), len(clusters.labels)
    if kinds == 1:
        return np.zeros(size, np.int64)
    weights = np.where(clusters.row < 0, 1e9, weights)
    place, which = np.unique(clusters.cluster * kinds + clusters.label, return_inverse=True)
    votes = np.bincount(which, weights, len(place))
    order = np.lexsort((place, -votes, place // kinds))
    first = np.unique(place[order] // kinds, return_index=True)[1]
    return np.asarray(place[order][first] % kinds)


def median(clusters: Clusters, weights: Floats) -> Floats:
    """The weighted median of each edge in every cluster, [C, 4]."""
    weights = np.where(clusters.row < 0, 1.0, weights)
    made = np.empty((len(clusters), 4))
    total = np.bincount(clusters.cluster, weights, len(clusters))
    before = np.cumsum(total) - total
    for edge in range(4):
        order = np.lexsort((clusters.corners[:, edge], clusters.cluster))
        reached = np.cumsum(weights[order])
        half = before + total / 2
        slack = 1e-9 * np.maximum(reached[-1:].max(initial=0), 1)
        ends = [np.searchsorted(reached, half + sign * slack) for sign in (-1, 1)]
        last = np.searchsorted(clusters.cluster[order], np.arange(len(clusters)), side="right") - 1
        places = [np.minimum(end, last) for end in ends]
        made[:, edge] = sum(clusters.corners[order[place], edge] for place in places) / 2
    return made
