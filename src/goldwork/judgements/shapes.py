"""What the answers of a table look like: choices, numbers, sets, rankings, spans, boxes, text or comparisons.

A guess from the values, for whoever did not say it. Declared categories are choices. Else, in this order:

- `comparisons`: the words left and right (or first and second), and perhaps tie, and no others
- `numbers`: numbers that are not all whole, or more than MANY different ones; but where these are all from 0 or 1 on
  without a gap, they count classes, unless they end at 100
- `spans`: lists of [start, end], perhaps with a label, or of objects with start and end
- `boxes`: lists of [left, top, right, bottom], perhaps with a label, or of objects with x, y, width and height
- `rankings`: lists of options of which everybody names the same for an item, in orders that differ; or with ties, as
  lists within the list
- `sets`: other lists of options, which are text or whole numbers
- `any`: other structured answers
- `text`: labels that hardly ever recur from one item to the next, and are long
- `choice`: everything else

>>> table = Judgements.from_columns({"item": [1, 1, 2], "annotator": [*"aba"], "label": [["x"], ["x", "y"], []]})
>>> shape_of(table)
'sets'
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Judgements
from goldwork.judgements.columns import is_number

Shape = Literal["choice", "numbers", "sets", "rankings", "spans", "boxes", "text", "comparisons", "any"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

SIDES = ({"left", "right"}, {"first", "second"})
MANY = 20
"""More different whole numbers than this are a scale and no categories."""
LONG = 15
"""Text is at least so many characters long on average."""
ALONE = 0.8
"""The share of different labels that occur on one item only, from which on they are text."""


def shape_of(table: Judgements) -> Shape:
    """The kind of answers of a table about one question; what is empty holds choices. Linear in judgements."""
    if table.declared or not len(table):
        return "choice"
    if table.categories is None and table.value.dtype != object:
        return "numbers"
    codes, distinct = table.coded()
    values = distinct.tolist()
    if any(isinstance(value, list | dict) for value in values):
        return _structured(table, codes, values)
    if any(sides <= set(values) <= sides | {"tie"} for sides in SIDES):
        return "comparisons"
    if all(is_number(value) for value in values):
        return "numbers" if _is_scale([float(value) for value in values]) else "choice"
    return "text" if _is_text(table.item, codes, values) else "choice"


def _is_scale(numbers: list[float]) -> bool:
    """Whether different numbers are a scale rather than names of classes."""
    low, high = min(numbers), max(numbers)
    if any(number % 1 for number in numbers):
        return True
    counted = low in (0, 1) and high - low + 1 == len(numbers) and high != 100
    return len(numbers) > MANY and not counted


def _structured(table: Judgements, codes: npt.NDArray[Any], values: list[Any]) -> Shape:
    filled = [value for value in values if value != []]
    if not all(isinstance(value, list) for value in values):
        return "any"
    parts = [part for value in filled for part in value]
    if parts and all(_is_span(part) for part in parts):
        return "spans"
    if parts and all(_is_box(part) for part in parts):
        return "boxes"
    if not all(_is_option(part) or (isinstance(part, list) and part and all(map(_is_option, part))) for part in parts):
        return "any"
    return "rankings" if _are_rankings(table, codes, values) else "sets"


def _are_rankings(table: Judgements, codes: npt.NDArray[Any], values: list[Any]) -> bool:
    """Whether some answer has ties, or everybody names the same options of an item in orders that differ."""
    if any(isinstance(part, list) for value in values for part in value):
        return True
    if any(len(set(value)) < len(value) for value in values):
        return False
    seen: dict[frozenset[Any], int] = {}
    options = np.array([seen.setdefault(frozenset(value), len(seen)) for value in values])[codes]
    return _one_each(table, options) and not _one_each(table, codes)


def _one_each(table: Judgements, codes: npt.NDArray[Any]) -> bool:
    """Whether all judgements of an item have the same code."""
    starts = np.r_[0, np.cumsum(table.per_item())[:-1]]
    starts = starts[table.per_item() > 0]
    return bool((np.minimum.reduceat(codes, starts) == np.maximum.reduceat(codes, starts)).all())


def _is_text(item: npt.NDArray[Any], codes: npt.NDArray[Any], values: list[Any]) -> bool:
    """Whether labels are long and hardly ever recur on another item; with one item, whether they differ and are long.

    A label given once only says little of that; it counts, since among few judgements there is no other sign.
    """
    if sum(len(str(value)) for value in values) < LONG * len(values):
        return False
    if item.min() == item.max():
        return 2 * len(values) > len(codes)
    pairs = np.unique(codes.astype(np.int64) * (int(item.max()) + 1) + item)
    items_of = np.bincount(pairs // (int(item.max()) + 1), minlength=len(values))
    return float((items_of == 1).mean()) >= ALONE


def _is_option(part: Any) -> bool:
    return isinstance(part, str) or (_is_place(part) and part % 1 == 0)


def _is_span(part: Any) -> bool:
    return _is_shape(part, 2, {"start", "end"})


def _is_box(part: Any) -> bool:
    return _is_shape(part, 4, {"x", "y", "width", "height"})


def _is_shape(part: Any, size: int, keys: set[str]) -> bool:
    """Whether it is an object with these keys, or a list of so many numbers and perhaps a label."""
    if isinstance(part, dict):
        return keys <= part.keys()
    if not isinstance(part, list) or len(part) not in (size, size + 1):
        return False
    return all(map(_is_place, part[:size])) and all(isinstance(label, str) for label in part[size:])


def _is_place(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool)
