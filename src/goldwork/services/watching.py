"""The watch job: flags over what people judged, for the overview, and a closer look at whom they are about, or whom
traps and repeats are about.

A flag accuses nobody. Whoever is flagged gets more gold, by an event, and a person is asked to look; the finding with
its evidence is kept for that. Items and classes that are flagged are for the guideline's author.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.flags import Finding, find_flags
from goldwork.quality import audits
from goldwork.quality.policy import Policy
from goldwork.services import due, jobs
from goldwork.services.forms import current_form
from goldwork.services.log import Log, decode
from goldwork.services.sql import upsert
from goldwork.services.tables import last_seq, named_table
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import annotator, annotator_state, job, project, snapshot
from goldwork.store.writer import Writer

NAME = "watch"
GROWN, LEAST = 0.25, 100
"""It is due when the log has grown by this share since it was last made, and by so many events at least."""
KEPT = 100
"""Findings that are kept: the strongest."""
KINDS = ("choice",)
"""Kinds of values that the flags read."""

_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))
_PEOPLE = (
    sa.select(annotator.c.id, annotator.c.pseudonym, annotator_state.c.body)
    .join(annotator_state, annotator_state.c.annotator == annotator.c.id)
    .where(annotator_state.c.project == bind("project"))
)
_STORED = sa.select(snapshot.c.body, snapshot.c.computed_at).where(
    snapshot.c.project == bind("project"), snapshot.c.name == NAME
)


class Flagged(msgspec.Struct, frozen=True):
    """What a flag found. `subject`: a pseudonym, an item's external id, or a class."""

    question: str
    flag: str
    about: str
    subject: Any
    sentence: str
    unsaid: str
    statistic: float
    low: float | None
    high: float | None
    judgements: int
    e_value: float | None
    p_value: float | None
    evidence: dict[str, Any]


class Flags(msgspec.Struct, frozen=True):
    """A project's findings, the strongest first, and which flags could not be asked, and why."""

    found: list[Flagged] = []
    notes: list[str] = []
    computed_at: int | None = None


def request_due(database: Database, writer: Writer) -> None:
    """Add the job for every project that has grown enough."""
    due.request(database, writer, NAME, share=GROWN, least=LEAST)


def read_flags(connection: Connection, project_id: int) -> Flags:
    """The latest findings."""
    row = connection.execute(_STORED, {"project": project_id}).one_or_none()
    if row is None:
        return Flags()
    return msgspec.structs.replace(msgspec.json.decode(row.body, type=Flags), computed_at=row.computed_at)


def run(work: Work) -> Steps:
    """Ask every flag about every question of classes, raise the gold rate of whom they name, keep what was found."""
    begun = time.monotonic()
    with work.database.read() as connection:
        through = last_seq(connection, work.project)
        form = current_form(connection, work.project)
        table = named_table(connection, work.project, through).humans()
        policy = msgspec.json.decode(connection.execute(_POLICY, {"project": work.project}).scalar_one(), type=Policy)
        states = connection.execute(_PEOPLE, {"project": work.project}).all()
        people = {row.pseudonym: row.id for row in states}
    yield
    found: list[tuple[str, Finding]] = []
    notes: list[str] = []
    asked = set(table.questions.tolist())
    for name, task in form.tasks().items():
        if task.kind not in KINDS or name not in asked:
            continue
        try:
            findings = find_flags(table, question=name, names=_names(policy))
        except InputError as refused:
            notes.append(f"{name}: {refused.message}")
            continue
        found += [(name, one) for one in findings]
        notes += [f"{name}: {note}" for note in findings.notes]
        yield
    asked_for = {row.id: set(audits.reasons(decode(row.body), policy)) for row in states}
    reasons = {who: names for who, names in asked_for.items() if names}
    for _, one in found:
        if one.about == "annotator" and one.subject in people:
            reasons.setdefault(people[one.subject], set()).add(one.flag)
    for who in sorted(reasons):
        work.save(partial(_watch, work=work, who=who, reasons=sorted(reasons[who])))
        yield
    took = int((time.monotonic() - begun) * 1000)
    work.save(partial(_store, work=work, found=found[:KEPT], notes=notes, took=took))
    return {"found": len(found), "through_seq": through}


def _names(policy: Policy) -> list[str] | None:
    """Of views nobody is asked whether they differ from others'."""
    from goldwork.flags import flag

    if policy.paradigm == "prescriptive":
        return None
    return [name for name in flag.names() if name in ("fast", "straight-lining", "position", "copying")]


def _watch(connection: Connection, work: Work, who: int, reasons: Sequence[str]) -> None:
    """Once: who is watched already, or was spared by a person, is left as they are."""
    log = Log(connection, work.database, work.project)
    log.load(set(), {who})
    if not log.annotator(who).keys() & {"watch", "spared"}:
        log.add("watch", {"annotator": who, "reasons": list(reasons)})
    log.flush()


def _store(
    connection: Connection, work: Work, found: Sequence[tuple[str, Finding]], notes: list[str], took: int
) -> None:
    told = [_flagged(question, one) for question, one in found]
    made = {
        "project": work.project,
        "name": NAME,
        "body": msgspec.json.encode(Flags(told, notes)).decode(),
        "through_seq": Log(connection, work.database, work.project).seq,
        "took_ms": took,
        "computed_at": work.database.now(connection),
    }
    connection.execute(upsert(work.database, snapshot, "body", "through_seq", "took_ms", "computed_at"), made)
    over = (job.c.kind == NAME) & job.c.state.not_in(jobs.ACTIVE)
    connection.execute(sa.delete(job).where(job.c.project == work.project, over))


def _flagged(question: str, one: Finding) -> Flagged:
    record = one.to_record()
    return Flagged(question=question, **record | {"evidence": _plain(record["evidence"])})


def _plain(value: Any) -> Any:
    """Evidence as JSON: what numpy made becomes Python's own."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if hasattr(value, "item") else value
