"""argilla: records as JSON, as `rg.Dataset.records.to_json` writes them.

One array of records. `responses` are lists by question, each with a value and a user's id; a suggestion is a model's
answer. The questions' settings are not in it, so what is asked follows from the values: a number is a rating, a list of
objects spans, text a label where it recurs and free text where it does not; a list of texts is a ranking where every
answer holds the same fields in changing order, and labels otherwise.

Reference: argilla 2.8, argilla/records/_resource.py, `Record.to_dict`;
docs.argilla.io/latest/how_to_guides/import_export.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from goldwork.errors import InputError
from goldwork.io.exchange import Example, exchange, streams
from goldwork.io.exchange.held import SINGLE, general, held, unsure
from goldwork.io.exchange.observed import IMAGE, AnswersOnly, Left, Parsed, Said, Speaker
from goldwork.io.exchange.streams import a_label, a_list, a_name, a_number, a_place, an_object
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.chat import Chat
from goldwork.tasks.choices import Choices
from goldwork.tasks.compare import Compare
from goldwork.tasks.questions import ProjectForm, Question
from goldwork.tasks.rank import Rank
from goldwork.tasks.rating import Rating
from goldwork.tasks.spans import Spans
from goldwork.tasks.text import Text

_BEGINS = re.compile(rb'\[\s*\{.*?"(responses|suggestions)"\s*:', re.DOTALL)


class Argilla(AnswersOnly):
    """An array of records: `fields`, `responses`, `suggestions`."""

    suffixes = (".json",)
    several = True

    def sniff(self, path: Path) -> bool:
        head = streams.head(path)
        return _BEGINS.match(head) is not None and b'"fields"' in head

    def parse(self, path: Path, left: Left) -> Iterator[Parsed]:
        for record in streams.array(path):
            told = record.value
            where = f"{record.where}, column"
            given = told.get("id") or told.get("_server_id") or record.line
            fields = {
                name: streams.shown(value) for name, value in an_object(told.get("fields"), f"{where} fields").items()
            }
            people: dict[str, dict[str, Said]] = {}
            for name, responses in an_object(told.get("responses") or {}, f"{where} responses").items():
                for number, given_response in enumerate(a_list(responses, f"{where} responses.{name}")):
                    at = f"{where} responses.{name}[{number}]"
                    response = an_object(given_response, at)
                    if response.get("status") in ("draft", "discarded"):
                        left["drafts and discarded responses are left out"] += 1
                    elif response.get("value") is not None:
                        who = response.get("user_id")
                        said = people.setdefault("" if who is None else a_name(who, f"{at}.user_id"), {})
                        if name in said:
                            raise InputError("the same user answers twice. Keep one answer.", where=at)
                        said[name] = _said(response["value"], fields, f"{at}.value")
            models: dict[str, dict[str, Said]] = {}
            for name, given_suggestion in an_object(told.get("suggestions") or {}, f"{where} suggestions").items():
                at = f"{where} suggestions.{name}"
                suggestion = an_object(given_suggestion or {}, at)
                if suggestion.get("value") is not None:
                    agent = a_name(suggestion.get("agent") or "suggestion", f"{at}.agent")
                    models.setdefault(agent, {})[name] = _said(suggestion["value"], fields, f"{at}.value")
            speakers = [Speaker(said, who, complete=False) for who, said in people.items()]
            speakers += [Speaker(said, agent, "model", complete=False) for agent, said in models.items()]
            yield Parsed(a_name(given, f"{where} id"), fields, speakers, record.where, record.line)

    def losses(self, form: ProjectForm) -> list[str]:
        kept = held(form, _unheld)
        lost = [
            *general(form, kept, _unheld),
            "Times, and that an answer is gold. Of several models' answers to a question it holds the first.",
            "Argilla calls its users by UUIDs: put them in the place of annotators' names before you load it there.",
        ]
        return lost + [f"Question {one.name}: {why}" for one in kept if (why := _lost(one.task, form))]

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        kept = held(form, _unheld)
        streams.write_array(path, (_record(example, kept) for example in examples))


exchange("argilla")(Argilla())


def _unheld(task: Any) -> str:
    if isinstance(task, Chat | Compare | Boxes):
        return f"it has no {type(task).__name__.lower()} question"
    return "it has no text in parts" if isinstance(task, Text) and task.parts else ""


def _lost(task: Any, form: ProjectForm) -> str:
    if isinstance(task, Choices):
        return SINGLE
    if isinstance(task, Text):
        return "where texts are short and recur, reading it back makes a choice of them."
    if isinstance(task, Rank):
        return "answers with ties are left out; an order that is always the same is read back as a choice of several."
    if isinstance(task, Rating):
        return "the scale is as wide as the answers."
    if isinstance(task, Spans) and len(form.fields) != 1:
        return "which field is marked is not in it: the field text, or the first one, is taken."
    return ""


def _said(value: Any, fields: dict[str, Any], where: str) -> Said:
    """A value by its shape."""
    if isinstance(value, str):
        return Said("word", value.strip())
    if not isinstance(value, list):
        return Said("number", a_number(value, where))
    if not value:
        return Said("none", [])
    if value and all(isinstance(one, dict) and {"start", "end"} <= one.keys() for one in value):
        return Said("spans", [_span(one, f"{where}[{n}]") for n, one in enumerate(value)], (_marked(fields, where),))
    names = [one.get("value") if isinstance(one, dict) else one for one in value]
    return Said("words", [a_label(name, f"{where}[{number}]") for number, name in enumerate(names)])


def _span(span: dict[str, Any], where: str) -> dict[str, Any]:
    start, end = (a_place(span[key], f"{where}.{key}") for key in ("start", "end"))
    return {"start": start, "end": end, "label": a_label(span.get("label"), f"{where}.label")}


def _marked(fields: dict[str, Any], where: str) -> str:
    """The field that spans are of: the only text, or the one called text, or the first."""
    texts = [name for name, value in fields.items() if isinstance(value, str) and not IMAGE.fullmatch(value)]
    if not texts:
        raise InputError("spans need a text, and no field is one.", where=where)
    return "text" if "text" in texts else texts[0]


def _record(example: Example, kept: list[Question]) -> dict[str, Any]:
    responses: dict[str, list[Any]] = {}
    suggestions: dict[str, Any] = {}
    for answered in example.answered:
        for question in kept:
            value = _value(question.task, answered.answers.get(question.name))
            if value is None:
                continue
            if answered.kind == "model":
                suggestions.setdefault(question.name, {"value": value, "score": None, "agent": answered.annotator})
            else:
                responses.setdefault(question.name, []).append({"value": value, "user_id": answered.annotator})
    return {
        "id": example.id,
        "fields": example.fields,
        "metadata": {},
        "suggestions": suggestions,
        "responses": responses,
        "vectors": {},
        "status": "completed" if responses else "pending",
        "_server_id": None,
    }


def _value(task: Any, answer: Any) -> Any:
    if answer is None or unsure(answer):
        return None
    if not isinstance(task, Rank):
        return answer
    return [name for [name] in answer] if all(len(group) == 1 for group in answer) else None
