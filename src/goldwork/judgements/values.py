"""What judgements say: categories, numbers or structured answers, decided once for each question.

- `text`: every value is text; a category each
- `truth`: every value is true or false; a category each
- `whole`: every value is a whole number (1 and 1.0 are the same); a category each
- `number`: every value is a number, some not whole
- `structured`: some value is a list or an object

Where else types mix, all values become text, as JSON would write them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements.blocks import count
from goldwork.judgements.columns import Codes, Column, Factor, arrange, factorise, objects

Values = tuple[npt.NDArray[Any], npt.NDArray[Any] | None]
"""Codes and categories; or numbers or objects, and None."""


def factor_values(column: Column) -> Factor | npt.NDArray[np.float64]:
    """The column encoded, or as it is where it holds numbers that are not all whole."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        present = column[~np.isnan(column)]
        if len(present) and np.isfinite(present).all() and (present != np.floor(present)).any():
            return column.astype(np.float64) + 0.0
    return factorise(column)


def read_values(column: Factor | npt.NDArray[np.float64], questions: Codes, where: str, name: str) -> Values:
    """Values of rows that all hold one, [n], with the type that they have in common.

    Questions with answers of different types get objects; each is read again when it is looked at alone.
    """
    if isinstance(column, np.ndarray):
        return column, None
    _check_finite(column, where, name)
    kinds = {_kind([column.values[code] for code in codes]) for codes in _codes_by(questions, column.codes)}
    if not kinds:
        return np.zeros(0, np.int32), objects([])
    if kinds <= {"whole", "number"} and "number" in kinds:
        table = np.array([float(v) if _is_numeric(v) else np.nan for v in column.values], np.float64)
        return table[column.codes], None
    if len(kinds) > 1 or kinds == {"structured"}:
        table = objects(column.values)
        return table[column.codes], None
    names = _names(column.values, kinds.pop())
    categories, codes = arrange(column, names)
    return codes, categories


def read_again(values: npt.NDArray[Any]) -> Values:
    """The values of one question out of several, with the type that they have by themselves."""
    factor = factor_values(values if values.dtype != object else values.tolist())
    return read_values(factor, np.zeros(len(values), np.int32), "", "label")


def code(values: npt.NDArray[Any]) -> tuple[Codes, npt.NDArray[Any]]:
    """Codes of numbers or structured answers and the distinct ones, numbers by size, others by their JSON."""
    if values.dtype != object:
        distinct, places = np.unique(values, return_inverse=True)
        return places.astype(np.int32), objects(distinct.tolist())
    factor = factorise(values.tolist())
    keys, codes = arrange(factor, [write(value) for value in factor.values])
    return codes, objects([json.loads(key) for key in keys])


def write(value: Any) -> str:
    """The JSON of a value, keys in order."""
    return json.dumps(value, sort_keys=True, default=str)


def _codes_by(questions: Codes, codes: Codes) -> list[list[int]]:
    """The distinct codes that each question uses."""
    if not len(codes):
        return []
    if questions.min() == questions.max():
        return [np.flatnonzero(count(codes, int(codes.max()) + 1)).tolist()]
    size = int(codes.max()) + 1
    pairs = np.unique(questions * np.int64(size) + codes)
    return [part.tolist() for part in np.split(pairs % size, np.flatnonzero(np.diff(pairs // size)) + 1)]


def _kind(values: list[Any]) -> str:
    if all(type(value) is str for value in values):
        return "text"
    if any(isinstance(value, list | dict) for value in values):
        return "structured"
    if all(isinstance(value, bool) for value in values):
        return "truth"
    if all(_is_numeric(value) for value in values):
        return "whole" if all(value == int(value) for value in values) else "number"
    return "text"


def _is_numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _names(values: Sequence[Any], kind: str) -> list[Any]:
    if kind == "whole":
        return [int(value) if _is_numeric(value) and math.isfinite(value) else None for value in values]
    if kind == "text":
        return [_text(value) for value in values]
    return list(values)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _check_finite(column: Factor, where: str, name: str) -> None:
    for code in column.used():
        value = column.values[code]
        if isinstance(value, float) and math.isinf(value):
            raise InputError(
                f"row {column.row(code)}, column {name!r}: a finite number is needed. Got {value!r}.", where=where
            )
