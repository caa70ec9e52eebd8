"""csv and tsv: text with one row a line; cells with commas, quotes or newlines stand in double quotes.

Comma, semicolon, tab and bar are told apart by the header. UTF-8, with or without byte-order mark. Cells come in as
text and go out exactly as they are: a cell that begins with ``=``, ``+``, ``-`` or ``@`` is data, not a formula, and
nothing is put before it, because then it would not come back the same. Missing values are written as empty cells.

A file without quotes is split by pyarrow; what it declines, and every file with quotes, is read by the standard
library, which knows the line of everything. A header cell that holds a delimiter, and rows with a carriage return, are
written with every cell in quotes, so that nothing is taken for what it is not.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import numpy as np

from goldwork.errors import InputError
from goldwork.io import format  # noqa: A004
from goldwork.io.columns import Chunk, Column, Kind, plain, portions
from goldwork.io.source import MAX_CELL, MAX_COLUMNS, MAX_LINE, Source

DELIMITERS = (",", ";", "|", "\t")
ROWS = 20_000
"""Rows of a chunk."""
SMALL = 4 * 2**20
"""Bytes of a file that is read by the standard library in any case: importing pyarrow would take longer."""
BLOCK = 4 * 2**20
"""Bytes that pyarrow splits at a time; a longer row goes to the standard library."""


@dataclasses.dataclass(frozen=True)
class Delimited:
    """Rows of cells. Written between `delimiter`s; reading takes the one that the header uses, of those in `takes`."""

    delimiter: str
    takes: tuple[str, ...]
    suffixes: tuple[str, ...]
    unit: str = "line"

    def sniff(self, head: bytes) -> bool:
        """Whether `head` may begin a file of this kind: text whose header has no delimiter, or this one most."""
        return b"\0" not in head and _delimiter(head, self.delimiter) in self.takes

    def read(self, source: Source) -> Iterator[Chunk]:
        """Chunks of text columns. Raises InputError naming file, line and mend."""
        rows = 0
        delimiter = _delimiter(source.head(), self.delimiter, self.takes)
        try:
            for chunk in _split(source, delimiter):
                yield chunk
                rows += len(chunk)
        except _Declined:
            yield from _parse(source, delimiter, rows)

    def write(self, stream: IO[bytes], kinds: Mapping[str, Kind], chunks: Iterable[Mapping[str, Column]]) -> None:
        """Rows of `chunks` in the order given, every column as its kind says."""
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        bare, quoted = (
            csv.writer(text, delimiter=self.delimiter, lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        try:
            doubtful = set("".join(kinds)) & {*DELIMITERS, "\r"}
            (quoted if doubtful else bare).writerow(kinds)
            for columns in chunks:
                cells = [_cells(columns[name], kind) for name, kind in kinds.items()]
                returns = any("\r" in cell for column in cells for cell in column if isinstance(cell, str))
                (quoted if returns else bare).writerows(zip(*cells, strict=True))
            text.flush()
        except UnicodeEncodeError:
            raise InputError("a cell holds half a character (a lone surrogate) and cannot be written.") from None
        finally:
            with contextlib.suppress(UnicodeEncodeError):
                text.detach()


format("csv")(Delimited(",", (",", ";", "|"), (".csv", ".txt")))
format("tsv")(Delimited("\t", ("\t",), (".tsv", ".tab")))


class _Declined(Exception):  # noqa: N818
    """pyarrow does not read this file; the standard library says what is the matter, or reads it."""


def _cells(column: Column, kind: Kind) -> list[Any]:
    values = plain(column)
    if kind == "json":
        return [None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True) for value in values]
    if kind == "truth":
        return [None if value is None else str(bool(value)).lower() for value in values]
    if kind == "number":
        return [None if value is None else repr(float(value)) for value in values]
    return values


# Splitting, for files without quotes.


class _Plain(io.RawIOBase):
    """A file's bytes, as long as no quote, no NUL and no lone carriage return is among them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if data.endswith(b"\r"):
            data += self._stream.read(1)
        if b'"' in data or b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
            raise _Declined
        return data


def _split(source: Source, delimiter: str) -> Iterator[Chunk]:
    """Chunks by pyarrow. Raises _Declined at the first block that has quotes or that pyarrow does not accept."""
    if source.path.stat().st_size < SMALL:
        raise _Declined
    import pyarrow as pa
    import pyarrow.csv

    with source.open() as stream:
        head = stream.peek(BLOCK)  # type: ignore[attr-defined]
        line, newline, _ = head.partition(b"\n")
        try:
            first = line.decode("utf-8-sig").removesuffix("\r")
        except UnicodeDecodeError:
            raise _Declined from None
        names = first.split(delimiter)
        if not newline or len(names) < 2 or set(first) & set('"\0\r'):
            raise _Declined  # with one column, an empty line may be a row
        _check_header(names, source)
        try:
            reader = pyarrow.csv.open_csv(
                pa.PythonFile(_Plain(stream), mode="r"),
                read_options=pyarrow.csv.ReadOptions(
                    column_names=names, skip_rows=1, block_size=BLOCK, use_threads=False
                ),
                parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
                convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
            )
            at = 2
            for batch in reader:
                columns = {name: _texts(batch.column(place)) for place, name in enumerate(names)}
                yield Chunk(columns, range(at, at + len(batch)))
                at += len(batch)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _Declined from error


def _texts(column: Any) -> Column:
    """A pyarrow column as Python strings, equal ones shared where they repeat."""
    encoded = column.dictionary_encode()
    words = np.empty(len(encoded.dictionary), object)
    words[:] = encoded.dictionary.to_pylist()
    return words[encoded.indices.to_numpy(zero_copy_only=False)]  # type: ignore[no-any-return]


# Parsing, for every other file.


def _parse(source: Source, delimiter: str, skip: int) -> Iterator[Chunk]:
    """Chunks by the standard library, from the row after the first `skip` ones."""
    with source.open() as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        rows = _rows(_lines(text, source), delimiter, source)
        names = next(rows, (0, []))[1]
        if not names:
            raise InputError("the file is empty. A header line is needed.", where=source.at())
        _check_header(names, source)
        body = itertools.islice(rows, skip, None)
        for part in portions(((row, sum(map(len, row[1]))) for row in body), ROWS):
            yield _chunk(part, names, source)


def _chunk(part: list[tuple[int, list[str]]], names: list[str], source: Source) -> Chunk:
    width = len(names)
    for line, row in part:
        if len(row) != width:
            raise InputError(
                f"{len(row)} {'cell' if len(row) == 1 else 'cells'} where the header has {width}. "
                "Put cells that hold the delimiter or a newline in double quotes.",
                where=source.at(line),
            )
    columns = zip(*(row for _, row in part), strict=True)
    return Chunk(dict(zip(names, map(list, columns), strict=True)), [line for line, _ in part])


def _rows(lines: Iterator[str], delimiter: str, source: Source) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line where it begins."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begun = 1
    width = 0
    try:
        for row in reader:
            if row and (len(row) > 1 or width < 2 or row[0].strip()):
                width = width or len(row)
                yield begun, row
            begun = reader.line_num + 1
    except csv.Error as error:
        raise InputError(_mend(str(error)), where=source.at(begun)) from None


def _mend(message: str) -> str:
    if "field larger" in message or "unexpected end" in message:
        return (
            f"a double quote opened in this row is not closed (a cell holds at most {MAX_CELL:,} characters). "
            "Close it, or write a quote inside a cell twice."
        )
    if "expected after" in message:
        return (
            "something stands between a closing double quote and the next delimiter. Write a quote inside a cell twice."
        )
    return f"{message}."


def _lines(text: io.TextIOWrapper, source: Source) -> Iterator[str]:
    number = 0
    try:
        while line := text.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE:
                raise InputError(f"the line is longer than {MAX_LINE:,} characters.", where=source.at(number))
            if "\0" in line:
                raise InputError("the line holds a NUL character: this is no text file.", where=source.at(number))
            yield line
    except UnicodeDecodeError:
        raise _not_utf8(source) from None


def _not_utf8(source: Source) -> InputError:
    """Which line is not UTF-8: found by reading again, since decoding runs ahead of the lines."""
    with source.open() as stream:
        if stream.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return InputError("the file is UTF-16. Save it as CSV UTF-8.", where=source.at())
    with source.open() as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                byte = f"0x{line[error.start]:02x}"
                return InputError(
                    f"byte {byte} at position {error.start + 1} is not UTF-8. Save the file as CSV UTF-8.",
                    where=source.at(number),
                )
    return InputError("the file is not UTF-8. Save it as CSV UTF-8.", where=source.at())


def _check_header(names: list[str], source: Source) -> None:
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{len(names):,} columns; {MAX_COLUMNS:,} are allowed.", where=source.at(1))
    for place, name in enumerate(names):
        if not name.strip():
            raise InputError(f"column {place + 1} has no name. Name it, or leave it out.", where=source.at(1))
        if name in names[:place]:
            raise InputError(
                f"two columns are called {name!r}. Every column needs a name of its own.", where=source.at(1)
            )


def _delimiter(head: bytes, default: str, among: tuple[str, ...] = DELIMITERS) -> str:
    """The delimiter that the header in `head` uses most, outside quotes; `default` where it uses none."""
    bare = b"".join(head.split(b'"')[::2])
    first = re.split(rb"[\r\n]", bare.lstrip(b"\r\n"), maxsplit=1)[0]
    best = max(among, key=lambda delimiter: first.count(delimiter.encode()))
    return best if best.encode() in first else default
