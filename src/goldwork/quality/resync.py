"""Full inference over all items: the states that the online steps would reach if they could go round again and again.

An online step credits an item with what was believed when its last judgement came. This goes over all items until
nothing moves, by the same formulas, as arrays: `goldwork.quality.skill` and `goldwork.quality.posterior` say what they
are. Its outcome enters a project's log as an event.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.quality.skill import CELLS, FULL, OWN, ROWS, SCALE, Pooled, accuracy, frequencies, fresh_pool

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Judged:
    """Judgements [n] by code, all that are in force, and what is known of the items.

    `gold` [items]: the known class, or -1. `drawn` [items]: the gold item is one of a simple random sample.
    """

    item: npt.NDArray[Any]
    annotator: npt.NDArray[Any]
    answer: npt.NDArray[Any]
    weight: Floats
    gold: npt.NDArray[Any]
    drawn: npt.NDArray[np.bool_]
    annotators: int
    classes: int


@dataclasses.dataclass(frozen=True)
class Inferred:
    """What was inferred: untempered probabilities `shares` [items, K], the annotators' states by code, the crowd's."""

    shares: Floats
    states: list[list[int]]
    pooled: Pooled
    converged: bool


def resync(judged: Judged, *, alone: bool = False, rounds: int = 50, tolerance: float = 1e-3) -> Inferred:
    """Infer until no probability moves by `tolerance`, at most `rounds` times; begins with the shares of votes.

    `alone`: items may stop at one judgement, and then teach with it.
    """
    K, known = judged.classes, judged.gold >= 0
    votes = np.zeros((len(judged.gold), K))
    np.add.at(votes, (judged.item, judged.answer), judged.weight)
    number = np.bincount(judged.item[judged.weight > 0], minlength=len(votes))
    shares = (votes + 1 / K) / (votes.sum(axis=1) + 1)[:, None]
    shares[known] = np.eye(K)[judged.gold[known]]
    taught, moved = known | (number > 1 - alone), np.inf
    own, crowd = _counts(judged, shares, taught)
    for _ in range(rounds):
        after = _shares(judged, own, crowd)
        after[known] = shares[known]
        moved = float(np.abs(after - shares).max(initial=0))
        shares = after
        own, crowd = _counts(judged, shares, taught)
        if moved < tolerance:
            break
    shares = np.where(known[:, None], _shares(judged, own, crowd), shares)
    return Inferred(shares, own.tolist(), Pooled(K, crowd.tolist()), moved < tolerance)


def _counts(judged: Judged, shares: Floats, taught: npt.NDArray[np.bool_]) -> tuple[Whole, Whole]:
    """The states [annotators, places] and the crowd's counts, as integers."""
    K = judged.classes
    whole = np.rint(shares * SCALE).astype(np.int64)
    use = taught[judged.item] & (judged.weight > 0)
    annotator, answer = judged.annotator[use], judged.answer[use]
    told = np.rint(judged.weight[use, None] * whole[judged.item[use]]).astype(np.int64)
    crowd = np.zeros(len(fresh_pool(K)), np.int64)
    own = np.zeros((judged.annotators, ROWS + K + K * K if K <= FULL else ROWS), np.int64)
    np.add.at(own[:, 0], annotator, told[np.arange(len(told)), answer])
    np.add.at(own[:, 1], annotator, told.sum(axis=1))
    crowd[:ROWS] = own[:, :ROWS].sum(axis=0)
    cells = np.zeros((K, K), np.int64)
    for k in range(K):
        np.add.at(cells[k], answer, told[:, k])
        if K <= FULL:
            np.add.at(own[:, ROWS + k], annotator, told[:, k])
            np.add.at(own, (annotator, ROWS + K + k * K + answer), told[:, k])
    crowd[ROWS : ROWS + K] = cells.sum(axis=1)
    crowd[ROWS + K : ROWS + K + K * K] = cells.ravel()
    random = judged.drawn & (judged.gold >= 0)
    crowd[ROWS + K + K * K :] = SCALE * np.bincount(judged.gold[random], minlength=K)
    return own, crowd


def _shares(judged: Judged, own: Whole, crowd: Whole) -> Floats:
    """Every item's probabilities [items, K] from the states; untempered."""
    K, annotator, answer = judged.classes, judged.annotator, judged.answer
    pooled = Pooled(K, crowd.tolist())
    right = ((own[:, 0] / SCALE + OWN * accuracy(pooled)) / (own[:, 1] / SCALE + OWN))[annotator]
    cells = crowd[ROWS + K : ROWS + K + K * K].reshape(K, K) / SCALE
    direction = (cells + 1) / (cells.sum(axis=1) - np.diag(cells) + (K - 1))[:, None]
    logs = np.tile(np.log(frequencies(pooled)), (len(judged.gold), 1))
    for k in range(K):
        base = np.where(answer == k, right, (1 - right) * direction[k, answer])
        if K <= FULL:
            cell = own[annotator, ROWS + K + k * K + answer] / SCALE
            base = (cell + CELLS * base) / (own[annotator, ROWS + k] / SCALE + CELLS)
        logs[:, k] += np.bincount(judged.item, judged.weight * np.log(base), minlength=len(logs))
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
