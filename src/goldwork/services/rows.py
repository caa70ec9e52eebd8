"""Rows of an upload as items: identifiers and fields checked cell by cell, every problem with its place and mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from goldwork import io
from goldwork.errors import InputError
from goldwork.io import Source
from goldwork.io.columns import Chunk
from goldwork.services import cells, media
from goldwork.services.uploads import to_text
from goldwork.store.home import Home
from goldwork.tasks.questions import ProjectForm

CHUNK = 500
"""Rows at a time."""
MAX_ID = 200
SHOWN = 80
"""Characters of a value that an error repeats."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with one cell."""

    line: int
    column: str | None
    value: str
    message: str


class Row(msgspec.Struct, frozen=True):
    """One item to be. `payload`: texts by field; `media`: names of uploaded files; `data`: files inside this one."""

    line: int
    id: str | None
    payload: dict[str, str]
    media: dict[str, str]
    data: dict[str, str]


class RowReader:
    """Reads the items of a file. Raises InputError at once where the mapping does not fit the file or the form."""

    def __init__(
        self,
        source: Source,
        fields: Mapping[str, str],
        id_column: str | None,
        form: ProjectForm,
        format: str | None = None,
    ) -> None:
        self.source = source
        self.fields = dict(fields)
        self.id_column = id_column
        self.format = format or io.sniff(source)
        self.unit = io.format.get(self.format).unit
        self.show: dict[str, str] = {field.name: field.show for field in form.fields} or dict.fromkeys(fields, "text")
        if missing := sorted(self.show.keys() - self.fields.keys()):
            raise InputError(f"field {missing[0]!r} has no column. Map every field of the project.", where="fields")
        if unknown := sorted(self.fields.keys() - self.show.keys()):
            listed = ", ".join(self.show)
            raise InputError(f"the project has no field {unknown[0]!r}. It has: {listed}.", where="fields")
        if not self.fields:
            raise InputError("nothing would be shown. Map at least one field to a column.", where="fields")
        self._needed = {
            name
            for task in form.tasks().values()
            for name, primitive in task.form().fields().items()
            if primitive == "turns"
        }
        self._seen: dict[str, int] = {}

    def read(self, skip: int = 0) -> Iterator[tuple[list[Row], list[Problem]]]:
        """Rows after the first `skip`, some at a time, with the problems of those that have any."""
        passed = 0
        for chunk in io.scan(self.source, self.format):
            self._check_columns(chunk)
            begin = max(0, min(skip - passed, len(chunk)))
            passed += len(chunk)
            for start in range(begin, len(chunk), CHUNK):
                yield self._rows(chunk, range(start, min(start + CHUNK, len(chunk))))

    def keep(self, home: Home, address: str) -> media.Medium:
        """Store a file that stands in a cell."""
        data = media.decode(address)
        medium = media.check(data)
        media.keep(home, data, medium)
        return medium

    def _check_columns(self, chunk: Chunk) -> None:
        for column in [*self.fields.values(), *([self.id_column] if self.id_column is not None else [])]:
            if column not in chunk.columns:
                listed = ", ".join(chunk.columns)
                raise InputError(f"there is no column {column!r}. The columns are: {listed}.", where=self.source.at())

    def _rows(self, chunk: Chunk, places: range) -> tuple[list[Row], list[Problem]]:
        rows, problems = [], []
        for place in places:
            line = int(chunk.lines[place])
            found: list[Problem] = []
            identifier = None
            if self.id_column is not None:
                identifier = self._identifier(line, chunk.columns[self.id_column][place], found)
            row = Row(line, identifier, {}, {}, {})
            for field, column in self.fields.items():
                self._field(row, field, column, to_text(_plain(chunk.columns[column][place])), found)
            if not any(row.payload.values()) and not row.media and not row.data:
                message = "every field is empty, so there is nothing to judge. Leave the row out."
                found.append(Problem(line, None, "", message))
            rows.append(row)
            problems += found
        return rows, problems

    def _identifier(self, line: int, value: Any, found: list[Problem]) -> str:
        text = to_text(_plain(value))
        said = text[:SHOWN]
        if not text.strip():
            found.append(
                Problem(line, self.id_column, said, "an identifier is missing. Fill it in, or number the items.")
            )
        elif len(text) > MAX_ID or not text.isprintable():
            message = f"an identifier has 1 to {MAX_ID} printable characters. Got {said!r}."
            found.append(Problem(line, self.id_column, said, message))
        elif (first := self._seen.setdefault(text, line)) != line:
            message = f"identifier {said!r} stands in {self.unit} {first} already. Every item needs its own."
            found.append(Problem(line, self.id_column, said, message))
        return text

    def _field(self, row: Row, field: str, column: str, text: str, found: list[Problem]) -> None:
        show = self.show[field]
        try:
            if show not in media.KINDS:
                row.payload[field] = text
                cells.CHECKS[show](text)
                if not text and field in self._needed:
                    raise InputError("a conversation is missing. The question is about its turns.")
            elif text.startswith("data:"):
                row.data[field] = text
                cells.check_media(text, show)
            else:
                cells.check_media(text, show)
                row.media[field] = row.payload[field] = text
        except InputError as error:
            found.append(Problem(row.line, column, text[:SHOWN], error.message))


def _plain(value: Any) -> Any:
    """A numpy number as Python's own."""
    return value.item() if hasattr(value, "item") else value
