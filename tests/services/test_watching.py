"""Flags raise somebody's rate of gold, once, and are kept with their evidence; nobody is accused by them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from goldwork.services import decisions, jobs, watching
from goldwork.services.log import decode
from goldwork.services.worker import Worker
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import annotator, annotator_state, decision, event
from tests.core import CLASSES, Core

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
