"""Rows as TRL's trainers take them: JSON Lines, or Parquet where the file is called so; texts, or lists of turns.

Every row of a file has the same columns, of the same kind: either all are texts or all are conversations.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from goldwork.errors import InputError
from goldwork.io.exchange import streams
from goldwork.io.exchange.streams import Record
from goldwork.io.parquet import MAGIC, Parquet
from goldwork.io.source import MAX_LINE, Source, replacing
from goldwork.tasks.conversation import read_turns

PARQUET = (".parquet", ".pq")
ROWS = 10_000
"""Rows of a group in Parquet."""
Turns = list[dict[str, str]]
Said = str | Turns


def columns(path: Path) -> list[str]:
    """The names in the first row; none where there is no such row."""
    try:
        if streams.head(path).startswith(MAGIC):
            return list(next(Parquet().read(Source(path))).columns)
        with Source(path).open() as stream:
            first = stream.readline(MAX_LINE).removeprefix(streams.BOM)
        return list(streams.decode(first, path.name)) if first.lstrip()[:1] == b"{" else []
    except (InputError, StopIteration):
        return []


def read(path: Path) -> Iterator[Record]:
    """The rows, whichever of the two the file is."""
    if not streams.head(path).startswith(MAGIC):
        yield from streams.lines(path)
        return
    source = Source(path)
    for chunk in Parquet().read(source):
        for line, *cells in zip(chunk.lines, *chunk.columns.values(), strict=True):
            row = dict(zip(chunk.columns, cells, strict=True))
            yield Record(row, int(line), source.at(int(line), unit="row"))


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write the rows, whole or not at all. Raises InputError where there are none.

    Values are texts, conversations, numbers, truth values and tuples of counts.
    """
    given = iter(rows)
    first = next(given, None)
    if first is None:
        raise InputError("no answer makes a row of it: nothing is written.")
    if path.suffix.lower() not in PARQUET:
        streams.write_lines(path, itertools.chain([first], given))
        return
    import pyarrow as pa
    import pyarrow.parquet

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    plain = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64(), tuple: pa.list_(pa.int64())}
    kinds = {name: plain.get(type(value), turns) for name, value in first.items()}
    schema = pa.schema(sorted(kinds.items(), key=lambda pair: pair[0] != "prompt"))
    with replacing(path) as stream, pyarrow.parquet.ParquetWriter(stream, schema) as writer:
        for part in _parts(itertools.chain([first], given)):
            try:
                writer.write_table(pa.Table.from_pylist(part, schema=schema))
            except UnicodeEncodeError:
                raise InputError("a text holds half a character (a lone surrogate) and cannot be written.") from None


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while part := list(itertools.islice(rows, ROWS)):
        yield part


def said(value: Any, where: str) -> Said:
    """A text or a conversation. Raises InputError."""
    if isinstance(value, str):
        return value
    try:
        return read_turns(value)
    except InputError as error:
        raise InputError(error.message, where=where) from None


def split(turns: Turns) -> tuple[Turns, Turns]:
    """A conversation before its last turns by the assistant, and these."""
    at = len(turns)
    while at and turns[at - 1]["role"] == "assistant":
        at -= 1
    return turns[:at], turns[at:]


def common(first: Turns, second: Turns) -> int:
    """How many turns two conversations begin with alike, each keeping one of its own."""
    most = max(0, min(len(first), len(second)) - 1)
    return next((place for place in range(most) if first[place] != second[place]), most)
