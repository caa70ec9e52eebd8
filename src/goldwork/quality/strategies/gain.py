"""What further answers are expected to add to an item's accuracy; what `expertise` and `budget` share.

The probability that an item's answer is right is that of its most probable class. An answer l of somebody who finds
class k with probability s_k, and errs evenly otherwise, makes it sum over l of max_k q_k P(l | k) in expectation.

People err alike, so n answers correlated by r count as n / (1 + (n - 1) r) independent ones
(`goldwork.quality.posterior`), and the next one counts as

    w(n) = (n + 1) / (1 + n r) - n / (1 + (n - 1) r),   w(0) = 1

of one: the logarithm of what it says is multiplied by that.

*Source:* the expected value of sample information, Raiffa and Schlaifer 1961, Applied Statistical Decision Theory; by
step and over several steps Frazier and Powell 2010, Paradoxes in Learning and the Marginal Value of Information,
Decision Analysis 7, 378-403, from whom `budget` has the mean over as many answers as pay best.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from goldwork.quality.strategies import Floats

LEAST = 1e-6


def worth(judgements: npt.NDArray[np.int64], correlation: float) -> Floats:
    """How much of an independent answer the next one counts as, [n]."""
    n = judgements.astype(float)
    before = n / (1 + np.maximum(n - 1, 0) * correlation)
    return np.asarray((n + 1) / (1 + n * correlation) - before)


def says(accuracy: Floats, weight: Floats) -> Floats:
    """P(answer l | class k) as [n, l, k] of a person right with `accuracy` [K], whose answer counts `weight` [n]."""
    k = len(accuracy)
    right = np.clip(accuracy, LEAST, 1 - LEAST)
    table = np.where(np.eye(k, dtype=bool), right[None, :], ((1 - right) / max(k - 1, 1))[None, :])
    told = np.exp(np.log(table) * weight[:, None, None])
    return np.asarray(told / told.sum(axis=1, keepdims=True))


def after_answers(probabilities: Floats, accuracy: float, weight: Floats, answers: int) -> Floats:
    """The probability of being right that is expected after so many more answers, less that of now, [n].

    Only the two most probable classes are followed: answers for others leave them as they are.
    """
    k = probabilities.shape[1]
    if k < 2:
        return np.zeros(len(probabilities))
    top = np.partition(probabilities, k - 2, axis=1)
    first, second = top[:, -1], top[:, -2]
    right = np.clip(accuracy, LEAST, 1 - LEAST)
    hit, miss = right**weight, ((1 - right) / (k - 1)) ** weight
    whole = hit + (k - 1) * miss
    hit, miss = hit / whole, miss / whole
    rest = np.maximum(1 - hit - miss, 0)
    expected = np.zeros(len(probabilities))
    for mine in range(answers + 1):
        for theirs in range(answers + 1 - mine):
            other = answers - mine - theirs
            ways = math.comb(answers, mine) * math.comb(answers - mine, theirs) * rest**other
            expected += ways * np.maximum(first * hit**mine * miss**theirs, second * miss**mine * hit**theirs)
    return np.asarray(np.maximum(expected - first, 0.0))
