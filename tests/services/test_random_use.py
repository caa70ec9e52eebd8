"""A project under random use against a model in plain dicts: whatever people, managers and clocks do in whatever
order, what is answered and what is stored is what the model says."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from goldwork.errors import AnswerError, ConflictError, NotFoundError
from goldwork.services.assign import Assigner, Lease, Leased
from goldwork.services.collect import Collector, Receipt, Submit
from goldwork.services.log import decode
from goldwork.services.suggest import is_hidden
from goldwork.store.database import Database
from goldwork.store.schema import annotator_state, assignment, batch, item, judgement, project, project_state, submit
from tests.core import CLASSES, MINUTE, Clock, Core

EXPLORE = int(os.environ.get("GOLDWORK_EXPLORE", "0"))
"""Set it to 1000 to try that many histories instead of a few."""
LEASE = 30 * MINUTE
PEOPLE = 4
MODELS = ("bert", "gpt")
MOST_ITEMS = 12
STRANGER = "no such assignment"
picks = st.integers(0, 999)
kinds = st.sampled_from(["answer", "answer", "answer", "skip", "undo", "undo"])
values = st.sampled_from(CLASSES)
fresh = st.tuples(st.just("new"), picks, kinds, values)
again = st.tuples(
    st.sampled_from(["retry", "retry", "other body", "stranger", "other form", "other answer"]), picks, kinds, values
)


@dataclasses.dataclass
class Work:
    """An assignment, as the model has it."""

    item: int
    who: int
    until: int
    slot: int | None
    state: str = "leased"
    current: int | None = None

    @property
    def holds(self) -> bool:
        return self.state in ("leased", "done") and self.slot is not None


class Model:
    """What ought to be stored, and what ought to be answered."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.seq = 0
        self.state = "open"
        self.overlap = 2
        self.lease_ms = LEASE
        self.wanted: dict[int, int] = {}
        self.order: dict[int, tuple[float, int, int]] = {}
        self.looked: dict[int, int] = {}
        """How many items were open when each person last asked for more."""
        self.most: dict[int, int] = {}
        """The most slots that each item ever had."""
        self.work: dict[str, Work] = {}
        self.stored: dict[tuple[int, str], tuple[Submit, Receipt]] = {}
        self.counts: dict[int, dict[str, int]] = {}
        self.models: set[int] = set()
        self.suggests = -1
        """The model whose judgements are suggested, if any."""
        self.share = 0.5
        self.served: dict[str, tuple[int, str] | None] = {}
        """By assignment, the seq of the model's submit drawn for it and what that says."""
        self.shown: set[str] = set()

    def suggested(self, item_id: int) -> tuple[int, str] | None:
        """What would be suggested with an item now: an answer in force of the model."""
        key = self.of(self.suggests, item_id)
        if key is None or self.work[key].state != "done":
            return None
        return next(
            (receipt.seq, request.answers["q"])
            for request, receipt in self.stored.values()
            if receipt.seq == self.work[key].current
        )

    def shows(self, key: str) -> dict[str, str]:
        """What the holder of an assignment sees of a suggestion."""
        served = self.served.get(key)
        return {"q": served[1]} if served is not None and key in self.shown else {}

    def used(self, item_id: int) -> set[int]:
        return {one.slot for one in self.work.values() if one.item == item_id and one.holds and one.slot is not None}

    def free(self, item_id: int) -> int | None:
        """The slot that comes next; none where as many are held as wanted, whichever they are."""
        used, wanted = self.used(item_id), self.wanted[item_id]
        return min(set(range(wanted)) - used) if len(used) < wanted else None

    def answers(self, item_id: int) -> int:
        return sum(one.item == item_id and one.holds and one.state == "done" for one in self.work.values())

    def complete(self) -> int:
        return sum(0 < wanted <= self.answers(item_id) for item_id, wanted in self.wanted.items())

    def of(self, who: int, item_id: int) -> str | None:
        """The person's assignment of an item."""
        return next((key for key, one in self.work.items() if (one.who, one.item) == (who, item_id)), None)

    def eligible(self, who: int) -> set[int]:
        """Items with a slot left that the person neither holds nor has judged."""
        mine = {one.item for one in self.work.values() if one.who == who and one.state != "lapsed"}
        return {item_id for item_id in self.wanted if item_id not in mine and self.free(item_id) is not None}

    def lapse(self) -> None:
        for one in self.work.values():
            if one.state == "leased" and one.until < self.now:
                one.state, one.slot = "lapsed", None

    def renew(self, who: int) -> dict[str, int]:
        """What the person holds, and until when, as soon as they ask."""
        held = {key: one for key, one in self.work.items() if one.who == who and one.state == "leased"}
        for one in held.values():
            if one.until - self.now < self.lease_ms // 2:
                one.until = self.now + self.lease_ms
        return {key: one.until for key, one in held.items()}

    def take(self, key: str, who: int, item_id: int) -> None:
        slot = self.free(item_id)
        if key in self.work:
            one = self.work[key]
            one.state, one.slot, one.until = "leased", slot, self.now + self.lease_ms
        else:
            self.work[key] = Work(item_id, who, self.now + self.lease_ms, slot)
            self.served[key] = self.suggested(item_id)
            if not is_hidden(key, self.share):
                self.shown.add(key)

    def submit(self, request: Submit) -> Receipt | str:
        """The receipt, or why not."""
        key = (request.annotator, request.id)
        if key in self.stored:
            first, receipt = self.stored[key]
            return receipt if first == request else "id_reused"
        one = self.work.get(request.assignment)
        if one is None or one.who != request.annotator:
            return STRANGER
        if self.state == "closed" or (self.state == "paused" and one.who not in self.models):  # imports go on
            return self.state
        if request.form_version != 1:
            return "form_changed"
        if request.kind == "undo" and one.state not in ("done", "skipped"):
            return "nothing_to_undo"
        if request.kind != "undo" and one.state in ("done", "skipped"):
            return "already_answered"
        if request.kind == "answer" and request.answers not in [{"q": value} for value in CLASSES]:
            return "bad_answer"
        if request.kind == "skip":
            one.slot, one.state = None, "skipped"
        else:
            if one.slot is None and one.who not in self.models:
                one.slot = self.free(one.item)
            one.state = "done" if request.kind == "answer" else "leased"
        if request.kind == "undo":
            one.until = self.now + self.lease_ms
        if one.who not in self.models:
            self.wanted[one.item] = self.overlap
            self.most[one.item] = max(self.most[one.item], self.overlap)
        self.seq += 1
        one.current = self.seq
        surplus = request.kind == "answer" and one.slot is None and one.who not in self.models
        until = one.until if request.kind == "undo" else None
        receipt = Receipt(request.id, request.assignment, request.kind, self.seq, surplus, until)
        self.stored[key] = (request, receipt)
        mine = self.counts.setdefault(request.annotator, {})
        mine[request.kind] = mine.get(request.kind, 0) + 1
        mine["ms"] = mine.get("ms", 0) + 2500
        return receipt


class Machine(RuleBasedStateMachine):
    """One project of a database, used at random."""

    def __init__(self, database: Database, close: Callable[[], None]) -> None:
        super().__init__()
        self.close = close
        database.now = self.clock = Clock()
        self.core = Core.make(database, overlap=2, lease_ms=LEASE)
        self.model = Model(self.clock.now)
        self.model.seq = 4
        self.people = self.core.annotators(PEOPLE)
        self.models = [self.core.add_model(name) for name in MODELS]
        self.model.models.update(self.models)
        self.asked: list[Submit] = []
        self.batches: list[int] = []
        self.sweeps: list[tuple[int, int, int]] = []
        """Chunks (batch, after, through) that the worker has still to open, in its order."""
        self.bring(3, 2)
        self.advance()
        self.advance()

    def teardown(self) -> None:
        findings = self.core.findings()
        self.core.close()
        self.close()
        assert findings == []

    # What people do.

    @rule(asks=st.lists(st.tuples(picks, st.integers(1, 4)), min_size=1, max_size=3))
    def lease(self, asks: list[tuple[int, int]]) -> None:
        model, core = self.model, self.core
        wants = [(self.people[pick % PEOPLE], count) for pick, count in asks]
        requests = [Lease(core.project, who, count) for who, count in wants]
        answers = core.writer.run(lambda connection: core.assigner.lease_many(connection, requests))
        payloads = {row.id: row.payload for row in core.rows(item, project=core.project)}
        item_of = {row.id: row.item for row in core.rows(assignment, project=core.project)}
        model.lapse()
        for (who, count), answer in zip(wants, answers, strict=True):
            assert isinstance(answer, Leased)
            held, eligible = model.renew(who), model.eligible(who)
            could, room = sorted(eligible, key=model.order.__getitem__), count - len(held)
            given = [one.id for one in answer.assignments if one.id not in held]
            for key in given:
                assert item_of[key] in eligible, "judged, held or full"
                assert model.of(who, item_of[key]) in (None, key), "a second assignment of one item"
                eligible.remove(item_of[key])
                model.take(key, who, item_of[key])
                held[key] = model.work[key].until
            if model.state == "open" and room > 0 and self.is_new(who):
                assert [item_of[key] for key in given] == could[:room], "not the first in the order"
            assert {one.id: one.leased_until for one in answer.assignments} == held
            assert all(one.payload == payloads[item_of[one.id]] for one in answer.assignments)
            assert {one.id: one.suggestions for one in answer.assignments} == {key: model.shows(key) for key in held}
            assert answer.state == model.state
            if model.state != "open":
                assert (given, answer.more) == ([], False)
            elif len(held) < count:
                assert (eligible, answer.more) == (set(), False), "there was more to give"
            else:
                assert len(held) == count or not given

    def is_new(self, who: int) -> bool:
        """Whether items were opened since the person last asked for more: then the first in the order comes first."""
        opened = sum(wanted > 0 for wanted in self.model.wanted.values())
        before, self.model.looked[who] = self.model.looked.get(who), opened
        return before != opened

    @precondition(lambda self: self.model.work)
    @rule(specs=st.lists(st.one_of(fresh, fresh, again), min_size=1, max_size=4), one_by_one=st.booleans())
    def send(self, specs: list[tuple[str, int, str, str]], one_by_one: bool) -> None:
        """Submits in one group: new ones, earlier ones again, other bodies under used ids, other people's.

        `one_by_one`: the group fails as a whole, and each is tried alone.
        """
        group = []
        for how, pick, kind, value in specs:
            request = self.request(how, pick, kind, value)
            self.asked.append(request)
            group.append(request)
        expected = [self.model.submit(request) for request in group]
        assert [_outcome(answer) for answer in self.sent(group, one_by_one)] == expected

    def sent(self, group: list[Submit], one_by_one: bool) -> list[Receipt | Exception]:
        def handler(connection: sa.Connection, requests: list[Submit]) -> list[Any]:
            answers = self.core.collector.submit_many(connection, requests)
            if one_by_one and len(requests) > 1:
                raise RuntimeError("as a whole")
            return [[answer] for answer in answers]

        return [answer for [answer] in self.core.writer.many(handler, group)]

    def request(self, how: str, pick: int, kind: str, value: str) -> Submit:
        if how == "retry" and self.asked:
            return self.asked[pick % len(self.asked)]
        keys = list(self.model.work)
        of = keys[pick % len(keys)]
        who = self.model.work[of].who
        if how == "stranger":
            who = next(one for one in self.people if one != who)
        options: dict[str, Any] = {"answers": {"q": value}} if kind == "answer" else {}
        if how == "other form":
            options["form_version"] = 2
        if how == "other answer" and kind == "answer":
            options["answers"] = {"q": f"{value}{value}"}
        if how == "other body" and self.model.stored:
            stored = list(self.model.stored)
            who, options["id"] = stored[pick % len(stored)]
        return self.core.asked(who, of, kind, **options)

    # What managers and the worker do.

    @precondition(lambda self: len(self.model.wanted) < MOST_ITEMS)
    @rule(number=st.integers(1, 3), chunk=st.integers(1, 3), priority=st.integers(-1, 1), shuffle=st.integers(0, 20))
    def bring(self, number: int, chunk: int, priority: int = 0, shuffle: int = 0) -> None:
        """Another batch somewhere in the order, to be opened in chunks."""
        shuffles = [(shuffle + 7 * place) % 20 for place in range(number)]
        of = self.core.stage(number, priority=float(priority), shuffles=shuffles)
        self.batches.append(of)
        for row in self.core.rows(item, batch=of):
            self.model.wanted[row.id] = self.model.most[row.id] = 0
            self.model.order[row.id] = (row.priority, row.shuffle, row.id)
        self.plan(of, chunk)

    def plan(self, of: int, chunk: int) -> None:
        ids, after = self.core.ids(of), 0
        for begin in range(0, len(ids), chunk):
            through = ids[begin : begin + chunk][-1]
            self.sweeps.append((of, after, through))
            after = through

    @rule(overlap=st.integers(1, 4), minutes=st.sampled_from([30, 30, 2]), chunk=st.integers(1, 3))
    def set_policy(self, overlap: int, minutes: int, chunk: int) -> None:
        """Another overlap, to be swept over every batch in chunks, and another time for which leases are given."""
        suggests = "" if self.model.suggests < 0 else MODELS[self.models.index(self.model.suggests)]
        self.core.set_policy(overlap, minutes * MINUTE, suggestions=suggests, hidden=round(self.model.share * 10_000))
        self.model.seq += 1
        self.model.lease_ms = minutes * MINUTE
        if overlap == self.model.overlap:
            return
        self.model.overlap = overlap
        for of in self.batches:
            self.plan(of, chunk)

    @precondition(lambda self: self.model.wanted and self.model.state == "open")
    @rule(pick=picks, which=st.integers(0, 1), value=values)
    def predict(self, pick: int, which: int, value: str) -> None:
        """A model judges an item that it has not judged."""
        model, items = self.model, sorted(self.model.wanted)
        of, who = items[pick % len(items)], self.models[which]
        if model.of(who, of) is not None:
            return
        [receipt] = self.core.predict(who, [of], value)
        model.work[receipt.assignment] = Work(of, who, 0, None)
        request = self.core.asked(who, receipt.assignment, id=receipt.id, answers={"q": value})
        assert model.submit(request) == receipt

    @rule(which=st.integers(-1, 1), share=st.sampled_from([0.0, 0.5, 1.0]))
    def suggest(self, which: int, share: float) -> None:
        """The judgements of another model are shown, or of none, and another share of them is hidden."""
        name = MODELS[which] if which >= 0 else ""
        self.core.set_policy(self.model.overlap, self.model.lease_ms, suggestions=name, hidden=round(share * 10_000))
        self.model.seq += 1
        self.model.suggests, self.model.share = self.models[which] if which >= 0 else -1, share

    @precondition(lambda self: self.sweeps)
    @rule()
    def advance(self) -> None:
        """The worker opens the next chunk, with the overlap of this moment."""
        of, after, through = self.sweeps.pop(0)
        self.core.open(of, after, through)
        self.model.seq += 1
        for item_id in self.core.ids(of):
            if after < item_id <= through:
                self.model.wanted[item_id] = self.model.overlap
                self.model.most[item_id] = max(self.model.most[item_id], self.model.overlap)

    @precondition(lambda self: self.sweeps)
    @rule()
    def finish(self) -> None:
        while self.sweeps:
            self.advance()

    @rule(state=st.sampled_from(["open", "open", "open", "paused", "closed"]))
    def set_state(self, state: str) -> None:
        if state != self.model.state:
            self.core.set_state(state)
            self.model.seq += 1
            self.model.state = state

    # What happens to them.

    @rule(minutes=st.integers(-100, 100))
    def jump(self, minutes: int) -> None:
        self.clock.now += minutes * MINUTE
        self.model.now = self.clock.now

    @rule()
    def restart(self) -> None:
        """As after the end of a process: nothing is remembered but what is stored."""
        self.core.assigner, self.core.collector = Assigner(self.core.database), Collector(self.core.database)
        self.model.looked.clear()

    # What must hold after each of them.

    @invariant()
    def items_are_as_modelled(self) -> None:
        model = self.model
        assert self.core.items() == {of: (wanted, len(model.used(of))) for of, wanted in model.wanted.items()}
        with self.core.database.read() as connection:
            held = connection.execute(
                sa.select(assignment.c.item, assignment.c.slot)
                .where(assignment.c.project == self.core.project, assignment.c.slot.is_not(None))
                .where(assignment.c.state.in_(["leased", "done"]))
            ).all()
        for of, most in model.most.items():
            slots = [row.slot for row in held if row.item == of]
            assert len(slots) == len(set(slots)) <= most
            assert all(0 <= slot < most for slot in slots)

    @invariant()
    def assignments_are_as_modelled(self) -> None:
        rows = self.core.rows(assignment, project=self.core.project)
        assert len({(row.item, row.annotator) for row in rows}) == len(rows)
        stored = {row.id: (row.item, row.annotator, row.slot, row.state, row.current) for row in rows}
        work = self.model.work.items()
        assert stored == {key: (one.item, one.who, one.slot, one.state, one.current) for key, one in work}
        assert {row.id: row.leased_until for row in rows} == {key: one.until for key, one in work}

    @invariant()
    def what_was_acknowledged_is_stored_once(self) -> None:
        rows = self.core.rows(submit, project=self.core.project)
        assert len(rows) == len(self.model.stored)
        by_seq = {row.seq: row for row in rows}
        given = {row.seq: {row.question: json.loads(row.value)} for row in self.core.rows(judgement)
                 if row.project == self.core.project}  # fmt: skip
        for (who, client), (request, receipt) in self.model.stored.items():
            row = by_seq[receipt.seq]
            assert (row.annotator, row.client_id, row.kind, row.surplus) == (who, client, request.kind, receipt.surplus)
            assert (row.assignment, row.item) == (request.assignment, self.model.work[request.assignment].item)
            served = self.model.served.get(request.assignment)
            said = None if served is None else "shown" if request.assignment in self.model.shown else "hidden"
            assert row.suggestion == said
            assert given.pop(receipt.seq, {}) == request.answers
        assert given == {}

    @invariant()
    def the_engine_counts_as_modelled(self) -> None:
        model, core = self.model, self.core
        assert core.row(project, id=core.project).seq == model.seq
        stored = {row.annotator: decode(row.body) for row in core.rows(annotator_state, project=core.project)}
        names = ("answer", "skip", "undo", "ms")
        counted = {who: {name: state[name] for name in names if name in state} for who, state in stored.items()}
        assert {who: state for who, state in counted.items() if state} == model.counts
        whole = {"items": sum(wanted > 0 for wanted in model.wanted.values()), "complete": model.complete()}
        for who, counts in model.counts.items():
            for name, count in counts.items() if who not in model.models else ():
                whole[name] = whole.get(name, 0) + count
        kept = decode(core.row(project_state, project=core.project).body)
        assert {name: kept.get(name, 0) for name in whole} == whole
        assert {row.id for row in core.rows(batch, project=core.project)} == set(self.batches)


def _outcome(answer: Receipt | Exception) -> Receipt | str:
    if isinstance(answer, ConflictError):
        return answer.reason
    if isinstance(answer, NotFoundError):
        return STRANGER
    if isinstance(answer, AnswerError):
        return answer.code
    assert isinstance(answer, Receipt), answer
    return answer


@pytest.mark.slow
def test_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    names = itertools.count()

    def make() -> Machine:
        path = tmp_path / f"{next(names)}.db"
        shutil.copy(sqlite_template, path)
        database = Database(str(path))
        hurry(database)
        return Machine(database, database.close)

    run_state_machine_as_test(make, settings=bounded(examples=20, steps=40))


def hurry(database: Database) -> None:
    """Do not wait for the disk: no power fails here."""

    @sa.event.listens_for(database._writers, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.execute("PRAGMA synchronous = OFF")


@pytest.mark.slow
@pytest.mark.postgres
def test_on_postgres(request: pytest.FixtureRequest) -> None:
    """Each example is a project of its own in one database."""
    from tests.conftest import fresh_database

    with fresh_database("postgres", request) as url:
        database = Database(url)
        run_state_machine_as_test(lambda: Machine(database, lambda: None), settings=bounded(examples=4, steps=25))
        database.close()


def test_an_answer_beyond_a_lowered_overlap_is_surplus(sqlite_database: Database) -> None:
    """The one slot that is left in use is not the first: the empty one below it is not to be filled."""
    sqlite_database.now = clock = Clock()
    core = Core.make(sqlite_database, items=1, overlap=2, lease_ms=LEASE)
    early, late, other = core.annotators(3)
    first = core.lease_one(early)
    clock.now += 20 * MINUTE
    second = core.lease_one(late)
    clock.now += 15 * MINUTE
    assert core.submit(other, core.lease_one(other), "skip")  # takes what lapsed, and gives it back
    core.set_policy(1)
    core.sweep(core.row(batch).id)
    assert core.assignment(second).slot == 1
    assert core.submit(early, first).surplus
    assert not core.submit(late, second).surplus
    assert list(core.items().values()) == [(1, 1)]
    core.close()
    assert core.findings() == []


def bounded(examples: int, steps: int) -> settings:
    return settings(
        max_examples=EXPLORE or examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
