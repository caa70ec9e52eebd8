"""parquet: Apache's columnar format. Numbers, text, truth values and times keep their types; places are rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import numpy as np

from goldwork.errors import InputError
from goldwork.io import format  # noqa: A004
from goldwork.io.columns import MAX_CHUNK, Chunk, Column, Kind, plain
from goldwork.io.source import GZIP, MAX_COLUMNS, MAX_RATIO, Source

ROWS = 65_536
"""Rows of a chunk."""
MAGIC = b"PAR1"
MAX_ROWS = 500_000_000
FREE_BYTES = 256 * 2**20
"""What the file's own table of contents may say that a row group unpacks to, before `MAX_RATIO` applies."""


class Parquet:
    """Columns of typed values."""

    suffixes = (".parquet", ".pq")
    unit = "row"

    def sniff(self, head: bytes) -> bool:
        """Whether `head` begins a Parquet file."""
        return head.startswith(MAGIC)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Chunks of columns. Raises InputError where the file is damaged, encrypted or larger than it may be."""
        import pyarrow as pa
        import pyarrow.parquet

        try:
            with source.path.open("rb") as raw:
                if raw.read(2) == GZIP:
                    raise InputError("Parquet packed by gzip. Unpack it: it is packed already.", where=source.at())
            with pyarrow.parquet.ParquetFile(source.path, memory_map=False, pre_buffer=False) as file:
                _check(file.metadata, source)
                names = file.schema_arrow.names
                if len(set(names)) < len(names):
                    raise InputError("two columns have the same name.", where=source.at())
                row = 1
                for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata), use_threads=False):
                    columns = {name: _values(batch.column(place)) for place, name in enumerate(names)}
                    yield Chunk(columns, range(row, row + len(batch)))
                    row += len(batch)
        except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
            reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
            raise InputError(f"cannot be read as Parquet ({reason}).", where=source.at()) from None

    def write(self, stream: IO[bytes], kinds: Mapping[str, Kind], chunks: Iterable[Mapping[str, Column]]) -> None:
        """Rows of `chunks` in the order given, a row group each. `json` columns hold JSON text."""
        import pyarrow as pa
        import pyarrow.parquet

        types = {
            "text": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "truth": pa.bool_(),
            "json": pa.string(),
        }
        schema = pa.schema([(name, types[kind]) for name, kind in kinds.items()])
        with pyarrow.parquet.ParquetWriter(stream, schema) as writer:
            for columns in chunks:
                arrays = [_arrow(columns[name], name, kind, types[kind]) for name, kind in kinds.items()]
                writer.write_table(pa.table(arrays, schema=schema))


format("parquet")(Parquet())


def _check(metadata: Any, source: Source) -> None:
    if metadata.num_rows > MAX_ROWS or metadata.num_columns > MAX_COLUMNS:
        raise InputError(
            f"{metadata.num_rows:,} rows and {metadata.num_columns:,} columns; at most {MAX_ROWS:,} and "
            f"{MAX_COLUMNS:,} are read.",
            where=source.at(),
        )
    allowed = max(FREE_BYTES, MAX_RATIO * source.path.stat().st_size)
    for group in range(metadata.num_row_groups):
        if metadata.row_group(group).total_byte_size > allowed:
            raise InputError(f"unpacks to more than {MAX_RATIO} times its size.", where=source.at())


def _rows_at_once(metadata: Any) -> int:
    """Fewer rows where they are large."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=1)
    return max(1, min(ROWS, MAX_CHUNK // max(largest, 1)))


def _values(column: Any) -> Column:
    """A pyarrow column as numbers (where none is missing) or Python's own values."""
    import pyarrow as pa

    kind = column.type
    if (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and not column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        encoded = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
        words = np.empty(len(encoded.dictionary) + 1, object)
        words[:-1] = encoded.dictionary.to_pylist()
        return np.asarray(words[encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)])
    return [_own(value) for value in column.to_pylist()]


def _own(value: Any) -> Any:
    """JSON's values stay; times become ISO 8601, everything else its text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list):
        return [_own(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _own(part) for name, part in value.items()}
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _arrow(column: Column, name: str, kind: Kind, to: Any) -> Any:
    import pyarrow as pa

    values = plain(column)
    if kind == "json":
        values = [None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True) for value in values]
    try:
        return pa.array(values, to)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        raise InputError(f"column {name} cannot be written as Parquet ({error}).") from None
