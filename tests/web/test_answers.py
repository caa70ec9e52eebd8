"""Answers of every task type over HTTP: what fits is stored as it is, anything else is refused and leaves nothing."""

from __future__ import annotations

import copy
import json
import random
import secrets
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.store.schema import judgement, submit
from goldwork.tasks import TaskType, task_type
from goldwork.tasks.questions import NEEDS
from goldwork.testing.task_types import JUNK
from tests.contracts.test_contracts import SAMPLES
from tests.web.conftest import Stage, User

DAMAGED = 40
"""Damaged answers of each sample."""
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e"
TALK = [{"role": "assistant", "content": "One."}, {"role": "assistant", "content": "Two."}]


def whole_form(task: TaskType) -> dict[str, Any]:
    drawn = task.form().fields() or {"text": ""}
    fields = [{"name": name, "show": NEEDS.get(primitive, ("text",))[0]} for name, primitive in drawn.items()]
    question = {"name": "q", "title": SCRIPT, "help": SCRIPT, "task": msgspec.to_builtins(task)}
    return {"fields": fields, "questions": [question]}


def payload(form: dict[str, Any]) -> dict[str, str]:
    shown = {"text": f"{SCRIPT} 𝒳 é", "image": "", "chat": json.dumps(TALK)}
    return {field["name"]: shown[field["show"]] for field in form["fields"]}


def damaged(answer: Any, seed: int) -> Any:
    """The answer with one thing wrong somewhere in it."""
    luck = random.Random(seed)
    if luck.random() < 0.3 or not isinstance(answer, list | dict) or not answer:
        junk = [value for value in JUNK if "\ud800" not in str(value) and value == value and abs_of(value) < 1e300]
        return luck.choice(junk)
    made = copy.deepcopy(answer)
    place = luck.choice(list(made) if isinstance(made, dict) else range(len(made)))
    match luck.randrange(3):
        case 0:
            del made[place]
        case 1 if isinstance(made, dict):
            made[SCRIPT] = made[place]
        case 1:
            made.insert(place, made[place])
        case _:
            made[place] = damaged(made[place], luck.randrange(10**6))
    return made


def abs_of(value: Any) -> float:
    return abs(value) if isinstance(value, int | float) else 0.0


def all_samples() -> Iterator[Any]:
    for name in task_type.names():
        for number, sample in enumerate(SAMPLES[name]):
            yield pytest.param(sample, id=f"{name}-{number}")


def send(somebody: User, project: int, assignment: str, kind: str, **more: Any) -> Any:
    versions = {"form_version": 1, "guideline_version": 1}
    body = {"id": secrets.token_hex(8), "assignment": assignment, "kind": kind, **versions, **more}
    return somebody.post(f"/projects/{project}/submits", body)


def stored(stage: Stage) -> tuple[int, int]:
    with stage.database.read() as connection:
        submits, judgements = (
            int(connection.execute(sa.select(sa.func.count()).select_from(of)).scalar_one())
            for of in (submit, judgement)
        )
    return submits, judgements


@pytest.mark.parametrize("sample", list(all_samples()))
def test_answers_over_http(sample: Any, stage: Stage) -> None:
    task: TaskType = sample.task
    form = whole_form(task)
    boss = stage.user("Boss", administrator=True)
    project = stage.project(boss, form=form, texts=0)
    with stage.database.write() as connection:
        stage.add_items(connection, project, [payload(form)])
    ann = stage.join(project, stage.user("Ann"), "annotator")
    [held] = ann.post(f"/projects/{project}/next", {"count": 1}).json()["assignments"]
    item = {field["name"]: held["fields"][field["name"]] for field in form["fields"] if field["show"] != "image"}

    for seed in range(DAMAGED):
        answer = damaged(random.Random(seed).choice(sample.answers), seed)
        if fits(task, answer, item):
            continue
        got = send(ann, project, held["id"], "answer", answers={"q": answer})
        assert got.status_code == 400, (answer, got.text)
        assert got.json()["error"]["where"] == "question q", got.text
        assert stored(stage) == (0, 0)

    for answer in sample.answers:
        if not fits(task, answer, item):
            continue
        before = stored(stage)
        assert send(ann, project, held["id"], "answer", answers={"q": answer}).status_code == 201
        assert stored(stage) == (before[0] + 1, before[1] + 1)
        with stage.database.read() as connection:
            latest = connection.execute(sa.select(judgement.c.value).order_by(judgement.c.seq.desc())).scalars().first()
        assert json.loads(latest or "") == task.canonical(answer)
        assert send(ann, project, held["id"], "undo").status_code == 201


def fits(task: TaskType, answer: Any, item: dict[str, str]) -> bool:
    from goldwork.errors import AnswerError

    try:
        task.validate(answer, item)
    except AnswerError:
        return False
    return True


BOX = '[{"x": %s, "y": 0, "width": 1, "height": 1, "label": "a"}]'
HUGE = "1" + "0" * 400
SETTINGS: dict[str, dict[str, Any]] = {
    "choice": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}], "unsure": True},
    "rating": {"type": "rating"},
    "boxes": {"type": "boxes", "field": "f", "classes": [{"value": "a"}]},
    "rank": {"type": "rank", "fields": ["f", "g"]},
}


@pytest.mark.parametrize(
    ("kind", "answer", "where", "said"),
    [
        ("rating", HUGE, "question q", "must be 1 to 5 in steps of 1. Got 1000"),
        ("boxes", BOX % HUGE, "question q", "x must be a number up to 1,000,000. Got 1000"),
        ("choice", "[" * 5000 + "]" * 5000, "body", "the JSON is nested too deeply."),
        ("choice", '{"a":' * 5000 + "1" + "}" * 5000, "body", "the JSON is nested too deeply."),
        ("choice", '{"cannot_tell": "\\u0000"}', "question q", "cannot_tell must be a text"),
        ("choice", '"\\ud800"', "body", "is half a character"),
        ("choice", '"\\ud83d\\ude00\\ud83d"', "body", "is half a character"),
        ("choice", "NaN", "body", "JSON is malformed"),
        ("choice", f'"{"a" * 100_000}"', "question q", "must be one of a, b. Got 'aaa"),
        ("rank", f'"{"a" * 100_000}"', "question q", "must be a list of groups"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_answers_that_no_client_would_send(kind: str, answer: str, where: str, said: str, stage: Stage) -> None:
    boss = stage.user("Boss", administrator=True)
    fields = [{"name": "f", "show": "image" if kind == "boxes" else "text"}, {"name": "g"}]
    form = {"fields": fields, "questions": [{"name": "q", "title": "Q", "task": SETTINGS[kind]}]}
    project = stage.project(boss, form=form, texts=0)
    with stage.database.write() as connection:
        stage.add_items(connection, project, [{"f": "" if kind == "boxes" else "one", "g": "two"}])
    ann = stage.join(project, stage.user("Ann"), "annotator")
    [held] = ann.post(f"/projects/{project}/next", {"count": 1}).json()["assignments"]
    head = f'{{"id": "x", "assignment": "{held["id"]}", "kind": "answer", "form_version": 1, "guideline_version": 1'
    got = ann.request("POST", f"/projects/{project}/submits", content=f'{head}, "answers": {{"q": {answer}}}}}')
    assert got.status_code == 400, got.text
    error = got.json()["error"]
    assert error["where"] == where
    assert said in error["message"]
    assert len(error["message"]) <= 600, "an error does not repeat all that was sent"
    assert stored(stage) == (0, 0)
