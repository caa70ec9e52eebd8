"""Classes: what an annotator may choose among, in every task type that has them.

A class may stand under another one, its `parent`, to any depth.

    >>> classes = (Class("animal"), Class("cat", parent="animal"), Class("plant"))
    >>> path("cat", classes)
    ('animal', 'cat')
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks.form import Option
from goldwork.tasks.writing import alike, is_text, is_word

MAX_CLASSES = 1000
MAX_TEXT = 200
MAX_REASON = 1000
DIGIT_KEYS = "1234567890"
RESERVED_KEYS = frozenset("gf")
"""The workbench's own letters: g opens the guideline, f is kept for a flag."""
COLORS = ("c1", "c2", "c3", "c4", "c5", "c6")
"""Names of the palette in the front end's tokens; colour is never the only sign of a class."""


class Class(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One class: `value` is stored, `label` is read. Empty key and colour are filled in by position."""

    value: str
    label: str = ""
    key: str = ""
    color: str = ""
    help: str = ""
    parent: str = ""


def check_classes(classes: Sequence[Class], what: str, low: int = 2) -> None:
    """Raise InputError unless there are `low` or more, each with a value, a key and a parent that can be."""
    if not low <= len(classes) <= MAX_CLASSES:
        raise InputError(f"{what} needs {low} to {MAX_CLASSES} classes. Got {len(classes)}.")
    parents: dict[str, str] = {}
    for item in classes:
        if not item.value or len(item.value) > MAX_TEXT or item.value != item.value.strip():
            raise InputError(
                f"a class's value must be 1 to {MAX_TEXT} characters without spaces around. Got {item.value!r}."
            )
        if not is_word(item.value):
            raise InputError(f"a class's value holds no control characters and turns no text. Got {item.value!r}.")
        if item.value in parents:
            raise InputError(f"class {item.value!r} stands twice. Every class needs a value of its own.")
        if item.color and item.color not in COLORS:
            colors = ", ".join(COLORS)
            raise InputError(f"class {item.value!r}: colour must be one of {colors}. Got {item.color!r}.")
        parents[item.value] = item.parent
    if same := alike(parents):
        raise InputError(f"classes {same[0]!a} and {same[1]!a} look the same. Every class needs a value of its own.")
    _check_parents(parents)
    _check_keys(classes)


def _check_parents(parents: dict[str, str]) -> None:
    for value, parent in parents.items():
        seen = {value}
        while parent:
            if parent not in parents:
                raise InputError(f"class {value!r}: there is no class {parent!r} to stand under.")
            if parent in seen:
                raise InputError(f"class {value!r} stands under itself. Mend the parents.")
            seen.add(parent)
            parent = parents[parent]


def _check_keys(classes: Sequence[Class]) -> None:
    keys: dict[str, str] = {}
    for item in classes:
        if not (key := item.key):
            continue
        if len(key) != 1 or key not in string.ascii_lowercase + string.digits or key in RESERVED_KEYS:
            raise InputError(
                f"class {item.value!r}: the key must be a digit or a letter from a to z, not g or f. Got {key!r}."
            )
        if key in keys:
            raise InputError(f"classes {keys[key]!r} and {item.value!r} have the same key {key!r}. Give each its own.")
        keys[key] = item.value


def options(classes: Sequence[Class], *, headings: bool = False) -> tuple[Option, ...]:
    """The classes as options, keys and colours filled in; with `headings`, those that hold others are only that."""
    holders = {item.parent for item in classes} if headings else set()
    taken = {item.key for item in classes}
    spare = iter([key for key in DIGIT_KEYS if key not in taken])
    return tuple(
        Option(
            value=item.value,
            label=item.label or item.value,
            key="" if item.value in holders else item.key or next(spare, ""),
            color=item.color or COLORS[position % len(COLORS)],
            help=item.help,
            parent=item.parent,
            heading=item.value in holders,
        )
        for position, item in enumerate(classes)
    )


def path(value: str, classes: Sequence[Class]) -> tuple[str, ...]:
    """A class with all it stands under, the outermost first."""
    parents = {item.value: item.parent for item in classes}
    found = [value]
    while parent := parents.get(found[-1], ""):
        found.append(parent)
    return tuple(reversed(found))


def listed(values: Sequence[str]) -> str:
    """The first ten, and how many more."""
    return ", ".join(values[:10]) + (f" and {len(values) - 10} more" if len(values) > 10 else "")


def says_unsure(answer: Any) -> bool:
    """Whether an answer is that one cannot tell: `{"cannot_tell": "the reason"}`. Raises AnswerError where it is not
    written so."""
    if not isinstance(answer, dict) or "cannot_tell" not in answer:
        return False
    reason = answer["cannot_tell"]
    if len(answer) > 1 or not isinstance(reason, str) or len(reason) > MAX_REASON or not is_text(reason):
        raise AnswerError(
            f"cannot_tell must be a text of up to {MAX_REASON} characters and nothing else. Got {answer!r}."
        )
    return True
