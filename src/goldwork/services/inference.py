"""The inference job: what the online steps would reach if they could go round again and again, as events.

Everything through one seq is inferred anew and calibrated on gold that was drawn at random; the calibration is an
event, and the items whose probabilities or decisions move come in chunks of events. What has changed meanwhile keeps
what the step made of it. Nothing is written past the log: a replay gives the same.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.calibrating import fit, looks
from goldwork.quality.items import MOST_CLASSES, SURE, is_out
from goldwork.quality.policy import WHOLE, Policy
from goldwork.quality.posterior import USUAL, Calibration, Given, credit, tempered
from goldwork.quality.resync import Inferred, Judged, resync
from goldwork.quality.skill import SCALE
from goldwork.services import due, jobs
from goldwork.services.log import Log, decode
from goldwork.services.sql import upsert
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import (
    annotator,
    annotator_state,
    assignment,
    event,
    gold,
    item_state,
    job,
    project,
    project_state,
    snapshot,
    submit,
)
from goldwork.store.writer import Writer

NAME = "inference"
CHUNK = 100
"""Items in one event."""
GROWN, LEAST = 0.1, 50
"""It is due when the log has grown by this share since it was last made, and by so many events at least."""
MOVED = 0.01
"""An item is told about where a probability moved by so much."""

_HEAD = sa.select(project.c.seq, project.c.policy).where(project.c.id == bind("project"))
_SAID = (
    sa.select(assignment.c.item, assignment.c.annotator, assignment.c.purpose, submit.c.seq, submit.c.said)
    .join(submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current))
    .join(annotator, annotator.c.id == assignment.c.annotator)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.state == "done",
        assignment.c.purpose.in_(("work", "import", "gold")),
        annotator.c.kind == "human",
        submit.c.said.is_not(None),
    )
    .order_by(assignment.c.item, submit.c.seq)
)
_PEOPLE = sa.select(annotator_state.c.annotator, annotator_state.c.body).where(
    annotator_state.c.project == bind("project")
)
_STATES = sa.select(item_state.c.item, item_state.c.sure, item_state.c.body).where(
    item_state.c.project == bind("project")
)
_PROJECT = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))
_GOLD = sa.select(gold.c.item, gold.c.drawn).where(
    gold.c.project == bind("project"), gold.c.kind == "gold", gold.c.state != "draft"
)
_EVENTS = (
    sa.select(event.c.body).where(event.c.project == bind("project"), event.c.kind == "gold").order_by(event.c.seq)
)


def request_due(database: Database, writer: Writer) -> None:
    """Add the job for every project that has grown enough."""
    due.request(database, writer, NAME, share=GROWN, least=LEAST)


@dataclasses.dataclass
class Question:
    """One question's judgements: item, annotator, code, weight, seq; and the known classes of items."""

    classes: int = 0
    rows: list[tuple[int, int, int, float]] = dataclasses.field(default_factory=list)
    known: dict[int, int] = dataclasses.field(default_factory=dict)


def run(work: Work) -> Steps:
    """Infer, calibrate, and say what moved."""
    begun = time.monotonic()
    with work.database.read() as connection:
        head = connection.execute(_HEAD, {"project": work.project}).one()
        policy = msgspec.json.decode(head.policy, type=Policy)
        asked = read_judgements(connection, work.project) if policy.paradigm == "prescriptive" else {}
        stored = _stored(connection, work.project)
        states = {row.item: decode(row.body) for row in connection.execute(_STATES, {"project": work.project})}
        drawn = {row.item for row in connection.execute(_GOLD, {"project": work.project}) if row.drawn}
    yield
    moved: dict[int, dict[str, list[int]]] = {}
    calibrations: dict[str, list[int]] = {}
    for name, question in asked.items():
        found, codes = _infer(question, drawn, alone=policy.alone)
        calibration = _calibrate(question, found, codes, drawn)
        calibrations[name] = [round(SCALE * calibration.temperature), round(SCALE * calibration.correlation)]
        _collect(question, found, codes, states, name, calibration, policy, moved)
        yield
    if _differ(calibrations, stored):
        work.save(partial(_record, work=work, kind="calibration", body={"questions": calibrations}))
        yield
    told = sorted(moved.items())
    for begin in range(0, len(told), CHUNK):
        part = [[of, shares] for of, shares in told[begin : begin + CHUNK]]
        work.save(partial(_learn, work=work, through=head.seq, part=part), done=begin + len(part), total=len(told))
        yield
    took = int((time.monotonic() - begun) * 1000)
    work.save(partial(_store, work=work, through=head.seq, took=took, moved=len(told)))
    return {"through_seq": head.seq, "items": len(told)}


def _stored(connection: Connection, project_id: int) -> dict[str, list[int]]:
    """The calibrations in force, by question."""
    body = connection.execute(_PROJECT, {"project": project_id}).scalar()
    found: dict[str, list[int]] = decode(body).get("calibration", {}) if body is not None else {}
    return found


def _differ(found: Mapping[str, list[int]], stored: Mapping[str, list[int]]) -> bool:
    """Whether a calibration moved by more than a thousandth of the scale; before the first, from the usual one."""
    usual = [round(SCALE * one) for one in USUAL]
    return any(
        abs(one - other) > SCALE / 1000
        for name, both in found.items()
        for one, other in zip(both, stored.get(name, usual), strict=True)
    )


def read_judgements(connection: Connection, project_id: int) -> dict[str, Question]:
    """The judgements in force by question, with what is set aside at weight 0; of gold, what it is known to be."""
    where = {"project": project_id}
    people = {who: decode(body) for who, body in connection.execute(_PEOPLE, where)}
    asked: dict[str, Question] = {}
    for row in connection.execute(_SAID, where):
        out = is_out(people.get(row.annotator, {}), row.seq)
        for name, (code, classes) in decode(row.said).items():
            if 1 < classes <= MOST_CLASSES:
                question = asked.setdefault(name, Question())
                question.classes = max(question.classes, classes)
                weight = 0.0 if out and row.purpose != "gold" else 1.0
                question.rows.append((row.item, row.annotator, code, weight))
    for of, _, text in connection.execute(_STATES, where):
        for name, (code, classes) in decode(text).get("known", {}).items():
            if classes and name in asked:
                asked[name].known[of] = code
    for text in connection.execute(_EVENTS, where).scalars():
        body = decode(text)
        for name, question in asked.items():
            question.known.pop(body["item"], None)
            if name in body["known"] and body["known"][name][1]:
                question.known[body["item"]] = body["known"][name][0]
    return asked


class Codes:
    """Items and annotators of a question by place."""

    def __init__(self, question: Question) -> None:
        item, who, *_ = zip(*question.rows, strict=True)
        self.items, self.item = np.unique(np.array(item), return_inverse=True)
        self.people, self.annotator = np.unique(np.array(who), return_inverse=True)
        self.answer = np.array([row[2] for row in question.rows])
        self.weight = np.array([row[3] for row in question.rows])


def _infer(question: Question, drawn: set[int], *, alone: bool) -> tuple[Inferred, Codes]:
    codes = Codes(question)
    known = np.array([question.known.get(of, -1) for of in codes.items.tolist()])
    random = np.array([of in drawn for of in codes.items.tolist()])
    judged = Judged(
        codes.item, codes.annotator, codes.answer, codes.weight, known, random, len(codes.people), question.classes
    )
    return resync(judged, alone=alone), codes


def _calibrate(question: Question, found: Inferred, codes: Codes, drawn: set[int]) -> Calibration:
    """From gold that is a simple random sample alone."""
    states = dict(enumerate(found.states))
    given: dict[int, list[Given]] = {}
    for place, who, answer, weight in zip(
        codes.item.tolist(), codes.annotator.tolist(), codes.answer.tolist(), codes.weight.tolist(), strict=True
    ):
        of = int(codes.items[place])
        if of in drawn and of in question.known and weight:
            given.setdefault(place, []).append(Given(who, answer))
    seen = []
    for place, those in sorted(given.items()):
        answer = question.known[int(codes.items[place])]
        taught = credit(those, found.shares[place].tolist(), answer, drawn=True)
        seen += list(looks(those, answer, taught, states, found.pooled, int(codes.items[place])))
    return fit(seen)


def _collect(
    question: Question,
    found: Inferred,
    codes: Codes,
    states: Mapping[int, Any],
    name: str,
    calibration: Calibration,
    policy: Policy,
    moved: dict[int, dict[str, list[int]]],
) -> None:
    """Note the items whose probabilities moved, or whose decision would be another now."""
    number = np.bincount(codes.item, codes.weight, minlength=len(codes.items))
    whole = np.rint(found.shares * SCALE).astype(int)
    for place, of in enumerate(codes.items.tolist()):
        state = states.get(of)
        if state is None or of in question.known or not number[place]:
            continue
        before = state.get("taught", {}).get(name, {}).get("shares")
        sure = SURE * max(tempered(found.shares[place].tolist(), calibration.of(float(number[place]))))
        stored = state.get("sure") or 0
        far = before is not None and np.abs(np.array(before) - whole[place][: len(before)]).max() > MOVED * SCALE
        other = (sure * WHOLE >= policy.target * SURE) != (stored * WHOLE >= policy.target * SURE)
        if far or other or abs(sure - stored) > MOVED * SURE:
            moved.setdefault(of, {})[name] = _whole(whole[place])


def _whole(shares: Any) -> list[int]:
    """Shares that sum to the scale."""
    made: list[int] = shares.tolist()
    top = max(range(len(made)), key=made.__getitem__)
    made[top] += SCALE - sum(made)
    return made


def _record(connection: Connection, work: Work, kind: str, body: Mapping[str, Any]) -> None:
    log = Log(connection, work.database, work.project)
    log.add(kind, body)
    log.flush()


def _learn(connection: Connection, work: Work, through: int, part: Sequence[Any]) -> None:
    log = Log(connection, work.database, work.project)
    log.load({of for of, _ in part}, set())
    log.add("learned", {"through": through, "items": part})
    log.flush()


def _store(connection: Connection, work: Work, through: int, took: int, moved: int) -> None:
    # What the job itself has written is no growth.
    seq = connection.execute(_HEAD, {"project": work.project}).one().seq
    made = {
        "project": work.project,
        "name": NAME,
        "body": msgspec.json.encode({"through": through, "items": moved}).decode(),
        "through_seq": seq,
        "took_ms": took,
        "computed_at": work.database.now(connection),
    }
    connection.execute(upsert(work.database, snapshot, "body", "through_seq", "took_ms", "computed_at"), made)
    over = (job.c.kind == NAME) & job.c.state.not_in(jobs.ACTIVE)
    connection.execute(sa.delete(job).where(job.c.project == work.project, over))
