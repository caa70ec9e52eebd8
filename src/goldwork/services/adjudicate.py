"""Adjudication: items that wait for an expert are held, one expert each, settled, or sent back.

What an expert answers is an ordinary submit of an assignment with the purpose `adjudication` (pass 2, no slot), so
receipts, retries and undo are those of all work; the engine takes it as known. Which item comes next is a matter of
`goldwork.quality.queue`.

**Invariant: two experts never hold the same item at once. Whoever leases holds the project's row lock.**
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.quality import queue
from goldwork.quality.policy import Criterion
from goldwork.services import docket
from goldwork.services.access import Member
from goldwork.services.collect import Collector
from goldwork.services.docket import Dispute
from goldwork.services.log import Log, decode
from goldwork.services.once import once
from goldwork.services.slots import LEASED, release_lapsed
from goldwork.services.sql import insert
from goldwork.store.database import Database
from goldwork.store.schema import assignment, guideline_note, item_state, project_state, submit

MOST_HELD = 5
"""Cases that one expert may hold."""
WINDOW = 200
"""Items looked at for the next: the least sure."""
RECENT = 300
"""Settled items by which it is known how long one takes."""
MOST_MORE = 3
MAX_NOTE = 2_000
SKIPPED = 100
"""Skipped items that are listed."""


class Opened(msgspec.Struct, frozen=True):
    """What the expert holds now, to be settled in this order. `waiting`: all that wait in the project; `rubric`: what
    texts are reviewed by."""

    state: str
    form_version: int
    guideline_version: int
    waiting: int
    cases: list[Dispute]
    rubric: tuple[Criterion, ...] = ()


class Docket(msgspec.Struct, frozen=True):
    """How far adjudication is: items that wait and that are settled; assignments that this expert skipped."""

    waiting: int
    settled: int
    skipped: list[str]


_OWN: Any = (assignment.c.project == bind("project"), assignment.c.annotator == bind("annotator"))
_ADJUDICATION: sa.ColumnElement[bool] = sa.literal_column("assignment.purpose = 'adjudication'")
_HELD = (
    sa.select(assignment.c.id, assignment.c.leased_until)
    .where(*_OWN, _ADJUDICATION, assignment.c.state == LEASED)
    .order_by(assignment.c.leased_at, assignment.c.id)
)
_other = assignment.alias("other")
_FREE = (
    ~sa.exists().where(
        _other.c.item == item_state.c.item,
        _other.c.pass_number == 2,
        sa.or_(
            _other.c.state == "leased",
            sa.and_(_other.c.annotator == bind("annotator"), _other.c.state.in_(("done", "skipped"))),
        ),
    ),
)
_WAITING: sa.ColumnElement[bool] = sa.literal_column("item_state.status IN ('adjudicate', 'audit')")
_UNSURE = (
    sa.select(item_state.c.item, item_state.c.body)
    .where(
        item_state.c.project == bind("project"),
        _WAITING,
        item_state.c.status == "adjudicate",
        item_state.c.sure.is_not(None),
        *_FREE,
    )
    .order_by(item_state.c.sure, item_state.c.item)
    .limit(WINDOW)
)
_UNMEASURED = (
    sa.select(item_state.c.item, item_state.c.body)
    .where(
        item_state.c.project == bind("project"),
        _WAITING,
        item_state.c.status == "adjudicate",
        item_state.c.sure.is_(None),
        *_FREE,
    )
    .order_by(item_state.c.item)
    .limit(WINDOW)
)
_AUDITS = (
    sa.select(item_state.c.item)
    .where(
        item_state.c.project == bind("project"),
        _WAITING,
        item_state.c.status == "audit",
        *_FREE,
        ~sa.exists().where(
            _other.c.item == item_state.c.item,
            _other.c.annotator == bind("annotator"),
            _other.c.pass_number == 0,
            _other.c.current.is_not(None),
        ),
    )
    .order_by(item_state.c.item)
    .limit(WINDOW)
)
"""Audits are for others than who judged the item."""
_TAKEN = (
    sa.select(item_state.c.body, submit.c.seconds)
    .select_from(
        assignment.join(
            submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current)
        ).join(item_state, item_state.c.item == assignment.c.item)
    )
    .where(
        assignment.c.project == bind("project"),
        _ADJUDICATION,
        assignment.c.state == "done",
        submit.c.seconds.is_not(None),
    )
    .order_by(assignment.c.leased_at.desc())
    .limit(RECENT)
)
_SKIPPED = (
    sa.select(assignment.c.id)
    .join(item_state, item_state.c.item == assignment.c.item)
    .where(*_OWN, _ADJUDICATION, assignment.c.state == "skipped", _WAITING)
    .order_by(assignment.c.leased_at, assignment.c.id)
    .limit(SKIPPED)
)
_MINE = sa.select(assignment.c.id, assignment.c.item, assignment.c.state).where(
    *_OWN, _ADJUDICATION, assignment.c.id == bind("assignment")
)
_RENEW = sa.update(assignment).where(assignment.c.id == bind("held")).values(leased_until=bind("until"))
_COUNTS = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))


def standing(connection: Connection, mine: Member) -> Docket:
    """How far it is, as this expert sees it."""
    mine.require("adjudicator")
    counts = decode(connection.execute(_COUNTS, {"project": mine.project}).scalar() or b"{}")
    skipped = connection.execute(_SKIPPED, _who(mine)).scalars().all()
    return Docket(_waiting(counts), counts.get("in_settled", 0), list(skipped))


def open_cases(connection: Connection, database: Database, collector: Collector, mine: Member, count: int) -> Opened:
    """Hold up to `count` cases, those held already first. Asking again is harmless."""
    mine.require("adjudicator")
    if not 1 <= count <= MOST_HELD:
        raise InputError(f"must be 1 to {MOST_HELD}. Got {count}.", where="count")
    log = Log(connection, database, mine.project)
    release_lapsed(connection, log)
    until = log.now + log.policy().lease_ms
    held = connection.execute(_HELD, _who(mine)).all()
    old = [{"held": row.id, "until": until} for row in held if row.leased_until - log.now < log.policy().lease_ms // 2]
    if old:
        connection.execute(_RENEW, old)
    ids = [row.id for row in held]
    if log.state == "open" and (need := count - len(ids)) > 0:
        ids += take(connection, database, log, mine, _next(connection, log, mine, need), until)
    asked = collector.asked(connection, log.id, log.form_version)
    return Opened(
        state=log.state,
        form_version=log.form_version,
        guideline_version=log.guideline_version,
        waiting=_waiting(log.project()),
        cases=docket.show(connection, log, asked, mine.person.annotator, ids),
        rubric=log.policy().rubric,
    )


def send_back(connection: Connection, database: Database, mine: Member, client: str, name: str, more: int) -> None:
    """Ask for 1 to MOST_MORE more judgements of a held item, and give it away. Raises ConflictError, NotFoundError.

    `client`: the client's own id of the request, under which it is done once.
    """
    what = {"what": "send-back", "assignment": name, "more": more}
    once(connection, database, mine, client, what, lambda: _send_back(connection, database, mine, name, more))


def _send_back(connection: Connection, database: Database, mine: Member, name: str, more: int) -> None:
    if not 1 <= more <= MOST_MORE:
        raise InputError(f"must be 1 to {MOST_MORE}. Got {more}.", where="more")
    log = Log(connection, database, mine.project)
    held = _held(connection, mine, name)
    log.load({held.item}, set())
    if held.state != "leased" or log.item(held.item).get("status") == "settled":
        message = "this item is not in your hands any more. Take your answer back first, or go on to the next."
        raise ConflictError(message, reason="not_held")
    connection.execute(sa.update(assignment).where(assignment.c.id == held.id).values(state="lapsed"))
    log.add("asked", {"items": [held.item], "more": more, "by": mine.person.account})
    log.flush()


def write_note(connection: Connection, database: Database, mine: Member, client: str, name: str, text: str) -> None:
    """Note for the guideline what an item shows, once for every id of the client's. The log says that there is a note,
    not what it says."""
    what = {"what": "note", "assignment": name, "text": text}
    once(connection, database, mine, client, what, lambda: _write_note(connection, database, mine, name, text))


def _write_note(connection: Connection, database: Database, mine: Member, name: str, text: str) -> None:
    words = text.strip()
    if not 1 <= len(words) <= MAX_NOTE:
        raise InputError(f"must have 1 to {MAX_NOTE:,} characters. Got {len(words):,}.", where="text")
    log = Log(connection, database, mine.project)
    held = _held(connection, mine, name)
    row = {"project": log.id, "item": held.item, "by_account": mine.person.account, "text": words, "at": log.now}
    made = connection.execute(sa.insert(guideline_note).values(row)).inserted_primary_key
    assert made is not None
    log.add("note", {"item": held.item, "note": made[0], "by": mine.person.account})
    log.flush()


def _held(connection: Connection, mine: Member, name: str) -> Any:
    mine.require("adjudicator")
    row = connection.execute(_MINE, _who(mine) | {"assignment": name}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such assignment.")
    return row


def _who(mine: Member) -> dict[str, Any]:
    return {"project": mine.project, "annotator": mine.person.annotator}


def _waiting(counts: Any) -> int:
    """Audits are not told apart."""
    return int(counts.get("in_adjudicate", 0)) + int(counts.get("in_audit", 0))


def _next(connection: Connection, log: Log, mine: Member, need: int) -> list[int]:
    """The next items, which nobody holds: by value, with audits among them."""
    found = {
        row.item: decode(row.body) for query in (_UNSURE, _UNMEASURED) for row in connection.execute(query, _who(mine))
    }
    audits = connection.execute(_AUDITS, _who(mine)).scalars().all()
    log.load(set(found), set())
    taken = [(decode(row.body), row.seconds) for row in connection.execute(_TAKEN, {"project": log.id})]
    best = queue.ordered(queue.weigh(log, sorted(found)), queue.seconds_of(found, taken))
    return [item for item, _ in zip(queue.interleaved(best, audits, random.SystemRandom()), range(need), strict=False)]


def take(
    connection: Connection, database: Database, log: Log, mine: Member, items: Sequence[int], until: int
) -> Iterable[str]:
    """Lease the items; one that lapsed before is taken again under its name."""
    if not items:
        return []
    rows = [
        {
            "id": docket.fresh_id(),
            "project": log.id,
            "item": of_item,
            "annotator": mine.person.annotator,
            "pass_number": 2,
            "purpose": "adjudication",
            "state": "leased",
            "leased_at": log.now,
            "leased_until": until,
        }
        for of_item in items
    ]
    statement = insert(database, assignment)
    statement = statement.on_conflict_do_update(
        index_elements=["item", "annotator", "pass_number"],
        set_={name: statement.excluded[name] for name in ("state", "leased_at", "leased_until")},
    )
    connection.execute(statement, rows)
    names = sa.select(assignment.c.item, assignment.c.id).where(
        assignment.c.item.in_(items), assignment.c.annotator == mine.person.annotator, assignment.c.pass_number == 2
    )
    found = {row.item: row.id for row in connection.execute(names)}
    return [found[of_item] for of_item in items]
