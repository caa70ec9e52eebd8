"""Intervals and tests of two samples of people who answered one item, for whole columns at once.

>>> low, high = wilson(np.array([0.5]), np.array([10]))
>>> low.round(3).tolist(), high.round(3).tolist()
([0.237], [0.763])
>>> fisher(np.array([9]), np.array([10]), np.array([2]), np.array([10])).round(4).tolist()
[0.0055]
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Z = 1.959963984540054
NEAR = 1e-7
"""Probabilities that differ relatively by less are the same."""


def wilson(share: Floats, count: npt.NDArray[np.integer] | Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of shares (Wilson 1927, Journal of the American Statistical Association 22, 209-212)."""
    n = np.asarray(count, np.float64)
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n * n))
    scale = 1 + Z**2 / n
    return np.maximum((middle - half) / scale, 0.0), np.minimum((middle + half) / scale, 1.0)


def newcombe(
    one: Floats, n: npt.NDArray[np.integer], other: Floats, m: npt.NDArray[np.integer]
) -> tuple[Floats, Floats]:
    """The 95 % interval of the difference of two shares (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10).

    From the intervals of either share, l1..u1 and l2..u2: d - sqrt((p1 - l1)^2 + (u2 - p2)^2) to
    d + sqrt((u1 - p1)^2 + (p2 - l2)^2).
    """
    (low1, high1), (low2, high2) = wilson(one, n), wilson(other, m)
    difference = one - other
    down = np.sqrt((one - low1) ** 2 + (high2 - other) ** 2)
    up = np.sqrt((high1 - one) ** 2 + (other - low2) ** 2)
    return difference - down, difference + up


def welch(
    difference: Floats, variance: Floats, n: npt.NDArray[np.integer], others: Floats, m: npt.NDArray[np.integer]
) -> tuple[Floats, Floats, Floats]:
    """The 95 % interval and the p-value of a difference of means (Welch 1947, Biometrika 34, 28-35).

    `variance` and `others` are the sample variances; where neither side varies there is nothing to tell: nan.
    """
    from scipy.special import stdtr, stdtrit

    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = variance / n, others / m
        total = first + second
        degrees = total**2 / (first**2 / (n - 1) + second**2 / (m - 1))
        error = np.sqrt(np.where(total > 0, total, np.nan))
        half = stdtrit(degrees, 0.975) * error
        p_value = 2 * stdtr(degrees, -np.abs(difference) / error)
    return difference - half, difference + half, p_value


def fisher(
    hits: npt.NDArray[np.integer],
    n: npt.NDArray[np.integer],
    other: npt.NDArray[np.integer],
    m: npt.NDArray[np.integer],
) -> Floats:
    """The p-values of all permutations of people: `hits` of `n` in a group against `other` of `m`, two-sided.

    The exact test of Fisher 1935, The Design of Experiments, section 21: the probability of every division of the
    same answers that is no likelier than the one seen.
    """
    from scipy.special import gammaln

    cases, place = np.unique(np.stack([hits, n, other, m]).astype(np.int64), axis=1, return_inverse=True)

    def choose(all_: npt.NDArray[np.integer] | int, some: npt.NDArray[np.integer]) -> Floats:
        return np.asarray(gammaln(all_ + 1) - gammaln(some + 1) - gammaln(all_ - some + 1))

    found = np.empty(cases.shape[1])
    for at, (a, size, c, rest) in enumerate(cases.T.tolist()):
        said = np.arange(max(0, a + c - rest), min(a + c, size) + 1)
        logs = choose(size, said) + choose(rest, a + c - said)
        chance = np.exp(logs - logs.max())
        seen = chance[a - said[0]]
        found[at] = chance[chance <= seen * (1 + NEAR)].sum() / chance.sum()
    return found[place.ravel()]


def benjamini_hochberg(p_values: Floats, share: float) -> npt.NDArray[np.bool_]:
    """Which of `p_values` the rule of 1995 rejects (Journal of the Royal Statistical Society B 57, 289-300).

    A p-value of nan was not tested.
    """
    tested = np.sort(p_values[~np.isnan(p_values)])
    below = np.flatnonzero(tested <= share * np.arange(1, len(tested) + 1) / max(len(tested), 1))
    return np.asarray(p_values <= (tested[below[-1]] if len(below) else -1.0))
