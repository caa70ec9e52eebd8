"""What the engine has made of a project so far: items with their answers, and what was decided about whom."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.draft import State
from goldwork.quality.items import SURE, result_of
from goldwork.services.log import decode
from goldwork.store.schema import account, annotator, annotator_state, decision, item, item_state, project_state

ABOUT_PEOPLE = ("warn", "quarantine", "propose", "watch", "restored")

_STATE = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))
_subject = sa.literal("annotator ") + sa.cast(annotator.c.id, sa.Text)
_DECIDED = (
    sa.select(account.c.name, decision.c.kind)
    .select_from(
        decision.join(annotator, decision.c.subject == _subject).join(account, account.c.id == annotator.c.account)
    )
    .where(decision.c.project == bind("project"), decision.c.kind.in_(ABOUT_PEOPLE))
    .order_by(decision.c.seq, decision.c.number)
)
_ITEMS = (
    sa.select(item.c.external_id, item.c.wanted, item.c.taken, item_state.c.status, item_state.c.body)
    .select_from(item.outerjoin(item_state, item_state.c.item == item.c.id))
    .where(item.c.project == bind("project"))
    .order_by(item.c.id)
)
_STATES = (
    sa.select(account.c.name, annotator_state.c.body)
    .join(annotator, annotator.c.account == account.c.id)
    .join(annotator_state, annotator_state.c.annotator == annotator.c.id)
    .where(annotator_state.c.project == bind("project"))
)


class Reached(msgspec.Struct, frozen=True):
    """An item as it stands: its answer, by question the code of the class; `open`: whether it wants more judgements."""

    external_id: str
    status: str
    answer: dict[str, int]
    open: bool


class Outcome(msgspec.Struct, frozen=True):
    """`expected`: the mean confidence of closed items; `closed`: their external ids and answers, by question the code
    of the class; `people`: the kinds of decisions about somebody, by name."""

    expected: float | None
    gold: int
    waiting: int
    closed: list[tuple[str, dict[str, int]]]
    people: dict[str, list[str]]


def read_outcome(connection: Connection, project: int) -> Outcome:
    """How a project stands."""
    where = {"project": project}
    body = connection.execute(_STATE, where).scalar()
    whole = {} if body is None else decode(body)
    people: dict[str, list[str]] = {}
    for row in connection.execute(_DECIDED, where):
        people.setdefault(row.name, []).append(row.kind)
    return Outcome(
        expected=whole["sure"] / whole["measured"] / SURE if whole.get("measured") else None,
        gold=whole.get("gold", 0),
        waiting=whole.get("in_adjudicate", 0) + whole.get("in_audit", 0),
        closed=[
            (one.external_id, one.answer)
            for one in read_items(connection, project)
            if one.status in ("complete", "audit", "adjudicate")
        ],
        people=people,
    )


def read_people(connection: Connection, project: int) -> dict[str, State]:
    """What is known of everybody, by name."""
    return {row.name: decode(row.body) for row in connection.execute(_STATES, {"project": project})}


def read_items(connection: Connection, project: int) -> list[Reached]:
    """All items, in the order in which they came."""
    found = []
    for row in connection.execute(_ITEMS, {"project": project}):
        state = {} if row.body is None else decode(row.body)
        status = row.status or "open"
        found.append(Reached(row.external_id, status, result_of(state), row.taken < row.wanted))
    return found
