"""When a simulated person works: sittings with breaks, and nights.

A sitting lasts `SITTING` minutes (median, log-normal), a break afterwards `BREAK`, at least `SHORTEST`; after every
third sitting or so it is a night. People begin within the first minutes of a project. None of this was measured;
it is a choice made for plausibility.
"""

from __future__ import annotations

import math
import random

SITTING, SITTING_SPREAD = 12.0, 0.5
BREAK, BREAK_SPREAD, SHORTEST = 50.0, 0.4, 31.0
"""In minutes. The engine takes half an hour without a submit for a break."""
NIGHT = 0.3
"""The chance that a sitting was the day's last."""
NIGHT_LEAST, NIGHT_MOST = 10 * 60.0, 18 * 60.0
FIRST = 20.0
"""Everybody begins within so many minutes."""
BETWEEN = 0.5
"""Seconds between two items."""


class Hours:
    """One person's clock, in seconds since the project began. `place`: judgements since their last break."""

    def __init__(self, name: str, seed: int) -> None:
        self._draw = random.Random(f"{seed}/hours/{name}")
        self.now = 60 * self._draw.uniform(0, FIRST)
        self.place = 0
        self.sitting = 1
        self._end = self.now + self._length()

    def work(self, seconds: float) -> None:
        """Make one judgement; then perhaps take a break, so that `now` is when the next one begins."""
        self.now += seconds + BETWEEN
        self.place += 1
        if self.now > self._end:
            self._rest()

    def wait(self, until: float) -> None:
        """Do nothing until then: half an hour of that is a break, too."""
        if until - self.now >= 60 * SHORTEST:
            self.now = until
            self._sit_down()
        else:
            self.now = max(self.now, until)

    def _rest(self) -> None:
        if self._draw.random() < NIGHT:
            minutes = self._draw.uniform(NIGHT_LEAST, NIGHT_MOST)
        else:
            minutes = max(SHORTEST, BREAK * self._draw.lognormvariate(0, BREAK_SPREAD))
        self.now += 60 * minutes
        self._sit_down()

    def _sit_down(self) -> None:
        self.place = 0
        self.sitting += 1
        self._end = self.now + self._length()

    def _length(self) -> float:
        return 60 * SITTING * math.exp(self._draw.gauss(0, SITTING_SPREAD))
