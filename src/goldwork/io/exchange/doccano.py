"""doccano: one JSON object a line, as its projects for classification, sequence labelling and seq2seq export it.

`label` (or `labels`) is a list of classes, of `[start, end, class]` or of texts; `entities` holds spans, as lists or as
objects with `start_offset` and `end_offset`, and `cats` classes beside them. Offsets count Unicode code points. Who
answered is in the name of the file, which doccano makes for every annotator; the file itself holds one answer an item.
Other values that are text are fields, as doccano exports an item's metadata.

Reference: doccano.github.io/doccano/tutorial, "Import" and "Export"; doccano/backend/data_export/tests/test_task.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from goldwork.errors import InputError
from goldwork.io.exchange import Example, exchange, streams
from goldwork.io.exchange.held import SINGLE, general, held, unsure
from goldwork.io.exchange.observed import AnswersOnly, Left, Parsed, Said, Speaker
from goldwork.io.exchange.streams import a_label, a_list, a_name, a_place, a_text
from goldwork.tasks.choice import Choice
from goldwork.tasks.choices import Choices
from goldwork.tasks.questions import ProjectForm, Question
from goldwork.tasks.spans import Spans
from goldwork.tasks.text import Text

TEXT = "text"
_BEGINS = re.compile(rb'\{[^\n]*"(?:(?:label|labels|cats)"\s*:\s*[\["]|(?:start_offset|relations)"\s*:)')
"""Lists in `entities` alone are spaCy's; doccano has objects there, or `cats` beside them."""
KEYS = ("label", "labels", "entities", "cats")
OTHERS = ("id", "relations", "Comments", "comments")


class Doccano(AnswersOnly):
    """One object a line: `text` or `filename`, and `label`, `entities` or `cats`."""

    suffixes = (".jsonl",)
    several = False

    def sniff(self, path: Path) -> bool:
        head = streams.head(path)
        return _BEGINS.match(head) is not None and b'"_task_hash"' not in head and b'"answer"' not in head

    def parse(self, path: Path, left: Left) -> Iterator[Parsed]:
        for record in streams.lines(path):
            told, where = record.value, record.where
            fields = {
                name: value for name, value in told.items() if isinstance(value, str) and name not in (*KEYS, *OTHERS)
            }
            text = told.get(TEXT, "")
            said = {key: _said(told[key], text, f"{where}, column {key}") for key in KEYS if told.get(key)}
            if told.get("relations"):
                left["relations are left out"] += 1
            name = a_name(told["id"], f"{where}, column id") if told.get("id") is not None else str(record.line)
            speakers = [Speaker(said, complete=False)] if said else []
            yield Parsed(name, fields, speakers, where, record.line)

    def losses(self, form: ProjectForm) -> list[str]:
        kept = _kept(form)
        lost = [
            *general(form, kept, _unheld),
            "Annotators and times: it holds one answer an item, the first.",
            "Questions' names: they are read back as " + ", ".join(_keys(kept).values()) + ".",
            "An empty answer is read back as none.",
        ]
        for question in kept:
            if isinstance(question.task, Choices):
                lost.append(f"Question {question.name}: {SINGLE}")
            elif isinstance(question.task, Text):
                lost.append(
                    f"Question {question.name}: where texts are short and recur, they are read back as classes."
                )
            elif isinstance(question.task, Spans) and question.task.field != TEXT:
                lost.append(f"Field {question.task.field} is read back as {TEXT}.")
        return lost

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        kept = _kept(form)
        streams.write_lines(path, (_line(example, kept) for example in examples))


exchange("doccano")(Doccano())


def _unheld(task: Any) -> str:
    if isinstance(task, Text) and task.parts:
        return "it has no text in parts"
    return "" if isinstance(task, Choice | Choices | Spans | Text) else "it has classes, spans and texts only"


def _kept(form: ProjectForm) -> list[Question]:
    """One question about spans and one about classes, or one alone."""
    kept = held(form, _unheld, one_of_each=True)
    spans = [question for question in kept if isinstance(question.task, Spans)]
    classes = [question for question in kept if isinstance(question.task, Choice | Choices)]
    return [*spans, *classes[:1]] if spans else kept[:1]


def _keys(kept: list[Question]) -> dict[str, str]:
    """What holds each question's answers."""
    if len(kept) == 1:
        return {kept[0].name: "label"}
    return {question.name: "entities" if isinstance(question.task, Spans) else "cats" for question in kept}


def _said(value: Any, text: Any, where: str) -> Said:
    """What a key answers, by the shape of what it begins with."""
    value = [value] if isinstance(value, str) else a_list(value, where)
    if isinstance(value[0], str):
        return Said("lines", [a_label(one, f"{where}[{number}]") for number, one in enumerate(value)])
    spans = [_span(one, text, f"{where}[{number}]") for number, one in enumerate(value)]
    known = {(span["start"], span["end"], span["label"]): span for span in spans}
    return Said("spans", list(known.values()), (TEXT,))


def _span(given: Any, text: Any, where: str) -> dict[str, Any]:
    if isinstance(given, dict):
        given = [given.get("start_offset"), given.get("end_offset"), given.get("label")]
    if not isinstance(given, list) or len(given) != 3:
        streams.wrong("[start, end, label], or an object with start_offset, end_offset and label", given, where)
    start, end = a_place(given[0], where), a_place(given[1], where)
    if not start < end <= len(a_text(text, f"{where}: text")):
        raise InputError(
            f"a span must be 0 <= start < end <= {len(text):,}, the text's code points. Got {start} to {end}.",
            where=where,
        )
    return {"start": start, "end": end, "label": a_label(given[2], where)}


def _line(example: Example, kept: list[Question]) -> dict[str, Any]:
    fields = dict(example.fields)
    for question in kept:
        if isinstance(question.task, Spans) and question.task.field != TEXT:
            fields[TEXT] = fields.pop(question.task.field, "")
    if TEXT not in fields and fields and "filename" not in fields:
        fields = {TEXT if number == 0 else name: value for number, (name, value) in enumerate(fields.items())}
    line: dict[str, Any] = {"id": example.id, **{name: value for name, value in fields.items() if name not in KEYS}}
    for question in kept:
        answers = (answered.answers.get(question.name) for answered in example.answered)
        answer: Any = next((one for one in answers if one is not None and not unsure(one)), [])
        if isinstance(answer, str):
            answer = [answer]
        elif isinstance(question.task, Spans):
            answer = [[span["start"], span["end"], span["label"]] for span in answer]
        line[_keys(kept)[question.name]] = answer
    return line
