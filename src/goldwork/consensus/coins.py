"""What one-coin, two-coin and MACE share: annotators who are right with a probability, and how well it is known.

The interval of a probability h comes from the observed information, the complete one less what the hidden classes take
away (Louis 1982, Journal of the Royal Statistical Society B 44, 226-233), as in `information` for whole confusions. In
the logit of h the score of an answer is 1 - h where it is right and -h where it is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.information import MAX_PARAMETERS, beta_interval, inverse
from goldwork.consensus.result import Annotators
from goldwork.judgements import Judgements
from goldwork.judgements.blocks import count

Floats = npt.NDArray[np.float64]


def confusion_of(hits: Floats, direction: Floats) -> Floats:
    """[A, K true, K answered] of annotators who are right with `hits` [A, K] and err in `direction` [K, K]."""
    k = len(direction)
    if k == 1:
        return np.ones((len(hits), 1, 1))
    made = (1 - hits)[:, :, None] * direction[None]
    made[:, np.arange(k), np.arange(k)] = hits
    return np.asarray(made)


def even_direction(k: int) -> Floats:
    """Errors that go to every other class alike, [K, K]."""
    return (1 - np.eye(k)) / max(k - 1, 1)


def describe_coins(
    table: Judgements, probabilities: Floats, prevalence: Floats, hits: Floats, confusion: Floats, *, intervals: bool
) -> Annotators:
    """The annotators of a fit; `hits` is [A, 1] for one coin, [A, K] for one a class. Accuracies have intervals."""
    accuracy = np.einsum("t,att->a", prevalence, confusion) if confusion.size else np.zeros(len(table.annotators))
    low = high = np.full_like(accuracy, np.nan)
    if intervals and confusion.size:
        spread = _spread(table, probabilities, prevalence, hits)
        judged = np.asarray(np.bincount(table.annotator, table.weights(), len(accuracy)), np.float64)
        low, high = beta_interval(accuracy, spread, judged)
        low, high = np.minimum(low, accuracy), np.maximum(high, accuracy)
    return Annotators(
        names=table.annotators,
        judgements=count(table.annotator, len(table.annotators)),
        skill=accuracy,
        low=low,
        high=high,
        confusion=confusion,
        confusion_low=np.full_like(confusion, np.nan),
        confusion_high=np.full_like(confusion, np.nan),
    )


def _spread(table: Judgements, probabilities: Floats, prevalence: Floats, hits: Floats) -> Floats:
    """The variance of every accuracy, [A]."""
    annotators, groups = hits.shape
    k = len(prevalence)
    hits = np.clip(hits, 0.02, 0.98)
    slope = hits * (1 - hits)
    of_class = np.arange(k) if groups == k else np.zeros(k, int)
    share = np.zeros((groups, k))
    share[of_class, np.arange(k)] = prevalence
    gradient = slope * share.sum(axis=1)
    scores = [_scores(table, hits, of_class[true], true) for true in range(k)]
    asked = np.zeros((annotators, groups))
    for true in range(k):
        at = table.weights() * probabilities[table.item, true]
        asked[:, of_class[true]] += np.bincount(table.annotator, at, annotators)
    complete = (asked * slope + slope).ravel()  # a prior worth one judgement
    weighted = [score.multiply(probabilities[:, [true]]).tocsr() for true, score in enumerate(scores)]
    mean = sum(weighted[1:], weighted[0])
    if annotators * groups <= MAX_PARAMETERS:
        observed = np.diag(complete) + np.asarray((mean.T @ mean).toarray())
        for score, part in zip(scores, weighted, strict=True):
            observed -= np.asarray((score.T @ part).toarray())
        variance = inverse((observed + observed.T) / 2).reshape((annotators, groups, annotators, groups))
        own = variance[np.arange(annotators), :, np.arange(annotators), :]
        return np.asarray(np.einsum("ag,agh,ah->a", gradient, own, gradient))
    lost = np.asarray(mean.power(2).sum(axis=0)).ravel()
    for score, part in zip(scores, weighted, strict=True):
        lost = lost - np.asarray(score.multiply(part).sum(axis=0)).ravel()
    told = np.maximum(complete + lost, 0.05 * complete).reshape((annotators, groups))
    return np.asarray((gradient**2 / told).sum(axis=1))


def _scores(table: Judgements, hits: Floats, group: int, true: int) -> Any:
    """The score of every item in the logits of `hits` if its class were `true`, sparse [items, A x groups]."""
    from scipy.sparse import csr_array

    annotators, groups = hits.shape
    value = table.weights() * ((table.coded()[0] == true) - hits[table.annotator, group])
    column = table.annotator * np.int64(groups) + group
    return csr_array((value, (table.item, column)), shape=(len(table.items), annotators * groups))
