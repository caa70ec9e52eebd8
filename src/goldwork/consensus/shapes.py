"""Spans and boxes as they came in, so that answers go out in the same form.

A table whose first shape is an object answers with objects, else with lists; a label is written where there is one.
Asked for confidence, it answers with objects, because a list has no place for it.

    >>> form_of([[], [[0, 4, "drug"]]]).write((2, 5), "dose", 0.9)
    [2, 5, 'dose']
    >>> form_of([[{"start": 0, "end": 4}]]).write((2, 5), "", 0.9)
    {'start': 2, 'end': 5}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from goldwork.errors import InputError


@dataclasses.dataclass(frozen=True)
class Form:
    """Whether shapes are objects, and whether their confidence is wanted."""

    objects: bool
    with_confidence: bool = False

    def write(self, numbers: Sequence[float], label: str, confidence: float) -> Any:
        """A span (2 numbers) or a box (left, top, right, bottom)."""
        if not (self.objects or self.with_confidence):
            return [*numbers, label] if label else list(numbers)
        if len(numbers) == 2:
            made: dict[str, Any] = {"start": numbers[0], "end": numbers[1]}
        else:
            left, top, right, bottom = numbers
            made = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        if label:
            made["label"] = label
        if self.with_confidence:
            made["confidence"] = round(float(confidence), 4)
        return made


def form_of(answers: Iterable[Any], *, with_confidence: bool = False) -> Form:
    """The form of the first shape in these answers."""
    first = next((shape for answer in answers for shape in answer), None)
    return Form(isinstance(first, dict), with_confidence)


def check_numbers(**bounds: tuple[float, float, float]) -> None:
    """Raises InputError for an option whose value is outside (value, least, most)."""
    for name, (value, least, most) in bounds.items():
        if not least <= value <= most:
            more = f"{least:g} or more" if np.isinf(most) else f"between {least:g} and {most:g}"
            raise InputError(f"{name} must be {more}. Got {value!r}.")
