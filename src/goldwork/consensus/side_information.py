"""How well annotators' coins are known: intervals for accuracies and leanings of `comparison-two-coin`.

The observed information is the complete one less what the hidden classes take away (Louis 1982, Journal of the Royal
Statistical Society B 44, 226-233). Up to MAX_EXACT parameters the whole matrix is inverted. Above, every annotator's
block is taken by itself: what is unknown about the items costs information, what is unknown about the other annotators
does not.

From MANY annotators on, how far they lie apart is known, and says more about somebody of a dozen judgements than those
do: empirical Bayes (`_among`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.uncertainty import MAX_EXACT, beta_interval, inverse

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MANY = 50
"""Annotators from which on their own spread is known well enough to tell about each of them."""
ROUNDS = 20
MOST_PRIOR = 1.0
"""Intervals reckon with no more of the prior than this: where the crowd lies is itself learned from its members."""

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclasses.dataclass(frozen=True, eq=False)
class Sides:
    """n judgements as sides of the screen, of I items.

    - `item`, `annotator`, `answer`: int [n]; answers are 0 for the left side of the screen, 1 the right, 2 a tie
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


def seen(sides: Sides, sees: Floats, says: Floats) -> Floats:
    """The probability that each row's annotator saw the truth, were it what they answered, [n]."""
    saw = sees[sides.annotator]
    return saw / np.maximum(saw + (1 - saw) * says[sides.annotator, sides.answer], 1e-300)


def describe_sides(
    sides: Sides, probabilities: Floats, parameters: tuple[Floats, Floats, Floats], prior: float, *, intervals: bool
) -> dict[str, Floats]:
    """`accuracy` and `position` [A] with `_low` and `_high`.

    Accuracy is the probability to answer an item drawn at random rightly when it is shown either way. Position is how
    much more often than the right side the left one is chosen where either is better, between -1 and 1.
    """
    from scipy.special import stdtrit

    prevalence, sees, says = parameters
    k = sides.k
    # By measure: what seeing is worth, and each answer without seeing.
    worth = np.array([1.0, 0.0])
    answers = np.stack([np.r_[np.full(2, prevalence[:2].mean()), prevalence[2:]], np.r_[1.0, -1.0, np.zeros(k - 2)]])
    blind = says @ answers.T
    values = (sees[:, None] * worth + (1 - sees[:, None]) * blind).T
    ends = np.full((2, 2, len(sees)), np.nan)
    if intervals and len(sees):
        gradient = np.empty((2, len(sees), k))
        gradient[..., 0] = (sees * (1 - sees)) * (worth[:, None] - blind.T)
        gradient[..., 1:] = ((1 - sees)[:, None] * says * (answers[:, None] - blind.T[..., None]))[..., : k - 1]
        some, twice = min(prior, MOST_PRIOR), 2 * max(prior, MOST_PRIOR)
        little, much = (
            np.einsum("max,axy,may->ma", gradient, _covariances(sides, probabilities, sees, says, of), gradient)
            for of in (some, twice if len(sees) >= MANY else some)
        )
        each = (1 / much - 1 / little) / (twice - some)  # what one judgement's worth of the prior tells
        most = np.bincount(sides.annotator, sides.weight, len(sees)) + 2 * prior
        middles, variance = _among(values, little, each.clip(0) * prior, some / prior)
        known = most * np.maximum(little[0] / variance[0], 1)  # what the crowd tells about its members is besides
        low, high = beta_interval(middles[0].clip(0, 1), variance[0], np.asarray(known, np.float64))
        half = stdtrit(np.maximum(most - 1, 1), 0.975) * np.sqrt(variance[1])
        ends[0] = low, high
        ends[1] = np.maximum(middles[1] - half, -1), np.minimum(middles[1] + half, 1)
        ends = np.stack([np.minimum(ends[:, 0], values), np.maximum(ends[:, 1], values)], axis=1)
    made: dict[str, Floats] = {}
    for measure, name in enumerate(("accuracy", "position")):
        made |= {name: values[measure], f"{name}_low": ends[measure, 0], f"{name}_high": ends[measure, 1]}
    return made


def _among(values: Floats, variance: Floats, prior: Floats, used: float) -> tuple[Floats, Floats]:
    """Values and variances, [measures, A] each, of members of a crowd whose spread its members tell.

    `variance` has the share `used` of the prior's information `prior` in it, and `values` are drawn to the crowd's mean
    by all of it. Both are undone, and empirical Bayes put in their place (Morris 1983, Journal of the American
    Statistical Association 78, 47-55).
    """
    size = values.shape[1]
    if size < MANY:
        return values, variance
    own = np.maximum(1 / variance - used * prior, 0.05 / variance)
    mean = values.mean(axis=1, keepdims=True)
    bare = mean + (values - mean) * (own + prior) / own
    spread = np.zeros((len(values), 1))
    for _ in range(ROUNDS):
        weight = 1 / (1 / own + spread)
        mean = (weight * bare).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        away = size / (size - 1) * (bare - mean) ** 2 - 1 / own
        spread = np.maximum((weight * away).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True), 0)
    pull = (size - 3) / (size - 1) / (1 + own * spread)
    unsure = 2 / (size - 3) * pull**2 * (bare - mean) ** 2
    return bare - pull * (bare - mean), (1 - (size - 1) / size * pull) / own + unsure


def _covariances(sides: Sides, probabilities: Floats, sees: Floats, says: Floats, prior: float) -> Floats:
    """Each annotator's covariances [A, K, K]: of the logit of `sees`, and the logits of `says` against its last."""
    annotators, k = says.shape
    own = _own(sides, probabilities, sees, says, prior)
    scores = _scores(sides, sees, says)
    share = probabilities[sides.item].T
    if annotators * k > MAX_EXACT:
        mean = np.einsum("tn,tnx->nx", share, scores)
        for x in range(k):
            for y in range(k):
                lost = np.einsum("tn,tn,tn->n", share, scores[..., x], scores[..., y]) - mean[:, x] * mean[:, y]
                own[:, x, y] -= np.bincount(sides.annotator, lost, annotators)
        return np.asarray(np.linalg.inv(_definite(own)))
    here = np.arange(annotators)
    observed = np.zeros((annotators, k, annotators, k))
    observed[here, :, here, :] = own
    flat = observed.reshape((annotators * k, annotators * k))
    by_item = [_by_item(sides, score) for score in scores]
    weighted = [part.multiply(probabilities[:, [true]]).tocsr() for true, part in enumerate(by_item)]
    mean_by_item = sum(weighted[1:], weighted[0])
    flat += np.asarray((mean_by_item.T @ mean_by_item).toarray())
    for part, weighed in zip(by_item, weighted, strict=True):
        flat -= np.asarray((part.T @ weighed).toarray())
    flat = (flat + flat.T) / 2
    try:
        whole = inverse(flat)
    except np.linalg.LinAlgError:
        whole = inverse(_definite(flat))
    return whole.reshape((annotators, k, annotators, k))[here, :, here, :]


def _own(sides: Sides, probabilities: Floats, sees: Floats, says: Floats, prior: float) -> Floats:
    """What every annotator's rows would tell if the classes were known, and the prior, [A, K, K]."""
    annotators, k = says.shape
    claim = sides.side()[np.arange(len(sides.item)), sides.answer]
    right = sides.weight * probabilities[sides.item, claim]
    saw = seen(sides, sees, says)
    asked = np.bincount(sides.annotator, sides.weight, annotators) + prior
    guessed = np.bincount(sides.annotator, sides.weight - right * saw, annotators) + prior
    made = np.zeros((annotators, k, k))
    made[:, 0, 0] = asked * sees * (1 - sees)
    free = says[:, : k - 1]
    made[:, 1:, 1:] = guessed[:, None, None] * (free[:, :, None] * np.eye(k - 1) - free[:, :, None] * free[:, None])
    # Less what is hidden by not knowing whether a right answer was seen or guessed.
    away = np.concatenate([np.ones((len(saw), 1)), -_rest(sides, says)], axis=1)
    doubt = right * saw * (1 - saw)
    for x in range(k):
        for y in range(k):
            made[:, x, y] -= np.bincount(sides.annotator, doubt * away[:, x] * away[:, y], annotators)
    return made


def _rest(sides: Sides, says: Floats) -> Floats:
    """The score of the logits of `says` where a row was guessed, [n, K - 1]."""
    free = says.shape[1] - 1
    return np.asarray((sides.answer[:, None] == np.arange(free)) - says[sides.annotator, :free])


def _scores(sides: Sides, sees: Floats, says: Floats) -> Floats:
    """Every row's score if each class were the item's, [K true, n, K]."""
    k = says.shape[1]
    claim = sides.side()[np.arange(len(sides.item)), sides.answer]
    made = np.empty((k, len(claim), k))
    for true in range(k):
        saw = np.where(claim == true, seen(sides, sees, says), 0.0)
        made[true, :, 0] = saw - sees[sides.annotator]
        made[true, :, 1:] = (1 - saw)[:, None] * _rest(sides, says)
    return made * sides.weight[:, None]


def _by_item(sides: Sides, score: Floats) -> csr_array[Any, tuple[int, int]]:
    """Scores of rows [n, K] summed by item, sparse [items, A K]."""
    from scipy.sparse import csr_array

    k = score.shape[1]
    column = (sides.annotator[:, None] * k + np.arange(k)).ravel()
    shape = (len(sides.gold), sides.annotators * k)
    return csr_array((score.ravel(), (np.repeat(sides.item, k), column)), shape=shape)


def _definite(matrix: Floats) -> Floats:
    """The matrix, [.., P, P], with the least ridge that makes it definite where a fit stopped short of a maximum."""
    least = np.linalg.eigvalsh(matrix)[..., 0]
    ridge = np.maximum(1e-3 - least, 0.0)
    return np.asarray(matrix + ridge[..., None, None] * np.eye(matrix.shape[-1]))
