"""How often the new wins over the old, with an interval that holds whenever one looks.

Prompts are the units: what several people said about one prompt is averaged first, a tie being half a win. The interval
is a confidence sequence: over all times together it misses the truth in one case of twenty at most, so that one may
look after every vote, and stop when one knows enough. It is what a bettor cannot rule out: for every win rate m two
fortunes are staked, on more and on less, and m stays while neither has grown twentyfold.

*Source:* Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, Journal of the Royal
Statistical Society B 86, 1-27, the hedged capital with predictable plug-in bets, theorem 3 and equations 23 to 26.

*Assumes* that the prompts are a random draw, in random order, from those that will be asked.

    >>> found = win_rate([1, 1, 0.5, 1, 1, 0, 1, 1, 1, 1] * 10)
    >>> found.prompts, round(found.value, 2), found.low > 0.5
    (100, 0.85, True)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

Floats = npt.NDArray[np.float64]

ALPHA = 0.05
GRID = 1001
MOST_BET = 0.5
"""The share of what could be lost at most that is staked: fortunes never fall to nothing."""


@dataclasses.dataclass(frozen=True, eq=False)
class WinRate:
    """The mean, between `low` and `high`, over so many prompts; `path` [n, 3]: mean, low and high after each."""

    value: float
    low: float
    high: float
    prompts: int
    path: Floats

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        range = f"{self.value:.0%} of prompts ({self.low:.0%} to {self.high:.0%}, {self.prompts:,} prompts)"
        if not self.prompts:
            return "Nobody has judged yet."
        if self.low > 0.5:
            return f"The new wins: it is preferred on {range}."
        if self.high < 0.5:
            return f"The new loses: it is preferred on {range}."
        return f"It is open which is better: the new is preferred on {range}."


def win_rate(outcomes: Sequence[float] | Floats, *, alpha: float = ALPHA) -> WinRate:
    """The win rate from outcomes [n], one a prompt in the order in which they came: 1 won, 0 lost, between for both.

    Raises InputError for an outcome that is not between 0 and 1.
    """
    x = np.asarray(outcomes, np.float64)
    if x.ndim != 1 or not np.isfinite(x).all() or (x < 0).any() or (x > 1).any():
        raise InputError("an outcome must be a number from 0, lost, to 1, won.")
    if not len(x):
        return WinRate(0.5, 0.0, 1.0, 0, np.empty((0, 3)))
    n = len(x)
    time = np.arange(1, n + 1)
    mean = (0.5 + np.cumsum(x)) / (time + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (time + 1)
    before = np.r_[0.25, variance[:-1]]
    bet = np.sqrt(2 * np.log(2 / alpha) / (before * time * np.log(time + 1)))
    m = np.linspace(0, 1, GRID)
    more, less = np.zeros(GRID), np.zeros(GRID)
    inside = np.ones(GRID, bool)
    path = np.empty((n, 3))
    bound = np.log(1 / alpha) + np.log(2)
    for t in range(n):
        more += np.log1p(np.minimum(bet[t], MOST_BET / np.maximum(m, 1e-12)) * (x[t] - m))
        less += np.log1p(-np.minimum(bet[t], MOST_BET / np.maximum(1 - m, 1e-12)) * (x[t] - m))
        inside &= np.maximum(more, less) < bound
        path[t] = x[: t + 1].mean(), *_ends(m, inside)
    return WinRate(float(x.mean()), float(path[-1, 1]), float(path[-1, 2]), n, path)


def _ends(m: Floats, inside: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The interval's ends, to the grid's next point outwards."""
    kept = np.flatnonzero(inside)
    if not len(kept):
        return 0.0, 1.0  # no win rate fits: the draw was not random, and nothing is claimed
    return float(m[max(kept[0] - 1, 0)]), float(m[min(kept[-1] + 1, len(m) - 1)])
