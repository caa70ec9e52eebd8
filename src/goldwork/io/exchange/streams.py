"""JSON records of other tools: read one at a time however large the file, checked value by value, written in one order.

>>> import pathlib, tempfile
>>> path = pathlib.Path(tempfile.mkdtemp()) / "tasks.json"
>>> _ = path.write_text('[{"id": 1},\\n {"id": [2, 3]}]')
>>> [(record.line, record.value) for record in array(path)]
[(1, {'id': 1}), (2, {'id': [2, 3]})]
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

import msgspec

from goldwork.errors import InputError
from goldwork.io.source import MAX_LINE, Source, replacing

CHUNK = 2**20
LARGEST = 2**53
"""Whole numbers beyond it are not the same in every program that reads JSON."""
BLANK = b" \t\r\n"
BOM = b"\xef\xbb\xbf"
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)
"""Whatever stands before the next bracket, with strings, in which brackets mean nothing, and the bracket."""
_BLANKS = re.compile(rb"[ \t\r\n]*")
_DECODER = msgspec.json.Decoder(dict[str, Any])


@dataclasses.dataclass(frozen=True)
class Record:
    """One JSON object of a file; `where` is its place for people."""

    value: dict[str, Any]
    line: int
    where: str


def lines(path: Path) -> Iterator[Record]:
    """The objects of a file with one a line. Raises InputError naming file, line and mend."""
    source = Source(path)
    with source.open() as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
            if len(line) == MAX_LINE:
                raise InputError(f"the line is longer than {MAX_LINE:,} bytes.", where=source.at(number))
            line = line.removeprefix(BOM) if number == 1 else line
            if line.strip():
                yield Record(decode(line, source.at(number)), number, source.at(number))


def array(path: Path) -> Iterator[Record]:
    """The objects of a file that is one JSON array. Raises InputError naming file, line, record and mend."""
    source = Source(path)
    with source.open() as stream:
        for number, (line, data) in enumerate(_elements(stream, source), 1):
            where = f"{source.at(line)}, record {number}"
            yield Record(decode(data, where), line, where)


def decode(data: bytes, where: str) -> dict[str, Any]:
    """One JSON object. Raises InputError."""
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise InputError("it is nested too deep.", where=where) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"one JSON object is needed ({str(error).rstrip('.')}).", where=where) from None


class _Cursor:
    """A place in a stream: the bytes at hand, and where in them and in which line one stands."""

    def __init__(self, stream: IO[bytes], source: Source) -> None:
        self.stream, self.source, self.line, self.at = stream, source, 1, 0
        self.data = stream.read(CHUNK).removeprefix(BOM)

    def more(self) -> bool:
        """Read on; False at the end of the file. Twice as much each time, so that one long string is not read often."""
        self.data, self.at = self.data[self.at :], 0
        if len(self.data) > MAX_LINE:
            self.fail(f"one record is longer than {MAX_LINE:,} bytes.")
        read = self.stream.read(max(CHUNK, len(self.data)))
        self.data += read
        return bool(read)

    def go(self, end: int) -> bytes:
        """The bytes from here to `end`, where one stands then."""
        self.line += self.data.count(b"\n", self.at, end)
        begin, self.at = self.at, end
        return self.data[begin:end]

    def next(self) -> bytes:
        """The next byte that is not blank, where one stands then; empty at the end of the file."""
        while True:
            end = _BLANKS.match(self.data, self.at).end()  # type: ignore[union-attr]  # it matches nothing, too
            self.go(end)
            if end < len(self.data) or not self.more():
                return self.data[self.at : self.at + 1]

    def fail(self, message: str) -> NoReturn:
        raise InputError(message, where=self.source.at(self.line))


def _elements(stream: IO[bytes], source: Source) -> Iterator[tuple[int, bytes]]:
    """The array's objects as bytes, each with its line."""
    cursor = _Cursor(stream, source)
    if cursor.next() != b"[":
        cursor.fail("a JSON array of objects is needed; it begins with [.")
    cursor.go(cursor.at + 1)
    empty = cursor.next() == b"]"
    while not empty:
        if cursor.next() != b"{":
            cursor.fail("an object is needed, which begins with {. The file may be cut off.")
        line = cursor.line
        data = cursor.go(_end(cursor))
        if len(data) > MAX_LINE:
            cursor.fail(f"one record is longer than {MAX_LINE:,} bytes.")
        yield line, data
        if (byte := cursor.next()) == b"]":
            break
        if byte != b",":
            cursor.fail("a comma or ] is missing. The file may be cut off.")
        cursor.go(cursor.at + 1)
    cursor.go(cursor.at + 1)
    if cursor.next():
        cursor.fail("something stands after the array's end. Remove it.")


def _end(cursor: _Cursor) -> int:
    """Where the object ends that the cursor stands at."""
    depth, read = 0, 0  # bytes of it that were looked at
    while True:
        while found := _TO_BRACKET.match(cursor.data, cursor.at + read):
            depth += 1 if found[1] in (b"[", b"{") else -1
            read = found.end() - cursor.at
            if not depth:
                return found.end()
        if not cursor.more():
            cursor.fail("the object that begins here does not end. The file may be cut off.")


def head(path: Path) -> bytes:
    """The first bytes after a byte-order mark and blanks; empty for what is no file that can be read."""
    try:
        return Source(path).head().removeprefix(BOM).lstrip(BLANK)
    except InputError:
        return b""


def brief(value: Any) -> str:
    """A value as an error shows it."""
    try:
        said = repr(value)
    except (ValueError, RecursionError):
        return "a very large value"
    return said if len(said) <= 60 else said[:60] + "…"


def wrong(what: str, value: Any, where: str) -> NoReturn:
    """Raise InputError: it must be `what`."""
    raise InputError(f"must be {what}. Got {brief(value)}.", where=where)


def an_object(value: Any, where: str) -> dict[str, Any]:
    """A JSON object. Raises InputError."""
    return value if isinstance(value, dict) else wrong("an object", value, where)


def a_list(value: Any, where: str) -> list[Any]:
    """A JSON array. Raises InputError."""
    return value if isinstance(value, list) else wrong("a list", value, where)


def a_text(value: Any, where: str) -> str:
    """Text, whatever it holds. Raises InputError."""
    return value if isinstance(value, str) else wrong("text", value, where)


def a_label(value: Any, where: str) -> str:
    """Text with more than blanks, without those around it."""
    return a_text(value, where).strip() or wrong("text with something in it", value, where)


def a_number(value: Any, where: str) -> float:
    """A number that every program reads the same. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
        wrong("a number", value, where)
    return value


def a_place(value: Any, where: str) -> int:
    """A whole number from 0."""
    number = a_number(value, where)
    return int(number) if number >= 0 and number == int(number) else wrong("a whole number from 0", value, where)


def a_name(value: Any, where: str) -> str:
    """An identifier: text or a whole number, as text."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**63:
        wrong("a text or a whole number", value, where)
    return str(value)


def shown(value: Any) -> Any:
    """A field of an item: text as it is, a conversation as a list of turns, anything else as JSON."""
    if isinstance(value, str):
        return value
    if (
        isinstance(value, list)
        and value
        and all(isinstance(t, dict) and {"role", "content"} <= t.keys() for t in value)
    ):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _is_turn(value: Any) -> bool:
    return isinstance(value, dict) and {"role", "content"} <= value.keys()


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one object a line, whole or not at all."""
    with replacing(path) as stream:
        for row in rows:
            stream.write(encode(row) + b"\n")


def write_array(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one array with an object a line, whole or not at all."""
    with replacing(path) as stream:
        before = b"[\n"
        for row in rows:
            stream.write(before + encode(row))
            before = b",\n"
        stream.write(b"\n]\n" if before != b"[\n" else b"[]\n")


def encode(row: dict[str, Any]) -> bytes:
    """One object as JSON. Raises InputError for half a character."""
    try:
        return msgspec.json.encode(row)
    except UnicodeEncodeError:
        raise InputError("a text holds half a character (a lone surrogate) and cannot be written.") from None
