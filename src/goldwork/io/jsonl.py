"""jsonl: one JSON object a line, in UTF-8. Values keep their JSON types; a name that a line lacks is missing there."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import msgspec

from goldwork.errors import InputError
from goldwork.io import format  # noqa: A004
from goldwork.io.columns import Chunk, Column, Kind, plain, portions
from goldwork.io.source import MAX_COLUMNS, MAX_LINE, Source

ROWS = 20_000
"""Rows of a chunk."""
_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]\d])')


class JsonLines:
    """One object a line."""

    suffixes = (".jsonl", ".ndjson", ".json")
    unit = "line"

    def sniff(self, head: bytes) -> bool:
        """Whether `head` may begin a file of this kind: with an object, or with an array (refused, with the mend)."""
        return _BEGINS.match(head) is not None

    def read(self, source: Source) -> Iterator[Chunk]:
        """Chunks of columns of JSON values. Raises InputError naming file, line and mend."""
        names: dict[str, None] = {}
        with source.open() as stream:
            for part in portions(_rows(stream, source), ROWS):
                for line, row in part:
                    if row.keys() - names.keys():
                        names.update(dict.fromkeys(row))
                        if len(names) > MAX_COLUMNS:
                            raise InputError(f"more than {MAX_COLUMNS:,} different names.", where=source.at(line))
                yield Chunk({name: [row.get(name) for _, row in part] for name in names}, [line for line, _ in part])

    def write(self, stream: IO[bytes], kinds: Mapping[str, Kind], chunks: Iterable[Mapping[str, Column]]) -> None:
        """Rows of `chunks` in the order given. Missing values are written as null."""
        encoder = msgspec.json.Encoder()
        for columns in chunks:
            for values in zip(*(_values(name, columns[name]) for name in kinds), strict=True):
                try:
                    stream.write(encoder.encode(dict(zip(kinds, values, strict=True))) + b"\n")
                except UnicodeEncodeError:
                    raise InputError(
                        "a cell holds half a character (a lone surrogate) and cannot be written."
                    ) from None


format("jsonl")(JsonLines())


def _values(name: str, column: Column) -> list[Any]:
    values = plain(column)
    for value in values:
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"column {name}: {value} cannot be written as JSON. Choose csv or parquet.")
    return values


def _rows(stream: IO[bytes], source: Source) -> Iterator[tuple[tuple[int, dict[str, Any]], int]]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
        if len(line) == MAX_LINE:
            raise InputError(f"the line is longer than {MAX_LINE:,} bytes.", where=source.at(number))
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
            if line.lstrip()[:1] == b"[":
                raise InputError(
                    "this is one JSON array. Write one object a line instead, for example with: jq -c '.[]'",
                    where=source.at(),
                )
        if not line.strip():
            continue
        try:
            yield (number, decoder.decode(line)), len(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"one JSON object is needed ({_brief(error)}).", where=source.at(number)) from None


def _brief(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return str(error).rstrip(".")
