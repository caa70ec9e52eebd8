"""Replay: the engine's view rebuilt from a project's events alone."""

from __future__ import annotations

import bisect
import operator
from array import array

import msgspec

from goldwork.quality import engine
from goldwork.quality.engine import Event, Policy, State


class Sweeps:
    """How many slots a batch's items have after the sweeps that opened them, in ranges of ids."""

    def __init__(self) -> None:
        self.reached = 0
        self._passes: list[list[tuple[int, int, int]]] = []

    def add(self, after: int, through: int, slots: int) -> None:
        """One chunk. A chunk that begins before the last one's end begins a new pass over the batch."""
        self.reached = max(self.reached, through)
        if not self._passes or after < self._passes[-1][-1][1]:
            self._passes.append([])
        ranges = self._passes[-1]
        if ranges and ranges[-1][1:] == (after, slots):
            ranges[-1] = (ranges[-1][0], through, slots)
        else:
            ranges.append((after, through, slots))

    def slots(self, item_id: int) -> int:
        """The slots that the latest sweep over `item_id` opened."""
        for ranges in reversed(self._passes):
            place = bisect.bisect_left(ranges, item_id, key=operator.itemgetter(1))
            if place < len(ranges) and ranges[place][0] < item_id:
                return ranges[place][2]
        return 0


class Answers:
    """How many answers each item has, in blocks of neighbouring ids: four bytes an item."""

    BLOCK = 4096

    def __init__(self) -> None:
        self._blocks: dict[int, array[int]] = {}

    def add(self, item_id: int, more: int) -> None:
        """Count `more` answers, or fewer."""
        block, place = divmod(item_id, self.BLOCK)
        if block not in self._blocks:
            self._blocks[block] = array("i", bytes(4 * self.BLOCK))
        self._blocks[block][place] += more

    def of(self, item_id: int) -> int:
        """How many there are."""
        block, place = divmod(item_id, self.BLOCK)
        return self._blocks[block][place] if block in self._blocks else 0


class Replay:
    """The engine's view rebuilt from events alone."""

    def __init__(self) -> None:
        self.annotators: dict[int, State] = {}
        self.sweeps: dict[int, Sweeps] = {}
        self._answers = Answers()
        self._policy = Policy()
        self._project: State = {}

    def policy(self) -> Policy:
        return self._policy

    def project(self) -> State:
        return self._project

    def annotator(self, annotator: int) -> State:
        return self.annotators.get(annotator, {})

    def answers(self, item: int) -> int:
        return self._answers.of(item)

    def step(self, entry: Event) -> list[engine.Decision]:
        """Apply one event as the server did; returns the decisions."""
        if entry.kind == "policy":
            self._policy = msgspec.convert(entry.body["policy"], Policy)
        if entry.kind == "submit":
            self._answers.add(entry.body["item"], entry.body["fills"])
        changes = engine.step(self, entry)
        self.annotators.update(changes.annotators)
        if changes.project is not None:
            self._project = changes.project
        if changes.opened:
            self.sweeps.setdefault(entry.body["batch"], Sweeps()).add(*changes.opened)
        return changes.decisions
