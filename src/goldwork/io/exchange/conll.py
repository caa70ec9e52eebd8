"""conll: spans as the columns of CoNLL-2003, in IOB2. One word a line, a blank line between sentences, and a line
`-DOCSTART-` before every document.

Read are lines of two columns or more between spaces or tabs: the first is the word, the last its tag: `O`, or a prefix
and a label. IOB1, IOB2 and IOBES (BILOU) are read by one rule, conlleval's: a span begins at B, S and U, and at any
other word whose label is not that of the word before. Documents are items; in a file without `-DOCSTART-` every
sentence is one. The text is the words with a space between them, and every sentence on a line; items are numbered, for
the file has no identifiers.

Written are four columns, as in 2003, with `-` for part of speech and chunk, which spaCy's converter takes for missing.
Where no space follows a word, `SpaceAfter=No` stands for the chunk, as CoNLL-U says it, so that the text comes back.
Words are made by a rule (see `tokens`) and spans grow to whole words; of those that then overlap the one of most words
is written. A sentence ends where a line of the text ends, but not inside of a span.

- Tjong Kim Sang and De Meulder, Introduction to the CoNLL-2003 Shared Task, https://aclanthology.org/W03-0419
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Example, exchange
from goldwork.io.exchange.drawn import answered, drawing, fitting, form_of, once
from goldwork.io.exchange.held import WITHOUT_ANSWER, held_one, losses
from goldwork.io.exchange.tokens import marked, words
from goldwork.io.source import Source, replacing
from goldwork.tasks.classes import MAX_CLASSES, Class
from goldwork.tasks.questions import ProjectForm
from goldwork.tasks.spans import Spans

DOCUMENT = "-DOCSTART-"
NO_SPACE = "SpaceAfter=No"
MOST_WORD = 100_000
"""Bytes of one line."""
MOST_TEXT = 1_000_000
"""Characters of one text, as many as an item's may have."""
LOSSES = (
    "Several spaces come back as one, and so does a line break within a span; a blank line is not held.",
    "A span that begins or ends within a word grows to the whole word.",
    "Spaces at the ends of spans are left out, and so are spans without a word.",
    "Of spans that overlap, or do so when they have grown, the one of most words is held.",
)
_TAG = re.compile(r"(?:([BIESLU])-(.+)|O)", re.DOTALL)
_BEGINS = re.compile(r"(?:[BIESLU]-\S+|O)$")


class Conll:
    """One word and its tag a line."""

    suffixes = (".conll", ".iob", ".bio", ".iob2")
    several = False

    def sniff(self, path: Path) -> bool:
        """Whether its first lines are a word and a tag each."""
        if path.is_dir():
            return False
        with contextlib.suppress(InputError, UnicodeDecodeError):
            lines = Source(path).head().rpartition(b"\n")[0].decode("utf-8-sig").splitlines()
            told = [line.split() for line in lines if line.strip() and not line.startswith(("# ", "#\t"))]
            return bool(told) and all(len(line) > 1 and _BEGINS.match(line[-1]) for line in told)
        return False

    def form(self, path: Path) -> dict[str, Any]:
        """Spans of the labels that occur, in alphabetical order."""
        return form_of("spans", _task(path).classes)

    def read(self, path: Path) -> Iterator[Example]:
        """An example a document, or a sentence where the file has no documents."""
        task = _task(path)
        source = Source(path)
        for number, item in enumerate(_items(source), 1):
            text, spans = item.told()
            answer = fitting(task, spans, source.at(item.line), {"text": text})
            yield Example(str(number), {"text": text}, answered("spans", answer), item.line)

    def losses(self, form: ProjectForm) -> list[str]:
        """What columns of words have no place for."""
        holds = held_one(form, Spans)
        _labels(holds.task)
        said = [*losses(form, holds, unused=False), "Identifiers are not held: items come back numbered.", *LOSSES]
        if changed := [item.value for item in holds.task.classes if _label(item.value) != item.value]:
            said.append(f"Spaces in classes become _: {', '.join(changed[:5])}.")
        return [*said, WITHOUT_ANSWER]

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        """A document an item."""
        holds = held_one(form, Spans)
        labels = _labels(holds.task)
        with replacing(path) as stream:
            for example in once(examples):
                text = holds.field(example)
                spans = holds.answer(example, {holds.task.field: text})
                if spans is None:
                    continue
                try:
                    stream.write("\n".join([f"{DOCUMENT} -X- O O\n", *_lines(text, spans, labels), ""]).encode())
                except UnicodeEncodeError:
                    raise InputError(
                        "half a character (a lone surrogate) cannot be written.", where=f"item {example.id!r}"
                    ) from None


exchange("conll")(Conll())


def _label(value: str) -> str:
    return "_".join(value.split())


def _labels(task: Spans) -> dict[str, str]:
    """How the classes are written. Raises InputError where two become the same."""
    labels: dict[str, str] = {}
    for item in task.classes:
        if other := [value for value, label in labels.items() if label == _label(item.value)]:
            raise InputError(
                f"classes {other[0]!r} and {item.value!r} would both be written {_label(item.value)!r}. Rename one.",
                where="form",
            )
        labels[item.value] = _label(item.value)
    return labels


def _lines(text: str, spans: list[dict[str, Any]], labels: dict[str, str]) -> Iterator[str]:
    """A line a word, an empty one after every sentence."""
    places = words(text)
    tags = ["O"] * len(places)
    for first, after, label in marked(spans, places):
        tags[first:after] = [f"B-{labels[label]}"] + [f"I-{labels[label]}"] * (after - first - 1)
    before = 0
    for place, ((start, end), tag) in enumerate(zip(places, tags, strict=True)):
        if place and "\n" in text[before:start] and tag[0] != "I":
            yield ""
        glued = place + 1 < len(places) and places[place + 1][0] == end
        yield f"{text[start:end]} - {NO_SPACE if glued else '-'} {tag}"
        before = end
    if places:
        yield ""


class _Item(msgspec.Struct):
    """One item as it is read: its sentences of words, each with what follows it and its tag: prefix and label, empty
    for O."""

    line: int
    sentences: list[list[tuple[str, str, str, str]]] = msgspec.field(default_factory=list)
    size: int = 0

    def told(self) -> tuple[str, list[dict[str, Any]]]:
        """The text and its spans."""
        parts, spans, at = [], [], 0
        for sentence in self.sentences:
            before = ""
            for place, (word, space, prefix, label) in enumerate(sentence):
                if prefix and (prefix in "BSU" or before != label):
                    spans.append({"start": at, "end": at + len(word), "label": label})
                elif prefix:
                    spans[-1]["end"] = at + len(word)
                before = "" if prefix in ("", "E", "L", "S", "U") else label
                space = space if place < len(sentence) - 1 else "\n"
                parts += [word, space]
                at += len(word + space)
        return "".join(parts[:-1]), spans


def _task(path: Path) -> Spans:
    source = Source(path)
    labels: dict[str, None] = {}
    for item in _items(source):
        labels.update({label: None for sentence in item.sentences for *_, prefix, label in sentence if prefix})
        if len(labels) > MAX_CLASSES:
            raise InputError(f"more than {MAX_CLASSES:,} different labels.", where=source.at(item.line))
    if not labels:
        raise InputError("no word has a label, so that no class is known.", where=str(source))
    return drawing(Spans, [Class(label) for label in sorted(labels)], str(source))


def _items(source: Source) -> Iterator[_Item]:
    """The items, one at a time."""
    item: _Item | None = None
    documents, sentence = False, False
    for number, line in _told(source):
        if line.startswith(DOCUMENT):
            if item is not None:
                yield item
            item, documents, sentence = _Item(number), True, False
        elif not line.strip():
            if sentence and item is not None and not documents:
                yield item
                item = None
            sentence = False
        elif (word := _word(line, source, number)) is not None:
            item = item or _Item(number)
            if not sentence:
                item.sentences.append([])
            sentence = True
            item.sentences[-1].append(word)
            item.size += len(word[0]) + 1
            if item.size > MOST_TEXT:
                raise InputError(
                    f"a text may have {MOST_TEXT:,} characters. Blank lines part sentences.", where=source.at(number)
                )
    if item is not None:
        yield item


def _told(source: Source) -> Iterator[tuple[int, str]]:
    with source.open() as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MOST_WORD), b""), 1):
            if len(line) == MOST_WORD:
                raise InputError(f"the line is longer than {MOST_WORD:,} bytes.", where=source.at(number))
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"this is no text in UTF-8 (byte {error.start + 1} of the line).", where=source.at(number)
                ) from None


def _word(line: str, source: Source, number: int) -> tuple[str, str, str, str] | None:
    """Word, the space after it, prefix and label; None for a comment."""
    columns = [cell.strip() for cell in line.split("\t")] if "\t" in line.strip() else line.split()
    tag = _TAG.fullmatch(columns[-1])
    if len(columns) < 2 or tag is None:
        if line.startswith("#"):
            return None
        raise InputError(
            f"a word and its tag are needed, the tag O or such as B-PER and I-PER. Got {columns[-1][:40]!r}.",
            where=source.at(number, str(len(columns))),
        )
    word = " ".join(columns[0].split())
    if not word:
        raise InputError("the word is empty.", where=source.at(number, "1"))
    return word, "" if NO_SPACE in columns[2:-1] else " ", tag[1] or "", (tag[2] or "").strip()
