"""The fit behind ordinal: ordered probit answers with shared thresholds and annotators who lean and scatter.

Class t lies at t = 0, 1, ..., K - 1 on a line. Annotator a sees it at t + b_a + s_a z, z standard normal, and answers
by the interval between shared thresholds -inf = tau_0 < tau_1 < ... < tau_K = inf into which that falls, but for a
share g of answers at random. Thresholds are halfway between classes, or learned:

    theta_a(t, l) = (1 - g) (Phi((tau_{l+1} - t - b_a) / s_a) - Phi((tau_l - t - b_a) / s_a)) + g / K
    b_a ~ N(0, v),   log s_a ~ N(c, w),   prevalence ~ Dirichlet (adds `smoothing` to every count)

EM with the classes hidden. The M-step climbs by Fisher scoring, for each annotator in (b, log s) and for all in tau,
and halves a step until it does not lower the expected log posterior: so the objective, the log posterior of the
parameters, never falls (generalised EM: Dempster, Laird and Rubin 1977, Journal of the Royal Statistical Society B 39,
1-38).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.votes import clamp, vote_shares
from goldwork.judgements import Codes, Judgements

Floats = npt.NDArray[np.float64]

TINY = 1e-300
FAR = 40.0
"""Thresholds at the ends, in place of infinity."""
HALVINGS = 12
LEAST_GAP = 1e-3
START = -0.5
WIDEST = 4.0
"""A log error goes from -WIDEST to WIDEST, and a step of any parameter no further than MOST."""
MOST = 1.0


@dataclasses.dataclass
class Scale:
    """Parameters: `prevalence` [K]; `thresholds` [K - 1]; `bias`, `log_error` [A]; `middling`, the prior's c."""

    prevalence: Floats
    thresholds: Floats
    bias: Floats
    log_error: Floats
    middling: float


class Ordered:
    """The model over one table. `bias_prior` and `error_prior` are the standard deviations of b and of log s."""

    def __init__(
        self,
        table: Judgements,
        gold: Codes,
        *,
        bias_prior: float,
        error_prior: float,
        guess: float,
        smoothing: float,
        free: bool,
    ) -> None:
        from scipy.sparse import csr_array

        codes, categories = table.coded()
        self.table, self.gold, self.k, self.annotators = table, gold, len(categories), len(table.annotators)
        self.bias_prior, self.error_prior, self.guess, self.smoothing = bias_prior, error_prior, guess, smoothing
        self.free = free and self.k > 1
        self.known = np.flatnonzero(gold >= 0)
        column = table.annotator * np.int32(self.k) + codes
        starts = np.r_[0, np.cumsum(table.per_item())].astype(np.int32)
        shape = (len(table.items), self.annotators * self.k)
        self.answers = csr_array((table.weights(), column, starts), shape=shape)
        self.by_annotator = self.answers.T.tocsr()

    def start(self, state: Mapping[str, Any]) -> tuple[Floats, Scale]:
        """From the vote shares; annotators whom an earlier fit knows begin with what it learned."""
        a = self.annotators
        scale = Scale(
            np.full(self.k, 1 / self.k),
            np.arange(self.k - 1, dtype=np.float64) + 0.5,
            np.zeros(a),
            np.full(a, START),
            START,
        )
        if not state or state["categories"].tolist() != self.table.coded()[1].tolist():
            return vote_shares(self.table, self.gold), scale
        earlier = {name: place for place, name in enumerate(state["annotators"].tolist())}
        names = self.table.annotators.tolist()
        ours = [place for place, name in enumerate(names) if name in earlier]
        theirs = [earlier[names[place]] for place in ours]
        scale.prevalence = state["prevalence"]
        if self.free:
            scale.thresholds = state["thresholds"]
        scale.middling = state["middling"]
        scale.log_error[:] = scale.middling
        scale.bias[ours], scale.log_error[ours] = state["bias"][theirs], state["log_error"][theirs]
        return self.expect(scale)[0], scale

    def expect(self, scale: Scale) -> tuple[Floats, float]:
        """Bayes' rule for every item, and the log posterior of the parameters."""
        logs = np.log(np.maximum(self.confusion(scale), TINY))
        prevalence = np.log(np.maximum(scale.prevalence, TINY))
        by_answer = np.ascontiguousarray(logs.transpose(0, 2, 1)).reshape(self.by_annotator.shape[0], self.k)
        joint = np.asarray(self.answers @ by_answer) + prevalence
        top = joint.max(axis=1, keepdims=True, initial=-np.inf)
        shares = np.exp(joint - top)
        total = shares.sum(axis=1, keepdims=True)
        evidence = (np.log(total) + top)[:, 0]
        evidence[self.known] = joint[self.known, self.gold[self.known]]
        prior = float(self._prior(scale.bias, scale.log_error, scale.middling).sum())
        prior += self.smoothing * float(prevalence.sum())
        return clamp(shares / total, self.gold), float(evidence.sum()) + prior

    def maximise(self, probabilities: Floats, scale: Scale) -> None:
        """Better parameters given the probabilities, in place."""
        counts = np.asarray(self.by_annotator @ probabilities).reshape((self.annotators, self.k, self.k))
        counts = counts.transpose(0, 2, 1)
        prevalence = probabilities.sum(axis=0) + self.smoothing
        scale.prevalence = prevalence / max(float(prevalence.sum()), TINY)
        self._climb_annotators(counts, scale)
        if self.free:
            self._climb_thresholds(counts, scale)
        scale.middling = float(scale.log_error.mean())

    def confusion(self, scale: Scale) -> Floats:
        """The probability of each answer (last axis) given each class, [A, K, K]."""
        return self._shares(*self._places(scale.thresholds, scale.bias, scale.log_error))

    def slopes(self, scale: Scale) -> tuple[Floats, Floats, Floats]:
        """Confusions, and how they change with the bias and with the log error, [A, K, K] each."""
        places, densities = self._places(scale.thresholds, scale.bias, scale.log_error)
        steps = -np.diff(densities, axis=2) / np.exp(scale.log_error)[:, None, None]
        moved = densities * np.clip(places, -FAR, FAR)
        some = 1 - self.guess
        return self._shares(places, densities), some * steps, -some * np.diff(moved, axis=2)

    def _places(self, thresholds: Floats, bias: Floats, log_error: Floats) -> tuple[Floats, Floats]:
        """Where each threshold lies for each annotator and class, in errors, [A, K, K + 1], and the density there."""
        ends = np.r_[-np.inf, thresholds, np.inf]
        seen = np.arange(self.k)[None, :, None] + bias[:, None, None]
        places = (ends[None, None, :] - seen) / np.exp(log_error)[:, None, None]
        return places, np.exp(-0.5 * places**2) / np.sqrt(2 * np.pi)

    def _shares(self, places: Floats, densities: Floats) -> Floats:
        from scipy.special import ndtr

        lower, upper = places[:, :, :-1], places[:, :, 1:]
        right = lower > 0  # there differences of small tails are exact
        share = np.where(right, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))
        return np.asarray((1 - self.guess) * share + self.guess / self.k)

    def _prior(self, bias: Floats, log_error: Floats, middling: float) -> Floats:
        """The log prior of each annotator, [A], without constants."""
        return np.asarray(-0.5 * (bias / self.bias_prior) ** 2 - 0.5 * ((log_error - middling) / self.error_prior) ** 2)

    def _climb_annotators(self, counts: Floats, scale: Scale) -> None:
        """One step of Fisher scoring in (b, log s) for everybody, each halved until it does not go down."""
        shares, by_bias, by_error = self.slopes(scale)
        shares = np.maximum(shares, TINY)
        asked = counts.sum(axis=2, keepdims=True)
        pull = np.stack(
            [
                (counts / shares * by_bias).sum(axis=(1, 2)) - scale.bias / self.bias_prior**2,
                (counts / shares * by_error).sum(axis=(1, 2))
                - (scale.log_error - scale.middling) / self.error_prior**2,
            ]
        )
        first = (asked * by_bias**2 / shares).sum(axis=(1, 2)) + self.bias_prior**-2
        second = (asked * by_error**2 / shares).sum(axis=(1, 2)) + self.error_prior**-2
        both = (asked * by_bias * by_error / shares).sum(axis=(1, 2))
        determinant = np.maximum(first * second - both**2, TINY)
        step = np.stack([second * pull[0] - both * pull[1], first * pull[1] - both * pull[0]]) / determinant

        def value(point: Floats) -> Floats:
            logs = np.log(np.maximum(self._shares(*self._places(scale.thresholds, *point)), TINY))
            return np.asarray((counts * logs).sum(axis=(1, 2)) + self._prior(point[0], point[1], scale.middling))

        begin = np.stack([scale.bias, scale.log_error])
        scale.bias, scale.log_error = _halved(begin, step.clip(-MOST, MOST), value, _bounded)

    def _climb_thresholds(self, counts: Floats, scale: Scale) -> None:
        """The same for the thresholds, all at once."""
        places, densities = self._places(scale.thresholds, scale.bias, scale.log_error)
        shares = np.maximum(self._shares(places, densities), TINY)
        slope = (1 - self.guess) * densities[:, :, 1:-1] / np.exp(scale.log_error)[:, None, None]
        pull = (slope * (counts / shares)[:, :, :-1] - slope * (counts / shares)[:, :, 1:]).sum(axis=(0, 1))
        asked = counts.sum(axis=2, keepdims=True) / shares
        own = (slope**2 * (asked[:, :, :-1] + asked[:, :, 1:])).sum(axis=(0, 1))
        next_ = (slope[:, :, :-1] * slope[:, :, 1:] * asked[:, :, 1:-1]).sum(axis=(0, 1))
        information = np.diag(own + 1e-6) - np.diag(next_, 1) - np.diag(next_, -1)
        step = np.linalg.solve(information, pull)

        def value(point: Floats) -> Floats:
            if (np.diff(point[:, 0]) < LEAST_GAP).any():
                return np.array([-np.inf])
            logs = np.log(np.maximum(self._shares(*self._places(point[:, 0], scale.bias, scale.log_error)), TINY))
            return np.array([(counts * logs).sum()])

        begin = scale.thresholds[:, None]
        scale.thresholds = _halved(begin, step.clip(-MOST, MOST)[:, None], value, lambda point: point)[:, 0]


def _bounded(point: Floats) -> Floats:
    return np.stack([point[0], point[1].clip(-WIDEST, WIDEST)])


def _halved(begin: Floats, step: Floats, value: Callable[[Floats], Floats], fit: Callable[[Floats], Floats]) -> Floats:
    """`begin + step` [parameters, n], each of the n steps halved until its value does not fall; else `begin`."""
    least = value(begin)
    size = np.ones(begin.shape[1])
    for _ in range(HALVINGS):
        point = fit(begin + size * step)
        fallen = ~(value(point) >= least)
        if not fallen.any():
            return point
        size = np.where(fallen, size / 2, size)
    return np.where(~(value(fit(begin + size * step)) >= least), begin, fit(begin + size * step))
