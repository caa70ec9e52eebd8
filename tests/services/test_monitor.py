"""The dashboard says what happened, in words of the API, and does not grow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.errors import InputError, NotFoundError
from goldwork.services import access, answers, export, monitor, policy, projects, questions, snapshot
from goldwork.services.forms import current_form
from goldwork.services.tables import last_seq
from goldwork.store.schema import event, job


def take_snapshot(room: Any) -> None:
    room.worker._next_tick = 0.0
    every, rest = snapshot.EVERY, snapshot.REST
    snapshot.EVERY = snapshot.REST = 0
    try:
        room.worker.drain()
    finally:
        snapshot.EVERY, snapshot.REST = every, rest


def answer_by_number(payload: str) -> str:
    """One of the three classes, by the item's number."""
    return "abc"[int(msgspec.json.decode(payload)["text"].split()[1]) % 3]


def test_an_empty_project_has_an_overview(room: Any) -> None:
    found = room.read(monitor.overview, room.database, room.project)
    assert (found.items.total, found.judgements, found.agreement, found.computed_at) == (0, 0, None, None)
    msgspec.json.encode(found)


def test_the_overview_after_work(room: Any) -> None:
    room.add_items(30)
    ann, bob, cam = (room.add_annotator(name) for name in ("Ann", "Bob", "Cam"))
    assert room.judge(ann, answer_by_number) == 30
    assert room.judge(bob, answer_by_number, 20) == 20
    assert room.judge(cam, lambda _payload: None, 5) == 5
    take_snapshot(room)
    found = room.read(monitor.overview, room.database, room.project)
    assert (found.items.total, found.items.done, found.items.started) == (30, 20, 30)
    assert (found.judgements, found.annotators, found.overlap) == (50, 2, 2)
    since = room.read(
        lambda c: c.execute(sa.select(event.c.kind).where(event.c.seq > found.through_seq)).scalars().all()
    )
    assert set(since) <= {"calibration", "learned"}  # what full inference has told meanwhile changes no figure here
    assert found.agreement.value == 1.0
    assert found.agreement.items == 20
    assert found.pace.last_hour == 50
    assert sum(day.judgements for day in found.pace.by_day) == 50
    people = {one.name: one for one in found.people}
    assert (people["Ann"].judged, people["Bob"].judged, people["Cam"].judged, people["Cam"].skipped) == (30, 20, 0, 5)
    assert people["Bob"].agreement_with_others.value == 1.0
    assert 0.8 < people["Bob"].agreement_with_others.low < 1.0
    assert people["Ann"].median_seconds == 2.5
    first = found.classes["kind"][0]
    assert (first.value, first.label) == ("a", "Apple")
    assert sum(one.judgements for one in found.classes["kind"]) == 50
    assert sum(one.consensus_items for one in found.classes["kind"]) == 30
    assert found.consensus.items == 30
    assert found.consensus.majority_agrees == 1.0
    msgspec.json.encode(found)


def test_consensus_rows_page_in_every_order(room: Any) -> None:
    room.add_items(25)
    for name in ("Ann", "Bob"):
        room.judge(room.add_annotator(name), answer_by_number, 20)
    take_snapshot(room)
    for sort in ("confidence", "-confidence", "external_id", "judgements", "-judgements"):
        seen, after = [], None
        while True:
            page = room.read(monitor.consensus_rows, room.project, None, sort, after, 7)
            seen += page.rows
            if (after := page.next) is None:
                break
        assert len(seen) == page.total == len({row.item for row in seen})
        values = [getattr(row, sort.removeprefix("-")) for row in seen]
        assert values == sorted(values, reverse=sort.startswith("-"))
    row = seen[0]
    assert row.fields["text"].startswith("text")
    assert sum(vote.count for vote in row.votes) == row.judgements
    assert {row.label_text for row in seen} == {"Apple", "b", "c"}


def test_consensus_rows_follow_a_retraction(room: Any) -> None:
    room.add_items(3)
    ann = room.add_annotator("Ann")
    [lease] = room.lease(ann)
    room.submit(ann, lease.id)
    take_snapshot(room)
    assert room.read(monitor.consensus_rows, room.project).total == 1
    room.submit(ann, lease.id, kind="undo", answers={})
    take_snapshot(room)
    page = room.read(monitor.consensus_rows, room.project)
    assert (page.total, page.rows) == (0, [])


@pytest.mark.parametrize(
    "wrong", [{"question": "no"}, {"sort": "payload"}, {"after": "%%%"}, {"after": "WyJ4IiwxXQ"}, {"limit": 0}]
)
def test_what_is_not_offered_is_refused(room: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        room.read(monitor.consensus_rows, room.project, **wrong)


def test_the_ledger_counts_everything(room: Any) -> None:
    room.add_items(4)
    ann = room.add_annotator("Ann")
    first, second = room.lease(ann, 2)
    room.submit(ann, first.id, "a")
    room.submit(ann, first.id, kind="undo", answers={})
    room.submit(ann, first.id, "b")
    room.submit(ann, second.id, None)
    [row] = room.read(monitor.ledger, room.project)
    assert (row.name, row.answers, row.skips, row.retracted, row.surplus) == ("Ann", 2, 1, 1, 0)
    assert row.seconds == 10.0


def test_one_snapshot_job_a_project(room: Any) -> None:
    from goldwork.services import jobs

    add = lambda connection: jobs.add(connection, room.database, "snapshot", room.project, {}, once=True)  # noqa: E731
    assert room.writer.run(add) is not None
    assert room.writer.run(add) is None
    room.worker.drain()
    assert room.writer.run(add) is not None
    assert room.read(last_seq, room.project) > 0


def test_finished_snapshot_jobs_do_not_pile_up(room: Any) -> None:
    room.add_items(5)
    ann = room.add_annotator("Ann")
    for _ in range(4):
        room.judge(ann, answer_by_number, 1)
        take_snapshot(room)
    with room.database.read() as connection:
        kinds = [row.kind for row in connection.execute(sa.select(job))]
    assert kinds.count("snapshot") == 1


def test_a_snapshot_that_fails_is_not_tried_at_once_again(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise InputError("no figures today.")

    monkeypatch.setattr(snapshot, "_compute", fail)
    room.add_items(2)
    for _ in range(3):
        take_snapshot(room)
    with room.database.read() as connection:
        assert [row.state for row in connection.execute(sa.select(job).where(job.c.kind == "snapshot"))] == ["failed"]


# Nothing that people wait for reads a table from end to end.

BIG = ("item", "submit", "judgement", "event", "assignment", "consensus", "decision")


def plans(room: Any, call: Callable[[], Any]) -> list[str]:
    """The plan of every SELECT that `call` runs, as SQLite explains it."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT") and "EXPLAIN" not in statement:
            seen.append((statement, parameters))

    sa.event.listen(room.database._readers, "before_cursor_execute", note)
    call()
    sa.event.remove(room.database._readers, "before_cursor_execute", note)
    with room.database.read() as connection:
        return [
            str(row[3])
            for statement, parameters in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_and_overview_go_by_indices(room: Any) -> None:
    room.add_items(30)
    for name in ("Ann", "Bob"):
        room.judge(room.add_annotator(name), answer_by_number)
    take_snapshot(room)
    found = plans(room, lambda: room.read(monitor.overview, room.database, room.project))
    assert found
    assert not [plan for plan in found if plan.split()[:2] in [["SCAN", table] for table in BIG]], found
    for sort in ("confidence", "-confidence", "external_id", "-external_id", "judgements", "-judgements"):
        page = room.read(monitor.consensus_rows, room.project, None, sort, None, 5)
        found = plans(room, lambda: room.read(monitor.consensus_rows, room.project, None, sort, page.next, 5))  # noqa: B023
        assert not [plan for plan in found if "SCAN consensus" in plan or "TEMP B-TREE" in plan], (sort, found)
    for pages in (
        lambda: list(export.judgement_pages(room.database, room.project, 10**9, room.read(current_form, room.project))),
        lambda: list(export._items(room.database, room.project, "id", ["text"], set())),
        lambda: list(export._consensus(room.database, room.project)),
    ):
        found = plans(room, pages)
        assert found
        assert not [plan for plan in found if plan.split()[:2] in [["SCAN", table] for table in BIG]], found
        # A page of submits is sorted after it was chosen; nothing else is.
        assert sum("TEMP B-TREE" in plan for plan in found) <= sum("MATERIALIZE page" in plan for plan in found), found


def test_the_dashboard_reaches_every_method_and_coefficient_by_name(room: Any) -> None:
    room.add_items(20)
    for name in ("Ann", "Bob"):
        room.judge(room.add_annotator(name), answer_by_number)
    mine = room.read(access.find_member, room.manager, room.project)

    def change(**asked: str) -> None:
        room.writer.run(partial(policy.set_policy, database=room.database, mine=mine, **asked))
        take_snapshot(room)

    described = room.read(projects.describe, mine)
    assert {"auto", "dawid-skene", "majority", "two-coin"} <= set(described.methods)
    assert {"alpha", "cohen", "gwet", "percent"} <= set(described.coefficients)
    assert "icc1" not in described.coefficients
    assert "mean" not in described.methods
    for method in described.methods:
        change(method=method)
        found = room.read(monitor.overview, room.database, room.project)
        assert found.consensus.method == method
        assert found.consensus.items == 20
    for coefficient in described.coefficients:
        change(coefficient=coefficient)
        found = room.read(monitor.overview, room.database, room.project)
        assert (found.agreement.coefficient, found.agreement.value) == (coefficient, 1.0)
    assert room.read(projects.describe, mine).method == described.methods[-1]
    for asked in ({"method": "mean"}, {"coefficient": "icc1"}, {"method": "nonsense"}):
        with pytest.raises(InputError, match="must be one of"):
            change(**asked)
    change(method="", coefficient="")
    assert room.read(monitor.overview, room.database, room.project).agreement.coefficient == "alpha"


def test_a_method_that_refuses_the_answers_is_named(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    room.add_items(6)
    for name in ("Ann", "Bob"):
        room.judge(room.add_annotator(name), answer_by_number)
    mine = room.read(access.find_member, room.manager, room.project)
    asked = {"method": "dawid-skene", "coefficient": "gwet"}
    room.writer.run(partial(policy.set_policy, database=room.database, mine=mine, **asked))
    measure = questions.measure_agreement

    def refuse(table: Any, coefficient: str, **options: Any) -> Any:
        if coefficient == "gwet":
            raise InputError("these answers will not do.")
        return measure(table, coefficient, **options)

    monkeypatch.setattr(questions, "measure_agreement", refuse)
    monkeypatch.setattr("goldwork.consensus.choices.MAX_CELLS", 5)
    take_snapshot(room)
    found = room.read(monitor.overview, room.database, room.project)
    assert (found.judgements, found.through_seq) == (12, found.latest_seq)
    assert (found.consensus.method, found.consensus.items) == ("majority", 6)
    assert "because dawid-skene refuses" in found.consensus.warnings[0]
    assert "3 different labels are too many" in found.consensus.warnings[0]
    assert (found.agreement.coefficient, found.agreement.value) == ("alpha", 1.0)
    assert found.agreement.warnings[0] == (
        "These figures are by alpha, because gwet refuses these answers: these answers will not do."
    )


def test_one_item_with_everybody_s_answers(room: Any) -> None:
    room.add_items(3)
    ann, bob = room.add_annotator("Ann"), room.add_annotator("Bob")
    room.judge(ann, answer_by_number)
    room.judge(bob, lambda _payload: "a", 2)
    take_snapshot(room)
    page = room.read(monitor.consensus_rows, room.project)
    of = {row.external_id: room.read(answers.item_answers, room.project, row.item) for row in page.rows}
    assert sorted(found.people for found in of.values()) == [1, 2, 2]
    for row in page.rows:
        found = of[row.external_id]
        assert (found.item, found.external_id, found.fields) == (row.item, row.external_id, row.fields)
        assert found.answers[0].name == "Ann"
        assert found.answers[0].answers == {"kind": answer_by_number(msgspec.json.encode(row.fields).decode())}
        assert found.consensus["kind"].label == row.label
    with pytest.raises(NotFoundError):
        room.read(answers.item_answers, room.project, 10**9)
    with pytest.raises(NotFoundError):
        room.read(answers.item_answers, 10**9, page.rows[0].item)
