"""Traps: an item whose answer is known, changed so that another answer is right.

A task type that can make them has a method `perturb(item, answer, seed)`. Some changes are certain: two responses trade
places, and so does the preference; a picture is mirrored, and so are the boxes on it. Made once more with the same seed
they give the item back. Others change a word or a number and may turn the answer round: what is right then, a person
has to say.

    >>> from goldwork.tasks.compare import Compare
    >>> trap = perturb(Compare(("a", "b")), {"a": "Yes.", "b": "No."}, "first", seed=0)
    >>> trap.answer, trap.changed({"a": "Yes.", "b": "No."})
    ('second', {'a': 'No.', 'b': 'Yes.'})
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from goldwork.tasks import Answer, Shown, TaskType
from goldwork.tasks.classes import Class

MIRRORED = "The picture is mirrored: left is right."

_SIDE = re.compile(r"(?<![^\W\d_])(left|right)(?=most|ward|hand|side|[\W\d_]|$)", re.IGNORECASE)
_OTHER = {"left": "right", "right": "left"}


class Trap(msgspec.Struct, frozen=True):
    """A changed item.

    - `what`: what was changed, in a sentence
    - `answer`: what is right now; None where a person has to say
    - `texts`: by field, its new text; `moved`: by field, the one whose content it has now; `mirrored`: fields whose
      picture is mirrored
    """

    what: str
    answer: Answer | None = None
    texts: Mapping[str, str] = {}
    moved: Mapping[str, str] = {}
    mirrored: tuple[str, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether it is known what is right now."""
        return self.answer is not None

    def changed(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An item's fields after the change; pictures are mirrored by whoever has them."""
        return {**item, **{name: item[other] for name, other in self.moved.items()}, **self.texts}


@runtime_checkable
class Perturbs(Protocol):
    """A task type that makes traps."""

    def perturb(self, item: Shown, answer: Answer, seed: int) -> Trap | None:
        """The change that belongs to `seed`, of an item with this right answer; None where there is none. The same
        seed gives the same change; further seeds give others, the certain ones first."""


def perturb(task: TaskType, item: Shown, answer: Answer, seed: int) -> Trap | None:
    """A trap made of an item with a known answer, or None: also of a task type that makes none."""
    return task.perturb(item, answer, seed) if isinstance(task, Perturbs) else None


def same_texts(item: Shown, moved: Mapping[str, str]) -> bool:
    """Whether two that trade places are the same text: then nothing would change. Of pictures that is not known."""
    return any(isinstance(item[name], str) and item[name] == item[other] for name, other in moved.items())


def turned(text: str) -> str:
    """A text with left and right exchanged.

    >>> turned("Left_hand, upper right; the bright copyright")
    'Right_hand, upper left; the bright copyright'
    """

    def other(found: re.Match[str]) -> str:
        word, new = found[0], _OTHER[found[0].lower()]
        return new.upper() if word.isupper() else new.capitalize() if word[0].isupper() else new

    return _SIDE.sub(other, text)


def names_sides(item: Shown) -> bool:
    """Whether a text of the item says left or right: then a mirrored picture would not fit it."""
    return any(isinstance(value, str) and _SIDE.search(value) for value in item.values())


def pictures(item: Shown) -> tuple[str, ...]:
    """The fields that are pictures."""
    return tuple(name for name, value in item.items() if isinstance(value, Mapping))


def opposites(words: Mapping[str, str]) -> dict[str, str] | None:
    """By value, the one that stands for it in a mirror, told by the words for each: itself where these name no side.
    None where one that names a side has no counterpart.

    >>> opposites({"l": "left hand", "r": "right hand", "f": "foot"})
    {'l': 'r', 'r': 'l', 'f': 'f'}
    """
    by_words = {text: value for value, text in words.items()}
    found = {value: by_words.get(turned(text)) for value, text in words.items()}
    return None if None in found.values() else {value: str(other) for value, other in found.items()}


def class_opposites(classes: Sequence[Class]) -> dict[str, str] | None:
    """The same for classes, by what is read of them."""
    return opposites({item.value: item.label or item.value for item in classes})
