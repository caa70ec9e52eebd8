"""A whole application over real rows, and people who use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from goldwork.services import access, accounts, members, projects, signin
from goldwork.services.assign import Assigner, Lease
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import batch, item
from goldwork.store.writer import Writer
from goldwork.web.app import create_app
from goldwork.web.settings import Settings

URL = "http://127.0.0.1:8321"
FORM: dict[str, Any] = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {
            "name": "kind",
            "title": "Which kind?",
            "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]},
        }
    ],
}


@dataclass
class User:
    """Somebody with a session, or nobody."""

    stage: Stage
    token: str = ""
    person: access.Person | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        if self.token:
            headers.setdefault("cookie", f"goldwork-8321={self.token}")
        self.stage.client.cookies.clear()
        return self.stage.client.request(method, f"/api{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, json={} if body is None else body, **options)


class Stage:
    """The application over a database, with ways to put people and projects into it."""

    def __init__(self, database: Database, home: Home, client: TestClient[Any]) -> None:
        self.database = database
        self.home = home
        self.client = client
        self.nobody = User(self)

    def user(self, name: str, *, accept: bool = True, **columns: Any) -> User:
        with self.database.write() as connection:
            now = self.database.now(connection)
            account_id = accounts.create_account(connection, now, name=name, **columns)
            token = signin.start_session(connection, account_id, now)
            person = access.person_of(connection, account_id)
            if accept:
                accounts.accept_notice(connection, person, 1, now)
            return User(self, token, access.person_of(connection, account_id))

    def project(self, boss: User, name: str = "P", texts: int = 3, **settings: Any) -> int:
        assert boss.person is not None
        with self.database.write() as connection:
            settings = {"form": FORM, "overlap": 2} | settings
            made = projects.create(connection, self.database, boss.person, name=name, **settings)
            if texts:
                self.add_items(connection, made.project, [{"text": f"text {n}"} for n in range(texts)])
            return made.project

    def add_items(self, connection: Any, project: int, payloads: list[dict[str, Any]], prefix: str = "x") -> None:
        import msgspec

        now = self.database.now(connection)
        of = connection.execute(
            sa.insert(batch)
            .values(project=project, name=f"{prefix} batch", state="published", created_at=now)
            .returning(batch.c.id)
        ).scalar_one()
        rows = [
            {
                "project": project,
                "batch": of,
                "external_id": f"{prefix}-{number}",
                "payload": msgspec.json.encode(payload).decode(),
                "shuffle": number,
            }
            for number, payload in enumerate(payloads)
        ]
        connection.execute(sa.insert(item), rows)
        last = connection.execute(sa.select(sa.func.max(item.c.id)).where(item.c.batch == of)).scalar_one()
        log = Log(connection, self.database, project)
        log.open_items(of, 0, last)
        log.flush()

    def lease(self, connection: Any, project: int, annotator_id: int) -> str:
        """An item leased to the annotator, whether or not they are a member. Returns the assignment."""
        answer = Assigner(self.database).lease_many(connection, [Lease(project, annotator_id, 1)])[0]
        assert not isinstance(answer, Exception)
        return answer.assignments[0].id

    def join(self, project: int, user: User, role: access.Role) -> User:
        assert user.person is not None
        with self.database.write() as connection:
            members.join(connection, self.database, project, user.person.account, role, user.person.account)
        return user


@pytest.fixture
def stage(sqlite_database: Database, tmp_path: Path) -> Iterator[Stage]:
    """The application over an empty SQLite database."""
    yield from run_stage(sqlite_database, tmp_path)


@pytest.fixture
def both_stages(database: Database, tmp_path: Path) -> Iterator[Stage]:
    """The application over an empty database, once of each kind."""
    yield from run_stage(database, tmp_path)


def run_stage(database: Database, folder: Path, settings: Settings | None = None) -> Iterator[Stage]:
    """The application over an open database."""
    home = Home(folder / "home")
    writer = Writer(database)
    app = create_app(home, database, writer, settings or Settings())
    try:
        with TestClient(app, base_url=URL, raise_server_exceptions=False) as client:
            yield Stage(database, home, client)
    finally:
        writer.close()
