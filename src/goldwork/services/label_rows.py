"""Rows of an upload as judgements: an item's rows of one annotator make one submit, every problem with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from goldwork import io
from goldwork.errors import AnswerError
from goldwork.io import Source
from goldwork.io.roles import OTHERS, assign
from goldwork.services.collect import MAX_SECONDS
from goldwork.services.rows import MAX_ID, SHOWN, Problem
from goldwork.services.tables import from_iso
from goldwork.services.uploads import to_text
from goldwork.tasks.questions import ProjectForm

ROLES = ("item", "annotator", "label", "question", "seconds", "submitted_at", "kind")
KINDS = ("human", "model")


class Given(NamedTuple):
    """One annotator's answers about one item, as the file has them."""

    line: int
    item: str
    annotator: str
    answers: dict[str, Any]
    seconds: float | None
    at: int | None
    kind: str


class LabelReader:
    """Collects a file's rows into submits; keeps what is wrong with them."""

    def __init__(self, source: Source, form: ProjectForm, given: dict[str, str | None], format: str | None) -> None:
        self.source = source
        self.form = form
        self.given = given
        self.format = format or io.sniff(source)
        self.unit = io.format.get(self.format).unit
        self.columns: dict[str, str] = {}
        self.kind = "human"
        self.problems: list[Problem] = []
        self.rows = 0
        self._found: dict[tuple[str, str], Given] = {}
        self._kinds: dict[str, str] = {}
        self._questions = {question.name: question.task for question in form.questions}

    def read(self) -> Iterator[None]:
        """Go through the file, chunk by chunk."""
        for chunk in io.scan(self.source, self.format):
            chosen = assign(list(chunk.columns), self.given, self.source.at())
            self.columns = {role: column for role, column in chosen.items() if role in ROLES}
            taken = [chunk.columns[column] for column in self.columns.values()]
            purposes = chunk.columns.get("purpose", [""] * len(chunk))
            for line, purpose, *cells in zip(chunk.lines, purposes, *taken, strict=True):
                if purpose in OTHERS:  # goldwork's own export of what is no opinion among others
                    continue
                self._row(int(line), dict(zip(self.columns, cells, strict=True)))
            self.rows += len(chunk)
            yield

    def finish(self) -> list[Given]:
        """The submits, oldest first; incomplete ones are problems."""
        wrong = {problem.line for problem in self.problems}
        for one in self._found.values():
            missing = [q.name for q in self.form.questions if not q.optional and q.name not in one.answers]
            if missing and one.kind != "model" and one.line not in wrong:
                message = f"{one.annotator[:SHOWN]!r} answered no question {missing[0]!r} about this item. Add the row."
                self._wrong(one.line, "question", "", message)
        return sorted(self._found.values(), key=lambda one: (one.at or 0, one.line))

    def _row(self, line: int, cells: dict[str, Any]) -> None:
        label = cells["label"]
        if label is None or label == "" or (isinstance(label, float) and math.isnan(label)):
            return
        names = {}
        for role in ("item", "annotator"):
            names[role] = to_text(cells[role].item() if hasattr(cells[role], "item") else cells[role])
            if not names[role].strip() or len(names[role]) > MAX_ID or not names[role].isprintable():
                message = f"the {role} must have 1 to {MAX_ID} printable characters. Got {names[role][:SHOWN]!r}."
                self._wrong(line, role, names[role], message)
                return
        question = self._question(line, cells.get("question"))
        if question is None:
            return
        answer = self._answer(line, question, label)
        seconds, at = self._seconds(line, cells.get("seconds")), self._time(line, cells.get("submitted_at"))
        fresh = Given(
            line, names["item"], names["annotator"], {}, seconds, at, self._kind(line, names["annotator"], cells)
        )
        one = self._found.setdefault((fresh.item, fresh.annotator), fresh)
        if question in one.answers:
            message = (
                f"{fresh.annotator!r} judged {fresh.item!r} in {self.unit} {one.line} already. Keep one of the two."
            )
            self._wrong(line, "item", fresh.item, message)
        one.answers[question] = answer

    def _kind(self, line: int, name: str, cells: dict[str, Any]) -> str:
        """Whether a person or a model judged: one of the two for every name."""
        kind = to_text(cells.get("kind")) or self.kind
        if kind not in KINDS:
            self._wrong(line, "kind", kind, f"must be one of {', '.join(KINDS)}. Got {kind[:SHOWN]!r}.")
        elif (before := self._kinds.setdefault(name, kind)) != kind:
            message = f"{name[:SHOWN]!r} is {before} in an earlier row and {kind} here. Give each its own name."
            self._wrong(line, "kind", kind, message)
        return kind

    def _question(self, line: int, value: Any) -> str | None:
        name = to_text(value)
        if not name and len(self._questions) == 1:
            return next(iter(self._questions))
        if name in self._questions:
            return name
        if len(self._questions) == 1 and name == "label":  # how a table of one question calls it
            return next(iter(self._questions))
        listed = ", ".join(self._questions)
        self._wrong(line, "question", name, f"the project has no question {name[:SHOWN]!r}. It has: {listed}.")
        return None

    def _answer(self, line: int, question: str, label: Any) -> Any:
        """The canonical answer, in whichever way the file's cell says it: as it is, as JSON, as text."""
        task, first = self._questions[question], None
        for value in ways(label):
            try:
                task.validate(value)
            except AnswerError as error:
                first = first or error
            else:
                return task.canonical(value)
        self._wrong(line, "label", label, str(first))
        return label

    def _seconds(self, line: int, value: Any) -> float | None:
        if value is None or value == "":
            return None
        try:
            seconds = float(value)
        except (TypeError, ValueError):
            seconds = -1.0
        if math.isnan(seconds):
            return None
        if not 0 <= seconds <= MAX_SECONDS:
            self._wrong(line, "seconds", value, f"must be 0 to {MAX_SECONDS:.0f}. Got {to_text(value)[:SHOWN]}.")
        return seconds

    def _time(self, line: int, value: Any) -> int | None:
        if value is None or value == "":
            return None
        try:
            return from_iso(value) if isinstance(value, str) else int(value)
        except (ValueError, OverflowError):
            message = f"must be a time such as 2026-03-01T12:00:00Z. Got {to_text(value)[:SHOWN]!r}."
            self._wrong(line, "submitted_at", value, message)
            return None

    def _wrong(self, line: int, role: str, value: Any, message: str) -> None:
        self.problems.append(Problem(line, self.columns.get(role), to_text(value)[:SHOWN], message))


def ways(label: Any) -> Iterator[Any]:
    """What a cell may mean: itself; text as the JSON it writes, anything else as text."""
    value = label.item() if hasattr(label, "item") else label
    yield value
    if not isinstance(value, str):
        yield to_text(value)
        return
    try:
        yield msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return
