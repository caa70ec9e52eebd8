"""Dawid-Skene: every annotator has a confusion of their own, and the answers are inferred together with them.

Item i has the true category t with prevalence pi_t; annotator a answers l to it with probability theta_a(t, l),
independently given t. The prevalence and each row of theta have a Dirichlet prior that adds `smoothing` to every
count. EM finds the most probable parameters from the vote shares on (Dawid and Skene 1979, Applied Statistics 28,
20-28; priors as in Raykar et al. 2010, Journal of Machine Learning Research 11, 1297-1322).

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": label}
    ...     for annotator, labels in {"ann": "aabbab", "bob": "aabbab", "cam": "abbaab", "dot": "bbbaba"}.items()
    ...     for item, label in enumerate(labels)
    ... )
    >>> consensus = infer_consensus(table, "dawid-skene")
    >>> "".join(consensus.labels), consensus.converged
    ('aabbab', True)
    >>> [record["annotator"] for record in consensus.annotators.to_records() if record["accuracy"] < 0.5]
    ['dot']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.choices import adopt_rows, few_classes, finish
from goldwork.consensus.hidden import Answers, Search, Statistics, at_least, fit
from goldwork.consensus.information import describe
from goldwork.consensus.kernel import TINY
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats]
"""Prevalence [K] and confusion [A, K true, K answered]."""


@consensus("dawid-skene")
def dawid_skene(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    smoothing: float = 0.1,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    restarts: int = 0,
    start: Consensus | None = None,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """Dawid-Skene by EM. Options:

    - `smoothing`: what the prior adds to each count, 0 or more; 0 gives the maximum-likelihood fit of the paper
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `restarts`: further starts, random ones; the best fit is kept. `start`: an earlier result to go on from
    - `intervals`, `ambiguity`: whether to work those out
    """
    at_least("smoothing", smoothing, 0)
    few_classes("dawid-skene", table)
    search = Search(max_iterations, tolerance, restarts, seed, start)
    fitted = fit(Answers(table, gold), Confusions(table, float(smoothing)), search)
    prevalence, confusion = fitted.parameters
    known = describe(table, fitted.probabilities, prevalence, confusion, smoothing, intervals=intervals)
    state = {"annotators": table.annotators, "categories": table.coded()[1], "prevalence": prevalence}
    state |= {"confusion": confusion}
    return finish("dawid-skene", table, gold, fitted, prevalence, known, state, ambiguity=ambiguity)


class Confusions:
    """The model over one table."""

    def __init__(self, table: Judgements, smoothing: float) -> None:
        self.table, self.smoothing = table, smoothing
        self.classes = np.arange(len(table.coded()[1]), dtype=np.int32)

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """The vote shares."""
        return shares

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """Expected counts and the prior's, as shares."""
        prevalence = statistics.totals + self.smoothing
        counts = statistics.counts.transpose(0, 2, 1) + self.smoothing
        total = counts.sum(axis=2, keepdims=True)
        even = np.full_like(counts, 1 / max(len(self.classes), 1))
        return prevalence / max(prevalence.sum(), TINY), np.divide(counts, total, out=even, where=total > 0)

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The confusions as they are, and the log prior."""
        prevalence, confusion = parameters
        beside = 0.0
        if self.smoothing:
            logs = [float(np.log(np.maximum(part, TINY)).sum()) for part in parameters]
            beside = self.smoothing * sum(logs)
        return confusion.transpose(0, 2, 1), prevalence, beside

    def adopt(self, state: Mapping[str, Any]) -> Parameters | None:
        """The earlier confusions by name; who is new begins with the mean of the others."""
        confusion = adopt_rows(self.table, state, "confusion")
        return None if confusion is None else (np.asarray(state["prevalence"]), confusion)
