"""Hierarchical Dawid-Skene: annotators differ, but around what they have in common.

The model is Dawid-Skene's; the prior of each row of an annotator's confusion is a Dirichlet distribution around the
confusion that all annotators share, worth `strength` judgements. Who judged little is taken for an annotator like the
others; who judged much is known by their own answers. The shared confusion comes first, from a fit in which all
annotators are one (empirical Bayes; the hierarchical models compared by Paun et al. 2018, Transactions of the
Association for Computational Linguistics 6, 571-585, sample it instead). EM from the vote shares on.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "hierarchical-dawid-skene")
    >>> consensus.converged, round(consensus.annotators.to_records()[0]["accuracy"], 2)
    (True, 0.94)
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.choices import few_classes, finish
from goldwork.consensus.dawid_skene import Confusions, Parameters
from goldwork.consensus.hidden import Answers, Search, Statistics, at_least, fit
from goldwork.consensus.information import describe
from goldwork.consensus.kernel import TINY
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]

LEAST = 0.01
"""What is added to every count besides, so that nothing is impossible."""


@consensus("hierarchical-dawid-skene")
def hierarchical(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    strength: float = 2.0,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    restarts: int = 0,
    start: Consensus | None = None,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """Hierarchical Dawid-Skene. `strength`: judgements that the shared confusion counts for; the rest as there."""
    at_least("strength", strength, 0)
    few_classes("hierarchical-dawid-skene", table)
    answers, search = Answers(table, gold), Search(max_iterations, tolerance, restarts, seed, start)
    fitted = fit(answers, Around(answers, strength), search)
    prevalence, confusion = fitted.parameters
    known = describe(table, fitted.probabilities, prevalence, confusion, LEAST, intervals=intervals)
    state = {"annotators": table.annotators, "categories": table.coded()[1], "prevalence": prevalence}
    state |= {"confusion": confusion}
    return finish("hierarchical-dawid-skene", table, gold, fitted, prevalence, known, state, ambiguity=ambiguity)


class Common(Confusions):
    """One confusion for all annotators."""

    def __init__(self, table: Judgements) -> None:
        super().__init__(table, 0.1)

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """As of one annotator who gave every judgement."""
        pooled = statistics.counts.sum(axis=0, keepdims=True)
        prevalence, confusion = super().maximise(dataclasses.replace(statistics, counts=pooled), None)
        return prevalence, np.broadcast_to(confusion, (len(statistics.counts), *confusion.shape[1:]))

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The confusion of all, with its prior counted once."""
        prevalence, confusion = parameters
        _, _, beside = super().factors((prevalence, confusion[:1]))
        return np.ascontiguousarray(confusion.transpose(0, 2, 1)), prevalence, beside


class Around(Confusions):
    """Confusions around the common one."""

    def __init__(self, answers: Answers, strength: float) -> None:
        super().__init__(answers.table, 0.1)
        _, shared = fit(answers, Common(answers.table), Search(max_iterations=100, tolerance=1e-5)).parameters
        self.prior = strength * shared + LEAST

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """Expected counts and the prior's, as shares."""
        prevalence = statistics.totals + self.smoothing
        counts = statistics.counts.transpose(0, 2, 1) + self.prior
        return prevalence / max(prevalence.sum(), TINY), counts / counts.sum(axis=2, keepdims=True)

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The confusions as they are, and the log prior."""
        prevalence, confusion = parameters
        beside = float((self.prior * np.log(np.maximum(confusion, TINY))).sum())
        beside += self.smoothing * float(np.log(np.maximum(prevalence, TINY)).sum())
        return confusion.transpose(0, 2, 1), prevalence, beside
