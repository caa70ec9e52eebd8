"""The dashboard: overview, consensus rows, ledger. Cheap reads of what the worker and the engine keep.

The overview reads one row of the project, one of its state, one snapshot, and the names of the people in it: it does
not grow with the items or the judgements.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.quality.policy import Policy
from goldwork.services import figures
from goldwork.services.figures import Activity, Count, Figures, Merged, Quality, Suggested
from goldwork.services.forms import current_form
from goldwork.services.questions import options
from goldwork.services.snapshot import NAME
from goldwork.store.database import Database
from goldwork.store.schema import (
    account,
    annotator,
    annotator_state,
    consensus,
    item,
    project,
    project_state,
    snapshot,
    submit,
)
from goldwork.tasks import TaskType

MAX_ROWS = 500
HOUR = 60 * figures.MINUTE

Sort = Literal["confidence", "-confidence", "external_id", "-external_id", "judgements", "-judgements"]


class ItemCounts(msgspec.Struct, frozen=True):
    """Items opened for work, those with all their judgements, those with at least one."""

    total: int
    done: int
    started: int


class Day(msgspec.Struct, frozen=True):
    """One UTC day's judgements."""

    day: str
    judgements: int


class Pace(msgspec.Struct, frozen=True):
    """How fast judgements come. `days_left` if it goes on as in the last week."""

    last_hour: int
    by_day: list[Day]
    days_left: float | None


class PersonFigures(Activity, frozen=True):
    """An annotator's activity with the names that managers may see."""

    pseudonym: str
    name: str | None


class Overview(msgspec.Struct, frozen=True):
    """The dashboard. Figures of people, agreement and consensus are through `through_seq`, from `computed_at`."""

    state: str
    items: ItemCounts
    judgements: int
    annotators: int
    overlap: int
    agreement: Quality | None
    pace: Pace
    people: list[PersonFigures]
    classes: dict[str, list[Count]]
    consensus: Merged | None
    suggestions: dict[str, Suggested]
    through_seq: int
    latest_seq: int
    computed_at: int | None


class Vote(msgspec.Struct, frozen=True):
    """How many gave an answer."""

    value: Any
    count: int


class ConsensusRow(msgspec.Struct, frozen=True):
    """The merged answer of one item, or what experts settled: by so many of them. `fields`: its payload, images by
    hash."""

    item: int
    external_id: str
    fields: dict[str, str]
    label: Any
    label_text: str
    confidence: float
    judgements: int
    tie: bool
    ambiguity: float | None
    votes: list[Vote]
    settled: int


class ConsensusPage(msgspec.Struct, frozen=True):
    """Some rows, and the cursor of the next page."""

    rows: list[ConsensusRow]
    next: str | None
    total: int
    through_seq: int


class LedgerRow(msgspec.Struct, frozen=True):
    """All that one annotator did: `surplus` and `retracted` answers are among `answers`. Nothing is counted down."""

    annotator: int
    pseudonym: str
    name: str | None
    answers: int
    skips: int
    surplus: int
    retracted: int
    seconds: float


_HEAD = (
    sa.select(
        project.c.state,
        project.c.seq,
        project.c.policy,
        project_state.c.body.label("counts"),
        snapshot.c.body.label("figures"),
        snapshot.c.computed_at,
    )
    .select_from(
        project.outerjoin(project_state, project_state.c.project == project.c.id).outerjoin(
            snapshot, (snapshot.c.project == project.c.id) & (snapshot.c.name == NAME)
        )
    )
    .where(project.c.id == bind("project"))
)
_PEOPLE = (
    sa.select(annotator.c.id, annotator.c.pseudonym, account.c.name)
    .select_from(annotator.outerjoin(account, account.c.id == annotator.c.account))
    .where(annotator.c.id.in_(bind("ids", expanding=True)))
)
_EMPTY = Figures(-1, 0, 0, 0, 0, 0, 0, None, [], [], [], {}, {}, {})


def overview(connection: Connection, database: Database, project_id: int) -> Overview:
    """A project's dashboard, from its counts and its latest snapshot."""
    row = connection.execute(_HEAD, {"project": project_id}).one()
    now = database.now(connection)
    counts = msgspec.json.decode(row.counts) if row.counts else {}
    made = msgspec.json.decode(row.figures, type=Figures) if row.figures else _EMPTY
    policy = msgspec.json.decode(row.policy, type=Policy)
    total = counts.get("items", 0)
    first = next(iter(made.classes), "")
    open_slots = max(0, total * policy.overlap - made.filled)
    since = (now - HOUR) // figures.MINUTE
    return Overview(
        state=row.state,
        items=ItemCounts(total, counts.get("complete", 0), made.items_started),
        judgements=max(0, made.judgements + counts.get("answer", 0) - made.answers),
        annotators=made.annotators,
        overlap=policy.overlap,
        agreement=made.agreement.get(first),
        pace=Pace(
            sum(number for minute, number in made.minutes if minute > since),
            [Day(day, number) for day, number in made.by_day],
            figures.days_left(open_slots, made.week, made.week_since, now),
        ),
        people=_named(connection, made.people),
        classes=made.classes,
        consensus=made.consensus.get(first),
        suggestions=made.suggestions,
        through_seq=made.through_seq,
        latest_seq=row.seq,
        computed_at=row.computed_at,
    )


def _named(connection: Connection, people: list[Activity]) -> list[PersonFigures]:
    rows = connection.execute(_PEOPLE, {"ids": [one.annotator for one in people]})
    names = {row.id: (row.pseudonym, row.name) for row in rows}
    return [
        PersonFigures(**msgspec.structs.asdict(one), pseudonym=names[one.annotator][0], name=names[one.annotator][1])
        for one in people
    ]


# Consensus rows.

_SORTS = {
    "confidence": consensus.c.confidence,
    "judgements": consensus.c.judgements,
    "external_id": consensus.c.external_id,
}


def consensus_rows(
    connection: Connection,
    project_id: int,
    question: str | None = None,
    sort: Sort = "confidence",
    after: str | None = None,
    limit: int = 50,
) -> ConsensusPage:
    """A page of merged answers of one question (default: the form's first). Raises InputError for an unknown option."""
    form = current_form(connection, project_id)
    asked = {one.name: one for one in form.questions}
    name = question or next(iter(asked))
    if name not in asked:
        raise InputError(f"there is no question {name!r}. There are: {', '.join(asked)}.", where="question")
    if not 1 <= limit <= MAX_ROWS:
        raise InputError(f"must be 1 to {MAX_ROWS}. Got {limit}.", where="limit")
    by = _SORTS.get(sort.removeprefix("-"))
    if by is None:
        listed = ", ".join(f"{name}, -{name}" for name in _SORTS)
        raise InputError(f"must be one of {listed}. Got {sort!r}.", where="sort")
    falling = sort.startswith("-")
    of_question = (consensus.c.project == project_id) & (consensus.c.question == name)
    query = (
        sa.select(consensus, item.c.payload)
        .join(item, item.c.id == consensus.c.item)
        .where(of_question)
        .order_by(*((by.desc(), consensus.c.item.desc()) if falling else (by, consensus.c.item)))
        .limit(limit + 1)
    )
    if after is not None:
        place, here = sa.tuple_(by, consensus.c.item), sa.tuple_(*_read_cursor(after, by))
        query = query.where(place < here if falling else place > here)
    found = connection.execute(query).all()
    words = options(cast(TaskType, asked[name].task))
    rows = [_row(row, words) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    stored = connection.execute(_HEAD, {"project": project_id}).one()
    made = msgspec.json.decode(stored.figures, type=Figures) if stored.figures else _EMPTY
    total = made.consensus[name].items if name in made.consensus else 0
    cursor = None if last is None else _write_cursor(last._mapping[by.name], last.item)
    return ConsensusPage(rows, cursor, total, made.through_seq)


def _row(row: Any, words: dict[Any, str]) -> ConsensusRow:
    label = msgspec.json.decode(row.label)
    return ConsensusRow(
        item=row.item,
        external_id=row.external_id,
        fields=msgspec.json.decode(row.payload),
        label=label,
        label_text=words.get(label, str(label)) if isinstance(label, str) else msgspec.json.encode(label).decode(),
        confidence=row.confidence,
        judgements=row.judgements,
        tie=bool(row.tie),
        ambiguity=row.ambiguity,
        votes=msgspec.json.decode(row.votes, type=list[Vote]),
        settled=row.settled,
    )


def _write_cursor(value: Any, of_item: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([value, of_item])).decode().rstrip("=")


def _read_cursor(cursor: str, by: Any) -> tuple[Any, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value, of_item = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=tuple[str | float, int])
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise InputError("this is no cursor of a page. Begin without one.", where="after") from None
    if isinstance(value, str) != isinstance(by.type, sa.Text):
        raise InputError("this cursor belongs to another order. Begin without one.", where="after")
    return sa.literal(value, by.type), sa.literal(of_item, consensus.c.item.type)  # type: ignore[return-value]


# The ledger.

_STATES = (
    sa.select(annotator_state.c.annotator, annotator_state.c.body, annotator.c.pseudonym, account.c.name)
    .select_from(
        annotator_state.join(annotator, annotator.c.id == annotator_state.c.annotator).join(
            account, account.c.id == annotator.c.account
        )
    )
    .where(annotator_state.c.project == bind("project"))
    .order_by(annotator.c.pseudonym)
)
_SURPLUS = (
    sa.select(submit.c.annotator, sa.func.count())
    .where(submit.c.project == bind("project"), submit.c.kind == "answer", submit.c.surplus)
    .group_by(submit.c.annotator)
)
_undo = submit.alias("undo")
_RETRACTED = (
    sa.select(submit.c.annotator, sa.func.count())
    .select_from(submit.join(_undo, (_undo.c.project == submit.c.project) & (_undo.c.supersedes == submit.c.seq)))
    .where(submit.c.project == bind("project"), submit.c.kind == "answer", _undo.c.kind == "undo")
    .group_by(submit.c.annotator)
)


def ledger(connection: Connection, project_id: int) -> list[LedgerRow]:
    """Everything that people with an account did, whether it was kept or not: what is to be paid."""
    where = {"project": project_id}
    surplus = {row[0]: row[1] for row in connection.execute(_SURPLUS, where)}
    retracted = {row[0]: row[1] for row in connection.execute(_RETRACTED, where)}
    rows = []
    for row in connection.execute(_STATES, where):
        did = msgspec.json.decode(row.body)
        rows.append(
            LedgerRow(
                annotator=row.annotator,
                pseudonym=row.pseudonym,
                name=row.name,
                answers=did.get("answer", 0),
                skips=did.get("skip", 0),
                surplus=surplus.get(row.annotator, 0),
                retracted=retracted.get(row.annotator, 0),
                seconds=did.get("ms", 0) / 1000,
            )
        )
    return rows
