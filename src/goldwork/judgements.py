"""Judgements: the long table that every quality function reads.

One row is one answer of one annotator to one question about one item. The table is frozen, columnar and sorted
at construction, so the order in which rows came in carries no meaning.

    >>> table = Judgements.from_records([
    ...     {"item": "a", "annotator": "ann", "label": "cat"},
    ...     {"item": "a", "annotator": "bob", "label": "dog"},
    ...     {"item": "b", "annotator": "ann", "label": "cat"},
    ... ])
    >>> len(table), list(table.items), list(table.categories)
    (3, ['a', 'b'], ['cat', 'dog'])
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame
    from scipy.sparse import csr_array

Codes = npt.NDArray[np.int32]
Duplicates = Literal["error", "first", "last", "repeat"]

DUPLICATES = ("error", "first", "last", "repeat")
KINDS = ("human", "model", "gold")
CONTEXT = ("submitted_at", "seconds", "weight", "session", "batch", "guideline", "shown", "suggestion")
"""Optional columns that travel with the judgements. `seconds` and `weight` are floats; the others are as given."""
ONE_QUESTION = "label"
"""The question's name where a table has no such column."""


@dataclasses.dataclass(frozen=True, eq=False)
class Judgements:
    """The long table. Build it with `from_records`, `from_frame`, `from_columns` or `goldwork.read`.

    Rows are sorted by question, item, annotator and then repeat. With n judgements:

    - `item`, `annotator`, `question`: int32 [n], codes into `items`, `annotators`, `questions`
    - `items`, `annotators`, `questions`: sorted identifiers, each of one type (all str or all int)
    - `kinds`: one of human, model, gold for every annotator
    - `value`: [n]; int32 codes into `categories` where values are categories, float64 where they are numbers
      (then `categories` is None), canonical JSON-like objects otherwise
    - `repeat`: int32 [n], 0 for the first judgement of an annotator on an item's question
    - `context`: further columns [n] by name, see CONTEXT
    - `missing`: rows left out because they held no value
    - `ordered`: the categories were declared, in an order with a meaning
    - `frame`: the native type of the frame that came in, so that results go back as the same kind
    """

    item: Codes
    annotator: Codes
    question: Codes
    value: npt.NDArray[Any]
    repeat: Codes
    items: npt.NDArray[Any]
    annotators: npt.NDArray[Any]
    questions: npt.NDArray[Any]
    categories: npt.NDArray[Any] | None
    kinds: tuple[str, ...]
    context: Mapping[str, npt.NDArray[Any]]
    missing: int = 0
    frame: str = ""
    ordered: bool = False

    def __len__(self) -> int:
        return len(self.item)

    def __repr__(self) -> str:
        return (
            f"Judgements({len(self):,} judgements, {len(self.items):,} items, {len(self.annotators):,} annotators, "
            f"{len(self.questions):,} questions)"
        )

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]], **options: Any) -> Judgements:
        """From dictionaries, one a judgement. Options as in `from_columns`."""
        rows = list(records)
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {name: [row.get(name) for row in rows] for name in names}
        return cls.from_columns(columns, **options)

    @classmethod
    def from_frame(cls, frame: IntoFrame, **options: Any) -> Judgements:
        """From any data frame that narwhals knows (pandas, polars, pyarrow and more). Options as in `from_columns`."""
        import narwhals as nw

        native = nw.from_native(frame)
        table = native.collect() if isinstance(native, nw.LazyFrame) else native
        columns = {name: _plain(table[name]) for name in table.columns}
        made = cls.from_columns(columns, **options)
        return dataclasses.replace(made, frame=table.implementation.value)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]],
        *,
        item: str = "item",
        annotator: str = "annotator",
        value: str = "label",
        question: str = "question",
        kind: str = "kind",
        duplicates: Duplicates = "error",
        where: str = "",
    ) -> Judgements:
        """From columns of equal length; the options name them.

        `duplicates` says what a repeated (item, annotator, question) means: an error naming both rows, the first
        or last by `submitted_at` (by row where there is none), or a further judgement of its own (`repeat`).
        `where` names the source in errors. Raises InputError for a missing column, a length that differs, an
        identifier that is missing, an unknown kind, a duplicate.
        """
        if duplicates not in DUPLICATES:
            raise InputError(f"duplicates must be one of {', '.join(DUPLICATES)}. Got {duplicates!r}.")
        for name in (item, annotator, value):
            if name not in columns:
                raise InputError(
                    f"there is no column {name!r}. The columns are: {', '.join(map(str, columns)) or 'none'}.",
                    where=where,
                )
        size = len(columns[item])
        for name, column in columns.items():
            if len(column) != size:
                raise InputError(f"column {name!r} has {len(column)} rows where {item!r} has {size}.", where=where)
        keep = ~_missing(columns[value])
        rows = np.flatnonzero(keep)
        items, item_codes = _identify(columns[item], rows, item, where)
        annotators, annotator_codes = _identify(columns[annotator], rows, annotator, where)
        if question in columns:
            questions, question_codes = _identify(columns[question], rows, question, where)
        else:
            questions, question_codes = np.array([ONE_QUESTION], object), np.zeros(len(rows), np.int32)
        values, categories = _values(columns[value], rows)
        kinds = _kinds(columns.get(kind), rows, annotator_codes, annotators, where)
        context = {name: _context(name, columns[name], rows, where) for name in CONTEXT if name in columns}
        time = context.get("submitted_at")
        when = np.arange(len(rows)) if time is None else _ranks(time)
        order = np.lexsort((_ranks(values), when, annotator_codes, item_codes, question_codes))
        keys = np.stack([question_codes[order], item_codes[order], annotator_codes[order]])
        same = np.r_[False, (keys[:, 1:] == keys[:, :-1]).all(axis=0)] if len(rows) else np.zeros(0, bool)
        if same.any():
            if duplicates == "error":
                second = int(np.flatnonzero(same)[0])
                first_row, row = sorted((int(rows[order[second - 1]]), int(rows[order[second]])))
                raise InputError(
                    f"row {row + 1} repeats row {first_row + 1}: item {items[item_codes[order[second]]]!r}, annotator "
                    f"{annotators[annotator_codes[order[second]]]!r} judged the same question twice. "
                    'Choose duplicates="first", "last" or "repeat".',
                    where=where,
                )
            if duplicates == "first":
                order = order[~same]
            elif duplicates == "last":
                order = order[~np.r_[same[1:], False]]
        repeat = _positions(same) if duplicates == "repeat" else np.zeros(len(order), np.int32)
        return cls(
            item=item_codes[order],
            annotator=annotator_codes[order],
            question=question_codes[order],
            value=values[order],
            repeat=repeat,
            items=items,
            annotators=annotators,
            questions=questions,
            categories=categories,
            kinds=kinds,
            context={name: column[order] for name, column in context.items()},
            missing=size - len(rows),
        )

    def take(self, rows: npt.NDArray[Any]) -> Judgements:
        """The judgements at `rows` (a boolean mask or positions in ascending order), on the same identifiers."""
        return dataclasses.replace(
            self,
            item=self.item[rows],
            annotator=self.annotator[rows],
            question=self.question[rows],
            value=self.value[rows],
            repeat=self.repeat[rows],
            context={name: column[rows] for name, column in self.context.items()},
        )

    def humans(self) -> Judgements:
        """The judgements made by people: what agreement and consensus read unless told otherwise."""
        return self.of_kinds(("human",))

    def of_kinds(self, kinds: Collection[str]) -> Judgements:
        """The judgements of annotators of these kinds (human, model, gold)."""
        for kind in kinds:
            if kind not in KINDS:
                raise InputError(f"kind must be one of {', '.join(KINDS)}. Got {kind!r}.")
        if all(kind in kinds for kind in self.kinds):
            return self
        return self.take(np.array([kind in kinds for kind in self.kinds])[self.annotator]).compact()

    def counted(self) -> Judgements:
        """Without the judgements of weight 0, which are kept and do not count."""
        if "weight" not in self.context or self.context["weight"].all():
            return self
        return self.take(self.context["weight"] != 0).compact()

    def per_item(self) -> npt.NDArray[np.int64]:
        """How many judgements each item has, [items]."""
        return np.bincount(self.item, minlength=len(self.items))

    def weights(self) -> npt.NDArray[np.float64]:
        """The judgements' weights, [n]: 1 where there is no such column."""
        return self.context.get("weight", np.ones(len(self)))

    def tally(self, *, weighted: bool = False) -> csr_array[np.float64]:
        """How often (or with which weight) each item was given each category, sparse [items, categories]."""
        from scipy.sparse import csr_array

        codes, categories = self.coded()
        shape = (len(self.items), len(categories))
        made = csr_array((self.weights() if weighted else np.ones(len(self)), (self.item, codes)), shape=shape)
        made.sum_duplicates()
        return made

    def coded(self) -> tuple[Codes, npt.NDArray[Any]]:
        """Values as codes [n] and the distinct values, also where they are numbers or structured answers."""
        if self.categories is not None:
            return self.value, self.categories
        if self.value.dtype != object:
            categories, codes = np.unique(self.value, return_inverse=True)
            return codes.astype(np.int32), categories
        codes, keys = _encode(json.dumps(value, sort_keys=True) for value in self.value)[::-1]
        return codes, _objects([json.loads(key) for key in keys])

    def pairs(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Positions of every two judgements of the same item, each pair once."""
        order = np.argsort(self.item, kind="stable")
        item = self.item[order]
        most = int(np.bincount(item).max(initial=1))
        starts = [np.flatnonzero(item[step:] == item[:-step]) for step in range(1, most)]
        one = np.concatenate([np.zeros(0, np.intp), *starts])
        two = np.concatenate([np.zeros(0, np.intp), *(start + step for step, start in enumerate(starts, 1))])
        return order[one], order[two]

    def in_order(self) -> Judgements:
        """Itself with categories in their order as a scale: by number, or as declared. Raises InputError."""
        if self.categories is None:
            self.numbers()
        elif not self.ordered and len(self):
            self.numbers()
        return self

    def parts(self) -> int:
        """Into how many groups the items and annotators fall that share no judgement; 1 is as it should be."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        size = len(self.items) + len(self.annotators)
        links = (np.ones(len(self), np.int8), (self.item, self.annotator + np.int32(len(self.items))))
        return int(connected_components(coo_array(links, shape=(size, size)), directed=False)[0])

    def about(self, question: Any) -> Judgements:
        """The judgements of one question, with the identifiers and categories that occur there."""
        found = np.flatnonzero(self.questions == question)
        if not len(found):
            listed = ", ".join(map(str, self.questions))
            raise InputError(f"there is no question {question!r}. There are: {listed}.")
        return self.take(self.question == found[0]).compact()

    def only_question(self) -> Judgements:
        """Itself when it asks one question. Raises InputError listing the questions when it asks several."""
        if len(self.questions) > 1:
            listed = ", ".join(map(str, self.questions))
            raise InputError(f"the table asks {len(self.questions)} questions: {listed}. Choose one of them.")
        return self

    def compact(self) -> Judgements:
        """The same judgements without items, annotators, questions and categories that no row uses."""
        items, item = _used(self.items, self.item)
        annotators, annotator = _used(self.annotators, self.annotator)
        questions, question = _used(self.questions, self.question)
        kinds = tuple(self.kinds[code] for code in np.unique(self.annotator))
        categories, value = self.categories, self.value
        if categories is not None:
            categories, value = _used(categories, value)
        elif value.dtype == object:
            value, categories = _values(value, np.arange(len(value)))
        return dataclasses.replace(
            self, item=item, annotator=annotator, question=question, value=value, items=items, annotators=annotators,
            questions=questions, kinds=kinds, categories=categories,
        )  # fmt: skip

    def labels(self) -> npt.NDArray[Any]:
        """The values as they were given, [n]: categories decoded."""
        return self.value if self.categories is None else self.categories[self.value]

    def numbers(self) -> npt.NDArray[np.float64]:
        """The values as float64, [n]. Raises InputError naming the first one that is no number."""
        if self.categories is None:
            if self.value.dtype == object:
                raise InputError("the values are structured answers, not numbers.")
            return self.value.astype(np.float64)
        try:
            return category_numbers(self.categories)[self.value]
        except ValueError:
            bad = next(category for category in self.categories if not _is_number(category))
            raise InputError(f"label {bad!r} is no number, and this needs numbers.") from None

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """The table as columns, which `from_columns(..., duplicates="repeat")` reads back to the same table."""
        columns: dict[str, npt.NDArray[Any]] = {
            "item": self.items[self.item],
            "annotator": self.annotators[self.annotator],
            "question": self.questions[self.question],
            "label": self.labels(),
        }
        if any(kind != "human" for kind in self.kinds):
            columns["kind"] = np.array(self.kinds, object)[self.annotator]
        return columns | dict(self.context)


def category_numbers(categories: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Categories as numbers, [k]. Raises ValueError where one is none."""
    return np.array([float(category) for category in categories], np.float64)


def _is_number(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


def _plain(series: Any) -> npt.NDArray[Any]:
    """A narwhals series as a numpy array without a data frame's own missing values."""
    column = series.to_numpy()
    if column.dtype.kind in "iufb" and not series.null_count():
        return np.asarray(column)
    return _objects(series.to_list())


def _objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    """A one-dimensional object array, also where the values are lists."""
    column = np.empty(len(values), object)
    column[:] = values if not len(values) or not isinstance(values[0], np.ndarray) else [*map(list, values)]
    return column


def _missing(column: Sequence[Any] | npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if isinstance(column, np.ndarray) and column.dtype.kind in "iub":
        return np.zeros(len(column), bool)
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return np.isnan(column)
    return np.fromiter((_is_missing(value) for value in column), bool, len(column))


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value) or (isinstance(value, float) and value != value)


def _identify(
    column: Sequence[Any] | npt.NDArray[Any], rows: Codes | npt.NDArray[np.intp], name: str, where: str
) -> tuple[npt.NDArray[Any], Codes]:
    """The sorted distinct identifiers among `rows` and the code of each row."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iu":
        identifiers, codes = np.unique(column[rows], return_inverse=True)
        return identifiers.astype(object), codes.astype(np.int32)
    values = column if len(rows) == len(column) else [column[row] for row in rows]
    for row, value in zip(rows, values, strict=True):
        if _is_missing(value) or isinstance(value, list | dict):
            raise InputError(f"row {row + 1}, column {name!r}: an identifier is needed. Got {value!r}.", where=where)
    if len({isinstance(value, str) for value in dict.fromkeys(values)}) > 1:
        values = [str(value) for value in values]
    return _encode(values)


def _encode(values: Iterable[Any]) -> tuple[npt.NDArray[Any], Codes]:
    """Sorted distinct values and the code of each. O(n) look-ups, a sort of the distinct values alone."""
    seen: dict[Any, int] = {}
    first = np.fromiter((seen.setdefault(value, len(seen)) for value in values), np.int32)
    distinct = list(seen)
    order = sorted(range(len(distinct)), key=lambda code: _sort_key(distinct[code]))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return _objects([distinct[code] for code in order]), place[first] if len(first) else first


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Numbers, also those written as text, by size and before words; words by code point."""
    if isinstance(value, str) and not _is_number(value):
        return (1, 0.0, value)
    return (0, float(value), str(value))


def _values(column: Sequence[Any] | npt.NDArray[Any], rows: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    """The values at `rows`: codes and categories for text, whole numbers and truth values; floats; objects."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iub":
        categories, codes = np.unique(column[rows], return_inverse=True)
        return codes.astype(np.int32), _objects(categories.tolist())
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return column[rows].astype(np.float64), None
    values = [column[row] for row in rows]
    if any(isinstance(value, list | tuple | dict) for value in values):
        return _objects([_canonical(value) for value in values]), None
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if any(isinstance(value, float) and not value.is_integer() for value in values):
            return np.array(values, np.float64), None
    codes_of = _encode(values)
    return codes_of[1], codes_of[0]


def _canonical(value: Any) -> Any:
    """Structured answers with keys in order, so that equal answers are equal to the byte."""
    return json.loads(json.dumps(value, sort_keys=True)) if isinstance(value, list | tuple | dict) else value


def _ranks(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sortable stand-ins for a column's values."""
    if column.dtype != object:
        return column
    return _encode(json.dumps(value, sort_keys=True, default=str) for value in column)[1]


def _kinds(column: Any, rows: Any, codes: Codes, annotators: npt.NDArray[Any], where: str) -> tuple[str, ...]:
    if column is None:
        return ("human",) * len(annotators)
    kinds: dict[int, str] = {}
    for row, code in zip(rows, codes, strict=True):
        kind = column[row] or "human"
        if kind not in KINDS:
            raise InputError(f"row {row + 1}: kind must be one of {', '.join(KINDS)}. Got {kind!r}.", where=where)
        if kinds.setdefault(int(code), kind) != kind:
            raise InputError(
                f"row {row + 1}: annotator {annotators[code]!r} is {kind!r} here and {kinds[int(code)]!r} before.",
                where=where,
            )
    return tuple(kinds[code] for code in range(len(annotators)))


def _context(name: str, column: Any, rows: Any, where: str) -> npt.NDArray[Any]:
    if name not in ("seconds", "weight"):
        return _objects([column[row] for row in rows])
    out = np.full(len(rows), np.nan)
    for position, row in enumerate(rows):
        if _is_missing(column[row]):
            continue
        if not _is_number(column[row]) or float(column[row]) < 0:
            raise InputError(
                f"row {row + 1}, column {name!r}: a number at or above 0 is needed. Got {column[row]!r}.", where=where
            )
        out[position] = float(column[row])
    return out


def _positions(same: npt.NDArray[np.bool_]) -> Codes:
    """For rows marked as equal to the one before, how many equal ones precede."""
    places = np.arange(len(same))
    start = np.maximum.accumulate(np.where(same, 0, places)) if len(same) else places
    return (places - start).astype(np.int32)


def _used(identifiers: npt.NDArray[Any], codes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Codes]:
    used, compacted = np.unique(codes, return_inverse=True)
    return identifiers[used], compacted.astype(np.int32)
