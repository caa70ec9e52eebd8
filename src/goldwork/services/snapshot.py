"""The snapshot job: agreement, consensus and activity of a project through one seq, for its dashboard.

It reads the judgements in one consistent transaction, computes without holding any, writes the consensus rows that
changed in chunks and the figures last. A project has one such job at a time.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, cast

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.consensus import Consensus
from goldwork.judgements import Judgements
from goldwork.quality.policy import Policy
from goldwork.services import blind_results, figures, jobs, quality_days, questions, sway
from goldwork.services.due import AFTER_FAILURE
from goldwork.services.figures import Figures
from goldwork.services.forms import current_form
from goldwork.services.sql import upsert
from goldwork.services.tables import (
    Submits,
    last_seq,
    of_people,
    read_settled,
    read_submits,
    read_suggested,
    read_table,
)
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import consensus, item, job, project, snapshot
from goldwork.store.writer import Writer
from goldwork.tasks import TaskType
from goldwork.tasks.questions import ProjectForm

CHUNK = 500
EVERY = 3_000
"""Milliseconds between snapshots of a project, at least."""
REST = 10
"""A snapshot rests at least so many times as long as it took: the worker has other things to do."""
MAX_VOTES = 20_000
"""Characters of an item's answers that are kept with its consensus."""
NAME = "overview"
Settled = Mapping[str, Mapping[int, tuple[Any, int]]]
"""By question and item, what experts settled it to, and how many of them."""

encode = msgspec.json.Encoder(order="sorted").encode

_failed = (
    sa.select(job.c.project, sa.func.max(job.c.finished_at).label("at"))
    .where(job.c.kind == "snapshot", job.c.state == "failed")
    .group_by(job.c.project)
    .subquery("failed")
)
_BEHIND = (
    sa.select(project.c.id, snapshot.c.computed_at, snapshot.c.took_ms, _failed.c.at)
    .select_from(
        project.outerjoin(snapshot, (snapshot.c.project == project.c.id) & (snapshot.c.name == NAME)).outerjoin(
            _failed, _failed.c.project == project.c.id
        )
    )
    .where(project.c.seq > sa.func.coalesce(snapshot.c.through_seq, -1))
)
_STORED = sa.select(
    consensus.c.item,
    consensus.c.label,
    consensus.c.confidence,
    consensus.c.judgements,
    consensus.c.tie,
    consensus.c.ambiguity,
    consensus.c.votes,
    consensus.c.settled,
).where(consensus.c.project == bind("project"), consensus.c.question == bind("question"))
_CHANGING = ("label", "confidence", "judgements", "tie", "ambiguity", "votes", "settled")
_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))
_NAMES = sa.select(item.c.id, item.c.external_id).where(item.c.id.in_(bind("ids", expanding=True)))


def request_due(database: Database, writer: Writer) -> None:
    """Add a snapshot job for every project whose figures are behind its log and have rested."""
    with database.read() as connection:
        now = database.now(connection)
        behind = connection.execute(_BEHIND).all()
    for row in behind:
        rested = now - (row.computed_at or 0) >= max(EVERY, REST * (row.took_ms or 0))
        if rested and now - (row.at or 0) >= AFTER_FAILURE:
            writer.run(partial(jobs.add, database=database, kind="snapshot", project=row.id, body={}, once=True))


def run(work: Work) -> Steps:
    """Compute and store. Returns how far it reads."""
    begun = time.monotonic()
    with work.database.read() as connection:
        submits = read_submits(connection, work.project, last_seq(connection, work.project))
        form = current_form(connection, work.project)
        table = read_table(connection, work.project, submits, form).humans()
        submits = of_people(connection, submits)
        suggested = read_suggested(connection, work.project, submits.ordinary(), form)
        settled = read_settled(connection, work.project, form)
        policy = msgspec.json.decode(connection.execute(_POLICY, {"project": work.project}).scalar_one(), type=Policy)
        lots = blind_results.read_lots(connection, work.project)
        now = work.database.now(connection)
    yield
    made, merged = _compute(form, policy, submits, table, settled, now)
    yield
    made = _with_sway(form, made, table, suggested)
    yield
    for question, inferred in merged.items():
        yield from _write_rows(work, question, inferred, table.about(question), settled.get(question, {}))
    yield from _remove_questions(work, list(merged))
    bodies = {NAME: encode(made).decode()}
    if lots is not None:
        bodies[blind_results.NAME] = encode(blind_results.measure(lots, table)).decode()
    took = int((time.monotonic() - begun) * 1000)
    work.save(partial(_store, work=work, made=made, bodies=bodies, took=took))
    return {"through_seq": made.through_seq}


def _compute(
    form: ProjectForm, policy: Policy, everything: Submits, table: Judgements, settled: Settled, now: int
) -> tuple[Figures, dict[str, Consensus]]:
    submits, asked = everything.ordinary(), set(table.questions.tolist())
    agreeing: dict[int, figures.Interval] = {}
    agreement, merged, stored, classes = {}, {}, {}, {}
    for question in form.questions:
        task = cast(TaskType, question.task)
        if question.name not in asked:
            classes[question.name] = questions.count(task, {}, [])
            continue
        part = table.about(question.name)
        agreement[question.name] = figures.quality(questions.agree(task, part, policy))
        inferred = questions.merge(task, part, policy)
        merged[question.name] = inferred
        stored[question.name] = figures.merged(inferred, questions.baseline(task, part))
        classes[question.name] = questions.count(task, _judged(part), _final(inferred, settled.get(question.name, {})))
        if len(merged) == 1:
            agreeing = figures.agreement_with_others(part, None if task.level == "nominal" else task.distance)
    answered = submits.in_force() & (submits.kind == figures.ANSWER)
    at = submits.at[answered]
    week, since = figures.last_week(at, now)
    made = Figures(
        through_seq=submits.through,
        items_started=len(np.unique(submits.item[answered])),
        judgements=int(answered.sum()),
        answers=int((everything.kind == figures.ANSWER).sum()),
        filled=int((answered & ~submits.surplus).sum()),
        annotators=len(np.unique(submits.annotator[answered])),
        week=week,
        week_since=since,
        minutes=figures.last_minutes(at, now),
        by_day=figures.by_day(at),
        people=figures.activity(submits, agreeing),
        agreement=agreement,
        consensus=stored,
        classes=classes,
    )
    return made, merged


def _with_sway(form: ProjectForm, made: Figures, table: Judgements, suggested: Mapping[str, list[Any]]) -> Figures:
    """What suggestions did, beside the figures that they bear on."""
    agreement, merged, tasks = dict(made.agreement), dict(made.consensus), form.tasks()
    swayed: dict[str, figures.Suggested] = {}
    for question, rows in suggested.items():
        task = tasks[question]
        shown, who, own, model = zip(*rows, strict=True)
        distance = None if task.level == "nominal" else task.distance
        swayed[question] = sway.measure(sway.compare(shown, who, list(zip(own, model, strict=True)), distance))
        if question in merged and (said := sway.leans(swayed[question], len(table.about(question)))):
            measured, inferred = agreement[question], merged[question]
            agreement[question] = msgspec.structs.replace(measured, warnings=[*measured.warnings, said])
            merged[question] = msgspec.structs.replace(inferred, warnings=[*inferred.warnings, said])
    return msgspec.structs.replace(made, agreement=agreement, consensus=merged, suggestions=swayed)


def _final(made: Consensus, settled: Mapping[int, tuple[Any, int]]) -> list[Any]:
    """The items' labels: what people's answers were merged to, or what an expert settled."""
    return [
        settled[of][0] if of in settled else label
        for of, label in zip(made.items.tolist(), made.labels.tolist(), strict=True)
    ]


def _judged(part: Judgements) -> dict[Any, int]:
    """How often each value was given; lists as JSON."""
    codes, categories = part.coded()
    values = [encode(v).decode() if isinstance(v, list | dict) else v for v in categories.tolist()]
    return dict(zip(values, np.bincount(codes, minlength=len(values)).tolist(), strict=True))


# Rows.


def _write_rows(
    work: Work, question: str, made: Consensus, table: Judgements, settled: Mapping[int, tuple[Any, int]]
) -> Iterator[None]:
    """Bring the stored rows of one question to `made`: those that differ are written, those gone deleted.

    What an expert settled is the label, and certain; what people's answers say of it stays beside it.
    """
    votes = _votes(table)
    rows = {
        int(of): {
            "label": encode(label).decode(),
            "confidence": 1.0 if of in settled else round(float(confidence), 4),
            "judgements": int(number),
            "tie": bool(tie) and of not in settled,
            "ambiguity": None if ambiguity is None else round(float(ambiguity), 4),
            "votes": votes[int(of)],
            "settled": settled[of][1] if of in settled else 0,
        }
        for of, label, confidence, number, tie, ambiguity in zip(
            made.items.tolist(),
            _final(made, settled),
            made.confidence,
            made.judgements,
            made.ties,
            made.ambiguity if made.ambiguity is not None else [None] * len(made),
            strict=True,
        )
    }
    where = {"project": work.project, "question": question}
    with work.database.read() as connection:
        stored = {row[0]: hash(tuple(row[1:])) for row in connection.execute(_STORED, where)}
    changed = sorted(of for of, row in rows.items() if stored.get(of) != hash(tuple(row.values())))
    for begin in range(0, len(changed), CHUNK):
        part = [{"item": of, **rows[of], **where} for of in changed[begin : begin + CHUNK]]
        work.save(partial(_upsert, database=work.database, rows=part))
        yield
    gone = sorted(stored.keys() - rows.keys())
    for begin in range(0, len(gone), CHUNK):
        work.save(partial(_delete, where=where, ids=gone[begin : begin + CHUNK]))
        yield


def _votes(table: Judgements) -> dict[int, str]:
    """By item, its answers with their counts, most frequent first, as JSON: as many of them as fit."""
    codes, categories = table.coded()
    cells, number = np.unique(table.item.astype(np.int64) * len(categories) + codes, return_counts=True)
    found: dict[int, list[dict[str, Any]]] = {}
    values, items = categories.tolist(), table.items.tolist()
    for cell, count in zip(cells.tolist(), number.tolist(), strict=True):
        votes = found.setdefault(int(items[cell // len(values)]), [])
        votes.append({"value": values[cell % len(values)], "count": count})
    return {of: _fitting(sorted(votes, key=lambda vote: -int(vote["count"]))) for of, votes in found.items()}


def _fitting(votes: list[dict[str, Any]]) -> str:
    texts = [encode(vote).decode() for vote in votes]
    room = itertools.accumulate(len(text) for text in texts)
    return "[" + ",".join(text for text, so_far in zip(texts, room, strict=True) if so_far <= MAX_VOTES) + "]"


def _upsert(connection: Connection, database: Database, rows: list[dict[str, Any]]) -> None:
    names = {row[0]: row[1] for row in connection.execute(_NAMES, {"ids": [row["item"] for row in rows]})}
    statement = upsert(database, consensus, *_CHANGING)
    connection.execute(statement, [row | {"external_id": names[row["item"]]} for row in rows])


def _delete(connection: Connection, where: dict[str, Any], ids: list[int]) -> None:
    connection.execute(
        sa.delete(consensus).where(
            consensus.c.project == where["project"],
            consensus.c.question == where["question"],
            consensus.c.item.in_(ids),
        )
    )


def _remove_questions(work: Work, asked: list[str]) -> Iterator[None]:
    """Delete the rows of questions that are no longer asked, or no longer answered."""
    gone = (consensus.c.project == work.project) & consensus.c.question.not_in(asked)
    while True:
        with work.database.read() as connection:
            rows = connection.execute(sa.select(consensus.c.question, consensus.c.item).where(gone).limit(CHUNK)).all()
        if not rows:
            return
        for question in {row.question for row in rows}:
            ids = [row.item for row in rows if row.question == question]
            where = {"project": work.project, "question": question}
            work.save(partial(_delete, where=where, ids=ids))
            yield


def _store(connection: Connection, work: Work, made: Figures, bodies: Mapping[str, str], took: int) -> None:
    row = {
        "project": work.project,
        "through_seq": made.through_seq,
        "took_ms": took,
        "computed_at": work.database.now(connection),
    }
    rows = [row | {"name": name, "body": body} for name, body in bodies.items()]
    connection.execute(upsert(work.database, snapshot, "body", "through_seq", "took_ms", "computed_at"), rows)
    quality_days.keep(connection, work.database, work.project, made)
    # They come every few seconds, and nobody asks for the ones before.
    over = (job.c.kind == "snapshot") & job.c.state.not_in(jobs.ACTIVE)
    connection.execute(sa.delete(job).where(job.c.project == work.project, over))
