"""GLAD: items differ in difficulty and annotators in ability.

Annotator a gives the true category of item i with probability 1 / (1 + exp(-alpha_a beta_i)), else one of the others
alike (Whitehill et al. 2009, Whose Vote Should Count More, NIPS, 2035-2043). beta_i = exp(b_i) is the item's ease. The
priors are those of the paper, alpha ~ N(1, 1) and b ~ N(`ease`, 1). EM, with a Newton step for all alpha and one for
all b in each iteration, halved where it would lower the expected objective.

`difficulty` is the probability that a middling annotator errs on the item.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_crowd
    >>> consensus = infer_consensus(simulate_crowd().table, "glad")
    >>> consensus.converged, round(float(consensus.annotators.more["ability"][0]), 1)
    (True, 1.2)
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, consensus
from goldwork.consensus.choices import adopt_rows
from goldwork.consensus.coins import confusion_of, describe_coins, even_direction
from goldwork.consensus.hidden import at_least
from goldwork.consensus.kernel import TINY
from goldwork.consensus.votes import clamp, vote_shares
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]

HALVINGS = 8
ACCURACY, STRENGTH = 0.7, 2.0
"""What an annotator's accuracy is taken to be beforehand, and how many judgements that is worth."""


@consensus("glad")
def glad(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    ease: float = 1.0,
    even: bool = True,
    max_iterations: int = 200,
    tolerance: float = 1e-5,
    start: Consensus | None = None,
) -> Consensus:
    """GLAD by EM. `ease`: the mean of log beta beforehand. The rest as in dawid-skene.

    `even`: all categories are as likely beforehand, as in the paper; else their prevalence is learned, and easy items
    of a common category look like proof that everybody is able.
    """
    at_least("max_iterations", max_iterations, 1)
    at_least("tolerance", tolerance, 0)
    model = _Model(table, gold, ease, even=even)
    shares = model.shares
    adopted = adopt_rows(table, start.state, "ability") if start is not None else None
    if adopted is not None:
        model.alpha = adopted
        shares = model.expect()[0]
    objective: list[float] = []
    converged = False
    while True:
        model.maximise(shares)
        shares, value = model.expect()
        converged = bool(objective) and value - objective[-1] < tolerance * len(table)
        objective.append(value)
        if converged or len(objective) >= max_iterations:
            break
    warnings = () if converged else (f"The fit had not converged after {len(objective)} iterations.",)
    return Consensus.of(
        "glad",
        table,
        shares,
        model.prevalence,
        gold,
        difficulty=1 - _logistic(np.median(model.alpha) * np.exp(model.b)) if len(model.alpha) else np.zeros(0),
        annotators=model.describe(shares),
        prevalence=model.prevalence,
        converged=converged,
        iterations=len(objective),
        objective=np.array(objective),
        state={"annotators": table.annotators, "categories": table.coded()[1], "ability": model.alpha},
        warnings=warnings,
    )


def _logistic(x: Any) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(x), np.float64)


class _Model:
    """Parameters and both steps over one table."""

    def __init__(self, table: Judgements, gold: Codes, ease: float, *, even: bool) -> None:
        self.table, self.gold, self.ease, self.even = table, gold, ease, even
        self.codes, categories = table.coded()
        self.k = len(categories)
        self.weights = table.weights()
        self.cell = table.item.astype(np.int64) * max(self.k, 1) + self.codes
        self.shares = vote_shares(table, gold)
        self.alpha = np.ones(len(table.annotators))
        self.b = np.full(len(table.items), float(ease))
        self.prevalence = np.full(self.k, 1 / max(self.k, 1))

    def expect(self) -> tuple[Floats, float]:
        """The items' probabilities [I, K] and the objective."""
        x = self.alpha[self.table.annotator] * np.exp(self.b)[self.table.item]
        wrong = -np.logaddexp(0, x) - np.log(max(self.k - 1, 1))
        items = len(self.table.items)
        votes = np.bincount(self.cell, self.weights * (x + np.log(max(self.k - 1, 1))), items * self.k)
        logs = votes.reshape((items, self.k)) + np.log(np.maximum(self.prevalence, TINY))
        logs += np.bincount(self.table.item, self.weights * wrong, items)[:, None]
        known = np.flatnonzero(self.gold >= 0)
        given = logs[known, self.gold[known]]
        top = logs.max(axis=1, keepdims=True, initial=-np.inf)
        shares = np.exp(logs - top)
        size = shares.sum(axis=1, keepdims=True)
        evidence = (np.log(size) + top)[:, 0]
        evidence[known] = given
        prior = ((self.alpha - 1) ** 2).sum() + ((self.b - self.ease) ** 2).sum()
        return clamp(shares / size, self.gold), float(evidence.sum() - prior / 2)

    def maximise(self, shares: Floats) -> None:
        """A better prevalence, alpha and b for these probabilities."""
        if not self.even:
            self.prevalence = shares.sum(axis=0) / max(shares.sum(), TINY)
        if not len(self.table):
            return
        right = shares[self.table.item, self.codes]
        self.alpha = self._step(
            right, self.alpha, self.table.annotator, 1.0, np.exp(self.b)[self.table.item], log=False
        )
        self.b = self._step(right, self.b, self.table.item, self.ease, self.alpha[self.table.annotator], log=True)

    def _step(self, right: Floats, now: Floats, of: Codes, mean: float, other: Floats, *, log: bool) -> Floats:
        """One Newton step for every parameter of a side by itself, halved for those whose objective would fall."""
        value = np.exp(now)[of] if log else now[of]
        hit = _logistic(value * other)
        slope = other * value if log else other
        gradient = np.bincount(of, self.weights * slope * (right - hit), len(now)) - (now - mean)
        curve = np.bincount(of, self.weights * slope**2 * hit * (1 - hit), len(now)) + 1
        step = np.clip(gradient / curve, -1, 1)
        before = self._worth(right, now, of, mean, other, log=log)
        for _ in range(HALVINGS):
            worse = self._worth(right, now + step, of, mean, other, log=log) < before
            if not worse.any():
                return now + step
            step = np.where(worse, step / 2, step)
        worse = self._worth(right, now + step, of, mean, other, log=log) < before
        return np.asarray(now + np.where(worse, 0.0, step))

    def _worth(self, right: Floats, now: Floats, of: Codes, mean: float, other: Floats, *, log: bool) -> Floats:
        """The expected log likelihood and log prior of every parameter of a side."""
        x = (np.exp(now)[of] if log else now[of]) * other
        told = self.weights * (right * x - np.logaddexp(0, x))
        return np.asarray(np.bincount(of, told, len(now)) - (now - mean) ** 2 / 2)

    def describe(self, shares: Floats) -> Annotators:
        """Accuracies on the items that there are, with intervals as of one coin; abilities besides."""
        annotator, k = self.table.annotator, max(self.k, 1)
        right = np.bincount(annotator, self.weights * shares[self.table.item, self.codes], len(self.alpha))
        judged = np.bincount(annotator, self.weights, len(self.alpha))
        hits = (right + ACCURACY * STRENGTH) / (judged + STRENGTH)
        confusion = confusion_of(np.repeat(hits[:, None], k, axis=1), even_direction(k))
        prevalence = shares.sum(axis=0) / max(shares.sum(), TINY) if shares.size else np.zeros(k)
        known = describe_coins(self.table, shares, prevalence, hits[:, None], confusion, intervals=bool(shares.size))
        return dataclasses.replace(
            known, confusion=None, confusion_low=None, confusion_high=None, more={"ability": self.alpha}
        )
