"""The whole way through the API: first link, project, invitation, work, and what is left of it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import links
from goldwork.store.schema import sign_in_attempt
from tests.web.conftest import FORM, Stage, User


def cookie_of(response: Any) -> str:
    return str(response.cookies["goldwork-8321"])


def test_from_the_first_link_to_an_answer(both_stages: Stage) -> None:
    stage = both_stages
    with stage.database.write() as connection:
        made = links.make_administrator_link(connection, stage.database.now(connection))

    seen = stage.nobody.post("/link", {"token": made.secret})
    assert seen.status_code == 200
    assert (seen.json()["kind"], seen.json()["needs_account"]) == ("administrator", True)
    used = stage.nobody.post(
        "/link/use", {"token": made.secret, "name": "Ada", "email": "Ada@example.org", "password": "0123456789"}
    )
    assert used.status_code == 201, used.text
    session = used.json()
    assert session["account"] == {
        "id": session["account"]["id"],
        "name": "Ada",
        "email": "ada@example.org",
        "administrator": True,
        "has_password": True,
        "may_create_projects": True,
    }
    assert not session["notice"]["accepted"]
    assert "Before you start" in session["notice"]["text"]

    ada = User(stage, cookie_of(used))
    refused = ada.get("/projects")
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "notice")
    assert ada.post("/notice", {"version": 99}).status_code == 409
    assert ada.post("/notice", {"version": session["notice"]["version"]}).json()["notice"]["accepted"]
    assert ada.get("/projects").json() == {"projects": []}

    created = ada.post("/projects", {"name": "Tickets", "form": FORM, "overlap": 1, "guideline": "# Be kind"})
    assert created.status_code == 201, created.text
    project = created.json()["id"]
    assert created.json()["guideline"]["text"] == "# Be kind"
    with stage.database.write() as connection:
        stage.add_items(connection, project, [{"text": "one", "hidden": "CANARY"}, {"text": "two"}])

    invited = ada.post(f"/projects/{project}/invitations", {"role": "annotator", "email": None})
    assert invited.status_code == 201
    assert invited.json()["link"].startswith("http://127.0.0.1:8321/link#")
    bob = User(
        stage,
        cookie_of(
            join := stage.nobody.post("/link/use", {"token": invited.json()["link"].partition("#")[2], "name": "Bob"})
        ),
    )
    assert join.json()["project_id"] == project
    bob.post("/notice", {"version": 1})

    screen = bob.get(f"/projects/{project}/work").json()
    assert screen["left"] == 2
    assert screen["form"]["questions"][0]["form"]["primitives"][0]["primitive"] == "keys"
    work = bob.post(f"/projects/{project}/next", {"count": 5}).json()
    assert [one["fields"] for one in work["assignments"]] == [{"text": "one"}, {"text": "two"}]
    again = bob.post(f"/projects/{project}/next", {"count": 5}).json()
    assert [one["id"] for one in again["assignments"]] == [one["id"] for one in work["assignments"]]

    body = {
        "id": "s-1",
        "assignment": work["assignments"][0]["id"],
        "kind": "answer",
        "answers": {"kind": "a"},
        "seconds": 2.5,
        "form_version": work["form_version"],
        "guideline_version": work["guideline_version"],
    }
    receipt = bob.post(f"/projects/{project}/submits", body)
    assert receipt.status_code == 201, receipt.text
    assert bob.post(f"/projects/{project}/submits", body).json() == receipt.json()
    other = bob.post(f"/projects/{project}/submits", body | {"answers": {"kind": "b"}})
    assert (other.status_code, other.json()["error"]["reason"]) == (409, "id_reused")
    wrong = bob.post(
        f"/projects/{project}/submits",
        body | {"id": "s-2", "assignment": work["assignments"][1]["id"], "answers": {"kind": "z"}},
    )
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "bad_answer")
    assert wrong.json()["error"]["where"] == "question kind"

    undone = bob.post(f"/projects/{project}/submits", body | {"id": "s-3", "kind": "undo", "answers": {}})
    assert undone.status_code == 201
    assert undone.json()["leased_until"]
    assert bob.post(f"/projects/{project}/submits", body | {"id": "s-4"}).status_code == 201
    me = bob.get(f"/projects/{project}/me").json()
    assert (me["judged"], me["ledger"]) == (
        1,
        {"answers": 2, "training": 0, "reviews": 0, "skips": 0, "surplus": 0, "retracted": 1, "seconds": 7.5},
    )
    assert [day["judged"] for day in me["by_day"]] == [1]
    screen = bob.get(f"/projects/{project}/work").json()
    assert (screen["today"]["judged"], screen["left"]) == (1, 1)

    summary = ada.get("/projects").json()["projects"][0]
    assert (summary["items"], summary["items_done"], summary["role"]) == (2, 1, "manager")
    assert "overlap" not in bob.get(f"/projects/{project}").json()
    people = ada.get(f"/projects/{project}/members").json()
    assert [(row["name"], row["role"]) for row in people["members"]] == [("Ada", "manager"), ("Bob", "annotator")]
    assert people["invitations"] == []


def test_signing_in_with_a_password(both_stages: Stage) -> None:
    from goldwork.services import accounts

    stage = both_stages
    stage.user("Ada", email="ada@example.org", password_hash=accounts.hash_password("correct horse"))
    good = {"email": " ADA@example.org", "password": "correct horse"}
    signed = stage.nobody.post("/session", good)
    assert signed.status_code == 201
    ada = User(stage, cookie_of(signed))
    assert ada.get("/session").json()["account"]["name"] == "Ada"
    out = ada.request("DELETE", "/session")
    assert out.status_code == 204
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert ada.get("/session").json()["account"] is None

    said = set()
    for attempt in range(5):
        for email in ("ada@example.org", "nobody@example.org"):
            bad = stage.nobody.post("/session", {"email": email, "password": f"wrong {attempt}"})
            said.add((bad.status_code, bad.text))
    assert len(said) == 1, "an unknown address looks the same as a wrong password"
    assert next(iter(said))[0] == 401
    with stage.database.write() as connection:  # as if there had been more: one second may pass unnoticed
        connection.execute(sa.update(sign_in_attempt).values(failures=12))
    for email in ("ada@example.org", "nobody@example.org"):
        slow = stage.nobody.post("/session", {"email": email, "password": "correct horse"})
        assert slow.status_code == 429
        assert int(slow.headers["retry-after"]) >= 1


def test_a_new_password_needs_the_old_one(stage: Stage) -> None:
    ada = stage.user("Ada", email="ada@example.org")
    first = ada.request("PATCH", "/account", json={"password": {"new": "correct horse"}})
    assert first.status_code == 200, first.text
    assert first.json()["account"]["has_password"]
    for given in ({"new": "another horse"}, {"new": "another horse", "old": "wrong one"}):
        refused = ada.request("PATCH", "/account", json={"password": given})
        assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "wrong_password")
    changed = ada.request("PATCH", "/account", json={"password": {"new": "another horse", "old": "correct horse"}})
    assert changed.status_code == 200
    signed = stage.nobody.post("/session", {"email": "ada@example.org", "password": "another horse"})
    assert signed.status_code == 201


def test_api_tokens_work_until_revoked(stage: Stage) -> None:
    ada = stage.user("Ada", administrator=True)
    made = ada.post("/tokens", {"label": "script"})
    assert made.status_code == 201
    script = User(stage, headers={"authorization": f"Bearer {made.json()['token']}"})
    assert script.get("/projects").status_code == 200
    for method, path in (("GET", "/tokens"), ("POST", "/tokens"), ("PATCH", "/account")):
        refused = script.request(method, path, json={"label": "x"} if method == "POST" else {})
        assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "session_needed")
    assert ada.request("DELETE", f"/tokens/{made.json()['id']}").status_code == 204
    assert script.get("/projects").status_code == 401


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_project_that_is_not_open_takes_no_answers(stage: Stage, state: str) -> None:
    ada = stage.user("Ada", administrator=True)
    project = stage.project(ada)
    held = ada.post(f"/projects/{project}/next", {"count": 1}).json()["assignments"][0]["id"]
    changed = ada.request("PATCH", f"/projects/{project}", json={"state": state})
    assert changed.json()["state"] == state
    body = {"id": "1", "assignment": held, "kind": "skip", "form_version": 1, "guideline_version": 1}
    refused = ada.post(f"/projects/{project}/submits", body)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, state)
    assert ada.post(f"/projects/{project}/next", {"count": 5}).json()["state"] == state


def test_settings_change_and_questions_stay_once_judged(stage: Stage) -> None:
    ada = stage.user("Ada", administrator=True)
    project = stage.project(ada)
    shown = ada.request("PATCH", f"/projects/{project}", json={"name": "New", "lease_minutes": 5}).json()
    assert (shown["name"], shown["lease_minutes"], shown["policy_version"]) == ("New", 5, 2)
    assert ada.get(f"/projects/{project}/jobs").json() == {"jobs": []}
    ada.request("PATCH", f"/projects/{project}", json={"overlap": 5})
    jobs = ada.get(f"/projects/{project}/jobs").json()["jobs"]
    assert [job["kind"] for job in jobs] == ["sweep"], "published items are opened anew"
    form = {"questions": FORM["questions"]}
    assert ada.request("PUT", f"/projects/{project}/form", json={"form": form}).json()["form_version"] == 2
    assert ada.request("PUT", f"/projects/{project}/guideline", json={"text": "G"}).json()["guideline"]["version"] == 2
    held = ada.post(f"/projects/{project}/next", {"count": 1}).json()["assignments"][0]
    body = {"id": "1", "assignment": held["id"], "kind": "skip", "form_version": 1, "guideline_version": 1}
    refused = ada.post(f"/projects/{project}/submits", body)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "form_changed")
    assert ada.post(f"/projects/{project}/submits", body | {"form_version": 2}).status_code == 201
    assert ada.request("PUT", f"/projects/{project}/form", json={"form": FORM}).json()["form_version"] == 3
