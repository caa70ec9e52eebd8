"""What deciding costs: events per second of the step alone, and its share of a submit's processor time in the server.

The step is timed over projects of 10,000 and of 10,000,000 judgements, whose states are as large as they become, items
with up to five judgements, by 50 annotators. In the server submits go through the collector in groups of sixteen on
SQLite, in rounds that alternate between the engine and none (its step and what is read for it left out); the difference
of processor time per submit is given with a 95 % interval over the rounds (Student's t).

Options: `--rounds 9` `--submits 1600`.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks._report import report
from goldwork.quality import engine
from goldwork.quality.engine import Answer, Changes, Event, Policy, Result, State
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.migrations import migrate
from tests.core import Core

PEOPLE, OVERLAP, GROUP = 50, 5, 16
HOT = 1_500
"""Items that are judged meanwhile, wherever they stand among all."""
STUDENT = {8: 2.306}
"""The 97.5 % point of Student's t, by degrees of freedom."""


def main(arguments: list[str]) -> None:
    """Print a line for every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks step --", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--submits", type=int, default=1600)
    options = parser.parse_args(arguments)
    for classes in (2, 5, 10, 20):
        small = statistics.median(rate(classes, 10_000) for _ in range(3))
        large = statistics.median(rate(classes, 10_000_000) for _ in range(3))
        report(f"steps a second, {classes} classes", large, "1/s", "a thousandth of the judgements", large / small)
    in_the_server(options.rounds, options.submits)


class Memory:
    """A view in memory, which is brought up to date after every step."""

    def __init__(self, classes: int, judgements: int) -> None:
        draw = random.Random(1)
        self.classes, self.judgements = classes, judgements
        self._policy = Policy(overlap=1, maximum=OVERLAP, target=9500)
        self._annotators: dict[int, State] = {}
        self._items: dict[int, State] = {}
        self._project: State = {}
        self._results: dict[int, list[Result]] = {}
        self.given: dict[int, list[Answer]] = {}
        self.events = [self._event(draw, seq) for seq in range(1, 6001)]

    def _event(self, draw: random.Random, seq: int) -> Event:
        item = draw.randrange(HOT) * (self.judgements // OVERLAP // HOT)
        code = item % self.classes if draw.random() < 0.8 else draw.randrange(self.classes)
        body = {"annotator": draw.randrange(PEOPLE), "item": item, "kind": "answer", "ms": 1000, "surplus": False,
                "purpose": "work", "said": {"q": [code, self.classes]}}  # fmt: skip
        return Event(seq, "submit", body, 1000 * seq)

    def policy(self) -> Policy:
        return self._policy

    def project(self) -> State:
        return self._project

    def annotator(self, annotator: int) -> State:
        return self._annotators.get(annotator, {})

    def item(self, item: int) -> State:
        return self._items.get(item, {})

    def answers(self, item: int) -> Sequence[Answer]:
        return self.given.get(item, [])

    def results(self, annotator: int) -> Sequence[Result]:
        return self._results.get(annotator, [])

    def keep(self, changes: Changes) -> None:
        self._annotators.update(changes.annotators)
        self._items.update(changes.items)
        self._project = changes.project or self._project


def rate(classes: int, judgements: int) -> float:
    """Steps per second of processor time."""
    view, spent = Memory(classes, judgements), 0.0
    for event in view.events:
        body: Mapping[str, Any] = event.body
        others = [one for one in view.given.get(body["item"], []) if one.annotator != body["annotator"]]
        fresh = Answer(body["annotator"], event.seq, True, body["said"])
        view.given[body["item"]] = [*others[-OVERLAP + 1 :], fresh]
        begun = time.process_time()
        changes = engine.step(view, event)
        spent += time.process_time() - begun
        view.keep(changes)
    return len(view.events) / spent


def in_the_server(rounds: int, submits: int) -> None:
    """Processor time per submit with the engine and without."""
    with tempfile.TemporaryDirectory() as folder:
        core = prepare(Path(folder) / "goldwork.db", 2 * rounds * submits)
        people = itertools.cycle(core.annotators(PEOPLE))
        with_it, without = [], []
        for _ in range(rounds):
            with_it.append(seconds(core, people, submits))
            with left_out():
                without.append(seconds(core, people, submits))
        core.close()
        core.database.close()
    more = [1e6 * (one - other) for one, other in zip(with_it, without, strict=True)]
    mean, error = statistics.mean(more), statistics.stdev(more) / math.sqrt(rounds)
    far = STUDENT.get(rounds - 1, 2.3) * error
    base = 1e6 * statistics.median(without)
    report("processor time a submit without the engine", base, "µs")
    report("more with the engine, mean of the rounds", mean, "µs", "a submit without it", mean / base)
    report("more with the engine, low", mean - far, "µs", "a submit without it", (mean - far) / base)
    report("more with the engine, high", mean + far, "µs", "a submit without it", (mean + far) / base)


def prepare(path: Path, judgements: int) -> Core:
    """A project with enough items."""
    database = Database(str(path))
    migrate(database)
    core = Core.make(database, overlap=3)
    core.set_policy(3, maximum=5, target=9500)
    core.add_items(judgements // 3 + PEOPLE)
    return core


def seconds(core: Core, people: Iterator[int], submits: int) -> float:
    """Processor seconds per submit; leases are not counted."""
    held = []
    while len(held) < submits:
        who = next(people)
        held += [(who, one.id) for one in core.lease(who, 40).assignments]
    sent = [core.asked(who, of, answers={"q": "abc"[number % 3]}) for number, (who, of) in enumerate(held)]
    begun = time.process_time()
    for begin in range(0, len(sent), GROUP):
        core.send(*sent[begin : begin + GROUP])
    return (time.process_time() - begun) / len(sent)


def _nothing(*_: object) -> Changes:
    return Changes()


@contextmanager
def left_out() -> Iterator[None]:
    """No step, and nothing read for it but how many slots items have."""

    def bare(log: Log, items: set[int], _annotators: set[int]) -> None:
        log._wanted.update(dict.fromkeys(items, OVERLAP))

    with (
        mock.patch.object(engine, "step", _nothing),
        mock.patch.object(Log, "load", bare),
    ):
        yield
