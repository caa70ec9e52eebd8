"""The watch job: flags over what people judged, for the overview, and a closer look at whom they are about, or whom
traps and repeats are about.

A flag accuses nobody. Whoever is flagged gets more gold, by an event, and a person is asked to look; the finding with
its evidence is kept for that. Items and classes that are flagged are for the guideline's author. What people said of
themselves is read to compare groups alone (see `goldwork.services.between`).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.flags import Finding, find_flags, flag
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.quality import audits
from goldwork.quality.policy import Policy
from goldwork.services import due, jobs
from goldwork.services.attributes import BETWEEN, WATCHED
from goldwork.services.between import between, said
from goldwork.services.forms import current_form
from goldwork.services.log import Log, decode
from goldwork.services.questions import DISCRETE
from goldwork.services.signin import DAY
from goldwork.services.sql import upsert
from goldwork.services.tables import PAGE, last_seq, named_table
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import annotator, annotator_state, item, job, project, snapshot
from goldwork.store.writer import Writer

NAME = WATCHED
GROWN, LEAST = 0.25, 100
"""It is due when the log has grown by this share since it was last made, and by so many events at least."""
KEPT = 100
"""Findings that are kept: the strongest."""
TIMES = ("fast", "outlier")
READ: Mapping[str, Sequence[str] | None] = {
    "choice": None,
    "comparisons": (*TIMES, "straight-lining", "position", "copying", "random"),
    "numbers": (*TIMES, "straight-lining", "copying"),
    "text": ("copying", "outlier"),
}
"""Kinds of values, and the flags that read them; None for all."""
VIEWS = ("fast", "straight-lining", "position", "copying")
"""Flags about people whose views may differ from others'."""

_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))
_PEOPLE = (
    sa.select(annotator.c.id, annotator.c.pseudonym, annotator_state.c.body)
    .join(annotator_state, annotator_state.c.annotator == annotator.c.id)
    .where(annotator_state.c.project == bind("project"))
)
_TEXTS = sa.select(item.c.external_id, item.c.payload).where(item.c.project == bind("project")).order_by(item.c.id)
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
    """A project's findings, the strongest first, and which flags could not be asked, and why. `groups_at`: when groups
    were last compared."""

    found: list[Flagged] = []
    notes: list[str] = []
    computed_at: int | None = None
    groups_at: int | None = None


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
    """Ask the flags about every question they read, raise the gold rate of whom they name, keep what was found."""
    begun = time.monotonic()
    with work.database.read() as connection:
        now = work.database.now(connection)
        through = last_seq(connection, work.project)
        form = current_form(connection, work.project)
        table = named_table(connection, work.project, through).humans()
        policy = msgspec.json.decode(connection.execute(_POLICY, {"project": work.project}).scalar_one(), type=Policy)
        states = connection.execute(_PEOPLE, {"project": work.project}).all()
        people = {row.pseudonym: row.id for row in states}
        items = _items(connection, work.project, set(table.items.tolist()))
        groups = Groups.read(connection, work.project, now, people)
    yield
    found: list[tuple[str, Finding]] = []
    notes: list[str] = []
    asked = set(table.questions.tolist())
    for name, task in form.tasks().items():
        if task.kind not in READ or name not in asked:
            continue
        try:
            findings = find_flags(table, question=name, items=items, names=_names(policy, task.kind))
        except InputError as refused:
            notes.append(f"{name}: {refused.message}")
            continue
        found += [(name, one) for one in findings]
        notes += [f"{name}: {note}" for note in findings.notes]
        yield
        if task.kind in DISCRETE:
            groups.compare(table, name)
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
    told = Flags([_flagged(name, one) for name, one in found[:KEPT]], notes)
    work.save(partial(_store, work=work, told=told, groups=groups, took=took))
    return {"found": len(found), "through_seq": through}


@dataclasses.dataclass
class Groups:
    """What people said of themselves, by attribute and pseudonym, and what comparing them found: the last findings,
    where these are less than a day old, for two of them could tell what one person said."""

    said: Mapping[str, Mapping[str, str]]
    now: int
    compared_at: int | None
    found: list[Flagged] = dataclasses.field(default_factory=list)
    new: bool = False

    @classmethod
    def read(cls, connection: Connection, project_id: int, now: int, people: Mapping[str, int]) -> Groups:
        """With the last findings, or none where groups are to be compared anew."""
        given, last = said(connection, project_id, now, people), read_flags(connection, project_id)
        if last.groups_at is not None and now < last.groups_at + DAY:
            return cls(given, now, last.groups_at, [one for one in last.found if one.flag == BETWEEN])
        return cls(given, now, last.groups_at, new=True)

    def compare(self, table: Judgements, question: str) -> None:
        """Compare the groups on a question, where that is due."""
        if self.new:
            found = between(table, question, self.said)
            self.found += [_flagged(question, one) for one in found[:KEPT]]

    def still(self, connection: Connection, project_id: int, people: Mapping[str, int]) -> bool:
        """Whether nobody took back an answer since they were read."""
        after = said(connection, project_id, self.now, people)
        return all(after.get(name, {}).get(who) == value for name, of in self.said.items() for who, value in of.items())


def _items(connection: Connection, project_id: int, judged: set[Any]) -> Items:
    """The fields of items that were judged."""
    rows = connection.execute(_TEXTS, {"project": project_id}, execution_options={"yield_per": PAGE})
    return Items.from_records(
        {**msgspec.json.decode(row.payload), "id": row.external_id} for row in rows if row.external_id in judged
    )


def _names(policy: Policy, kind: str) -> list[str]:
    """The flags that read a kind of values; of views nobody is asked whether they differ from others'."""
    read, prescriptive = READ[kind], policy.paradigm == "prescriptive"
    names = [name for name in flag.names() if name != BETWEEN and (read is None or name in read)]
    return [name for name in names if prescriptive or name in VIEWS]


def _watch(connection: Connection, work: Work, who: int, reasons: Sequence[str]) -> None:
    """Once: who is watched already, or was spared by a person, is left as they are."""
    log = Log(connection, work.database, work.project)
    log.load(set(), {who})
    if not log.annotator(who).keys() & {"watch", "spared"}:
        log.add("watch", {"annotator": who, "reasons": list(reasons)})
    log.flush()


def _store(connection: Connection, work: Work, told: Flags, groups: Groups, took: int) -> None:
    people = {row.pseudonym: row.id for row in connection.execute(_PEOPLE, {"project": work.project})}
    kept = groups.found if groups.still(connection, work.project, people) else []
    at = groups.now if groups.new and groups.found else groups.compared_at
    made = {
        "project": work.project,
        "name": NAME,
        "body": msgspec.json.encode(Flags([*told.found, *kept], told.notes, groups_at=at)).decode(),
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
