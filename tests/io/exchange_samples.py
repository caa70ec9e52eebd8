"""Projects and items that the formats of boxes and spans are tested with."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from goldwork.io.exchange import Answered, Example, exchange
from goldwork.tasks.questions import ProjectForm, read_form

SIZE = {"image_width": "640", "image_height": "480"}
ATTRIBUTES = [{"name": "truncated", "options": ["0", "1"]}, {"name": "pose", "options": ["Unspecified", "Left"]}]
FOLDERS = ("yolo", "voc")


def boxes_form(*classes: Any, **task: Any) -> ProjectForm:
    listed = [{"value": one} if isinstance(one, str) else one for one in classes]
    fields = [{"name": "image", "show": "image"}, *({"name": name} for name in SIZE)]
    settings = {"type": "boxes", "field": "image", "classes": listed} | task
    return read_form({"fields": fields, "questions": [{"name": "boxes", "title": "Draw.", "task": settings}]})


def spans_form(*classes: str, **task: Any) -> ProjectForm:
    settings = {"type": "spans", "field": "text", "classes": [{"value": one} for one in classes]} | task
    return read_form(
        {"fields": [{"name": "text"}], "questions": [{"name": "spans", "title": "Mark.", "task": settings}]}
    )


def image(name: str, *boxes: Sequence[Any], item: str = "") -> Example:
    """A box: x, y, width, height, label, and perhaps attributes."""
    drawn = []
    for x, y, width, height, label, *said in boxes:
        box = {"x": x, "y": y, "width": width, "height": height, "label": label}
        drawn.append(box | ({"attributes": said[0]} if said else {}))
    return Example(item or name, {"image": name} | SIZE, (Answered({"boxes": drawn}),))


def text(item: str, words: str, *spans: tuple[int, int, str]) -> Example:
    marked = [{"start": start, "end": end, "label": label} for start, end, label in spans]
    return Example(item, {"text": words}, (Answered({"spans": marked}),))


def many_images(seed: int, classes: Sequence[str], count: int = 40) -> list[Example]:
    """Images with boxes of hundredths of a pixel, with none, and at the borders."""
    dice = random.Random(seed)
    found = [image("none.png"), image("whole.png", (0, 0, 640, 480, classes[0]))]
    for number in range(count):
        boxes = []
        for _ in range(dice.randint(0, 6)):
            x, y = round(dice.uniform(0, 600), 2), round(dice.uniform(0, 440), 2)
            width, height = round(dice.uniform(0.01, 640 - x), 2), round(dice.uniform(0.01, 480 - y), 2)
            boxes.append([x, y, width, height, dice.choice(classes)])
        boxes.append([number, 1.25, 3, 0.01, classes[number % len(classes)]])
        found.append(image(f"part/{number} ünï 🙂 e\u0301.jpg", *sorted(boxes, key=lambda box: (*box[:4], box[4]))))
    return found


def written(path: Path, name: str, form: ProjectForm, examples: Iterable[Example]) -> Path:
    """Where the examples are written, whose file name is made up here."""
    target = path / ("folder" if name in FOLDERS else "all" + exchange.get(name).suffixes[0])
    exchange.get(name).write(target, form, examples)
    return target


def plain(examples: Iterable[Example]) -> list[tuple[Any, ...]]:
    """The examples without their places, in the order of their identifiers."""
    return sorted(((one.id, one.fields, one.answered) for one in examples), key=lambda one: str(one[0]))
