"""What a crowd tells about each of its members: posteriors under a normal prior that all of them teach.

Member a has a parameter x_a ~ N(m, w ** 2) and the likelihood L_a(x), known on a grid. Given w, m goes to its best by
expectation maximisation, and is known with the variance u = w ** 2 / sum of (1 - v_a / w ** 2), v_a being the posterior
variance of x_a. w itself is not set to its best, which would be 0 too often with few members: it is averaged out, on a
grid, with the weight

    prod_a integral of L_a(x) N(x; m, w ** 2) dx  *  sqrt(u)  *  1 / (1 + (w / SCALE) ** 2)

the last factor being the half-Cauchy prior (Gelman 2006, Bayesian Analysis 1, 515-534). A member's posterior is the
average of L_a(x) N(x; m, w ** 2 + u). Intervals of this kind cover on average over the members of such a crowd, where
those of L_a alone are far too wide if it says little (Morris 1983, Journal of the American Statistical Association 78,
47-55).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SCALE = 1.0
"""Of the prior of w: parameters are logarithms or logits."""
SPREADS = np.geomspace(0.1, 4.0, 12)
STEPS = 8
"""Of m, for every w."""
TAILS = (0.5, 0.025, 0.975)
TINY = 1e-300


def pooled(grid: Floats, logs: Floats) -> tuple[Floats, Floats, Floats]:
    """Every member's median and the ends of the 95 % interval, [A]; `grid` and log likelihoods `logs` are [A, P]."""
    likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
    width = np.diff(grid, axis=1)
    likelihood *= np.c_[width, np.zeros(len(grid))] / 2 + np.c_[np.zeros(len(grid)), width] / 2
    weights, middles, variances = zip(*(_given(grid, likelihood, w) for w in SPREADS), strict=True)
    share = np.exp(np.array(weights) - max(weights))
    share /= share.sum()
    mass = np.zeros_like(likelihood)
    for part, middle, variance in zip(share, middles, variances, strict=True):
        own = likelihood * np.exp(-0.5 * (grid - middle) ** 2 / variance)
        mass += part * own / np.maximum(own.sum(axis=1, keepdims=True), TINY)
    reached = np.cumsum(mass, axis=1) - mass / 2
    reached /= mass.sum(axis=1, keepdims=True)
    ends = [np.array([np.interp(tail, *row) for row in zip(reached, grid, strict=True)]) for tail in TAILS]
    return ends[0], ends[1], ends[2]


def _given(grid: Floats, likelihood: Floats, w: float) -> tuple[float, float, float]:
    """For one w its log weight, m, and the variance of a member who is not known, w ** 2 + u."""
    middle = float((likelihood * grid).sum() / max(float(likelihood.sum()), TINY))
    for _ in range(STEPS):
        own = likelihood * np.exp(-0.5 * ((grid - middle) / w) ** 2)
        total = np.maximum(own.sum(axis=1), TINY)
        mean = (own * grid).sum(axis=1) / total
        middle = float(mean.mean())
    spread = (own * (grid - mean[:, None]) ** 2).sum(axis=1) / total
    told = float((1 - spread / w**2).clip(0).sum())
    unsure = w**2 / max(told, 0.1)
    value = float(np.log(total / w).sum()) + 0.5 * np.log(unsure) - np.log1p((w / SCALE) ** 2) + np.log(w)
    return value, middle, w**2 + unsure
