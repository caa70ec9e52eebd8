"""Suggestions over the API: who sees them, how many are hidden, and that a hidden one leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from scipy.stats import binom

from goldwork.services.worker import Worker
from goldwork.store.writer import Writer
from tests.web.conftest import Stage, User

CANARY = "CANARY-5b1e"
TEXT = {"questions": [{"name": "said", "title": "What?", "task": {"type": "text"}}]}
SURE = 1e-6


@pytest.fixture
def boss(both_stages: Stage) -> User:
    return both_stages.user("boss", administrator=True)


@pytest.fixture
def worker(both_stages: Stage) -> Iterator[Worker]:
    writer = Writer(both_stages.database)
    made = Worker(both_stages.database, both_stages.home, writer=writer)
    yield made
    made.close()
    writer.close()


def predicted(stage: Stage, boss: User, worker: Worker, texts: int, **settings: Any) -> int:
    """A project whose every item a model has answered with the canary."""
    project = stage.project(boss, texts=texts, **settings)
    rows = "".join(f"x-{n},bert,{CANARY} {n}\n" for n in range(texts))
    sent = boss.request(
        "POST",
        f"/projects/{project}/files?name=predictions.csv",
        content="item,annotator,label\n" + rows,
        headers={"content-type": "application/octet-stream"},
    )
    asked = {"file": sent.json()["file"], "what": "judgements", "kind": "model"}
    job = boss.post(f"/projects/{project}/imports", asked)
    assert job.status_code == 202, job.text
    worker.drain()
    assert boss.get(f"/projects/{project}/jobs/{job.json()['id']}").json()["state"] == "done"
    return project


def shows(boss: User, project: int, **asked: Any) -> None:
    changed = boss.request("PATCH", f"/projects/{project}", json=asked)
    assert changed.status_code == 200, changed.text


def answers(who: User, project: int, held: dict[str, Any], number: int) -> None:
    body = {"id": f"c{number}", "assignment": held["id"], "kind": "answer", "form_version": 1, "guideline_version": 1}
    done = who.post(f"/projects/{project}/submits", body | {"answers": {"said": "mine"}})
    assert done.status_code == 201, done.text


def seen(who: User, project: int) -> str:
    """Everything that an annotator can ask for of a project, in one text."""
    here = f"/projects/{project}"
    paths = ("", "/work", "/me", "/overview", "/consensus", "/ledger", "/batches", "/members", "/jobs/1", "/items/1")
    said = [who.get("/projects").text, who.get("/session").text, *(who.get(here + path).text for path in paths)]
    first = who.post(f"{here}/next", {"count": 10})
    assert first.status_code == 200
    for number, held in enumerate(first.json()["assignments"][:3]):
        answers(who, project, held, number)
    said += [first.text, who.post(f"{here}/next", {"count": 10}).text, who.get(f"{here}/me").text]
    return "\n".join(said)


def test_a_hidden_suggestion_is_seen_by_no_annotator(both_stages: Stage, boss: User, worker: Worker) -> None:
    stage = both_stages
    project = predicted(stage, boss, worker, 12, form=TEXT)
    ann = stage.join(project, stage.user("ann"), "annotator")
    shows(boss, project, suggestions="bert", hidden_share=1)
    said = seen(ann, project)
    assert CANARY not in said
    assert "bert" not in said
    assert "hidden" not in said
    shows(boss, project, hidden_share=0)
    bob = stage.join(project, stage.user("bob"), "annotator")
    assert CANARY in seen(bob, project), "the same look finds one that is shown"
    assert "bert" not in seen(stage.join(project, stage.user("cam"), "annotator"), project)


def test_the_hidden_share_is_kept_within_chance(both_stages: Stage, boss: User, worker: Worker) -> None:
    stage = both_stages
    project = predicted(stage, boss, worker, 200, form=TEXT)
    shows(boss, project, suggestions="bert", hidden_share=0.3)
    hidden = 0
    for name in ("ann", "bob"):
        who = stage.join(project, stage.user(name), "annotator")
        held = who.post(f"/projects/{project}/next", {"count": 200}).json()["assignments"]
        assert len(held) == 200
        for one in held:
            number = json.dumps(one["fields"]).split("text ")[1].split('"')[0]
            assert one["suggestions"] in ({}, {"said": f"{CANARY} {number}"})
        hidden += sum(not one["suggestions"] for one in held)
    low, high = binom.ppf([SURE, 1 - SURE], 400, 0.3)
    assert low <= hidden <= high


def test_settings(both_stages: Stage, boss: User, worker: Worker) -> None:
    project = predicted(both_stages, boss, worker, 2, form=TEXT)
    now = boss.get(f"/projects/{project}").json()
    assert (now["suggestions"], now["models"], now["hidden_share"]) == ("", ["bert"], 0.1)
    for wrong, where in (({"suggestions": "gpt"}, "suggestions"), ({"hidden_share": 1.1}, "hidden_share")):
        refused = boss.request("PATCH", f"/projects/{project}", json=wrong)
        assert (refused.status_code, refused.json()["error"]["where"]) == (400, where), refused.text
    assert boss.request("PATCH", f"/projects/{project}", json={"hidden_share": "half"}).status_code == 400
    ann = both_stages.join(project, both_stages.user("ann"), "annotator")
    assert ann.request("PATCH", f"/projects/{project}", json={"suggestions": ""}).status_code == 403
    assert not {"suggestions", "models", "hidden_share"} & ann.get(f"/projects/{project}").json().keys()
