"""Flags raise somebody's rate of gold, once, and are kept with their evidence; nobody is accused by them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import decisions, jobs, watching
from goldwork.services.log import decode
from goldwork.services.worker import Worker
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import annotator, annotator_state, decision, event, snapshot
from tests.core import CLASSES, Core
from tests.services.conftest import FORM, Room
from tests.services.test_groups import crowd, define, say, take_back

ITEMS = 130


@pytest.fixture
def judged(database: Database) -> Iterator[Core]:
    """130 items judged by three attentive people and one who always says "a"."""
    core = Core.make(database, overlap=4)
    core.set_policy(4, floor=3000)
    core.add_items(ITEMS)
    draw = random.Random(5)
    people = core.annotators(4)
    for who in people:
        for held in core.lease(who, ITEMS).assignments:
            right = CLASSES[core.assignment(held.id).item % 3]
            core.submit(who, held.id, answers={"q": "a" if who == people[0] else draw.choice([right] * 9 + ["b"])})
    yield core
    core.close()


def test_who_is_flagged_is_watched_once(judged: Core, tmp_path: Any) -> None:
    worker = Worker(judged.database, Home(tmp_path), writer=judged.writer)
    watching.request_due(judged.database, judged.writer)
    worker.drain()
    worker.close()
    with judged.database.read() as connection:
        flags = watching.read_flags(connection, judged.project)
    assert flags.computed_at is not None
    about = [one for one in flags.found if one.about == "annotator"]
    assert {one.flag for one in about} >= {"skew"}
    [who] = {one.subject for one in about}
    assert all(one.sentence and one.evidence and (one.e_value or 0) > 1 for one in about)
    told = [decode(row.body) for row in judged.rows(event, kind="watch")]
    made = [row for row in judged.rows(decision) if row.kind == "watch"]
    assert len(made) == 1
    assert len(told) <= 1
    states = {row.annotator: decode(row.body) for row in judged.rows(annotator_state)}
    names = {row.id: row.pseudonym for row in judged.rows(annotator)}
    assert [names[one] for one, state in states.items() if state.get("watch")] == [who]
    assert not any("out" in state or "stage" in state for state in states.values())
    assert judged.findings() == []


def test_who_falls_for_traps_is_watched_and_not_told_why(database: Database, tmp_path: Any) -> None:
    core = Core.make(database)
    core.set_policy(2, audits=2, gold=False, floor=8500)
    core.add_items(60)
    core.add_gold(20, kind="trap", value="b")
    careless, careful = core.annotators(2)
    for who in (careless, careful):
        for _ in range(40):
            one = core.lease_one(who)
            right = "b" if core.assignment(one).purpose == "gold" else "a"
            core.submit(who, one, answers={"q": "a" if who == careless else right})
    worker = Worker(core.database, Home(tmp_path), writer=core.writer)
    for _ in range(2):
        core.writer.run(lambda connection: jobs.add(connection, database, watching.NAME, core.project, {}))
        worker.drain()
    worker.close()
    told = [decode(row.body) for row in core.rows(event, kind="watch")]
    assert told == [{"annotator": careless, "reasons": ["traps"]}]
    [made] = [row for row in core.rows(decision) if row.kind == "watch"]
    assert made.subject == f"annotator {careless}"
    with database.read() as connection:
        mine: Any = SimpleNamespace(project=core.project, person=SimpleNamespace(annotator=careless))
        [told_own] = decisions.my_decisions(connection, mine)
    assert (told_own.kind, told_own.reasons) == ("watch", [])
    assert core.findings() == []
    core.close()


def test_views_are_not_compared_with_others(judged: Core, tmp_path: Any) -> None:
    judged.set_policy(4, paradigm="descriptive")
    worker = Worker(judged.database, Home(tmp_path), writer=judged.writer)
    watching.request_due(judged.database, judged.writer)
    worker.drain()
    worker.close()
    with judged.database.read() as connection:
        flags = watching.read_flags(connection, judged.project)
    assert {one.flag for one in flags.found} <= {"fast", "straight-lining", "position", "copying"}


def watch(room: Room) -> watching.Flags:
    watching.request_due(room.database, room.writer)
    room.worker.drain()
    made: watching.Flags = room.read(watching.read_flags, room.project)
    return made


def kept(room: Room) -> str:
    stored = sa.select(snapshot.c.body).where(snapshot.c.name == watching.NAME)
    return str(room.read(lambda connection: connection.execute(stored).scalar_one()))


def test_items_that_groups_answer_differently_are_named_and_no_more(room: Room) -> None:
    of, found = crowd(room, {"north": 20, "south": 20})
    flags = watch(room)
    [one] = [one for one in flags.found if one.flag == "between-groups"]
    assert (one.subject, one.evidence, one.judgements) == ("i0", {"attribute": "Region"}, 40)
    assert (one.e_value, one.p_value, one.low, one.high) == (None, None, None, None)
    assert one.statistic == pytest.approx(0.65)
    assert not any(region in kept(room) for region in ("north", "south"))
    # Who takes an answer back takes the finding with it, and no other can be held against it on the same day.
    take_back(room, found["north"][0], of)
    assert "Region" not in kept(room)
    room.writer.run(lambda connection: connection.execute(sa.update(snapshot).values(through_seq=0)))
    assert not [one for one in watch(room).found if one.flag == "between-groups"]
    day = json.loads(kept(room)) | {"groups_at": 1}
    room.writer.run(
        lambda connection: connection.execute(sa.update(snapshot).values(through_seq=0, body=json.dumps(day)))
    )
    assert [one.subject for one in watch(room).found if one.flag == "between-groups"] == ["i0"]


def test_an_answer_that_one_group_alone_gave_names_nobody(room: Room) -> None:
    """Whoever gave it would be known to be of the group."""
    room.make_project(overlap=24)
    of = define(room)
    room.add_items(5)
    for number in range(24):
        who = room.add_annotator(f"p{number}")
        say(room, who, of, "north" if number % 2 else "south")
        room.judge(who, lambda payload, number=number: "b" if number % 2 and "text 3" in payload else "a")
    assert not [one for one in watch(room).found if one.flag == "between-groups"]


def form(**task: Any) -> dict[str, Any]:
    return {"fields": FORM["fields"], "questions": [{"name": "kind", "title": "What is it?", "task": task}]}


def test_texts_that_are_copied_are_found(room: Room) -> None:
    room.make_project(form(type="text"), overlap=4)
    room.add_items(30)
    draw, before = random.Random(3), {}
    for number in range(4):
        who = room.add_annotator(f"p{number}")

        def answer(payload: str, number: int = number) -> str:
            text = " ".join(f"w{draw.randrange(200)}" for _ in range(9))
            return before[payload] + " indeed" if number == 3 else before.setdefault(payload, text)

        before.clear() if number < 3 else None
        room.judge(who, answer)
    flags = watch(room)
    assert {one.flag for one in flags.found if one.about == "annotator"} == {"copying"}
    assert len([one for one in flags.found if one.about == "annotator"]) == 2


def test_ratings_given_without_looking_are_found(room: Room) -> None:
    room.make_project(form(type="rating", low=1, high=5), overlap=5)
    room.add_items(60)
    draw = random.Random(4)
    for number in range(5):
        who = room.add_annotator(f"p{number}")
        room.judge(
            who,
            lambda payload, number=number: (
                3 if number == 4 else max(1, min(5, int(payload.split()[-1][:-2]) % 5 + 1 + draw.choice([0, 0, 0, 1])))
            ),
        )
    flags = watch(room)
    assert {one.flag for one in flags.found if one.about == "annotator"} == {"straight-lining"}
    assert len({one.subject for one in flags.found if one.about == "annotator"}) == 1
