"""Dirichlet distributions along the last axis: what variational Bayes needs of them.

The bound on the log evidence of a model with hidden states is the log of what a pass over the judgements finds with
the factors exp(E[log p]), less the divergences of the parameters' distributions from their priors (Beal 2003,
Variational Algorithms for Approximate Bayesian Inference, chapter 2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def expected_log(weights: Floats) -> Floats:
    """E[log p] under Dirichlet(weights), same shape."""
    from scipy.special import digamma

    return np.asarray(digamma(weights) - digamma(weights.sum(axis=-1, keepdims=True)))


def divergence(weights: Floats, prior: Floats | float) -> float:
    """The Kullback-Leibler divergence of Dirichlet(weights) from Dirichlet(prior), summed over all of them."""
    from scipy.special import gammaln

    if not weights.size:
        return 0.0
    before = np.broadcast_to(np.asarray(prior, np.float64), weights.shape)
    parts = gammaln(weights.sum(axis=-1)) - gammaln(before.sum(axis=-1))
    parts = parts - (gammaln(weights) - gammaln(before)).sum(axis=-1)
    parts = parts + ((weights - before) * expected_log(weights)).sum(axis=-1)
    return float(parts.sum())


def mean(weights: Floats) -> Floats:
    """The expected probabilities, same shape."""
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
