"""What follows when somebody's work is set aside, and when it counts again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.quality.skill import SCALE
from goldwork.services import jobs, reweigh
from goldwork.services.log import Log, decode, encode, record
from goldwork.store.schema import annotator_state, decision, event, item, item_state, job, project, project_state
from tests.core import findings
from tests.gold import add_gold, give
from tests.services.conftest import Room


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reweigh, "CHUNK", 3)


def answer_gold(room: Room, who: int, number: int, value: str) -> None:
    """Answer so many gold items, whose right answer is c."""
    golds = room.writer.run(partial(add_gold, database=room.database, project=room.project, answers=["c"] * number))
    held = room.writer.run(partial(give, database=room.database, project=room.project, annotator=who, items=golds))
    for one in held:
        room.submit(who, one, value)


def wrong_on_gold(room: Room, who: int, number: int) -> None:
    answer_gold(room, who, number, "a")


def rule(room: Room, who: int, kind: str, verdict: str) -> None:
    """A manager's word on the latest decision of a kind."""

    def write(connection: sa.Connection) -> None:
        found = sa.select(decision).where(decision.c.subject == f"annotator {who}", decision.c.kind == kind)
        made = connection.execute(found.order_by(decision.c.seq.desc())).first()
        assert made is not None
        log = Log(connection, room.database, room.project)
        log.load(set(), {who})
        body = {"about": [made.seq, made.number], "annotator": who, "decision": kind}
        log.add("ruling", body | {"verdict": verdict, "action": "", "by": 1})
        log.flush()

    room.writer.run(write)


def wanted(room: Room) -> dict[int, tuple[int, int]]:
    mine = sa.select(item.c.id, item.c.wanted, item.c.taken).where(item.c.project == room.project)
    rows = room.read(lambda connection: connection.execute(mine).all())
    return {row.id: (row.wanted, row.taken) for row in rows}


def states(room: Room) -> dict[int, dict[str, Any]]:
    rows = room.read(lambda connection: connection.execute(sa.select(item_state)).all())
    return {row.item: decode(row.body) for row in rows}


def counts(room: Room) -> tuple[dict[int, dict[str, list[int]]], dict[str, list[int]], dict[int, int]]:
    """What is known of people, of the crowd, and what the items that stand now teach about each person."""
    people = {
        row.annotator: decode(row.body).get("skill", {})
        for row in room.read(lambda connection: connection.execute(sa.select(annotator_state)).all())
    }
    crowd = decode(room.read(lambda connection: connection.execute(sa.select(project_state.c.body)).scalar_one()))
    taught: Counter[int] = Counter()
    for state in states(room).values():
        for lesson in state.get("taught", {}).values():
            taught.update(who for who, _ in lesson["given"])
    return people, crowd.get("pooled", {}), dict(taught)


def check_sums(room: Room, golds: dict[int, int]) -> None:
    """A person's counts are those of the items that stand now and of their gold; the crowd's are all people's."""
    people, pooled, taught = counts(room)
    for who, skill in people.items():
        known = taught.get(who, 0) + golds.get(who, 0)
        assert skill.get("kind", [0, 0])[1] / SCALE == pytest.approx(known, abs=1e-4), who  # shares are rounded
    width = len(next(iter(skill["kind"] for skill in people.values() if skill)))
    summed = [sum(skill["kind"][place] for skill in people.values() if skill) for place in range(width)]
    assert pooled["kind"][:width] == summed


def seen(room: Room) -> list[tuple[Any, ...]]:
    """What has become of the project's items, in their order: with whose answers, and how many more are wanted."""
    rows = room.read(
        lambda connection: connection.execute(
            sa.select(item_state.c.body, item.c.wanted, item.c.taken)
            .join(item, item.c.id == item_state.c.item)
            .where(item.c.project == room.project)
            .order_by(item.c.id)
        ).all()
    )
    bodies = [(decode(row.body), row.wanted, row.taken) for row in rows]
    return [
        (one["status"], one["answer"], one["taught"]["kind"]["given"], slots, taken) for one, slots, taken in bodies
    ]


def judge_all(room: Room, people: Sequence[int]) -> None:
    """Eight items judged by three people, who agree, and gold that two of them know."""
    room.add_items(8)
    for who in people:
        assert room.judge(who, lambda _: "b") == 8
    for who in people[:2]:
        answer_gold(room, who, 6, "c")


def seen_without(room: Room, people: Sequence[int]) -> list[tuple[Any, ...]]:
    """The same in a twin of the project whose floor is so low that nothing is ever set aside."""
    first = room.project
    room.make_project(overlap=3)
    careless = people[-1]

    def lower(connection: sa.Connection) -> None:
        text = connection.execute(sa.select(project.c.policy).where(project.c.id == room.project)).scalar_one()
        policy = decode(text) | {"floor": 2000}
        connection.execute(
            sa.update(project)
            .where(project.c.id == room.project)
            .values(policy=encode(policy).decode(), policy_version=2)
        )
        record(connection, room.database, room.project, "policy", {"policy": policy, "version": 2, "by": 1})

    room.writer.run(lower)
    judge_all(room, people)
    wrong_on_gold(room, careless, 7)
    items = sorted(of for of, more in wanted(room).items() if more[0])

    def reconsider(connection: sa.Connection) -> None:
        log = Log(connection, room.database, room.project)
        log.load(set(items), {careless})
        log.add("reweighed", {"annotator": careless, "items": items})
        log.flush()

    room.writer.run(reconsider)
    found = seen(room)
    assert len(found) == 8
    room.project = first
    return [one[:-1] for one in found]


@pytest.fixture
def judged(room: Room) -> tuple[Room, list[int]]:
    """Eight items judged by two honest people and, last, by one who turns out careless."""
    room.make_project(overlap=3)
    people = [room.add_annotator(name) for name in ("Hana", "Hugo", "Carl")]
    judge_all(room, people)
    return room, people


def test_set_aside_and_given_back(judged: tuple[Room, list[int]]) -> None:
    room, people = judged
    honest, other, careless = people
    third = room.add_annotator("Theo")
    assert room.lease(third) == []
    before = states(room)
    assert {state["status"] for state in before.values()} == {"complete"}

    wrong_on_gold(room, careless, 7)
    kinds = room.read(lambda connection: connection.execute(sa.select(decision.c.kind)).scalars().all())
    assert "quarantine" in kinds
    room.worker.drain()
    assert findings(room.database) == []
    aside = states(room)
    assert {state["status"] for state in aside.values()} == {"open"}
    for lesson in (state["taught"]["kind"] for state in aside.values() if "kind" in state["taught"]):
        assert careless not in [who for who, _ in lesson["given"]]
    assert {of: more for of, more in wanted(room).items() if more[0]} == dict.fromkeys(before, (4, 3))
    check_sums(room, {honest: 6, other: 6, careless: 7})
    held = next(one for one in room.lease(third, 2) if "gold" not in one.payload)  # found by others
    assert room.lease(careless) == []

    rule(room, careless, "quarantine", "overruled")
    room.worker.drain()
    assert findings(room.database) == []
    again = seen(room)
    assert {one[-1] for one in again} == {3, 4}
    check_sums(room, {honest: 6, other: 6, careless: 7})
    assert [one[:-1] for one in again] == seen_without(room, people)
    assert room.submit(third, held.id, "b").surplus is False  # held before: kept in its slot, and paid
    assert findings(room.database) == []


def test_done_again_it_changes_nothing(judged: tuple[Room, list[int]]) -> None:
    room, (honest, other, careless) = judged
    wrong_on_gold(room, careless, 7)
    room.worker.drain()
    before = wanted(room), seen(room), counts(room)[2]
    room.writer.run(
        lambda connection: jobs.add(connection, room.database, "reweigh", room.project, {"annotator": careless})
    )
    room.worker.drain()
    assert (wanted(room), seen(room), counts(room)[2]) == before
    check_sums(room, {honest: 6, other: 6, careless: 7})
    assert findings(room.database) == []


def test_it_goes_on_where_it_stopped(judged: tuple[Room, list[int]]) -> None:
    """Its worker goes after the first chunk; another one takes over. Every item is reconsidered once."""
    room, (*_, careless) = judged
    wrong_on_gold(room, careless, 7)
    room.worker._next_tick = float("inf")
    assert room.worker.step()
    room.worker.close()
    room.worker._own_writer = False
    room.worker.drain()
    swept = [
        decode(body)["items"]
        for body in room.read(
            lambda connection: (
                connection.execute(sa.select(event.c.body).where(event.c.kind == "reweighed").order_by(event.c.seq))
                .scalars()
                .all()
            )
        )
    ]
    assert [len(items) for items in swept] == [3, 3, 2]
    assert len({of for items in swept for of in items}) == 8
    rows = room.read(
        lambda connection: connection.execute(sa.select(job.c.state, job.c.result).where(job.c.kind == "reweigh")).all()
    )
    assert [tuple(row) for row in rows] == [("done", '{"items":8}')]
    assert findings(room.database) == []


def test_work_from_before_it_went_wrong_stays(room: Room) -> None:
    """Gold answered well, then ill: the work between the two counts, and its items are not looked at again."""
    room.add_items(6)
    who = room.add_annotator("Dora")
    room.judge(who, lambda _: "a", 3)
    answer_gold(room, who, 4, "c")
    early = set(states(room))
    room.judge(who, lambda _: "a", 3)
    wrong_on_gold(room, who, 12)
    room.worker.drain()
    swept = room.read(
        lambda connection: (
            connection.execute(sa.select(event.c.body).where(event.c.kind == "reweighed")).scalars().all()
        )
    )
    assert {of for body in swept for of in decode(body)["items"]} == set(states(room)) - early
    assert {of for of, (slots, taken) in wanted(room).items() if slots == 3 and taken == 1} == set(states(room)) - early
    assert findings(room.database) == []
