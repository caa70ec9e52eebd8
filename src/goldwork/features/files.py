"""Features that somebody has made elsewhere: a table of numbers, a row an item.

A Parquet file has a column `id` (or another that is named) and one column with lists of numbers, or a column for each
number. A .npy file has rows alone, in the order of the items; an .npz file may hold `ids` beside `features`.

Nothing is unpickled, and nothing is read before its header has said how much it is: a small file may unpack to a large
table.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

MOST = 16_384
"""Numbers of one item."""
MOST_NUMBERS = 2**28
"""Numbers of all items: a gigabyte, as they are kept."""
MOST_ROWS = 10_000_000
MOST_BYTES = 2**31
"""Of an array, or of a Parquet file's columns, unpacked."""
LONGEST_ID = 200

_UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_features(
    path: Path | str, *, id: str = "id", name: str | None = None
) -> tuple[npt.NDArray[Any] | None, npt.NDArray[np.float32]]:
    """The identifiers, None where the file has none, and the features [n, d].

    `name`: what errors call the file. Raises InputError, with the place, for another kind of file, rows of different
    lengths, what is no finite number, an identifier twice or none, and more than MOST numbers a row or MOST_NUMBERS.
    """
    path = Path(path)
    name = name or path.name
    suffix = Path(name).suffix.lower()
    if suffix not in _READERS:
        raise InputError(f"features come as .npy, .npz or .parquet. Got {suffix or 'no ending'}.", where=name)
    try:
        ids, rows, columns = _READERS[suffix](path, id, name)
    except FileNotFoundError:
        raise InputError("there is no such file.", where=str(path)) from None
    except _UNREADABLE as error:
        raise InputError(f"cannot be read: {error}.", where=name) from None
    found = _checked(name, rows, columns)
    return (None if ids is None else _checked_ids(name, ids, len(found))), found


def _npy(path: Path, _: str, name: str) -> tuple[Any, Any, list[str]]:
    with path.open("rb") as stream:
        rows = _array(stream, name)
    return None, rows, []


def _npz(path: Path, _: str, name: str) -> tuple[Any, Any, list[str]]:
    with zipfile.ZipFile(path) as file:
        there = [member.removesuffix(".npy") for member in file.namelist()]
        if "features" not in there:
            raise InputError(f"needs an array 'features'. It has {', '.join(there) or 'none'}.", where=name)
        arrays = {}
        for member in ("ids", "features"):
            if member in there:
                with file.open(f"{member}.npy") as stream:
                    arrays[member] = _array(stream, f"{name}, {member}")
    return arrays.get("ids"), arrays["features"], []


def _array(stream: IO[bytes], where: str) -> npt.NDArray[Any]:
    """An array whose header says that it is of plain values, and not too many."""
    if np.lib.format.read_magic(stream) != (1, 0):  # others have headers that a table of numbers does not need
        raise InputError("is no plain array: save it with numpy.save.", where=where)
    shape, _, kind = np.lib.format.read_array_header_1_0(stream)
    if kind.hasobject:
        raise InputError("holds Python objects, which are not read: make it numbers, or ids text.", where=where)
    if math.prod(shape) * max(kind.itemsize, 1) > MOST_BYTES or max(shape, default=0) > MOST_ROWS:
        raise InputError(
            f"is {shape} of {kind}: {MOST_ROWS:,} rows of {MOST_BYTES // 2**30} GB are read at most.", where=where
        )
    stream.seek(0)
    found: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return found


def _parquet(path: Path, id: str, name: str) -> tuple[Any, Any, list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _refuse_large(file.metadata, name)
            table = file.read()
    except pa.ArrowException as error:
        raise InputError(f"cannot be read: {error}.", where=name) from None
    if id not in table.column_names:
        listed = ", ".join(table.column_names) or "none"
        raise InputError(f"there is no column {id!r}. The columns are: {listed}.", where=name)
    ids = np.array(table[id].to_pylist(), dtype=object)
    names = [other for other in table.column_names if other != id]
    columns = [table[other].combine_chunks() for other in names]
    if len(columns) == 1 and _is_list(pa, columns[0].type):
        return ids, _lists(columns[0], f"{name}, column {names[0]!r}"), []
    for other, column in zip(names, columns, strict=True):
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise InputError(f"holds {column.type}, not numbers.", where=f"{name}, column {other!r}")
    rows = [column.to_numpy(zero_copy_only=False) for column in columns]
    return ids, np.column_stack(rows or [np.empty((len(ids), 0))]), names


def _refuse_large(metadata: Any, name: str) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    parts = [group.column(number) for group in groups for number in range(group.num_columns)]
    numbers, size = sum(one.num_values for one in parts), sum(one.total_uncompressed_size for one in parts)
    if numbers > MOST_NUMBERS + metadata.num_rows or size > MOST_BYTES or metadata.num_rows > MOST_ROWS:
        raise InputError(
            f"{metadata.num_rows:,} rows with {numbers:,} values are too many: {MOST_ROWS:,} rows and {MOST_NUMBERS:,} "
            "numbers at most.",
            where=name,
        )


def _is_list(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _lists(column: Any, where: str) -> Any:
    """A column of lists as a table, each of as many numbers as the first."""
    import pyarrow.compute as pc

    lengths = np.array(pc.list_value_length(column).fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    if (odd := np.flatnonzero((lengths != lengths[:1]) | (lengths < 0))).size:
        raise InputError(
            f"has {max(lengths[odd[0]], 0)} numbers, the first row {max(lengths[0], 0)}. All items need equally many.",
            where=f"{where}, row {odd[0] + 1}",
        )
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), lengths[0] if len(lengths) else 0)


_READERS = {".npy": _npy, ".npz": _npz, ".parquet": _parquet}


def _checked(name: str, rows: Any, columns: list[str]) -> npt.NDArray[np.float32]:
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "fiu":
        raise InputError(
            f"features are a table of numbers, a row an item. Got {rows.shape} of {rows.dtype}.", where=name
        )
    if rows.shape[1] > MOST:
        raise InputError(f"an item has up to {MOST:,} numbers. Got {rows.shape[1]:,}.", where=name)
    if rows.size > MOST_NUMBERS:
        raise InputError(f"there are {rows.size:,} numbers: {MOST_NUMBERS:,} at most.", where=name)
    with np.errstate(over="ignore"):
        found = np.asarray(rows, np.float32)
    if not (finite := np.isfinite(found)).all():
        row, column = divmod(int(finite.argmin()), rows.shape[1])
        called = repr(columns[column]) if columns else column + 1
        raise InputError(
            f"is {rows[row, column]}: every number must be finite, and below 3.4e38. Mend it, or leave the item out.",
            where=f"{name}, row {row + 1}, column {called}",
        )
    return found


def _checked_ids(name: str, ids: Any, rows: int) -> npt.NDArray[Any]:
    listed = np.asarray(ids).tolist() if np.ndim(ids) == 1 else []
    if len(listed) != rows:
        raise InputError(f"there are {len(listed):,} ids for {rows:,} rows. Give one a row.", where=name)
    seen: dict[str, int] = {}
    for row, one in enumerate(listed):
        where = f"{name}, row {row + 1}"
        if isinstance(one, bool) or not isinstance(one, str | int) or not 0 < len(str(one)) <= LONGEST_ID:
            got = "nothing" if one in (None, "") else repr(one)[:100]
            raise InputError(
                f"an id is the item's own, text of up to {LONGEST_ID} characters or a whole number. Got {got}.",
                where=where,
            )
        if seen.setdefault(str(one), row) != row:
            raise InputError(f"the id {str(one)!r} is that of row {seen[str(one)] + 1} too. Keep one.", where=where)
    return np.array(list(seen), dtype=object)
