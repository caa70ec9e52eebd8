"""boxes: labelled rectangles on an image.

The image is a field of the item. A box has its left upper corner, width and height in the image's own pixels, a label,
and further attributes. Two answers are as far apart as the best matching of their boxes leaves them (intersection over
union, label by label); several become one box by box, by how often each annotator finds and invents boxes.

    >>> cats = Boxes(field="photo", classes=(Class("cat"),))
    >>> box = {"x": 80, "y": 2, "width": 50, "height": 4, "label": "cat"}
    >>> cats.validate([box], {"photo": {"width": 90, "height": 60}})
    Traceback (most recent call last):
    goldwork.errors.AnswerError: a box must lie within the image of 90 x 60 pixels. Got x 80, y 2, width 50, height 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks import form as primitives
from goldwork.tasks.classes import MAX_CLASSES, Class, check_classes, listed, options
from goldwork.tasks.form import Attribute, Form
from goldwork.tasks.traps import MIRRORED, Trap, class_opposites, names_sides, opposites
from goldwork.tasks.writing import alike

MOST = 2_000
"""Boxes in one answer."""
MOST_ATTRIBUTES = 50
PLACES = ("x", "y", "width", "height")
FURTHEST = 1_000_000
DIGITS = 2
"""Hundredths of a pixel are kept."""
SLACK = 0.01


@task_type("boxes")
class Boxes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="boxes"):
    """Settings: the field with the image, the labels, what else is said of a box, how many are needed at least."""

    field: str
    classes: tuple[Class, ...]
    attributes: tuple[Attribute, ...] = ()
    low: int = 0

    kind: ClassVar[str] = "boxes"
    level: ClassVar[str] = "distance"
    consensus: ClassVar[str] = "boxes-two-coin"

    def __post_init__(self) -> None:
        check_classes(self.classes, "drawing boxes", low=1)
        if not self.field or not 0 <= self.low <= MOST:
            raise InputError(f"boxes need a field, and 0 to {MOST} boxes at least. Got {self.field!r} and {self.low}.")
        names = [attribute.name for attribute in self.attributes]
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise InputError(f"attributes need names that differ. Got {names}.")
        if len(names) > MOST_ATTRIBUTES:
            raise InputError(f"a box has up to {MOST_ATTRIBUTES} attributes. Got {len(names)}.")
        for attribute in self.attributes:
            options = attribute.options
            if not 2 <= len(options) <= MAX_CLASSES or alike(options) or not all(map(str.strip, options)):
                raise InputError(f"attribute {attribute.name!r} needs 2 to {MAX_CLASSES} options that differ.")

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if not isinstance(answer, list) or not self.low <= len(answer) <= MOST:
            got = len(answer) if isinstance(answer, list) else repr(answer)[:40]
            raise AnswerError(f"must be a list of {self.low} to {MOST:,} boxes. Got {got}.")
        image = item.get(self.field)
        for box in answer:
            self._check(box)
            if isinstance(image, dict):
                _check_within(box, image["width"], image["height"])

    def canonical(self, answer: Any) -> Any:
        boxes = [
            {name: _short(box[name]) for name in PLACES}
            | {"label": box["label"]}
            | ({"attributes": dict(sorted(box["attributes"].items()))} if box.get("attributes") else {})
            for box in answer
        ]
        return sorted(boxes, key=lambda box: ([box[name] for name in PLACES], box["label"], str(box.get("attributes"))))

    def value(self, answer: Any) -> Any:
        """The boxes without their attributes."""
        return [{name: box[name] for name in (*PLACES, "label")} for box in answer]

    def distance(self, first: Any, second: Any) -> float:
        return distance.get("boxes")(first, second)

    def form(self) -> Form:
        return Form((primitives.Boxes(self.field, options(self.classes), self.attributes, self.low),))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """The picture in a mirror, and the boxes with it; none where a name of a side has no counterpart."""
        image, labels = item.get(self.field), class_opposites(self.classes)
        words = {one.name: opposites({option: option for option in one.options}) for one in self.attributes}
        if not isinstance(image, Mapping) or labels is None or None in words.values() or names_sides(item):
            return None
        new = []
        for box in answer:
            said = {name: (words[name] or {})[value] for name, value in box.get("attributes", {}).items()}
            place = {"x": image["width"] - box["x"] - box["width"], "label": labels[box["label"]]}
            new.append(box | place | ({"attributes": said} if said else {}))
        boxes = self.canonical(new)
        return None if boxes == answer else Trap(MIRRORED, boxes, mirrored=(self.field,))

    def _check(self, box: Any) -> None:
        if not isinstance(box, dict) or not {*PLACES, "label"} <= set(box) <= {*PLACES, "label", "attributes"}:
            raise AnswerError(f"a box must be an object with {', '.join(PLACES)} and label. Got {repr(box)[:120]}.")
        for name in PLACES:
            number = box[name]
            if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= FURTHEST:
                raise AnswerError(f"{name} must be a number up to {FURTHEST:,}. Got {number!r}.")
        if box["x"] < -SLACK or box["y"] < -SLACK or not _is_size(box["width"]) or not _is_size(box["height"]):
            raise AnswerError(f"a box needs x and y from 0, width and height above 0. Got {_said(box)}.")
        values = [item.value for item in self.classes]
        if not isinstance(box["label"], str) or box["label"] not in values:
            raise AnswerError(f"the label must be one of {listed(values)}. Got {box['label']!r}.")
        self._check_attributes(box.get("attributes", {}))

    def _check_attributes(self, said: Any) -> None:
        known = {attribute.name: attribute.options for attribute in self.attributes}
        if not isinstance(said, dict):
            raise AnswerError(f"attributes must be an object. Got {said!r}.")
        for name, value in said.items():
            if name not in known:
                raise AnswerError(f"there is no attribute {name!r}. Got {said!r}.")
            if not isinstance(value, str) or value not in known[name]:
                raise AnswerError(f"{name} must be one of {listed(known[name])}. Got {value!r}.")


def _check_within(box: dict[str, Any], width: float, height: float) -> None:
    if box["x"] + box["width"] > width + SLACK or box["y"] + box["height"] > height + SLACK:
        raise AnswerError(f"a box must lie within the image of {width} x {height} pixels. Got {_said(box)}.")


def _said(box: dict[str, Any]) -> str:
    return ", ".join(f"{name} {box[name]:g}" for name in PLACES)


def _is_size(number: float) -> bool:
    return round(number, DIGITS) > 0


def _short(number: float) -> float:
    short = max(0.0, round(float(number), DIGITS))
    return int(short) if short == int(short) else short
