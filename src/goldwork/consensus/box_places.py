"""Where objects are: the mean of a cluster's boxes, each edge weighted by how exactly its annotator draws.

The error of an edge, in widths or heights of the object, has a t distribution with 5 degrees of freedom and a scale of
its annotator's own, so that careful annotators count more and single slips little. Scales are drawn towards the
crowd's, which counts for `POOLED` boxes. Means and scales are found in turn, scales from the residuals that are left
when each cluster's mean is taken from its own boxes (Lange, Little and Taylor 1989, Journal of the American
Statistical Association 84, 881-896). On boxes_crowd this comes nearer to the truth than mean, median and weighted
median, and one scale for an annotator nearer than one for each edge.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus.box_answers import median
from goldwork.consensus.box_clusters import Clusters
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

FREEDOM = 5.0
POOLED = 5.0
ROUNDS = 30
LEAST = 1e-4
"""The least scale, in sizes of the object: nobody is exact for ever."""
GOLD = 1e9
"""What gold's box weighs."""


def places_of(table: Judgements, clusters: Clusters, weights: Floats) -> tuple[Floats, Floats]:
    """The corners of every cluster [C, 4], and every annotator's scale [A]."""
    drawn = clusters.row >= 0
    who = np.where(drawn, table.annotator[np.maximum(clusters.row, 0)], 0) if len(table) else clusters.row
    annotators, size = len(table.annotators), len(clusters)
    corners = median(clusters, weights)
    boxes = np.bincount(clusters.cluster, minlength=size)
    # The mean of n boxes lies nearer to each of them than the truth does.
    grown = np.where(boxes > 1, boxes / np.maximum(boxes - 1, 1), 0)[clusters.cluster]
    counted = np.where(drawn & (boxes[clusters.cluster] > 1), weights, 0)
    scale = np.full(annotators, 0.1)
    for _ in range(ROUNDS):
        sides = np.maximum(np.abs(corners[:, 2:] - corners[:, :2]), 1e-12)
        error = (clusters.corners - corners[clusters.cluster]) / np.tile(sides, 2)[clusters.cluster]
        sure = (FREEDOM + 1) / (FREEDOM + (error / scale[who, None]) ** 2)
        squares = np.bincount(who, counted * grown * (sure * error**2).sum(axis=1), annotators)
        count = 4 * np.bincount(who, counted, annotators)
        common = squares.sum() / max(count.sum(), 1e-300)
        scale = np.sqrt(np.maximum((squares + 4 * POOLED * common) / (count + 4 * POOLED), LEAST**2))
        weight = np.where(drawn[:, None], weights[:, None] * sure / scale[who, None] ** 2, GOLD / LEAST**2)
        corners = _mean(clusters, weight)
    return corners, scale


def _mean(clusters: Clusters, weight: Floats) -> Floats:
    """The weighted mean of each edge in every cluster, from its first box on, so that equal boxes stay as they are."""
    size = len(clusters)
    first = np.searchsorted(np.sort(clusters.cluster), np.arange(size))
    base = clusters.corners[np.argsort(clusters.cluster, kind="stable")[first]]
    away = clusters.corners - base[clusters.cluster]
    made = np.empty((size, 4))
    for edge in range(4):
        total = np.bincount(clusters.cluster, weight[:, edge], size)
        made[:, edge] = np.bincount(clusters.cluster, weight[:, edge] * away[:, edge], size) / total
    return made + base
