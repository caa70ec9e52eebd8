"""Borda: an option's points are the share of the others that it beats, the mean over rankings.

In a ranking of L options an option gets the number of those below it, and half of those beside it, over L - 1; so it
has 1 for standing first and 0 for standing last, and a ranking of a few counts as much as one of many. An item's
answer is the order of its options by points (de Borda 1781, Mémoire sur les elections au scrutin). Its confidence is
the share of the pairs that its rankings tell apart which stand in this order. `pooled`, points are means over the
rankings of all items, with intervals over items (a t interval of the residuals by item, Cochran 1977, Sampling
Techniques, chapter 6).

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records([
    ...     {"item": 1, "annotator": "ann", "label": ["b", "a", "c"]},
    ...     {"item": 2, "annotator": "bob", "label": ["b", ["a", "c"]]},
    ... ])
    >>> consensus = infer_consensus(table, "borda", pooled=True)
    >>> consensus.labels[0], consensus.options.score.tolist()
    (['b', 'a', 'c'], [1.0, 0.375, 0.125])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, Options, consensus
from goldwork.consensus.ranking import Rankings, ranked_options, read_rankings, write_orders
from goldwork.consensus.strength_fit import at_least
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@consensus("borda", answers="rankings")
def borda(
    table: Judgements, *, gold: npt.NDArray[Any], seed: int, pooled: bool = False, gold_weight: float = 10.0
) -> Consensus:
    """Mean points. Options:

    - `pooled`: whether options of the same name are the same in all items; else every item has points of its own
    - `gold_weight`: how many rankings the gold of an item is worth
    """
    at_least(0, gold_weight=gold_weight)
    rankings = read_rankings(table, gold, gold_weight)
    place = rankings.option if pooled else np.arange(len(rankings.item))
    size = len(rankings.distinct) if pooled else len(place)
    apart, told, total = _points(rankings)
    count = np.bincount(place, total, size).astype(np.float64)
    score = np.bincount(place, told, size) / np.maximum(count, 1e-300)
    score[count == 0] = 0.5
    labels, ties, rank = write_orders(rankings, score[place])
    return Consensus.of_answers(
        "borda",
        table,
        labels,
        _confidence(rankings, rank),
        np.isin(np.arange(len(table.items)), list(rankings.known)),
        ties=ties,
        options=_options(rankings, told - total * score[place], count, score) if pooled else None,
        warnings=() if apart or not len(table) else ("No ranking tells any two options apart.",),
    )


def _points(rankings: Rankings) -> tuple[bool, Floats, Floats]:
    """Whether any two options are told apart; every option's sum of points [P], and of the weights it rests on [P]."""
    told, total, apart = np.zeros(len(rankings.item)), np.zeros(len(rankings.item)), False
    for block in rankings.blocks:
        length = sum(block.sizes)
        if length < 2:
            continue
        apart = apart or len(block.sizes) > 1
        ends = np.cumsum(block.sizes)
        gains = np.repeat((length - ends + (np.array(block.sizes) - 1) / 2) / (length - 1), block.sizes)
        weight = np.repeat(block.weight, length)
        told += np.bincount(block.place.ravel(), weight * np.tile(gains, len(block.weight)), len(told))
        total += np.bincount(block.place.ravel(), weight, len(total))
    return apart, told, total


def _options(rankings: Rankings, rest: Floats, count: Floats, score: Floats) -> Options:
    """Pooled points and their 95 % intervals, nan where an option stands in a single item."""
    from scipy.special import stdtrit

    place, size = rankings.option, len(count)
    items = np.bincount(place, minlength=size)
    squares = np.bincount(place, rest**2, size)
    there = items > 1
    free = np.maximum(items - 1, 1)
    error = np.sqrt(squares * items / free) / np.maximum(count, 1e-300)
    half = np.where(there, stdtrit(free, 0.975) * error, np.nan)
    return ranked_options(rankings, rankings.distinct, True, score, half)


def _confidence(rankings: Rankings, rank: Places) -> Floats:
    """The share of told pairs in the answer's order, equals counting half; a half where nothing is told."""
    right, pairs = np.zeros(rankings.items), np.zeros(rankings.items)
    for block in rankings.blocks:
        group = np.repeat(np.arange(len(block.sizes)), block.sizes)
        one, two = np.nonzero(group[:, None] < group)
        if not len(one):
            continue
        stands = rank[block.place]
        share = (np.sign(stands[:, two] - stands[:, one]) + 1) / 2
        right += np.bincount(block.item, block.weight * share.sum(axis=1), rankings.items)
        pairs += np.bincount(block.item, block.weight * len(one), rankings.items)
    made = np.divide(right, pairs, out=np.full(rankings.items, 0.5), where=pairs > 0)
    made[list(rankings.known)] = 1
    return np.asarray(made)
