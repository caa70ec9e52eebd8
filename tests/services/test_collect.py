"""Submits: what is accepted, what is refused and why, and what is stored of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.errors import AnswerError, ConflictError, InputError, NotFoundError
from goldwork.services.collect import MAX_SECONDS, Collector, Receipt
from goldwork.services.log import decode, record
from goldwork.store.database import Database
from goldwork.store.schema import (
    annotator_state,
    assignment,
    decision,
    event,
    form,
    guideline,
    judgement,
    project,
    project_state,
    submit,
)
from tests.core import FORM, MINUTE, TASK, Clock, Core

KINDS = ("answer", "skip", "undo")


@pytest.fixture
def clock(database: Database) -> Clock:
    """The database's clock, which the test moves."""
    database.now = clock = Clock()
    return clock


@pytest.fixture
def core(database: Database, clock: Clock) -> Iterator[Core]:
    """A project whose single item wants one judgement."""
    made = Core.make(database, items=1)
    yield made
    made.close()
    assert made.findings() == []


COUNTS = ("answer", "skip", "undo", "ms", "items", "complete")


def counts(core: Core) -> dict[str, int]:
    """What the engine has counted, but for what it learned."""
    kept = decode(core.row(project_state, project=core.project).body)
    return {name: kept[name] for name in COUNTS if name in kept}


def submits(core: Core) -> int:
    return len(core.rows(submit))


def reason(core: Core, who: int, of: str, kind: str = "answer", **options: Any) -> str:
    """The reason code of the conflict that a submit meets."""
    error = core.refused(who, of, kind, **options)
    assert isinstance(error, ConflictError), error
    return error.reason


class TestAnswer:
    def test_it_is_stored_whole(self, core: Core, clock: Clock) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        clock.now += MINUTE
        receipt = core.submit(who, mine, id="c-1", seconds=3.14159)
        assert receipt == Receipt("c-1", mine, "answer", receipt.seq, surplus=False)
        row = core.row(submit)
        assert (row.project, row.seq, row.annotator, row.client_id) == (core.project, receipt.seq, who, "c-1")
        assert (row.assignment, row.kind, row.supersedes, row.surplus) == (mine, "answer", None, False)
        assert (row.form_version, row.guideline_version, row.seconds) == (1, 1, 3.142)
        assert row.submitted_at == clock.now
        assert tuple(core.row(judgement)) == (core.project, receipt.seq, "q", '"a"')
        told = core.row(event, seq=receipt.seq)
        assert told.kind == "submit"
        assert decode(told.body)["ms"] == 3142
        assert "answers" not in told.body
        assert (core.assignment(mine).state, core.assignment(mine).current) == ("done", receipt.seq)
        assert list(core.items().values()) == [(1, 1)]

    def test_the_engine_counts_and_decides(self, core: Core) -> None:
        [who] = core.annotators()
        receipt = core.submit(who, core.lease_one(who))
        assert counts(core) == {"answer": 1, "complete": 1, "items": 1, "ms": 2500}
        mine = decode(core.row(annotator_state, annotator=who).body)
        assert (mine["answer"], mine["ms"], mine["session"][0]) == (1, 2500, 1)
        made = core.row(decision)
        item_id = core.assignment(receipt.assignment).item
        assert (made.seq, made.number, made.kind, made.subject) == (receipt.seq, 0, "complete", f"item {item_id}")

    def test_time_need_not_be_said(self, core: Core) -> None:
        [who] = core.annotators()
        core.submit(who, core.lease_one(who), seconds=None)
        assert core.row(submit).seconds is None
        assert counts(core)["ms"] == 0

    def test_twice(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        core.submit(who, mine)
        assert reason(core, who, mine) == "already_answered"
        assert reason(core, who, mine, "skip") == "already_answered"
        assert submits(core) == 1


class TestRetry:
    def test_the_same_again_is_answered_the_same(self, core: Core, clock: Clock) -> None:
        [who] = core.annotators()
        sent = core.asked(who, core.lease_one(who))
        [first] = core.send(sent)
        clock.now += 10**9
        core.collector = Collector(core.database)
        assert core.send(sent, sent) == [first, first]
        assert submits(core) == 1

    def test_also_when_it_would_be_refused_by_now(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        answer, undo = core.asked(who, mine), core.asked(who, mine, "undo")
        receipts = [core.send(answer)[0], core.send(undo)[0]]
        core.set_state("closed")
        assert core.send(answer, undo) == receipts
        core.set_state("open")
        assert core.send(undo, answer) == receipts[::-1]

    def test_in_one_group_with_the_first(self, core: Core) -> None:
        [who] = core.annotators()
        sent = core.asked(who, core.lease_one(who))
        first, again, once_more = core.send(sent, sent, sent)
        assert first == again == once_more
        assert isinstance(first, Receipt)
        assert submits(core) == 1

    def test_another_body_under_the_id(self, core: Core) -> None:
        [who] = core.annotators()
        sent = core.asked(who, core.lease_one(who))
        core.send(sent)
        changes: list[dict[str, Any]] = [
            {"answers": {"q": "b"}},
            {"seconds": 2.6},
            {"seconds": None},
            {"kind": "skip"},
            {"guideline_version": 2},
            {"assignment": "another"},
            {"project": 987_654},
        ]
        for change in changes:
            [error] = core.send(msgspec.structs.replace(sent, **change))
            assert isinstance(error, ConflictError), change
            assert error.reason == "id_reused"
        assert submits(core) == 1

    def test_what_was_refused_may_be_sent_again(self, core: Core) -> None:
        """An id is used up by what is stored, not by what was refused."""
        [who] = core.annotators()
        sent = core.asked(who, core.lease_one(who))
        core.set_state("paused")
        [error] = core.send(sent)
        assert isinstance(error, ConflictError)
        core.set_state("open")
        assert isinstance(core.send(sent)[0], Receipt)

    def test_others_may_use_the_same_id(self, core: Core) -> None:
        core.add_items(3)
        people = core.annotators(3)
        sent = [core.asked(who, core.lease_one(who), id="1") for who in people]
        receipts = core.send(*sent)
        assert len({receipt.seq for receipt in receipts}) == 3  # type: ignore[union-attr]
        assert core.send(*sent) == receipts


class TestRefused:
    @pytest.mark.parametrize("state", ["paused", "closed"])
    def test_the_project_rests(self, core: Core, state: str) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        core.set_state(state)
        assert [reason(core, who, mine, kind) for kind in KINDS] == [state] * 3
        assert submits(core) == 0

    def test_the_form_has_changed(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        for version, kind in itertools.product((0, 2, -1, 2**70), KINDS):
            assert reason(core, who, mine, kind, form_version=version) == "form_changed"

    def test_the_form_changes_while_one_judges(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)

        def change(connection: sa.Connection) -> None:
            other = {"questions": [{"name": "kind", "title": "K", "task": TASK}]}
            connection.execute(
                sa.insert(form).values(project=core.project, version=2, body=json.dumps(other), created_at=1)
            )
            connection.execute(sa.update(project).values(form_version=2))
            record(connection, core.database, core.project, "form", {"version": 2, "digest": "", "by": 1})

        core.writer.run(change)
        assert reason(core, who, mine) == "form_changed"
        assert core.lease(who).form_version == 2
        core.submit(who, mine, form_version=2, answers={"kind": "c"})

    def test_a_guideline_that_never_was(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        for version in (0, -1, 2, 2**70):
            error = core.refused(who, mine, guideline_version=version)
            assert isinstance(error, InputError)
            assert error.where == "guideline_version"

    def test_an_older_guideline_is_kept_as_displayed(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)

        def change(connection: sa.Connection) -> None:
            connection.execute(sa.insert(guideline).values(project=core.project, version=2, body="new", created_at=1))
            connection.execute(sa.update(project).values(guideline_version=2))
            record(connection, core.database, core.project, "guideline", {"version": 2, "digest": "", "by": 1})

        core.writer.run(change)
        core.submit(who, mine, guideline_version=1)
        assert core.row(submit).guideline_version == 1

    def test_not_yours_not_there_and_not_here_look_the_same(self, core: Core) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        elsewhere = Core.make(core.database, items=1, writer=core.writer)
        for kind in KINDS:
            errors = [
                core.refused(other, mine, kind),
                core.refused(other, "nothing", kind),
                core.refused(one, mine, kind, project=elsewhere.project),
                core.refused(one, "x\0y", kind),
                core.refused(one, "", kind),
                core.refused(one, "é" * 5000, kind),
            ]
            assert {type(error) for error in errors} == {NotFoundError}
            assert {str(error) for error in errors} == {"there is no such assignment."}
            assert isinstance(core.refused(one, mine, kind, project=987_654), NotFoundError)

    def test_answers_that_do_not_fit(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        wrong: list[dict[str, Any]] = [
            {},
            {"q": "z"},
            {"q": None},
            {"q": 1},
            {"q": ["a"]},
            {"q": {"a": "a"}},
            {"q": ""},
            {"q": "a "},
            {"q": "A"},
            {"q": "a\0"},
            {"q": float("nan")},
            {"q": 10**400},
            {"q": "a", "other": "a"},
            {"Q": "a"},
            {"q": "a" * 100_000},
        ]
        for answers in wrong:
            assert isinstance(core.refused(who, mine, answers=answers), AnswerError), answers
        assert submits(core) == 0
        core.submit(who, mine)

    def test_time_that_cannot_be(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        for seconds in (-0.001, -1e300, MAX_SECONDS + 1, 1e300, float("inf"), float("nan")):
            error = core.refused(who, mine, seconds=seconds)
            assert isinstance(error, InputError)
            assert error.where == "seconds"

    def test_time_that_can_just_be(self, core: Core) -> None:
        core.add_items(6)
        [who] = core.annotators()
        told = (0, 0.0, 0.0004, 5e-324, MAX_SECONDS, 86_400)
        for seconds in told:
            core.submit(who, core.lease_one(who), seconds=seconds)
        assert counts(core)["ms"] == sum(round(seconds * 1000) for seconds in told)

    def test_ids_that_are_none(self, core: Core) -> None:
        core.add_items(10)
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        for client_id in ("", "x" * 65, "a b", "a\0b", "a\nb", "é", "\ud800", "a\x7f"):
            error, fine = core.send(core.asked(one, mine, id=client_id), core.asked(other, core.lease_one(other)))
            assert isinstance(error, InputError)
            assert isinstance(fine, Receipt)
        core.submit(one, mine, id="x" * 64)


class TestSkip:
    def test_it_gives_the_slot_back(self, core: Core) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        receipt = core.submit(one, mine, "skip")
        assert (receipt.kind, receipt.surplus, receipt.leased_until) == ("skip", False, None)
        assert (core.assignment(mine).state, core.assignment(mine).slot) == ("skipped", None)
        assert list(core.items().values()) == [(1, 0)]
        assert core.rows(judgement) == []
        assert counts(core) == {"skip": 1, "items": 1, "ms": 2500}
        core.submit(other, core.lease_one(other))
        assert counts(core)["complete"] == 1

    def test_answers_sent_with_it_are_not_kept(self, core: Core) -> None:
        [who] = core.annotators()
        core.submit(who, core.lease_one(who), "skip", answers={"q": "a"})
        assert core.rows(judgement) == []

    def test_of_a_lapsed_lease(self, core: Core, clock: Clock) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += 31 * MINUTE
        core.lease_one(other)
        core.submit(one, mine, "skip")
        assert core.assignment(mine).state == "skipped"
        assert list(core.items().values()) == [(1, 1)]


class TestUndo:
    def test_of_an_answer_leases_again(self, core: Core, clock: Clock) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        first = core.submit(one, mine)
        clock.now += 10 * MINUTE
        undone = core.submit(one, mine, "undo")
        assert undone.leased_until == clock.now + 30 * MINUTE
        row = core.assignment(mine)
        assert (row.state, row.slot, row.current, row.leased_until) == ("leased", 0, undone.seq, undone.leased_until)
        assert core.row(submit, seq=undone.seq).supersedes == first.seq
        assert counts(core).get("complete", 0) == 0
        assert [row.kind for row in core.rows(decision)] == ["complete", "reopened"]
        assert core.lease(other).assignments == []  # the slot is still held
        assert [held.id for held in core.lease(one).assignments] == [mine]
        again = core.submit(one, mine, answers={"q": "b"})
        assert core.row(submit, seq=again.seq).supersedes == undone.seq
        assert counts(core) == {"answer": 2, "undo": 1, "complete": 1, "items": 1, "ms": 7500}
        assert [row.value for row in core.rows(judgement)] == ['"a"', '"b"']

    def test_of_a_skip_takes_the_slot_again(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        core.submit(who, mine, "skip")
        core.submit(who, mine, "undo")
        assert (core.assignment(mine).state, core.assignment(mine).slot) == ("leased", 0)
        assert list(core.items().values()) == [(1, 1)]
        core.submit(who, mine)
        assert counts(core)["complete"] == 1

    def test_of_a_skip_whose_slot_is_gone(self, core: Core) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        core.submit(one, mine, "skip")
        core.submit(other, core.lease_one(other))
        core.submit(one, mine, "undo")
        assert (core.assignment(mine).state, core.assignment(mine).slot) == ("leased", None)
        assert core.submit(one, mine).surplus is True
        assert list(core.items().values()) == [(1, 1)]

    def test_of_surplus(self, core: Core, clock: Clock) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += 31 * MINUTE
        theirs = core.lease_one(other)
        core.submit(other, theirs)
        assert core.submit(one, mine).surplus is True
        core.submit(one, mine, "undo")
        assert core.assignment(mine).slot is None
        # The other one takes theirs back and skips: now there is a slot.
        core.submit(other, theirs, "undo")
        core.submit(other, theirs, "skip")
        assert core.submit(one, mine).surplus is False
        assert counts(core)["complete"] == 1

    def test_after_the_undone_lease_lapsed(self, core: Core, clock: Clock) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        core.submit(one, mine)
        undone = core.submit(one, mine, "undo")
        clock.now += 31 * MINUTE
        theirs = core.lease_one(other)
        assert (core.assignment(mine).state, core.assignment(mine).current) == ("lapsed", undone.seq)
        assert reason(core, one, mine, "undo") == "nothing_to_undo"
        core.submit(other, theirs)
        assert core.submit(one, mine).surplus is True
        assert counts(core)["complete"] == 1

    def test_of_a_late_answer(self, core: Core, clock: Clock) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        core.submit(who, mine)
        clock.now += 10**10
        assert core.submit(who, mine, "undo").leased_until == clock.now + 30 * MINUTE

    def test_nothing_to_undo(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        assert reason(core, who, mine, "undo") == "nothing_to_undo"
        core.submit(who, mine)
        core.submit(who, mine, "undo")
        assert reason(core, who, mine, "undo") == "nothing_to_undo"

    def test_over_and_over(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        for kind in ("answer", "undo", "skip", "undo") * 3:
            core.submit(who, mine, kind)
        rows = sorted(core.rows(submit), key=lambda row: row.seq)
        assert [row.supersedes for row in rows] == [None, *[row.seq for row in rows[:-1]]]
        assert counts(core) == {"answer": 3, "skip": 3, "undo": 6, "complete": 0, "items": 1, "ms": 12 * 2500}


class TestLate:
    def test_with_its_lease_run_out_and_nobody_else(self, core: Core, clock: Clock) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        clock.now += 10**9
        assert core.submit(who, mine).surplus is False

    def test_lapsed_with_a_free_slot(self, core: Core, clock: Clock) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += 31 * MINUTE
        core.submit(other, core.lease_one(other), "skip")
        assert core.assignment(mine).state == "lapsed"
        assert core.submit(one, mine).surplus is False
        assert core.assignment(mine).slot == 0
        assert list(core.items().values()) == [(1, 1)]

    @pytest.mark.parametrize("kind", ["leased", "answered"])
    def test_lapsed_and_taken_by_another_is_surplus(self, core: Core, clock: Clock, kind: str) -> None:
        one, other = core.annotators(2)
        mine = core.lease_one(one)
        clock.now += 31 * MINUTE
        theirs = core.lease_one(other)
        if kind == "answered":
            core.submit(other, theirs)
        receipt = core.submit(one, mine)
        assert receipt.surplus is True
        assert core.row(submit, seq=receipt.seq).surplus is True
        assert (core.assignment(mine).state, core.assignment(mine).slot) == ("done", None)
        assert list(core.items().values()) == [(1, 1)]
        assert len(core.rows(judgement, seq=receipt.seq)) == 1
        assert counts(core).get("complete", 0) == (kind == "answered")


class TestGroups:
    def test_several_submits_of_one_assignment(self, core: Core) -> None:
        [who] = core.annotators()
        mine = core.lease_one(who)
        kinds = ("undo", "answer", "skip", "undo", "undo", "skip", "undo", "answer")
        answers = core.send(*(core.asked(who, mine, kind) for kind in kinds))
        assert [getattr(one, "reason", "stored") for one in answers] == [
            "nothing_to_undo",
            "stored",
            "already_answered",
            "stored",
            "nothing_to_undo",
            "stored",
            "stored",
            "stored",
        ]
        assert core.assignment(mine).state == "done"
        assert list(core.items().values()) == [(1, 1)]

    def test_one_gives_back_what_another_takes(self, core: Core, clock: Clock) -> None:
        """Three on an item with one slot, in every order of what they do."""
        one, two, three = core.annotators(3)
        first = core.lease_one(one)
        clock.now += 31 * MINUTE
        second = core.lease_one(two)
        clock.now += 31 * MINUTE
        third = core.lease_one(three)
        surplus = core.submit(two, second)
        assert surplus.surplus
        answers = core.send(
            core.asked(three, third, "skip"),  # gives the slot back
            core.asked(one, first),  # takes it
            core.asked(two, second, "undo"),  # leased, without a slot
            core.asked(one, first, "undo"),
            core.asked(one, first, "skip"),  # gives it back
            core.asked(two, second),  # takes it
            core.asked(three, third, "undo"),
            core.asked(three, third),
        )
        assert [getattr(answer, "surplus", None) for answer in answers] == [
            False,
            False,
            False,
            False,
            False,
            False,
            False,
            True,
        ]
        slots = {name: core.assignment(name).slot for name in (first, second, third)}
        assert slots == {first: None, second: 0, third: None}
        assert list(core.items().values()) == [(1, 1)]

    def test_slots_change_hands_within_a_group(self, core: Core) -> None:
        """The rows are written one after the other; no order of writing them may meet the unique index."""
        core.set_policy(2)
        core.sweep(1)
        for order in itertools.permutations(range(3)):
            people = core.annotators(3)
            [item_id] = core.add_items(1, priority=-1.0)
            leases = [core.lease_one(who) for who in people[:2]]
            core.submit(people[1], leases[1], "skip")
            leases.append(core.lease_one(people[2]))
            # 0 holds slot 0, 2 holds slot 1, 1 skipped.
            wishes = [
                [core.asked(people[0], leases[0], "skip")],
                [core.asked(people[1], leases[1], "undo"), core.asked(people[1], leases[1])],
                [core.asked(people[2], leases[2], "skip"), core.asked(people[2], leases[2], "undo")],
            ]
            answers = core.send(*(sent for place in order for sent in wishes[place]))
            assert all(isinstance(answer, Receipt) for answer in answers)
            held = [row.slot for row in core.rows(assignment, item=item_id) if row.slot is not None]
            assert len(held) == len(set(held)) == core.items()[item_id][1] <= 2

    def test_a_slot_above_a_lowered_overlap_goes_to_nobody(self, core: Core, clock: Clock) -> None:
        people = core.annotators(4)
        core.submit(people[0], core.lease_one(people[0]))
        core.set_policy(3)
        of = core.stage(1)
        core.sweep(of)
        leases = [core.lease_one(who) for who in people[:3]]
        clock.now += 31 * MINUTE
        late = core.lease_one(people[3])  # all three have lapsed; this one takes slot 0
        again = [core.lease_one(who) for who in people[1:3]]
        assert again == leases[1:3]
        core.set_policy(1)
        core.sweep(of)
        assert core.submit(people[3], late).surplus is False
        skip = core.asked(people[2], leases[2], "skip")  # it held slot 2
        first = core.asked(people[0], leases[0])
        receipts = core.send(skip, first)
        assert [receipt.surplus for receipt in receipts] == [False, True]  # type: ignore[union-attr]

    def test_a_group_over_projects(self, core: Core) -> None:
        other = Core.make(core.database, items=3, writer=core.writer)
        [who] = core.annotators()
        mine = [held.id for held in other.lease(who, 3).assignments]
        paused = Core.make(core.database, items=1, writer=core.writer)
        theirs = paused.lease_one(who)
        paused.set_state("paused")
        answers = core.send(
            other.asked(who, mine[2], id="o1"),
            core.asked(who, core.lease_one(who), id="c1"),
            paused.asked(who, theirs, id="p1"),
            other.asked(who, mine[0], id="o2"),
            core.asked(who, mine[1], id="x1"),
        )
        assert [type(answer) for answer in answers] == [Receipt, Receipt, ConflictError, Receipt, NotFoundError]
        assert answers[3].seq == answers[0].seq + 1  # type: ignore[union-attr]

    def test_what_fails_in_the_database_fails_alone(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        core.add_items(3)
        people = core.annotators(3)
        sent = [core.asked(who, core.lease_one(who)) for who in people]
        write = core.collector.submit_many

        def fail(connection: sa.Connection, requests: Any) -> Any:
            answers = write(connection, requests)
            if sent[1] in requests:
                connection.execute(sa.text("SELECT * FROM nowhere"))
            return answers

        monkeypatch.setattr(core.collector, "submit_many", fail)
        with pytest.raises(sa.exc.DBAPIError):
            core.writer.many(fail, sent)
        assert sorted(row.client_id for row in core.rows(submit)) == [sent[0].id, sent[2].id]


class TestCompletion:
    """An item is complete when it has as many answers as it wants, whatever is being swept meanwhile."""

    def complete(self, core: Core) -> int:
        """Derived from the rows alone."""
        done = {}
        for row in core.rows(assignment, state="done"):
            if row.slot is not None:
                done[row.item] = done.get(row.item, 0) + 1
        return sum(0 < wanted <= done.get(item_id, 0) for item_id, (wanted, _) in core.items().items())

    @pytest.mark.parametrize("first", [1, 2, 3])
    @pytest.mark.parametrize("then", [1, 2, 3])
    def test_while_the_overlap_changes(self, core: Core, first: int, then: int) -> None:
        core.set_policy(first)
        of = core.stage(4, priority=-1.0)
        ids = core.ids(of)
        core.sweep(of)
        people = core.annotators(3)
        held = {who: [one.id for one in core.lease(who, 3).assignments] for who in people}

        def act(kind: str, place: int) -> None:
            for who in people:
                if len(held[who]) > place:
                    core.submit(who, held[who][place], kind)
                    assert counts(core).get("complete", 0) == self.complete(core)

        act("answer", 0)
        core.set_policy(then)
        act("answer", 1)
        act("undo", 0)
        core.open(of, ids[0] - 1, ids[1])  # the sweep has done half
        assert counts(core).get("complete", 0) == self.complete(core)
        act("answer", 0)
        act("answer", 2)
        act("undo", 1)
        core.open(of, ids[1], ids[3])
        assert counts(core).get("complete", 0) == self.complete(core)
        act("undo", 2)
        act("answer", 1)


def test_forms_are_read_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    core.add_items(5)
    [who] = core.annotators()
    read = []
    monkeypatch.setattr("goldwork.services.collect.read_form", lambda body: read.append(body) or real(body))  # type: ignore[func-returns-value]
    for held in core.lease(who, 5).assignments:
        core.submit(who, held.id)
    assert read == [FORM]


def real(body: Any) -> Any:
    from goldwork.tasks.questions import read_form

    return read_form(body)
