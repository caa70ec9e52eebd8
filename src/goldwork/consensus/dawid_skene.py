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

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.ambiguity import ambiguity_of
from goldwork.consensus.em import fit, normalise
from goldwork.consensus.information import describe
from goldwork.consensus.votes import clamp, vote_shares
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats]
"""Prevalence [K] and confusion [A, K true, K answered]."""

TINY = 1e-300
MAX_CELLS = 100_000_000
"""Annotators times categories squared: .8 GB of confusions."""


@consensus("dawid-skene")
def dawid_skene(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    smoothing: float = 0.1,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    intervals: bool = True,
    ambiguity: bool = True,
) -> Consensus:
    """Dawid-Skene by EM. Options:

    - `smoothing`: what the prior adds to each count, 0 or more; 0 gives the maximum-likelihood fit of the paper
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`, `ambiguity`: whether to work those out
    """
    _check(table, smoothing, max_iterations, tolerance)
    model = Confusions(table, gold, float(smoothing))
    fitted = fit(model, max_iterations=max_iterations, tolerance=tolerance * len(table))
    prevalence, confusion = fitted.parameters
    return Consensus.of(
        "dawid-skene",
        table,
        fitted.probabilities,
        prevalence,
        gold,
        ambiguity=ambiguity_of(table, fitted.probabilities, prevalence, confusion) if ambiguity else None,
        annotators=describe(table, fitted.probabilities, prevalence, confusion, smoothing, intervals=intervals),
        prevalence=prevalence,
        converged=fitted.converged,
        iterations=len(fitted.objective),
        objective=fitted.objective,
        warnings=fitted.warnings,
    )


def _check(table: Judgements, smoothing: float, max_iterations: int, tolerance: float) -> None:
    for name, value, least in (
        ("smoothing", smoothing, 0),
        ("max_iterations", max_iterations, 1),
        ("tolerance", tolerance, 0),
    ):
        if not np.isfinite(value) or value < least:
            raise InputError(f"{name} must be {least} or more. Got {value!r}.")
    k = len(table.coded()[1])
    if len(table.annotators) * k * k > MAX_CELLS:
        raise InputError(
            f"{k:,} different labels are too many: dawid-skene learns {k:,} x {k:,} figures for each of "
            f"{len(table.annotators):,} annotators. Is this free text? Otherwise majority will do."
        )


class Confusions:
    """The model over one table."""

    def __init__(self, table: Judgements, gold: Codes, smoothing: float) -> None:
        from scipy.sparse import csr_array

        codes, categories = table.coded()
        self.table, self.gold, self.smoothing = table, gold, smoothing
        self.k = len(categories)
        self.known = np.flatnonzero(gold >= 0)
        column = table.annotator * np.int32(self.k) + codes
        starts = np.r_[0, np.cumsum(table.per_item())].astype(np.int32)
        shape = (len(table.items), len(table.annotators) * self.k)
        self.answers = csr_array((table.weights(), column, starts), shape=shape)
        self.by_annotator = self.answers.T.tocsr()

    def start(self) -> Floats:
        """The vote shares."""
        return vote_shares(self.table, self.gold)

    def maximise(self, probabilities: Floats) -> Parameters:
        """Expected counts and the prior's, as shares."""
        prevalence = probabilities.sum(axis=0) + self.smoothing
        counts = (
            np.asarray(self.by_annotator @ probabilities)
            .reshape((len(self.table.annotators), self.k, self.k))
            .transpose(0, 2, 1)
        )
        counts = counts + self.smoothing
        total = counts.sum(axis=2, keepdims=True)
        even = np.full_like(counts, 1 / max(self.k, 1))
        return prevalence / max(prevalence.sum(), TINY), np.divide(counts, total, out=even, where=total > 0)

    def expect(self, parameters: Parameters) -> tuple[Floats, float]:
        """Bayes' rule for every item, and the log posterior of the parameters."""
        prevalence, confusion = (np.log(np.maximum(part, TINY)) for part in parameters)
        by_answer = np.ascontiguousarray(confusion.transpose(0, 2, 1)).reshape(self.by_annotator.shape[0], self.k)
        joint = np.asarray(self.answers @ by_answer) + prevalence
        given = joint[self.known, self.gold[self.known]]
        probabilities, evidence = normalise(joint)
        evidence[self.known] = given
        prior = self.smoothing * float(confusion.sum() + prevalence.sum()) if self.smoothing else 0.0
        return clamp(probabilities, self.gold), float(evidence.sum()) + prior
