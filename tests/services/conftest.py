"""What tests of services share: a project, people, items, a worker."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import access, accounts, ingest, jobs, projects, uploads
from goldwork.services.assign import Assigner, Lease
from goldwork.services.collect import Collector, Receipt, Submit
from goldwork.services.worker import Worker
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import account, annotator, member
from goldwork.store.writer import Writer

FORM = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {
            "name": "kind",
            "title": "Which kind?",
            "task": {"type": "choice", "classes": [{"value": "a", "label": "Apple"}, {"value": "b"}, {"value": "c"}]},
        }
    ],
}


@dataclasses.dataclass
class Room:
    """One installation under test, and what people do in it."""

    database: Database
    home: Home
    writer: Writer
    worker: Worker
    manager: access.Person
    project: int = 0

    def __post_init__(self) -> None:
        self.assigner, self.collector = Assigner(self.database), Collector(self.database)

    def make_project(self, form: Mapping[str, Any] = FORM, overlap: int = 2) -> int:
        made = self.writer.run(
            lambda connection: projects.create(
                connection, self.database, self.manager, name="Kinds", form=form, overlap=overlap, guideline="Look."
            )
        )
        self.project = made.project
        return self.project

    def upload(self, content: bytes | str, name: str = "items.csv") -> str:
        upload = uploads.Upload(self.home, self.project, name)
        upload.write(content.encode() if isinstance(content, str) else content)
        return upload.finish()

    def start_import(self, content: bytes | str, name: str = "items.csv", **request: Any) -> jobs.Job:
        given = {"id": "id", "fields": {"text": "text"}, "batch": "first"} | request
        asked = ingest.Request(file=self.upload(content, name), **given)
        return self.writer.run(
            lambda connection: ingest.start(connection, self.database, self.home, self.project, asked, by=1)
        )

    def import_items(self, content: bytes | str, name: str = "items.csv", **request: Any) -> jobs.Job:
        job = self.start_import(content, name, **request)
        self.worker.drain()
        return self.job(job.id)

    def job(self, job_id: int) -> jobs.Job:
        with self.database.read() as connection:
            return jobs.find_job(connection, self.project, job_id)

    def add_items(self, number: int) -> None:
        job = self.import_items("id,text\n" + "".join(f"i{n},text {n}\n" for n in range(number)))
        assert job.state == "done", job.error

    def add_annotator(self, name: str) -> int:
        """A member who judges. Returns the annotator's id."""

        def make(connection: sa.Connection) -> int:
            now = self.database.now(connection)
            of = accounts.create_account(connection, now, name=name)
            connection.execute(
                sa.insert(member).values(project=self.project, account=of, role="annotator", joined_at=now)
            )
            found = sa.select(annotator.c.id).where(annotator.c.account == of)
            return int(connection.execute(found).scalar_one())

        return self.writer.run(make)

    def lease(self, who: int, count: int = 1) -> Sequence[Any]:
        [leased] = self.writer.many(self.assigner.lease_many, [Lease(self.project, who, count)])
        return leased.assignments

    def submit(self, who: int, assignment: str, value: str | None = "a", **options: Any) -> Receipt:
        """An answer, or a skip where `value` is None."""
        given: dict[str, Any] = {"kind": "answer", "answers": {"kind": value}}
        if value is None:
            given = {"kind": "skip"}
        given |= {"id": secrets.token_hex(8), "form_version": 1, "guideline_version": 1, "seconds": 2.5} | options
        asked = Submit(project=self.project, annotator=who, assignment=assignment, **given)
        [receipt] = self.writer.many(self.collector.submit_many, [asked])
        return receipt

    def judge(self, who: int, answer: Callable[[str], str | None], count: int = 1000) -> int:
        """Judge up to `count` items, each by its payload. Returns how many."""
        done = 0
        while done < count and (held := self.lease(who, min(20, count - done))):
            for lease in held[: count - done]:
                self.submit(who, lease.id, answer(lease.payload))
                done += 1
        return done

    def read(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with self.database.read() as connection:
            return function(connection, *arguments, **options)


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Iterator[Room]:
    """An installation with a manager, a project and a worker that runs when it is told."""
    writer = Writer(database)
    home = Home(tmp_path / "home", str(database.url))

    def people(connection: sa.Connection) -> access.Person:
        now = database.now(connection)
        of = accounts.create_account(connection, now, name="Mona", administrator=True)
        row = connection.execute(
            sa.select(account, annotator.c.id.label("annotator")).join(annotator).where(account.c.id == of)
        ).one()
        return access.Person(
            account=of, name=row.name, email=None, administrator=True, has_password=False, annotator=row.annotator,
            notice_version=1, token=0, kind="session", expires_at=None, used_at=None,
        )  # fmt: skip

    made = Room(database, home, writer, Worker(database, home, writer=writer), writer.run(people))
    made.make_project()
    yield made
    made.worker.close()
    writer.close()
