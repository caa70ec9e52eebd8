"""Reading spans and boxes, in every form in which goldwork takes them.

- spans: a list of {"start": 3, "end": 8, "label": "drug"}, [3, 8] or [3, 8, "drug"]: half-open, in Unicode code points
- boxes: a list of {"x": 1, "y": 2, "width": 3, "height": 4, "label": "cat"}, [1, 2, 4, 6] or [1, 2, 4, 6, "cat"], the
  lists being left, top, right and bottom

A label is text and may be absent; other keys are ignored.

    >>> read_spans([[3, 8, "drug"], {"start": 0, "end": 2}])
    Spans(bounds=array([[3, 8],
           [0, 2]]), labels=('drug', ''))
    >>> read_boxes([{"x": 1, "y": 2, "width": 3, "height": 4}]).corners.tolist()
    [[1.0, 2.0, 4.0, 6.0]]
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

MAX_PLACE = 2**53
"""Whole numbers up to here are exact as floats."""


class Spans(NamedTuple):
    """`bounds`: int64 [n, 2], start and end of each; `labels`: as many, "" where there is none."""

    bounds: npt.NDArray[np.int64]
    labels: tuple[str, ...]


class Boxes(NamedTuple):
    """`corners`: float64 [n, 4], left, top, right, bottom of each; `labels`: as many, "" where there is none."""

    corners: npt.NDArray[np.float64]
    labels: tuple[str, ...]


def read_spans(value: Any) -> Spans:
    """The spans, in the order in which they came. Raises InputError naming the first one that is unfit."""
    read = [_shape(shape, ("start", "end"), "a span", "[start, end]") for shape in _listed(value, "spans")]
    for numbers, _ in read:
        start, end = numbers
        if start != int(start) or end != int(end) or not 0 <= start <= end <= MAX_PLACE:
            raise InputError(f"a span must have whole numbers 0 <= start <= end. Got {start:g} and {end:g}.")
    bounds = np.array([numbers for numbers, _ in read], np.int64).reshape(-1, 2)
    return Spans(bounds, tuple(label for _, label in read))


def read_boxes(value: Any) -> Boxes:
    """The boxes, in the order in which they came. Raises InputError naming the first one that is unfit."""
    read = []
    for shape in _listed(value, "boxes"):
        numbers, label = _shape(shape, ("x", "y", "width", "height"), "a box", "[left, top, right, bottom]")
        read.append((_sides(numbers) if isinstance(shape, dict) else numbers, label))
    for (left, top, right, bottom), _ in read:
        if right < left or bottom < top:
            raise InputError(f"a box must have left <= right and top <= bottom. Got {[left, top, right, bottom]}.")
    corners = np.array([numbers for numbers, _ in read], np.float64).reshape(-1, 4)
    return Boxes(corners, tuple(label for _, label in read))


def _listed(value: Any, what: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise InputError(f"{what} must be a list. Got {value!r}.")
    return value


def _sides(numbers: list[float]) -> list[float]:
    """The corners of a box given by place and size."""
    x, y, width, height = numbers
    return [x, y, x + width, y + height]


def _shape(shape: Any, keys: tuple[str, ...], what: str, form: str) -> tuple[list[float], str]:
    """The numbers of one span or box, as they are given, and its label."""
    size = len(keys)
    if isinstance(shape, dict):
        numbers: list[Any] = [shape.get(key) for key in keys]
        label: Any = shape.get("label")
    elif isinstance(shape, list | tuple) and len(shape) in (size, size + 1):
        numbers, label = list(shape[:size]), (shape[size] if len(shape) > size else None)
    else:
        raise InputError(f"{what} must be an object with {', '.join(keys)}, or {form}. Got {shape!r}.")
    if label is not None and not isinstance(label, str):
        raise InputError(f"the label of {what} must be text. Got {label!r} in {shape!r}.")
    read = [float(number) for number in numbers if _is_place(number)]
    if len(read) < size:
        raise InputError(f"{what} needs {size} numbers, {', '.join(keys)} or {form}. Got {shape!r}.")
    return read, label or ""


def _is_place(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) <= MAX_PLACE
