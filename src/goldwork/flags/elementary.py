"""Elementary symmetric polynomials of odds: how probable it is that just these m of n answers are the right ones.

With p_i = 1 / (1 + exp(-z_i - t)), and P(m) the probability that m of n independent events of these probabilities
happen,

    e_m(exp(z_1), ..., exp(z_n)) = P(m) prod_i (1 + exp(z_i + t)) exp(-t m)

for every t. With t such that sum p_i = m, P(m) is large, so that plain products lose nothing, however long a session.

*Source:* the conditional (Poisson) binomial distribution, Chen and Liu 1997, Statistica Sinica 7, 875-892.

    >>> round(float(np.exp(log_elementary(np.log([[1.0, 2.0, 3.0]]), np.array([2])))[0]), 6)
    11.0
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.flags.bets import Floats

HALVINGS = 30
FURTHEST = 30.0


def log_elementary(logs: Floats, m: npt.NDArray[np.integer]) -> Floats:
    """[S]: log e_m of each row of `logs` [S, n], of which -inf stands for nothing; `m` [S] at most as many as stand."""
    tilt = _tilt(logs, m)[:, None]
    with np.errstate(over="ignore"):
        happens = 1 / (1 + np.exp(-logs - tilt))
    reached = chance_of_counts(happens)[np.arange(len(m)), m]
    return np.asarray(np.log(reached) + np.logaddexp(0.0, logs + tilt).sum(axis=1) - tilt[:, 0] * m)


def chance_of_counts(happens: Floats) -> Floats:
    """[S, n + 1]: how probable each number of events is, of independent ones of the probabilities `happens` [S, n]."""
    size, n = happens.shape
    found = np.zeros((size, n + 1))
    found[:, 0] = 1.0
    for place in range(n):
        p = happens[:, place, None]
        upto = place + 2
        found[:, 1:upto] = found[:, 1:upto] * (1 - p) + found[:, : upto - 1] * p
        found[:, :1] *= 1 - p
    return found


def _tilt(logs: Floats, m: npt.NDArray[np.integer]) -> Floats:
    """[S]: t with sum_i p_i = m, as near as t between -30 and 30 comes."""
    low, high = np.full(len(m), -FURTHEST), np.full(len(m), FURTHEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        with np.errstate(over="ignore"):
            few = (1 / (1 + np.exp(-logs - middle[:, None]))).sum(axis=1) < m
        low, high = np.where(few, middle, low), np.where(few, high, middle)
    return np.asarray((low + high) / 2)
