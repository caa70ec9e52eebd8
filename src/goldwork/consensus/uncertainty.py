"""The variances that an information matrix leaves: the diagonal of its inverse, exactly or from random probes.

Up to MAX_EXACT parameters the matrix is inverted. Above, with A the inverse and signs S drawn at random, the columns
of A S are made an orthonormal basis Q, which holds the directions that are known worst. Their part of the diagonal,
that of Q Q' A, is exact, and the rest is estimated from further signs G as the mean of G times (1 - Q Q') A G (Bekas,
Kokiopoulou and Saad 2007, Applied Numerical Mathematics 57, 1214-1229; Baston and Nakatsukasa 2022, arXiv:2208.03268).
Every product with A is solved for by conjugate gradients. Signs are drawn until their spread says that the variances
are within a tenth for 95 of 100 parameters, so that widths of intervals are within a twentieth, or MAX_BATCHES are
used up.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.consensus.climbing import Information, solve

Floats = npt.NDArray[np.float64]

MAX_EXACT = 2000
PROBES = 64
"""Signs in a batch."""
MAX_BATCHES = 8
CLOSE = 0.05
"""The standard error of a variance that will do, as a share of it."""
ENOUGH = 1e-3
"""How exactly the probes are solved."""
SEED = 20070
"""The probes are the same in every run: a result does not depend on luck."""


def variances(information: Information, view: Callable[[Floats], Floats], back: Callable[[Floats], Floats]) -> Floats:
    """The variances [P] of `view` of the parameters, a linear map of [P, m] to [P, m] whose transpose is `back`."""
    size = len(information.diagonal)
    if size <= MAX_EXACT:
        whole = inverse(information.times(np.eye(size)))
        return np.asarray(np.einsum("ij,ji->i", view(whole), back(np.eye(size))))
    rng = np.random.default_rng(SEED)

    def times(columns: Floats) -> Floats:
        return view(solve(information, back(columns), ENOUGH))

    def signs() -> Floats:
        return rng.choice([-1.0, 1.0], (size, PROBES))

    basis = np.linalg.qr(times(signs()))[0]
    known = (basis * times(basis)).sum(axis=1)
    total, squares = np.zeros(size), np.zeros(size)
    for batch in range(1, MAX_BATCHES + 1):
        drawn = signs()
        images = times(drawn)
        rest = drawn * (images - basis @ (basis.T @ images))
        total += rest.sum(axis=1)
        squares += (rest**2).sum(axis=1)
        mean = total / (batch * PROBES)
        error = np.sqrt(np.maximum(squares / (batch * PROBES) - mean**2, 0) / (batch * PROBES))
        if np.quantile(error / np.maximum(known + mean, 1e-300), 0.95) < CLOSE:
            break
    return np.asarray(np.maximum(known + mean, 0.0))


def centre(columns: Floats) -> Floats:
    """Columns less their means: `view` and `back` of scores that are centred at 0."""
    return np.asarray(columns - columns.mean(axis=0))


def beta_interval(share: Floats, variance: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval around shares that have these variances and rest on at most `most` answers.

    share (1 - share) / variance says how many answers would tell as much; the interval is that of a beta distribution
    with so many, under Jeffreys' prior (Brown, Cai and DasGupta 2001, Statistical Science 16, 101-133), shrunk by the t
    quantile because the variance is estimated.
    """
    from scipy.special import betaincinv, stdtrit

    size = np.divide(share * (1 - share), variance, out=np.zeros_like(share), where=variance > 0)
    size = np.clip(size, 0, most)
    size = size * (1.959964 / stdtrit(np.maximum(size, 2), 0.975)) ** 2
    ones, others = share * size + 0.5, (1 - share) * size + 0.5
    return np.asarray(betaincinv(ones, others, 0.025)), np.asarray(betaincinv(ones, others, 0.975))


def inverse(matrix: Floats) -> Floats:
    """The inverse of a symmetric positive definite matrix."""
    from scipy.linalg import cho_factor, cho_solve

    if not len(matrix):
        return matrix
    return np.asarray(cho_solve(cho_factor(matrix), np.eye(len(matrix))))
