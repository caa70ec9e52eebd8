"""One-coin Dawid-Skene: every annotator is right with one probability, and wrong answers are all as likely.

Item i has the true category t with prevalence pi_t; annotator a gives it with probability theta_a, else each of the
K - 1 others alike (the homogeneous model of Zhang, Chen, Zhou and Jordan 2016, Journal of Machine Learning Research
17, 1-44; Raykar and Yu 2012, JMLR 13, 491-518). theta_a has a Beta prior with the mode `accuracy` and a weight of
`strength` judgements. EM from the vote shares on.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "one-coin")
    >>> consensus.converged, round(consensus.annotators.to_records()[0]["accuracy"], 2)
    (True, 0.93)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.choices import adopt_rows, few_classes, finish
from goldwork.consensus.coins import confusion_of, describe_coins, even_direction
from goldwork.consensus.hidden import Answers, Search, Statistics, at_least, fit
from goldwork.consensus.kernel import TINY
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats]
"""Prevalence [K] and accuracy [A]."""


@consensus("one-coin")
def one_coin(
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
    """One-coin Dawid-Skene by EM. `accuracy` and `strength` say the prior; the rest as in dawid-skene."""
    at_least("accuracy", accuracy, 0)
    at_least("strength", strength, 0)
    few_classes("one-coin", table)
    model = Coins(table, accuracy, strength)
    fitted = fit(Answers(table, gold), model, Search(max_iterations, tolerance, restarts, seed, start))
    prevalence, hits = fitted.parameters
    confusion = model.confusion(hits)
    known = describe_coins(table, fitted.probabilities, prevalence, hits[:, None], confusion, intervals=intervals)
    state = {"annotators": table.annotators, "categories": table.coded()[1], "prevalence": prevalence, "hits": hits}
    return finish("one-coin", table, gold, fitted, prevalence, known, state, ambiguity=ambiguity)


class Coins:
    """The model over one table."""

    def __init__(self, table: Judgements, accuracy: float, strength: float) -> None:
        self.table = table
        self.k = len(table.coded()[1])
        self.classes = np.arange(self.k, dtype=np.int32)
        self.right, self.wrong = accuracy * strength, (1 - min(accuracy, 1.0)) * strength

    def confusion(self, hits: Floats) -> Floats:
        """[A, K true, K answered]."""
        return confusion_of(np.repeat(hits[:, None], self.k, axis=1), even_direction(self.k))

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """The vote shares."""
        return shares

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """Expected right answers and the prior's, as shares."""
        right = np.einsum("att->a", statistics.counts) + self.right
        size = statistics.counts.sum(axis=(1, 2)) + self.right + self.wrong
        hits = np.divide(right, size, out=np.full_like(right, 0.5), where=size > 0)
        return statistics.totals / max(statistics.totals.sum(), TINY), hits

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The confusions that the coins make, and the log prior."""
        prevalence, hits = parameters
        logs = self.right * np.log(np.maximum(hits, TINY)) + self.wrong * np.log(np.maximum(1 - hits, TINY))
        return self.confusion(hits).transpose(0, 2, 1), prevalence, float(logs.sum())

    def adopt(self, state: Mapping[str, Any]) -> Parameters | None:
        """The earlier accuracies by name."""
        hits = adopt_rows(self.table, state, "hits")
        return None if hits is None else (np.asarray(state["prevalence"]), hits)
