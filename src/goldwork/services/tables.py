"""From the store to the long table: the submits of a project through some seq, as columns.

A correction or an undo supersedes a submit; those in force are the answers that nothing through the same seq
supersedes. Agreement and consensus know ordinary judgements alone: gold, practice and repeats are about people, and
what an expert settles is the item's answer, not one more opinion about it (`read_settled`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.judgements import Judgements
from goldwork.services.forms import current_form
from goldwork.store.schema import annotator, assignment, batch, item, item_state, judgement, project, submit
from goldwork.tasks.questions import ProjectForm, stood

PAGE = 20_000
"""Rows taken from the database at a time."""
KINDS = ("answer", "skip", "undo")
ORDINARY = ("work", "import")
"""Purposes of the judgements that agreement and consensus are about."""
PURPOSES = (*ORDINARY, "gold", "repeat", "practice", "adjudication", "review")

Whole = npt.NDArray[np.int64]

_SUBMITS = (
    sa.select(
        submit.c.seq,
        submit.c.annotator,
        submit.c.item,
        submit.c.kind,
        submit.c.supersedes,
        submit.c.seconds,
        submit.c.surplus,
        submit.c.submitted_at,
        submit.c.shown,
        submit.c.suggestion,
        assignment.c.purpose,
        submit.c.guideline_version,
    )
    .join(assignment, assignment.c.id == submit.c.assignment)
    .where(submit.c.project == bind("project"), submit.c.seq <= bind("through"))
    .order_by(submit.c.seq)
)
_SETTLED = (
    sa.select(assignment.c.item, assignment.c.annotator, submit.c.seq, judgement.c.question, judgement.c.value)
    .join(submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current))
    .join(judgement, (judgement.c.project == submit.c.project) & (judgement.c.seq == submit.c.seq))
    .join(item_state, item_state.c.item == assignment.c.item)
    .where(
        assignment.c.project == bind("project"),
        sa.literal_column("assignment.purpose = 'adjudication'"),
        assignment.c.state == "done",
        item_state.c.status == "settled",
    )
    .order_by(submit.c.seq)
)
_JUDGEMENTS = (
    sa.select(judgement.c.seq, judgement.c.question, judgement.c.value)
    .where(judgement.c.project == bind("project"), judgement.c.seq <= bind("through"))
    .order_by(judgement.c.seq, judgement.c.question)
)
_model = judgement.alias("model")
_SUGGESTED = (
    sa.select(
        submit.c.seq, submit.c.annotator, submit.c.suggestion, judgement.c.question, judgement.c.value, _model.c.value
    )
    .select_from(
        submit.join(assignment, assignment.c.id == submit.c.assignment)
        .join(judgement, (judgement.c.project == submit.c.project) & (judgement.c.seq == submit.c.seq))
        .join(
            _model,
            (_model.c.project == submit.c.project)
            & (_model.c.seq == assignment.c.suggested)
            & (_model.c.question == judgement.c.question),
        )
    )
    .where(
        submit.c.project == bind("project"),
        submit.c.seq <= bind("through"),
        submit.c.kind == "answer",
        submit.c.suggestion.is_not(None),
    )
    .order_by(submit.c.seq, judgement.c.question)
)
_SEQ = sa.select(project.c.seq).where(project.c.id == bind("project"))
_ITEMS = (
    sa.select(item.c.id, item.c.external_id, batch.c.name)
    .join(batch, batch.c.id == item.c.batch)
    .where(item.c.project == bind("project"))
)
_ANNOTATORS = sa.select(annotator.c.id, annotator.c.kind, annotator.c.pseudonym)


@dataclasses.dataclass(frozen=True)
class Submits:
    """Every submit of a project through `through`, in the order of seq. `kind`: a position in KINDS."""

    through: int
    seq: Whole
    annotator: Whole
    item: Whole
    kind: Whole
    supersedes: Whole
    seconds: npt.NDArray[np.float64]
    surplus: npt.NDArray[np.bool_]
    at: Whole
    shown: Sequence[str | None]
    """By question, the order in which fields stood on the screen, as JSON."""
    suggestion: Sequence[str | None]
    """Whether a model's answer was shown or hidden; None where there was none."""
    purpose: Whole
    """What the work was for: a position in PURPOSES."""
    guideline: Whole
    """The guideline's version that was shown."""

    def of(self, rows: npt.NDArray[np.bool_]) -> Submits:
        """Those of a mask."""
        kept = np.flatnonzero(rows).tolist()
        return Submits(
            self.through,
            self.seq[rows],
            self.annotator[rows],
            self.item[rows],
            self.kind[rows],
            self.supersedes[rows],
            self.seconds[rows],
            self.surplus[rows],
            self.at[rows],
            [self.shown[row] for row in kept],
            [self.suggestion[row] for row in kept],
            self.purpose[rows],
            self.guideline[rows],
        )

    def ordinary(self) -> Submits:
        """Those whose judgements count in agreement and consensus."""
        return self.of(self.is_ordinary())

    def is_ordinary(self) -> npt.NDArray[np.bool_]:
        """Which submits are ordinary judgements: no gold, practice, repeats or adjudications."""
        return self.purpose < len(ORDINARY)

    def in_force(self) -> npt.NDArray[np.bool_]:
        """Which submits nothing supersedes: answers and skips that stand, and undos."""
        return ~np.isin(self.seq, self.supersedes[self.supersedes > 0])


def last_seq(connection: Connection, project_id: int) -> int:
    """The seq of a project's latest event."""
    return int(connection.execute(_SEQ, {"project": project_id}).scalar_one())


def read_submits(connection: Connection, project_id: int, through: int) -> Submits:
    """The submits of a project with seq <= through."""
    columns = _columns(connection, _SUBMITS, {"project": project_id, "through": through}, 12)
    seq, who, what, kind, supersedes, seconds, surplus, at, shown, suggestion, purpose, guideline = columns
    codes = {name: code for code, name in enumerate(KINDS)}
    purposes = {name: code for code, name in enumerate(PURPOSES)}
    return Submits(
        through,
        np.array(seq, np.int64),
        np.array(who, np.int64),
        np.array(what, np.int64),
        np.fromiter((codes[name] for name in kind), np.int64, len(kind)),
        np.array([value or 0 for value in supersedes], np.int64),
        np.array([np.nan if value is None else value for value in seconds], np.float64),
        np.array(surplus, bool),
        np.array(at, np.int64),
        shown,
        suggestion,
        np.fromiter((purposes[name] for name in purpose), np.int64, len(purpose)),
        np.array(guideline, np.int64),
    )


def of_people(connection: Connection, submits: Submits) -> Submits:
    """Without those of models: what counts as work."""
    others = [row[0] for row in connection.execute(_ANNOTATORS.where(annotator.c.kind != "human"))]
    return submits.of(~np.isin(submits.annotator, others)) if others else submits


def read_suggested(
    connection: Connection, project_id: int, submits: Submits, form: ProjectForm
) -> dict[str, list[tuple[bool, int, Any, Any]]]:
    """By question, the answers in force that came with a suggestion, shown or not.

    Of each: whether it was shown, the annotator, the value that task types merge, the model's.
    """
    found: dict[str, list[tuple[bool, int, Any, Any]]] = {}
    if not any(submits.suggestion):
        return found
    standing, tasks = set(submits.seq[submits.in_force()].tolist()), form.tasks()
    read: dict[tuple[str, str], Any] = {}
    where = {"project": project_id, "through": submits.through}
    for seq, who, said, question, *texts in connection.execute(_SUGGESTED, where):
        if seq not in standing or question not in tasks:
            continue
        for text in texts:
            if (question, text) not in read:
                read[question, text] = tasks[question].value(msgspec.json.decode(text))
        own, suggested = (read[question, text] for text in texts)
        if suggested is not None:
            found.setdefault(question, []).append((said == "shown", who, own, suggested))
    return found


def read_table(connection: Connection, project_id: int, submits: Submits, form: ProjectForm) -> Judgements:
    """The answers in force as the long table, on the store's own numbers for items and annotators.

    It holds what task types merge (see `TaskType.value`), of the questions of `form`.
    """
    rows, question, value = _answers(connection, project_id, submits, form)
    columns: dict[str, Any] = {
        "item": submits.item[rows],
        "annotator": submits.annotator[rows],
        "question": question,
        "label": value,
        "submitted_at": submits.at[rows],
        "seconds": submits.seconds[rows],
    }
    if fields := form.shuffled():
        columns["shown"] = _stood(submits, rows, question, fields)
    suggestion = [submits.suggestion[row] for row in rows.tolist()]
    if any(suggestion):
        columns["suggestion"] = suggestion
    others = {row[0]: row[1] for row in connection.execute(_ANNOTATORS.where(annotator.c.kind != "human"))}
    if others:
        columns["kind"] = [others.get(who, "human") for who in columns["annotator"].tolist()]
    return Judgements.from_columns(columns, duplicates="repeat")


def read_settled(connection: Connection, project_id: int, form: ProjectForm) -> dict[str, dict[int, tuple[Any, int]]]:
    """By question and item, what experts settled it to, as task types merge it, and how many of them hold an answer in
    force; the latest counts. Of the transaction's moment, whatever its seq."""
    tasks = form.tasks()
    found: dict[str, dict[int, tuple[Any, int]]] = {}
    for row in connection.execute(_SETTLED, {"project": project_id}):
        if row.question not in tasks:
            continue
        value = tasks[row.question].value(msgspec.json.decode(row.value))
        if value is not None:
            of = found.setdefault(row.question, {})
            of[row.item] = (value, of.get(row.item, (None, 0))[1] + 1)
    return found


def named_table(connection: Connection, project_id: int, through: int | None = None) -> Judgements:
    """The answers in force as the long table that an export holds: external ids, pseudonyms, ISO times, batches and
    guidelines."""
    submits = read_submits(connection, project_id, last_seq(connection, project_id) if through is None else through)
    form = current_form(connection, project_id)
    rows, question, value = _answers(connection, project_id, submits, form)
    items = {row[0]: (row[1], row[2]) for row in connection.execute(_ITEMS, {"project": project_id})}
    people = {row[0]: (row[2], row[1]) for row in connection.execute(_ANNOTATORS)}
    of_item, who = submits.item[rows].tolist(), submits.annotator[rows].tolist()
    columns: dict[str, Sequence[Any] | npt.NDArray[Any]] = {
        "item": [items[one][0] for one in of_item],
        "annotator": [people[one][0] for one in who],
        "question": question,
        "label": value,
        "kind": [people[one][1] for one in who],
        "submitted_at": [iso(time) for time in submits.at[rows].tolist()],
        "seconds": submits.seconds[rows],
        "batch": [items[one][1] for one in of_item],
        "guideline": submits.guideline[rows],
        "shown": _stood(submits, rows, question, form.shuffled()),
        "suggestion": [submits.suggestion[row] for row in rows.tolist()],
    }
    return Judgements.from_columns(columns, duplicates="repeat")


def iso(milliseconds: int) -> str:
    """A time as ISO 8601 in UTC, to the millisecond."""
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Milliseconds of an ISO 8601 time; without a zone it is UTC. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return round(moment.timestamp() * 1000)


def read_stood(text: str | None, question: str, fields: Mapping[str, tuple[str, ...]]) -> str | None:
    """What stood where when a question was answered, of a submit's JSON; None where nothing was drawn by lot."""
    orders = {} if text is None else _orders(text)
    return stood(orders[question], fields.get(question, ())) if question in orders else None


@functools.lru_cache(maxsize=1000)
def _orders(text: str) -> dict[str, list[str]]:
    orders: dict[str, list[str]] = msgspec.json.decode(text)
    return orders


def _stood(
    submits: Submits, rows: Whole, question: list[str], fields: Mapping[str, tuple[str, ...]]
) -> list[str | None]:
    """For each judgement, what stood where on the screen, as the long table says it."""
    return [read_stood(submits.shown[row], asked, fields) for row, asked in zip(rows.tolist(), question, strict=True)]


def _answers(
    connection: Connection, project_id: int, submits: Submits, form: ProjectForm
) -> tuple[Whole, list[str], list[Any]]:
    """For each ordinary judgement in force on a question of the form: its submit's row, its question, its value."""
    standing = submits.in_force() & (submits.kind == KINDS.index("answer")) & submits.is_ordinary()
    where = {"project": project_id, "through": submits.through}
    seq, question, value = _columns(connection, _JUDGEMENTS, where, 3)
    rows = np.searchsorted(submits.seq, np.array(seq, np.int64))
    keep = standing[rows] if len(rows) else np.zeros(0, bool)
    tasks = form.tasks()
    read: dict[tuple[str, str], Any] = {}
    for asked, text in set(zip(question, value, strict=True)):
        if asked in tasks:
            read[asked, text] = tasks[asked].value(msgspec.json.decode(text))
    places = [place for place in np.flatnonzero(keep).tolist() if question[place] in tasks]
    values = [read[question[place], value[place]] for place in places]
    return rows[places], [question[place] for place in places], values


def _columns(connection: Connection, statement: Any, where: dict[str, Any], width: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(width)]
    result = connection.execute(statement, where, execution_options={"yield_per": PAGE})
    for page in result.partitions():
        for column, values in zip(columns, zip(*page, strict=True), strict=False):
            column.extend(values)
    return columns
