"""Intervals over items where few items carry a variance: the bootstrap's t on Fisher's scale.

An intraclass correlation rests on the variance of the items' means, and where most items are alike and a few far off,
a sample that holds none of those has too low a variance and too short an interval. So

- the value is taken to the scale z = log((v - bottom) / (1 - v)), which but for a constant is log F, or -log(1 - v)
  where there is no bottom, and its error s is that of the influences of the items, by the delta method
- in each resample (z* - z) / s* is formed; its quantiles take the place of those of t where they are further out
  (Efron and Tibshirani 1993, An Introduction to the Bootstrap, sections 12.4 to 12.6, 22.6)
- s is multiplied by the root of the ratio of the fourth moments of the means about a trimmed mean and about their
  mean, and the upper end raised by log(n / (n - 1.96)) (Bonett 2006, Computational Statistics and Data Analysis 50,
  775-782, who does so for a standard deviation)
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import Sample, Spread, distinct, draw, total_of

Floats = npt.NDArray[np.float64]

MOST = 2000
"""Items above which a t quantile will do."""
Z = 1.959964
FEWEST = 6
"""Items from which on a mean is trimmed."""
STEP = 1e-5


@dataclasses.dataclass(frozen=True)
class Studentised(Spread):
    """`ratios`: (z* - z) / s* of the resamples, ascending; `stretch`: times the error; `shift` of the upper end."""

    ratios: Floats = dataclasses.field(default_factory=lambda: np.zeros(0))
    stretch: float = 1.0
    shift: float = 0.0

    def places(self, at: Floats) -> Floats:
        """Quantiles on the scale of z."""
        from scipy.special import stdtrit

        t, found = stdtrit(self.df, at), -np.quantile(self.ratios, 1 - at)
        away = np.where(at < 0.5, np.minimum(t, found), np.maximum(t, found))
        error = self.error * _slope(self.value, self.bounds[0]) * self.stretch
        return np.asarray(
            _place(np.array(self.value), self.bounds[0]) + away * error + np.where(at < 0.5, 0, self.shift)
        )

    def _around(self, level: float) -> tuple[float, float]:
        bottom = self.bounds[0]
        ends = np.exp(self.places(np.array([(1 - level) / 2, (1 + level) / 2])))
        low, high = (1 - 1 / ends if bottom == -np.inf else (bottom + ends) / (1 + ends)).tolist()
        return min(low, self.value), max(high, self.value)


def studentised(sample: Sample, means: Floats, resamples: int, seed: int) -> Studentised | None:
    """The spread over items; None where there are too many or too few of them, or where the value has no error.

    `means` are the items' means.
    """
    size, bottom = sample.rows.shape[0], sample.bounds[0]
    if not FEWEST <= size <= MOST or not resamples:
        return None
    kinds, counts = distinct(sample.rows)
    drawn = draw(np.random.default_rng(seed), counts, resamples)
    value = float(sample.formula(total_of(sample.rows))[0])
    if not np.isfinite(value) or value >= 1 - 1e-12:
        return None
    place, error = _errors(sample, kinds, np.concatenate([counts[None].astype(np.float64), drawn]), bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (place[1:] - place[0]) / error[1:]
    ratios = np.sort(ratios[np.isfinite(ratios)])
    if not (np.isfinite(error[0]) and error[0] > 0) or len(ratios) < max(2, resamples / 2):
        return None
    return Studentised(
        value, float(error[0]) / _slope(value, bottom), size - 1, sample.bounds,
        ratios=ratios, stretch=_stretch(means), shift=math.log(size / (size - Z)),
    )  # fmt: skip


def _errors(sample: Sample, kinds: Floats, drawn: Floats, bottom: float) -> tuple[Floats, Floats]:
    """Places on the scale of z and their errors in samples that hold each of the kinds so often, [b]."""
    totals = drawn @ kinds
    reach = STEP * np.maximum(np.abs(totals), np.abs(totals).mean(axis=1, keepdims=True))
    slope = np.empty_like(totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        for column in range(totals.shape[1]):
            step = np.zeros_like(totals)
            step[:, column] = reach[:, column]
            ends = [_place(sample.formula(totals + sign * step), bottom) for sign in (1, -1)]
            slope[:, column] = (ends[0] - ends[1]) / (2 * reach[:, column])
        influence = slope @ kinds.T
        size = drawn.sum(axis=1)
        mean = (drawn * influence).sum(axis=1, keepdims=True) / size[:, None]
        squares = (drawn * (influence - mean) ** 2).sum(axis=1)
        return _place(sample.formula(totals), bottom), np.sqrt(squares * size / (size - 1))


def _place(value: Floats, bottom: float) -> Floats:
    return np.asarray((0.0 if bottom == -np.inf else np.log(value - bottom)) - np.log(1 - value))


def _slope(value: float, bottom: float) -> float:
    """How z changes with the value."""
    return (0.0 if bottom == -np.inf else 1 / max(value - bottom, 1e-300)) + 1 / (1 - value)


def _stretch(means: Floats) -> float:
    """The root of the ratio of fourth moments, 1 or more."""
    size = len(means)
    cut = int(size * min(0.49, 0.5 / math.sqrt(size - 4)))
    trimmed = float(np.sort(means)[cut : size - cut].mean())
    moments = [float(((means - centre) ** 4).sum()) for centre in (trimmed, float(means.mean()))]
    return max(1.0, math.sqrt(moments[0] / moments[1])) if moments[1] > 0 else 1.0
