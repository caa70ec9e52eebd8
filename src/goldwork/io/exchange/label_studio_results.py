"""What one `result` of Label Studio says, and how an answer is written as results.

Reference: labelstud.io/tags, a page for each tag, "Sample Results JSON".
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterator
from typing import Any

from goldwork.errors import InputError
from goldwork.io.exchange.held import unsure
from goldwork.io.exchange.image_size import SIZE
from goldwork.io.exchange.observed import IMAGE, Left, Said
from goldwork.io.exchange.streams import a_label, a_list, a_name, a_number, a_place, a_text, an_object, wrong
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.choice import Choice
from goldwork.tasks.choices import Choices
from goldwork.tasks.classes import path
from goldwork.tasks.compare import Compare
from goldwork.tasks.questions import Question
from goldwork.tasks.rank import Rank
from goldwork.tasks.rating import Rating
from goldwork.tasks.spans import Spans

Data = dict[str, Any]
SIDES = {"left": "first", "right": "second"}
MOST_STARS = 20


class Task:
    """A task's data while its results are read: which field a result is about."""

    def __init__(self, data: Data, lists: dict[str, dict[str, str]]) -> None:
        self.data = data
        self.lists = lists
        """By the data's key, the lists that are ranked: the fields that their entries became, by the entries' ids."""
        self._halves: dict[str, list[int]] = {}

    def field(self, result: Data, image: bool, where: str) -> str:
        """By the result's source, by the tag's name, or the only one that it can be."""
        source, tag = result.get("source"), result.get("to_name")
        if isinstance(source, str) and source.removeprefix("$") in self.data:
            return source.removeprefix("$")
        if isinstance(tag, str) and tag in self.data:
            return tag
        texts = {name: value for name, value in self.data.items() if isinstance(value, str) and name not in SIZE}
        fitting = [name for name, value in texts.items() if bool(IMAGE.fullmatch(value)) == image]
        for names in (fitting, list(texts)):
            if len(names) == 1:
                return names[0]
        kept = ", ".join(texts) or "none"
        raise InputError(
            f"which field of the data {tag!r} shows is not in the file. There are: {kept}. Call the tag as its field, "
            "or say source: $field in the result.",
            where=where,
        )

    def second_halves(self, field: str) -> list[int]:
        """Where the text's UTF-16 has the second units of characters that take two."""
        if field not in self._halves:
            wide = (place for place, letter in enumerate(self.data[field]) if letter > "\uffff")
            self._halves[field] = [place + number for number, place in enumerate(wide, 1)]
        return self._halves[field]

    def pair(self, result: Data, where: str) -> tuple[str, str]:
        """The two fields that are compared."""
        for told in (result.get("source"), result.get("to_name")):
            names = [name.strip().removeprefix("$") for name in told.split(",")] if isinstance(told, str) else []
            if len(names) == 2 and names[0] != names[1] and all(name in self.data for name in names):
                return names[0], names[1]
        strings = {name: value for name, value in self.data.items() if isinstance(value, str) and name not in SIZE}
        texts = [name for name, value in strings.items() if not IMAGE.fullmatch(value)] or list(strings)
        if len(texts) != 2:
            raise InputError(
                f"which two fields are compared is not in the file. There are: {', '.join(texts) or 'none'}. "
                "Say source: $first,$second in the result.",
                where=where,
            )
        return texts[0], texts[1]


def read(results: list[Any], task: Task, left: Left, where: str) -> dict[str, Said]:
    """The answers of one annotation, by question."""
    said: dict[str, Said] = {}
    for number, given in enumerate(results):
        at = f"{where}[{number}]"
        result = an_object(given, at)
        kind = str(result.get("type"))[:40]
        known = kind in READERS
        name = a_label(result.get("from_name"), f"{at}.from_name") if known else ""
        value = an_object(result.get("value"), f"{at}.value") if known else {}
        if kind == "choices" and ("x" in value or "start" in value):
            known, kind = False, "choices about single regions"
        if not known:
            left[f"results of type {kind} are left out"] += 1
            continue
        answer = READERS[kind](result, value, task, left, f"{at}.value")
        if answer is None:
            continue
        before = said.get(name)
        more = before is not None and (before.kind, before.fields) == (answer.kind, answer.fields)
        if before is not None and more and before.kind in ("spans", "boxes", "classes", "paths"):
            before.value.extend(answer.value)
        else:
            said[name] = answer
    return {name: _unique(answer) for name, answer in said.items()}


def _unique(answer: Said) -> Said:
    if answer.kind != "spans":
        return answer
    known = {(span["start"], span["end"], span["label"]): span for span in answer.value}
    return Said("spans", list(known.values()), answer.fields)


def _labels(value: Data, key: str, where: str) -> list[str]:
    listed = a_list(value.get(key, []), f"{where}.{key}")
    return [a_label(label, f"{where}.{key}[{n}]") for n, label in enumerate(listed)]


def _choices(result: Data, value: Data, task: Task, left: Left, where: str) -> Said:
    return Said("classes", _labels(value, "choices", where))


def _taxonomy(result: Data, value: Data, task: Task, left: Left, where: str) -> Said:
    paths = a_list(value.get("taxonomy"), f"{where}.taxonomy")
    read = [[a_label(one, f"{where}.taxonomy[{n}]") for one in a_list(p, where)] for n, p in enumerate(paths)]
    return Said("paths", [p for p in read if p])


def _number(result: Data, value: Data, task: Task, left: Left, where: str) -> Said:
    key = str(result["type"])
    return Said("number", a_number(value.get(key), f"{where}.{key}"))


def _textarea(result: Data, value: Data, task: Task, left: Left, where: str) -> Said | None:
    text = value.get("text")
    parts = [text] if isinstance(text, str) else a_list(text, f"{where}.text")
    joined = "\n".join(a_text(part, f"{where}.text[{n}]") for n, part in enumerate(parts))
    return Said("text", joined) if joined.strip() else None


def _pairwise(result: Data, value: Data, task: Task, left: Left, where: str) -> Said:
    side = value.get("selected")
    if not isinstance(side, str) or side not in SIDES:
        wrong("left or right", side, f"{where}.selected")
    return Said("pair", SIDES[side], task.pair(result, where))


def _ranker(result: Data, value: Data, task: Task, left: Left, where: str) -> Said | None:
    buckets = an_object(value.get("ranker"), f"{where}.ranker")
    fields = task.lists.get(str(result.get("to_name")), {})
    if len(task.lists) == 1:
        [fields] = task.lists.values()
    names = [name for name in buckets if name != "_"]
    numbered = bool(names) and all(name.isascii() and name.isdecimal() and len(name) < 5 for name in names)
    if numbered:
        groups = [buckets[name] for name in sorted(names, key=int)]
    elif names == [result["from_name"]] or list(buckets) == ["_"]:
        groups = [[one] for one in a_list(next(iter(buckets.values())), f"{where}.ranker")]
    else:
        left["rankers with buckets are left out: which bucket is better is not in the file"] += 1
        return None
    read = [[a_name(one, f"{where}.ranker") for one in a_list(group, f"{where}.ranker")] for group in groups]
    if unknown := [one for group in read for one in group if one not in fields]:
        raise InputError(f"no list of the data has an entry with this id. Got {unknown[0]!r}.", where=f"{where}.ranker")
    return Said("order", [[fields[one] for one in group] for group in read if group])


def _spans(result: Data, value: Data, task: Task, left: Left, where: str) -> Said | None:
    if "original_length" in result or "channel" in value:
        left["results of type labels about audio are left out"] += 1
        return None
    field = task.field(result, False, where)
    text = task.data[field]
    start, end = (a_place(value.get(key), f"{where}.{key}") for key in ("start", "end"))
    marked = value.get("text")
    if isinstance(text, str):
        if (isinstance(marked, str) and text[start:end] != marked) or end > len(text):
            start, end = _code_points(task, field, start, end, marked)
        if not start < end <= len(text):
            raise InputError(
                f"a span must be 0 <= start < end <= {len(text):,}, the text's length. Got {start} to {end}.",
                where=where,
            )
    return Said(
        "spans", [{"start": start, "end": end, "label": one} for one in _labels(value, "labels", where)], (field,)
    )


def _code_points(task: Task, field: str, start: int, end: int, marked: Any) -> tuple[int, int]:
    """Offsets that count UTF-16 units as ones that count code points, where the marked text says that they do."""
    text, seconds = task.data[field], task.second_halves(field)
    before = [bisect.bisect_left(seconds, place) for place in (start, end)]
    if any(seconds[count : count + 1] == [place] for count, place in zip(before, (start, end), strict=True)):
        return start, end
    first, last = start - before[0], end - before[1]
    same = text[first:last] == marked or (marked is None and end <= len(text) + len(seconds))
    return (first, last) if same else (start, end)


def _boxes(result: Data, value: Data, task: Task, left: Left, where: str) -> Said:
    wide, high = pixels(result, task.data, where.removesuffix(".value"))
    x, y, width, height = (a_number(value.get(key), f"{where}.{key}") for key in ("x", "y", "width", "height"))
    x, width, y, height = x * wide / 100, width * wide / 100, y * high / 100, height * high / 100
    if turn := a_number(value.get("rotation") or 0, f"{where}.rotation"):
        left["a rotated box is read as the upright box around it"] += 1
        sine, cosine = math.sin(math.radians(turn)), math.cos(math.radians(turn))
        across = (0, width * cosine, -height * sine, width * cosine - height * sine)
        down = (0, width * sine, height * cosine, width * sine + height * cosine)
        x, width = x + min(across), max(across) - min(across)
        y, height = y + min(down), max(down) - min(down)
    right, bottom = min(x + width, wide), min(y + height, high)
    x, y = max(x, 0), max(y, 0)
    sides = {"x": x, "y": y, "width": right - x, "height": bottom - y}
    field = task.field(result, True, where)
    return Said("boxes", [sides | {"label": one} for one in _labels(value, "rectanglelabels", where)], (field,))


def pixels(result: Data, data: Data, where: str) -> tuple[float, float]:
    """The image's width and height, by the result or by the task's data. Raises InputError where neither says them."""
    named = zip(("original_width", "original_height"), SIZE, strict=True)
    told = [result.get(of_result, data.get(of_data)) for of_result, of_data in named]
    if None in told:
        raise InputError(
            "the image's size is needed, because boxes are in percent of it: original_width and original_height in the "
            f"result, or {' and '.join(SIZE)} in the task's data.",
            where=where,
        )
    sizes = [
        float(one) if isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 8 else one for one in told
    ]
    wide, high = (a_number(one, f"{where}.original_width and original_height") for one in sizes)
    return (wide, high) if min(wide, high) > 0 else wrong("numbers above 0", told, f"{where}.original_width")


READERS = {
    "choices": _choices,
    "taxonomy": _taxonomy,
    "rating": _number,
    "number": _number,
    "textarea": _textarea,
    "pairwise": _pairwise,
    "ranker": _ranker,
    "labels": _spans,
    "rectanglelabels": _boxes,
}


def write(question: Question, answer: Any, fields: Data, size: tuple[float, float] | None) -> list[Data]:
    """An answer as results, without their ids."""
    task = question.task
    if answer is None or unsure(answer):
        return []
    first = next(iter(fields), "")
    if isinstance(task, Spans):
        text = fields.get(task.field)
        return [_result(question, "labels", _marked(span, text), task.field) for span in answer]
    if isinstance(task, Boxes):
        return [_box(question, box, task.field, size) for box in answer]
    if isinstance(task, Compare):
        side = _side(task, answer)
        found = _result(question, "pairwise", {"selected": side}, question.name, ",$".join(task.fields))
        return [found] if side else []
    if isinstance(task, Rank):
        single = all(len(group) == 1 for group in answer)
        buckets = {str(n): group for n, group in enumerate(answer, 1)}
        order = {question.name: list(itertools.chain.from_iterable(answer))}
        return [_result(question, "ranker", {"ranker": order if single else buckets}, list_key(question), "")]
    if isinstance(task, Rating):
        stars = task.step == 1 and task.low == int(task.low) >= 0 and task.high <= MOST_STARS
        kind = "rating" if stars else "number"
        return [_result(question, kind, {kind: answer}, first)]
    if isinstance(task, Choice | Choices):
        chosen = [answer] if isinstance(answer, str) else answer
        if any(one.parent for one in task.classes):
            return [_result(question, "taxonomy", {"taxonomy": [path(one, task.classes) for one in chosen]}, first)]
        return [_result(question, "choices", {"choices": chosen}, first)]
    return [_result(question, "textarea", {"text": [answer]}, first)]


def list_key(question: Question) -> str:
    """What the list that is ranked is called in a task's data; tags need names of their own."""
    return f"{question.name}_list"


def _result(question: Question, kind: str, value: Data, shows: str, source: str | None = None) -> Data:
    told = shows if source is None else source
    names = {"from_name": question.name, "to_name": shows or question.name}
    return names | ({"source": f"${told}"} if told else {}) | {"type": kind, "value": value}


def _marked(span: Data, text: Any) -> Data:
    piece = {"text": text[span["start"] : span["end"]]} if isinstance(text, str) else {}
    return {"start": span["start"], "end": span["end"], **piece, "labels": [span["label"]]}


def _side(task: Compare, answer: Any) -> str | None:
    value = task.value(answer)
    if task.strength:
        value = "first" if value < 0 else "second" if value > 0 else "tie"
    return {side: known for known, side in SIDES.items()}.get(value)


def _box(question: Question, box: Data, field: str, size: tuple[float, float] | None) -> Data:
    if size is None:
        raise InputError(
            f"the size of the image in field {field} is not known, and boxes are written in percent of it. "
            f"Give it in pixels in the fields {' and '.join(SIZE)}."
        )
    wide, high = size
    percent = {"x": box["x"] * 100 / wide, "y": box["y"] * 100 / high}
    percent |= {"width": box["width"] * 100 / wide, "height": box["height"] * 100 / high, "rotation": 0}
    result = _result(question, "rectanglelabels", percent | {"rectanglelabels": [box["label"]]}, field)
    return {"original_width": wide, "original_height": high, "image_rotation": 0} | result


def results_of(each: Iterator[list[Data]]) -> list[Data]:
    """The results of one annotation, with ids."""
    flat = itertools.chain.from_iterable(each)
    return [{"id": f"r{number}"} | result for number, result in enumerate(flat, 1)]
