"""Columns of any origin as codes into distinct values.

Every column is encoded once, here; what follows looks at its few distinct values only.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements.blocks import blocks, gather

if TYPE_CHECKING:
    import pyarrow as pa

Codes = npt.NDArray[np.int32]
Column = Sequence[Any] | npt.NDArray[Any]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BEGINS = frozenset("+-.0123456789")
ARROW_FROM = 10_000
"""From so many rows on, loading pyarrow costs less than reading text without it."""


@dataclasses.dataclass(frozen=True)
class Factor:
    """A column of n rows: `codes` [n] into `values`, -1 where there is nothing.

    `values` may hold what no row uses, or a value twice; its order is that of the codes and says nothing else.
    `rows` are the rows' places in the table that came in, where some were left out. `ordered` says that the values are
    the whole numbers that occur, in order.
    """

    codes: Codes
    values: list[Any]
    rows: npt.NDArray[np.intp] | None = None
    ordered: bool = False

    def __len__(self) -> int:
        return len(self.codes)

    def used(self) -> list[int]:
        """The codes that occur, in order."""
        occurs = np.zeros(len(self.values) + 1, bool)
        for part in blocks(len(self.codes)):
            occurs[self.codes[part]] = True  # -1 marks the last
        return np.flatnonzero(occurs[:-1]).tolist()

    def row(self, code: int) -> int:
        """The first row that holds the value, as people count: from 1, in the table that came in."""
        at = int(np.flatnonzero(self.codes == code)[0])
        return (at if self.rows is None else int(self.rows[at])) + 1

    def take(self, rows: npt.NDArray[np.intp]) -> Factor:
        return Factor(self.codes[rows], self.values, rows if self.rows is None else self.rows[rows])


def objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    """A one-dimensional object array, also where the values are lists."""
    column = np.empty(len(values), object)
    for place, value in enumerate(values):
        column[place] = value
    return column


def to_records(columns: Mapping[str, npt.NDArray[Any]]) -> list[dict[str, Any]]:
    """One dictionary a row, of columns of equal length."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def is_missing(value: Any) -> bool:
    """None, empty text, NaN, and the missing values of data frames."""
    if value is None or (isinstance(value, str) and not value):
        return True
    if isinstance(value, list | tuple | dict | set | np.ndarray | str | int):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ in ("NAType", "NaTType")


def is_number(value: Any) -> bool:
    """Whether `value` is, or writes in ASCII, a finite number; truth values are none."""
    if isinstance(value, str):
        return value[:1] in BEGINS and NUMBER.fullmatch(value) is not None and math.isfinite(float(value))
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def factorise(column: Column) -> Factor:
    """Encode a column. Raises InputError for a structured value that JSON cannot write."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iu":
        return _factor_integers(column)
    if isinstance(column, np.ndarray) and column.dtype.kind in "fb":
        plain = column + 0.0 if column.dtype.kind == "f" else column  # so that -0.0 is 0.0
        distinct, codes = np.unique(plain, return_inverse=True)
        return _without_missing(Factor(codes.astype(np.int32), distinct.tolist()))
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    if len(values) >= ARROW_FROM and isinstance(values[0], str):
        import pyarrow as pa

        try:
            return factorise_arrow(pa.array(values, pa.string()))
        except (pa.ArrowException, TypeError, UnicodeError):
            pass
    return _factor_objects(values)


def factorise_arrow(column: pa.Array[Any] | pa.ChunkedArray[Any]) -> Factor:
    """Encode a column of Arrow's."""
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        return _factor_objects(column.to_pylist())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(column, pa.ChunkedArray):  # older versions keep several chunks of text
        column = pa.concat_arrays(column.chunks)
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    codes = coded.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False).copy()
    return _without_missing(Factor(codes, coded.dictionary.to_pylist()))


def _factor_integers(column: npt.NDArray[Any]) -> Factor:
    """Codes of integers: by counting where they lie close together, else by sorting."""
    low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
    span = high - low + 1
    if span > 4 * len(column) + 1000 or high > np.iinfo(np.int64).max:
        values, codes = np.unique(column, return_inverse=True)
        return Factor(codes.astype(np.int32), values.tolist(), ordered=low > -(2**63) and high < 2**63)
    used = np.zeros(span, bool)
    for part in blocks(len(column)):
        used[column[part].astype(np.int64) - low] = True
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    found = np.empty(len(column), np.int32)
    for part in blocks(len(column)):
        found[part] = place[column[part].astype(np.int64) - low]
    return Factor(found, (np.flatnonzero(used) + low).tolist(), ordered=True)


def _factor_objects(values: list[Any]) -> Factor:
    """Codes of whatever Python holds; values of different types stay apart, also where they are equal."""
    seen: dict[tuple[type, Any], int] = {}
    codes = np.empty(len(values), np.int32)
    for row, value in enumerate(values):
        kind = value.__class__
        if kind in (list, tuple, dict, set, np.ndarray):
            value, kind = _json(value, row), dict
        try:
            codes[row] = -1 if value != value else seen.setdefault((kind, value), len(seen))
        except (TypeError, ValueError):  # it compares or hashes as nothing that JSON has
            codes[row] = -1 if is_missing(value) else _refuse(value, row)
    distinct = [json.loads(value) if kind is dict else _plain(value) for kind, value in seen]
    return _without_missing(Factor(codes, distinct))


def _json(value: Any, row: int) -> str:
    try:
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        return json.dumps(plain, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return _refuse(value, row)


def _refuse(value: Any, row: int) -> NoReturn:
    raise InputError(f"row {row + 1}: a structured answer must be what JSON can write. Got {value!r}.") from None


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return value + 0.0 if isinstance(value, float) else value  # so that -0.0 is 0.0


def _without_missing(factor: Factor) -> Factor:
    missing = [code for code, value in enumerate(factor.values) if is_missing(value)]
    if missing:
        factor.codes[np.isin(factor.codes, missing)] = -1
    return factor


def arrange(factor: Factor, names: Sequence[Any] | None = None) -> tuple[npt.NDArray[Any], Codes]:
    """The distinct values that are used, in order, and each row's code. `names` stand for the factor's values.

    Numbers, also written as text, go by size and before words; words by code point.
    """
    if names is None and factor.ordered:
        return objects(factor.values), factor.codes
    names = factor.values if names is None else names
    used = factor.used()
    if (
        used
        and all(type(names[code]) is int for code in used)
        and max(map(abs, (names[code] for code in used))) < 2**63
    ):
        plain, places = np.unique(np.array([names[code] for code in used], np.int64), return_inverse=True)
        distinct = plain.tolist()
    else:
        distinct = _sorted({names[code] for code in used})
        place = {name: at for at, name in enumerate(distinct)}
        places = np.fromiter((place[names[code]] for code in used), np.intp, len(used))
    table = np.full(len(names) + 1, -1, np.int32)
    table[used] = places
    return objects(distinct), gather(table, factor.codes)


def _sorted(values: set[Any]) -> list[Any]:
    if all(type(value) is str and value[:1] not in BEGINS for value in values):
        return sorted(values)
    return sorted(values, key=_order)


def _order(value: Any) -> tuple[int, float, str]:
    return (0, float(value), str(value)) if is_number(value) or isinstance(value, bool) else (1, 0.0, str(value))


def identify(factor: Factor, name: str, where: str) -> tuple[npt.NDArray[Any], Codes]:
    """Identifiers in order and each row's code. Text or whole numbers; where both occur, all become text.

    Raises InputError naming the first row that holds something else or nothing.
    """
    if factor.ordered:
        return arrange(factor)
    plain = [_identifier(value) for value in factor.values]
    bad = [code for code in factor.used() if plain[code] is None]
    if (factor.codes < 0).any():
        bad.append(-1)
    if bad:
        row, code = min((factor.row(code), code) for code in bad)
        got = "nothing" if code < 0 else repr(factor.values[code])
        raise InputError(
            f"row {row}, column {name!r}: an identifier, text or a whole number, is needed. Got {got}.",
            where=where,
        )
    if len({type(value) for value in plain if value is not None}) > 1:
        plain = [str(value) for value in plain]
    return arrange(factor, plain)


def _identifier(value: Any) -> str | int | None:
    if isinstance(value, bool) or is_missing(value):
        return None
    if isinstance(value, str | int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if isinstance(value, uuid.UUID) else None


def moments(column: Column | Factor, where: str) -> npt.NDArray[np.float64]:
    """Times as seconds since 1970, [n]; nan where there is none. Times without a zone are taken as UTC."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iuf":
        return column.astype(np.float64)
    return _numbers(column, _moment, "a time (ISO 8601, or seconds since 1970)", "submitted_at", where)


def _moment(value: Any) -> float:
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return float((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())


def amounts(column: Column | Factor, name: str, where: str) -> npt.NDArray[np.float64]:
    """Numbers at or above 0, [n]; nan where there is none."""
    if (
        isinstance(column, np.ndarray)
        and column.dtype.kind in "iuf"
        and not (column < 0).any()
        and not np.isinf(column).any()
    ):
        return column.astype(np.float64)
    return _numbers(column, _amount, "a number at or above 0", name, where)


def _amount(value: Any) -> float:
    if not is_number(value) or float(value) < 0:
        raise ValueError
    return float(value)


def _numbers(
    column: Column | Factor, read: Callable[[Any], float], needed: str, name: str, where: str
) -> npt.NDArray[np.float64]:
    factor = column if isinstance(column, Factor) else factorise(column)
    table = np.full(len(factor.values) + 1, np.nan)
    for code in factor.used():
        try:
            table[code] = read(factor.values[code])
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise InputError(
                f"row {factor.row(code)}, column {name!r}: {needed} is needed. Got {factor.values[code]!r}.",
                where=where,
            ) from None
    return table[factor.codes]
