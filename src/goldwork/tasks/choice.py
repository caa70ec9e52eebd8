"""choice: one class out of several.

The answer is the class's value. Two answers are equal or not, so agreement is nominal and several answers
become one by Dawid-Skene.

    >>> sentiment = Choice(classes=(Class("pos", "Positive"), Class("neg", "Negative")))
    >>> sentiment.distance("pos", "neg")
    1.0
    >>> [option.key for option in sentiment.form().primitives[0].options]
    ['1', '2']
"""

from __future__ import annotations

import random
import string
from typing import Any, ClassVar

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks import task_type
from goldwork.tasks.form import Form, Keys, Option

MAX_CLASSES = 1000
MAX_TEXT = 200
DIGIT_KEYS = "1234567890"
RESERVED_KEYS = frozenset("gf")
"""The workbench's own letters: guideline and flag."""
COLORS = ("c1", "c2", "c3", "c4", "c5", "c6")
"""Names of the palette in the front end's tokens; colour is never the only sign of a class."""


class Class(msgspec.Struct, frozen=True, omit_defaults=True):
    """One class: `value` is stored, `label` is read. Empty key and colour are filled in by position."""

    value: str
    label: str = ""
    key: str = ""
    color: str = ""
    help: str = ""


@task_type("choice")
class Choice(msgspec.Struct, frozen=True, tag="choice"):
    """Settings: the classes, in the order in which they are shown."""

    classes: tuple[Class, ...]

    level: ClassVar[str] = "nominal"
    consensus: ClassVar[str] = "dawid-skene"

    def __post_init__(self) -> None:
        if not 2 <= len(self.classes) <= MAX_CLASSES:
            raise InputError(f"a choice needs 2 to {MAX_CLASSES} classes. Got {len(self.classes)}.")
        seen: dict[str, str] = {}
        for item in self.classes:
            if not item.value or len(item.value) > MAX_TEXT or item.value != item.value.strip():
                raise InputError(
                    f"a class's value must be 1 to {MAX_TEXT} characters without spaces around. Got {item.value!r}."
                )
            if item.value in seen:
                raise InputError(f"class {item.value!r} stands twice. Every class needs a value of its own.")
            if item.color and item.color not in COLORS:
                colors = ", ".join(COLORS)
                raise InputError(f"class {item.value!r}: colour must be one of {colors}. Got {item.color!r}.")
            seen[item.value] = item.key
        keys: dict[str, str] = {}
        for value, key in seen.items():
            if not key:
                continue
            if len(key) != 1 or key not in string.ascii_lowercase + string.digits or key in RESERVED_KEYS:
                raise InputError(
                    f"class {value!r}: the key must be a digit or a letter from a to z, not g or f. Got {key!r}."
                )
            if key in keys:
                raise InputError(f"classes {keys[key]!r} and {value!r} have the same key {key!r}. Give each its own.")
            keys[key] = value

    def validate(self, answer: Any) -> None:
        if not isinstance(answer, str) or all(answer != item.value for item in self.classes):
            raise AnswerError(f"must be one of {self._listed()}. Got {answer!r}.")

    def canonical(self, answer: str) -> str:
        return answer

    def distance(self, first: str, second: str) -> float:
        return float(first != second)

    def form(self) -> Form:
        taken = {item.key for item in self.classes}
        spare = iter([key for key in DIGIT_KEYS if key not in taken])
        options = tuple(
            Option(
                value=item.value,
                label=item.label or item.value,
                key=item.key or next(spare, ""),
                color=item.color or COLORS[position % len(COLORS)],
                help=item.help,
            )
            for position, item in enumerate(self.classes)
        )
        return Form(primitives=(Keys(options=options),))

    def perturb(self, answer: str, seed: int) -> str | None:
        return random.Random(seed).choice([item.value for item in self.classes if item.value != answer])

    def _listed(self) -> str:
        values = [item.value for item in self.classes]
        return ", ".join(values[:10]) + (f" and {len(values) - 10} more" if len(values) > 10 else "")
