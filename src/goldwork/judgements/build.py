"""Building the long table: columns checked, encoded, sorted, repeats resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements.blocks import gather
from goldwork.judgements.columns import (
    Codes,
    Factor,
    amounts,
    arrange,
    factorise,
    factorise_arrow,
    identify,
    moments,
    objects,
)
from goldwork.judgements.keys import Keys, pack, zeros
from goldwork.judgements.values import factor_values, read_values, write

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame

Duplicates = Literal["error", "first", "last", "repeat"]

DUPLICATES = get_args(Duplicates)
KINDS = ("human", "model", "gold")
CONTEXT = ("submitted_at", "seconds", "weight", "session", "batch", "guideline", "shown", "suggestion")
"""Optional columns that travel with the judgements. `seconds` and `weight` are floats; the others are as given."""
ONE_QUESTION = "label"
"""The question's name where a table has no such column."""


def build(columns: Mapping[str, Any], names: Mapping[str, str], duplicates: Duplicates, where: str) -> dict[str, Any]:
    """The fields of a `Judgements` of these columns; `names` says which holds what."""
    _check(columns, names, duplicates, where)
    values = _factor(columns[names["value"]], value=True)
    size = len(columns[names["value"]])
    there = values.codes >= 0 if isinstance(values, Factor) else ~np.isnan(values)
    rows = None if there.all() else np.flatnonzero(there)
    factors = {
        role: _factor(columns[name]) if rows is None else _factor(columns[name]).take(rows)
        for role, name in names.items()
        if role != "value" and name in columns
    }
    items, item = identify(factors["item"], names["item"], where)
    annotators, annotator = identify(factors["annotator"], names["annotator"], where)
    if "question" in factors and len(item):
        questions, question = identify(factors["question"], names["question"], where)
    else:
        questions, question = objects([ONE_QUESTION]), zeros(len(item))
    if rows is not None:
        values = values.take(rows) if isinstance(values, Factor) else values[rows]
    value, categories = read_values(values, question, where, names["value"])
    kinds = _kinds(factors.get("kind"), annotator, annotators, where)
    context = {name: _context(name, columns[name], rows, where) for name in CONTEXT if name in columns}
    sizes = len(questions), len(items), len(annotators)
    packed = pack(question, item, annotator, sizes)
    factors.clear()
    del values, there, question, item, annotator  # the keys hold it all, and the sort takes as much again
    source = _Source(columns, rows, duplicates, where)
    keys, repeat = _resolve(
        Keys.sort(packed, sizes), value, source, lambda of, by: f"item {items[of]!r}, annotator {annotators[by]!r}"
    )
    question, item, annotator = keys.codes()
    order = keys.places
    return {
        "item": item,
        "annotator": annotator,
        "question": question,
        "value": gather(value, order),
        "repeat": repeat,
        "items": items,
        "annotators": annotators,
        "questions": questions,
        "categories": categories,
        "kinds": kinds,
        "context": {name: gather(column, order) for name, column in context.items()},
        "missing": 0 if rows is None else size - len(rows),
    }


def read_frame(frame: IntoFrame, options: Mapping[str, Any]) -> tuple[dict[str, Any], str, list[Any] | None]:
    """A data frame's columns encoded, its library, and the categories that it declares."""
    import narwhals as nw

    native = nw.from_native(frame)
    table = native.collect() if isinstance(native, nw.LazyFrame) else native
    value = options.get("value", "label")
    wanted = {"item", "annotator", "label", "question", "kind", *CONTEXT, *map(str, options.values())}
    columns = {name: _of_frame(table[name]) for name in table.columns if name in wanted}
    columns |= {name: [None] * len(table) for name in table.columns if name not in columns}
    categories = None
    if value in table.columns and isinstance(kind := table[value].dtype, nw.Enum):
        categories = list(kind.categories)
    return columns, table.implementation.value, categories


def _of_frame(series: Any) -> Any:
    """A narwhals series as a numpy array where it is numeric and full, encoded by Arrow otherwise."""
    import narwhals as nw

    if (series.dtype.is_numeric() and not series.null_count()) or series.dtype == nw.Boolean:
        return series.to_numpy()
    if series.dtype == nw.Object:  # Arrow would give every answer the fields of all others
        return factorise(series.to_list())
    return factorise_arrow(series.to_arrow())


def _factor(column: Any, *, value: bool = False) -> Any:
    if isinstance(column, Factor):
        return column
    return factor_values(column) if value else factorise(column)


def _check(columns: Mapping[str, Any], names: Mapping[str, str], duplicates: str, where: str) -> None:
    if duplicates not in DUPLICATES:
        raise InputError(f"duplicates must be one of {', '.join(DUPLICATES)}. Got {duplicates!r}.")
    for role in ("item", "annotator", "value"):
        if names[role] not in columns:
            listed = ", ".join(map(str, columns)) or "none"
            raise InputError(f"there is no column {names[role]!r}. The columns are: {listed}.", where=where)
    size = len(columns[names["item"]])
    for name, column in columns.items():
        if len(column) != size:
            raise InputError(f"column {name!r} has {len(column)} rows where {names['item']!r} has {size}.", where=where)


@dataclasses.dataclass(frozen=True)
class _Source:
    """What came in: its columns, the `rows` of them that hold a value (None: all), what repeats mean, its name."""

    columns: Mapping[str, Any]
    rows: npt.NDArray[np.intp] | None
    duplicates: Duplicates
    where: str

    def row(self, place: int) -> int:
        """The row as people count it, of a place among those that hold a value."""
        return int(place if self.rows is None else self.rows[place]) + 1


def _resolve(
    keys: Keys, value: npt.NDArray[Any], source: _Source, who: Callable[[int, int], str]
) -> tuple[Keys, Codes]:
    """The rows to keep and which repeat each is; `who` says whose judgement, by codes of item and annotator."""
    order, ordered = keys.places, keys.ordered
    same = np.zeros(len(order), bool)
    np.equal(ordered[1:], ordered[:-1], out=same[1:])
    if not same.any():
        return keys, zeros(len(order))
    if source.duplicates == "error":
        second = int(np.flatnonzero(same)[0])
        first_row, row = sorted(source.row(order[place]) for place in (second - 1, second))
        raise InputError(
            f"row {row} repeats row {first_row}: {who(*keys.at(second))} judged the same question twice. "
            'Choose duplicates="first", "last" or "repeat".',
            where=source.where,
        )
    repeated = same | np.r_[same[1:], False]
    order[repeated] = _among_repeats(order[repeated], ordered[repeated], value, source)
    if source.duplicates == "repeat":
        return keys, _positions(same)
    keep = ~same if source.duplicates == "first" else ~np.r_[same[1:], False]
    return keys.take(keep), zeros(int(keep.sum()))


def _among_repeats(
    places: npt.NDArray[Any], key: npt.NDArray[np.int64], value: npt.NDArray[Any], source: _Source
) -> npt.NDArray[Any]:
    """Repeats in order: by `key`, by time, then by what they say.

    Only where the first or last of rows without times is wanted does the order of rows decide.
    """
    rows, columns = places if source.rows is None else source.rows[places], source.columns
    ties = [_ranks(columns[name], rows) for name in CONTEXT if name in columns]
    ties.append(_ranks(value, places))
    if "submitted_at" in columns:
        times = moments(_at(columns["submitted_at"], rows), source.where)
        if source.duplicates != "repeat" and (untimed := np.flatnonzero(np.isnan(times))).size:
            raise InputError(
                f"row {source.row(places[untimed[0]])} is one of several judgements of the same annotator on the same "
                f"item and has no submitted_at, so it cannot be told which is {source.duplicates}.",
                where=source.where,
            )
        ties.append(np.nan_to_num(times, nan=-np.inf))
    elif source.duplicates != "repeat":
        ties.append(places)
    return places[np.lexsort((*ties, key))]


def _at(column: Any, rows: npt.NDArray[Any] | None) -> Any:
    """A column's part: as it is where it is numeric, encoded otherwise."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iufb":
        return column if rows is None else column[rows]
    return _factor(column) if rows is None else _factor(column).take(rows)


def _ranks(column: Any, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sortable stand-ins for a column's values at `rows`."""
    part = _at(column, rows)
    if isinstance(part, np.ndarray):
        return part
    return arrange(part, [f"{type(value).__name__} {write(value)}" for value in part.values])[1]


def _positions(same: npt.NDArray[np.bool_]) -> Codes:
    """For rows marked as equal to the one before, how many equal ones precede."""
    places = np.arange(len(same))
    start = np.maximum.accumulate(np.where(same, 0, places))
    return (places - start).astype(np.int32)


def _kinds(factor: Factor | None, annotator: Codes, annotators: npt.NDArray[Any], where: str) -> tuple[str, ...]:
    """One kind for every annotator; human where nothing is said."""
    if factor is None or not len(annotator):
        return ("human",) * len(annotators)
    for code in factor.used():
        if factor.values[code] not in KINDS:
            got = factor.values[code]
            raise InputError(
                f"row {factor.row(code)}: kind must be one of {', '.join(KINDS)}. Got {got!r}.", where=where
            )
    names = [KINDS.index(value) if value in KINDS else 0 for value in factor.values] + [0]
    codes = np.array(names)[factor.codes]
    kind = np.zeros(len(annotators), np.int64)
    kind[annotator] = codes
    if (other := np.flatnonzero(kind[annotator] != codes)).size:
        at = int(other[0])
        raise InputError(
            f"annotator {annotators[annotator[at]]!r} is {KINDS[codes[at]]!r} in one row and "
            f"{KINDS[kind[annotator[at]]]!r} in another. Give each its own name.",
            where=where,
        )
    return tuple(KINDS[code] for code in kind)


def _context(name: str, column: Any, rows: npt.NDArray[np.intp] | None, where: str) -> npt.NDArray[Any]:
    if name in ("seconds", "weight"):
        values = amounts(_at(column, rows), name, where)
        if name == "weight" and (bare := np.flatnonzero(np.isnan(values))).size:
            row = int(bare[0] if rows is None else rows[bare[0]]) + 1
            raise InputError(f"row {row}, column 'weight': every judgement needs one. Got nothing.", where=where)
        return values
    if isinstance(column, Factor):
        return objects([*column.values, None])[column.codes if rows is None else column.codes[rows]]
    whole = column if isinstance(column, np.ndarray) else objects(column)
    return whole if rows is None else whole[rows]
