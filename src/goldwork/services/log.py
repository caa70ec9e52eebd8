"""The project's log: the one way in which an event is recorded, stepped and its consequences stored.

A `Log` is open for one project within one transaction. It takes the project's row lock first, so that `seq` has no
gaps and no two processes write the same; what it gathers is written by `flush`, a few statements for the whole group.

**Invariant: the engine steps exactly once for every event, in the order of seq, in the event's own transaction.**
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import NotFoundError
from goldwork.quality import engine
from goldwork.quality.engine import Changes, Event, Policy, State
from goldwork.store.database import Database
from goldwork.store.schema import annotator_state, assignment, batch, decision, event, item, project, project_state

encode = msgspec.json.Encoder(order="sorted").encode
decode = msgspec.json.Decoder().decode

_LOCK = (
    sa.select(
        project.c.id,
        project.c.state,
        project.c.seq,
        project.c.head,
        project.c.policy,
        project.c.form_version,
        project.c.guideline_version,
        project_state.c.body.label("counts"),
    )
    .select_from(project.outerjoin(project_state, project_state.c.project == project.c.id))
    .where(project.c.id == bind("project"))
    .with_for_update(of=project)
)
_ANNOTATORS = sa.select(annotator_state.c.annotator, annotator_state.c.body).where(
    annotator_state.c.project == bind("project"), annotator_state.c.annotator.in_(bind("annotators", expanding=True))
)
_ANSWERS = (
    sa.select(assignment.c.item, sa.func.count())
    .where(
        assignment.c.item.in_(bind("items", expanding=True)),
        assignment.c.state == "done",
        assignment.c.slot.is_not(None),
    )
    .group_by(assignment.c.item)
)
_OPEN = (
    sa.update(item)
    .where(item.c.batch == bind("in_batch"), item.c.id > bind("after"), item.c.id <= bind("through"))
    .values(wanted=bind("slots"))
)
_REACH = (
    sa.update(batch)
    .where(batch.c.id == bind("in_batch"), batch.c.opened_through < bind("through"))
    .values(opened_through=bind("through"))
)
_CHUNK = (
    sa.select(item.c.id, item.c.wanted, sa.func.count(assignment.c.id).label("answers"))
    .select_from(
        item.outerjoin(
            assignment,
            (assignment.c.item == item.c.id) & (assignment.c.state == "done") & assignment.c.slot.is_not(None),
        )
    )
    .where(item.c.batch == bind("in_batch"), item.c.id > bind("after"), item.c.id <= bind("through"))
    .group_by(item.c.id, item.c.wanted)
)
_MOVE_HEAD = sa.update(project).where(project.c.id == bind("project")).values(seq=bind("to_seq"), head=bind("to_head"))


def chain(head: bytes, kind: str, at: int, body: bytes) -> bytes:
    """The hash of an event: over the one before it, its kind, time and body."""
    return hashlib.sha256(b"%b%b\0%d\0%b" % (head, kind.encode(), at, body)).digest()


class Log:
    """One project's log, locked until the transaction ends. Raises NotFoundError where there is no such project."""

    def __init__(self, connection: Connection, database: Database, project_id: int) -> None:
        row = connection.execute(_LOCK, {"project": project_id}).one_or_none()
        if row is None:
            raise NotFoundError("there is no such project.")
        self.connection = connection
        self.database = database
        self.id = project_id
        self.now = database.now(connection)
        self.state: str = row.state
        self.form_version: int = row.form_version
        self.guideline_version: int = row.guideline_version
        self.seq: int = row.seq
        self._head: bytes = row.head
        self._policy = msgspec.json.decode(row.policy, type=Policy)
        self._counts: State = decode(row.counts) if row.counts else {}
        self._annotators: dict[int, State] = {}
        self._answers: Counter[int] = Counter()
        self._touched: set[int] = set()
        self._changed = False
        self._events: list[dict[str, Any]] = []
        self._decisions: list[dict[str, Any]] = []

    # The engine's view.

    def policy(self) -> Policy:
        return self._policy

    def project(self) -> State:
        return self._counts

    def annotator(self, annotator: int) -> State:
        return self._annotators.get(annotator, {})

    def answers(self, item: int) -> int:
        return self._answers[item]

    # Writing.

    def load(self, items: set[int], annotators: set[int]) -> None:
        """Read what the coming submits' steps need, in two statements."""
        if annotators:
            rows = self.connection.execute(_ANNOTATORS, {"project": self.id, "annotators": sorted(annotators)})
            self._annotators.update((who, decode(body)) for who, body in rows)
        if items:
            counts = self.connection.execute(_ANSWERS, {"items": sorted(items)})
            self._answers.update({row[0]: row[1] for row in counts})

    def add(self, kind: str, body: Mapping[str, Any]) -> int:
        """Append an event, step the engine, keep what changes for `flush`. Returns the event's seq."""
        self.seq += 1
        text = encode(body)
        self._head = chain(self._head, kind, self.now, text)
        self._events.append(
            {
                "project": self.id,
                "seq": self.seq,
                "kind": kind,
                "body": text.decode(),
                "hash": self._head,
                "at": self.now,
            }
        )
        if kind == "policy":
            self._policy = msgspec.convert(body["policy"], Policy)
        if kind == "submit":
            self._answers[body["item"]] += body["fills"]
        changes = engine.step(self, Event(self.seq, kind, body, self.now))
        self._keep(changes, body)
        return self.seq

    def open_items(self, batch: int, after: int, through: int) -> int:
        """Open the policy's slots of a batch's items with after < id <= through. Returns how many items those are.

        The event says how many items it opens for the first time, and by how many more (or fewer) are complete now.
        """
        slots = self._policy.overlap
        rows = self.connection.execute(_CHUNK, {"in_batch": batch, "after": after, "through": through}).all()
        was = sum(0 < row.wanted <= row.answers for row in rows)
        completed = sum(row.answers >= slots for row in rows) - was
        fresh = sum(row.wanted == 0 for row in rows)
        self.add("opened", {"batch": batch, "after": after, "through": through, "items": fresh, "completed": completed})
        return len(rows)

    def _keep(self, changes: Changes, body: Mapping[str, Any]) -> None:
        self._annotators.update(changes.annotators)
        self._touched.update(changes.annotators)
        if changes.project is not None:
            self._counts, self._changed = changes.project, True
        if changes.opened:
            after, through, slots = changes.opened
            chunk = {"in_batch": body["batch"], "after": after, "through": through}
            self.connection.execute(_OPEN, chunk | {"slots": slots})
            self.connection.execute(_REACH, chunk)
        for number, made in enumerate(changes.decisions):
            self._decisions.append(
                {
                    "project": self.id,
                    "seq": self.seq,
                    "number": number,
                    "kind": made.kind,
                    "subject": made.subject,
                    "body": encode(made.evidence).decode(),
                }
            )

    def flush(self) -> None:
        """Write events, states and decisions, and move the project's head."""
        if not self._events:
            return
        run = self.connection.execute
        run(event.insert(), self._events)
        if self._decisions:
            run(decision.insert(), self._decisions)
        if self._touched:
            run(
                _upsert(self.database.dialect, annotator_state),
                [
                    {"project": self.id, "annotator": who, "body": encode(self._annotators[who]).decode()}
                    for who in sorted(self._touched)
                ],
            )
        if self._changed:
            run(
                _upsert(self.database.dialect, project_state),
                [{"project": self.id, "body": encode(self._counts).decode()}],
            )
        run(_MOVE_HEAD, {"project": self.id, "to_seq": self.seq, "to_head": self._head})
        self._events, self._decisions, self._touched, self._changed = [], [], set(), False


def _upsert(dialect: str, table: sa.Table) -> Any:
    return _UPSERTS[dialect, table.name]


def _build_upsert(dialect: str, table: sa.Table) -> Any:
    """INSERT, or replace `body` where the key is there."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={"body": statement.excluded.body}
    )


_UPSERTS = {
    (dialect, table.name): _build_upsert(dialect, table)
    for dialect in ("sqlite", "postgresql")
    for table in (annotator_state, project_state)
}


def record(connection: Connection, database: Database, project_id: int, kind: str, body: Mapping[str, Any]) -> int:
    """Append one event to a project's log. Returns its seq."""
    log = Log(connection, database, project_id)
    seq = log.add(kind, body)
    log.flush()
    return seq
