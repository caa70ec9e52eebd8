"""Import of gold: a table with an item a row, a column for each question's answer, and why it is right.

Several rows of one item give it several acceptable answers. The whole file is checked first; then it goes through the
same door as gold that is written by hand.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection

from goldwork import io
from goldwork.errors import AnswerError, GoldworkError, InputError
from goldwork.io import Source
from goldwork.io.roles import ROLES, TRUTHS, find
from goldwork.services import gold
from goldwork.services.access import Member, person_of
from goldwork.services.forms import current_form
from goldwork.services.gold import Kind
from goldwork.services.gold_items import Entry, by_name, check_answers
from goldwork.services.ingest import SAID, refused
from goldwork.services.label_rows import ways
from goldwork.services.rows import MAX_ID, SHOWN, Problem
from goldwork.services.uploads import find_upload, remove_upload, to_text
from goldwork.services.work import Steps, Work
from goldwork.tasks.questions import ProjectForm

CHUNK = 100
"""Items in one transaction."""
KINDS = ("gold", "trap", "training")


class Given(NamedTuple):
    """An item's acceptable answers, as the file has them, from the line on where it stands first."""

    line: int
    item: str
    kind: str
    answers: dict[str, list[Any]]
    reason: str


class GoldReader:
    """Collects a file's rows into items; keeps what is wrong with them."""

    def __init__(self, source: Source, form: ProjectForm, body: dict[str, Any]) -> None:
        self.source, self.form = source, form
        self.format = body["format"] or io.sniff(source)
        self.unit = io.format.get(self.format).unit
        self.fields = {**body["fields"]} | ({"item": body["id"]} if body["id"] else {})
        self.columns: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.rows = 0
        self.found: dict[str, Given] = {}

    def read(self) -> Iterator[None]:
        """Go through the file, chunk by chunk."""
        for chunk in io.scan(self.source, self.format):
            self.columns = self._assign(list(chunk.columns))
            taken = [chunk.columns[column] for column in self.columns.values()]
            for line, *cells in zip(chunk.lines, *taken, strict=True):
                self._row(int(line), dict(zip(self.columns, cells, strict=True)))
            self.rows += len(chunk)
            yield

    def _assign(self, names: list[str]) -> dict[str, str]:
        """Which column is the item's, each question's, the reason, the kind. Raises InputError."""
        listed = ", ".join(names[:30])
        for column in self.fields.values():
            if column not in names:
                raise InputError(f"there is no column {column!r}. The columns are: {listed}.", where=self.source.at())
        tasks = self.form.tasks()
        item = self.fields.get("item") or find(names, ROLES["item"])
        if item is None:
            raise InputError(f"no column is called item. The columns are: {listed}.", where=self.source.at())
        chosen = {"item": item}
        for role in ("reason", "kind"):
            if (column := self.fields.get(role, role)) in names and column not in tasks:
                chosen[role] = column
        for question in tasks:
            if (column := self.fields.get(question, question)) in names:
                chosen[f"question {question}"] = column
        if len(tasks) == 1 and not any(role.startswith("question ") for role in chosen):
            free = [name for name in names if name not in chosen.values()]
            if (column := find(free, TRUTHS)) is not None:
                chosen[f"question {next(iter(tasks))}"] = column
        if not any(role.startswith("question ") for role in chosen):
            message = f"no column is called like a question: {', '.join(tasks)}. The columns are: {listed}."
            raise InputError(message, where=self.source.at())
        return chosen

    def _row(self, line: int, cells: dict[str, Any]) -> None:
        name, kind = to_text(cells["item"]), to_text(cells.get("kind")) or "gold"
        if not name.strip() or len(name) > MAX_ID or not name.isprintable():
            self._wrong(line, "item", name, f"the item must have 1 to {MAX_ID} printable characters.")
            return
        if kind not in KINDS:
            self._wrong(line, "kind", kind, f"must be one of {', '.join(KINDS)}. Got {kind[:SHOWN]!r}.")
            return
        one = self.found.setdefault(name, Given(line, name, kind, {}, to_text(cells.get("reason"))))
        if one.kind != kind:
            self._wrong(line, "kind", kind, f"the item is {one.kind} in {self.unit} {one.line}. It can be one of them.")
        for role, cell in cells.items():
            question = role.removeprefix("question ")
            if question != role and not is_empty(cell):
                self._answer(line, role, question, cell, one)

    def _answer(self, line: int, role: str, question: str, cell: Any, one: Given) -> None:
        task, first = self.form.tasks()[question], None
        for value in ways(cell):
            try:
                task.validate(value)
            except AnswerError as error:
                first = first or error
            else:
                those = one.answers.setdefault(question, [])
                if (answer := task.canonical(value)) not in those:
                    those.append(answer)
                return
        self._wrong(line, role, cell, str(first))

    def _wrong(self, line: int, role: str, value: Any, message: str) -> None:
        self.problems.append(Problem(line, self.columns.get(role), to_text(value)[:SHOWN], message))


def is_empty(cell: Any) -> bool:
    """Whether a cell says nothing."""
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def run(work: Work) -> Steps:
    """Check everything, then make gold in chunks from the checkpoint on."""
    state = work.checkpoint
    if state.get("done") is None or state["done"] < state["total"]:
        source = find_upload(work.home, work.project, work.body["file"])
        given = yield from _check(work, source)
        yield from _write(work, given)
    remove_upload(work.home, work.project, work.body["file"])
    return {"items": state["total"]}


def _check(work: Work, source: Source) -> Generator[None, None, list[Given]]:
    with work.database.read() as connection:
        form = current_form(connection, work.project)
    reader = GoldReader(source, form, work.body)
    for _ in reader.read():
        work.save(done=reader.rows, phase="checking")
        yield
    given = list(reader.found.values())
    if "done" not in work.checkpoint and not reader.problems:
        with work.database.read() as connection:
            reader.problems += _against_project(connection, work.project, form, given, reader)
    if reader.problems:
        problems = sorted(reader.problems, key=lambda problem: problem.line)
        wrong = len({problem.line for problem in problems})
        raise refused(source, reader.unit, problems[:SAID], wrong, reader.rows)
    if not given:
        raise InputError("the file has no items.", where=source.at())
    return given


def _against_project(
    connection: Connection, project: int, form: ProjectForm, given: list[Given], reader: GoldReader
) -> Iterator[Problem]:
    """Items that are not there or gold already, and answers that do not fit what they show."""
    rows = {row.external_id: row for row in by_name(connection, project, [one.item for one in given])}
    for one in given:
        row, message = rows.get(one.item), ""
        if row is None:
            message = "the item is not open in the project. Import the items first."
        elif row.state is not None:
            message = f"the item is gold already ({row.state}). Leave it out, or correct it on the page."
        elif one.kind == "training" and len(one.reason.strip()) < 3:
            message = "training tells people why an answer is right. Give a reason."
        else:
            try:
                check_answers(connection, form, project, row.payload, one.item, one.answers)
            except GoldworkError as error:
                message = error.message
        if message:
            yield Problem(one.line, reader.columns["item"], one.item[:SHOWN], message)


def _write(work: Work, given: list[Given]) -> Iterator[None]:
    state = work.checkpoint
    given = sorted(given, key=lambda one: (one.kind, one.line))
    state |= {"total": len(given), "done": state.get("done", 0)}
    work.save(done=state["done"], total=state["total"], phase="making gold")
    while state["done"] < len(given):
        left = given[state["done"] : state["done"] + CHUNK]
        chunk = [one for one in left if one.kind == left[0].kind]  # they stand sorted by kind

        def advance(connection: Connection, chunk: list[Given] = chunk) -> None:
            mine = Member(person_of(connection, work.body["by"]), work.project, "manager")
            entries = [Entry(one.item, one.answers, one.reason) for one in chunk]
            gold.add(connection, work.database, mine, entries, cast(Kind, chunk[0].kind), found="imported")
            state["done"] += len(chunk)

        work.save(advance, done=state["done"] + len(chunk), cancellable=False)
        yield
