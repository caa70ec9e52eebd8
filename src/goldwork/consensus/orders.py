"""The likelihood of orders under Plackett and Luce's model, with groups whose inner order was not told.

The best of what is left is chosen each time, option i with probability exp(s_i) out of the sum over what is left. A
group that stands together may have come in any order, so its probability is the sum over all of them: that it comes
before the rest, whose exp(s) add up to e^c, is

    P = integral over x of exp(x - e^x) times the product over the group of 1 - exp(-exp(s_i - c + x)),

since the model is a race of exponential times. The trapezoid rule finds it to ten digits. P is log-concave in s, so
there is one maximum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.climbing import Information
from goldwork.consensus.ranking import Block

Floats = npt.NDArray[np.float64]

STEP = 0.3
NODES = np.arange(-22, 4.2, STEP)
CHUNK = 20_000
"""Rankings that are looked at together."""


class Orders:
    """The log posterior of scores [P]; `place` says which score each option of the blocks has."""

    def __init__(self, blocks: tuple[Block, ...], place: npt.NDArray[np.intp], size: int, prior: float) -> None:
        self.parts = [
            (block.sizes, place[block.place[begin : begin + CHUNK]], block.weight[begin : begin + CHUNK])
            for block in blocks
            for begin in range(0, len(block.weight), CHUNK)
        ]
        self.size, self.prior = size, prior

    def value(self, at: Floats) -> float:
        """The log posterior without constants."""
        total = -0.5 * float(at @ at) / self.prior**2
        for sizes, place, weight in self.parts:
            for begin, end in _stages(sizes):
                total += float(weight @ _stage(at[place[:, begin:]], end - begin, 0)[0])
        return total

    def slope(self, at: Floats) -> tuple[Floats, Information]:
        """The gradient, and the observed information with that of the prior."""
        matrix, gradient = self.information(at, at / -(self.prior**2))
        return gradient, Information(lambda vector: np.asarray(matrix @ vector), np.asarray(matrix.diagonal()))

    def information(self, at: Floats, gradient: Floats) -> tuple[Any, Floats]:
        """The information as a sparse matrix [P, P], and `gradient` with what the orders add."""
        from scipy.sparse import coo_array, csr_array, eye_array

        matrix = csr_array(eye_array(self.size) / self.prior**2)
        for sizes, place, weight in self.parts:
            length = place.shape[1]
            bend, lean = np.zeros((len(weight), length, length)), np.zeros((len(weight), length))
            for begin, end in _stages(sizes):
                _, slope, curve = _stage(at[place[:, begin:]], end - begin, 2)
                lean[:, begin:] += slope
                bend[:, begin:, begin:] += curve
            gradient = gradient + np.bincount(place.ravel(), (weight[:, None] * lean).ravel(), self.size)
            rows, columns = np.broadcast_arrays(place[:, :, None], place[:, None, :])
            cells = (weight[:, None, None] * bend).ravel(), (rows.ravel(), columns.ravel())
            matrix = matrix + coo_array(cells, shape=matrix.shape).tocsr()
        return matrix, gradient


def _stages(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Where the groups lie that come before something else."""
    ends = np.cumsum(sizes).tolist()
    return list(zip([0, *ends], ends[:-1], strict=False))


def _stage(score: Floats, group: int, order: int) -> tuple[Floats, Floats, Floats]:
    """Of the first `group` options before the others [m, L]: the log probability [m], its gradient [m, L], and its
    negative second derivatives [m, L, L]; the last two only with an `order` of 2.
    """
    return _one_first(score, order) if group == 1 else _group_first(score, group, order)


def _one_first(score: Floats, order: int) -> tuple[Floats, Floats, Floats]:
    top = score.max(axis=1, keepdims=True)
    share = np.exp(score - top)
    total = share.sum(axis=1, keepdims=True)
    logs = (score[:, :1] - top - np.log(total))[:, 0]
    if order < 2:
        return logs, logs, logs
    share /= total
    slope = -share
    slope[:, 0] += 1
    return logs, slope, _spread(share)


def _spread(share: Floats) -> Floats:
    return share[:, :, None] * np.eye(share.shape[1]) - share[:, :, None] * share[:, None, :]


def _group_first(score: Floats, group: int, order: int) -> tuple[Floats, Floats, Floats]:
    top = score[:, group:].max(axis=1, keepdims=True)
    share = np.exp(score[:, group:] - top)
    total = share.sum(axis=1, keepdims=True)
    share /= total
    lead = score[:, :group] - top - np.log(total)
    z = np.exp(np.clip(lead[:, :, None] + NODES, -300, 300))  # [m, group, nodes]
    logs = np.log(-np.expm1(-z)).sum(axis=1) + NODES - np.exp(NODES)
    peak = logs.max(axis=1, keepdims=True)
    mass = np.exp(logs - peak)
    whole = mass.sum(axis=1, keepdims=True)
    value = (peak + np.log(whole * STEP))[:, 0]
    if order < 2:
        return value, value, value
    mass /= whole
    b = z / np.expm1(np.minimum(z, 700))
    mean = np.einsum("mq,mgq->mg", mass, b)
    second = np.einsum("mq,mgq,mhq->mgh", mass, b, b) - mean[:, :, None] * mean[:, None, :]
    second += np.einsum("mq,mgq->mg", mass, b * (1 - z - b))[:, :, None] * np.eye(group)
    toward = mean.sum(axis=1)
    cross = -second.sum(axis=2)[:, :, None] * share[:, None, :]
    rest = second.sum(axis=(1, 2))[:, None, None] * share[:, :, None] * share[:, None, :]
    rest -= toward[:, None, None] * _spread(share)
    curve = np.concatenate([
        np.concatenate([second, cross], axis=2),
        np.concatenate([cross.transpose(0, 2, 1), rest], axis=2),
    ], axis=1)  # fmt: skip
    return value, np.concatenate([mean, -toward[:, None] * share], axis=1), -curve
