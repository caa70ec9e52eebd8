"""Replay: the engine's view rebuilt from a project's events alone."""

from __future__ import annotations

import bisect
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from goldwork.quality import engine
from goldwork.quality.engine import Answer, Event, Policy, Result, State

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_answers = msgspec.msgpack.Decoder(dict[int, Answer]).decode


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


def note_answer(answers: dict[int, dict[int, Answer]], body: Mapping[str, Any], seq: int) -> None:
    """What a submit of ordinary work changes among people's answers in force, by item and annotator."""
    if body["purpose"] in ("work", "import") and "annotator_kind" not in body:
        of_item = answers.setdefault(body["item"], {})
        of_item.pop(body["annotator"], None)
        if body["kind"] == "answer":
            of_item[body["annotator"]] = Answer(body["annotator"], seq, not body["surplus"], body["said"])


def note_result(body: Mapping[str, Any], seq: int) -> Result | None:
    """The gold result that a submit brings, if it counts as one."""
    if body["purpose"] != "gold" or body["kind"] != "answer" or body["gold"] != "gold" or not body["first"]:
        return None
    return Result(body["item"], seq, body["score"], body["stratum"])


class Replay:
    """The engine's view rebuilt from events alone. What is known of items is held packed."""

    def __init__(self) -> None:
        self.annotators: dict[int, State] = {}
        self.sweeps: dict[int, Sweeps] = {}
        self._items: dict[int, bytes] = {}
        self._answers: dict[int, bytes] = {}
        self._results: dict[int, list[Result]] = {}
        self._policy = Policy()
        self._project: State = {}

    def policy(self) -> Policy:
        return self._policy

    def project(self) -> State:
        return self._project

    def annotator(self, annotator: int) -> State:
        return self.annotators.get(annotator, {})

    def item(self, item: int) -> State:
        packed = self._items.get(item)
        return {} if packed is None else dict(_unpack(packed))

    def answers(self, item: int) -> Sequence[Answer]:
        packed = self._answers.get(item)
        return [] if packed is None else sorted(_answers(packed).values(), key=lambda one: one.seq)

    def results(self, annotator: int) -> Sequence[Result]:
        return self._results.get(annotator, [])

    def items(self) -> list[int]:
        """The items of which something is known."""
        return sorted(self._items)

    def step(self, entry: Event) -> list[engine.Decision]:
        """Apply one event as the server did; returns the decisions."""
        if entry.kind == "policy":
            self._policy = msgspec.convert(entry.body["policy"], Policy)
        if entry.kind == "submit":
            self._note(entry)
        changes = engine.step(self, entry)
        self.annotators.update(changes.annotators)
        self._results.update((who, list(results)) for who, results in changes.results.items())
        self._items.update((item, _pack(state)) for item, state in changes.items.items())
        if changes.project is not None:
            self._project = changes.project
        if changes.opened:
            self.sweeps.setdefault(entry.body["batch"], Sweeps()).add(*changes.opened)
        return changes.decisions

    def _note(self, entry: Event) -> None:
        item = entry.body["item"]
        packed = self._answers.get(item)
        answers = {item: {} if packed is None else _answers(packed)}
        note_answer(answers, entry.body, entry.seq)
        if answers[item] or packed is not None:
            self._answers[item] = _pack(answers[item])
        if (made := note_result(entry.body, entry.seq)) is not None:
            self._results.setdefault(entry.body["annotator"], []).append(made)
