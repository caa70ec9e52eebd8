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
import random
from typing import Any, ClassVar

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks import form as primitives
from goldwork.tasks.classes import Class, check_classes, listed, options
from goldwork.tasks.form import Form

MOST = 10_000
"""Spans in one answer."""
KEYS = {"start", "end", "label"}


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

    def perturb(self, answer: Any, seed: int) -> Any:
        """One span less, where there may be fewer."""
        if len(answer) <= self.low:
            return None
        place = random.Random(seed).randrange(len(answer))
        return [*answer[:place], *answer[place + 1 :]]

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
