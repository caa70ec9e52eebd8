"""Two-coin Dawid-Skene: every annotator is right with a probability of their own for each true category.

Annotator a gives the true category t with probability theta_a(t), else errs in the direction delta(t, l) that all
annotators share. With two categories these are sensitivity and specificity (Raykar et al. 2010, Journal of Machine
Learning Research 11, 1297-1322); with more, annotators cost K figures each and not K squared, which few judgements can
carry. theta has a Beta prior with the mode `accuracy` and a weight of `strength` judgements, each row of delta a
Dirichlet prior that adds 1 to every count.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "two-coin")
    >>> consensus.converged, round(consensus.annotators.to_records()[0]["accuracy"], 2)
    (True, 0.9)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.choices import adopt_rows, few_classes, finish
from goldwork.consensus.coins import confusion_of, describe_coins
from goldwork.consensus.hidden import Answers, Search, Statistics, at_least, fit
from goldwork.consensus.kernel import TINY
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats, Floats]
"""Prevalence [K], hits [A, K] and the direction of errors [K true, K answered], 0 on its diagonal."""


@consensus("two-coin")
def two_coin(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    accuracy: float = 0.7,
    strength: float = 2.0,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    restarts: int = 0,
    start: Consensus | None = None,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """Two-coin Dawid-Skene by EM. `accuracy` and `strength` say the prior; the rest as in dawid-skene."""
    at_least("accuracy", accuracy, 0)
    at_least("strength", strength, 0)
    few_classes("two-coin", table)
    fitted = fit(
        Answers(table, gold),
        ClassCoins(table, accuracy, strength),
        Search(max_iterations, tolerance, restarts, seed, start),
    )
    prevalence, hits, direction = fitted.parameters
    confusion = confusion_of(hits, direction)
    known = describe_coins(table, fitted.probabilities, prevalence, hits, confusion, intervals=intervals)
    state = {"annotators": table.annotators, "categories": table.coded()[1], "prevalence": prevalence, "hits": hits}
    state |= {"direction": direction}
    return finish("two-coin", table, gold, fitted, prevalence, known, state, ambiguity=ambiguity)


class ClassCoins:
    """The model over one table."""

    def __init__(self, table: Judgements, accuracy: float, strength: float) -> None:
        self.table = table
        self.k = len(table.coded()[1])
        self.classes = np.arange(self.k, dtype=np.int32)
        self.right, self.wrong = accuracy * strength, (1 - min(accuracy, 1.0)) * strength

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """The vote shares."""
        return shares

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """Expected counts and the priors', as shares."""
        counts = statistics.counts.transpose(0, 2, 1)
        own = np.einsum("att->at", counts)
        right = own + self.right
        size = counts.sum(axis=2) + self.right + self.wrong
        hits = np.divide(right, size, out=np.full_like(right, 0.5), where=size > 0)
        astray = (counts.sum(axis=0) + 1) * (1 - np.eye(self.k))
        direction = astray / np.maximum(astray.sum(axis=1, keepdims=True), TINY)
        return statistics.totals / max(statistics.totals.sum(), TINY), hits, direction

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The confusions that the coins make, and the log prior."""
        prevalence, hits, direction = parameters
        logs = self.right * np.log(np.maximum(hits, TINY)) + self.wrong * np.log(np.maximum(1 - hits, TINY))
        off = ~np.eye(self.k, dtype=bool)
        beside = float(logs.sum()) + float(np.log(np.maximum(direction[off], TINY)).sum())
        return confusion_of(hits, direction).transpose(0, 2, 1), prevalence, beside

    def adopt(self, state: Mapping[str, Any]) -> Parameters | None:
        """The earlier hits by name."""
        hits = adopt_rows(self.table, state, "hits")
        return None if hits is None else (np.asarray(state["prevalence"]), hits, np.asarray(state["direction"]))
