"""The project's log: the one way in which an event is recorded, stepped and its consequences stored.

A `Log` is open for one project within one transaction. It takes the project's row lock first, so that `seq` has no
gaps and no two processes write the same; what it gathers is written by `flush`, a few statements for the whole group.

**Invariant: the engine steps exactly once for every event, in the order of seq, in the event's own transaction.**
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import NotFoundError
from goldwork.quality import engine
from goldwork.quality.engine import Answer, Changes, Event, Policy, Result, State
from goldwork.quality.replay import note_answer, note_result
from goldwork.quality.reviews import concerned
from goldwork.services import jobs
from goldwork.store.database import Database
from goldwork.store.schema import (
    annotator,
    annotator_state,
    assignment,
    batch,
    decision,
    event,
    gold_result,
    item,
    item_state,
    placement,
    project,
    project_state,
    review,
    submit,
)

encode = msgspec.json.Encoder(order="sorted").encode
decode = msgspec.json.Decoder().decode

_LOCK = (
    sa.select(
        project.c.id,
        project.c.state,
        project.c.seq,
        project.c.head,
        project.c.policy,
        project.c.secret,
        project.c.ranking,
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
    sa.select(assignment.c.item, assignment.c.annotator, submit.c.seq, assignment.c.slot, submit.c.said)
    .join(submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current))
    .join(annotator, annotator.c.id == assignment.c.annotator)
    .where(
        assignment.c.item.in_(bind("items", expanding=True)),
        assignment.c.state == "done",
        assignment.c.purpose.in_(("work", "import")),
        annotator.c.kind == "human",
    )
    .order_by(submit.c.seq)
)
_ITEMS = (
    sa.select(item.c.id, item.c.wanted, item_state.c.body)
    .select_from(item.outerjoin(item_state, item_state.c.item == item.c.id))
    .where(item.c.id.in_(bind("items", expanding=True)))
)
_RESULTS = (
    sa.select(
        gold_result.c.annotator, gold_result.c.item, gold_result.c.seq, gold_result.c.score, gold_result.c.stratum
    )
    .where(gold_result.c.project == bind("project"), gold_result.c.annotator.in_(bind("annotators", expanding=True)))
    .order_by(gold_result.c.seq)
)
_FORGET = sa.delete(gold_result).where(
    gold_result.c.project == bind("project"), gold_result.c.annotator.in_(bind("annotators", expanding=True))
)
_WANT = sa.update(item).where(item.c.id == bind("of_item")).values(wanted=bind("slots"))
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
    sa.select(item.c.id, (item.c.id > batch.c.opened_through).label("fresh"), item_state.c.item)
    .select_from(item.join(batch, batch.c.id == item.c.batch).outerjoin(item_state, item_state.c.item == item.c.id))
    .where(item.c.batch == bind("in_batch"), item.c.id > bind("after"), item.c.id <= bind("through"))
    .order_by(item.c.id)
)
_DUE = (
    sa.update(review)
    .where(review.c.project == bind("of_project"), review.c.subject == bind("of_subject"))
    .values(wanted=bind("due"))
)
SWEPT = ("quarantine", "restored")
"""Decisions after which the items that somebody judged are reconsidered."""
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
        self.ranking: int = row.ranking
        self.form_version: int = row.form_version
        self.guideline_version: int = row.guideline_version
        self.secret: bytes = bytes(row.secret or b"")
        self.seq: int = row.seq
        self._head: bytes = row.head
        self._policy = msgspec.json.decode(row.policy, type=Policy)
        self._counts: State = decode(row.counts) if row.counts else {}
        self._annotators: dict[int, State] = {}
        self._items: dict[int, State] = {}
        self._wanted: dict[int, int] = {}
        self._stored: dict[int, int] = {}
        """What items want as the database has it."""
        self._texts: dict[int, Mapping[str, Sequence[int]]] = {}
        """Texts of items as the database has them."""
        self._answers: dict[int, dict[int, Answer]] = {}
        self._results: dict[int, list[Result]] = {}
        self._touched: set[int] = set()
        self._touched_items: set[int] = set()
        self._new_results: list[dict[str, Any]] = []
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

    def item(self, item: int) -> State:
        return self._items.get(item, {})

    def answers(self, item: int) -> Sequence[Answer]:
        return sorted(self._answers.get(item, {}).values(), key=lambda one: one.seq)

    def results(self, annotator: int) -> Sequence[Result]:
        return self._results.get(annotator, [])

    def wanted(self, item: int) -> int:
        """How many slots an item has now."""
        return self._wanted[item]

    # Writing.

    def load(self, items: set[int], annotators: set[int]) -> None:
        """Read what the steps of coming events about these need: items, their answers, whoever gave them."""
        people = annotators - self._annotators.keys()
        if fresh := sorted(items - self._wanted.keys()):
            for row in self.connection.execute(_ITEMS, {"items": fresh}):
                self._wanted[row.id] = self._stored[row.id] = row.wanted
                if row.body is not None:
                    self._items[row.id] = decode(row.body)
                    self._texts[row.id] = self._items[row.id].get("texts", {})
            for one in self.connection.execute(_ANSWERS, {"items": fresh}):
                said = decode(one.said) if one.said is not None else {}
                given = Answer(one.annotator, one.seq, one.slot is not None, said)
                self._answers.setdefault(one.item, {})[one.annotator] = given
                people.add(one.annotator)
            for taught in (self._items.get(one, {}).get("taught", {}) for one in fresh):
                people |= {who for of in taught.values() for who, *_ in of["given"]}
            people |= {who for one in fresh for who in concerned(self._items.get(one, {}))}
        if people := people - self._annotators.keys():
            found = self.connection.execute(_ANNOTATORS, {"project": self.id, "annotators": sorted(people)})
            self._annotators.update((who, decode(body)) for who, body in found)

    def load_results(self, annotators: set[int]) -> None:
        """Read the gold results of these, which the steps of corrected gold need."""
        rows = self.connection.execute(_RESULTS, {"project": self.id, "annotators": sorted(annotators)})
        for who, *result in rows:
            self._results.setdefault(who, []).append(Result(*result))

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
            note_answer(self._answers, body, self.seq)
            if (made := note_result(body, self.seq)) is not None:
                self._results.setdefault(body["annotator"], []).append(made)
                self._new_results.append(self._result(body["annotator"], made))
        changes = engine.step(self, Event(self.seq, kind, body, self.now))
        self._keep(changes, body)
        return self.seq

    def open_items(self, batch: int, after: int, through: int) -> int:
        """Open the policy's slots of a batch's items with after < id <= through. Returns how many items those are.

        The event says how many items it opens for the first time, and which the engine knows already.
        """
        rows = self.connection.execute(_CHUNK, {"in_batch": batch, "after": after, "through": through}).all()
        judged = [row.id for row in rows if row.item is not None]
        self.load(set(judged), set())
        fresh = sum(bool(row.fresh) for row in rows)
        self.add("opened", {"batch": batch, "after": after, "through": through, "items": fresh, "judged": judged})
        return len(rows)

    def _keep(self, changes: Changes, body: Mapping[str, Any]) -> None:
        self._annotators.update(changes.annotators)
        self._touched.update(changes.annotators)
        self._items.update(changes.items)
        self._touched_items.update(changes.items)
        self._wanted.update((of_item, state["wanted"]) for of_item, state in changes.items.items())
        if changes.project is not None:
            self._counts, self._changed = changes.project, True
        if changes.opened:
            after, through, slots = changes.opened
            chunk = {"in_batch": body["batch"], "after": after, "through": through}
            self.connection.execute(_OPEN, chunk | {"slots": slots})
            self.connection.execute(_REACH, chunk)
            self._stored.update(dict.fromkeys(changes.items, slots))
        for who, results in changes.results.items():
            self._results[who] = list(results)
            self.connection.execute(_FORGET, {"project": self.id, "annotators": [who]})
            self._new_results = [one for one in self._new_results if one["annotator"] != who]
            self._new_results += [self._result(who, one) for one in results]
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

    def _result(self, who: int, one: Result) -> dict[str, Any]:
        return {"project": self.id, "annotator": who, **one._asdict()}

    def flush(self) -> None:
        """Write events, states and decisions, and move the project's head."""
        if not self._events:
            return
        run = self.connection.execute
        run(event.insert(), self._events)
        if self._decisions:
            run(decision.insert(), self._decisions)
            for made in self._decisions:
                if made["kind"] in SWEPT:
                    who = int(made["subject"].removeprefix("annotator "))
                    jobs.add(self.connection, self.database, "reweigh", self.id, {"annotator": who})
        if self._new_results:
            run(gold_result.insert(), self._new_results)
        self._flush_items()
        self._flush_texts()
        if self._touched:
            run(
                upsert(self.database.dialect, annotator_state),
                [
                    {"project": self.id, "annotator": who, "body": encode(self._annotators[who]).decode()}
                    for who in sorted(self._touched)
                ],
            )
        if self._changed:
            run(
                upsert(self.database.dialect, project_state),
                [{"project": self.id, "body": encode(self._counts).decode()}],
            )
        run(_MOVE_HEAD, {"project": self.id, "to_seq": self.seq, "to_head": self._head})
        self._events, self._decisions, self._touched, self._changed = [], [], set(), False
        self._new_results, self._touched_items = [], set()

    def _flush_items(self) -> None:
        """Write the states of items, and the slots they want where these have changed."""
        rows, wants = [], []
        for of_item in sorted(self._touched_items):
            state = self._items[of_item]
            rows.append(
                {
                    "project": self.id,
                    "item": of_item,
                    "status": state.get("status", "open"),
                    "sure": state.get("sure"),
                    "body": encode(state).decode(),
                }
            )
            if state["wanted"] != self._stored.get(of_item):
                self._stored[of_item] = state["wanted"]
                wants.append({"of_item": of_item, "slots": state["wanted"]})
        if rows:
            self.connection.execute(upsert(self.database.dialect, item_state), rows)
        if wants:
            self.connection.execute(_WANT, wants)

    def _flush_texts(self) -> None:
        """Write how many reviews the items' texts are due, where that has changed."""
        made, moved = [], []
        for of_item in sorted(self._touched_items):
            texts, before = self._items[of_item].get("texts", {}), self._texts.get(of_item, {})
            if texts == before:
                continue
            self._texts[of_item] = texts
            for name, (author, _, due) in texts.items():
                if name not in before:
                    text = {"project": self.id, "subject": int(name), "item": of_item, "author": author}
                    made.append(text | {"wanted": due})
            for name, was in before.items():
                if (now := texts.get(name, (0, 0, 0))) != was:
                    moved.append({"of_project": self.id, "of_subject": int(name), "due": now[2]})
        if made:
            self.connection.execute(sa.insert(review), made)
        if moved:
            self.connection.execute(_DUE, moved)


def upsert(dialect: str, table: sa.Table) -> Any:
    """The statement that writes a row of a table of states, whether it is there already or not."""
    return _UPSERTS[dialect, table.name]


def _build_upsert(dialect: str, table: sa.Table) -> Any:
    """INSERT, or replace what is not the key where that is there."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={column.name: statement.excluded[column.name] for column in table.c if not column.primary_key},
    )


_UPSERTS = {
    (dialect, table.name): _build_upsert(dialect, table)
    for dialect in ("sqlite", "postgresql")
    for table in (annotator_state, item_state, project_state, placement)
}


def record(connection: Connection, database: Database, project_id: int, kind: str, body: Mapping[str, Any]) -> int:
    """Append one event to a project's log. Returns its seq."""
    log = Log(connection, database, project_id)
    seq = log.add(kind, body)
    log.flush()
    return seq
