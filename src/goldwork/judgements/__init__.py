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
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements import overlap
from goldwork.judgements.blocks import count
from goldwork.judgements.build import CONTEXT, DUPLICATES, KINDS, ONE_QUESTION, Duplicates, build, read_frame
from goldwork.judgements.columns import Codes, Column, is_number, objects
from goldwork.judgements.values import code, read_again

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame
    from scipy.sparse import csr_array

__all__ = ["CONTEXT", "DUPLICATES", "KINDS", "ONE_QUESTION", "Codes", "Duplicates", "Judgements", "to_frame"]


@dataclasses.dataclass(frozen=True, eq=False)
class Judgements:
    """The long table. Build it with `from_records`, `from_frame`, `from_columns` or `goldwork.read`.

    Rows are sorted by question, item, annotator and then repeat. With n judgements:

    - `item`, `annotator`, `question`: int32 [n], codes into `items`, `annotators`, `questions`
    - `items`, `annotators`, `questions`: identifiers in order, each of one type (all str or all int)
    - `kinds`: one of human, model, gold for every annotator
    - `value`: [n]; int32 codes into `categories` where values are text, truth values or whole numbers, float64
      where they are other numbers (then `categories` is None), JSON-like objects otherwise
    - `repeat`: int32 [n], 0 for the first judgement of an annotator on an item's question
    - `context`: further columns [n] by name, see CONTEXT
    - `missing`: rows left out because they held no value
    - `frame`: the library of the frame that came in, so that results go back as the same kind
    - `declared`: the categories were declared; their order has a meaning, and unused ones stay
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
    declared: bool = False

    def __len__(self) -> int:
        return len(self.item)

    def __repr__(self) -> str:
        return (
            f"Judgements({len(self):,} judgements, {len(self.items):,} items, {len(self.annotators):,} annotators, "
            f"{len(self.questions):,} questions)"
        )

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]], **options: Any) -> Judgements:
        """From dictionaries, one a judgement. Options as in `from_columns`.

        Without any record there are no columns to look for: the table is empty.
        """
        rows = list(records)
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns: dict[str, Column] = {name: [row.get(name) for row in rows] for name in names}
        if not rows:
            columns = {options.get(name, default): [] for name, default in _NEEDED.items()}
        return cls.from_columns(columns, **options)

    @classmethod
    def from_frame(cls, frame: IntoFrame, **options: Any) -> Judgements:
        """From any data frame that narwhals knows (pandas, polars, pyarrow and more). Options as in `from_columns`.

        An ordered categorical of pandas or an Enum of polars declares the categories.
        """
        columns, library, categories = read_frame(frame, options)
        table = dataclasses.replace(cls.from_columns(columns, **options), frame=library)
        return table if categories is None else table.with_categories(categories)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Any],
        *,
        item: str = "item",
        annotator: str = "annotator",
        value: str = "label",
        question: str = "question",
        kind: str = "kind",
        duplicates: Duplicates = "error",
        where: str = "",
    ) -> Judgements:
        """From columns of equal length (arrays or lists); the options name them.

        `duplicates` says what a repeated (item, annotator, question) means: an error naming both rows, the first
        or last by `submitted_at` (by row where there is no such column), or a further judgement of its own
        (`repeat`). Other columns are read where their name is in CONTEXT and ignored otherwise. `where` names the
        source in errors. Raises InputError for a missing column, a length that differs, an identifier that is
        missing or neither text nor a whole number, an unknown kind, a weight that is no number at or above 0, a
        duplicate.
        """
        names = {"item": item, "annotator": annotator, "value": value, "question": question, "kind": kind}
        return cls(**build(columns, names, duplicates, where))

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

    def of_kinds(self, kinds: Collection[str]) -> Judgements:
        """The judgements of annotators of these kinds (human, model, gold)."""
        for kind in kinds:
            if kind not in KINDS:
                raise InputError(f"kind must be one of {', '.join(KINDS)}. Got {kind!r}.")
        if all(kind in kinds for kind in self.kinds):
            return self
        return self.take(np.array([kind in kinds for kind in self.kinds])[self.annotator]).compact()

    def humans(self) -> Judgements:
        """The judgements made by people: what agreement and consensus read unless told otherwise."""
        return self.of_kinds(("human",))

    def counted(self) -> Judgements:
        """Without the judgements of weight 0, which are kept and do not count."""
        weight = self.context.get("weight")
        return self if weight is None or weight.all() else self.take(weight != 0).compact()

    def about(self, question: Any) -> Judgements:
        """The judgements of one question, with the identifiers and categories that occur there."""
        found = np.flatnonzero(self.questions == question)
        if not len(found):
            listed = ", ".join(map(str, self.questions))
            raise InputError(f"there is no question {question!r}. There are: {listed}.")
        if len(self.questions) == 1:
            return self
        chosen = self.take(self.question == found[0])
        if chosen.categories is None:
            value, categories = read_again(chosen.value)
            chosen = dataclasses.replace(chosen, value=value, categories=categories)
        return chosen.compact()

    def only_question(self) -> Judgements:
        """Itself when it asks one question. Raises InputError listing the questions when it asks several."""
        if len(self.questions) > 1:
            listed = ", ".join(map(str, self.questions))
            raise InputError(f"the table asks {len(self.questions)} questions: {listed}. Choose one of them.")
        return self

    def compact(self) -> Judgements:
        """The same judgements without items, annotators, questions and undeclared categories that no row uses."""
        items, item = _used(self.items, self.item)
        used = np.flatnonzero(np.bincount(self.annotator, minlength=len(self.annotators)))
        annotators, annotator = _used(self.annotators, self.annotator)
        questions, question = _used(self.questions, self.question)
        categories, value = self.categories, self.value
        if categories is not None and not self.declared:
            categories, value = _used(categories, value)
        return dataclasses.replace(
            self, item=item, annotator=annotator, question=question, value=value, items=items, annotators=annotators,
            questions=questions, kinds=tuple(self.kinds[place] for place in used), categories=categories,
        )  # fmt: skip

    def with_categories(self, categories: Sequence[Any]) -> Judgements:
        """The same judgements over declared categories, in this order, also those that nobody used.

        What a project offers, and how text lies on a scale. Raises InputError for a label that is none of them.

            >>> table = Judgements.from_records([{"item": 1, "annotator": "ann", "label": "good"}])
            >>> list(table.with_categories(["bad", "fair", "good"]).categories)
            ['bad', 'fair', 'good']
        """
        codes, present = self.coded()
        place = {(_type(value), value): code for code, value in enumerate(categories)}
        if len(place) < len(categories):
            raise InputError(f"every category must be declared once. Got {list(categories)!r}.")
        absent = [value for value in present.tolist() if (_type(value), value) not in place]
        if absent:
            listed = ", ".join(map(repr, categories))
            raise InputError(f"label {absent[0]!r} is not among the declared categories: {listed}.")
        table = np.array([place[_type(value), value] for value in present.tolist()], np.int32)
        value = table[codes] if len(codes) else np.zeros(0, np.int32)
        return dataclasses.replace(self, value=value, categories=objects(list(categories)), declared=True)

    def labels(self) -> npt.NDArray[Any]:
        """The values as they were given, [n]: categories decoded."""
        return self.value if self.categories is None else self.categories[self.value]

    def coded(self) -> tuple[Codes, npt.NDArray[Any]]:
        """Values as codes [n] and the distinct values, also where they are numbers or structured answers."""
        return self._coded if self.categories is None else (self.value, self.categories)

    @functools.cached_property
    def _coded(self) -> tuple[Codes, npt.NDArray[Any]]:
        return code(self.value)

    def numbers(self) -> npt.NDArray[np.float64]:
        """The values as float64, [n]. Raises InputError naming the first one that is no number."""
        if self.categories is None and self.value.dtype != object:
            return self.value.astype(np.float64)
        codes, categories = self.coded()
        for category in categories:
            if not is_number(category):
                raise InputError(f"label {category!r} is no number, and this needs numbers.")
        return np.array([float(category) for category in categories], np.float64)[codes]

    def weights(self) -> npt.NDArray[np.float64]:
        """The judgements' weights, [n]: 1 where there is no such column."""
        return cast(npt.NDArray[np.float64], self.context.get("weight", np.ones(len(self))))

    def per_item(self) -> npt.NDArray[np.int64]:
        """How many judgements each item has, [items]."""
        return count(self.item, len(self.items))

    def tally(self, *, weighted: bool = False) -> csr_array[np.float64, tuple[int, int]]:
        """How often (or with which weight) each item was given each category, sparse [items, categories]."""
        codes, categories = self.coded()
        weights = self.weights() if weighted else np.ones(len(self))
        return overlap.tally(self.item, codes, weights, (len(self.items), len(categories)))

    def pairs(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Positions of every two judgements of the same item and question, each pair once."""
        return overlap.pairs(self.question * np.int64(len(self.items)) + self.item)

    def parts(self) -> npt.NDArray[np.int32]:
        """The group of every annotator, [annotators]: groups share no item. One group is as it should be."""
        return overlap.parts(self.item, self.annotator, (len(self.items), len(self.annotators)))

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

    def to_frame(self) -> Any:
        """`to_columns` as a data frame of the kind that came in; pyarrow's table where none came in."""
        return to_frame(self.to_columns(), self.frame)


def to_frame(columns: Mapping[str, npt.NDArray[Any]], library: str = "") -> Any:
    """Columns as a data frame of `library`; of pyarrow where that is empty."""
    import narwhals as nw

    plain = {name: column.tolist() if column.dtype == object else column for name, column in columns.items()}
    return nw.from_dict(plain, backend=cast(Any, library or "pyarrow")).to_native()


_NEEDED = {"item": "item", "annotator": "annotator", "value": "label"}


def _type(value: Any) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else object


def _used(identifiers: npt.NDArray[Any], codes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Codes]:
    """The identifiers that occur and the codes into them."""
    occurs = np.bincount(codes, minlength=len(identifiers)) > 0
    return identifiers[occurs], (np.cumsum(occurs, dtype=np.int32) - 1)[codes].astype(np.int32)
