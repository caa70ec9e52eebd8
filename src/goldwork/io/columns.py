"""What formats give and take: chunks of columns, and the kinds that a column is written as."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

Kind = Literal["text", "integer", "number", "truth", "json"]
"""What a column holds, beside missing values. `json` is any JSON value."""
Column = Sequence[Any] | npt.NDArray[Any]
R = TypeVar("R")

MAX_CHUNK = 64 * 2**20
"""Characters or bytes after which a chunk is given away, however few rows it has: it bounds the memory of reading."""


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some rows of a file. `lines` says where each began, counted from 1: in lines, or rows where there are none."""

    columns: Mapping[str, Column]
    lines: Sequence[int] | npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)


def portions(rows: Iterable[tuple[R, int]], count: int) -> Iterator[list[R]]:
    """Rows, each given with its size, in lists of up to `count` of them and about `MAX_CHUNK` in all."""
    part: list[R] = []
    held = 0
    for row, size in rows:
        part.append(row)
        held += size
        if len(part) >= count or held >= MAX_CHUNK:
            yield part
            part, held = [], 0
    if part:
        yield part


def join(chunks: Iterable[Chunk]) -> Chunk:
    """All chunks as one, each column an object array (or a numeric one, where all parts are numeric)."""
    parts = list(chunks)
    names = list(dict.fromkeys(name for part in parts for name in part.columns))
    columns = {}
    for name in names:
        arrays = [_array(part.columns[name]) if name in part.columns else np.full(len(part), None) for part in parts]
        if len({array.dtype.kind for array in arrays}) > 1:
            arrays = [objects(array.tolist()) for array in arrays]
        columns[name] = np.concatenate(arrays)
    lines = np.concatenate([np.asarray(part.lines, np.int64) for part in parts] or [np.zeros(0, np.int64)])
    return Chunk(columns, lines)


def objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    """A one-dimensional object array, also where the values are lists."""
    array = np.empty(len(values), object)
    for place, value in enumerate(values):
        array[place] = value
    return array


def _array(column: Column) -> npt.NDArray[Any]:
    return column if isinstance(column, np.ndarray) else objects(column)


def kinds(columns: Mapping[str, Column]) -> dict[str, Kind]:
    """The narrowest kind that holds every value of each column."""
    return {name: _kind(column) for name, column in columns.items()}


def _kind(column: Column) -> Kind:
    if isinstance(column, np.ndarray) and column.dtype.kind in "iufb":
        return {"f": "number", "b": "truth"}.get(column.dtype.kind, "integer")  # type: ignore[return-value]
    types = {type(value) for value in column} - {type(None)}
    if types <= {bool, np.bool_} and types:
        return "truth"
    if types <= {str}:
        return "text"
    if all(issubclass(kind, int | np.integer) and kind is not bool for kind in types):
        return "integer"
    if all(issubclass(kind, int | float | np.integer | np.floating) and kind is not bool for kind in types):
        return "number"
    return "json"


def plain(column: Column) -> list[Any]:
    """A column's values as Python's own; NaN, which stands for missing, becomes None."""
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [None if isinstance(value, float) and value != value else value for value in values]
