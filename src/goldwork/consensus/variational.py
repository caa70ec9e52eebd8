"""Dawid-Skene by variational Bayes: confusions as distributions, so that few judgements do not pass for certainty.

The model is Dawid-Skene's. Each row of an annotator's confusion has a Dirichlet prior with `right` for the true
category and `wrong` for every other, the prevalence one with `prevalence` for each. The posterior is approximated by a
product of Dirichlet distributions and the items' own (Kim and Ghahramani 2012, AISTATS, 619-627; Simpson et al. 2013,
Decision Making and Imperfection, 1-35). The objective is the lower bound on the log evidence.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "dawid-skene-vb")
    >>> consensus.converged, round(consensus.annotators.to_records()[0]["accuracy"], 2)
    (True, 0.8)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.choices import adopt_rows, few_classes, finish
from goldwork.consensus.dirichlet import divergence, expected_log, mean
from goldwork.consensus.hidden import Answers, Search, Statistics, at_least, fit
from goldwork.consensus.information import LEAST_SMOOTHING, describe
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats]
"""Dirichlet weights of the prevalence [K] and of the confusions [A, K true, K answered]."""


@consensus("dawid-skene-vb")
def dawid_skene_vb(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    right: float = 2.0,
    wrong: float = 1.0,
    prevalence: float = 1.0,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    restarts: int = 0,
    start: Consensus | None = None,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """Dawid-Skene by variational Bayes. `right`, `wrong`, `prevalence` say the priors; the rest as in dawid-skene."""
    for name, value in (("right", right), ("wrong", wrong), ("prevalence", prevalence)):
        at_least(name, value, 0)
        if value == 0:
            raise InputError(f"{name} must be above 0. Got {value!r}.")
    few_classes("dawid-skene-vb", table)
    model = Beliefs(table, right, wrong, prevalence)
    fitted = fit(Answers(table, gold), model, Search(max_iterations, tolerance, restarts, seed, start))
    of_classes, of_answers = fitted.parameters
    found, confusion = mean(of_classes), mean(of_answers)
    known = describe(table, fitted.probabilities, found, confusion, LEAST_SMOOTHING, intervals=intervals)
    state = {"annotators": table.annotators, "categories": table.coded()[1], "prevalence": of_classes}
    state |= {"confusion": of_answers}
    return finish("dawid-skene-vb", table, gold, fitted, found, known, state, ambiguity=ambiguity)


class Beliefs:
    """The model over one table."""

    def __init__(self, table: Judgements, right: float, wrong: float, prevalence: float) -> None:
        self.table = table
        k = len(table.coded()[1])
        self.classes = np.arange(k, dtype=np.int32)
        self.prevalence = prevalence
        self.prior = np.full((k, k), wrong) + (right - wrong) * np.eye(k)

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """The vote shares."""
        return shares

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """The prior's weights and the expected counts."""
        return statistics.totals + self.prevalence, statistics.counts.transpose(0, 2, 1) + self.prior

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The exponentials of expected logarithms, and what the bound loses."""
        of_classes, of_answers = parameters
        lost = divergence(of_classes, self.prevalence) + divergence(of_answers, self.prior)
        return np.exp(expected_log(of_answers)).transpose(0, 2, 1), np.exp(expected_log(of_classes)), -lost

    def adopt(self, state: Mapping[str, Any]) -> Parameters | None:
        """The earlier weights by name."""
        confusion = adopt_rows(self.table, state, "confusion")
        return None if confusion is None else (np.asarray(state["prevalence"]), confusion)
