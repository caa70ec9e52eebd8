"""Features that somebody has made elsewhere: a table of numbers, a row an item.

A Parquet file has a column `id` (or another that is named) and one column with lists of numbers, or a column for each
number. A .npy file has rows alone, in the order of the items; an .npz file may hold `ids` beside `features`.
Everything read is finite numbers; nothing is unpickled.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

MOST = 16_384
"""Numbers of one item."""


def read_features(path: Path | str, *, id: str = "id") -> tuple[npt.NDArray[Any] | None, npt.NDArray[np.float32]]:
    """The identifiers, None where the file has none, and the features [n, d].

    Raises InputError, with the file's name, for another kind of file, rows of different lengths, what is no finite
    number, an identifier twice, and more than MOST numbers a row.
    """
    path = Path(path)
    try:
        ids, rows = _READERS[path.suffix.lower()](path, id)
    except KeyError:
        raise InputError(
            f"features come as .npy, .npz or .parquet. Got {path.suffix or 'no ending'}.", where=path.name
        ) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, FileNotFoundError):
            raise InputError("there is no such file.", where=str(path)) from None
        raise InputError(f"cannot be read: {error}.", where=path.name) from None
    return _checked(path.name, ids, rows)


def _npy(path: Path, _: str) -> tuple[Any, Any]:
    with path.open("rb") as stream:
        return None, np.load(stream)


def _npz(path: Path, _: str) -> tuple[Any, Any]:
    with path.open("rb") as stream, np.load(stream) as file:
        if "features" not in file:
            raise InputError(f"needs an array 'features'. It has {', '.join(file.files) or 'none'}.", where=path.name)
        return file.get("ids"), file["features"]


def _parquet(path: Path, id: str) -> tuple[Any, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise InputError(f"cannot be read: {error}.", where=path.name) from None
    if id not in table.column_names:
        listed = ", ".join(table.column_names) or "none"
        raise InputError(f"there is no column {id!r}. The columns are: {listed}.", where=path.name)
    ids = np.array(table[id].to_pylist(), dtype=object)
    columns = [table[name].combine_chunks() for name in table.column_names if name != id]
    if len(columns) == 1 and pa.types.is_list(columns[0].type) | pa.types.is_fixed_size_list(columns[0].type):
        lengths = {len(row) if row is not None else -1 for row in columns[0].to_pylist()}
        if len(lengths) > 1 or -1 in lengths:
            raise InputError("all items need equally many numbers.", where=path.name)
        width = lengths.pop() if lengths else 0
        return ids, columns[0].flatten().to_numpy(zero_copy_only=False).reshape(len(ids), width)
    for name, column in zip((name for name in table.column_names if name != id), columns, strict=True):
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise InputError(f"column {name!r} holds {column.type}, not numbers.", where=path.name)
    return ids, np.column_stack(
        [column.to_numpy(zero_copy_only=False) for column in columns] or [np.empty((len(ids), 0))]
    )


_READERS = {".npy": _npy, ".npz": _npz, ".parquet": _parquet}


def _checked(name: str, ids: Any, rows: Any) -> tuple[npt.NDArray[Any] | None, npt.NDArray[np.float32]]:
    if rows.ndim != 2 or not rows.shape[1] or rows.dtype.kind not in "fiu":
        raise InputError(f"features are a table of numbers. Got shape {rows.shape} of {rows.dtype}.", where=name)
    if rows.shape[1] > MOST:
        raise InputError(f"an item has up to {MOST:,} numbers. Got {rows.shape[1]:,}.", where=name)
    found = np.asarray(rows, np.float32)
    if not np.isfinite(found).all():
        row, column = np.argwhere(~np.isfinite(found))[0]
        raise InputError(f"row {row + 1}, number {column + 1} is {rows[row, column]}.", where=name)
    if ids is None:
        return None, found
    if len(ids) != len(found):
        raise InputError(f"there are {len(ids):,} ids for {len(found):,} rows.", where=name)
    listed = [str(one) for one in np.asarray(ids).tolist()]
    seen: dict[str, int] = {}
    for row, one in enumerate(listed):
        if seen.setdefault(one, row) != row:
            raise InputError(f"item {one!r} stands in rows {seen[one] + 1} and {row + 1}.", where=name)
    return np.array(listed, dtype=object), found
