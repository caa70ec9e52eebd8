"""Full inference as events: the crowd's skill is learned, the log replays to the same, what came meanwhile stays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from goldwork.quality.items import SURE
from goldwork.quality.skill import ALL, HITS
from goldwork.services import inference
from goldwork.services.log import decode
from goldwork.services.worker import Worker
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import annotator_state, event, item_state, job, project_state
from tests.core import CLASSES, Core


@pytest.fixture
def judged(database: Database) -> Iterator[Core]:
    """60 items judged by three good people and a bad one."""
    core = Core.make(database, overlap=4)
    core.add_items(60)
    draw = random.Random(5)
    people = core.annotators(4)
    for who in people:
        for held in core.lease(who, 60).assignments:
            right = core.assignment(held.id).item % 3
            good = draw.random() < (0.4 if who == people[0] else 0.9)
            core.submit(who, held.id, answers={"q": CLASSES[right if good else draw.randrange(3)]})
    yield core
    core.close()


def work(core: Core, tmp_path: Any) -> None:
    worker = Worker(core.database, Home(tmp_path), writer=core.writer)
    worker.drain()
    worker.close()


def test_skill_is_learned_and_the_log_replays(judged: Core, tmp_path: Any) -> None:
    inference.request_due(judged.database, judged.writer)
    assert [row.kind for row in judged.rows(job)].count("inference") == 1
    work(judged, tmp_path)
    kinds = [row.kind for row in judged.rows(event, project=judged.project)]
    assert kinds.count("calibration") == 0  # no gold has told anything else than is assumed
    assert "learned" in kinds
    share = {}
    for row in judged.rows(annotator_state, project=judged.project):
        counts = decode(row.body)["skill"]["q"]
        share[row.annotator] = counts[HITS] / counts[ALL]
    worst, *others = sorted(share.values())
    assert worst < 0.75 < others[0]
    rows = judged.rows(item_state, project=judged.project)
    assert sum(decode(row.body)["answer"]["q"] == row.item % 3 for row in rows) >= 57
    whole = decode(judged.row(project_state, project=judged.project).body)
    assert 0.85 * SURE < whole["sure"] / whole["measured"] <= SURE
    assert judged.findings() == []


def test_it_is_not_due_again_before_more_was_done(judged: Core, tmp_path: Any) -> None:
    inference.request_due(judged.database, judged.writer)
    work(judged, tmp_path)
    inference.request_due(judged.database, judged.writer)
    assert [row.state for row in judged.rows(job) if row.kind == "inference"] == ["done"]


def test_what_came_meanwhile_is_left_as_it_is(judged: Core) -> None:
    [row, *_] = judged.rows(item_state, project=judged.project)
    from goldwork.services.log import Log

    def tell(connection: Any) -> None:
        log = Log(connection, judged.database, judged.project)
        log.load({row.item}, set())
        log.add("learned", {"through": 1, "items": [[row.item, {"q": [0, 0, 1 << 20]}]]})
        log.flush()

    judged.writer.run(tell)
    assert judged.row(item_state, item=row.item).body == row.body
    assert judged.findings() == []
