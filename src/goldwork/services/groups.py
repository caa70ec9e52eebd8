"""What groups of a project's people answer differently: made by the worker when a manager asks, at most once a day.

Figures of two moments can be held against each other, and what one person changed between them read off. So they are
made anew a day after the last ones at the earliest, from whoever had answered by then; figures that show nothing may be
made again at once. Shares are rounded, items few, and an item is left out where its figures would tell a group to
whoever looks up who answered what (see `goldwork.bias.privacy`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.bias import ClassDifference, GroupDifferences, group_differences
from goldwork.bias.differences import EVERYBODY_ELSE
from goldwork.errors import ConflictError
from goldwork.judgements import Judgements
from goldwork.services import attributes, jobs
from goldwork.services.attributes import FIGURES, TAKEN_BACK
from goldwork.services.forms import current_form
from goldwork.services.questions import DISCRETE, options
from goldwork.services.signin import DAY
from goldwork.services.sql import upsert
from goldwork.services.tables import last_seq, read_submits, read_table
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import item, job, snapshot
from goldwork.tasks import TaskType

KIND = "groups"
ITEMS = 20
"""Items shown of a question and attribute."""
STEP = 0.05
"""Items' shares are rounded to it."""
DIGITS = 2
"""Digits of the figures over all items."""


class GroupSize(msgspec.Struct, frozen=True):
    """How many people of a group answered."""

    group: str
    people: int


class ClassGap(msgspec.Struct, frozen=True):
    """How much more often a group gives an answer than others on the same items (`kind` mean: how much more).

    `named`: among the differences that are no chance, with one in twenty of them wrong in expectation.
    """

    value: Any
    label: str
    kind: str
    group: str
    others: str
    share: float
    others_share: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    named: bool
    sentence: str


class Share(msgspec.Struct, frozen=True):
    """The share of a group's people who give one answer (or their mean)."""

    value: Any
    label: str
    kind: str
    share: float
    low: float | None
    high: float | None


class SoftLabel(msgspec.Struct, frozen=True):
    """What one group says of an item."""

    group: str
    shares: list[Share]


class ItemGap(msgspec.Struct, frozen=True):
    """One item, and what each group says of it. `fields` and `external_id` are filled in when it is read."""

    item: int
    named: bool
    groups: list[SoftLabel]
    external_id: str = ""
    fields: dict[str, str] = {}


class QuestionGroups(msgspec.Struct, frozen=True):
    """One question: the groups shown, differences over all items and item by item. `hidden`: people in no such group.

    `tested`: how many classes, and how many items' classes, were tested.
    """

    question: str
    groups: list[GroupSize]
    hidden: int
    classes: list[ClassGap]
    items: list[ItemGap]
    tested: tuple[int, int]
    notes: list[str]


class AttributeGroups(msgspec.Struct, frozen=True):
    """One attribute, question by question."""

    name: str
    questions: list[QuestionGroups]


class Made(msgspec.Struct, frozen=True):
    """What the worker makes."""

    attributes: list[AttributeGroups] = []

    def shows(self) -> bool:
        """Whether any group is shown."""
        return any(one.groups for of in self.attributes for one in of.questions)


class GroupFigures(msgspec.Struct, frozen=True):
    """The groups' figures. `computed_at`: null before the first ones. `next_at`: when they may be made anew.

    `taken_back`: somebody took an answer back since, and they were deleted.
    """

    attributes: list[AttributeGroups]
    computed_at: int | None
    next_at: int | None
    taken_back: bool


_STORED = sa.select(snapshot.c.body, snapshot.c.through_seq, snapshot.c.computed_at).where(
    snapshot.c.project == bind("project"), snapshot.c.name == FIGURES
)
_RUNNING = sa.select(job.c.id).where(job.c.project == bind("project"), job.c.kind == KIND, job.c.state.in_(jobs.ACTIVE))
_ITEMS = sa.select(item.c.id, item.c.external_id, item.c.payload).where(
    item.c.project == bind("project"), item.c.id.in_(bind("ids", expanding=True))
)
_decode = msgspec.json.Decoder(Made).decode


def start(connection: Connection, database: Database, project_id: int) -> jobs.Job:
    """Add the job that compares a project's groups, or return the one that does already.

    Raises ConflictError `too_soon`.
    """
    running = connection.execute(_RUNNING, {"project": project_id}).scalars().first()
    if running is not None:
        return jobs.find_job(connection, project_id, running)
    row = connection.execute(_STORED, {"project": project_id}).one_or_none()
    if row is not None and database.now(connection) < (_next_at(row) or 0):
        raise ConflictError(
            "the groups' figures were made less than a day ago. Held against new ones, they could tell what one "
            "person said: make them again after a day.",
            reason="too_soon",
        )
    made = jobs.add(connection, database, KIND, project_id, {})
    assert made is not None
    return made


def figures(connection: Connection, project_id: int) -> GroupFigures:
    """The latest figures, with the items' texts."""
    row = connection.execute(_STORED, {"project": project_id}).one_or_none()
    if row is None:
        return GroupFigures([], None, None, taken_back=False)
    made = _decode(row.body)
    shown = [one.item for of in made.attributes for asked in of.questions for one in asked.items]
    found = connection.execute(_ITEMS, {"project": project_id, "ids": shown})
    texts = {of.id: (of.external_id, msgspec.json.decode(of.payload)) for of in found}

    def filled(asked: QuestionGroups) -> QuestionGroups:
        items = [
            msgspec.structs.replace(one, external_id=texts[one.item][0], fields=texts[one.item][1])
            for one in asked.items
            if one.item in texts
        ]
        return msgspec.structs.replace(asked, items=items)

    listed = [
        msgspec.structs.replace(of, questions=[filled(asked) for asked in of.questions]) for of in made.attributes
    ]
    return GroupFigures(listed, row.computed_at, _next_at(row), taken_back=row.body == TAKEN_BACK)


def _next_at(row: Any) -> int | None:
    """When figures may be made after these: at once (None) where they show nothing."""
    telling = row.body == TAKEN_BACK or _decode(row.body).shows()
    return row.computed_at + DAY if telling else None


def run(work: Work) -> Steps:
    """Compare every question's groups, one a step, and store the figures."""
    begun = time.monotonic()
    with work.database.read() as connection:
        now = work.database.now(connection)
        through = last_seq(connection, work.project)
        parts, tasks = _read(connection, work.project, through)
        said = attributes.answers(connection, work.project, now)
    yield
    found: dict[str, list[QuestionGroups]] = {name: [] for name in said}
    for question, compared in _compare(parts, said):
        for one in compared:
            found[one.attribute].append(_question(question, one, options(tasks[question])))
        yield
    made = Made([AttributeGroups(name, asked) for name, asked in found.items()])
    took = int((time.monotonic() - begun) * 1000)
    values = {
        "project": work.project,
        "name": FIGURES,
        "through_seq": through,
        "took_ms": took,
        "computed_at": now,
    }
    work.save(partial(_store, work=work, values=values, made=made, said=said))
    return {}


def _store(
    connection: Connection, work: Work, values: dict[str, Any], made: Made, said: Mapping[str, Mapping[int, str]]
) -> None:
    """Store the figures, unless an answer they are made of was taken back meanwhile: then that is stored."""
    now = attributes.answers(connection, work.project, values["computed_at"])
    same = all(now.get(name, {}).get(who) == value for name, of in said.items() for who, value in of.items())
    body = msgspec.json.encode(made).decode() if same else TAKEN_BACK
    statement = upsert(work.database, snapshot, "body", "through_seq", "took_ms", "computed_at")
    connection.execute(statement, values | {"body": body})


def _read(
    connection: Connection, project_id: int, through: int
) -> tuple[list[tuple[str, Judgements]], dict[str, TaskType]]:
    """The questions whose answers can be compared, with these."""
    form = current_form(connection, project_id)
    table = read_table(connection, project_id, read_submits(connection, project_id, through), form).humans()
    there = set(table.questions.tolist())
    tasks = {name: task for name, task in form.tasks().items() if task.kind in DISCRETE}
    return [(name, table.about(name)) for name in tasks if name in there], tasks


def _compare(
    parts: list[tuple[str, Judgements]], said: Mapping[str, Mapping[int, str]]
) -> Iterator[tuple[str, list[GroupDifferences]]]:
    """Question by question, its groups compared by every attribute that somebody who answered it has given."""
    for question, part in parts:
        people = set(part.annotators.tolist())
        known = {name: groups for name, groups in said.items() if people & groups.keys()}
        yield question, group_differences(part, known, discreet=True)


def _question(question: str, one: GroupDifferences, words: Mapping[Any, str]) -> QuestionGroups:
    return QuestionGroups(
        question=question,
        groups=[GroupSize(name, count) for name, count in one.groups.items()],
        hidden=one.hidden,
        classes=[_class(made, words) for made in one.classes],
        items=_items(one, words)[:ITEMS],
        tested=one.tested,
        notes=list(one.notes),
    )


def _class(made: ClassDifference, words: Mapping[Any, str]) -> ClassGap:
    label = words.get(made.name, str(made.name))
    return ClassGap(
        value=made.name,
        label=label,
        kind=made.kind,
        group=made.group,
        others=made.others,
        share=round(made.share, DIGITS),
        others_share=round(made.others_share, DIGITS),
        difference=round(made.difference, DIGITS),
        low=_rounded(made.low, 10**-DIGITS),
        high=_rounded(made.high, 10**-DIGITS),
        p_value=made.p_value,
        named=made.named,
        sentence=made.sentence_of(label),
    )


def _items(one: GroupDifferences, words: Mapping[Any, str]) -> list[ItemGap]:
    """Items where something stands against something, the surest differences first."""
    rows = one.rows
    of_item = np.argsort(rows.item, kind="stable")
    bounds = np.searchsorted(rows.item[of_item], np.arange(len(rows.items) + 1))
    found = []
    for code in one.order().tolist():
        mine = of_item[bounds[code] : bounds[code + 1]]
        if np.isnan(rows.difference[mine]).all():
            continue
        sides = [_soft(one, mine[rows.group[mine] == group], words) for group in np.unique(rows.group[mine]).tolist()]
        if len(sides) == 1:
            sides.append(_everybody_else(one, mine, words))
        found.append(ItemGap(int(rows.items[code]), bool(one.named[mine].any()), sides))
    return found


def _soft(one: GroupDifferences, mine: Any, words: Mapping[Any, str]) -> SoftLabel:
    rows = one.rows
    shares = [
        _share(one, int(rows.outcome[row]), float(rows.share[row]), float(rows.low[row]), float(rows.high[row]), words)
        for row in mine.tolist()
    ]
    return SoftLabel(one.codes[int(rows.group[mine[0]])], shares)


def _everybody_else(one: GroupDifferences, mine: Any, words: Mapping[Any, str]) -> SoftLabel:
    rows = one.rows
    shares = [
        _share(one, int(rows.outcome[row]), float(rows.others_share[row]), math.nan, math.nan, words)
        for row in mine.tolist()
    ]
    return SoftLabel(EVERYBODY_ELSE, shares)


def _share(one: GroupDifferences, outcome: int, share: float, low: float, high: float, words: Any) -> Share:
    name, kind = one.outcomes[outcome], one.kinds[outcome]
    step = STEP if kind == "share" else 0.1
    rounded = _rounded(share, step)
    assert rounded is not None
    return Share(name, words.get(name, str(name)), kind, rounded, _rounded(low, step), _rounded(high, step))


def _rounded(value: float, step: float) -> float | None:
    return None if math.isnan(value) else round(round(value / step) * step, 4)


# The file.

COLUMNS: Mapping[str, Any] = {
    "attribute": "text",
    "question": "text",
    "item": "text",
    "group": "text",
    "label": "json",
    "share": "number",
    "low": "number",
    "high": "number",
}
"""Columns of the exported soft labels: what each group says of an item, for no fewer than five people."""


def pages(database: Database, project_id: int) -> Iterator[dict[str, list[Any]]]:
    """Every item's soft labels, as of the latest figures, without any annotator. Raises ConflictError `no_figures`."""
    with database.read() as connection:
        row = connection.execute(_STORED, {"project": project_id}).one_or_none()
        if row is None or row.body == TAKEN_BACK:
            raise ConflictError("there are no figures of groups. Compare the groups first.", reason="no_figures")
        parts, tasks = _read(connection, project_id, row.through_seq)
        said = attributes.answers(connection, project_id, row.computed_at)
    for question, compared in _compare(parts, said):
        for one in compared:
            items = _items(one, options(tasks[question]))
            with database.read() as connection:
                names = _external_ids(connection, project_id, [of.item for of in items])
            cells = [
                (one.attribute, question, names[of.item], side.group, share)
                for of in items
                for side in of.groups
                for share in side.shares
            ]
            yield {
                "attribute": [cell[0] for cell in cells],
                "question": [cell[1] for cell in cells],
                "item": [cell[2] for cell in cells],
                "group": [cell[3] for cell in cells],
                "label": [cell[4].value for cell in cells],
                "share": [cell[4].share for cell in cells],
                "low": [cell[4].low for cell in cells],
                "high": [cell[4].high for cell in cells],
            }


def _external_ids(connection: Connection, project_id: int, ids: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for begin in range(0, len(ids), 500):
        rows = connection.execute(_ITEMS, {"project": project_id, "ids": ids[begin : begin + 500]})
        found |= {row.id: row.external_id for row in rows}
    return found
