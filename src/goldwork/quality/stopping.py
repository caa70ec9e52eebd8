"""When an item has enough judgements.

An item gets between `minimum` and `maximum` judgements. Between the two it stops once its calibrated confidence reaches
a threshold, and at the cap it waits for an expert.

**The threshold from a target.** Whoever asks for an accuracy of .90 means 90 of 100 items, not that every item is at
least 90 % sure: easy items are surer than the threshold and pay for hard ones. The expected accuracy over items is the
mean of their calibrated confidences c_i, so the threshold wanted is the lowest h at which

    sum over items of c_i >= A * items,   once every item that may still be asked for has c_i >= h

`Queue` finds it by giving the next judgement to the least sure item until the sum is reached; h is then the confidence
of the least sure item that is still open. Nothing but judgements and the gold behind the calibration is looked at.

*Source:* asking on while the posterior is unsure is Wald's sequential test (1945, Annals of Mathematical Statistics 16,
117-186), on repeated labels by Sheng, Provost and Ipeirotis 2008, KDD, 614-622.

    >>> queue = Queue(Overlap(1, 3), 0.9)
    >>> for item, sure in enumerate([0.6, 0.95, 0.97]):
    ...     queue.put(item, 1, sure)
    >>> queue.reached(), queue.take()
    (False, 0)
    >>> queue.put(0, 2, 0.8)
    >>> queue.reached(), queue.threshold
    (True, 0.8)
"""

from __future__ import annotations

import dataclasses
import heapq
import math

from goldwork.errors import InputError


@dataclasses.dataclass(frozen=True)
class Overlap:
    """How many judgements an item gets at least and at most; no `maximum`: as many as there are people."""

    minimum: int = 1
    maximum: int | None = None

    def __post_init__(self) -> None:
        if self.minimum < 1 or (self.maximum is not None and self.maximum < self.minimum):
            raise InputError(f"overlap must be 1 <= minimum <= maximum. Got {self.minimum} to {self.maximum}.")

    def enough(self, judgements: int, confidence: float, threshold: float) -> bool:
        """Whether an item is done: sure enough, or at the cap."""
        return judgements >= self.minimum and (confidence >= threshold or self.full(judgements))

    def full(self, judgements: int) -> bool:
        """Whether an item is at the cap."""
        return self.maximum is not None and judgements >= self.maximum


class Queue:
    """Items with their confidences, those that may get a further judgement by how little they are sure.

    `target`: the accuracy wanted on average over all items that were put in.
    """

    def __init__(self, overlap: Overlap, target: float) -> None:
        self.target = target
        self._overlap = overlap
        self._sure: dict[int, float] = {}
        self._open: list[tuple[float, int, int]] = []
        self._turn: dict[int, int] = {}
        self._total = 0.0

    def put(self, item: int, judgements: int, confidence: float, *, more: bool = True) -> None:
        """Say how sure an item is now. Not `more`: nobody is left who could judge it."""
        self._total += confidence - self._sure.get(item, 0.0)
        self._sure[item] = confidence
        self._turn[item] = self._turn.get(item, 0) + 1
        if more and not self._overlap.full(judgements):
            wanted = confidence if judgements >= self._overlap.minimum else -1.0
            heapq.heappush(self._open, (wanted, item, self._turn[item]))

    @property
    def expected(self) -> float:
        """The accuracy that is to be expected now, the mean over all items."""
        return self._total / len(self._sure) if self._sure else math.nan

    def reached(self) -> bool:
        """Whether the target is met, and every item has the least number of judgements."""
        return self.expected >= self.target and self.threshold >= 0

    @property
    def threshold(self) -> float:
        """The confidence of the least sure item that may still be asked for; 1 when none may, -1 for too few."""
        while self._open and self._turn[self._open[0][1]] != self._open[0][2]:
            heapq.heappop(self._open)
        return self._open[0][0] if self._open else 1.0

    def take(self) -> int | None:
        """The item to ask for next, or None when none may be asked for. It comes back with `put`."""
        if self.threshold == 1.0 and not self._open:
            return None
        item = heapq.heappop(self._open)[1]
        self._turn[item] += 1
        return item
