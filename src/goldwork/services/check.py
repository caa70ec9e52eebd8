"""`goldwork check`: everything that can be derived is derived again and compared.

The database's own integrity and schema; for each project the hash chain, a replay of the log whose decisions and states
must equal the stored ones to the byte, what is derived from the log (`item.wanted` and `taken`, slots, the batches'
progress, the project's head, state and versions), and every submit against its event, its answers and its assignment;
and what refers to the log without being derived from it: models, policies and blind comparisons.
Everything is read once, in order, in one snapshot; what is held in memory is some hundred bytes an item.
"""

from __future__ import annotations

import hashlib
import itertools
import operator
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.engine import Event, Policy
from goldwork.quality.replay import Replay, Sweeps
from goldwork.services import suggest
from goldwork.services.check_gold import check_gold
from goldwork.services.check_models import check_models
from goldwork.services.check_reviews import check_reviews
from goldwork.services.log import chain, decode, encode
from goldwork.store.migrations import differences
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
    judgement,
    project,
    project_state,
    submit,
)

PAGE = 5000
SAID = 100
"""Complaints of the database about itself that are passed on."""
NO_JSON = object()
"""What an altered text is read as: equal to nothing that is derived."""
UNSAID = {"annotator_kind": "human", "suggestion": None, "suggested": None, "subject": None}
"""What an event means that says nothing of it."""
STATES = {"answer": {"done"}, "skip": {"skipped"}, "undo": {"leased", "lapsed"}, None: {"leased", "lapsed"}}
"""The states of an assignment after the submit in force."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not agree: in which project (0: the whole database), what, and where to look."""

    project: int
    what: str
    detail: str


def check(connection: Connection) -> Iterator[Finding]:
    """Findings over the whole database; none when all agrees. Reads in one snapshot and writes nothing."""
    try:
        yield from _check_database(connection)
        yield from _check_projects(connection)
    except sa.exc.DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        yield Finding(0, "integrity", str(error.orig))


def _check_projects(connection: Connection) -> Iterator[Finding]:
    for row in connection.execute(sa.select(project).order_by(project.c.id)).all():
        yield from check_project(connection, row)


def check_project(connection: Connection, row: Any) -> Iterator[Finding]:
    """Findings over one project, given by its row."""
    yield from _check_log(connection, row)
    yield from _check_submits(connection, row.id)
    yield from _check_assignments(connection, row.id)
    for what, detail in itertools.chain(check_gold(connection, row.id), check_models(connection, row)):
        yield Finding(row.id, what, detail)


def _check_database(connection: Connection) -> Iterator[Finding]:
    for one in differences(connection):
        yield Finding(0, "schema", str(one))
    if connection.dialect.name == "sqlite":
        for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({SAID})").all():
            if said != "ok":
                yield Finding(0, "integrity", said)
        for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(SAID):
            yield Finding(0, "integrity", f"{table} row {row}: refers to a row of {parent} that is not there")


# The log, and what follows from it.


def _check_log(connection: Connection, row: Any) -> Iterator[Finding]:
    """Walk the log once: verify the chain, replay the engine, compare what it decides with what is stored."""
    replay, last = Replay(), _Last()
    head, expected = b"", 1
    stored = _decisions(connection, row.id)
    log = sa.select(event).where(event.c.project == row.id).order_by(event.c.seq)
    for entry in _stream(connection, log):
        if entry.seq != expected:
            yield Finding(row.id, "gap", f"event {entry.seq} follows {expected - 1}")
        head = chain(head, entry.kind, entry.at, entry.body.encode())
        if head != bytes(entry.hash):
            yield Finding(row.id, "chain", f"event {entry.seq}: the hash does not fit; it or one before it was altered")
            return
        one = Event(entry.seq, entry.kind, decode(entry.body), entry.at)
        for number, made in enumerate(replay.step(one)):
            if (entry.seq, number, made.kind, made.subject, encode(made.evidence).decode()) != next(stored, None):
                yield Finding(row.id, "decision", f"event {entry.seq}: the replay decides {made.kind} {made.subject}")
                return
        last.note(one)
        expected = entry.seq + 1
    if (extra := next(stored, None)) is not None:
        yield Finding(row.id, "decision", f"event {extra[0]}: a decision is stored that the replay does not make")
    if (row.seq, bytes(row.head)) != (expected - 1, head):
        yield Finding(row.id, "head", f"the project stands at {row.seq}, its log ends at {expected - 1}")
    yield from last.compare(row)
    yield from _check_states(connection, row.id, replay)
    yield from _check_items(connection, row.id, replay)
    for what, at in check_reviews(connection, row.id, replay):
        yield Finding(row.id, what, at)


class _Last:
    """What the log's last event of each kind says about the project."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}

    def note(self, one: Event) -> None:
        """Remember what one event says."""
        if one.kind == "state":
            self._said["state"] = one.body["state"]
        elif one.kind in ("policy", "form", "guideline"):
            self._said[f"{one.kind}_version"] = one.body["version"]
            if one.kind == "policy":
                self._said["policy"] = one.body["policy"]

    def compare(self, row: Any) -> Iterator[Finding]:
        """Against the project's row."""
        for name, said in self._said.items():
            stored = getattr(row, name)
            if name == "policy":
                same = _policy(_read(stored)) == _policy(said)
            else:
                same = stored == said
            if not same:
                yield Finding(row.id, name.partition("_")[0], f"the project has {name} {stored}, by its log {said}")


def _policy(value: Any) -> Any:
    try:
        return msgspec.convert(value, Policy)
    except msgspec.ValidationError:
        return NO_JSON


def _check_states(connection: Connection, project_id: int, replay: Replay) -> Iterator[Finding]:
    whole = connection.execute(sa.select(project_state.c.body).where(project_state.c.project == project_id)).scalar()
    derived = encode(replay.project()).decode()
    if (whole or "{}") != derived:
        yield Finding(project_id, "state", f"project: stored {whole}, replayed {derived}")
    yield from _check_item_states(connection, project_id, replay)
    stored = {
        row.annotator: row.body
        for row in connection.execute(sa.select(annotator_state).where(annotator_state.c.project == project_id))
    }
    for who in sorted(stored.keys() | replay.annotators.keys()):
        mine = encode(replay.annotator(who)).decode()
        if stored.get(who) != mine:
            yield Finding(project_id, "state", f"annotator {who}: stored {stored.get(who)}, replayed {mine}")


def _check_item_states(connection: Connection, project_id: int, replay: Replay) -> Iterator[Finding]:
    expected = iter(replay.items())
    rows = sa.select(item_state).where(item_state.c.project == project_id).order_by(item_state.c.item)
    for row in _stream(connection, rows):
        state = replay.item(row.item)
        if next(expected, None) != row.item or row.body != encode(state).decode():
            yield Finding(project_id, "state", f"item {row.item}: stored {row.body}, replayed {encode(state).decode()}")
        elif (row.status, row.sure) != (state.get("status", "open"), state.get("sure")):
            yield Finding(project_id, "state", f"item {row.item}: is {row.status}, {row.sure}, by its state not")
    for of_item in expected:
        yield Finding(project_id, "state", f"item {of_item}: its state is not stored")
    found: dict[int, list[Any]] = {}
    for row in connection.execute(_RESULTS, {"project": project_id}):
        found.setdefault(row.annotator, []).append(tuple(row)[1:])
    for who in sorted(found.keys() | replay.annotators.keys()):
        if found.get(who, []) != [tuple(one) for one in replay.results(who)]:
            yield Finding(project_id, "gold", f"annotator {who}: the stored gold results are not those of the log")


def _count(what: sa.ColumnElement[int], *states: str) -> Any:
    listed = ", ".join(f"'{state}'" for state in states)
    held = sa.select(what).where(
        assignment.c.item == item.c.id,
        sa.literal_column(f"assignment.state IN ({listed})"),
        assignment.c.slot.is_not(None),
    )
    return held.scalar_subquery()


_RESULTS = (
    sa.select(
        gold_result.c.annotator, gold_result.c.item, gold_result.c.seq, gold_result.c.score, gold_result.c.stratum
    )
    .where(gold_result.c.project == bind("project"))
    .order_by(gold_result.c.annotator, gold_result.c.seq)
)
_ITEMS = sa.select(
    item.c.id,
    item.c.project,
    item.c.wanted,
    item.c.taken,
    _count(sa.func.count(), "leased", "done").label("held"),
    _count(sa.func.count(assignment.c.slot.distinct()), "leased", "done").label("slots"),
    _count(sa.func.count(), "done").label("answers"),
).order_by(item.c.id)


def _check_items(connection: Connection, project_id: int, replay: Replay) -> Iterator[Finding]:
    """Items and batches against the log's sweeps, and against the slots that assignments hold."""
    for of in connection.execute(sa.select(batch).where(batch.c.project == project_id)).all():
        sweeps = replay.sweeps.get(of.id, Sweeps())
        if of.opened_through != sweeps.reached:
            yield Finding(project_id, "batch", f"batch {of.id}: at {of.opened_through}, by its log {sweeps.reached}")
        for row in _stream(connection, _ITEMS.where(item.c.batch == of.id)):
            if row.project != project_id:
                yield Finding(project_id, "item", f"item {row.id}: is in project {row.project}, its batch is not")
            if row.wanted != (wanted := replay.item(row.id).get("wanted", sweeps.slots(row.id))):
                yield Finding(project_id, "wanted", f"item {row.id}: wants {row.wanted}, by its log {wanted}")
            if row.taken != row.held:
                yield Finding(
                    project_id, "taken", f"item {row.id}: counts {row.taken} slots taken, {row.held} are held"
                )
            if row.held != row.slots:
                yield Finding(project_id, "slot", f"item {row.id}: {row.held} hold its {row.slots} slots")
            if row.answers != (answers := sum(one.fills for one in replay.answers(row.id))):
                yield Finding(project_id, "answers", f"item {row.id}: has {row.answers}, by its log {answers}")


# Submits and assignments.


def _check_submits(connection: Connection, project_id: int) -> Iterator[Finding]:
    """Every submit has its event, which says the same; its answers fit the digest there."""
    log = sa.select(event.c.seq, event.c.at, event.c.body)
    log = log.where(event.c.project == project_id, event.c.kind == "submit").order_by(event.c.seq)
    submits = sa.select(
        submit,
        assignment.c.suggestion.label("lot"),
        assignment.c.suggested,
        assignment.c.subject.label("of_text"),
        annotator.c.kind.label("by"),
    )
    submits = submits.join(assignment, assignment.c.id == submit.c.assignment)
    submits = submits.join(annotator, annotator.c.id == submit.c.annotator)
    submits = submits.where(submit.c.project == project_id).order_by(submit.c.seq)
    answers = _Answers(connection, project_id)
    for entry, row in _side_by_side(_stream(connection, log), _stream(connection, submits)):
        if entry is None or row is None:
            seq, there = (row.seq, "submit") if entry is None else (entry.seq, "event")
            yield Finding(project_id, "submit", f"{there} {seq}: its other half in the log or the store is missing")
            continue
        given, said = answers.of(row.seq), _read(entry.body)
        if not isinstance(said, dict):
            continue  # the chain is broken here, which was said
        stored = _story(row)
        if wrong := sorted(
            name for name in stored if ({"at": entry.at} | UNSAID | said).get(name, NO_JSON) != stored[name]
        ):
            yield Finding(project_id, "submit", f"submit {row.seq}: its event says another {', '.join(wrong)}")
        if row.salt is not None and _digest(bytes(row.salt), given) != said.get("digest"):
            yield Finding(project_id, "judgement", f"submit {row.seq}: its answers are not those in the log")


def _story(row: Any) -> dict[str, Any]:
    """What a submit's row says, in the words of its event; its receipt stands for it where the two agree."""
    receipt = _read(row.response)
    receipt = receipt if isinstance(receipt, dict) else {}
    expected = {"id": row.client_id, "assignment": row.assignment, "kind": row.kind, "seq": row.seq}
    same = receipt | expected | {"surplus": row.surplus} == receipt
    return {
        "annotator": row.annotator,
        "assignment": row.assignment if same else NO_JSON,
        "at": row.submitted_at,
        "form": row.form_version,
        "guideline": row.guideline_version,
        "item": row.item,
        "kind": row.kind,
        "ms": round((row.seconds or 0.0) * 1000),
        "supersedes": row.supersedes,
        "surplus": row.surplus,
        "annotator_kind": row.by,
        "suggestion": row.suggestion if row.suggestion == row.lot else NO_JSON,
        "suggested": row.suggested,
        "subject": row.subject if row.subject == row.of_text else NO_JSON,
    } | ({"shown": _read(row.shown)} if row.shown is not None else {})


_earlier = submit.alias("earlier")
_later = submit.alias("later")
_LINKS = (
    sa.select(
        submit.c.seq,
        submit.c.assignment,
        submit.c.supersedes,
        _earlier.c.assignment.label("corrects"),
        _later.c.seq.label("corrected"),
        assignment.c.current,
    )
    .select_from(
        submit.outerjoin(_earlier, (_earlier.c.project == submit.c.project) & (_earlier.c.seq == submit.c.supersedes))
        .outerjoin(_later, (_later.c.project == submit.c.project) & (_later.c.supersedes == submit.c.seq))
        .join(assignment, assignment.c.id == submit.c.assignment)
    )
    .where(submit.c.project == bind("project"))
    .order_by(submit.c.seq)
)
_CURRENT = (
    sa.select(
        assignment.c.id,
        assignment.c.item,
        assignment.c.annotator,
        assignment.c.state,
        assignment.c.current,
        submit.c.assignment,
        submit.c.item.label("of_item"),
        submit.c.annotator.label("by"),
        submit.c.kind,
    )
    .select_from(
        assignment.outerjoin(
            submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current)
        )
    )
    .where(assignment.c.project == bind("project"))
)


def _check_assignments(connection: Connection, project_id: int) -> Iterator[Finding]:
    """Each assignment's submits form one chain of corrections, which ends in `current` and explains its state."""
    here = {"project": project_id}
    for row in _stream(connection, _LINKS, here):
        if row.supersedes is not None and (row.corrects != row.assignment or row.supersedes >= row.seq):
            yield Finding(project_id, "submit", f"submit {row.seq}: does not follow one of the same assignment")
        if (row.corrected is None) != (row.current == row.seq):
            at = f"assignment {row.assignment}: stands at {row.current}, submit {row.seq}"
            yield Finding(project_id, "current", f"{at} is {'the last' if row.corrected is None else 'corrected'}")
    for row in _stream(connection, _CURRENT, here):
        if row.current is not None and (row.id, row.item, row.annotator) != (row.assignment, row.of_item, row.by):
            yield Finding(project_id, "current", f"assignment {row.id}: stands at {row.current}, which is another's")
        elif row.state not in STATES[row.kind]:
            yield Finding(project_id, "assignment", f"assignment {row.id}: is {row.state} after {row.kind}")
    for row in connection.execute(suggest.STRANGE, here):
        at = f"assignment {row.id}: submit {row.suggested}"
        yield Finding(project_id, "suggestion", f"{at}, which was suggested, is no model's about the item")


# Reading.


def _read(text: str) -> Any:
    try:
        return decode(text)
    except msgspec.DecodeError:
        return NO_JSON


def _digest(salt: bytes, answers: Any) -> str:
    return "" if NO_JSON in answers.values() else hashlib.blake2b(salt + encode(answers), digest_size=16).hexdigest()


class _Answers:
    """The judgements in the order of seq, read along."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        rows = sa.select(judgement).where(judgement.c.project == project_id).order_by(judgement.c.seq)
        self._rows = itertools.groupby(_stream(connection, rows), key=operator.attrgetter("seq"))
        self._next = next(self._rows, None)

    def of(self, seq: int) -> dict[str, Any]:
        """The answers of the submit with that seq; calls come in ascending order."""
        while self._next is not None and self._next[0] < seq:
            self._next = next(self._rows, None)
        if self._next is None or self._next[0] != seq:
            return {}
        return {row.question: _read(row.value) for row in self._next[1]}


def _side_by_side(first: Iterator[Any], second: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """Two streams in the order of seq, matched by it; None where one side lacks it."""
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.seq < other.seq):
            yield one, None
            one = next(first, None)
        elif one is None or other.seq < one.seq:
            yield None, other
            other = next(second, None)
        else:
            yield one, other
            one, other = next(first, None), next(second, None)


def _stream(
    connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any] | None = None
) -> Iterator[Any]:
    with connection.execute(statement, values, execution_options={"yield_per": PAGE}) as rows:
        yield from rows


def _decisions(connection: Connection, project_id: int) -> Iterator[tuple[Any, ...]]:
    columns = (decision.c.seq, decision.c.number, decision.c.kind, decision.c.subject, decision.c.body)
    rows = sa.select(*columns).where(decision.c.project == project_id).order_by(decision.c.seq, decision.c.number)
    return (tuple(row) for row in _stream(connection, rows))
