"""What people say of themselves, over HTTP: with consent, to nobody else, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from goldwork.web.app import create_api
from goldwork.web.openapi import routes
from tests.web.conftest import Stage, User

ASKED = {
    "name": "Region",
    "question": "Where did you grow up?",
    "options": ["north", "south"],
    "why": "To see whether it matters.",
}


def prepared(stage: Stage) -> tuple[User, User, User, int, int]:
    boss = stage.user("Boss", administrator=True)
    project = stage.project(boss, texts=3)
    ann = stage.join(project, stage.user("Ann"), "annotator")
    bob = stage.join(project, stage.user("Bob"), "annotator")
    made = boss.post(f"/projects/{project}/attributes", ASKED)
    assert made.status_code == 201, made.text
    return boss, ann, bob, project, made.json()["id"]


def give(who: User, project: int, attribute: int, body: Any) -> int:
    return who.request("PUT", f"/projects/{project}/attributes/{attribute}/answer", json=body).status_code


def mine(who: User, project: int) -> Any:
    return who.get(f"/projects/{project}/attributes").json()["attributes"][0]["mine"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"value": "north"}, id="nothing-said"),
        pytest.param({"value": "north", "agreed": False}, id="not-agreed"),
        pytest.param({"value": "west", "agreed": True}, id="no-option"),
        pytest.param({"value": "north", "agreed": True, "more": 1}, id="more"),
    ],
)
def test_nothing_is_kept_without_consent(both_stages: Stage, body: dict[str, Any]) -> None:
    _, ann, _, project, attribute = prepared(both_stages)
    assert give(ann, project, attribute, body) == 400
    assert mine(ann, project) is None


def test_given_seen_by_oneself_alone_and_taken_back(both_stages: Stage) -> None:
    boss, ann, bob, project, attribute = prepared(both_stages)
    page = ann.get(f"/projects/{project}/attributes").json()
    assert "take it back" in page["consent"]
    assert page["attributes"][0]["why"] == ASKED["why"]
    assert give(ann, project, attribute, {"value": "north", "agreed": True}) == 204
    assert mine(ann, project) == "north"
    assert (mine(bob, project), mine(boss, project)) == (None, None)
    gone = ann.request("DELETE", f"/projects/{project}/attributes/{attribute}/answer")
    assert gone.status_code == 204
    assert mine(ann, project) is None


def test_no_page_of_a_manager_tells_who_said_what(stage: Stage) -> None:
    """Whatever Ann says, every answer to the manager is the same, to the byte but for times."""
    boss, ann, _, project, attribute = prepared(stage)
    paths = [
        one.path.removeprefix("/api").replace("{project_id}", str(project))
        for one in routes(create_api())
        if one.method == "GET" and one.path.count("{") == ("{project_id}" in one.path) and "health" not in one.path
    ]
    assert len(paths) > 12

    def heard() -> list[str]:
        return [boss.get(path).text for path in paths]

    before = heard()
    for value in ("north", "south"):
        assert give(ann, project, attribute, {"value": value, "agreed": True}) == 204
        assert heard() == before


def test_figures_are_made_in_the_background(stage: Stage) -> None:
    boss, _, _, project, _ = prepared(stage)
    there = boss.get(f"/projects/{project}/groups").json()
    assert (there["attributes"], there["computed_at"]) == ([], None)
    job = boss.post(f"/projects/{project}/groups")
    assert (job.status_code, job.json()["kind"]) == (202, "groups")
    assert boss.post(f"/projects/{project}/groups").json()["id"] == job.json()["id"]
    taken = boss.post(f"/projects/{project}/attributes", ASKED)
    assert (taken.status_code, taken.json()["error"]["reason"]) == (409, "attribute_taken")
