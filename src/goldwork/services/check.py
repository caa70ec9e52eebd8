"""`goldwork check`: everything that can be derived is derived again and compared.

The hash chain of every project, the projections (`item.taken`, `item.wanted`, `assignment.current`, the project's
head, state and versions), slots held twice, and a replay of the log whose decisions and states must equal the stored
ones to the byte.
"""

from __future__ import annotations

import hashlib
import itertools
import operator
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from goldwork.quality.engine import Event, Policy
from goldwork.quality.replay import Replay, Sweeps
from goldwork.services.log import chain, decode, encode
from goldwork.store.schema import (
    annotator_state,
    assignment,
    batch,
    decision,
    event,
    item,
    judgement,
    project,
    project_state,
    submit,
)

PAGE = 5000


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not agree: in which project, what, and where to look."""

    project: int
    what: str
    detail: str


def check(connection: Connection) -> Iterator[Finding]:
    """Findings over the whole database; none when all agrees. Reads in one snapshot and writes nothing."""
    heads = sa.select(project.c.id, project.c.seq, project.c.head, project.c.policy).order_by(project.c.id)
    for row in connection.execute(heads).all():
        yield from _check_log(connection, row)
        yield from _check_slots(connection, row.id)
        yield from _check_submits(connection, row.id)


def _check_log(connection: Connection, row: Any) -> Iterator[Finding]:
    """Walk the log once: verify the chain, replay the engine, compare what it decides with what is stored."""
    replay = Replay()
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
        made = replay.step(Event(entry.seq, entry.kind, decode(entry.body), entry.at))
        for number, one in enumerate(made):
            if (entry.seq, number, one.kind, one.subject, encode(one.evidence).decode()) != next(stored, None):
                yield Finding(row.id, "decision", f"event {entry.seq}: the replay decides {one.kind} of {one.subject}")
                return
        expected = entry.seq + 1
    if (extra := next(stored, None)) is not None:
        yield Finding(row.id, "decision", f"event {extra[0]}: a decision is stored that the replay does not make")
    if (row.seq, bytes(row.head)) != (expected - 1, head):
        yield Finding(row.id, "head", f"the project stands at {row.seq}, its log ends at {expected - 1}")
    if msgspec.json.decode(row.policy, type=Policy) != replay.policy():
        yield Finding(row.id, "policy", "the project's policy is not its last policy event's")
    yield from _check_states(connection, row.id, replay)
    yield from _check_open(connection, row.id, replay)


def _check_states(connection: Connection, project_id: int, replay: Replay) -> Iterator[Finding]:
    whole = connection.execute(sa.select(project_state.c.body).where(project_state.c.project == project_id)).scalar()
    if (decode(whole) if whole else {}) != replay.project():
        yield Finding(project_id, "state", f"project: stored {whole}, replayed {encode(replay.project()).decode()}")
    stored = {
        row.annotator: row.body
        for row in connection.execute(sa.select(annotator_state).where(annotator_state.c.project == project_id))
    }
    for who in sorted(stored.keys() | replay.annotators.keys()):
        mine = encode(replay.annotator(who)).decode()
        if stored.get(who) != mine:
            yield Finding(project_id, "state", f"annotator {who}: stored {stored.get(who)}, replayed {mine}")


def _check_open(connection: Connection, project_id: int, replay: Replay) -> Iterator[Finding]:
    """`item.wanted` and the batches' `opened_through` against the log's sweeps."""
    for row in connection.execute(sa.select(batch).where(batch.c.project == project_id)).all():
        sweeps = replay.sweeps.get(row.id, Sweeps())
        if row.opened_through != sweeps.reached:
            yield Finding(project_id, "batch", f"batch {row.id}: at {row.opened_through}, by its log {sweeps.reached}")
        of_batch = sa.select(item.c.id, item.c.wanted).where(item.c.batch == row.id)
        for one in _stream(connection, of_batch.order_by(item.c.id)):
            if one.wanted != (wanted := sweeps.slots(one.id)):
                yield Finding(project_id, "wanted", f"item {one.id}: wants {one.wanted}, by its log {wanted}")


def _check_slots(connection: Connection, project_id: int) -> Iterator[Finding]:
    held = (
        sa.select(assignment.c.item, sa.func.count().label("held"))
        .where(
            assignment.c.project == project_id,
            assignment.c.state.in_(("leased", "done")),
            assignment.c.slot.is_not(None),
        )
        .group_by(assignment.c.item)
        .subquery()
    )
    count = sa.func.coalesce(held.c.held, 0)
    wrong = (
        sa.select(item.c.id, item.c.taken, count.label("held"))
        .select_from(item.outerjoin(held, held.c.item == item.c.id))
        .where(item.c.project == project_id, item.c.taken != count)
    )
    for row in connection.execute(wrong):
        yield Finding(project_id, "taken", f"item {row.id}: counts {row.taken} slots taken, {row.held} are held")


def _check_submits(connection: Connection, project_id: int) -> Iterator[Finding]:
    """Every submit has its event, its chain of corrections ends in `assignment.current`, its answers fit the digest."""
    heads: dict[str, int] = {}
    log = sa.select(event.c.seq, event.c.body).where(event.c.project == project_id, event.c.kind == "submit")
    submits = sa.select(submit).where(submit.c.project == project_id).order_by(submit.c.seq)
    answers = _Answers(connection, project_id)
    for entry, row in _side_by_side(_stream(connection, log.order_by(event.c.seq)), _stream(connection, submits)):
        if entry is None or row is None:
            seq, there = (row.seq, "submit") if entry is None else (entry.seq, "event")
            yield Finding(project_id, "submit", f"{there} {seq}: its other half in the log or the store is missing")
            continue
        body = decode(entry.body)
        if (body["annotator"], body["assignment"], body["kind"]) != (row.annotator, row.assignment, row.kind):
            yield Finding(project_id, "submit", f"submit {row.seq}: its event tells another story")
        if row.supersedes != heads.get(row.assignment):
            yield Finding(project_id, "submit", f"submit {row.seq}: does not follow the one before it")
        heads[row.assignment] = row.seq
        given = answers.of(row.seq)
        if row.salt is not None and _digest(bytes(row.salt), given) != body["digest"]:
            yield Finding(project_id, "judgement", f"submit {row.seq}: its answers are not those in the log")
    current = sa.select(assignment.c.id, assignment.c.current).where(assignment.c.project == project_id)
    for row in _stream(connection, current):
        if row.current != (at := heads.get(row.id)):
            yield Finding(project_id, "current", f"assignment {row.id}: stands at {row.current}, its submits at {at}")


def _digest(salt: bytes, answers: Mapping[str, Any]) -> str:
    return hashlib.blake2b(salt + encode(answers), digest_size=16).hexdigest()


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
        return {row.question: decode(row.value) for row in self._next[1]}


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


def _stream(connection: Connection, statement: sa.Select[Any]) -> Iterator[Any]:
    return iter(connection.execute(statement, execution_options={"yield_per": PAGE}))


def _decisions(connection: Connection, project_id: int) -> Iterator[tuple[Any, ...]]:
    columns = (decision.c.seq, decision.c.number, decision.c.kind, decision.c.subject, decision.c.body)
    rows = sa.select(*columns).where(decision.c.project == project_id).order_by(decision.c.seq, decision.c.number)
    return (tuple(row) for row in _stream(connection, rows))
