"""Other tools' files: items with the answers about them, in and out. One file per format.

The long table holds judgements and knows no items; these formats hold both. Each is read as `Example`s and the form
that asks what they answer, and written from the same. Answers are in goldwork's canonical shape (see the task types).

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "all.jsonl"
    >>> _ = path.write_text('{"text": "so good", "label": ["pos"]}\\n')
    >>> [example.fields for example in exchange.get("doccano").read(path)]
    [{'text': 'so good'}]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from goldwork.errors import InputError
from goldwork.registry import Registry
from goldwork.tasks.questions import ProjectForm

__all__ = ["Answered", "Example", "Exchange", "Merged", "exchange", "sniff"]


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one annotator answered about an item. `answers`: by question. Times as the long table has them."""

    answers: dict[str, Any]
    annotator: str = ""
    kind: Literal["human", "model", "gold"] = "human"
    seconds: float | None = None
    submitted_at: str | None = None


class Merged(msgspec.Struct, frozen=True, omit_defaults=True):
    """What several answers to one question were merged to, and how likely it is right."""

    answer: Any
    confidence: float | None = None


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item with its answers.

    `fields`: by name, text; an image is a file's name; a conversation is a list of turns. `line`: where it began, from
    1; 0 where a format has no places. `merged`: the consensus by question, for formats that hold it beside the answers.
    """

    id: str
    fields: dict[str, Any]
    answered: tuple[Answered, ...] = ()
    line: int = 0
    merged: dict[str, Merged] = {}


class Exchange(Protocol):
    """What a format of another tool offers. A path is a file, or a folder where the format is one.

    Whatever the bytes, nothing but InputError is raised, with file, line, column, value and mend.
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File names it is written to; empty for a folder."""

    @property
    def several(self) -> bool:
        """Whether it holds several annotators' answers about an item; if not, the consensus is written."""

    def sniff(self, path: Path) -> bool:
        """Whether the file or folder may be of this format: a quick look at its beginning."""

    def form(self, path: Path) -> dict[str, Any]:
        """The form that asks what the file answers, as `read_form` takes it. Reads the whole file, streamed."""

    def read(self, path: Path) -> Iterator[Example]:
        """The items with their answers, streamed in bounded memory."""

    def losses(self, form: ProjectForm) -> list[str]:
        """What of such a project it cannot hold, in sentences. Raises InputError where it can hold nothing of it."""

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        """Write the examples so that `read` gives the same, but for `losses`; whole or not at all."""


exchange: Registry[Exchange] = Registry("exchange", __name__)


def sniff(path: Path) -> str:
    """The name of the format that a file or folder is in. Raises InputError where none knows it."""
    for name in exchange.names():
        if exchange.get(name).sniff(path):
            return name
    what = "folder" if path.is_dir() else "file"
    raise InputError(
        f"this {what} is in no format known here. There are: {', '.join(exchange.names())}.", where=str(path)
    )
