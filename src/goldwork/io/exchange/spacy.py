"""spacy: spans as spaCy's entities, in either of its forms.

JSON Lines, one text a line: `{"id": "7", "text": "and aspirin", "entities": [[4, 11, "DRUG"]]}`, with half-open offsets
in code points, which are goldwork's own. Lines such as `["and aspirin", {"entities": [[4, 11, "DRUG"]]}]`, spaCy 2's
training data, are read, too. A line without `entities` is an item that nobody has answered.

A file whose name ends in `.spacy` is written as a DocBin, which `spacy train` takes as it is (see `docbin`). It holds
words: made by a rule (see `tokens`), spans grow to whole words, and of those that then overlap the one of most words is
held; whether nobody has answered an empty text is not. Which of the two a file is, is told by its bytes.

- https://spacy.io/api/data-formats
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Example, docbin, exchange
from goldwork.io.exchange.drawn import answered, drawing, fitting, form_of, once
from goldwork.io.exchange.held import Held, held_one, losses
from goldwork.io.exchange.tokens import marked, words
from goldwork.io.source import MAX_LINE, Source, replacing
from goldwork.tasks.classes import MAX_CLASSES, Class
from goldwork.tasks.questions import ProjectForm
from goldwork.tasks.spans import MOST, Spans

PACKED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How zlib begins, and so a DocBin."""
LOOKED_AT = 20
"""Lines."""
OTHERS = {"label", "labels", "spans", "relations", "answer", "meta"}
"""Names that doccano's and Prodigy's lines have."""


class _Told(msgspec.Struct):
    """One text as it is read, where it began, and its spans; None: nobody has said any."""

    text: str
    spans: list[dict[str, Any]] | None
    line: int
    where: str
    item: str = ""


class Spacy:
    """Lines of texts with entities, or a DocBin."""

    suffixes = (".jsonl", ".spacy")
    several = False

    def sniff(self, path: Path) -> bool:
        """Whether it is a DocBin, or its lines have texts with entities as triples."""
        if path.is_dir():
            return False
        with contextlib.suppress(InputError):
            head = Source(path).head()
            if head[:2] in PACKED:
                return True
            lines = head.split(b"\n")[:LOOKED_AT]
            whole = lines[:-1] if len(lines) > 1 else lines
            told = [_of_this_form(line) for line in whole if line.strip()]
            return bool(told) and all(told)
        return False

    def form(self, path: Path) -> dict[str, Any]:
        """Spans of the labels that occur, in alphabetical order; they may overlap where some do."""
        task = _task(path)
        return form_of("spans", task.classes, overlap=task.overlap)

    def read(self, path: Path) -> Iterator[Example]:
        """An example a line, or a document of the DocBin. Those without identifiers are numbered."""
        task = _task(path)
        yield from once(
            Example(
                one.item or str(number),
                {"text": one.text},
                () if one.spans is None else answered("spans", fitting(task, one.spans, one.where, {"text": one.text})),
                one.line,
            )
            for number, one in enumerate(_all(path), 1)
        )

    def losses(self, form: ProjectForm) -> list[str]:
        """What spaCy's entities have no place for."""
        said = losses(form, held_one(form, Spans), unused=False)
        said.append("Whether spans may overlap is not held: it is taken from whether some do.")
        said.append(
            "In .spacy, a span grows to whole words, spaces at its ends are left out, and of spans that overlap "
            "the one of most words is held. In .jsonl, all are held as they are."
        )
        return said

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        """A DocBin where the name ends in `.spacy`, lines otherwise."""
        holds = held_one(form, Spans)
        told = ((example, holds.field(example)) for example in once(examples))
        with replacing(path) as stream:
            try:
                if path.suffix == ".spacy":
                    docbin.write(stream, (_document(example, text, holds) for example, text in told))
                    return
                for example, text in told:
                    line: dict[str, Any] = {"id": example.id, "text": text}
                    spans = holds.answer(example, {holds.task.field: text})
                    if spans is not None:
                        line["entities"] = [[span["start"], span["end"], span["label"]] for span in spans]
                    stream.write(msgspec.json.encode(line) + b"\n")
            except UnicodeEncodeError:
                raise InputError("half a character (a lone surrogate) cannot be written.", where=path.name) from None


exchange("spacy")(Spacy())


def _of_this_form(line: bytes) -> bool:
    try:
        record = msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    if isinstance(record, list):
        return (
            len(record) == 2 and isinstance(record[0], str) and isinstance(record[1], dict) and "entities" in record[1]
        )
    if not isinstance(record, dict) or not isinstance(record.get("text"), str) or record.keys() & OTHERS:
        return False
    entities = record.get("entities", [])
    return isinstance(entities, list) and all(isinstance(one, list) and len(one) == 3 for one in entities)


def _task(path: Path) -> Spans:
    labels: set[str] = set()
    overlap = False
    for one in _all(path):
        spans = sorted(one.spans or (), key=lambda span: (span["start"], span["end"]))
        labels.update(span["label"] for span in spans)
        overlap = overlap or any(second["start"] < first["end"] for first, second in itertools.pairwise(spans))
        if len(labels) > MAX_CLASSES:
            raise InputError(f"more than {MAX_CLASSES:,} different labels.", where=one.where)
    if not labels:
        raise InputError("no text has an entity, so that no class is known.", where=path.name)
    return drawing(Spans, [Class(label) for label in sorted(labels)], path.name, overlap=overlap)


def _all(path: Path) -> Iterator[_Told]:
    source = Source(path)
    if source.head()[:2] not in PACKED:
        yield from _lines(source)
        return
    with source.open() as stream:
        data = stream.read(docbin.MOST_BYTES + 1)
    if len(data) > docbin.MOST_BYTES:
        raise InputError(f"a DocBin may have {docbin.MOST_BYTES // 2**20:,} MB. Split it.", where=str(source))
    for number, document in enumerate(docbin.read(data, str(source)), 1):
        text, spans = document.told()
        yield _Told(text, spans, 0, f"{source}, document {number}", document.item)


def _lines(source: Source) -> Iterator[_Told]:
    with source.open() as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
            where = source.at(number)
            if len(line) == MAX_LINE:
                raise InputError(f"the line is longer than {MAX_LINE:,} bytes.", where=where)
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.strip():
                continue
            try:
                record = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InputError(
                    f"one JSON object is needed ({str(error)[:200].rstrip('.')}). An array is turned into lines by: "
                    "jq -c '.[]'",
                    where=where,
                ) from None
            yield _told(record, number, where)


def _told(record: Any, number: int, where: str) -> _Told:
    if isinstance(record, list) and len(record) == 2 and isinstance(record[1], dict):
        record = {"text": record[0]} | record[1]
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise InputError(f"a text with entities is needed. Got {repr(record)[:80]}.", where=where)
    name = record.get("id", "")
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise InputError(f"an identifier is a text or a whole number. Got {repr(name)[:80]}.", where=f"{where}, id")
    if (entities := record.get("entities")) is None:
        return _Told(record["text"], None, number, where, str(name))
    if not isinstance(entities, list) or len(entities) > MOST:
        raise InputError(
            f"entities must be a list of up to {MOST:,}. Got {repr(entities)[:80]}.", where=f"{where}, entities"
        )
    spans = []
    for place, one in enumerate(entities, 1):
        if not isinstance(one, list) or len(one) != 3 or not _are_offsets(one[:2]) or not isinstance(one[2], str):
            raise InputError(
                f"an entity is [start, end, label]. Got {repr(one)[:80]}.", where=f"{where}, entity {place}"
            )
        spans.append({"start": one[0], "end": one[1], "label": one[2]})
    return _Told(record["text"], spans, number, where, str(name))


def _are_offsets(places: list[Any]) -> bool:
    return all(isinstance(place, int) and not isinstance(place, bool) for place in places)


def _document(example: Example, text: str, holds: Held[Spans]) -> docbin.Document:
    """A text in words that give it back: spaces beside the one after a word are words of their own, as in spaCy."""
    spans = holds.answer(example, {holds.task.field: text})
    places = words(text)
    tokens: list[tuple[str, bool]] = []
    kept, before = [], 0
    for start, end in [*places, (len(text), len(text))]:
        if gap := text[before:start]:
            if tokens and gap[0] == " ":
                tokens[-1] = (tokens[-1][0], True)
                gap = gap[1:]
            if gap:
                tokens.append((gap, False))
        if start < end:
            kept.append(len(tokens))
            tokens.append((text[start:end], False))
        before = end
    marks = None
    if spans is not None:
        marks = [(docbin.OUTSIDE, "")] * len(tokens)
        for first, after, label in marked(spans, places):
            begin, end = kept[first], kept[after - 1] + 1
            marks[begin:end] = [(docbin.BEGINS, label)] + [(docbin.INSIDE, label)] * (end - begin - 1)
    return docbin.Document(tokens, marks, example.id)
