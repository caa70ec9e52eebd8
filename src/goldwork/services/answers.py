"""One item with everybody's answers in force: for whoever looks into a disagreement."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import NotFoundError
from goldwork.store.schema import account, annotator, assignment, consensus, item, judgement, submit

MOST = 500
"""People listed: the first to answer."""


class PersonAnswers(msgspec.Struct, frozen=True):
    """What one annotator answered, by question. `shown`: which fields stood in which order, by question. `purpose`:
    what for; an adjudication is no opinion among others."""

    annotator: int
    pseudonym: str
    name: str | None
    kind: str
    answers: dict[str, Any]
    shown: dict[str, list[str]]
    seconds: float | None
    at: int
    purpose: str
    seq: int = 0


class Settled(msgspec.Struct, frozen=True):
    """What the consensus makes of one question, or so many experts settled."""

    label: Any
    confidence: float
    judgements: int
    tie: bool
    settled: int


class ItemAnswers(msgspec.Struct, frozen=True):
    """An item, what is shown of it, everybody's answers, the consensus by question. `people`: how many answered."""

    item: int
    external_id: str
    fields: dict[str, Any]
    answers: list[PersonAnswers]
    consensus: dict[str, Settled]
    people: int


_ITEM = sa.select(item.c.external_id, item.c.payload).where(
    item.c.project == bind("project"), item.c.id == bind("item")
)
_SUBMITS = (
    sa.select(
        submit.c.seq,
        submit.c.annotator,
        submit.c.seconds,
        submit.c.submitted_at,
        submit.c.shown,
        annotator.c.pseudonym,
        annotator.c.kind,
        account.c.name,
        assignment.c.purpose,
    )
    .select_from(
        assignment.join(submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current))
        .join(annotator, annotator.c.id == submit.c.annotator)
        .outerjoin(account, account.c.id == annotator.c.account)
    )
    .where(
        assignment.c.item == bind("item"),
        assignment.c.project == bind("project"),
        assignment.c.state == "done",
        assignment.c.purpose != "review",
        submit.c.kind == "answer",
    )
    .order_by(submit.c.seq)
)
_JUDGEMENTS = sa.select(judgement.c.seq, judgement.c.question, judgement.c.value).where(
    judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True))
)
_CONSENSUS = sa.select(
    consensus.c.question,
    consensus.c.label,
    consensus.c.confidence,
    consensus.c.judgements,
    consensus.c.tie,
    consensus.c.settled,
).where(consensus.c.project == bind("project"), consensus.c.item == bind("item"))


def item_answers(connection: Connection, project_id: int, item_id: int) -> ItemAnswers:
    """One item with all that was answered about it. Raises NotFoundError."""
    where = {"project": project_id, "item": item_id}
    found = connection.execute(_ITEM, where).one_or_none()
    if found is None:
        raise NotFoundError("there is no such item.")
    rows = connection.execute(_SUBMITS, where).all()
    answers: dict[int, dict[str, Any]] = {row.seq: {} for row in rows[:MOST]}
    for seq, question, value in connection.execute(_JUDGEMENTS, {"project": project_id, "seqs": sorted(answers)}):
        answers[seq][question] = msgspec.json.decode(value)
    return ItemAnswers(
        item=item_id,
        external_id=found.external_id,
        fields=msgspec.json.decode(found.payload),
        answers=[
            PersonAnswers(
                annotator=row.annotator,
                pseudonym=row.pseudonym,
                name=row.name,
                kind=row.kind,
                answers=answers[row.seq],
                shown=msgspec.json.decode(row.shown) if row.shown else {},
                seconds=row.seconds,
                at=row.submitted_at,
                purpose=row.purpose,
                seq=row.seq,
            )
            for row in rows[:MOST]
        ],
        consensus={
            row.question: Settled(
                msgspec.json.decode(row.label), row.confidence, row.judgements, bool(row.tie), row.settled
            )
            for row in connection.execute(_CONSENSUS, where)
        },
        people=len(rows),
    )
