"""Dawid-Skene: every annotator has a confusion of their own, and the answers are inferred together with them.

Item i has true category t with prevalence pi_t; annotator a answers l to it with probability theta_a(t, l),
independently given t. Prevalence and the rows of theta have Dirichlet priors: `smoothing` is added to each count.
EM finds the most probable parameters (Dawid and Skene 1979, Applied Statistics 28, 20-28; the prior as in Raykar et
al. 2010, Journal of Machine Learning Research 11, 1297-1322).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, consensus, vote_shares
from goldwork.consensus.em import fit, normalise
from goldwork.consensus.result import decide
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
TINY = 1e-300


@consensus("dawid-skene")
def dawid_skene(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    smoothing: float = 0.1,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
) -> Consensus:
    """Dawid-Skene by EM, from the vote shares. `tolerance` is the objective's gain per judgement at which it stops."""
    if not smoothing >= 0:
        raise InputError(f"smoothing must be 0 or more. Got {smoothing!r}.")
    if max_iterations < 1:
        raise InputError(f"max_iterations must be 1 or more. Got {max_iterations!r}.")
    model = Confusions(table, gold, smoothing)
    fitted = fit(model, max_iterations=max_iterations, tolerance=tolerance * max(len(table), 1))
    prevalence, confusion = fitted.parameters
    codes, ties = decide(fitted.probabilities, prevalence)
    return Consensus(
        method="dawid-skene",
        question=table.questions[0] if len(table.questions) else None,
        items=table.items,
        categories=table.coded()[1],
        codes=codes,
        probabilities=fitted.probabilities,
        confidence=fitted.probabilities[np.arange(len(codes)), codes],
        judgements=table.per_item(),
        ties=ties,
        annotators=model.annotators(fitted.probabilities, fitted.parameters),
        prevalence=prevalence,
        converged=fitted.converged,
        iterations=fitted.iterations,
        objective=fitted.objective,
        warnings=fitted.warnings,
        frame=table.frame,
    )


@dataclasses.dataclass
class Confusions:
    """The model over one table: prevalence [K] and confusion [A, K true, K answered]."""

    table: Judgements
    gold: Codes
    smoothing: float

    def __post_init__(self) -> None:
        from scipy.sparse import csr_array

        codes, categories = self.table.coded()
        self.k = len(categories)
        column = self.table.annotator * np.int64(self.k) + codes
        shape = (len(self.table.items), len(self.table.annotators) * self.k)
        self.answers = csr_array((self.table.weights(), (self.table.item, column)), shape=shape)
        self.by_annotator = self.answers.T.tocsr()
        self.known = np.flatnonzero(self.gold >= 0)

    def start(self) -> Floats:
        return self._clamp(vote_shares(self.table))

    def maximise(self, probabilities: Floats) -> tuple[Floats, Floats]:
        prevalence = probabilities.sum(axis=0) + self.smoothing
        counts = self._counts(probabilities) + self.smoothing
        total = counts.sum(axis=2, keepdims=True)
        even = np.full_like(counts, 1 / max(self.k, 1))
        return prevalence / prevalence.sum(), np.divide(counts, total, out=even, where=total > 0)

    def expect(self, parameters: tuple[Floats, Floats]) -> tuple[Floats, float]:
        prevalence, confusion = parameters
        logs = np.log(np.maximum(confusion, TINY))
        log_prevalence = np.log(np.maximum(prevalence, TINY))
        joint = self.answers @ np.ascontiguousarray(logs.transpose(0, 2, 1)).reshape(-1, self.k)
        joint += log_prevalence
        given = joint[self.known, self.gold[self.known]]
        probabilities, evidence = normalise(joint)
        evidence[self.known] = given
        prior = self.smoothing * (logs.sum() + log_prevalence.sum()) if self.smoothing else 0.0
        return self._clamp(probabilities), float(evidence.sum() + prior)

    def annotators(self, probabilities: Floats, parameters: tuple[Floats, Floats]) -> Annotators:
        confusion = parameters[1]
        nan = np.full_like(confusion, np.nan)
        right = np.bincount(
            self.table.annotator, probabilities[self.table.item, self.table.coded()[0]], len(self.table.annotators)
        )
        judged = np.bincount(self.table.annotator, minlength=len(self.table.annotators))
        return Annotators(
            names=self.table.annotators,
            judgements=judged,
            confusion=confusion,
            confusion_low=nan,
            confusion_high=nan,
            accuracy=right / np.maximum(judged, 1),
            accuracy_low=nan[:, 0, 0],
            accuracy_high=nan[:, 0, 0],
        )

    def _counts(self, probabilities: Floats) -> Floats:
        """Expected counts [A, K true, K answered]."""
        counts: npt.NDArray[np.float64] = (self.by_annotator @ probabilities).reshape(-1, self.k, self.k)
        return counts.transpose(0, 2, 1)

    def _clamp(self, probabilities: Floats) -> Floats:
        probabilities[self.known] = np.eye(self.k)[self.gold[self.known]]
        return probabilities
