"""The learning curve: how right the model was after so many judgements, and what the next thousand would add.

Every version of the model is held against the same items, drawn at random and never trained on. Their classes are
known by probability, so a prediction is right by the probability of its class. A power law, a - b n^(-c) after n
judgements, is fitted to the versions; its gain ahead has an interval from the items drawn again (bootstrap). A draw may
also fall: a curve that has been flat so far has a gain around 0, and an interval as wide as the items allow.

*Source:* Figueroa, Zeng-Treitler, Kandula and Ngo 2012, Predicting sample size required for classification performance,
BMC Medical Informatics and Decision Making 12:8.

*Assumes* that judgements to come are like those so far: a strategy that has found all hard items promises too much.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from goldwork.errors import InputError

Floats = npt.NDArray[np.float64]

POWERS = np.linspace(0.1, 2.0, 39)
DRAWS = 1000
LEAST_VERSIONS = 4
LEAST_ITEMS = 20
MORE = 1000
WORTH = 0.005
"""A gain below this is held not to be worth the judgements."""


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """For v versions: `judgements` and `accuracy` [v]; `items` that judge them.

    `gain`, between `gain_low` and `gain_high`: what `more` judgements would add; nan before there are enough versions.
    """

    judgements: npt.NDArray[np.int64]
    accuracy: Floats
    items: int
    more: int
    gain: float
    gain_low: float
    gain_high: float

    @property
    def stop(self) -> bool:
        """Whether the next judgements are not expected to be worth it, with 97.5 % confidence."""
        return bool(self.gain_high < WORTH)

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if np.isnan(self.gain):
            return f"What {self.more:,} more judgements would add can be said after {LEAST_VERSIONS} versions."
        range = f"{100 * self.gain:.1f} percentage points ({100 * self.gain_low:.1f} to {100 * self.gain_high:.1f})"
        if self.stop:
            return (
                f"The next {self.more:,} judgements would add {range}. The model has learned what they can teach: stop."
            )
        return f"The next {self.more:,} judgements would add about {range}."


def learning_curve(judgements: npt.ArrayLike, right: npt.ArrayLike, *, more: int = MORE, seed: int = 0) -> Curve:
    """The curve of v versions after so many judgements [v], increasing; `right` [v, items]: with what probability each
    was right about each item, nan where the item could not tell yet.

    Raises InputError where the two do not fit, or a version was held against no item.
    """
    n, hits = np.asarray(judgements, np.int64), np.asarray(right, np.float64)
    if hits.ndim != 2 or len(hits) != len(n) or (np.diff(n) <= 0).any() or (n < 1).any():
        raise InputError("a curve needs versions in the order of their judgements, with a row of items each.")
    known = ~np.isnan(hits)
    if not len(n) or not known.any(axis=1).all():
        raise InputError("every version must be held against some item.")
    rng = np.random.default_rng(seed)
    items = hits.shape[1]
    weight = rng.multinomial(items, np.full(items, 1 / items), DRAWS).astype(float)
    whole = np.where(known, hits, 0.0)
    accuracy = whole.sum(axis=1) / known.sum(axis=1)
    drawn = (weight @ whole.T) / np.maximum(weight @ known.T, 1e-12)
    gain = gain_low = gain_high = float("nan")
    if len(n) >= LEAST_VERSIONS and items >= LEAST_ITEMS:
        gain = float(_gains(n, accuracy[None], more)[0])
        ends = np.quantile(_gains(n, drawn, more), (0.025, 0.975))
        gain_low, gain_high = (gain + _stretch(items) * (ends - gain)).tolist()
    return Curve(n, accuracy, items, more, gain, gain_low, gain_high)


def _stretch(items: int) -> float:
    """Items drawn again vary less than new ones would: by the root of (items - 1) / items, and by Student's tails."""
    return float(stdtrit(items - 1, 0.975) / ndtri(0.975) * (items / (items - 1)) ** 0.5)


def _gains(n: npt.NDArray[np.int64], accuracy: Floats, more: int) -> Floats:
    """What each of the curves [b, v] gains from n to n + more by its power law."""
    best = np.full(len(accuracy), np.inf)
    gain = np.zeros(len(accuracy))
    centred = accuracy - accuracy.mean(axis=1, keepdims=True)
    for power in POWERS.tolist():
        x = -(n.astype(float) ** -power)
        x0 = x - x.mean()
        slope = centred @ x0 / max(float(x0 @ x0), 1e-300)
        lost = ((centred - slope[:, None] * x0) ** 2).sum(axis=1)
        better = lost < best
        best = np.where(better, lost, best)
        ahead = float(n[-1]) ** -power - float(n[-1] + more) ** -power
        gain = np.where(better, slope * ahead, gain)
    return gain
