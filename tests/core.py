"""A project by hand, without accounts, web or worker: what the tests of store, leases and submits stand on.

Everything is made through the same services as in a running house, so that `check` has nothing to say about it.
Functions here take an address, so that processes started by a test can open the same project.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from goldwork.errors import GoldworkError
from goldwork.services.assign import Assigner, Lease, Leased
from goldwork.services.check import Finding, check, check_project
from goldwork.services.collect import Collector, Receipt, Submit
from goldwork.services.log import Log, record
from goldwork.store.database import Database
from goldwork.store.schema import annotator, annotator_state, assignment, batch, form, gold, guideline, item, project
from goldwork.store.writer import Writer

CLASSES = ("a", "b", "c")
TASK = {"type": "choice", "classes": [{"value": value} for value in CLASSES]}
FORM = {"questions": [{"name": "q", "title": "Q", "task": TASK}]}
MINUTE = 60_000
CHUNK = 500


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.now = now

    def __call__(self, connection: sa.Connection) -> int:
        return self.now


class Core:
    """One project on an open database, with a writer and what leases and submits need."""

    def __init__(self, database: Database, project_id: int, writer: Writer | None = None) -> None:
        self.database = database
        self.project = project_id
        self.writer = writer or Writer(database)
        self.assigner = Assigner(database)
        self.collector = Collector(database)
        self._ids = itertools.count()

    @classmethod
    def make(
        cls, database: Database, *, items: int = 0, overlap: int = 1, lease_ms: int = 30 * MINUTE, **options: Any
    ) -> Core:
        """A project of its own, open, with `items` items opened."""
        with database.write() as connection:
            made = make_project(connection, database, overlap, lease_ms)
        core = cls(database, made, **options)
        if items:
            core.add_items(items)
        return core

    def close(self) -> None:
        self.writer.close()

    # People and items.

    def annotators(self, number: int = 1) -> list[int]:
        names = [{"pseudonym": secrets.token_hex(8)} for _ in range(number)]
        add = sa.insert(annotator).returning(annotator.c.id, sort_by_parameter_order=True)
        return self.writer.run(lambda connection: list(connection.execute(add, names).scalars()))

    def stage(self, number: int, priority: float = 0.0, shuffles: Iterable[int] | None = None) -> int:
        """A published batch of items, none of them opened yet."""
        order = iter(shuffles) if shuffles is not None else itertools.count()

        def work(connection: sa.Connection) -> int:
            now = self.database.now(connection)
            made = {"project": self.project, "name": "b", "state": "published", "created_at": now, "size": number}
            of = connection.execute(sa.insert(batch).values(made).returning(batch.c.id)).scalar_one()
            for begin in range(0, number, 5000):
                rows = [
                    {
                        "project": self.project,
                        "batch": of,
                        "external_id": f"{of}-{n}",
                        "payload": json.dumps({"text": f"item {n}"}),
                        "priority": priority,
                        "shuffle": next(order),
                    }
                    for n in range(begin, min(begin + 5000, number))
                ]
                connection.execute(sa.insert(item), rows)
            return int(of)

        return self.writer.run(work)

    def ids(self, of: int) -> list[int]:
        """A batch's items, in the order of their ids."""
        with self.database.read() as connection:
            return list(
                connection.execute(sa.select(item.c.id).where(item.c.batch == of).order_by(item.c.id)).scalars()
            )

    def open(self, of: int, after: int, through: int) -> None:
        """One chunk of a sweep over a batch."""

        def work(connection: sa.Connection) -> None:
            log = Log(connection, self.database, self.project)
            log.open_items(of, after, through)
            log.flush()

        self.writer.run_bulk(work)

    def sweep(self, of: int) -> None:
        """All of a batch, in chunks."""
        ids = self.ids(of)
        for begin in range(0, len(ids), CHUNK):
            chunk = ids[begin : begin + CHUNK]
            self.open(of, chunk[0] - 1, chunk[-1])

    def add_items(self, number: int, **options: Any) -> list[int]:
        of = self.stage(number, **options)
        self.sweep(of)
        return self.ids(of)

    def set_state(self, state: str) -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(sa.update(project).where(project.c.id == self.project).values(state=state))
            record(connection, self.database, self.project, "state", {"state": state, "by": 1})

        self.writer.run(work)

    def add_gold(self, number: int, kind: str = "gold", strata: Iterable[str] = ("",), value: str = "a") -> list[int]:
        """Items whose answer is known, kept out of work: `strata` in turn."""
        ids = self.ids(self.stage(number))
        rows = [
            {
                "project": self.project,
                "item": one,
                "kind": kind,
                "state": "active",
                "answers": json.dumps({"q": [value]}),
            }
            | {"reason": "Because.", "stratum": stratum, "created_at": 0}
            for one, stratum in zip(ids, itertools.cycle(strata), strict=False)
        ]
        self.writer.run(lambda connection: connection.execute(sa.insert(gold), rows))
        return ids

    def set_person(self, who: int, **state: Any) -> None:
        """What the engine knows of somebody, as if it had come to it: `check` has something to say about it."""

        def work(connection: sa.Connection) -> None:
            connection.execute(sa.delete(annotator_state).where(annotator_state.c.annotator == who))
            row = {"project": self.project, "annotator": who, "body": json.dumps(state)}
            connection.execute(sa.insert(annotator_state).values(row))

        self.writer.run(work)

    def add_model(self, name: str = "bert") -> int:
        """A model whose judgements can be suggested."""
        values = {"kind": "model", "project": self.project, "pseudonym": name}
        add = sa.insert(annotator).values(values).returning(annotator.c.id)
        return self.writer.run(lambda connection: int(connection.execute(add).scalar_one()))

    def predict(self, model: int, items: Iterable[int], value: str = "a") -> list[Receipt]:
        """What a model says about items, as an import brings it."""
        rows = [
            {"id": secrets.token_urlsafe(15), "project": self.project, "item": one, "annotator": model}
            | {"purpose": "import", "state": "leased", "leased_at": 0, "leased_until": 0}
            for one in items
        ]

        def work(connection: sa.Connection) -> list[Receipt]:
            connection.execute(sa.insert(assignment), rows)
            sent = [self.asked(model, str(row["id"]), answers={"q": value}) for row in rows]
            return self.collector.submit_many(connection, sent)  # type: ignore[return-value]

        return self.writer.run(work)

    def set_policy(self, overlap: int, lease_ms: int = 30 * MINUTE, **more: Any) -> None:
        """As `policy.set_policy` does; the sweep that follows is the test's business."""

        def work(connection: sa.Connection) -> None:
            where = project.c.id == self.project
            version = connection.execute(sa.select(project.c.policy_version).where(where)).scalar_one() + 1
            policy = {"overlap": overlap, "lease_ms": lease_ms} | more
            values = {"policy": json.dumps(policy), "policy_version": version}
            connection.execute(sa.update(project).where(where).values(values))
            body = {"policy": policy, "version": version, "by": 1}
            record(connection, self.database, self.project, "policy", body)

        self.writer.run(work)

    # What people send.

    def want(self, who: int, count: int = 1) -> Lease:
        return Lease(self.project, who, count)

    def lease(self, who: int, count: int = 1) -> Leased:
        return self.writer.many(self.assigner.lease_many, [Lease(self.project, who, count)])[0]

    def lease_one(self, who: int) -> str:
        """The assignment that `who` holds, or is given."""
        return self.lease(who).assignments[0].id

    def asked(self, who: int, of: str, kind: str = "answer", **options: Any) -> Submit:
        """A submit as a client sends it."""
        given = {"id": f"c{next(self._ids)}", "form_version": 1, "guideline_version": 1, "seconds": 2.5} | options
        if kind == "answer":
            given = {"answers": {"q": "a"}} | given
        return Submit(**({"project": self.project, "annotator": who, "assignment": of, "kind": kind} | given))

    def send(self, *submits: Submit) -> list[Receipt | Exception]:
        """Submits in one group, each with its own outcome."""
        return self.writer.run(lambda connection: self.collector.submit_many(connection, submits))

    def submit(self, who: int, of: str, kind: str = "answer", **options: Any) -> Receipt:
        """One submit. Raises what it is refused with."""
        [answer] = self.send(self.asked(who, of, kind, **options))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def refused(self, who: int, of: str, kind: str = "answer", **options: Any) -> GoldworkError:
        """The error that a submit is refused with."""
        [answer] = self.send(self.asked(who, of, kind, **options))
        assert isinstance(answer, GoldworkError), answer
        return answer

    # What is stored.

    def row(self, table: sa.Table, **where: Any) -> Any:
        """The one row that fits."""
        wanted = [table.c[name] == value for name, value in where.items()]
        with self.database.read() as connection:
            return connection.execute(sa.select(table).where(*wanted)).one()

    def rows(self, table: sa.Table, **where: Any) -> list[Any]:
        wanted = [table.c[name] == value for name, value in where.items()]
        with self.database.read() as connection:
            return list(connection.execute(sa.select(table).where(*wanted)).all())

    def assignment(self, of: str) -> Any:
        return self.row(assignment, id=of)

    def items(self) -> dict[int, tuple[int, int]]:
        """(wanted, taken) of each item."""
        return {row.id: (row.wanted, row.taken) for row in self.rows(item, project=self.project)}

    def findings(self) -> list[Finding]:
        """What `goldwork check` says about the whole database."""
        return findings(self.database)

    def own_findings(self) -> list[Finding]:
        """What it says about this project."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(project).where(project.c.id == self.project)).one()
            return list(check_project(connection, row))


def make_project(connection: sa.Connection, database: Database, overlap: int, lease_ms: int) -> int:
    """A project, as `projects.create` makes it, without a person."""
    now = database.now(connection)
    policy = {"overlap": overlap, "lease_ms": lease_ms}
    values = {
        "name": "P",
        "form_version": 1,
        "guideline_version": 1,
        "policy_version": 1,
        "policy": json.dumps(policy),
        "head": b"",
        "created_at": now,
    }
    made = int(connection.execute(sa.insert(project).values(values).returning(project.c.id)).scalar_one())
    connection.execute(sa.insert(form).values(project=made, version=1, body=json.dumps(FORM), created_at=now))
    connection.execute(sa.insert(guideline).values(project=made, version=1, body="", created_at=now))
    log = Log(connection, database, made)
    events: list[tuple[str, Mapping[str, Any]]] = [
        ("created", {"by": 1}),
        ("policy", {"policy": policy, "version": 1, "by": 1}),
        ("form", {"version": 1, "digest": "", "by": 1}),
        ("guideline", {"version": 1, "digest": "", "by": 1}),
    ]
    for kind, body in events:
        log.add(kind, body)
    log.flush()
    return made


def findings(database: Database) -> list[Finding]:
    """What `goldwork check` says."""
    with database.read() as connection:
        return list(check(connection))
