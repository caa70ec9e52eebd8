"""Import of judgements: labels made elsewhere, or an export of this house, into a project that has the items.

The whole file is checked first. Then its judgements go through the same door as everybody's: an assignment each, with
purpose `import`, whose answer fills a slot while one is free and is surplus after that. Annotators come by their names
and belong to the project; they have no account, and nobody with one can be named. A model's judgements (`kind`) are
predictions: they fill no slot, are not merged with people's, and may answer some of the questions only.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Generator, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import AnswerError, InputError
from goldwork.io import Source
from goldwork.services.collect import Collector, Submit
from goldwork.services.forms import current_form
from goldwork.services.ingest import SAID, refused
from goldwork.services.label_rows import ROLES, Given, LabelReader
from goldwork.services.log import Log
from goldwork.services.media import shown_many
from goldwork.services.rows import SHOWN, Problem
from goldwork.services.uploads import find_upload, remove_upload
from goldwork.services.work import Steps, Work
from goldwork.store.schema import annotator, assignment, batch, item, project

CHUNK = 100
"""Submits in one transaction: each is an assignment, a submit, an event and its judgements."""
LOOKED_UP = 500

_ITEMS = (
    sa.select(item.c.external_id, item.c.id)
    .join(batch, batch.c.id == item.c.batch)
    .where(
        item.c.project == bind("project"),
        item.c.external_id.in_(bind("names", expanding=True)),
        batch.c.state == "published",
        item.c.id <= batch.c.opened_through,
    )
)
_PEOPLE = sa.select(annotator.c.pseudonym, annotator.c.id, annotator.c.kind, annotator.c.project).where(
    annotator.c.pseudonym.in_(bind("names", expanding=True)),
    (annotator.c.project == bind("project")) | annotator.c.project.is_(None),
)
_PAYLOADS = sa.select(item.c.id, item.c.payload).where(item.c.id.in_(bind("items", expanding=True)))
_WORKED = sa.select(assignment.c.annotator).where(
    assignment.c.project == bind("project"), assignment.c.annotator.in_(bind("ids", expanding=True))
)
_JUDGED = sa.select(assignment.c.item, assignment.c.annotator).where(
    assignment.c.item.in_(bind("items", expanding=True)), assignment.c.project == bind("project")
)


def run(work: Work) -> Steps:
    """Check everything, then submit in chunks from the checkpoint on."""
    state = work.checkpoint
    if state.get("done") is None or state["done"] < state["total"]:
        source = find_upload(work.home, work.project, work.body["file"])
        given = yield from _check(work, source, against_project="done" not in state)
        yield from _submit(work, given)
    remove_upload(work.home, work.project, work.body["file"])
    return {"submits": state["total"], "annotators": state["annotators"]}


def _check(work: Work, source: Source, *, against_project: bool) -> Generator[None, None, list[Given]]:
    """All submits of the file, in the order of their times. Raises InputError that tells the first errors."""
    with work.database.read() as connection:
        form = current_form(connection, work.project)
    columns = {role: work.body["fields"].get(role) for role in ROLES}
    reader = LabelReader(source, form, columns | {"item": columns["item"] or work.body["id"]}, work.body["format"])
    reader.kind = work.body.get("kind") or "human"
    for _ in reader.read():
        work.save(done=reader.rows, phase="checking")
        yield
    given = reader.finish()
    if against_project:
        with work.database.read() as connection:
            reader.problems += _against_project(connection, work.project, given, reader)
    if reader.problems:
        problems = sorted(reader.problems, key=lambda problem: problem.line)
        wrong = len({problem.line for problem in problems})
        raise refused(source, reader.unit, problems[:SAID], wrong, reader.rows)
    if not given:
        raise InputError("the file has no judgements.", where=source.at())
    return given


def _against_items(
    connection: Connection, project_id: int, given: list[Given], items: dict[str, int], reader: LabelReader
) -> Iterator[Problem]:
    """Answers that do not fit what their item shows: spans past its text, boxes outside its image."""
    if not reader.form.reads():
        return
    for begin in range(0, len(given), LOOKED_UP):
        part = [one for one in given[begin : begin + LOOKED_UP] if one.item in items]
        rows = connection.execute(_PAYLOADS, {"items": sorted({items[one.item] for one in part})})
        payloads = {row.id: msgspec.json.decode(row.payload) for row in rows}
        shown = shown_many(connection, project_id, payloads, reader.form)
        for one in part:
            try:
                reader.form.check(one.answers, shown[items[one.item]], partial=one.kind == "model")
            except AnswerError as error:
                yield Problem(one.line, reader.columns["label"], "", f"{error.message} (item {one.item[:SHOWN]!r})")


def _against_project(connection: Connection, project_id: int, given: list[Given], reader: LabelReader) -> list[Problem]:
    """Items that are not there, people who may not be named, judgements that are there already or do not fit."""
    found = []
    items = _items(connection, project_id, [one.item for one in given])
    people, taken = _people(connection, project_id, [one.annotator for one in given])
    judged = _judged(connection, project_id, items.values())
    for one in given:
        if one.item not in items:
            message = f"item {one.item[:SHOWN]!r} is not open in the project. Import the items first."
            found.append(Problem(one.line, reader.columns["item"], one.item[:SHOWN], message))
        elif one.annotator in taken:
            message = f"{one.annotator[:SHOWN]!r} is somebody who works here. Rename the annotator in the file."
            found.append(Problem(one.line, reader.columns["annotator"], one.annotator[:SHOWN], message))
        elif (person := people.get(one.annotator)) is None:
            continue
        elif person.kind != one.kind:
            message = (
                f"{one.annotator[:SHOWN]!r} is {person.kind} in the project already. Rename the annotator in the file."
            )
            found.append(Problem(one.line, reader.columns["annotator"], one.annotator[:SHOWN], message))
        elif (items[one.item], person.id) in judged:
            message = f"{one.annotator[:SHOWN]!r} has judged this item in the project already. Leave the row out."
            found.append(Problem(one.line, reader.columns["item"], one.item[:SHOWN], message))
    if not reader.problems:
        found += _against_items(connection, project_id, given, items, reader)
    return found


def refuse_taken(
    connection: Connection, project_id: int, given: Collection[tuple[str, str]], kinds: Mapping[str, str]
) -> None:
    """Raise InputError where judgements, as item and annotator, cannot come in by these names of people and models."""
    people, taken = _people(connection, project_id, [who for _, who in given])
    if taken:
        raise InputError(f"{min(taken)[:SHOWN]!r} is somebody who works here. Import without keeping names.")
    if other := sorted(name for name, person in people.items() if person.kind != kinds[name]):
        raise InputError(f"{other[0][:SHOWN]!r} is {people[other[0]].kind} in the project already.")
    items = _items(connection, project_id, [name for name, _ in given])
    judged = _judged(connection, project_id, items.values())
    for name, who in given:
        if who in people and (items.get(name), people[who].id) in judged:
            raise InputError(f"{who[:SHOWN]!r} has judged item {name[:SHOWN]!r} in the project already.")


def _judged(connection: Connection, project_id: int, items: Collection[int]) -> set[tuple[int | None, int | None]]:
    """Which of the items were judged by whom."""
    judged: set[tuple[int | None, int | None]] = set()
    ids = sorted(set(items))
    for begin in range(0, len(ids), LOOKED_UP):
        part = {"project": project_id, "items": ids[begin : begin + LOOKED_UP]}
        judged.update((row[0], row[1]) for row in connection.execute(_JUDGED, part))
    return judged


def _items(connection: Connection, project_id: int, names: list[str]) -> dict[str, int]:
    wanted = sorted(set(names))
    found: dict[str, int] = {}
    for begin in range(0, len(wanted), LOOKED_UP):
        part = {"project": project_id, "names": wanted[begin : begin + LOOKED_UP]}
        found.update((row[0], row[1]) for row in connection.execute(_ITEMS, part))
    return found


def _people(connection: Connection, project_id: int, names: list[str]) -> tuple[dict[str, Any], set[str]]:
    """The project's imported annotators (id, kind) by name, and the names of people with an account who work in it."""
    wanted = sorted(set(names))
    own: dict[str, Any] = {}
    others: dict[str, int] = {}
    for begin in range(0, len(wanted), LOOKED_UP):
        part = {"project": project_id, "names": wanted[begin : begin + LOOKED_UP]}
        for row in connection.execute(_PEOPLE, part):
            if row.project is None:
                others[row.pseudonym] = row.id
            else:
                own[row.pseudonym] = row
    at_work = set(connection.execute(_WORKED, {"project": project_id, "ids": sorted(others.values())}).scalars())
    return own, {name for name, of in others.items() if of in at_work}


def _submit(work: Work, given: list[Given]) -> Iterator[None]:
    state = work.checkpoint
    collector = Collector(work.database)
    state |= {"total": len(given), "annotators": len({one.annotator for one in given}), "done": state.get("done", 0)}
    work.save(done=state["done"], total=state["total"], phase="submitting")
    while state["done"] < len(given):
        chunk = given[state["done"] : state["done"] + CHUNK]
        work.save(partial(_write, work, collector, chunk), done=state["done"] + len(chunk), cancellable=False)
        yield


def _write(work: Work, collector: Collector, chunk: list[Given], connection: Connection) -> None:
    log = Log(connection, work.database, work.project)
    versions = connection.execute(
        sa.select(project.c.form_version, project.c.guideline_version).where(project.c.id == work.project)
    ).one()
    items = _items(connection, work.project, [one.item for one in chunk])
    people = _make_people(connection, work.project, {one.annotator: one.kind for one in chunk})
    rows: list[dict[str, Any]] = [
        {
            "id": secrets.token_urlsafe(15),
            "project": work.project,
            "item": items[one.item],
            "annotator": people[one.annotator],
            "purpose": "import",
            "state": "leased",
            "leased_at": log.now,
            "leased_until": log.now,
        }
        for one in chunk
    ]
    connection.execute(sa.insert(assignment), rows)
    submits = [
        Submit(
            project=work.project,
            annotator=row["annotator"],
            id=f"import-{work.held.id}-{work.checkpoint['done'] + place}",
            assignment=row["id"],
            kind="answer",
            form_version=versions.form_version,
            guideline_version=versions.guideline_version,
            answers=one.answers,
            seconds=one.seconds,
            at=one.at,
        )
        for place, (one, row) in enumerate(zip(chunk, rows, strict=True))
    ]
    for answer in collector.submit_many(connection, submits):
        if isinstance(answer, Exception):
            raise answer
    work.checkpoint["done"] += len(chunk)


def _make_people(connection: Connection, project_id: int, kinds: dict[str, str]) -> dict[str, int]:
    """The project's imported annotators of these names, made of their kinds where they are not there."""
    known, _ = _people(connection, project_id, list(kinds))
    fresh = [
        {"kind": kind, "project": project_id, "pseudonym": name}
        for name, kind in sorted(kinds.items())
        if name not in known
    ]
    if fresh:
        connection.execute(sa.insert(annotator), fresh)
        known, _ = _people(connection, project_id, list(kinds))
    return {name: row.id for name, row in known.items()}
