"""How well a Dawid-Skene fit knows its annotators: 95 % intervals for confusions and accuracies.

The observed information is the complete one less what the hidden answers take away (Louis 1982, Journal of the
Royal Statistical Society B 44, 226-233). Its inverse gives each probability p a variance v; p (1 - p) / v says how
many known answers would tell as much, and the interval is that of a beta distribution with so many, under Jeffreys'
prior (Brown, Cai and DasGupta 2001, Statistical Science 16, 101-133), shrunk by the t quantile because v is estimated.

Up to MAX_PARAMETERS the whole matrix is inverted. Above it, each row of each confusion is taken by itself: what is
unknown about the items costs information, what is unknown about the other annotators does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Annotators
from goldwork.judgements import Judgements
from goldwork.judgements.blocks import count

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]

MAX_PARAMETERS = 2000
LEAST_SMOOTHING = 0.1
"""Intervals reckon with at least this prior: at a probability of exactly 0 no information has an inverse."""


def describe(
    table: Judgements,
    probabilities: Floats,
    prevalence: Floats,
    confusion: Floats,
    smoothing: float,
    *,
    intervals: bool,
) -> Annotators:
    """The annotators of a fit; without `intervals` their ends are nan."""
    judged = count(table.annotator, len(table.annotators))
    accuracy = np.einsum("t,att->a", prevalence, confusion)
    nothing = np.full_like(confusion, np.nan)
    ends = (
        (nothing, nothing, nothing[:, 0, 0], nothing[:, 0, 0])
        if confusion.size
        else (nothing, nothing, accuracy, accuracy)
    )
    if intervals and confusion.size:
        ends = _ends(table, probabilities, smoothing)
    return Annotators(
        names=table.annotators,
        judgements=judged,
        skill=accuracy,
        low=np.minimum(ends[2], accuracy),
        high=np.maximum(ends[3], accuracy),
        confusion=confusion,
        confusion_low=np.minimum(ends[0], confusion),
        confusion_high=np.maximum(ends[1], confusion),
    )


def _ends(table: Judgements, probabilities: Floats, smoothing: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Lower and upper ends of confusions [A, K, K] and accuracies [A]."""
    smoothing = max(smoothing, LEAST_SMOOTHING)
    counts = _counts(table, probabilities)
    k = counts.shape[1]
    confusion = (counts + smoothing) / (counts + smoothing).sum(axis=2, keepdims=True)
    prevalence = (probabilities.sum(axis=0) + smoothing) / (len(probabilities) + k * smoothing)
    accuracy = np.einsum("t,att->a", prevalence, confusion)
    if confusion.shape[0] * k * (k - 1) + k - 1 <= MAX_PARAMETERS:
        spread = _whole(table, probabilities, prevalence, confusion, counts, smoothing)
    else:
        spread = _apart(table, probabilities, prevalence, confusion, smoothing)
    total = counts.sum(axis=2, keepdims=True)
    return (*beta_interval(confusion, spread[0], total), *beta_interval(accuracy, spread[1], total.sum(axis=(1, 2))))


def beta_interval(share: Floats, variance: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The interval around shares that have these variances and rest on at most `most` answers."""
    from scipy.special import betaincinv, stdtrit

    size = np.divide(share * (1 - share), variance, out=np.zeros_like(share), where=variance > 0)
    size = np.clip(size, 0, np.broadcast_to(most, share.shape))
    size = size * (1.959964 / stdtrit(np.maximum(size, 2), 0.975)) ** 2
    ones, others = share * size + 0.5, (1 - share) * size + 0.5
    return np.asarray(betaincinv(ones, others, 0.025)), np.asarray(betaincinv(ones, others, 0.975))


def _counts(table: Judgements, probabilities: Floats) -> Floats:
    """Expected counts [A, K true, K answered]."""
    from scipy.sparse import csr_array

    k = probabilities.shape[1]
    row = table.annotator * np.int32(k) + table.coded()[0]
    shape = (len(table.annotators) * k, len(table.items))
    by_annotator = csr_array((table.weights(), (row, table.item)), shape=shape)
    return np.asarray(by_annotator @ probabilities).reshape((len(table.annotators), k, k)).transpose(0, 2, 1)


def _apart(
    table: Judgements, probabilities: Floats, prevalence: Floats, confusion: Floats, smoothing: float
) -> tuple[Floats, Floats]:
    """Variances with every row of a confusion, and every accuracy, by itself.

    The score of one probability p is (answered so - p) / (p (1 - p)) times the probability that it was asked.
    """
    squares = _counts(table, probabilities**2) + smoothing
    total = squares.sum(axis=2, keepdims=True)
    odds = confusion * (1 - confusion)
    information = ((1 - confusion) ** 2 * squares + confusion**2 * (total - squares)) / np.maximum(odds, 1e-300) ** 2
    right = probabilities[table.item, table.coded()[0]]
    accuracy = np.einsum("t,att->a", prevalence, confusion)
    each = accuracy[table.annotator]
    told = table.weights() * (right - each) ** 2 / np.maximum(each * (1 - each), 1e-300) ** 2
    told = np.bincount(table.annotator, told, len(accuracy))
    return 1 / np.maximum(information, 1e-300), 1 / np.maximum(told, 1e-300)


def _whole(
    table: Judgements, probabilities: Floats, prevalence: Floats, confusion: Floats, counts: Floats, smoothing: float
) -> tuple[Floats, Floats]:
    """Variances from the inverse of the whole observed information, in the logits of all but the last answer."""
    annotators, k = confusion.shape[:2]
    free = k - 1
    if not free:
        return np.zeros_like(confusion), np.zeros(annotators)
    slope = _slopes(confusion)[..., :free]  # [A, K true, K answered, K - 1 logits]
    own = slope[..., :free, :] * (counts.sum(axis=2) + smoothing * k)[..., None, None]
    last = _slopes(prevalence)[:, :free]
    shared = last[:free] * (len(probabilities) + smoothing * k)
    complete = _diagonal([*own.reshape((-1, free, free)), shared])
    scores = [_scores(table, prevalence, confusion, true) for true in range(k)]
    weighted = [score.multiply(probabilities[:, [true]]).tocsr() for true, score in enumerate(scores)]
    mean = sum(weighted[1:], weighted[0])
    observed = complete + np.asarray((mean.T @ mean).toarray())
    for score, part in zip(scores, weighted, strict=True):
        observed -= np.asarray((score.T @ part).toarray())
    return _spread(inverse((observed + observed.T) / 2), slope, last, prevalence, confusion)


def _spread(
    covariance: Floats, slope: Floats, last: Floats, prevalence: Floats, confusion: Floats
) -> tuple[Floats, Floats]:
    """Variances of confusions and accuracies from that of the logits."""
    annotators, k = confusion.shape[:2]
    free = k - 1
    variance = np.empty_like(confusion)
    accuracy = np.empty(annotators)
    common = np.arange(annotators * k * free, len(covariance))
    for a in range(annotators):
        own = np.arange(a * k * free, (a + 1) * k * free)
        blocks = covariance[np.ix_(own, own)].reshape((k, free, k, free))
        for true in range(k):
            variance[a, true] = np.einsum("lx,xy,ly->l", slope[a, true], blocks[true, :, true], slope[a, true])
        diagonal = np.einsum("t,ttx->tx", prevalence, slope[a]).ravel()
        gradient = np.r_[diagonal, np.diag(confusion[a]) @ last]
        both = np.r_[own, common]
        accuracy[a] = gradient @ covariance[np.ix_(both, both)] @ gradient
    return variance, accuracy


def _scores(table: Judgements, prevalence: Floats, confusion: Floats, true: int) -> csr_array[Any, tuple[int, int]]:
    """The complete-data score of every item if `true` were its category, [items, parameters]."""
    from scipy.sparse import csr_array

    annotators, k = confusion.shape[:2]
    free, items = k - 1, len(table.items)
    answer = np.arange(free)
    codes = table.coded()[0]
    own = ((codes[:, None] == answer) - confusion[table.annotator, true, :free]) * table.weights()[:, None]
    column = (table.annotator[:, None].astype(np.int64) * k + true) * free + answer
    common = np.broadcast_to((answer == true) - prevalence[:free], (items, free))
    places = np.broadcast_to(annotators * k * free + answer, (items, free))
    rows = np.r_[np.repeat(table.item, free), np.repeat(np.arange(items), free)]
    values, columns = np.r_[own.ravel(), common.ravel()], np.r_[column.ravel(), places.ravel()]
    return csr_array((values, (rows, columns)), shape=(items, (annotators * k + 1) * free))


def _slopes(shares: Floats) -> Floats:
    """How shares [..., K] change with their logits, [..., K, K]."""
    return shares[..., :, None] * (np.eye(shares.shape[-1]) - shares[..., None, :])


def inverse(matrix: Floats) -> Floats:
    """The inverse; where EM stopped short of a maximum, of the matrix with the least ridge that makes it definite."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    ridge = 0.0
    while True:
        try:
            factor = cho_factor(matrix + ridge * np.eye(len(matrix)))
        except LinAlgError:
            ridge = 10 * ridge or 0.01
        else:
            return np.asarray(cho_solve(factor, np.eye(len(matrix))))


def _diagonal(blocks: list[Floats]) -> Floats:
    """A matrix of blocks on the diagonal."""
    from scipy.linalg import block_diag

    return np.asarray(block_diag(*blocks), np.float64)
