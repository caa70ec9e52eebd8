"""The race of annotators to the truth: who of them err by how much, and whose answer to an item is the best one.

Annotator a's answers lie at a distance d from the truth, and d^shape has an exponential distribution with the rate
r_a. Of an item's answers the one nearest to the truth is the best one. It is annotator a's with probability
r_a / (sum of the rates of the item's annotators), and because exponential distances have no memory, the others'
distances beyond it have the rates that they had. So, with z the best answer,

    L_i = sum over z of (r_z / sum_b r_b) * product over b != z of r_b exp(-r_b d(y_b, z)^shape)

That the best answer's author is not counted as being at distance 0 keeps an annotator from being taken for the truth
by being chosen. Where gold says the truth g, L_i = product over b of r_b exp(-r_b d(y_b, g)^shape).
Rates have a gamma prior that is worth `prior` judgements at half the mean distance of two answers.

EM over z; the sum of rates is met by a minorant, 1 / sum_b r_b being the distance of the best answer from the truth
that is expected (Hunter 2004, Annals of Statistics 32, 384-406). The model is goldwork's own; annotators' scales of
error learned from distances alone: Braylan and Lease 2020, The Web Conference, 1807-1818.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.em import Fit, fit
from goldwork.consensus.result import Consensus
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

SHAPES = (1.0, 3.0)
"""Between these the shape is chosen; 1 is the exponential distribution, 2 that of a distance in a plane."""
LEAST_SCALE = 1e-3
"""Distances count as at least so large on average, also where all say the same."""


@dataclasses.dataclass(frozen=True, eq=False)
class Apart:
    """The distances within the items of a table with n judgements.

    - `first`, `second` [P]: places of every two judgements of an item, each pair once; `distance` [P], in [0, 1]
    - `known`: bool [I], whether gold gives the item's answer; `from_gold` [n], the distance from that, else nan
    """

    table: Judgements
    first: Places
    second: Places
    distance: Floats
    known: npt.NDArray[np.bool_]
    from_gold: Floats

    @property
    def each(self) -> tuple[Places, Places, Floats]:
        """Every pair both ways: of, to, distance; [2 P]."""
        of, to = np.r_[self.first, self.second], np.r_[self.second, self.first]
        return of, to, np.r_[self.distance, self.distance]

    def summed(self, values: Floats, power: float = 1.0) -> Floats:
        """For each judgement the sum over the item's others of their value times their distance^power, [n]."""
        apart = self.distance**power
        size = len(self.table)
        return np.asarray(
            np.bincount(self.first, apart * values[self.second], size)
            + np.bincount(self.second, apart * values[self.first], size)
        )

    def together(self, values: Floats) -> Floats:
        """For each judgement the sum of the values of it and of the item's others that say the same, [n]."""
        one, two = self.first[same := self.distance == 0], self.second[same]
        return np.asarray(
            values + np.bincount(one, values[two], len(values)) + np.bincount(two, values[one], len(values))
        )

    def best(self, score: Floats, tolerance: float) -> tuple[Places, npt.NDArray[np.bool_]]:
        """The judgement [I] with the highest score of each item, and whether another answer reaches as high.

        What reaches as high within `tolerance` goes by how often it was given in these words, then by its category.
        """
        table = self.table
        codes, categories = table.coded()
        top = np.full(len(table.items), -np.inf)
        np.maximum.at(top, table.item, score)
        high = score >= top[table.item] - tolerance
        _, word, often = np.unique(
            table.item * np.int64(max(len(categories), 1)) + codes, return_inverse=True, return_counts=True
        )
        order = np.lexsort((codes, -often[word], ~high, table.item))
        chosen = order[np.r_[0, np.cumsum(table.per_item())[:-1]]] if len(order) else order
        tied = high[self.first] & high[self.second] & (self.distance > 0)
        return chosen, np.bincount(table.item[self.first[tied]], minlength=len(table.items)) > 0


def shape_of_distances(apart: Apart) -> float:
    """The shape of the Weibull distribution whose coefficient of variation is that of the distances.

    Of every item they are those of the other answers from the one nearest to all. Between the ends of SHAPES.
    """
    table = apart.table
    middle, _ = apart.best(-apart.summed(np.ones(len(table))), 1e-9)
    is_middle = np.zeros(len(table), bool)
    is_middle[middle] = True
    distances = apart.distance[is_middle[apart.first] | is_middle[apart.second]]
    mean = float(distances.mean()) if len(distances) else 0.0
    if len(distances) < 2 or mean <= 0:
        return SHAPES[0]
    variation = float(np.sqrt(((distances - mean) ** 2).mean())) / mean
    low, high = SHAPES
    for _ in range(40):
        middling = (low + high) / 2
        wider = math.gamma(1 + 2 / middling) / math.gamma(1 + 1 / middling) ** 2 - 1 > variation**2
        low, high = (middling, high) if wider else (low, middling)
    return round(low, 6)


class Race:
    """The model over one table, as `em.fit` needs it; its probabilities are [n], of each judgement being the best."""

    def __init__(self, apart: Apart, shape: float, prior: float, rates: Floats | None = None) -> None:
        table = apart.table
        self.apart, self.shape, self.prior = apart, shape, prior
        self.weight = table.weights()
        self.open = ~apart.known[table.item]
        self.raced = ~apart.known & (table.per_item() > 1)  # an answer without another says nothing of anybody
        self.tells = (self.raced | apart.known)[table.item]
        pairs = apart.distance**shape
        self.scale = max(float(pairs.mean()) / 2, LEAST_SCALE) if len(pairs) else 1.0
        self.from_gold = np.where(self.open, 0.0, np.nan_to_num(apart.from_gold) ** shape)
        self.counts = np.bincount(table.annotator, self.weight * self.tells, len(table.annotators))
        self.given = rates is not None
        self.rates = np.full(len(table.annotators), 1 / self.scale)
        if rates is not None:
            self.rates = np.where(np.isnan(rates), self.rates, rates)

    def start(self) -> Floats:
        """Every judgement by its weight; by the rates where these are given."""
        return self.expect(self.rates)[0] if self.given else self._normal(np.log(self.weight))[0]

    def maximise(self, probabilities: Floats) -> Floats:
        """Rates that are more probable: judgements, and the prior's, over their distances."""
        table = self.apart.table
        least = 1 / self._sums(self.rates)
        far = np.where(self.open, self.apart.summed(probabilities, self.shape) + least[table.item], self.from_gold)
        total = np.bincount(table.annotator, self.weight * self.tells * far, len(self.counts))
        self.rates = (self.prior + self.counts) / np.maximum(self.prior * self.scale + total, 1e-300)
        return self.rates

    def expect(self, rates: Floats) -> tuple[Floats, float]:
        """Which judgement is the best, and the log posterior of the rates."""
        probabilities, evidence = self._normal(self.scores(rates))
        logs = np.log(rates)
        value = float((evidence - np.log(self._sums(rates)))[self.raced].sum())
        value += float(self.counts @ logs) + self.prior * float((logs - self.scale * rates).sum())
        value -= float((self.weight * rates[self.apart.table.annotator]) @ self.from_gold)
        return probabilities, value

    def scores(self, rates: Floats) -> Floats:
        """The log probability of each judgement of being the best of its item, but for the item's constant; [n]."""
        each = self.weight * rates[self.apart.table.annotator]
        return np.log(self.weight) - self.apart.summed(each, self.shape)

    def _sums(self, rates: Floats) -> Floats:
        """The sum of the rates of an item's annotators, [I]."""
        table = self.apart.table
        return np.asarray(np.bincount(table.item, self.weight * rates[table.annotator], len(table.items)))

    def _normal(self, scores: Floats) -> tuple[Floats, Floats]:
        """Scores as probabilities within items, 0 where gold says the answer, and the log of each item's sum."""
        item, size = self.apart.table.item, len(self.apart.table.items)
        top = np.full(size, -np.inf)
        np.maximum.at(top, item, scores)
        made = np.exp(scores - top[item])
        total = np.bincount(item, made, size)
        return np.where(self.open, made / total[item], 0.0), np.log(total) + top


@dataclasses.dataclass(frozen=True, eq=False)
class Raced:
    """A fit: `fitted` with the probabilities [n] and rates [A], and what it was fitted with."""

    model: Race
    fitted: Fit[Floats]

    @property
    def rates(self) -> Floats:
        """Of each annotator; one over it is the expected distance^shape from the truth."""
        return self.fitted.parameters

    @property
    def state(self) -> Mapping[str, Any]:
        """The parameters by name, from which a later fit may start."""
        return {"annotators": self.model.apart.table.annotators, "rates": self.rates, "shape": self.model.shape}


def race(
    apart: Apart,
    *,
    shape: float | None,
    prior: float,
    max_iterations: int,
    tolerance: float,
    start: Consensus | None = None,
) -> Raced:
    """Fit the model. Raises InputError for an option out of its range."""
    check_options(prior=(prior, 0.1), max_iterations=(max_iterations, 1), tolerance=(tolerance, 0))
    if shape is not None:
        check_options(shape=(shape, 0.1))
    chosen = shape_of_distances(apart) if shape is None else float(shape)
    model = Race(apart, chosen, float(prior), None if start is None else rates_of(start, apart.table.annotators))
    return Raced(model, fit(model, max_iterations=max_iterations, tolerance=tolerance * len(apart.table)))


def rates_of(start: Consensus, annotators: npt.NDArray[Any]) -> Floats:
    """The rates that an earlier result learned, nan for new annotators. Raises InputError where it learned none."""
    if not {"annotators", "rates"} <= start.state.keys():
        raise InputError(f"start is a result of {start.method}, which says nothing of annotators' distances.")
    known = dict(zip(start.state["annotators"].tolist(), start.state["rates"].tolist(), strict=True))
    return np.array([known.get(name, np.nan) for name in annotators.tolist()], np.float64)


def check_options(**options: tuple[float, float]) -> None:
    """Raise InputError for an option, given with its least value, that is below it or no number."""
    for name, (value, least) in options.items():
        if not least <= value < math.inf:
            raise InputError(f"{name} must be a number from {least:g} on. Got {value!r}.")


def checked(distances: Sequence[float] | Floats) -> Floats:
    """Distances as an array. Raises InputError for one that does not lie between 0 and 1."""
    measured = np.asarray(distances, np.float64)
    wrong = measured[~((measured >= 0) & (measured <= 1))]
    if len(wrong):
        raise InputError(f"a distance must lie between 0 and 1. Got {wrong[0]:g}: divide by the greatest one there is.")
    return measured
