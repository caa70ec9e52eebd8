"""Expectation maximisation for items with a hidden state: what Dawid-Skene and its relatives have in common.

An item has one of S hidden states, each of which belongs to a class; given the state, annotators answer independently.
A model says its `factors`: the probability of each annotator's each answer in each state, and of each state. One pass
over the judgements then gives the expected counts of answers by state, which are all that `maximise` needs.

The objective is the log posterior of the parameters without constants, or a bound on the log evidence where a model
says so; it belongs to the parameters that gave the probabilities. EM never lowers it (Dempster, Laird and Rubin 1977,
Journal of the Royal Statistical Society B 39, 1-38).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from goldwork.consensus import kernel
from goldwork.consensus.result import Consensus
from goldwork.consensus.votes import vote_shares
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements
from goldwork.judgements.blocks import blocks

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
P = TypeVar("P")

BLOCK_ITEMS = 100_000
COMPILED_FROM = 200_000
"""Judgements times states from which on the compiled pass is worth loading."""


class Answers:
    """A table as a pass reads it: items by annotator and answer. K classes, A annotators, I items."""

    def __init__(self, table: Judgements, gold: Codes) -> None:
        codes, categories = table.coded()
        self.table, self.gold, self.k = table, gold, len(categories)
        self.annotators = len(table.annotators)
        self.rows = table.annotator * np.int32(self.k)
        self.rows += codes
        self.starts = np.r_[0, np.cumsum(table.per_item())].astype(np.int32)
        self.even = "weight" not in table.context or bool((table.weights() == 1).all())

    def counts(self, shares: Floats) -> Floats:
        """Expected counts [A, K answered, S] of answers in states that items have with probability `shares` [I, S]."""
        found = np.zeros((self.annotators * self.k, shares.shape[1]))
        if self._is_compiled(shares.shape[1]):
            kernel.count(self.starts, self.rows, shares, found)
            return found.reshape((self.annotators, self.k, shares.shape[1]))
        for begin in range(0, len(shares), BLOCK_ITEMS):
            end = min(begin + BLOCK_ITEMS, len(shares))
            found += np.asarray(self.matrix(begin, end).T @ shares[begin:end])
        return found.reshape((self.annotators, self.k, shares.shape[1]))

    def pass_over(
        self, factors: Floats, prior: Floats, classes: npt.NDArray[np.int32], out: Floats | None = None
    ) -> Statistics:
        """What follows from `factors` [A, K answered, S] and `prior` [S]; `classes` [S] are the states' classes."""
        states = len(prior)
        table = np.ascontiguousarray(factors.reshape((self.annotators * self.k, states)))
        if self._is_compiled(states):
            found = kernel.compiled(self.starts, self.rows, table, prior, self.gold, classes, out)
        else:
            found = kernel.by_matrix(self.matrix, len(self.starts) - 1, table, prior, self._banned(classes), out)
        counts, totals, evidence = found
        return Statistics(counts.reshape((self.annotators, self.k, states)), totals, evidence)

    def _is_compiled(self, states: int) -> bool:
        return self.even and len(self.rows) * states >= COMPILED_FROM and kernel.is_compiled()

    def matrix(self, begin: int, end: int) -> csr_array[Any, tuple[int, int]]:
        """Weights of the answers to these items, sparse [items, A * K]."""
        from scipy.sparse import csr_array

        first, last = self.starts[begin], self.starts[end]
        weights = np.ones(last - first) if self.even else self.table.context["weight"][first:last]
        found = weights, self.rows[first:last], self.starts[begin : end + 1] - first
        return csr_array(found, shape=(end - begin, self.annotators * self.k))

    def _banned(self, classes: npt.NDArray[np.int32]) -> Any:
        def banned(begin: int, end: int) -> npt.NDArray[np.bool_] | None:
            gold = self.gold[begin:end, None]
            return (gold >= 0) & (gold != classes) if (gold >= 0).any() else None

        return banned


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Expected `counts` [A, K answered, S], `totals` [S] of items by state, and the log `evidence` of all items."""

    counts: Floats
    totals: Floats
    evidence: float = 0.0


class Model(Protocol[P]):
    """What EM needs of a model with parameters of type P."""

    classes: npt.NDArray[np.int32]
    """The class of each state, [S]."""

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """States' probabilities [I, S] from those of classes [I, K]; `rng` where the start is to differ."""

    def maximise(self, statistics: Statistics, last: P | None) -> P:
        """The best parameters for these statistics; at least as good as `last`."""

    def factors(self, parameters: P) -> tuple[Floats, Floats, float]:
        """Factors [A, K answered, S], prior [S], and what the objective has besides the evidence."""

    def adopt(self, state: Mapping[str, Any]) -> P | None:
        """Parameters from an earlier fit's `state`; None where it cannot be used."""


@dataclasses.dataclass(frozen=True)
class Fit(Generic[P]):
    """Where EM ended: `probabilities` [I, K] of classes and `states` [I, S] follow from `parameters`.

    `majority` [I] is the class with most votes.
    """

    parameters: P
    statistics: Statistics
    states: Floats
    probabilities: Floats
    majority: Codes
    objective: Floats
    converged: bool
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Search:
    """How EM looks for the best fit. `tolerance` is the gain of the objective per judgement that ends it."""

    max_iterations: int = 200
    tolerance: float = 1e-6
    restarts: int = 0
    seed: int = 0
    start: Consensus | None = None

    def check(self) -> None:
        """Raises InputError for what makes no sense."""
        at_least("max_iterations", self.max_iterations, 1)
        at_least("tolerance", self.tolerance, 0)
        at_least("restarts", self.restarts, 0)


def at_least(name: str, value: float, least: float) -> None:
    """Raise InputError unless an option is a number and no less than `least`."""
    if not np.isfinite(value) or value < least:
        raise InputError(f"{name} must be {least:g} or more. Got {value!r}.")


def fit(answers: Answers, model: Model[P], search: Search) -> Fit[P]:
    """The best of EM from the vote shares and from `restarts` random starts around them."""
    search.check()
    rng = np.random.default_rng(search.seed)
    earlier = model.adopt(search.start.state) if search.start is not None else None
    parameters, majority = _begin(answers, model, None)
    best = _climb(answers, model, search, parameters if earlier is None else earlier, majority)
    for _ in range(search.restarts):
        other = _climb(answers, model, search, _begin(answers, model, rng)[0], majority)
        best = other if other.objective[-1] > best.objective[-1] + 1e-9 * abs(best.objective[-1]) else best
    return best


def _begin(answers: Answers, model: Model[P], rng: np.random.Generator | None) -> tuple[P, Codes]:
    """Parameters after the votes, or after shares drawn around them, and the class with most votes of each item."""
    shares = vote_shares(answers.table, answers.gold)
    majority = best_of(shares)
    begin = model.start(shares if rng is None else _perturbed(shares, answers.gold, rng), rng)
    return model.maximise(Statistics(answers.counts(begin), begin.sum(axis=0)), None), majority


def _climb(answers: Answers, model: Model[P], search: Search, parameters: P, majority: Codes) -> Fit[P]:
    objective: list[float] = []
    converged = False
    while True:
        factors, prior, beside = model.factors(parameters)
        statistics = answers.pass_over(factors, prior, model.classes)
        value = statistics.evidence + beside
        converged = bool(objective) and value - objective[-1] < search.tolerance * len(answers.rows)
        objective.append(value)
        if converged or len(objective) >= search.max_iterations:
            break
        parameters = model.maximise(statistics, parameters)
    out = np.zeros((len(answers.starts) - 1, len(model.classes)))
    statistics = answers.pass_over(factors, prior, model.classes, out)
    found = _by_class(out, model.classes, answers.k)
    warnings = () if converged else (_unfinished(objective),)
    return Fit(parameters, statistics, out, found, majority, np.array(objective), converged, warnings)


def best_of(shares: Floats) -> Codes:
    """The class with the largest share of each item, the first of several, [I]."""
    best = np.zeros(len(shares), np.int32)
    for part in blocks(len(shares) if shares.size else 0):
        best[part] = shares[part].argmax(axis=1)
    return best


def _perturbed(shares: Floats, gold: Codes, rng: np.random.Generator) -> Floats:
    """Shares that differ from start to start: each item's drawn around its votes."""
    drawn = rng.standard_gamma(0.3 + 2 * shares)
    drawn /= np.maximum(drawn.sum(axis=1, keepdims=True), kernel.TINY)
    drawn[gold >= 0] = shares[gold >= 0]
    return np.asarray(drawn)


def _by_class(states: Floats, classes: npt.NDArray[np.int32], k: int) -> Floats:
    if len(classes) == k and (classes == np.arange(k)).all():
        return states
    member = np.zeros((len(classes), k))
    member[np.arange(len(classes)), classes] = 1
    return np.asarray(states @ member)


def _unfinished(objective: list[float]) -> str:
    gain = f" (the last one gained {objective[-1] - objective[-2]:.2g})" if len(objective) > 1 else ""
    return f"The fit had not converged after {len(objective)} iterations{gain}. Allow more with max_iterations."
