"""How well annotators' coins are known: intervals for accuracies and leanings of `comparison-two-coin`.

The observed information is the complete one less what the hidden classes take away (Louis 1982, Journal of the Royal
Statistical Society B 44, 226-233). Up to MAX_EXACT parameters the whole matrix is inverted. Above, every annotator's
block is taken by itself: what is unknown about the items costs information, what is unknown about the other annotators
does not.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.uncertainty import MAX_EXACT, beta_interval, inverse

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclasses.dataclass(frozen=True, eq=False)
class Sides:
    """n judgements as sides of the screen, of I items.

    - `item`, `annotator`, `answer`: int [n]; answers are 0 for the left side of the screen, 1 for the right, 2 for a tie
    - `swapped`: bool [n], whether the left option stood at the right; `weight`: [n]
    - `gold`: int32 [I], the class of options, -1 where unknown; `k`: how many classes
    """

    item: Places
    annotator: Places
    answer: Places
    swapped: npt.NDArray[np.bool_]
    weight: Floats
    gold: npt.NDArray[np.int32]
    annotators: int
    k: int

    def side(self) -> Places:
        """Where each row's class of options stood, [n, K]."""
        straight, crossed = np.arange(self.k), np.r_[1, 0, np.arange(2, self.k)]
        return np.where(self.swapped[:, None], crossed, straight).astype(np.intp)

    def as_one(self) -> Sides:
        """The same, as if one annotator had judged all."""
        return dataclasses.replace(self, annotator=np.zeros_like(self.annotator), annotators=1)


def describe_sides(
    sides: Sides, probabilities: Floats, prevalence: Floats, confusion: Floats, expected: Floats, *, intervals: bool
) -> dict[str, Floats]:
    """`accuracy` and `position` [A] with `_low` and `_high`.

    Accuracy is the probability to answer an item drawn at random rightly when it is shown either way. Position is how
    much more often than the right side the left one is chosen where either is better, between -1 and 1.
    """
    k = sides.k
    common = np.r_[np.full(2, prevalence[:2].mean()), prevalence[2:]]
    # What each measure adds up, [2, K true, K answered].
    sums = np.zeros((2, k, k))
    sums[0] = np.diag(common)
    sums[1, :2, 0], sums[1, :2, 1] = 0.5, -0.5
    values = np.einsum("mtl,atl->ma", sums, confusion)
    ends = np.full((2, 2, len(confusion)), np.nan)
    if intervals and len(confusion):
        slopes = confusion[..., :, None] * (np.eye(k) - confusion[..., None, :])
        gradient = np.einsum("mtl,atlx->matx", sums, slopes)[..., : k - 1].reshape((2, len(confusion), -1))
        blocks = _blocks(sides, probabilities, confusion, expected)
        variance = np.einsum("max,axy,may->ma", gradient, blocks, gradient)
        most = np.bincount(sides.annotator, sides.weight, len(confusion)) + expected.sum() / max(len(expected), 1)
        for measure, (stretch, shift) in enumerate(((1, 0), (2, -1))):
            share = (values[measure] - shift) / stretch
            low, high = beta_interval(share, variance[measure] / stretch**2, most)
            ends[measure] = np.minimum(low, share) * stretch + shift, np.maximum(high, share) * stretch + shift
    made = {}
    for measure, name in enumerate(("accuracy", "position")):
        made |= {name: values[measure], f"{name}_low": ends[measure, 0], f"{name}_high": ends[measure, 1]}
    return made


def _blocks(sides: Sides, probabilities: Floats, confusion: Floats, expected: Floats) -> Floats:
    """Each annotator's covariances of the logits, [A, K (K - 1), K (K - 1)]."""
    annotators, k = confusion.shape[:2]
    free, size = k - 1, k * (k - 1)
    complete = _complete(sides, probabilities, confusion, expected)
    if annotators * size > MAX_EXACT:
        return np.asarray(np.linalg.inv(_apart(sides, probabilities, confusion, complete)))
    observed = np.zeros((annotators, size, annotators, size))
    here = np.arange(annotators)
    observed[here, :, here, :] = complete
    flat = observed.reshape((annotators * size, -1))
    scores = [_scores(sides, confusion, true, free) for true in range(k)]
    weighted = [score.multiply(probabilities[:, [true]]).tocsr() for true, score in enumerate(scores)]
    mean = sum(weighted[1:], weighted[0])
    flat += np.asarray((mean.T @ mean).toarray())
    for score, part in zip(scores, weighted, strict=True):
        flat -= np.asarray((score.T @ part).toarray())
    flat = (flat + flat.T) / 2
    try:
        whole = inverse(flat)
    except np.linalg.LinAlgError:
        whole = inverse(_definite(flat))
    return whole.reshape((annotators, size, annotators, size))[here, :, here, :]


def _complete(sides: Sides, probabilities: Floats, confusion: Floats, expected: Floats) -> Floats:
    """The complete information of every annotator, [A, K (K - 1), K (K - 1)]."""
    annotators, k = confusion.shape[:2]
    free, place = k - 1, sides.side()
    asked = np.zeros((annotators, k)) + expected.sum(axis=2)
    for true in range(k):
        cell = sides.annotator * k + place[:, true]
        seen = np.bincount(cell, sides.weight * probabilities[sides.item, true], annotators * k)
        asked += seen.reshape(asked.shape)
    own = confusion[..., :free]
    curved = own[..., :, None] * np.eye(free) - own[..., :, None] * own[..., None, :]
    made = np.zeros((annotators, k, free, k, free))
    for true in range(k):
        made[:, true, :, true, :] = curved[:, true] * asked[:, true, None, None]
    return made.reshape((annotators, k * free, k * free))


def _apart(sides: Sides, probabilities: Floats, confusion: Floats, complete: Floats) -> Floats:
    """The observed information of every annotator, the others taken as known."""
    annotators, k = confusion.shape[:2]
    free, place = k - 1, sides.side()
    chosen = (sides.answer[:, None] == np.arange(free)).astype(float)
    scores = np.zeros((k, len(sides.item), k, free))  # by class, row and parameter
    rows = np.arange(len(sides.item))
    for true in range(k):
        rest = chosen - confusion[sides.annotator, place[:, true], :free]
        scores[true, rows, place[:, true]] = rest * sides.weight[:, None]
    flat = scores.reshape((k, len(rows), k * free))
    share = probabilities[sides.item].T
    mean = np.einsum("tn,tnx->nx", share, flat)
    made = complete.copy()
    for x in range(k * free):
        for y in range(k * free):
            lost = np.einsum("tn,tn,tn->n", share, flat[..., x], flat[..., y]) - mean[:, x] * mean[:, y]
            made[:, x, y] -= np.bincount(sides.annotator, lost, annotators)
    return _definite(made)


def _scores(sides: Sides, confusion: Floats, true: int, free: int) -> csr_array[Any, tuple[int, int]]:
    """The complete-data score of every item if `true` were its class, [items, parameters]."""
    from scipy.sparse import csr_array

    annotators, k = confusion.shape[:2]
    answer = np.arange(free)
    place = sides.side()[:, true]
    rest = (sides.answer[:, None] == answer) - confusion[sides.annotator, place, :free]
    column = ((sides.annotator * k + place)[:, None] * free + answer).ravel()
    values = (rest * sides.weight[:, None]).ravel()
    shape = (len(sides.gold), annotators * k * free)
    return csr_array((values, (np.repeat(sides.item, free), column)), shape=shape)


def _definite(matrix: Floats) -> Floats:
    """The matrix, [.., P, P], with the least ridge that makes it definite where a fit stopped short of a maximum."""
    least = np.linalg.eigvalsh(matrix)[..., 0]
    ridge = np.maximum(1e-3 - least, 0.0)
    return np.asarray(matrix + ridge[..., None, None] * np.eye(matrix.shape[-1]))
