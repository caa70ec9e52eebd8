"""How large an item's image is, in pixels: formats of boxes hold it, and it stands in two fields of an item."""

from __future__ import annotations

from goldwork.errors import InputError
from goldwork.io.exchange import Example
from goldwork.tasks.questions import ProjectForm

SIZE = ("image_width", "image_height")
"""The fields that say it."""


def image_size(example: Example) -> tuple[int, int] | None:
    """Width and height of the item's image, where its fields say them. Raises InputError for what is none."""
    said = [example.fields.get(name) for name in SIZE]
    if said == [None, None]:
        return None
    width, height = (_pixels(example, name, one) for name, one in zip(SIZE, said, strict=True))
    return width, height


def _pixels(example: Example, name: str, said: object) -> int:
    number = int(said) if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 8 else said
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 10**7:
        raise InputError(
            f"a whole number of pixels is needed. Got {number!r}.", where=f"item {example.id}, field {name}"
        )
    return number


def size_fields(*sizes: tuple[float, float]) -> dict[str, str]:
    """The fields that say it, of an item with one image of a known size; none otherwise."""
    if len(sizes) != 1 or min(sizes[0]) < 1:
        return {}
    return dict(zip(SIZE, (str(round(side)) for side in sizes[0]), strict=True))


def unsized(form: ProjectForm, format: str) -> list[str]:
    """The sentence for formats that say how large images are, where items do not."""
    if {*SIZE} <= {field.name for field in form.fields}:
        return []
    return [f"{format} says how large images are; it is said here of items with the fields {' and '.join(SIZE)} only."]
