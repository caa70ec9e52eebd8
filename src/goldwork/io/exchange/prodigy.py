"""prodigy: one JSON object a line and answer, as `prodigy db-out` writes them.

`spans` of text, with offsets in code points and in tokens, or rectangles on the image; `options` of which some are in
`accept`; `label` accepted or rejected; `user_input`. An item's lines belong together by `id`, or by `_input_hash`; who
answered is `_annotator_id`, or `_session_id`. What was ignored is left out, and what was rejected, but for a label.

To bring an item's lines together, their places are kept in memory: some bytes a line, whatever its length.

Reference: prodi.gy/docs/api-interfaces, the JSON task format of ner_manual, choice, classification, image_manual and
text_input.
"""

from __future__ import annotations

import bisect
import datetime as dt
import hashlib
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, streams
from goldwork.io.exchange.held import general, held, unsure
from goldwork.io.exchange.image_size import image_size, size_fields
from goldwork.io.exchange.observed import AnswersOnly, Left, Parsed, Said, Speaker
from goldwork.io.exchange.streams import a_label, a_list, a_name, a_number, a_place, a_text, an_object
from goldwork.io.source import MAX_LINE, Source
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.choice import Choice
from goldwork.tasks.choices import Choices
from goldwork.tasks.questions import ProjectForm, Question
from goldwork.tasks.spans import Spans
from goldwork.tasks.text import Text

KEYS = (
    "id", "label", "answer", "spans", "tokens", "accept", "options", "meta", "config", "user_input", "relations",
    "width", "height", "path", "html_template", "input", "reject", "mapping", "arcs", "sessions", "versions", "view_id",
)  # fmt: skip
"""What is no field of the item, besides names that begin with an underscore."""
_BEGINS = re.compile(rb'\{[^\n]*?"(_task_hash|_input_hash|answer|_view_id)"\s*:')
_TOKENS = re.compile(r"\w+|[^\w\s]")
SCRIBBLE = 64 * 2**20
"""Bytes of an unpacked file that are kept in memory; more go to a temporary file."""


class Prodigy(AnswersOnly):
    """One object a line and answer."""

    suffixes = (".jsonl",)
    several = True

    def sniff(self, path: Path) -> bool:
        return _BEGINS.match(streams.head(path)) is not None

    def parse(self, path: Path, left: Left) -> Iterator[Parsed]:
        source = Source(path)
        with source.open() as packed, tempfile.SpooledTemporaryFile(SCRIBBLE) as unpacked:
            stream: IO[bytes] = packed
            if not _seekable(path):
                shutil.copyfileobj(packed, unpacked)
                unpacked.seek(0)
                stream = unpacked
            for places in _together(stream, source).values():
                records = [_record(stream, source, place, line) for place, line in places]
                yield _item(records, left)

    def losses(self, form: ProjectForm) -> list[str]:
        kept = _kept(form)
        lost = [
            *general(form, kept, _unheld),
            "Questions' names: they are read back as " + ", ".join(_name(one.task) for one in kept) + ".",
            "How long an answer took, and whether a person, a model or gold gave it.",
            "Of when it was given, fractions of a second.",
        ]
        fields = {"spans": "text", "boxes": "image"}
        for question in kept:
            if (name := fields.get(question.task.kind)) and question.task.field != name:
                lost.append(f"Field {question.task.field} is read back as {name}.")
            if isinstance(question.task, Boxes) and question.task.attributes:
                lost.append(f"Question {question.name}: attributes of boxes are lost.")
            if isinstance(question.task, Choices):
                lost.append(f"Question {question.name}: answers of one class each are read back as a choice of one.")
        return lost

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        kept = _kept(form)
        streams.write_lines(path, (line for example in examples for line in _lines(example, kept)))


exchange("prodigy")(Prodigy())


def _unheld(task: Any) -> str:
    if isinstance(task, Text) and task.parts:
        return "it has no text in parts"
    return (
        ""
        if isinstance(task, Choice | Choices | Spans | Boxes | Text)
        else "it has classes, spans, boxes and texts only"
    )


def _kept(form: ProjectForm) -> list[Question]:
    """One question of each kind; spans and boxes would stand in the same place."""
    kept: list[Question] = []
    for question in held(form, _unheld):
        if _name(question.task) not in {_name(other.task) for other in kept}:
            kept.append(question)
    return kept


def _name(task: Any) -> str:
    """What holds a task's answers."""
    if isinstance(task, Spans | Boxes):
        return "spans"
    return "user_input" if isinstance(task, Text) else "accept"


def _seekable(path: Path) -> bool:
    with path.open("rb") as raw:
        return raw.read(2) != b"\x1f\x8b"


def _together(stream: IO[bytes], source: Source) -> dict[bytes, list[tuple[int, int]]]:
    """By item, where its lines begin, and their numbers."""
    items: dict[bytes, list[tuple[int, int]]] = {}
    place = 0
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
        if line.strip(streams.BOM + streams.BLANK):
            told = _object(line, number, source)
            named = next((told[key] for key in ("id", "_input_hash") if told.get(key) is not None), number)
            key = hashlib.blake2b(msgspec.json.encode(named), digest_size=8).digest()
            items.setdefault(key, []).append((place, number))
        place += len(line)
    return items


def _record(stream: IO[bytes], source: Source, place: int, line: int) -> streams.Record:
    stream.seek(place)
    return streams.Record(_object(stream.readline(MAX_LINE), line, source), line, source.at(line))


def _object(line: bytes, number: int, source: Source) -> dict[str, Any]:
    if len(line) == MAX_LINE:
        raise InputError(f"the line is longer than {MAX_LINE:,} bytes.", where=source.at(number))
    return streams.decode(line.removeprefix(streams.BOM) if number == 1 else line, source.at(number))


def _item(records: list[streams.Record], left: Left) -> Parsed:
    first = records[0]
    fields: dict[str, Any] = {}
    sizes: dict[str, tuple[float, float]] = {}
    speakers = []
    for record in records:
        told, where = record.value, f"{record.where}, column"
        fields = {
            name: streams.shown(one) for name, one in told.items() if name not in KEYS and name[:1] != "_"
        } | fields
        if "width" in told and "height" in told and isinstance(told.get("image"), str):
            sides = [a_number(told[side], f"{where} {side}") for side in ("width", "height")]
            sizes = {"image": (sides[0], sides[1])}
        answer = told.get("answer")
        if answer not in ("accept", "reject", "ignore", None):
            streams.wrong("accept, reject or ignore", answer, f"{where} answer")
        said = {} if answer in ("ignore", None) else _said(told, answer == "accept", fields, where)
        if said:
            at = told.get("_timestamp")
            when = None if at is None else _time(a_number(at, f"{where} _timestamp"), f"{where} _timestamp")
            speakers.append(Speaker(said, _annotator(told, where), submitted_at=when, complete=False))
        elif answer is not None:
            left["ignored lines are left out, and rejected ones"] += 1
    value = first.value
    named = next((value[key] for key in ("id", "_input_hash") if value.get(key) is not None), first.line)
    name = a_name(named, f"{first.where}, column id")
    return Parsed(
        name, fields | size_fields(*sizes.values()), _merged(speakers, first.where), first.where, first.line, sizes
    )


def _merged(speakers: list[Speaker], where: str) -> list[Speaker]:
    """One for each annotator: lines that answer different questions are put together."""
    merged: dict[str, Speaker] = {}
    for speaker in speakers:
        before = merged.get(speaker.annotator)
        if before is None:
            merged[speaker.annotator] = speaker
        elif twice := sorted(before.said.keys() & speaker.said.keys()):
            raise InputError(
                f"{speaker.annotator or 'somebody'} answers {twice[0]!r} about this item twice. Keep one line.",
                where=where,
            )
        else:
            merged[speaker.annotator] = msgspec.structs.replace(before, said=before.said | speaker.said)
    return list(merged.values())


def _annotator(told: dict[str, Any], where: str) -> str:
    who = next((told[key] for key in ("_annotator_id", "_session_id") if told.get(key) is not None), None)
    return "" if who is None else a_name(who, f"{where} _annotator_id")


def _time(seconds: float, where: str) -> str:
    try:
        return dt.datetime.fromtimestamp(int(seconds), dt.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        streams.wrong("seconds since 1970", seconds, where)


def _said(told: dict[str, Any], accepted: bool, fields: dict[str, Any], where: str) -> dict[str, Said]:
    """The answers of one line by question."""
    said: dict[str, Said] = {}
    if "options" not in told and isinstance(told.get("label"), str):
        said[a_label(told["label"], f"{where} label")] = Said("classes", ["accept" if accepted else "reject"])
    if not accepted:
        return said
    if told.get("options") is not None or told.get("accept") is not None:
        options = a_list(told.get("options") or [], f"{where} options")
        known = {a_name(an_object(one, f"{where} options").get("id"), f"{where} options.id") for one in options}
        chosen = [a_name(one, f"{where} accept") for one in a_list(told.get("accept") or [], f"{where} accept")]
        if strange := [one for one in chosen if known and one not in known]:
            streams.wrong(f"one of the options {', '.join(sorted(known)[:10])}", strange[0], f"{where} accept")
        said["accept"] = Said("classes", [one.strip() for one in chosen])
    if isinstance(told.get("user_input"), str) and told["user_input"].strip():
        said["user_input"] = Said("text", told["user_input"])
    if told.get("spans") is not None:
        given = a_list(told["spans"], f"{where} spans")
        spans = [an_object(one, f"{where} spans[{number}]") for number, one in enumerate(given)]
        if isinstance(fields.get("image"), str):
            boxes = [_box(one, f"{where} spans[{number}]") for number, one in enumerate(spans) if _is_box(one)]
            said["spans"] = Said("boxes", boxes, ("image",))
        else:
            text = a_text(fields.get("text"), f"{where} text")
            read = [_span(one, told, text, f"{where} spans[{number}]") for number, one in enumerate(spans)]
            known_spans = {(span["start"], span["end"], span["label"]): span for span in read}
            said["spans"] = Said("spans", list(known_spans.values()), ("text",))
    return said


def _is_box(span: dict[str, Any]) -> bool:
    return bool(span.get("type", "rect") == "rect")


def _box(span: dict[str, Any], where: str) -> dict[str, Any]:
    """A rectangle by its sides, or by its corners, which older versions give alone."""
    label = a_label(span.get("label"), f"{where}.label")
    if "x" in span:
        sides = {side: a_number(span.get(side), f"{where}.{side}") for side in ("x", "y", "width", "height")}
        return sides | {"label": label}
    corners = [a_list(point, f"{where}.points") for point in a_list(span.get("points"), f"{where}.points")]
    if len(corners) < 2 or any(len(corner) != 2 for corner in corners):
        streams.wrong("corners [x, y]", corners, f"{where}.points")
    across, down = ([a_number(corner[axis], f"{where}.points") for corner in corners] for axis in (0, 1))
    left, top = min(across), min(down)
    return {"x": left, "y": top, "width": max(across) - left, "height": max(down) - top, "label": label}


def _span(span: dict[str, Any], told: dict[str, Any], text: str, where: str) -> dict[str, Any]:
    """By its characters; by its tokens where these are all there is."""
    places = [span.get("start"), span.get("end")]
    if places == [None, None]:
        tokens = a_list(told.get("tokens"), f"{where}: tokens")
        first, last = (a_place(span.get(key), f"{where}.{key}") for key in ("token_start", "token_end"))
        if not first <= last < len(tokens):
            streams.wrong(f"tokens 0 to {len(tokens) - 1}", [first, last], where)
        places = [an_object(tokens[first], where).get("start"), an_object(tokens[last], where).get("end")]
    start, end = (a_place(place, where) for place in places)
    if not start < end <= len(text):
        raise InputError(
            f"a span must be 0 <= start < end <= {len(text):,}, the text's length. Got {start} to {end}.", where=where
        )
    return {"start": start, "end": end, "label": a_label(span.get("label"), f"{where}.label")}


def _lines(example: Example, kept: list[Question]) -> Iterator[dict[str, Any]]:
    fields = dict(example.fields)
    for question in kept:
        name = {"spans": "text", "boxes": "image"}.get(question.task.kind)
        if name and question.task.field != name:
            fields[name] = fields.pop(question.task.field, "")
    item = {"id": example.id} | {name: value for name, value in fields.items() if name not in KEYS}
    if (size := image_size(example)) is not None:
        item |= {"width": size[0], "height": size[1]}
    item["_input_hash"] = int.from_bytes(
        hashlib.blake2b(example.id.encode(), digest_size=4).digest(), "big", signed=True
    )
    said = [_answer(answered, kept, str(fields.get("text", ""))) for answered in example.answered]
    lines = [line for line in said if line]
    for line in lines or [{}]:
        line_hash = hashlib.blake2b(msgspec.json.encode(line | {"item": example.id}), digest_size=4).digest()
        yield item | {"_task_hash": int.from_bytes(line_hash, "big", signed=True)} | line


def _answer(answered: Answered, kept: list[Question], text: str) -> dict[str, Any]:
    """What one line says beside the item; nothing where none of the questions was answered."""
    line: dict[str, Any] = {}
    for question in kept:
        task, answer = question.task, answered.answers.get(question.name)
        if answer is None or unsure(answer):
            continue
        if isinstance(task, Choice | Choices):
            line["options"] = [{"id": one.value, "text": one.label or one.value} for one in task.classes]
            line["accept"] = [answer] if isinstance(answer, str) else answer
        elif isinstance(task, Spans):
            line |= _spans(answer, text)
        elif isinstance(task, Boxes):
            line["spans"] = [_rectangle(box) for box in answer]
        else:
            line["user_input"] = answer
    if not line:
        return {}
    who = {"_annotator_id": answered.annotator, "_session_id": answered.annotator} if answered.annotator else {}
    return line | {"answer": "accept"} | _stamp(answered.submitted_at) | who


def _stamp(when: str | None) -> dict[str, int]:
    if when is None:
        return {}
    try:
        return {"_timestamp": int(dt.datetime.fromisoformat(when).timestamp())}
    except (ValueError, OverflowError):
        raise InputError(f"a time as 2026-01-31T12:00:00+00:00 is needed. Got {when!r}.") from None


def _spans(spans: list[dict[str, Any]], text: str) -> dict[str, Any]:
    """The text's tokens, cut where spans begin and end, and the spans with theirs."""
    cuts = sorted({place for span in spans for place in (span["start"], span["end"])})
    tokens: list[dict[str, Any]] = []
    for found in _TOKENS.finditer(text):
        inside = cuts[bisect.bisect_right(cuts, found.start()) : bisect.bisect_left(cuts, found.end())]
        edges = [found.start(), *inside, found.end()]
        tokens += [{"start": start, "end": end} for start, end in itertools.pairwise(edges)]
    for number, token in enumerate(tokens):
        after = text[token["end"] : token["end"] + 1]
        token |= {"text": text[token["start"] : token["end"]], "id": number, "ws": after == " "}
    starts, ends = ([token[edge] for token in tokens] for edge in ("start", "end"))
    told = []
    for span in spans:
        first = bisect.bisect_left(starts, span["start"])
        last = bisect.bisect_right(ends, span["end"]) - 1
        at = {"token_start": first, "token_end": last} if first <= last else {}
        told.append({"start": span["start"], "end": span["end"], **at, "label": span["label"]})
    return {"tokens": tokens, "spans": told}


def _rectangle(box: dict[str, Any]) -> dict[str, Any]:
    x, y, wide, high = (box[side] for side in ("x", "y", "width", "height"))
    return {
        "x": x, "y": y, "width": wide, "height": high, "center": [x + wide / 2, y + high / 2], "type": "rect",
        "points": [[x, y], [x, y + high], [x + wide, y + high], [x + wide, y]], "label": box["label"],
    }  # fmt: skip
