"""The open items of a simulated project, in one random order that everybody goes round from where they last stood.

An item is open while the engine wants more judgements than were given or are being made. This is what a server's index
of open items does (`goldwork.services.order`), in lists.

    >>> line = Line(3, wanted=1, seed=0)
    >>> first, stand = line.next(judged=(), stand=-1)
    >>> line.hold(first)
    >>> line.next(judged=(), stand=stand)[0] == first
    False
"""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Container


class Line:
    """Items 0 to `items` - 1, each wanted so often at first."""

    def __init__(self, items: int, *, wanted: int, seed: int) -> None:
        self._order = random.Random(f"{seed}/order").sample(range(items), items)
        self._place = {item: place for place, item in enumerate(self._order)}
        self._open = list(range(items)) if wanted > 0 else []
        self._wanted = [wanted] * items
        self._taken = [0] * items

    @property
    def closed(self) -> float:
        """The share of the items that want no more judgements than they have or are getting."""
        return 1 - len(self._open) / len(self._order)

    def next(self, judged: Container[int], stand: int) -> tuple[int, int] | None:
        """The next open item that is not among those `judged`, and its place; None where there is none."""
        begin = bisect.bisect_right(self._open, stand)
        for at in itertools.chain(range(begin, len(self._open)), range(begin)):
            place = self._open[at]
            if self._order[place] not in judged:
                return self._order[place], place
        return None

    def hold(self, item: int) -> None:
        """Somebody begins with it."""
        self._taken[item] += 1
        self._settle(item)

    def want(self, item: int, number: int) -> bool:
        """So many judgements are wanted. Returns whether it has opened by that."""
        self._wanted[item] = number
        return self._settle(item)

    def _settle(self, item: int) -> bool:
        """Put the item among the open ones, or take it away. Returns whether it was put there."""
        place = self._place[item]
        at = bisect.bisect_left(self._open, place)
        there = at < len(self._open) and self._open[at] == place
        wanted = self._wanted[item] > self._taken[item]
        if there and not wanted:
            del self._open[at]
        if wanted and not there:
            self._open.insert(at, place)
        return wanted and not there
