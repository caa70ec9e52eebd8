"""Pictures to draw boxes on, and a project that asks for them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import PIL.Image
import PIL.ImageDraw

from tests.browser.people import House

LABELS = ("car", "person", "tree")


def picture(width: int = 400, height: int = 300, format: str = "PNG", seed: int = 0, **more: Any) -> str:
    """A chequered picture as a data: address; `seed` makes others."""
    image = PIL.Image.new("RGB", (width, height), (200, 205, 210))
    draw = PIL.ImageDraw.Draw(image)
    step = max(10, width // 16)
    for row, y in enumerate(range(0, height, step)):
        for column, x in enumerate(range(0, width, step)):
            if (row + column) % 2:
                shade = (60 + 9 * row + 31 * seed) % 256, (90 + 7 * column) % 256, 120
                draw.rectangle((x, y, x + step - 1, y + step - 1), fill=shade)
    stream = io.BytesIO()
    image.save(stream, format, **more)
    return f"data:image/{format.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"


def boxes_form(**settings: Any) -> dict[str, Any]:
    """A form that asks for boxes on the field `photo`."""
    task = {"type": "boxes", "field": "photo", "classes": [{"value": name, "label": name.title()} for name in LABELS]}
    question = {"name": "things", "title": "Draw a box around every thing", "task": task | settings}
    return {"fields": [{"name": "photo", "show": "image"}], "questions": [question]}


def boxes_project(house: House, photos: Sequence[str], form: Mapping[str, Any] | None = None, **settings: Any) -> int:
    """A project of pictures."""
    project = house.project(texts=[], form=form or boxes_form(), **settings)
    house.load(project, [{"photo": photo} for photo in photos])
    return project
