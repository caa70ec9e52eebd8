"""How much more often a group says something than others on the same items, with people as the unit.

A linear mixed model of an outcome y of person j at item i,

    y_ij = m_i + b g_j + a_j + e_ij,      a_j ~ (0, r s^2),  e_ij ~ (0, (1 - r) s^2)

with a free effect m_i of every item (so it does not matter that groups judged different items), the group's g_j (1 or
0) and a random effect a_j of every person. r is estimated by moments from the outcomes less their items' means: the
mean product of two answers of one person over the mean square. Answers weigh w_j = 1 / (1 + (n_j - 1) r), with n_j the
person's answers: generalised least squares but for the correlation. Then, with means over an item weighted,

    b = sum w (g - g_i)(y - y_i) / D,    D = sum w (g - g_i)^2
    S_j = sum over the answers of j of w (g - g_i)(y - y_i - b (g - g_i))
    V = J / (J - 1) sum over people of (S_j / (1 - h_j))^2 / D^2

with h_j the person's share of D. V holds whatever the correlation within a person is (Liang and Zeger 1986, Biometrika
73, 13-22; the leverage h_j as in Bell and McCaffrey 2002, Survey Methodology 28, 169-181). Moments instead of maximum
likelihood, since outcomes of 0 and 1 are not normal, and b and V need no normality.

**The test** draws permutations of the group among the people, all their answers kept together, and compares t = b /
sqrt(V) with those drawn: exact where people are exchangeable, right in large groups also where the groups' spreads
differ (Janssen 1997, Statistics and Probability Letters 36, 9-21). **The interval** is b -+ q sqrt(V), with q the 95 %
quantile of the drawn |t|.

    >>> item, person = np.divmod(np.arange(400), 20)
    >>> said = np.random.default_rng(0).random(400) < np.where(person < 10, 0.7, 0.3)
    >>> found = effect(item, person, said * 1.0, np.arange(20) < 10, seed=1)
    >>> round(found.difference, 2), round(found.low, 2), round(found.high, 2), round(found.p_value, 4)
    (0.43, 0.35, 0.52, 0.0005)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]

DRAWS = 1999
FEWEST = 199
WORK = 200_000_000
"""Judgements times permutations: of large tables fewer are drawn, which need them less."""
CELLS = 4_000_000
"""Numbers held at once for one quantity: items times permutations."""
NEAR = 1e-9
"""What differs relatively by less is the same."""
MOST = 0.95
"""The correlation within a person, and a person's share of D, are taken to be at most that."""


@dataclasses.dataclass(frozen=True)
class Effect:
    """The group's outcome, others', and the difference with its interval; nan where nothing varies."""

    group: float
    others: float
    difference: float
    low: float
    high: float
    p_value: float


def effect(
    item: Codes, person: Codes, values: Floats, member: npt.NDArray[np.bool_], *, seed: int = 0, draws: int = DRAWS
) -> Effect | None:
    """As `effects`, of one outcome."""
    found = effects(item, person, [values], member, seed=seed, draws=draws)
    return found[0] if found else None


def effects(
    item: Codes,
    person: Codes,
    outcomes: Sequence[Floats],
    member: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[Effect]:
    """The effect of being a `member` [persons] on each outcome [n]; none where no item was judged by both sides.

    `item` and `person` are codes [n]; no person judged an item twice. One r, the mean over outcomes, weighs all of
    them: so the differences of classes that exclude each other add up to 0.
    """
    draws = max(min(draws, FEWEST), min(draws, WORK // max(len(item), 1)))
    fitted = _Fit(item, person, outcomes, len(member))
    rng = np.random.default_rng(seed)
    actual, error = (part[:, 0] for part in fitted.estimate(member[:, None].astype(np.float64)))
    if np.isnan(actual).all():
        return []
    lots = np.empty((len(outcomes), draws))
    step = max(1, min(draws, CELLS // max(fitted.items, 1)))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        sides = rng.permuted(np.tile(member.astype(np.float64), (size, 1)), axis=1).T
        with np.errstate(invalid="ignore", divide="ignore"):
            estimates, errors = fitted.estimate(sides)
            lots[:, start : start + size] = np.abs(estimates / errors)
    lots = np.where(np.isnan(lots), np.inf, lots)  # a draw that says nothing speaks for nothing
    share = fitted.share(member)
    return [
        _effect(float(actual[k]), float(error[k]), lots[k], float(mean), share) for k, mean in enumerate(fitted.means)
    ]


def _effect(difference: float, error: float, lots: Floats, mean: float, share: float) -> Effect:
    """What an estimate is, beside those of the draws."""
    t = abs(difference) / error if error > 0 else np.inf if difference else 0.0
    quantile = float(np.sort(lots)[min(len(lots), int(np.ceil(0.95 * (len(lots) + 1)))) - 1])
    half = quantile * error if error > 0 and np.isfinite(quantile) else np.nan
    return Effect(
        group=mean + difference * (1 - share),
        others=mean - difference * share,
        difference=difference,
        low=difference - half,
        high=difference + half,
        p_value=(1 + int((lots >= t * (1 - NEAR)).sum())) / (len(lots) + 1),
    )


class _Fit:
    """All that does not hang on who is a member; `estimate` then takes many divisions at once."""

    def __init__(self, item: Codes, person: Codes, outcomes: Sequence[Floats], persons: int) -> None:
        from scipy.sparse import csr_array

        self.items = int(item.max()) + 1
        self.persons = persons
        plain = np.ones(len(item))
        left = [values - _item_means(item, values, plain, self.items)[item] for values in outcomes]
        within = float(np.mean([_within(person, one, persons) for one in left]))
        each = 1 / (1 + (np.bincount(person, minlength=persons) - 1) * within)
        weights = each[person]
        left = [values - _item_means(item, values, weights, self.items)[item] for values in outcomes]
        shape = (persons, self.items)
        self.weighed: Any = csr_array((weights, (person, item)), shape)
        self.turned: Any = self.weighed.T.tocsr()
        self.said: list[Any] = [csr_array((weights * one, (person, item)), shape) for one in left]
        self.of_item = np.bincount(item, weights, self.items)
        self.of_person = np.bincount(person, weights, persons)
        self.sums = np.stack([np.bincount(person, weights * one, persons) for one in left])
        self.means = np.array([float((weights * values).sum() / weights.sum()) for values in outcomes])

    def share(self, member: npt.NDArray[np.bool_]) -> float:
        """The members' share of all weight."""
        return float(self.of_person[member].sum() / self.of_person.sum())

    def estimate(self, sides: Floats) -> tuple[Floats, Floats]:
        """[outcomes, columns]: difference and standard error for each column of `sides` [persons, columns] of 1 and 0.

        Every item has weight, since every item of the codes was judged.
        """
        means = (self.turned @ sides) / self.of_item[:, None]
        squared = means**2
        spread = self.of_person @ sides - self.of_item @ squared
        spread = np.where(spread > NEAR * self.of_person.sum(), spread, np.nan)
        bend = sides * (self.of_person[:, None] - 2 * (self.weighed @ means)) + self.weighed @ squared
        kept = 1 - np.minimum(bend / spread, MOST)
        differences, errors = np.empty((2, len(self.said), sides.shape[1]))
        for k, said in enumerate(self.said):
            differences[k] = (self.sums[k] @ sides) / spread
            scores = (sides * self.sums[k][:, None] - said @ means - differences[k] * bend) / kept
            errors[k] = np.sqrt((scores**2).sum(axis=0) * self.persons / (self.persons - 1)) / spread
        return differences, errors


def _item_means(item: Codes, values: Floats, weights: Floats, items: int) -> Floats:
    total = np.bincount(item, weights, items)
    return np.asarray(np.bincount(item, weights * values, items) / np.where(total > 0, total, 1))


def _within(person: Codes, left: Floats, persons: int) -> float:
    """The correlation of two answers of one person beyond their items, by moments; 0 to MOST."""
    number = np.bincount(person, minlength=persons)
    pairs = float((number * (number - 1.0)).sum())
    square = float((left**2).sum())
    if not pairs or square <= 0:
        return 0.0
    products = float((np.bincount(person, left, persons) ** 2).sum()) - square
    return float(np.clip(products / pairs / (square / len(left)), 0.0, MOST))
