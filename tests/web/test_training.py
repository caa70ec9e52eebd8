"""Training over HTTP: what the workbench and one's own page are told, and that a guideline can ask to be read."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from goldwork.store.schema import assignment, gold, item, project
from tests.web.conftest import Stage, User


def practice(stage: Stage, of: int, who: User, name: str) -> str:
    """A training item, held by somebody."""
    assert who.person is not None
    with stage.database.write() as connection:
        now = stage.database.now(connection)
        batch = connection.execute(sa.select(item.c.batch).where(item.c.project == of).limit(1)).scalar_one()
        row = {"project": of, "batch": batch, "external_id": name, "payload": '{"text":"x"}', "shuffle": 1}
        made = connection.execute(sa.insert(item).values(row).returning(item.c.id)).scalar_one()
        known = {"kind": "training", "state": "active", "answers": json.dumps({"kind": ["a"]}), "reason": "Because."}
        connection.execute(sa.insert(gold).values(project=of, item=made, created_at=0, **known))
        held = {"id": name, "project": of, "item": made, "annotator": who.person.annotator, "purpose": "practice"}
        times = {"state": "leased", "leased_at": now, "leased_until": now + 10**6}
        connection.execute(sa.insert(assignment).values(**held, **times))
    return name


def submit(who: User, of: int, name: str, answer: str, guideline: int = 1) -> Any:
    sent = {"id": f"c-{name}", "assignment": name, "kind": "answer", "form_version": 1, "seconds": 3.0}
    said = who.post(f"/projects/{of}/submits", sent | {"guideline_version": guideline, "answers": {"kind": answer}})
    assert said.status_code == 201, said.text
    return said.json()


def test_a_guideline_that_everybody_shows_to_have_read(stage: Stage) -> None:
    boss, ann = stage.user("boss", administrator=True), stage.user("ann")
    of = stage.project(boss)
    stage.join(of, ann, "annotator")
    work, next_ = f"/projects/{of}/work", f"/projects/{of}/next"
    [one] = ann.post(next_, {"count": 1}).json()["assignments"]
    assert submit(ann, of, one["id"], "a")["feedback"] is None
    assert ann.get(work).json()["standing"] is None
    said = boss.request("PUT", f"/projects/{of}/guideline", json={"text": "# New", "certify": True})
    assert said.json()["guideline"]["version"] == 2
    shown = ann.get(work).json()
    far = {"why": "refresher", "done": 0, "most": 5, "right": 0.0, "tries": 3, "outcome": "", "failed": 0}
    assert shown["standing"] == {"held": "refresher", "training": far, "by": "", "words": "", "about": None}
    for n in range(5):
        told = submit(ann, of, practice(stage, of, ann, f"p-{n}"), "a" if n else "b", guideline=2)["feedback"]
        assert told["answers"] == {"kind": ["a"]}
        assert told["reason"] == "Because."
        assert told["marks"] == {"kind": 1.0 if n else 0.0}
    assert told["training"] | {"tries": 3} == far | {"done": 5, "right": 4.0, "outcome": "passed"}
    assert ann.get(work).json()["standing"] is None
    mine = ann.get(f"/projects/{of}/me").json()
    assert mine["ledger"]["training"] == 5
    assert mine["ledger"]["answers"] == 6
    assert mine["growth"]["advice"]["kind"] == "none"


def test_the_same_text_can_ask_to_be_read_and_makes_no_version_otherwise(stage: Stage) -> None:
    boss = stage.user("boss", administrator=True)
    of = stage.project(boss, guideline="Look.")
    for certify, version in ((False, 1), (True, 2), (False, 2)):
        said = boss.request("PUT", f"/projects/{of}/guideline", json={"text": "Look.", "certify": certify})
        assert said.json()["guideline"]["version"] == version


def test_rest_is_said_to_oneself(stage: Stage) -> None:
    boss, ann = stage.user("boss", administrator=True), stage.user("ann")
    of = stage.project(boss)
    stage.join(of, ann, "annotator")
    with stage.database.write() as connection:
        policy = json.loads(connection.execute(sa.select(project.c.policy)).scalar_one()) | {"session_minutes": 45}
        connection.execute(sa.update(project).values(policy=json.dumps(policy)))
    assert ann.get(f"/projects/{of}/work").json()["session_minutes"] == 45
    [one] = ann.post(f"/projects/{of}/next", {"count": 1}).json()["assignments"]
    submit(ann, of, one["id"], "a")
    found = ann.get(f"/projects/{of}/rest").json()
    assert found.pop("since") > 0
    assert found == {"minutes": 0.0, "limit": 45, "after": 0, "slower": 0.0, "taken_back": 0}
