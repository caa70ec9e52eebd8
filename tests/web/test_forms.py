"""Forms over HTTP: what they may be made of, drawn, taken as files, changed while there are judgements."""

from __future__ import annotations

from typing import Any

from goldwork.tasks import task_type
from tests.web.conftest import FORM, Stage


def test_task_types_and_templates(stage: Stage) -> None:
    ada = stage.user("Ada", administrator=True)
    told = ada.get("/task-types").json()["task_types"]
    assert [one["name"] for one in told] == task_type.names()
    for template in ada.get("/templates").json()["templates"]:
        drawn = ada.post("/forms/draw", {"form": template["form"]}).json()["drawn"]
        assert [one["name"] for one in drawn["questions"]] == [one["name"] for one in template["form"]["questions"]]


def test_what_does_not_fit_is_said_with_its_place(stage: Stage) -> None:
    ada = stage.user("Ada", administrator=True)
    rating = {"name": "how", "title": "How?", "task": {"type": "rating", "low": 5, "high": 1}}
    refused = ada.post("/forms/draw", {"form": {"questions": [rating]}})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["where"]) == (400, "bad_input", "form, question how")
    assert "a scale needs low < high" in error["message"]
    assert ada.get("/projects").json() == {"projects": []}, "nothing was stored"


def judged(stage: Stage) -> tuple[Any, int]:
    """A project in which somebody answered `a`."""
    ada = stage.user("Ada", administrator=True)
    project = stage.project(ada)
    held = ada.post(f"/projects/{project}/next", {"count": 1}).json()["assignments"][0]
    body = {"id": "1", "assignment": held["id"], "kind": "answer", "answers": {"kind": "a"}, "form_version": 1}
    assert ada.post(f"/projects/{project}/submits", body | {"guideline_version": 1}).status_code == 201
    return ada, project


def asking(*classes: str) -> dict[str, Any]:
    task = {"type": "choice", "classes": [{"value": value} for value in classes]}
    return {"form": FORM | {"questions": [FORM["questions"][0] | {"task": task}]}}


def test_the_form_is_a_file_that_is_taken_again(stage: Stage) -> None:
    ada, project = judged(stage)
    file = ada.get(f"/projects/{project}/form")
    assert file.headers["content-disposition"] == f'attachment; filename="form-{project}.json"'
    assert file.json()["goldwork_form"] == 1
    made = ada.post("/projects", {"name": "Again", "form": file.json()}).json()
    assert made["form"] == ada.get(f"/projects/{project}").json()["form"]


def test_a_form_changes_where_every_answer_fits(stage: Stage) -> None:
    ada, project = judged(stage)
    wider = asking("a", "b", "c")
    found = ada.post(f"/projects/{project}/form/preview", wider).json()
    assert (found["fits"], found["judged"], found["questions"][0]["says"]) == (True, 1, "1 answer to it stay.")
    assert ada.get(f"/projects/{project}").json()["form_version"] == 1
    assert ada.request("PUT", f"/projects/{project}/form", json=wider).json()["form_version"] == 2
    other = asking("b", "c")
    found = ada.post(f"/projects/{project}/form/preview", other).json()
    assert (found["fits"], found["questions"][0]["examples"][0]["item"]) == (False, "x-0")
    refused = ada.request("PUT", f"/projects/{project}/form", json=other)
    error = refused.json()["error"]
    assert (refused.status_code, error["reason"], error["details"]) == (409, "answers_unfit", {"unfit": {"kind": 1}})
    assert ada.get(f"/projects/{project}").json()["form_version"] == 2
