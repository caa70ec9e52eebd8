"""What an expert sees of an item: everybody's answers with how reliable they are, and what the engine makes of it.

Of a blind case nobody's answers are told, nor why it is shown, until it is settled.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality import queue
from goldwork.quality.draft import Draft, State
from goldwork.quality.items import is_out
from goldwork.quality.lessons import crowd, skill
from goldwork.quality.skill import ALL, OWN, SCALE, accuracy, own_accuracy
from goldwork.services.collect import Asked
from goldwork.services.figures import wilson
from goldwork.services.log import Log, encode
from goldwork.services.peer_reviews import Verdict, of_texts
from goldwork.services.tables import ORDINARY
from goldwork.store.schema import annotator, assignment, guideline_note, item, item_state, judgement, submit
from goldwork.tasks.questions import draw_lots

MOST = 100
"""People's answers that are shown: the first ones."""
GOLD = 10
"""From so many gold items on they say how reliable somebody is."""


class TrackRecord(msgspec.Struct, frozen=True):
    """How often somebody is right, with its 95 % interval: on gold (`of` items), or as learned from judgements."""

    by: str
    value: float
    low: float
    high: float
    of: int


class Opinion(msgspec.Struct, frozen=True):
    """What one annotator answered, by question; `yours`: the expert's own; `aside`: work that is set aside; `reviews`:
    what peers say of it."""

    pseudonym: str
    kind: str
    answers: dict[str, Any]
    shown: dict[str, list[str]]
    seconds: float | None
    yours: bool
    aside: bool
    reliability: dict[str, TrackRecord]
    reviews: list[Verdict] = []


class Chance(msgspec.Struct, frozen=True):
    """How probable one class is."""

    value: Any
    share: float


class Dispute(msgspec.Struct, frozen=True):
    """An item that waits for an expert, held by its assignment.

    `answer`: what the engine would answer, empty where it would nothing; `chances`: by question, the calibrated
    probabilities of its classes, likeliest first; `people`: how many answered; `notes`: how many open notes for the
    guideline there are about it. Of a `blind` one there are no answers, chances or notes.
    """

    assignment: str
    external_id: str
    fields: dict[str, Any]
    shown: dict[str, list[str]]
    leased_until: int
    blind: bool
    answers: list[Opinion]
    people: int
    answer: dict[str, Any]
    chances: dict[str, list[Chance]]
    notes: int


_CASES = (
    sa.select(
        assignment.c.id,
        assignment.c.item,
        assignment.c.state,
        assignment.c.leased_until,
        item.c.external_id,
        item.c.payload,
        item_state.c.status,
        sa.select(sa.func.count())
        .where(guideline_note.c.item == assignment.c.item, guideline_note.c.done_at.is_(None))
        .scalar_subquery()
        .label("notes"),
    )
    .join(item, item.c.id == assignment.c.item)
    .join(item_state, item_state.c.item == assignment.c.item)
    .where(assignment.c.id.in_(bind("ids", expanding=True)))
)
_SUBMITS = (
    sa.select(
        assignment.c.item,
        submit.c.seq,
        submit.c.annotator,
        submit.c.seconds,
        submit.c.shown,
        annotator.c.pseudonym,
        annotator.c.kind,
    )
    .select_from(
        assignment.join(
            submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current)
        ).join(annotator, annotator.c.id == submit.c.annotator)
    )
    .where(
        assignment.c.item.in_(bind("items", expanding=True)),
        assignment.c.state == "done",
        assignment.c.purpose.in_(ORDINARY),
    )
    .order_by(submit.c.seq)
)
_JUDGEMENTS = sa.select(judgement.c.seq, judgement.c.question, judgement.c.value).where(
    judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True))
)


def show(connection: Connection, log: Log, asked: Asked, mine: int, ids: Sequence[str]) -> list[Dispute]:
    """The cases of these assignments of annotator `mine`, in their order."""
    rows = {row.id: row for row in connection.execute(_CASES, {"ids": list(ids)})}
    items = {row.item for row in rows.values()}
    log.load(items, set())
    submits: dict[int, list[Any]] = {}
    for row in connection.execute(_SUBMITS, {"items": sorted(items)}):
        submits.setdefault(row.item, []).append(row)
    shown = {row.seq for of_item in submits.values() for row in of_item[:MOST]}
    log.load(set(), {row.annotator for of_item in submits.values() for row in of_item[:MOST]})
    answers: dict[int, dict[str, Any]] = {seq: {} for seq in shown}
    for seq, question, value in connection.execute(_JUDGEMENTS, {"project": log.id, "seqs": sorted(shown)}):
        answers[seq][question] = msgspec.json.decode(value)
    reviews = of_texts(connection, log.id, shown)
    return [_case(log, asked, mine, rows[name], submits.get(rows[name].item, []), answers, reviews) for name in ids]


def _case(
    log: Log,
    asked: Asked,
    mine: int,
    row: Any,
    submits: list[Any],
    answers: Mapping[int, Any],
    reviews: Mapping[int, list[Verdict]],
) -> Dispute:
    blind = row.state != "done" and queue.is_blind(row.item, row.status, poor="poor" in log.item(row.item))
    listed = [] if blind else submits[:MOST]
    chances = {} if blind else _chances(log, asked, row.item)
    standing = [
        answers[one.seq] for one in listed if one.kind == "human" and not is_out(log.annotator(one.annotator), one.seq)
    ]
    return Dispute(
        assignment=row.id,
        external_id=row.external_id,
        fields=msgspec.json.decode(row.payload),
        shown=draw_lots(asked.shuffled, row.id) if asked.shuffled else {},
        leased_until=row.leased_until,
        blind=blind,
        answers=[
            Opinion(
                pseudonym=one.pseudonym,
                kind=one.kind,
                answers=answers[one.seq],
                shown=msgspec.json.decode(one.shown) if one.shown else {},
                seconds=one.seconds,
                yours=one.annotator == mine,
                aside=is_out(log.annotator(one.annotator), one.seq),
                reliability=_reliability(log, one.annotator, asked),
                reviews=reviews.get(one.seq, []),
            )
            for one in listed
        ],
        people=0 if blind else len(submits),
        answer=_answer(asked, chances, standing),
        chances=chances,
        notes=0 if blind else row.notes,
    )


def _chances(log: Log, asked: Asked, of_item: int) -> dict[str, list[Chance]]:
    """By question of the form in force, how probable its classes are, likeliest first."""
    found = {}
    for question, shares in queue.probabilities(log, of_item).items():
        values = {code: value for value, code in asked.codes.get(question, {}).items()}
        chances = [Chance(values[code], round(share, 4)) for code, share in enumerate(shares) if code in values]
        if question in asked.tasks and chances:
            found[question] = sorted(chances, key=lambda one: -one.share)
    return found


def _answer(asked: Asked, chances: Mapping[str, list[Chance]], standing: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the engine would answer: the likeliest class; of what has none, the answer that most people gave alike."""
    answer: dict[str, Any] = {}
    for question in asked.tasks:
        if question in chances:
            answer[question] = chances[question][0].value
            continue
        said = [encode(one[question]) for one in standing if question in one]
        if said and (common := Counter(said).most_common(1)[0])[1] > 1:
            answer[question] = msgspec.json.decode(common[0])
    return answer


def _reliability(log: Log, who: int, asked: Asked) -> dict[str, TrackRecord]:
    """By question: on gold where there is enough, else as learned where it is learned.

    Learned skill is shrunken to the crowd's, which counts as OWN answers; its interval is Wilson's of OWN and as many
    answers as it rests on.
    """
    state: State = log.annotator(who)
    number, right = state.get("gold", (0, 0))
    if number >= GOLD:
        known = _measured("gold", right / 1000 / number, number, number)
        return dict.fromkeys(asked.tasks, known)
    found = {}
    for question in asked.tasks:
        if question in state.get("skill", {}) and question in asked.codes:
            classes = len(asked.codes[question])
            mine = skill(state, question, classes)
            share = own_accuracy(mine, accuracy(crowd(Draft(log), question, classes)))
            found[question] = _measured("judgements", share, mine[ALL] / SCALE + OWN, round(mine[ALL] / SCALE))
    return found


def _measured(by: str, share: float, count: float, of: int) -> TrackRecord:
    interval = wilson(share, count)
    return TrackRecord(by, round(share, 4), round(interval.low or 0.0, 4), round(interval.high or 0.0, 4), of)


def fresh_id() -> str:
    """The name of a new assignment."""
    return secrets.token_urlsafe(15)
