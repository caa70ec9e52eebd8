"""label-studio: the JSON export of tasks with annotations and predictions.

One array of tasks. Read are choices, taxonomy, rating, number, textarea, labels on text, rectanglelabels, pairwise and
ranker; a prediction is a model's answer, `ground_truth` makes gold, a cancelled annotation is left out. Boxes are in
percent of the image. Offsets count Unicode code points since version 1.5 and counted UTF-16 units before (pull request
308 of label-studio-frontend); the text of a region, which is in the file, tells which.

Reference: labelstud.io/guide/export.html, "Label Studio JSON format of annotated tasks".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from goldwork.io.exchange import Answered, Example, exchange, streams
from goldwork.io.exchange.held import SINGLE, general, held
from goldwork.io.exchange.image_size import image_size, size_fields
from goldwork.io.exchange.label_studio_results import Data, Task, list_key, pixels, read, results_of, write
from goldwork.io.exchange.observed import IMAGE, AnswersOnly, Left, Parsed, Speaker
from goldwork.io.exchange.streams import a_list, a_name, a_number, a_text, an_object
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.chat import Chat
from goldwork.tasks.choices import Choices
from goldwork.tasks.compare import Compare
from goldwork.tasks.questions import ProjectForm, Question
from goldwork.tasks.rank import Rank
from goldwork.tasks.rating import Rating
from goldwork.tasks.text import Text

_BEGINS = re.compile(rb'\[\s*\{.*?"(annotations|completions|predictions)"\s*:', re.DOTALL)
_ADDRESS = re.compile(r"(?:[a-z0-9]+:/)?/.*?([^/?#=]+)(?:[?#].*)?", re.IGNORECASE)


class LabelStudio(AnswersOnly):
    """An array of tasks: `data`, `annotations` with `result`s, `predictions`."""

    suffixes = (".json",)
    several = True

    def sniff(self, path: Path) -> bool:
        head = streams.head(path)
        return _BEGINS.match(head) is not None and b'"data"' in head

    def parse(self, path: Path, left: Left) -> Iterator[Parsed]:
        for record in streams.array(path):
            told = record.value
            where = f"{record.where}, column"
            meta = told.get("meta")
            named = meta.get("goldwork_id") if isinstance(meta, dict) else None
            given = named if named is not None else told.get("id")
            identifier = str(record.line) if given is None else a_name(given, f"{where} id")
            fields, lists = _fields(an_object(told.get("data"), f"{where} data"))
            task = Task({name: value for name, value in fields.items() if value != ""}, lists)
            speakers: list[Speaker] = []
            sizes: dict[str, tuple[float, float]] = {}
            for key in ("annotations", "completions", "predictions"):
                for number, given in enumerate(a_list(told.get(key) or [], f"{where} {key}")):
                    at = f"{where} {key}[{number}]"
                    if not isinstance(given, dict) and isinstance(given, int):
                        left[f"{key} that are only numbers are left out: export them complete"] += 1
                        continue
                    annotation = an_object(given, at)
                    if annotation.get("was_cancelled") or annotation.get("skipped"):
                        left["cancelled annotations are left out"] += 1
                        continue
                    results = a_list(annotation.get("result") or [], f"{at}.result")
                    said = read(results, task, left, f"{at}.result")
                    sizes |= _sizes(results, task, f"{at}.result")
                    speakers.append(_speaker(annotation, key == "predictions", said, at))
            yield Parsed(identifier, fields | size_fields(*sizes.values()), speakers, record.where, record.line, sizes)

    def losses(self, form: ProjectForm) -> list[str]:
        kept = held(form, _unheld)
        return general(form, kept, _unheld) + [
            f"Question {question.name}: {lost}" for question in kept if (lost := _lost(question.task))
        ]

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        kept = held(form, _unheld)
        numbers = itertools.count(1)
        streams.write_array(path, (_task(example, number, kept, numbers) for number, example in enumerate(examples, 1)))


exchange("label-studio")(LabelStudio())


def _unheld(task: Any) -> str:
    if isinstance(task, Chat):
        return "it has no answers that are turns of a conversation"
    return "it has no text in parts" if isinstance(task, Text) and task.parts else ""


def _lost(task: Any) -> str:
    if isinstance(task, Compare):
        parts = ["ties are left out"] + ["how strong a preference is is lost"] * bool(task.strength)
        return "; ".join(parts + ["attributes are lost"] * bool(task.attributes)) + "."
    if isinstance(task, Choices):
        return SINGLE
    if isinstance(task, Boxes) and task.attributes:
        return "attributes of boxes are lost."
    if isinstance(task, Rank):
        return "whether all are ordered or only the best or the ends picked is lost."
    return "the scale is as wide as the answers." if isinstance(task, Rating) else ""


def _fields(data: Data) -> tuple[Data, dict[str, dict[str, str]]]:
    """The fields of a task's data; a list that may be ranked becomes a field for each of its entries.

    The fields are called by the entries' ids where these are their titles, too, and by their places otherwise.
    """
    fields: Data = {}
    lists: dict[str, dict[str, str]] = {}
    for key, value in data.items():
        entries = value if isinstance(value, list) and value and all(map(_is_entry, value)) else None
        if entries is None:
            fields[key] = _image_name(streams.shown(value))
            continue
        named = all(entry["id"] == entry.get("title") for entry in entries)
        lists[key] = {}
        for number, entry in enumerate(entries, 1):
            name = entry["id"] if named else f"{key} {number}"
            lists[key][str(entry["id"])] = name
            parts = [entry.get("body"), entry.get("html")] if named else [entry.get("title"), entry.get("body")]
            fields[name] = "\n".join(part for part in parts if isinstance(part, str) and part)
    return fields, lists


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not {"title", "body", "html"} & entry.keys():
        return False
    return isinstance(entry.get("id"), str) or type(entry.get("id")) is int


def _image_name(value: Any) -> Any:
    """Of an image's address the file's name: goldwork fetches nothing."""
    if not isinstance(value, str) or value.startswith("data:") or not IMAGE.fullmatch(value):
        return value
    found = _ADDRESS.fullmatch(value.split("?d=")[-1] if "?d=" not in value else "/" + value.split("?d=")[-1])
    return found[1] if found else value


def _sizes(results: list[Any], task: Task, where: str) -> dict[str, tuple[float, float]]:
    return {
        task.field(result, True, where): pixels(result, task.data, where)
        for result in results
        if result.get("type") == "rectanglelabels"
    }


def _speaker(annotation: Data, model: bool, said: dict[str, Any], where: str) -> Speaker:
    seconds, at = annotation.get("lead_time"), annotation.get("created_at")
    return Speaker(
        said,
        _annotator(annotation, model, where),
        "model" if model else "gold" if annotation.get("ground_truth") is True else "human",
        None if seconds is None or model else a_number(seconds, f"{where}.lead_time"),
        None if at is None or model else a_text(at, f"{where}.created_at"),
        complete=not model,
    )


def _annotator(annotation: Data, model: bool, where: str) -> str:
    if model:
        return str(annotation.get("model_version") or "prediction")[:200]
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("username") or who.get("id")
    return "" if who is None else a_name(who, f"{where}.completed_by")


def _task(example: Example, number: int, kept: list[Question], numbers: Iterator[int]) -> Data:
    data: Data = dict(example.fields)
    for question in kept:
        if isinstance(question.task, Rank):
            data[list_key(question)] = [
                {"id": name, "title": name, "body": example.fields[name]}
                for name in question.task.fields
                if example.fields.get(name)
            ]
    whole = example.id.isdecimal() and example.id.isascii() and len(example.id) < 10 and example.id[0] != "0"
    task: Data = {"id": int(example.id) if whole else number, "data": data}
    if not whole:
        task["meta"] = {"goldwork_id": example.id}
    task["annotations"] = [
        _annotation(answered, example, kept, next(numbers)) for answered in example.answered if answered.kind != "model"
    ]
    task["predictions"] = [
        {"model_version": answered.annotator, "result": _results(answered, example, kept)}
        for answered in example.answered
        if answered.kind == "model"
    ]
    return task


def _annotation(answered: Answered, example: Example, kept: list[Question], number: int) -> Data:
    who = answered.annotator
    whole = who.isdecimal() and who.isascii() and len(who) < 10 and who[0] != "0"
    by: Data = {"completed_by": int(who) if whole else {"email": who}} if who else {}
    times = {"lead_time": answered.seconds, "created_at": answered.submitted_at}
    return {
        "id": number,
        **by,
        "result": _results(answered, example, kept),
        "was_cancelled": False,
        "ground_truth": answered.kind == "gold",
        **{key: value for key, value in times.items() if value is not None},
    }


def _results(answered: Answered, example: Example, kept: list[Question]) -> list[Data]:
    fields = {name: value for name, value in example.fields.items() if value != ""}
    asked = (question for question in kept if question.name in answered.answers)
    size = image_size(example)
    return results_of(write(question, answered.answers[question.name], fields, size) for question in asked)
