"""The contract of a file format."""

from __future__ import annotations

import itertools
import json
import math
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from goldwork import io
from goldwork.errors import InputError
from goldwork.io import Source
from goldwork.io.columns import Kind

DAMAGED = 1000
"""Damaged files that a format must bear."""
WORDS = (
    "plain", "", " ", "a,b", "a;b|c", "tab\there", 'say "hi"', '"', "two\nlines", "cr\rhere", "crlf\r\nhere",
    "ünï – 漢字 🙂", "=1+1", "+49", "-1", "@home", "'quoted'", "null", "NaN", "true", "1e5", "0001", "{not json", "[",
    "\\", "\u2028", "#x",
)  # fmt: skip
KINDS: Mapping[str, Kind] = {
    "text, with a comma": "text",
    "whole": "integer",
    "number": "number",
    "truth": "truth",
    "json": "json",
}


def table(seed: int, rows: int) -> dict[str, list[Any]]:
    """A table with a column of every kind, full of what formats trip over."""
    dice = random.Random(seed)

    def some(value: Any) -> Any:
        return None if dice.random() < 0.1 else value

    return {
        "text, with a comma": [some(dice.choice(WORDS) * dice.randint(1, 3)) for _ in range(rows)],
        "whole": [some(dice.randint(-(2**63), 2**63 - 1)) for _ in range(rows)],
        "number": [some(dice.choice((0.1, -0.0, 1e300, 5e-324, float(dice.random())))) for _ in range(rows)],
        "truth": [some(dice.random() < 0.5) for _ in range(rows)],
        "json": [some(dice.choice(("x", 1, [1, {"a": None}], {"b": [True]}))) for _ in range(rows)],
    }


def what_is_written_is_read(name: str) -> None:
    """Every value comes back the same; text formats give it as text, and missing as empty text."""
    for seed, rows in enumerate((1, 2, 7, 300)):
        columns = table(seed, rows)
        with _written(name, columns) as path:
            chunk = io.load(path)
        assert list(chunk.columns) == list(columns), f"the columns' names must come back. Got {list(chunk.columns)}."
        assert len(chunk) == rows, f"{rows} rows were written and {len(chunk)} read"
        for column, kind in KINDS.items():
            for row, (given, got) in enumerate(zip(columns[column], chunk.columns[column], strict=True)):
                assert _means(given, got, kind), f"row {row}, column {column!r}: wrote {given!r} and read {got!r}"


def places_are_told(name: str) -> None:
    """Places are counted from 1 and rise, also over many chunks."""
    columns = {"id": [f"x{n}" for n in range(70_000)]}
    with _written(name, columns) as path:
        chunk = io.load(path)
    assert chunk.columns["id"].tolist() == columns["id"], "a long file must come back whole, in order"  # type: ignore[union-attr]
    lines = [int(line) for line in chunk.lines]
    assert lines[0] >= 1, "places are counted from 1"
    assert all(one < other for one, other in itertools.pairwise(lines)), "places must rise"


def bytes_are_the_same(name: str) -> None:
    """The same table gives the same bytes, packed or not."""
    columns = table(3, 40)
    for pack in (False, True):
        with _written(name, columns, pack=pack) as one, _written(name, columns, pack=pack) as other:
            assert one.read_bytes() == other.read_bytes(), "the same table must give the same bytes"


def it_knows_its_own(name: str) -> None:
    """`sniff` recognises what the format wrote, and not what is no file of this kind."""
    with _written(name, table(1, 5)) as path:
        assert io.sniff(Source(path)) == name, f"what {name} wrote is taken for {io.sniff(Source(path))}"
    assert not io.format.get(name).sniff(bytes(range(256))), "arbitrary bytes must not be recognised"


def failed_output_leaves_nothing(name: str) -> None:
    """What cannot be written is an InputError, and no file is there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out.{name}"
        try:
            io.write(path, {"a": ["fine", "\ud800"]}, name=name)
        except InputError:
            assert not list(Path(folder).iterdir()), "a failed write must leave nothing"
        else:
            raise AssertionError("half a character cannot be written and must be refused")


def damage_is_refused_politely(name: str) -> None:
    """A thousand damaged files are read or refused by InputError; nothing else is raised."""
    dice = random.Random(7)
    columns = table(7, 30)
    with _written(name, columns) as whole, _written(name, columns, pack=True) as packed:
        sources = [whole.read_bytes(), packed.read_bytes()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged.{name}"
        for number in range(DAMAGED):
            path.write_bytes(damage(dice.choice(sources), dice))
            for chosen in (name, None):
                try:
                    io.load(path, chosen)
                except InputError:
                    continue
                except Exception as error:
                    raise AssertionError(f"damaged file {number}: {type(error).__name__}: {error}") from error


PIECES = (b'"', b"\0", b"\r", b"\n", b",", b"\xff", b"{", b"\\u0000", b"\xed\xa0\x80")


def damage(content: bytes, dice: random.Random, pieces: Sequence[bytes] = PIECES) -> bytes:
    """The bytes with something cut, doubled, turned, or one of the pieces put in."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        size = dice.choice((1, 1, 4, 16, len(data) // 3))
        way = dice.randrange(6)
        if way == 0:
            del data[at:]
        elif way == 1:
            del data[at : at + size]
        elif way == 2:
            data[at : at + size] = dice.randbytes(size)
        elif way == 3:
            data[at:at] = dice.choice(pieces)
        elif way == 4:
            data[at:at] = data[at : at + size]
        elif at < len(data):
            data[at] ^= 1 << dice.randrange(8)
    return bytes(data)


class _written:  # noqa: N801 - reads as a function
    """A file with `columns` in the format, while the block lasts."""

    def __init__(self, name: str, columns: Mapping[str, Sequence[Any]], *, pack: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name) / (f"table.{name}" + (".gz" if pack and name != "parquet" else ""))
        kinds: Mapping[str, Kind] = KINDS if columns.keys() == KINDS.keys() else dict.fromkeys(columns, "text")
        io.write(self.path, columns, name=name, kind=kinds)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _means(given: Any, got: Any, kind: Kind) -> bool:
    """Whether `got` is `given`, as the format says it or as text."""
    if given is None or (isinstance(given, str) and not given):
        return got is None or got == "" or (isinstance(got, float) and math.isnan(got))
    if isinstance(got, str) and kind != "text" and got != given:
        try:
            got = _READ[kind](got)
        except (ValueError, KeyError):
            return False
    return bool(got == given)


_READ: Mapping[Kind, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "truth": {"true": True, "false": False}.__getitem__,
    "json": json.loads,
}

FORMAT_CHECKS: Sequence[Callable[[str], None]] = (
    what_is_written_is_read,
    places_are_told,
    bytes_are_the_same,
    it_knows_its_own,
    failed_output_leaves_nothing,
    damage_is_refused_politely,
)


def check_format(name: str) -> None:
    """Run every check over the registered format called `name`."""
    for check in FORMAT_CHECKS:
        check(name)
