"""A case: one decision with all that it rests on, for the person who has to rule on it.

About somebody: the gold results one by one, with the item, what they answered, what is held to be right, and E after
each; or the training items. About an item: everybody's answers, with how reliable each of them is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality import items
from goldwork.quality.evidence import STAGES
from goldwork.quality.people import SCORE
from goldwork.quality.skill import ALL, SCALE, Pooled, accuracy, own_accuracy
from goldwork.services import answers, decisions
from goldwork.services.answers import ItemAnswers
from goldwork.services.decisions import DecisionRow, Made
from goldwork.services.evidence import Grounds, Measured
from goldwork.services.log import decode
from goldwork.store.schema import (
    annotator_state,
    assignment,
    event,
    gold,
    item,
    item_state,
    judgement,
    project_state,
    submit,
)

SHOWN = 200
"""Gold results shown one by one: the latest. The export has them all."""


class GoldCase(msgspec.Struct, frozen=True):
    """One gold result: what was answered, what is held to be right by question, the score, and E after it."""

    seq: int
    at: int
    item: int
    external_id: str
    fields: dict[str, Any]
    answers: dict[str, Any]
    known: dict[str, list[Any]]
    score: float
    floor: float | None
    stratum: str
    e: float | None
    state: str


class Reliability(msgspec.Struct, frozen=True):
    """How often somebody is right on a question, by all that is known of them; on how many judgements that rests."""

    question: str
    accuracy: float
    judgements: float


class Weight(msgspec.Struct, frozen=True):
    """What an annotator's answer weighs; `aside`: it was set aside."""

    annotator: int
    reliability: list[Reliability]
    aside: bool


class ItemCase(msgspec.Struct, frozen=True):
    """What is known of an item now. `sure`: how sure its answer is, from 0 to 1."""

    answers: ItemAnswers
    weights: list[Weight]
    status: str
    sure: float | None
    wanted: int


class Case(msgspec.Struct, frozen=True):
    """A decision and its evidence. `e`: worked out anew from the gold results as they stand now; `left`: how many
    earlier results are not listed."""

    decision: DecisionRow
    gold: list[GoldCase]
    e: float | None
    left: int
    item: ItemCase | None


_GIVEN = sa.select(judgement.c.seq, judgement.c.question, judgement.c.value).where(
    judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True))
)
_SHOWN = (
    sa.select(item.c.id, item.c.external_id, item.c.payload, gold.c.answers, gold.c.state)
    .select_from(item.outerjoin(gold, gold.c.item == item.c.id))
    .where(item.c.project == bind("project"), item.c.id.in_(bind("items", expanding=True)))
)
_TIMES = sa.select(event.c.seq, event.c.at).where(
    event.c.project == bind("project"), event.c.seq.in_(bind("seqs", expanding=True))
)
_PRACTICE = (
    sa.select(event.c.seq, event.c.body)
    .select_from(
        assignment.join(
            submit, (submit.c.project == assignment.c.project) & (submit.c.assignment == assignment.c.id)
        ).join(event, (event.c.project == submit.c.project) & (event.c.seq == submit.c.seq))
    )
    .where(
        assignment.c.annotator == bind("annotator"),
        assignment.c.project == bind("project"),
        assignment.c.purpose == "practice",
        submit.c.kind == "answer",
        submit.c.seq <= bind("through"),
    )
    .order_by(submit.c.seq.desc())
    .limit(bind("size"))
)
_ITEM = sa.select(item_state.c.body, item.c.wanted).join(item, item.c.id == item_state.c.item)
_PROJECT = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))
_STATES = sa.select(annotator_state.c.annotator, annotator_state.c.body).where(
    annotator_state.c.project == bind("project"), annotator_state.c.annotator.in_(bind("annotators", expanding=True))
)


def find_case(connection: Connection, project_id: int, seq: int, number: int) -> Case:
    """One decision with its evidence. Raises NotFoundError."""
    one = decisions.find_decision(connection, project_id, seq, number)
    [row] = decisions.describe(connection, project_id, [one])
    if one.about == "item":
        return Case(row, [], None, 0, _item(connection, project_id, one.subject))
    if one.kind in ("qualified", "unqualified"):
        return Case(row, _training(connection, project_id, one), None, 0, None)
    results = _results(connection, project_id, one)
    shown = results[-SHOWN:]
    return Case(
        row,
        _gold(connection, project_id, shown),
        results[-1].e if results else None,
        len(results) - len(shown),
        None,
    )


def _results(connection: Connection, project_id: int, one: Made) -> Sequence[Measured]:
    """The results that a decision rests on; of others, such as a watch, what gold has said since."""
    grounds = Grounds(connection, project_id)
    results = grounds.measure([one.subject])[one.subject]
    period = grounds.period(one.subject, one.seq)
    through = one.seq if one.kind in STAGES else 2**62
    return [result for result in results if result.period == period and result.seq <= through]


def _gold(connection: Connection, project_id: int, results: Sequence[Measured]) -> list[GoldCase]:
    made = _cases(connection, project_id, [(one.seq, one.item) for one in results])
    return [
        msgspec.structs.replace(made[one.seq], score=one.score, floor=one.floor, stratum=one.stratum, e=round(one.e, 3))
        for one in results
        if one.seq in made
    ]


def _training(connection: Connection, project_id: int, one: Made) -> list[GoldCase]:
    """The training items that a quiz was passed or failed on."""
    where = {"annotator": one.subject, "project": project_id, "through": one.seq, "size": one.evidence["done"]}
    bodies = {row.seq: decode(row.body) for row in connection.execute(_PRACTICE, where)}
    made = _cases(connection, project_id, [(seq, body["item"]) for seq, body in sorted(bodies.items())])
    return [msgspec.structs.replace(case, score=bodies[seq]["score"] / SCORE) for seq, case in made.items()]


def _cases(connection: Connection, project_id: int, asked: Sequence[tuple[int, int]]) -> dict[int, GoldCase]:
    """By seq, what was asked and answered; without scores."""
    seqs = [seq for seq, _ in asked]
    given: dict[int, dict[str, Any]] = {}
    for seq, question, value in connection.execute(_GIVEN, {"project": project_id, "seqs": seqs}):
        given.setdefault(seq, {})[question] = msgspec.json.decode(value)
    shown = {
        row.id: row
        for row in connection.execute(_SHOWN, {"project": project_id, "items": sorted({of for _, of in asked})})
    }
    times = {row.seq: row.at for row in connection.execute(_TIMES, {"project": project_id, "seqs": seqs})}
    return {
        seq: GoldCase(
            seq=seq,
            at=times[seq],
            item=of,
            external_id=shown[of].external_id,
            fields=msgspec.json.decode(shown[of].payload),
            answers=given.get(seq, {}),
            known=msgspec.json.decode(shown[of].answers) if shown[of].answers else {},
            score=0.0,
            floor=None,
            stratum="",
            e=None,
            state=shown[of].state or "",
        )
        for seq, of in asked
        if of in shown
    }


def _item(connection: Connection, project_id: int, item_id: int) -> ItemCase:
    found = answers.item_answers(connection, project_id, item_id)
    row = connection.execute(_ITEM.where(item_state.c.item == item_id)).one()
    state = decode(row.body)
    whole = connection.execute(_PROJECT, {"project": project_id}).scalar()
    pooled = decode(whole).get("pooled", {}) if whole else {}
    crowd = {name: accuracy(Pooled(_classes(counts), counts)) for name, counts in pooled.items()}
    people = [one.annotator for one in found.answers]
    weights = []
    bodies = connection.execute(_STATES, {"project": project_id, "annotators": people})
    known = {who: decode(body) for who, body in bodies}
    seqs = {one.annotator: one.seq for one in found.answers}
    for who in people:
        person = known.get(who, {})
        reliability = [
            Reliability(name, round(own_accuracy(counts, crowd[name]), 4), round(counts[ALL] / SCALE, 2))
            for name, counts in sorted(person.get("skill", {}).items())
            if name in crowd
        ]
        weights.append(Weight(who, reliability, items.is_out(person, seqs[who])))
    sure = state.get("sure")
    return ItemCase(
        found, weights, state.get("status", "open"), None if sure is None else sure / items.SURE, row.wanted
    )


def _classes(counts: Sequence[int]) -> int:
    """How many classes a crowd's counts are about: 2 + 2 k + k k of them."""
    return math.isqrt(len(counts) - 1) - 1
