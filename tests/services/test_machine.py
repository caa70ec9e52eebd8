"""Everything in any order: the services against a model of plain dicts, and after each step all rows compared.

More than `make test` does: GOLDWORK_EXPLORE=500 tries that many histories, other ones each time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from goldwork.errors import ConflictError, GoldworkError
from goldwork.services.assign import Assigner, Lease
from goldwork.services.collect import Collector, Receipt, Submit
from goldwork.services.log import decode
from goldwork.store.database import Database
from goldwork.store.schema import annotator_state, assignment, item, project_state, submit
from goldwork.store.writer import Writer
from tests.core import MINUTE, Clock, Core, findings
from tests.services.model import Item, Model

PEOPLE = 4
EXPLORE = int(os.environ.get("GOLDWORK_EXPLORE", "0"))

people = st.integers(0, PEOPLE - 1)
counts = st.integers(1, 6)
kinds = st.sampled_from(["answer", "answer", "answer", "skip", "undo"])
answers = st.sampled_from([{"q": "a"}, {"q": "b"}, {"q": "c"}, {"q": "z"}, {}])
wishes = st.fixed_dictionaries(
    {
        "what": st.sampled_from(["new", "new", "new", "new", "again", "altered"]),
        "place": st.integers(0, 10_000),
        "kind": kinds,
        "answers": answers,
        "stranger": st.sampled_from([False] * 9 + [True]),
        "form": st.sampled_from([1] * 9 + [2]),
        "seconds": st.sampled_from([None, 0.5, 2.25]),
    }
)


class Machine(RuleBasedStateMachine):
    """One project, four people."""

    writer: Writer

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.database = self.writer.database
        self.database.now = self.clock
        self.core = Core.make(self.database, overlap=2, lease_ms=10 * MINUTE, writer=self.writer)
        self.who = self.core.annotators(PEOPLE)
        self.model = Model(self.clock.now, 2, 10 * MINUTE)
        self.batches: list[list[int]] = []
        self.stages: list[int] = []
        self.looked: dict[int, int] = {}
        self.sent: list[Submit] = []
        self.receipts: dict[tuple[int, str], Receipt] = {}

    def teardown(self) -> None:
        for key, (sent, _) in self.model.stored.items():
            assert self.core.send(sent) == [self.receipts[key]]
        assert self.core.own_findings() == []

    # Rules.

    @initialize()
    def begin(self) -> None:
        self.add_batch([0, 0, 0, 1], 7)
        self.open_chunk(0, 0, 3)

    @precondition(lambda self: len(self.batches) < 4)
    @rule(priorities=st.lists(st.integers(-1, 1), min_size=1, max_size=5), shuffle=st.integers(0, 50))
    def add_batch(self, priorities: list[int], shuffle: int) -> None:
        """Items of a new batch, not opened yet."""
        ids = []
        for place, priority in enumerate(priorities):
            of = self.core.stage(1, priority=float(priority), shuffles=[(shuffle + 17 * place) % 50])
            if not ids:
                self.stages.append(of)
            ids += self.core.ids(of)
        self.core.writer.run(
            lambda connection: connection.execute(
                sa.update(item).where(item.c.id.in_(ids)).values(batch=self.stages[-1])
            )
        )
        self.batches.append(ids)
        for row in self.core.rows(item, project=self.core.project):
            if row.id in ids:
                self.model.items[row.id] = Item((row.priority, row.shuffle, row.id))

    @rule(batch=st.integers(0, 10), begin=st.integers(0, 4), end=st.integers(0, 4))
    def open_chunk(self, batch: int, begin: int, end: int) -> None:
        """A part of a sweep, after a publication or a change of the overlap."""
        ids = self.batches[batch % len(self.batches)]
        chunk = ids[min(begin, end) : max(begin, end) + 1]
        if chunk:
            self.core.open(self.stages[batch % len(self.batches)], chunk[0] - 1, chunk[-1])
            for item_id in chunk:
                self.model.items[item_id].wanted = self.model.overlap

    @rule(overlap=st.integers(1, 4), minutes=st.sampled_from([1, 10]), sweep=st.booleans())
    def change_policy(self, overlap: int, minutes: int, sweep: bool) -> None:
        self.core.set_policy(overlap, minutes * MINUTE)
        self.model.overlap, self.model.lease_ms = overlap, minutes * MINUTE
        if sweep:
            for place in range(len(self.batches)):
                self.open_chunk(place, 0, 4)

    @rule(state=st.sampled_from(["open", "open", "open", "paused", "closed"]))
    def change_state(self, state: str) -> None:
        self.core.set_state(state)
        self.model.state = state

    @rule(jump=st.sampled_from([1, 1000, MINUTE, 6 * MINUTE, 11 * MINUTE, 11 * MINUTE, 10**9, -1, -MINUTE, -(10**8)]))
    def move_clock(self, jump: int) -> None:
        self.clock.now += jump
        self.model.now = self.clock.now

    @rule()
    def restart(self) -> None:
        self.core.assigner = Assigner(self.database)
        self.core.collector = Collector(self.database)
        self.looked.clear()

    @rule(requests=st.lists(st.tuples(people, counts), min_size=1, max_size=4))
    def lease(self, requests: list[tuple[int, int]]) -> None:
        """People ask for work, in one group."""
        asked = [Lease(self.core.project, self.who[one], count) for one, count in requests]
        answers = self.core.writer.many(self.core.assigner.lease_many, [*asked])
        self.model.release()
        before: dict[int, list[str]] = {}
        for sent, leased in zip(asked, answers, strict=True):
            who = sent.annotator
            self.model.renew(who)
            held = [name for name, work in self.model.work.items() if work.who == who and work.state == "leased"]
            assert {one.id for one in leased.assignments} >= set(held)
            assert len(leased.assignments) <= max(sent.count, len(held))
            self._given(sent, [one.id for one in leased.assignments if one.id not in held], leased.more)
            for one in leased.assignments:
                assert one.leased_until == self.model.work[one.id].until
            assert leased.state == self.model.state
            before[who] = held

    def _given(self, sent: Lease, given: list[str], more: bool) -> None:
        """What is new to a person: open items, in order, and as many as there are."""
        held = sum(work.who == sent.annotator and work.state == "leased" for work in self.model.work.values())
        could = self.model.wants(sent.annotator) if self.model.state == "open" and held < sent.count else []
        items = [self.core.assignment(one).item for one in given]
        assert len(items) == min(len(could), max(0, sent.count - held))
        assert set(items) <= set(could)
        if could and self.looked.get(sent.annotator) != (opened := self.model.counts()["items"]):
            assert items == could[: len(items)]
            self.looked[sent.annotator] = opened
        if len(items) < sent.count - held:
            assert more is False
        for lease_id, item_id in zip(given, items, strict=True):
            self.model.give(sent.annotator, lease_id, item_id)

    @precondition(lambda self: self.model.work)
    @rule(wanted=st.lists(wishes, min_size=1, max_size=6), singly=st.booleans())
    def submit(self, wanted: Sequence[dict[str, Any]], singly: bool) -> None:
        """Submits in one group; `singly`: in one that failed as a whole and is run again one by one."""
        sent = [self._wish(wish) for wish in wanted]
        handler = self.core.collector.submit_many

        def one_by_one(connection: sa.Connection, requests: list[Submit]) -> list[Receipt | Exception]:
            outcome = handler(connection, requests)
            if len(requests) > 1:
                raise RuntimeError("as a whole")
            return outcome

        def all_answers(connection: sa.Connection, requests: list[Submit]) -> list[Any]:
            return [[outcome] for outcome in (one_by_one if singly else handler)(connection, requests)]

        outcomes = [outcome for [outcome] in self.core.writer.many(all_answers, sent)]
        for one, outcome in zip(sent, outcomes, strict=True):
            expected = self.model.submit(one)
            assert told(outcome) == expected, (one, outcome)
            if isinstance(outcome, Receipt):
                first = self.receipts.setdefault((one.annotator, one.id), outcome)
                assert outcome == first
                if one.kind == "undo":
                    assert outcome.leased_until is not None
        self.sent += sent

    def _wish(self, wish: dict[str, Any]) -> Submit:
        if wish["what"] != "new" and self.sent:
            earlier = self.sent[wish["place"] % len(self.sent)]
            return earlier if wish["what"] == "again" else msgspec.structs.replace(earlier, seconds=7.0)
        names = sorted(self.model.work)
        # Mostly what happened lately: most old assignments are settled for good.
        name = list(self.model.work)[-1 - wish["place"] % min(len(names), 6)]
        who = self.model.work[name].who
        if wish["stranger"]:
            who = next(one for one in self.who if one != who)
        given = {"answers": wish["answers"]} if wish["kind"] == "answer" else {}
        return self.core.asked(who, name, wish["kind"], form_version=wish["form"], seconds=wish["seconds"], **given)

    # After every step.

    @invariant()
    def rows_are_the_models(self) -> None:
        assert picture(self.core) == self.model.picture()


def told(outcome: Receipt | Exception) -> str:
    """An outcome in the model's words."""
    if isinstance(outcome, Receipt):
        return "surplus" if outcome.surplus else "stored"
    assert isinstance(outcome, GoldworkError), outcome
    return outcome.reason if isinstance(outcome, ConflictError) else outcome.code


def picture(core: Core) -> dict[str, Any]:
    """The rows of a project, as the model draws them."""
    submits = core.rows(submit, project=core.project)
    kinds = {row.seq: row.kind for row in submits}
    stored = {(row.annotator, row.client_id): row.surplus for row in submits}
    assert len(stored) == len(submits)
    counted = core.rows(project_state, project=core.project)
    tally = core.rows(annotator_state, project=core.project)
    return {
        "items": {row.id: (row.wanted, row.taken) for row in core.rows(item, project=core.project)},
        "work": {
            row.id: (row.item, row.annotator, row.state, row.slot, row.leased_until, kinds.get(row.current))
            for row in core.rows(assignment, project=core.project)
        },
        "stored": stored,
        "tally": {row.annotator: decode(row.body) for row in tally},
        "counts": {"items": 0, "complete": 0} | (decode(counted[0].body) if counted else {}),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database_url", "examples"),
    [("sqlite", 40), pytest.param("postgres", 6, marks=pytest.mark.postgres)],
    indirect=["database_url"],
    ids=["sqlite", "postgres"],
)
def test_any_history(database: Database, examples: int) -> None:
    if database.dialect == "sqlite":

        @sa.event.listens_for(database._writers, "connect")
        def hurry(raw: Any, _record: Any) -> None:
            raw.execute("PRAGMA synchronous = OFF")

    class OnDatabase(Machine):
        writer = Writer(database)

    try:
        run(OnDatabase, examples)
    finally:
        OnDatabase.writer.close()
    assert findings(database) == []


def run(machine: type[Machine], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXPLORE or examples,
            stateful_step_count=30,
            derandomize=not EXPLORE,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
