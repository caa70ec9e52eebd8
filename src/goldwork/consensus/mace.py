"""MACE: an annotator either knows the answer or gives one out of habit.

With probability theta_a annotator a gives the true category, else one drawn from the annotator's own habit xi_a,
whatever the item (Hovy et al. 2013, NAACL, 1120-1130). theta_a has a Beta prior, xi_a a Dirichlet prior that adds
`habit` to every count. The prevalence of categories is learned, or `even`, as in the paper, which costs dearly where
one category is rare. EM over answers and habits from the vote shares on.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "mace")
    >>> consensus.converged, round(float(consensus.annotators.more["competence"][0]), 2)
    (True, 0.91)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.choices import adopt_rows, few_classes, finish
from goldwork.consensus.coins import describe_coins
from goldwork.consensus.hidden import Answers, Search, Statistics, at_least, fit
from goldwork.consensus.kernel import TINY
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats, Floats]
"""Prevalence [K], competence [A] and habit [A, K]."""


@consensus("mace")
def mace(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    competence: float = 0.5,
    habit: float = 0.1,
    even: bool = False,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    restarts: int = 0,
    start: Consensus | None = None,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """MACE by EM. `competence`: what the prior adds to both sides of theta; `habit`: to every count of a habit.

    `even`: all categories are as likely beforehand. The rest as in dawid-skene.
    """
    at_least("competence", competence, 0)
    at_least("habit", habit, 0)
    few_classes("mace", table)
    model = Habits(table, competence, habit, even=even)
    fitted = fit(Answers(table, gold), model, Search(max_iterations, tolerance, restarts, seed, start))
    prevalence, theta, xi = fitted.parameters
    confusion = model.confusion(theta, xi)
    hits = np.einsum("att->at", confusion)
    known = describe_coins(table, fitted.probabilities, prevalence, hits, confusion, intervals=intervals)
    known = dataclasses.replace(known, more={"competence": theta})
    state = {"annotators": table.annotators, "categories": table.coded()[1], "prevalence": prevalence}
    state |= {"competence": theta, "habit": xi}
    return finish("mace", table, gold, fitted, prevalence, known, state, ambiguity=ambiguity)


class Habits:
    """The model over one table."""

    def __init__(self, table: Judgements, competence: float, habit: float, *, even: bool) -> None:
        self.table, self.competence, self.habit, self.even = table, competence, habit, even
        self.k = len(table.coded()[1])
        self.classes = np.arange(self.k, dtype=np.int32)

    def confusion(self, theta: Floats, xi: Floats) -> Floats:
        """[A, K true, K answered]."""
        return np.asarray(theta[:, None, None] * np.eye(self.k) + ((1 - theta)[:, None] * xi)[:, None, :])

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """The vote shares."""
        return shares

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """Right answers are shared out between knowing and habit; wrong ones are habit."""
        own = np.einsum("att->at", statistics.counts)
        said = statistics.counts.sum(axis=2)
        theta, xi = last[1:] if last is not None else self._first(own, said)
        lucky = (1 - theta)[:, None] * xi
        known = own * theta[:, None] / np.maximum(theta[:, None] + lucky, TINY)
        habit = said - known
        knew = known.sum(axis=1) + self.competence
        size = said.sum(axis=1) + 2 * self.competence
        theta = np.divide(knew, size, out=np.full_like(knew, 0.5), where=size > 0)
        weights = habit + self.habit
        total = weights.sum(axis=1, keepdims=True)
        even = np.full_like(weights, 1 / max(self.k, 1))
        prevalence = statistics.totals / max(statistics.totals.sum(), TINY)
        prevalence = np.full(self.k, 1 / max(self.k, 1)) if self.even else prevalence
        return prevalence, theta, np.divide(weights, total, out=even, where=total > 0)

    def _first(self, own: Floats, said: Floats) -> tuple[Floats, Floats]:
        share = own.sum(axis=1) / np.maximum(said.sum(axis=1), TINY)
        return np.clip(share, 0.1, 0.9), np.full_like(said, 1 / max(self.k, 1))

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The confusions that knowing and habits make, and the log prior."""
        prevalence, theta, xi = parameters
        beside = 0.0
        if self.competence:
            beside += self.competence * float(np.log(np.maximum(theta * (1 - theta), TINY)).sum())
        if self.habit:
            beside += self.habit * float(np.log(np.maximum(xi, TINY)).sum())
        return self.confusion(theta, xi).transpose(0, 2, 1), prevalence, beside

    def adopt(self, state: Mapping[str, Any]) -> Parameters | None:
        """The earlier prevalence, competences and habits by name."""
        theta = adopt_rows(self.table, state, "competence")
        xi = adopt_rows(self.table, state, "habit")
        return None if theta is None or xi is None else (np.asarray(state["prevalence"]), theta, xi)
