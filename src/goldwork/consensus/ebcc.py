"""EBCC: categories have subtypes on which annotators err together.

Every category is a mixture of `subtypes`; an annotator has a confusion row for each of them, so that annotators may
make the same mistakes on the same sort of item, which Dawid-Skene takes for independent evidence (Li, Rubinstein and
Cohn 2019, Exploiting Worker Correlation for Label Aggregation in Crowdsourcing, ICML, 3886-3895). Mean-field
variational Bayes with the priors of the paper: `right` and `wrong` as in dawid-skene-vb, `mixture` / subtypes for the
shares of subtypes, the vote counts for the prevalence. The objective is the lower bound on the log evidence. It begins
where the paper's algorithm does, with subtypes drawn at random, and `restarts` times more.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "ebcc")
    >>> round(consensus.annotators.to_records()[0]["accuracy"], 1)
    0.8
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
from goldwork.consensus.votes import vote_shares
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats, Floats]
"""Dirichlet weights: classes [K], subtypes [K, M], answers [A, K, M, K answered]."""

MAX_CELLS = 60_000_000
"""Of the table of answers by annotator, class and subtype."""


@consensus("ebcc", random=True)
def ebcc(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    subtypes: int = 10,
    right: float = 4.0,
    wrong: float = 1.0,
    mixture: float = 0.1,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    restarts: int = 0,
    start: Consensus | None = None,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """EBCC by variational Bayes. `subtypes` of each category; priors as the module says; the rest as in dawid-skene."""
    at_least("subtypes", subtypes, 1)
    for name, value in (("right", right), ("wrong", wrong), ("mixture", mixture)):
        at_least(name, value, 0)
        if value == 0:
            raise InputError(f"{name} must be above 0. Got {value!r}.")
    few_classes("ebcc", table)
    k = len(table.coded()[1])
    if len(table.annotators) * k * k * subtypes > MAX_CELLS:
        raise InputError(f"{subtypes} subtypes of {k:,} labels are too many for {len(table.annotators):,} annotators.")
    model = Subtypes(table, gold, subtypes, (right, wrong, mixture), seed)
    fitted = fit(Answers(table, gold), model, Search(max_iterations, tolerance, restarts, seed, start))
    of_classes, of_subtypes, of_answers = fitted.parameters
    prevalence = mean(of_classes)
    confusion = np.einsum("km,akml->akl", mean(of_subtypes), mean(of_answers))
    known = describe(table, fitted.probabilities, prevalence, confusion, LEAST_SMOOTHING, intervals=intervals)
    state = {"annotators": table.annotators, "categories": table.coded()[1], "classes": of_classes}
    state |= {"subtypes": of_subtypes, "answers": of_answers}
    return finish("ebcc", table, gold, fitted, prevalence, known, state, ambiguity=ambiguity)


class Subtypes:
    """The model over one table."""

    def __init__(
        self, table: Judgements, gold: Codes, subtypes: int, priors: tuple[float, float, float], seed: int
    ) -> None:
        self.table, self.m = table, subtypes
        self.k = len(table.coded()[1])
        self.classes = np.repeat(np.arange(self.k, dtype=np.int32), subtypes)
        right, wrong, mixture = priors
        self.of_classes = vote_shares(table, gold).sum(axis=0) + 1e-3
        self.of_subtypes = mixture / subtypes
        self.of_answers = (np.full((self.k, self.k), wrong) + (right - wrong) * np.eye(self.k))[:, None, :]
        self.rng = np.random.default_rng(seed)

    def start(self, shares: Floats, rng: np.random.Generator | None) -> Floats:
        """The vote shares, cut into subtypes at random."""
        cut = (rng or self.rng).standard_exponential((len(shares), self.k, self.m))
        cut /= cut.sum(axis=2, keepdims=True)
        return np.asarray((cut * shares[:, :, None]).reshape((len(shares), self.k * self.m)))

    def maximise(self, statistics: Statistics, last: Parameters | None) -> Parameters:
        """The priors' weights and the expected counts."""
        totals = statistics.totals.reshape((self.k, self.m))
        counts = statistics.counts.reshape((len(statistics.counts), self.k, self.k, self.m)).transpose(0, 2, 3, 1)
        return totals.sum(axis=1) + self.of_classes, totals + self.of_subtypes, counts + self.of_answers

    def factors(self, parameters: Parameters) -> tuple[Floats, Floats, float]:
        """The exponentials of expected logarithms, and what the bound loses."""
        of_classes, of_subtypes, of_answers = parameters
        lost = divergence(of_classes, self.of_classes) + divergence(of_subtypes, self.of_subtypes)
        lost += divergence(of_answers, self.of_answers)
        prior = np.exp(expected_log(of_classes)[:, None] + expected_log(of_subtypes)).ravel()
        table = np.exp(expected_log(of_answers)).transpose(0, 3, 1, 2)
        return table.reshape((len(table), self.k, self.k * self.m)), prior, -lost

    def adopt(self, state: Mapping[str, Any]) -> Parameters | None:
        """The earlier weights by name."""
        answers = adopt_rows(self.table, state, "answers")
        if answers is None or answers.shape[2] != self.m:
            return None
        return np.asarray(state["classes"]), np.asarray(state["subtypes"]), answers
