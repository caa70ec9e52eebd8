"""Adjudication: what an expert gets, settles, sends back, notes and makes gold; what is made of their answers."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import goldwork
from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.quality.policy import Policy
from goldwork.services import access, adjudicate, export, jobs, monitor, notes, tables
from goldwork.services import gold as golden
from goldwork.services.check import check
from goldwork.services.log import record
from goldwork.store.schema import (
    annotator,
    assignment,
    consensus,
    event,
    gold,
    item,
    item_state,
    member,
    project,
    project_state,
)
from tests.services.conftest import Room

UNSURE = {"overlap": 2, "maximum": 3, "target": 9999, "slice": 0, "audited": 0}
"""Nothing is sure enough: every item waits after three answers."""


def set_policy(room: Room, **change: Any) -> None:
    def write(connection: sa.Connection) -> None:
        of = sa.select(project.c.policy).where(project.c.id == room.project)
        new = msgspec.structs.replace(msgspec.json.decode(connection.execute(of).scalar_one(), type=Policy), **change)
        made = {"policy": msgspec.json.encode(new).decode(), "policy_version": 2}
        connection.execute(sa.update(project).where(project.c.id == room.project).values(made))
        record(connection, room.database, room.project, "policy", {"policy": msgspec.to_builtins(new), "version": 2})
        jobs.add(connection, room.database, "sweep", room.project, {})

    room.writer.run(write)
    room.worker.drain()


def expert(room: Room, name: str, role: access.Role = "adjudicator") -> access.Member:
    who = room.add_annotator(name)

    def find(connection: sa.Connection) -> access.Person:
        of = sa.select(annotator.c.account).where(annotator.c.id == who)
        number = connection.execute(of).scalar_one()
        connection.execute(sa.update(member).where(member.c.account == number).values(role=role))
        return access.person_of(connection, number)

    return access.Member(room.writer.run(find), room.project, role)


def disputed(room: Room, number: int = 4, **policy: Any) -> list[int]:
    """Items that three people answered a, b and a."""
    set_policy(room, **(UNSURE | policy))
    room.add_items(number)
    people = [room.add_annotator(f"p{place}") for place in range(3)]
    for who, said in zip(people, "aba", strict=True):
        room.judge(who, lambda _, said=said: said)  # type: ignore[misc]
    return people


def open_cases(room: Room, mine: access.Member, count: int = 1) -> adjudicate.Opened:
    return room.writer.run(
        lambda connection: adjudicate.open_cases(connection, room.database, room.collector, mine, count)
    )


def send_back(room: Room, mine: access.Member, name: str, more: int, client: str = "") -> None:
    asked = (mine, client or token_hex(8), name, more)
    room.writer.run(lambda connection: adjudicate.send_back(connection, room.database, *asked))


def write_note(room: Room, mine: access.Member, name: str, text: str, client: str = "") -> None:
    asked = (mine, client or token_hex(8), name, text)
    room.writer.run(lambda connection: adjudicate.write_note(connection, room.database, *asked))


def mint(room: Room, mine: access.Member, name: str, client: str = "") -> int:
    asked = (mine, client or token_hex(8), [name])
    return room.writer.run(lambda connection: golden.mint(connection, room.database, *asked))


def settle(room: Room, mine: access.Member, name: str, value: str | None = "c", **options: Any) -> Any:
    return room.submit(mine.person.annotator, name, value, **options)


def undo(room: Room, mine: access.Member, name: str) -> Any:
    return room.submit(mine.person.annotator, name, kind="undo", answers={})


def state_of(room: Room, name: str) -> dict[str, Any]:
    def find(connection: sa.Connection) -> Any:
        of = sa.select(item_state.c.body).join(assignment, assignment.c.item == item_state.c.item)
        return msgspec.json.decode(connection.execute(of.where(assignment.c.id == name)).scalar_one())

    return dict(room.read(find))


def counts(room: Room) -> dict[str, Any]:
    body = room.read(
        lambda connection: connection.execute(
            sa.select(project_state.c.body).where(project_state.c.project == room.project)
        ).scalar_one()
    )
    return dict(msgspec.json.decode(body))


def findings(room: Room) -> list[Any]:
    return list(room.read(lambda connection: list(check(connection))))


def consensus_row(room: Room, external: str) -> Any:
    room.writer.run(lambda connection: jobs.add(connection, room.database, "snapshot", room.project, {}, once=True))
    room.worker.drain()
    row = sa.select(consensus).where(consensus.c.project == room.project, consensus.c.external_id == external)
    return room.read(lambda connection: connection.execute(row).one())


def test_a_case_tells_who_said_what_and_how_reliable_they_are(room: Room) -> None:
    disputed(room)
    mine = expert(room, "Eva")
    opened = open_cases(room, mine)
    [case] = opened.cases
    assert (opened.waiting, opened.state, opened.form_version) == (4, "open", 1)
    assert case.fields == {"text": f"text {case.external_id[1:]}"}
    if case.blind:
        assert (case.answers, case.chances, case.answer, case.people) == ([], {}, {}, 0)
        return
    assert [one.answers for one in case.answers] == [{"kind": "a"}, {"kind": "b"}, {"kind": "a"}]
    assert case.people == 3
    assert case.answer == {"kind": "a"}
    [first, *_] = case.chances["kind"]
    assert first.value == "a"
    assert sum(one.share for one in case.chances["kind"]) == pytest.approx(1, abs=1e-3)
    assert first.share == pytest.approx(state_of(room, case.assignment)["sure"] / 1e6, abs=1e-3)
    for one in case.answers:
        assert one.pseudonym
        assert not one.yours
        known = one.reliability["kind"]
        assert known.by == "judgements"
        assert known.low < known.value < known.high
    right, wrong = case.answers[0].reliability["kind"], case.answers[1].reliability["kind"]
    assert right.value > wrong.value


def test_the_least_sure_item_comes_first(room: Room) -> None:
    set_policy(room, **UNSURE)
    room.add_items(6)
    people = [room.add_annotator(f"p{place}") for place in range(3)]
    for who, said in zip(people, "aba", strict=True):
        room.judge(who, lambda payload, said=said: said if "text 3" in payload else "a")  # type: ignore[misc]
    [case] = open_cases(room, expert(room, "Eva")).cases
    assert case.external_id == "i3"


def test_two_experts_never_hold_the_same_item(room: Room) -> None:
    disputed(room, 6)
    experts = [expert(room, f"e{number}") for number in range(3)]
    found: dict[int, list[str]] = {}

    def take(number: int) -> None:
        found[number] = [case.external_id for case in open_cases(room, experts[number], 2).cases]

    threads = [threading.Thread(target=take, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for those in found.values() for name in those) == [f"i{n}" for n in range(6)]
    again = open_cases(room, experts[0], 2)
    assert sorted(case.external_id for case in again.cases) == sorted(found[0])
    assert not open_cases(room, expert(room, "late")).cases


def test_what_lapses_is_free_again_and_taken_again_under_its_name(room: Room) -> None:
    disputed(room, 1)
    first, second = expert(room, "e0"), expert(room, "e1")
    [case] = open_cases(room, first).cases

    def lapse(connection: sa.Connection) -> None:
        connection.execute(sa.update(assignment).where(assignment.c.state == "leased").values(leased_until=1))

    room.writer.run(lapse)
    [other] = open_cases(room, second).cases
    assert other.external_id == case.external_id
    assert not open_cases(room, first).cases
    room.writer.run(lapse)
    [again] = open_cases(room, first).cases
    assert again.assignment == case.assignment
    assert findings(room) == []


def test_an_expert_who_also_annotates_is_not_given_cases_as_work(room: Room) -> None:
    disputed(room)
    mine = expert(room, "Eva")
    [case] = open_cases(room, mine).cases
    assert case.assignment not in [held.id for held in room.lease(mine.person.annotator, 20)]


def test_settling_makes_the_answer_known(room: Room) -> None:
    disputed(room)
    mine = expert(room, "Eva")
    [case] = open_cases(room, mine).cases
    settle(room, mine, case.assignment, "c")
    state = state_of(room, case.assignment)
    assert (state["status"], state["known"], state["sure"]) == ("settled", {"kind": [2, 3]}, 1_000_000)
    assert open_cases(room, mine).waiting == 3
    assert room.read(adjudicate.standing, mine) == adjudicate.Docket(3, 1, [])
    row = consensus_row(room, case.external_id)
    assert (row.label, row.confidence, row.settled, row.judgements, row.tie) == ('"c"', 1.0, 1, 3, False)
    undo(room, mine, case.assignment)
    assert state_of(room, case.assignment)["status"] == "adjudicate"
    assert open_cases(room, mine).cases[0].assignment == case.assignment
    row = consensus_row(room, case.external_id)
    assert (row.label, row.settled) == ('"a"', 0)
    assert findings(room) == []


def test_of_two_experts_the_latest_counts_and_the_other_stands_when_it_is_taken_back(room: Room) -> None:
    disputed(room, 1)
    first, second = expert(room, "e0"), expert(room, "e1")
    [case] = open_cases(room, first).cases
    room.writer.run(
        lambda connection: connection.execute(
            sa.update(assignment).where(assignment.c.id == case.assignment).values(leased_until=1)
        )
    )
    [other] = open_cases(room, second).cases
    settle(room, second, other.assignment, "b")
    settle(room, first, case.assignment, "c")
    assert state_of(room, case.assignment)["known"] == {"kind": [2, 3]}
    row = consensus_row(room, case.external_id)
    assert (row.label, row.settled) == ('"c"', 2)
    undo(room, first, case.assignment)
    assert state_of(room, case.assignment)["known"] == {"kind": [1, 3]}
    settle(room, first, case.assignment, None)
    assert state_of(room, case.assignment)["status"] == "settled"
    assert findings(room) == []


def test_a_skipped_item_waits_for_others_and_can_be_taken_up(room: Room) -> None:
    disputed(room, 1)
    first, second = expert(room, "e0"), expert(room, "e1")
    [case] = open_cases(room, first).cases
    settle(room, first, case.assignment, None)
    assert not open_cases(room, first).cases
    assert room.read(adjudicate.standing, first).skipped == [case.assignment]
    assert len(open_cases(room, second).cases) == 1
    undo(room, first, case.assignment)
    assert room.read(adjudicate.standing, first).skipped == []


def test_sending_back_asks_for_more_judgements(room: Room) -> None:
    disputed(room, 1)
    mine = expert(room, "Eva")
    [case] = open_cases(room, mine).cases

    def send(more: int) -> None:
        room.writer.run(
            lambda connection: adjudicate.send_back(
                connection, room.database, mine, token_hex(8), case.assignment, more
            )
        )

    with pytest.raises(InputError, match="1 to 3"):
        send(4)
    send(2)
    assert state_of(room, case.assignment)["status"] == "open"
    assert not open_cases(room, mine).cases
    with pytest.raises(ConflictError, match="not in your hands"):
        send(1)
    more = [room.add_annotator(f"m{number}") for number in range(3)]
    assert [room.judge(who, lambda _: "b") for who in more] == [1, 1, 0]
    assert open_cases(room, mine).cases[0].assignment == case.assignment
    assert findings(room) == []


def test_more_is_asked_however_sure_the_item_was(room: Room) -> None:
    disputed(room, 1, target=3000, audited=10_000)
    mine = expert(room, "Eva")
    [case] = open_cases(room, mine).cases
    assert case.blind
    room.writer.run(
        lambda connection: adjudicate.send_back(connection, room.database, mine, token_hex(8), case.assignment, 3)
    )
    more = [room.add_annotator(f"m{number}") for number in range(4)]
    assert sum(room.judge(who, lambda _: "a") for who in more) == 3


def test_an_audit_is_blind_and_counts_once(room: Room) -> None:
    people = disputed(room, 3, target=5000, audited=10_000)
    for who in people:
        room.writer.run(
            lambda connection, who=who: connection.execute(  # type: ignore[misc]
                sa.update(member)
                .where(
                    member.c.account == sa.select(annotator.c.account).where(annotator.c.id == who).scalar_subquery()
                )
                .values(role="adjudicator")
            )
        )
    assert counts(room)["in_audit"] == 3
    judged = access.Member(
        room.read(lambda connection: access.person_of(connection, _account(connection, people[0]))),
        room.project,
        "adjudicator",
    )
    assert not open_cases(room, judged).cases  # their own answers are among those that are audited
    mine = expert(room, "Eva")
    opened = open_cases(room, mine, 3)
    assert opened.waiting == 3
    for case in opened.cases:
        assert case.blind
        assert (case.answers, case.chances, case.answer, case.people, case.notes) == ([], {}, {}, 0, 0)
    right, wrong, _ = opened.cases
    settle(room, mine, right.assignment, "a")
    settle(room, mine, wrong.assignment, "c")
    assert (counts(room)["audits"], counts(room)["audits_right"]) == (2, 1)
    undo(room, mine, wrong.assignment)
    assert (counts(room)["audits"], counts(room)["audits_right"]) == (1, 1)
    settle(room, mine, wrong.assignment, "a")
    assert (counts(room)["audits"], counts(room)["audits_right"]) == (1, 1)
    assert findings(room) == []


def _account(connection: sa.Connection, who: int) -> int:
    return int(connection.execute(sa.select(annotator.c.account).where(annotator.c.id == who)).scalar_one())


def test_notes_stand_beside_the_guideline_until_they_are_dealt_with(room: Room) -> None:
    disputed(room, 1)
    mine, boss = expert(room, "Eva"), access.Member(room.manager, room.project, "manager")
    [case] = open_cases(room, mine).cases

    def write(text: str, of: access.Member = mine) -> None:
        room.writer.run(
            lambda connection: adjudicate.write_note(connection, room.database, of, token_hex(8), case.assignment, text)
        )

    with pytest.raises(InputError, match="1 to 2,000"):
        write("  ")
    with pytest.raises(NotFoundError):
        write("not mine", boss)
    write(" Say what irony is. ")
    [note] = room.read(notes.open_notes, boss)
    assert (note.text, note.external_id, note.by) == ("Say what irony is.", case.external_id, "Eva")
    assert open_cases(room, mine).cases[0].notes == (0 if case.blind else 1)
    last = sa.select(event.c.kind, event.c.body).where(event.c.project == room.project).order_by(event.c.seq.desc())
    kind, body = room.read(lambda connection: connection.execute(last).first())
    assert kind == "note"
    assert "irony" not in body
    with pytest.raises(ForbiddenError):
        room.read(notes.open_notes, mine)
    room.writer.run(lambda connection: notes.close(connection, room.database, boss, note.id))
    assert room.read(notes.open_notes, boss) == []
    with pytest.raises(NotFoundError):
        room.writer.run(lambda connection: notes.close(connection, room.database, boss, 10**9))
    assert findings(room) == []


def test_what_was_settled_becomes_gold(room: Room) -> None:
    disputed(room, 1)
    first, second = expert(room, "e0"), expert(room, "e1")
    [case] = open_cases(room, first).cases

    def make() -> int:
        return room.writer.run(
            lambda connection: golden.mint(connection, room.database, second, token_hex(8), [case.external_id])
        )

    with pytest.raises(InputError, match="Settle it first"):
        make()
    room.writer.run(lambda connection: connection.execute(sa.update(assignment).values(leased_until=1)))
    [other] = open_cases(room, second).cases
    settle(room, second, other.assignment, "b")
    settle(room, first, case.assignment, "c")
    assert make() == 1
    row = room.read(lambda connection: connection.execute(sa.select(gold)).one())
    assert (row.kind, row.state, row.answers, bool(row.drawn), row.stratum) == (
        "gold",
        "active",
        '{"kind":["c"]}',
        False,
        "kind=c",
    )
    assert findings(room) == []


def test_what_is_sent_again_is_done_once(room: Room) -> None:
    """A reply that is lost on the way is asked for again: under the same id and body nothing more happens."""
    disputed(room, 3)
    mine = expert(room, "Eva")
    first, second, third = open_cases(room, mine, 3).cases

    for _ in range(2):
        send_back(room, mine, first.assignment, 2, "a")
        write_note(room, mine, second.assignment, "Say what irony is.", "b")
    settle(room, mine, third.assignment, "b")
    assert [mint(room, mine, third.external_id, "c") for _ in range(2)] == [1, 1]
    kinds = room.read(lambda connection: connection.execute(sa.select(event.c.kind)).scalars().all())
    assert [kinds.count(kind) for kind in ("asked", "note", "gold")] == [1, 1, 1]
    for other in (
        lambda: send_back(room, mine, first.assignment, 1, "a"),
        lambda: send_back(room, mine, second.assignment, 2, "b"),
        lambda: write_note(room, mine, second.assignment, "Say more.", "b"),
        lambda: mint(room, mine, second.external_id, "c"),
    ):
        with pytest.raises(ConflictError, match="used for another request"):
            other()
    with pytest.raises(ConflictError, match="not in your hands"):
        send_back(room, mine, first.assignment, 2, "d")
    with pytest.raises(InputError, match="letters, digits or signs"):
        send_back(room, mine, second.assignment, 1, "no spaces")
    send_back(room, mine, second.assignment, 2, "d")  # what was refused has left no receipt
    boss = access.Member(room.manager, room.project, "manager")
    with pytest.raises(NotFoundError):  # ids are one's own
        write_note(room, boss, second.assignment, "Say what irony is.", "b")
    assert findings(room) == []


def test_annotators_may_do_none_of_it(room: Room) -> None:
    disputed(room, 1)
    mine = expert(room, "Ann", "annotator")
    for act in (
        lambda connection: adjudicate.open_cases(connection, room.database, room.collector, mine, 1),
        lambda connection: adjudicate.standing(connection, mine),
        lambda connection: adjudicate.send_back(connection, room.database, mine, "s", "x", 1),
        lambda connection: adjudicate.write_note(connection, room.database, mine, "n", "x", "y"),
        lambda connection: notes.open_notes(connection, mine),
    ):
        with pytest.raises(ForbiddenError):
            room.writer.run(act)


def test_agreement_and_consensus_know_ordinary_judgements_alone(room: Room, tmp_path: Path) -> None:
    people = disputed(room, 3)
    mine = expert(room, "Eva")
    before = room.read(tables.named_table, room.project)
    overview: Callable[[], Any] = lambda: room.read(monitor.overview, room.database, room.project)  # noqa: E731
    consensus_row(room, "i0")
    agreed = overview().agreement
    for case in open_cases(room, mine, 3).cases:
        settle(room, mine, case.assignment, "c")
    repeat = _assign(room, people[0], "i1", "repeat", 1)
    room.submit(people[0], repeat, "b")
    consensus_row(room, "i0")
    assert overview().agreement == agreed
    assert overview().judgements == 9
    table = room.read(tables.named_table, room.project)
    assert goldwork.io.tables.same(table, before)
    page = room.read(monitor.consensus_rows, room.project)
    assert [(row.label, row.settled, row.confidence) for row in page.rows] == [("c", 1, 1.0)] * 3
    path = tmp_path / "judgements.csv"
    assert export.write(room.database, room.project, "judgements", path) == 13
    read = goldwork.read(path)
    for name in ("item", "annotator", "label"):
        assert read.to_columns()[name].tolist() == before.to_columns()[name].tolist()
    path = tmp_path / "consensus.csv"
    export.write(room.database, room.project, "consensus", path)
    head, *rows = path.read_text().splitlines()
    assert head.endswith(",settled")
    assert all(row.endswith(",1") for row in rows)


def test_an_export_with_adjudications_imports_as_ordinary_judgements(room: Room, tmp_path: Path) -> None:
    disputed(room, 2)
    mine = expert(room, "Eva")
    for case in open_cases(room, mine, 2).cases:
        settle(room, mine, case.assignment, "c")
    path = tmp_path / "judgements.csv"
    export.write(room.database, room.project, "judgements", path)
    text = path.read_text()
    room.make_project()
    room.add_items(2)
    done = room.import_items(text, "judgements.csv", what="judgements", id=None, fields={})
    assert (done.state, done.error) == ("done", None)
    assert len(room.read(tables.named_table, room.project)) == 6


def _assign(room: Room, who: int, external: str, purpose: str, number: int) -> str:
    name = secrets.token_hex(8)

    def insert(connection: sa.Connection) -> None:
        of = sa.select(item.c.id).where(item.c.project == room.project, item.c.external_id == external)
        row = {"id": name, "project": room.project, "item": connection.execute(of).scalar_one(), "annotator": who}
        row |= {"purpose": purpose, "pass_number": number, "state": "leased", "leased_at": 1, "leased_until": 2**40}
        connection.execute(sa.insert(assignment).values(row))

    room.writer.run(insert)
    return name


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(["settle", "undo", "skip", "back"]), st.integers(0, 8)), max_size=12))
def test_whatever_experts_do_the_log_replays_to_the_same(room: Room, acts: list[tuple[str, int]]) -> None:
    room.make_project()
    name = secrets.token_hex(4)
    set_policy(room, **(UNSURE | {"target": 8500, "audited": 5000}))
    room.add_items(3)
    for number, said in enumerate("aba"):
        who = room.add_annotator(f"{name}{number}")
        room.judge(who, lambda payload, said=said: "a" if "text 2" in payload else said)  # type: ignore[misc]
    experts = [expert(room, f"{name}e{number}") for number in range(2)]
    touched: list[tuple[access.Member, str]] = []
    for act, number in acts:
        mine = experts[number % 2]
        held = open_cases(room, mine, 1).cases
        done = [name for by, name in touched if by is mine]
        if act == "undo" and done:
            undo(room, mine, done[number % len(done)])
            touched.remove((mine, done[number % len(done)]))
        elif held and act == "back":
            with contextlib.suppress(ConflictError):  # skipped, settled by the other, and the skip taken back
                send_back(room, mine, held[0].assignment, 1)
        elif held and act in ("settle", "skip"):
            settle(room, mine, held[0].assignment, "abc"[number % 3] if act == "settle" else None)
            touched.append((mine, held[0].assignment))
    assert findings(room) == []
    _check_sums(room)


def _check_sums(room: Room) -> None:
    """An annotator's counts are the sum of what the items that they judged teach; the crowd's are everybody's."""
    from goldwork.services.log import Log

    def look(connection: sa.Connection) -> None:
        log = Log(connection, room.database, room.project)
        items = set(connection.execute(sa.select(item.c.id).where(item.c.project == room.project)).scalars())
        log.load(items, set())
        expected: dict[int, int] = {}
        for one in items:
            for taught in log.item(one).get("taught", {}).values():
                for who, *_ in taught["given"]:
                    expected[who] = expected.get(who, 0) + sum(taught["shares"])
        for who, total in expected.items():
            assert log.annotator(who)["skill"]["kind"][1] == total
        assert log.project()["pooled"]["kind"][1] == sum(expected.values())
        states = [log.item(one).get("status", "open") for one in items]
        for status in ("adjudicate", "audit", "settled"):
            assert log.project().get(f"in_{status}", 0) == states.count(status)

    room.writer.run(look)
