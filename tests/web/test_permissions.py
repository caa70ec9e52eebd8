"""docs/permissions.csv is the truth: every row is tried against a real application, and no route is without rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from goldwork.store.database import Database
from goldwork.web.app import create_api
from goldwork.web.openapi import routes
from tests.web.conftest import Stage, run_stage
from tests.web.world import OWNERSHIPS, ROLES, World, plant

TABLE = Path(__file__).parents[2] / "docs" / "permissions.csv"


class Row(NamedTuple):
    route: str
    method: str
    role: str
    ownership: str
    allowed: str


def read_table() -> list[Row]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == Row._fields
    return [Row(*row) for row in rows[1:]]


ROWS = read_table()
ROUTES = sorted({(row.route, row.method) for row in ROWS})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("permissions")
    path = folder / "goldwork.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(str(path))
    for stage in run_stage(database, folder):
        yield World(stage)
    database.close()


def test_every_route_has_its_rows_and_every_row_a_route() -> None:
    there = {(one.path, one.method) for one in routes(create_api())}
    assert sorted(there - set(ROUTES)) == [], "routes without a row in docs/permissions.csv"
    assert sorted(set(ROUTES) - there) == [], "rows without a route"


def test_the_table_is_well_formed() -> None:
    assert len({row[:4] for row in ROWS}) == len(ROWS), "a case stands twice"
    assert sorted(ROWS) == ROWS, "sort the table"
    for row in ROWS:
        assert row.role in ROLES
        assert row.ownership in OWNERSHIPS
        assert row.allowed in ("yes", "no")


@pytest.mark.parametrize(("route", "method"), ROUTES, ids=lambda value: value.removeprefix("/api/"))
def test_every_role_is_tried(route: str, method: str) -> None:
    """Each route says something for each role; routes in a project for one's own and for another one."""
    rows = [row for row in ROWS if (row.route, row.method) == (route, method)]
    assert {row.role for row in rows} == set(ROLES)
    for role, mine in groupby(sorted(rows, key=lambda row: row.role), key=lambda row: row.role):
        ownerships = {row.ownership for row in mine}
        if "{project_id}" in route and role in ("annotator", "adjudicator", "manager"):
            assert {"own", "other"} <= ownerships, (route, role)
        if role == "manager" and "{project_id}/" in route and route.count("{") > 1:
            assert "foreign" in ownerships, route


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.route[4:]} {row.role} {row.ownership}")
def test_permission(world: World, row: Row) -> None:
    response = world.send(row.method, row.route, row.role, row.ownership)
    if row.allowed == "yes":
        assert 200 <= response.status_code < 300, response.text
        return
    error = response.json()["error"]
    assert (response.status_code, error.get("reason")) == expected_refusal(row), response.text
    assert "set-cookie" not in response.headers


def expected_refusal(row: Row) -> tuple[int, str | None]:
    """Who is nobody is told to sign in; what is not one's own is not there; the rest is forbidden."""
    if row.role in ("nobody", "revoked", "erased"):
        return 401, None
    if row.role == "unnoticed" and not row.route.startswith("/api/tokens"):
        return 403, "notice"
    if row.ownership in ("other", "foreign"):
        return 404, None
    if (row.route, row.method) in (("/api/projects", "POST"), ("/api/forms/draw", "POST")):
        return 403, "not_manager"
    return 403, None


def test_not_yours_looks_like_not_there(world: World) -> None:
    """For every address in a project: somebody else's and a made-up one get the same answer, to the byte."""
    for row in ROWS:
        if row.ownership != "other" or row.role != "annotator" or "{project_id}" not in row.route:
            continue
        theirs = world.send(row.method, row.route, row.role, "other")
        real, world.other = world.other, 987654
        try:
            made_up = world.people["annotator"].request(
                row.method,
                theirs.request.url.path.removeprefix("/api").replace(f"/projects/{real}", "/projects/987654"),
                content=theirs.request.content,
            )
        finally:
            world.other = real
        assert (theirs.status_code, theirs.content) == (made_up.status_code, made_up.content), row
        names = lambda response: sorted(set(response.headers) - {"date"})  # noqa: E731
        assert names(theirs) == names(made_up)


# Canaries.


@pytest.fixture
def planted(stage: Stage) -> tuple[Stage, int, Any]:
    """A project full of canaries, and an annotator in it."""
    boss = stage.user("CANARY boss", administrator=True, email="canary.boss@example.org")
    stage.project(boss, "CANARY other project")
    project = stage.project(boss, "P", texts=0)
    stage.join(project, stage.user("CANARY colleague", email="canary.colleague@example.org"), "annotator")
    plant(stage, project)
    return stage, project, stage.join(project, stage.user("Bob"), "annotator")


def test_an_annotator_sees_no_canary(planted: tuple[Stage, int, Any]) -> None:
    """Nothing about gold, others' answers, consensus, identifiers, batches, people or other projects: in no answer
    of any route, before their own submit and after it."""
    _, project, bob = planted
    heard = [*ask_everything(project, bob)]
    work = bob.post(f"/projects/{project}/next", {"count": 200})
    heard.append(work)
    shown = work.json()["assignments"]
    assert [one["fields"] for one in shown] == [{"text": "shown"}]
    body = {
        "id": "mine",
        "assignment": shown[0]["id"],
        "kind": "answer",
        "answers": {"kind": "a"},
        "form_version": 1,
        "guideline_version": 1,
    }
    heard.append(bob.post(f"/projects/{project}/submits", body))
    assert heard[-1].status_code == 201
    heard.append(bob.post(f"/projects/{project}/submits", body | {"id": "other", "answers": {"kind": "b"}}))
    heard.append(bob.post(f"/projects/{project}/submits", body | {"id": "wrong", "assignment": "CANARY-gold"[::-1]}))
    heard += ask_everything(project, bob)
    for response in heard:
        text = f"{response.headers} {response.text}"
        assert "canary" not in text.lower(), (response.request.method, str(response.request.url))


def ask_everything(project: int, user: Any) -> list[Any]:
    """Every route of the project with plausible numbers, most of them refused."""
    heard = []
    for one in routes(create_api()):
        for number in ("1", "2"):
            path = (
                one.path.removeprefix("/api").replace("{project_id}", str(project)).replace("{content_hash}", "0" * 64)
            )
            while "{" in path:
                path = path[: path.index("{")] + number + path[path.index("}") + 1 :]
            if one.method == "DELETE" and path in ("/session", f"/tokens/{number}"):
                continue
            heard.append(user.request(one.method, path, content=b"{}" if one.method != "GET" else b""))
    return heard


def test_canaries_are_seen_where_they_may_be(planted: tuple[Stage, int, Any]) -> None:
    """The test above would be worth nothing if nobody could see them."""
    stage, project, _ = planted
    boss = next(user for user in [stage.user("x", administrator=True)] if user)
    stage.join(project, boss, "manager")
    text = " ".join(response.text for response in ask_everything(project, boss))
    for canary in ("CANARY boss", "canary.colleague@example.org", "CANARY-external batch", "canary@example.org"):
        assert canary in text
