"""spans: labelled ranges of a text.

The text is a field of the item. Offsets are Unicode code points, half-open: `text[start:end]` in Python. An answer is a
list of spans in the order of the text. Two answers are as far apart as the characters they mark are (Dice, label by
label); several become one by a model of each annotator's habits along the text.

    >>> drugs = Spans(field="text", classes=(Class("drug"),))
    >>> drugs.validate([{"start": 4, "end": 11, "label": "drug"}], {"text": "and aspirin"})
    >>> drugs.validate([{"start": 4, "end": 12, "label": "drug"}], {"text": "and aspirin"})
    Traceback (most recent call last):
    goldwork.errors.AnswerError: a span must end within the text, which has 11 characters. Got 4 to 12.
"""

from __future__ import annotations

import itertools
import re
from typing import Any, ClassVar

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks import form as primitives
from goldwork.tasks.classes import Class, check_classes, listed, options
from goldwork.tasks.form import Form
from goldwork.tasks.traps import Trap

MOST = 10_000
"""Spans in one answer."""
KEYS = {"start", "end", "label"}
_LINE = re.compile(r"[^\s](?:[^\n]*[^\s])?")
_ENDS = ".!?…。！？"
_BETWEEN = re.compile(rf"(?<=[{_ENDS}])\s+")


@task_type("spans")
class Spans(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="spans"):
    """Settings: the field with the text, the labels, whether spans may `overlap`, how many are needed at least."""

    field: str
    classes: tuple[Class, ...]
    overlap: bool = False
    low: int = 0

    kind: ClassVar[str] = "spans"
    level: ClassVar[str] = "distance"
    consensus: ClassVar[str] = "hmm-crowd"

    def __post_init__(self) -> None:
        check_classes(self.classes, "marking spans", low=1)
        if not self.field or not 0 <= self.low <= MOST:
            raise InputError(f"spans need a field, and 0 to {MOST} spans at least. Got {self.field!r} and {self.low}.")

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if not isinstance(answer, list) or not self.low <= len(answer) <= MOST:
            got = len(answer) if isinstance(answer, list) else repr(answer)[:40]
            raise AnswerError(f"must be a list of {self.low} to {MOST:,} spans. Got {got}.")
        text = item.get(self.field)
        for span in answer:
            self._check(span, None if text is None else len(text))
        ordered = self.canonical(answer)
        for first, second in itertools.pairwise(ordered):
            if first == second:
                raise AnswerError(f"a span stands twice. Got {first!r}.")
            if not self.overlap and second["start"] < first["end"]:
                raise AnswerError(f"spans may not overlap. Got {first!r} and {second!r}.")

    def canonical(self, answer: Any) -> Any:
        spans = [{"start": int(span["start"]), "end": int(span["end"]), "label": span["label"]} for span in answer]
        return sorted(spans, key=lambda span: (span["start"], span["end"], span["label"]))

    def value(self, answer: Any) -> Any:
        return answer

    def distance(self, first: Any, second: Any) -> float:
        return distance.get("spans")(first, second)

    def form(self) -> Form:
        return Form((primitives.Spans(self.field, options(self.classes), self.overlap, self.low),))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """Two neighbouring lines or sentences trade places, and the spans in them move along."""
        text = item.get(self.field, "")
        parts = _parts(text)
        if len(parts) < 2:
            return None
        at = seed % (len(parts) - 1)
        (begin, middle), (second, end) = parts[at], parts[at + 1]
        if any(span["start"] < edge < span["end"] for span in answer for edge in (begin, middle, second, end)):
            return None
        new = self.canonical([_moved(span, (begin, middle), (second, end)) for span in answer])
        if new == answer:
            return None
        swapped = text[:begin] + text[second:end] + text[middle:second] + text[begin:middle] + text[end:]
        what = "line" if "\n" in text[middle:second] else "sentence"
        return Trap(f"{what.capitalize()}s {at + 1} and {at + 2} have traded places.", new, texts={self.field: swapped})

    def _check(self, span: Any, length: int | None) -> None:
        if not isinstance(span, dict) or set(span) != KEYS:
            raise AnswerError(f"a span must be an object with start, end and label. Got {repr(span)[:80]}.")
        start, end, label = span["start"], span["end"], span["label"]
        for place in (start, end):
            if isinstance(place, bool) or not isinstance(place, int | float) or place != place // 1:
                raise AnswerError(f"offsets must be whole numbers. Got {place!r}.")
        if not 0 <= start < end <= 2**31:
            raise AnswerError(f"a span must have 0 <= start < end. Got {start} to {end}.")
        if length is not None and end > length:
            raise AnswerError(
                f"a span must end within the text, which has {length:,} characters. Got {start} to {end}."
            )
        values = [item.value for item in self.classes]
        if not isinstance(label, str) or label not in values:
            raise AnswerError(f"the label must be one of {listed(values)}. Got {label!r}.")


def _parts(text: str) -> list[tuple[int, int]]:
    """Where the lines of a text stand; of a single line, its sentences."""
    lines = [found.span() for found in _LINE.finditer(text)]
    if len(lines) != 1:
        return lines
    [(begin, end)] = lines
    gaps = [found.span() for found in _BETWEEN.finditer(text, begin, end)]
    edges = zip([begin, *(gap[1] for gap in gaps)], [*(gap[0] for gap in gaps), end], strict=True)
    return [(one, two) for one, two in edges if text[two - 1] in _ENDS and not text[one].islower()]


def _moved(span: dict[str, Any], one: tuple[int, int], other: tuple[int, int]) -> dict[str, Any]:
    """A span after two parts have traded places; it lies within one of them, or outside."""
    if one[0] <= span["start"] < one[1]:
        by = other[1] - one[1]
    elif other[0] <= span["start"] < other[1]:
        by = one[0] - other[0]
    elif one[1] <= span["start"] < other[0]:
        by = (other[1] - other[0]) - (one[1] - one[0])
    else:
        by = 0
    return span | {"start": span["start"] + by, "end": span["end"] + by}
