"""Majority of boxes: the objects that at least half of an item's annotators drew.

Boxes are matched across annotators (`goldwork.consensus.box_clusters`); of each cluster that at least half drew, by
weight, the answer has the median of each edge and the label given most often.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> said = {"ann": [[0, 0, 10, 10]], "bob": [[1, 0, 11, 10], [40, 40, 50, 50]], "cam": [[0, 1, 10, 12]]}
    >>> table = Judgements.from_records({"item": 1, "annotator": a, "label": boxes} for a, boxes in said.items())
    >>> infer_consensus(table, "boxes-majority").labels.tolist()
    [[[0.0, 0.0, 10.0, 10.0]]]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.box_answers import boxes_of, median, voted, weights_of
from goldwork.consensus.box_clusters import Clusters, clusters_of
from goldwork.consensus.shapes import check_numbers, form_of
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


@consensus("boxes-majority", answers="boxes")
def boxes_majority(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    overlap: float = 0.3,
    share: float = 0.5,
    with_confidence: bool = False,
) -> Consensus:
    """What at least half drew. Options:

    - `overlap`: the least intersection over union of boxes of one label that may be one object
    - `share`: the least share of the item's annotators, by weight, who must have drawn it
    - `with_confidence`: write that share into every box

    An item's confidence is the share of its annotators that agree, of each cluster whether it was drawn, on average.
    """
    check_numbers(overlap=(overlap, 0, 1), share=(share, 0, 1))
    clusters = clusters_of(table, gold, overlap)
    weights = weights_of(table, clusters)
    drawn = shares(table, clusters, weights)
    chosen = np.where(clusters.known[clusters.item], clusters.golden, drawn >= share - 1e-9)
    form = form_of(table.labels().tolist(), with_confidence=with_confidence)
    labels = boxes_of(clusters, chosen, voted(clusters, weights), median(clusters, weights), drawn, form, gold)
    items = len(table.items)
    agreeing = np.bincount(clusters.item, np.where(chosen, drawn, 1 - drawn), items)
    count = np.bincount(clusters.item, minlength=items)
    confidence = np.divide(agreeing, count, out=np.ones(items), where=count > 0)
    halved = (np.abs(drawn - 0.5) <= 1e-9) & ~clusters.known[clusters.item]
    return Consensus.of_answers(
        "boxes-majority",
        table,
        labels,
        np.where(clusters.known, 1.0, np.minimum(confidence, 1)),
        clusters.known,
        ties=np.bincount(clusters.item, halved, items) > 0,
    )


def shares(table: Judgements, clusters: Clusters, weights: Floats) -> Floats:
    """The share of the item's annotators, by weight, who drew each cluster, [C]."""
    total = np.bincount(table.item, table.weights(), len(table.items))
    return np.asarray(np.bincount(clusters.cluster, weights, len(clusters)) / total[clusters.item])
