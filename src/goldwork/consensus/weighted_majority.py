"""Weighted majority: votes weighted by how often an annotator agrees with the others.

An annotator's accuracy is the share of the others on an item who gave the same answer, shrunk towards the crowd's mean
by `strength` judgements; against gold where there is some. With v = K (accuracy - 1/K) / (K - 1) the vote weighs
max(v, 0), so that an annotator at chance counts nothing (the weights of Li and Yu 2014, Error Rate Bounds and
Iterative Weighted Majority Voting, arXiv:1411.4086, eq. 5). One step from leave-one-out agreement, no iteration: an
annotator's own vote never speaks for its own weight. The probability of an answer is its share of the weights.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "weighted-majority")
    >>> round(consensus.annotators.to_records()[0]["agreement"], 2)
    0.81
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, consensus
from goldwork.consensus.hidden import at_least
from goldwork.consensus.votes import clamp
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]


@consensus("weighted-majority")
def weighted_majority(table: Judgements, *, gold: Codes, seed: int, strength: float = 5.0) -> Consensus:
    """Votes weighted by agreement with the others; `strength`: judgements that the crowd's mean counts for."""
    at_least("strength", strength, 0)
    k = max(len(table.coded()[1]), 1)
    share, counted = _agreement(table, gold)
    annotators = len(table.annotators)
    total = np.bincount(table.annotator, share * counted, annotators)
    size = np.bincount(table.annotator, counted, annotators)
    mean = total.sum() / size.sum() if size.sum() else 1.0
    agreement = (total + strength * mean) / np.maximum(size + strength, 1e-12)
    weight = np.maximum((k * agreement - 1) / max(k - 1, 1), 0.0) + 1e-6
    codes = table.coded()[0]
    cell = table.item.astype(np.int64) * k + codes
    votes = _sums(cell, weight[table.annotator] * table.weights(), len(table.items) * k)
    shares = votes.reshape((-1, k))[:, : len(table.coded()[1])]
    shares = clamp(shares / shares.sum(axis=1, keepdims=True), gold)
    return Consensus.of(
        "weighted-majority",
        table,
        shares,
        _sums(codes, table.weights(), shares.shape[1]),
        gold,
        annotators=_describe(table, agreement, share, counted),
    )


def _sums(of: npt.NDArray[Any], weights: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(of, weights, size), np.float64)


def _agreement(table: Judgements, gold: Codes) -> tuple[Floats, Floats]:
    """For each judgement the share of the others' weight on its answer, and whether there are others, [n] each."""
    codes, categories = table.coded()
    weights = table.weights()
    cell = table.item.astype(np.int64) * max(len(categories), 1) + codes
    _, place = np.unique(cell, return_inverse=True)
    same = np.bincount(place, weights)[place] - weights if len(place) else weights
    others = np.bincount(table.item, weights, len(table.items))[table.item] - weights
    known = gold[table.item]
    share = np.divide(same, others, out=np.zeros_like(same), where=others > 1e-12)
    share = np.where(known >= 0, known == codes, share)
    return share, weights * ((others > 1e-12) | (known >= 0))


def _describe(table: Judgements, agreement: Floats, share: Floats, counted: Floats) -> Annotators:
    """Agreements with a 95 % interval from the spread of an annotator's items."""
    from scipy.special import stdtrit

    annotators = len(table.annotators)
    size = np.bincount(table.annotator, counted, annotators)
    apart = (share - agreement[table.annotator]) ** 2 * counted
    spread = np.bincount(table.annotator, apart, annotators) + agreement * (1 - agreement)
    half = stdtrit(np.maximum(size, 1), 0.975) * np.sqrt(spread / np.maximum(size, 1) / np.maximum(size + 1, 1))
    half = np.where(size > 1, half, np.nan)
    return Annotators(
        names=table.annotators,
        judgements=np.bincount(table.annotator, minlength=annotators),
        skill=agreement,
        low=np.maximum(agreement - half, 0),
        high=np.minimum(agreement + half, 1),
        measure="agreement",
    )
