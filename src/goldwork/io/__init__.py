"""Files of judgements and items, in and out. One file per format.

>>> import goldwork, pathlib, tempfile
>>> path = pathlib.Path(tempfile.mkdtemp()) / "labels.csv"
>>> _ = path.write_text("task,worker,answer\\na,ann,cat\\na,bob,dog\\n")
>>> goldwork.read(path)
Judgements(2 judgements, 1 items, 2 annotators, 1 questions)
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import IO, Any, Protocol, cast

from goldwork.errors import InputError
from goldwork.io import tables
from goldwork.io.columns import Chunk, Column, Kind, join, kinds
from goldwork.io.source import Source, replacing
from goldwork.io.tables import Reading
from goldwork.items import Items
from goldwork.judgements import Duplicates, Judgements
from goldwork.registry import Registry

PathName = str | PathLike[str]
ANY_TEXT = ("csv", "tsv")
"""Formats that any text may be: taken only where no other one knows the bytes."""


__all__ = [
    "Chunk",
    "Format",
    "Reading",
    "Source",
    "format",
    "kinds",
    "load",
    "named",
    "read",
    "read_gold",
    "read_groups",
    "read_items",
    "read_labels",
    "scan",
    "sniff",
    "write",
    "write_chunks",
]


class Format(Protocol):
    """What a format offers. It may be given files of any size and any bytes."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File names that mean it when writing, and when the bytes could be several formats."""

    @property
    def unit(self) -> str:
        """What its places are counted in: line or row."""

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with `head` may be of this format."""

    def read(self, source: Source) -> Iterator[Chunk]:
        """The file's rows, in chunks of bounded size. Whatever the bytes, nothing but InputError is raised."""

    def write(self, stream: IO[bytes], kinds: Mapping[str, Kind], chunks: Iterable[Mapping[str, Column]]) -> None:
        """Write rows so that `read` gives the same values."""


format: Registry[Format] = Registry("format", __name__)


def sniff(source: Source) -> str:
    """The name of the format that `source` is in: by its first bytes, then by its suffix."""
    head = source.head()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("the file is UTF-16. Save it as UTF-8.", where=str(source))
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("the file is empty.", where=str(source))
    fitting = [name for name in format.names() if format.get(name).sniff(head)]
    certain = [name for name in fitting if name not in ANY_TEXT]
    suffix = _suffix(source.path)
    likely = [name for name in fitting if suffix in format.get(name).suffixes]
    return (certain or likely or fitting or ["csv"])[0]


def scan(source: Source, name: str | None = None) -> Iterator[Chunk]:
    """The rows of `source` in chunks, in the format called `name` or the one it is in."""
    return format.get(name or sniff(source)).read(source)


def load(path: PathName, name: str | None = None) -> Chunk:
    """All rows of a file."""
    return join(scan(Source(Path(path)), name))


def write(
    path: PathName,
    columns: Mapping[str, Column],
    *,
    name: str | None = None,
    kind: Mapping[str, Kind] | None = None,
) -> None:
    """Write columns of equal length to `path`, whole or not at all.

    The format is the one called `name`, else the suffix's, else csv; a path that ends in .gz is packed.
    """
    write_chunks(path, kind or kinds(columns), [columns], name=name)


def write_chunks(
    path: PathName, kind: Mapping[str, Kind], chunks: Iterable[Mapping[str, Column]], *, name: str | None = None
) -> None:
    """As `write`, for rows that come in chunks; `kind` says what each column holds."""
    target = Path(path)
    chosen = format.get(name or named(target))
    with replacing(target) as stream:
        if target.suffix == ".gz":
            with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as packed:
                chosen.write(cast(IO[bytes], packed), kind, chunks)
        else:
            chosen.write(stream, kind, chunks)


def named(path: Path) -> str:
    """The format that a file's name asks for; csv where it says nothing."""
    suffix = _suffix(path)
    return next((name for name in format.names() if suffix in format.get(name).suffixes), "csv")


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()


def read(
    path: PathName,
    *,
    item: str | None = None,
    annotator: str | None = None,
    label: str | None = None,
    question: str | None = None,
    duplicates: Duplicates = "error",
    items: PathName | Items | None = None,
    name: str | None = None,
) -> Judgements:
    """The judgements in a CSV, TSV, JSONL or Parquet file, also packed by gzip, or in another tool's file or folder.

    `item`, `annotator`, `label` and `question` name the columns where their names are not the usual ones; what was
    guessed goes to the log `goldwork`. `duplicates` as in `Judgements.from_columns`. `items`, a file or a table,
    says which items there are. `name` is the format, where the file does not tell; of another tool's file, `question`
    is the question that is read. Raises InputError naming file, line, column, value and mend.
    """
    given = {"item": item, "annotator": annotator, "label": label, "question": question}
    reading = read_labels(path, given, duplicates=duplicates, items=items, name=name)
    if reading.guessed:
        logging.getLogger("goldwork").info("%s", reading.sentence())
    return reading.table


def read_labels(
    path: PathName,
    given: Mapping[str, str | None] | None = None,
    *,
    duplicates: Duplicates = "error",
    items: PathName | Items | None = None,
    name: str | None = None,
) -> Reading:
    """As `read`, with how the file was read. `given` names columns by role (see `roles.ROLES`)."""
    from goldwork.io import answered

    source = Source(Path(path))
    tool = answered.tool_of(source.path, name, given or {})
    if tool is not None:
        reading = answered.read(source.path, tool, (given or {}).get("question"), duplicates)
    else:
        name = name or sniff(source)
        unit = format.get(name).unit
        reading = tables.judgements(join(scan(source, name)), source, name, unit, given or {}, duplicates)
    if items is not None:
        known = items if isinstance(items, Items) else read_items(items)
        if strange := [identifier for identifier in reading.table.items.tolist() if identifier not in known]:
            raise InputError(
                f"{len(strange):,} judged items are not among the items given, first {strange[0]!r}.", where=str(source)
            )
    return reading


def read_items(path: PathName, *, id: str | None = None, name: str | None = None) -> Items:
    """The items in a file: one row an item, `id` naming the identifier's column where it is not the usual one."""
    source = Source(Path(path))
    name = name or sniff(source)
    return tables.items(join(scan(source, name)), source, format.get(name).unit, id)


def read_gold(path: PathName, table: Judgements, *, item: str | None = None, name: str | None = None) -> dict[Any, Any]:
    """Known answers by item, from a file with columns such as `item,truth`, as `infer_consensus(gold=)` takes them."""
    source = Source(Path(path))
    name = name or sniff(source)
    return tables.gold(join(scan(source, name)), source, format.get(name).unit, table, item)


def read_groups(path: PathName, table: Judgements, *, name: str | None = None) -> dict[str, dict[Any, Any]]:
    """Attributes of annotators, from a file with a column `annotator` and one for each attribute.

    As `goldwork.bias.group_differences` takes them: by attribute, the group of every annotator.
    """
    source = Source(Path(path))
    name = name or sniff(source)
    return tables.groups(join(scan(source, name)), source, format.get(name).unit, table)
