"""coco: boxes as the instances of COCO, one JSON file of images, annotations and categories.

`bbox` is `[x, y, width, height]` in pixels from the image's left upper corner, counted from 0, which is what goldwork's
boxes are. A category's `supercategory` is the class that it stands under. What else is said of a box stands in its
annotation's `attributes`, as CVAT and FiftyOne write it; `iscrowd` 1 is read as an attribute of that name, and written
from it. Segments are not read.

An item's identifier is the image's `id` where all of them are whole numbers; otherwise it stands beside it as `item`,
which other tools pass over.

- https://cocodataset.org/#format-data
"""

from __future__ import annotations

import contextlib
import math
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Example, exchange
from goldwork.io.exchange.drawn import answered, drawing, fitting_each, form_of, image_fields, once
from goldwork.io.exchange.held import WITHOUT_ANSWER, Held, held_one, losses
from goldwork.io.exchange.image_size import image_size, unsized
from goldwork.io.source import Source, replacing
from goldwork.tasks.boxes import MOST, Boxes
from goldwork.tasks.classes import Class
from goldwork.tasks.form import Attribute
from goldwork.tasks.questions import ProjectForm

MOST_BYTES = 2**30
"""The file is read as one: annotations stand in any order, and categories after them."""
MOST_VALUES = 100
"""An attribute of more different values is no choice (a track's number, say) and is not read."""
NO_PARENT = ("", "none")
_BEGINS = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:info|images|annotations|categories|licenses)"\s*:\s*[\[{]', re.ASCII
)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


class _Image(msgspec.Struct):
    id: int | str
    file_name: str
    width: float | None = None
    height: float | None = None
    item: str | None = None


class _Annotation(msgspec.Struct):
    image_id: int | str
    category_id: int | str
    bbox: tuple[float, float, float, float]
    id: int | str | None = None
    iscrowd: int | bool = 0
    attributes: dict[str, Any] | None = None


class _Category(msgspec.Struct):
    id: int | str
    name: str
    supercategory: str | None = None


class _Instances(msgspec.Struct):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation] = []


class Coco:
    """One file of images, boxes and classes."""

    suffixes = (".json",)
    several = False

    def sniff(self, path: Path) -> bool:
        """Whether it begins with one of COCO's sections."""
        if path.is_dir():
            return False
        with contextlib.suppress(InputError):
            head = Source(path).head()
            return _BEGINS.match(head) is not None and any(
                name in head for name in (b'"file_name"', b'"bbox"', b'"supercategory"', b'"images"')
            )
        return False

    def form(self, path: Path) -> dict[str, Any]:
        """Boxes of the file's categories, with the attributes that occur."""
        task = _Read(path).task
        return form_of("boxes", task.classes, task.attributes)

    def read(self, path: Path) -> Iterator[Example]:
        """An example an image, in the file's order. An image without annotations is one without boxes."""
        yield from _Read(path).examples()

    def losses(self, form: ProjectForm) -> list[str]:
        """What COCO has no place for."""
        holds = held_one(form, Boxes)
        said = [*losses(form, holds, parents=True), WITHOUT_ANSWER]
        if any(attribute.title for attribute in holds.task.attributes):
            said.append("Attributes are held by their names, without titles.")
        if holds.task.attributes:
            said.append("Of attributes only the options that occur are held.")
        return said + unsized(form, "COCO")

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        """One section after the other, from what is kept in a file meanwhile."""
        holds = held_one(form, Boxes)
        with tempfile.TemporaryFile() as kept, replacing(path) as stream:
            try:
                numbered = _keep(kept, holds, examples)
                _write(stream, kept, holds, numbered=numbered, title=_title(form, holds))
            except UnicodeEncodeError:
                raise InputError("half a character (a lone surrogate) cannot be written.", where=path.name) from None


exchange("coco")(Coco())


class _Read:
    """A file, its task, and the annotations by image. Raises InputError for whatever does not fit."""

    def __init__(self, path: Path) -> None:
        self._source = Source(path)
        self._content = _decoded(self._source)
        names: dict[int | str, str] = {}
        for place, category in enumerate(self._content.categories, 1):
            if category.id in names:
                raise self._error(f"the id {category.id!r} stands twice.", f"category {place}")
            names[category.id] = category.name
        self._names = names
        self._attributes = _attributes(self._content.annotations)
        self.task = drawing(
            Boxes, _classes(self._content.categories), str(self._source), attributes=tuple(self._attributes.values())
        )

    def examples(self) -> Iterator[Example]:
        by_image: dict[int | str, list[int]] = {image.id: [] for image in self._content.images}
        if len(by_image) < len(self._content.images):
            raise self._error("two images have the same id. Give each its own.", "images")
        for place, annotation in enumerate(self._content.annotations):
            if annotation.image_id not in by_image:
                raise self._error(f"there is no image {annotation.image_id!r}.", self._at(place))
            by_image[annotation.image_id].append(place)
        yield from once(self._example(image, by_image[image.id]) for image in self._content.images)

    def _example(self, image: _Image, places: list[int]) -> Example:
        where = f"image {image.id}"
        for number in (image.width, image.height):
            if number is not None and not 0 <= number < 10**7:
                raise self._error(f"its size must be pixels. Got {number!r}.", where)
        if len(places) > MOST:
            raise self._error(f"an image may have {MOST:,} boxes. Got {len(places):,}.", where)
        boxes = fitting_each(
            self.task,
            [self._box(place) for place in places],
            lambda number: f"{self._source}, {self._at(places[number])}",
            f"{self._source}, {where}",
        )
        name = str(image.id) if image.item is None else image.item
        if not name:
            raise self._error("its identifier is empty.", where)
        fields = image_fields(image.file_name, image.width, image.height)
        return Example(name, fields, answered("boxes", boxes))

    def _box(self, place: int) -> dict[str, Any]:
        annotation = self._content.annotations[place]
        if annotation.category_id not in self._names:
            raise self._error(f"there is no category {annotation.category_id!r}.", self._at(place))
        x, y, width, height = annotation.bbox
        box: dict[str, Any] = {"x": x, "y": y, "width": width, "height": height}
        box["label"] = self._names[annotation.category_id]
        said = {
            name: value
            for name, value in _said(annotation).items()
            if name in self._attributes and value in self._attributes[name].options
        }
        if said:
            box["attributes"] = said
        return box

    def _at(self, place: int) -> str:
        number = self._content.annotations[place].id
        return f"annotation {place + 1}" + ("" if number is None else f" (id {str(number)[:40]})")

    def _error(self, message: str, where: str) -> InputError:
        return InputError(message, where=f"{self._source}, {where}")


def _decoded(source: Source) -> _Instances:
    with source.open() as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(f"a COCO file may have {MOST_BYTES // 2**20:,} MB. Split it.", where=str(source))
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Instances)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise InputError(
            f"COCO's instances have it otherwise: {message}.",
            where=", ".join(filter(None, [str(source), _told(place)])),
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"one JSON object is needed ({str(error).rstrip('.')}).", where=str(source)) from None
    except RecursionError:
        raise InputError("the JSON is nested too deep.", where=str(source)) from None


def _told(place: str) -> str:
    """`.annotations[2].bbox`` as annotation 3, bbox."""
    place = place.removeprefix(".")
    found = re.match(r"(image|annotation|categor)(?:s|ies)\[(\d+)\]\.?(.*?)`?$", place)
    if found is None:
        return place.rstrip("`")
    name = {"categor": "category"}.get(found[1], found[1])
    return f"{name} {int(found[2]) + 1}" + (f", {found[3]}" if found[3] else "")


def _classes(categories: list[_Category]) -> list[Class]:
    names = {category.name for category in categories}
    classes, above = [], {}
    for category in categories:
        parent = category.supercategory or ""
        parent = "" if parent == category.name or (parent in NO_PARENT and parent not in names) else parent
        if parent and parent not in names:
            above[parent] = Class(parent)
        classes.append(Class(category.name, parent=parent))
    return [*classes, *above.values()]


def _said(annotation: _Annotation) -> dict[str, str]:
    """What is said of a box beside its class, as text."""
    said = {}
    for name, value in (annotation.attributes or {}).items():
        if isinstance(value, str):
            said[name] = value
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            said[name] = msgspec.json.encode(value).decode()
    if annotation.iscrowd == 1:
        said["iscrowd"] = "1"
    return said


def _attributes(annotations: Iterable[_Annotation]) -> dict[str, Attribute]:
    values: dict[str, dict[str, None]] = {}
    for annotation in annotations:
        for name, value in _said(annotation).items():
            if name.strip() and len(found := values.setdefault(name, {})) <= MOST_VALUES:
                found[value] = None
    return {name: Attribute(name, _options([*found])) for name, found in values.items() if len(found) <= MOST_VALUES}


def _options(values: list[str]) -> tuple[str, ...]:
    """The values that occur; a choice needs two, so that a single one gets its opposite."""
    if len(values) > 1:
        return tuple(values)
    opposite = {"true": "false", "false": "true", "1": "0", "0": "1", "other": "others"}
    return (values[0], opposite.get(values[0], "other"))


class _Kept(msgspec.Struct, array_like=True):
    id: str
    image: str
    size: tuple[int, int] | None
    boxes: list[dict[str, Any]]


def _keep(kept: IO[bytes], holds: Held[Boxes], examples: Iterable[Example]) -> bool:
    """Put the examples that have an answer into a file. Whether all of their identifiers are whole numbers."""
    numbered = True
    for example in once(examples):
        known = image_size(example)
        shown = {holds.task.field: {"width": known[0], "height": known[1]}} if known else {}
        boxes = holds.answer(example, shown)
        if boxes is None:
            continue
        numbered = numbered and _WHOLE.fullmatch(example.id) is not None
        kept.write(msgspec.json.encode(_Kept(example.id, holds.field(example), known, boxes)) + b"\n")
    return numbered


def _write(stream: IO[bytes], kept: IO[bytes], holds: Held[Boxes], *, numbered: bool, title: str) -> None:
    numbers = {item.value: number for number, item in enumerate(holds.task.classes, 1)}
    sections: dict[str, Iterable[Any]] = {
        "images": _images(kept, numbered=numbered),
        "annotations": _annotations(kept, numbers, numbered=numbered),
        "categories": (
            {"id": number, "name": item.value, "supercategory": item.parent}
            for number, item in enumerate(holds.task.classes, 1)
        ),
    }
    stream.write(b'{"info": ' + msgspec.json.encode({"description": title}) + b', "licenses": []')
    for name, records in sections.items():
        stream.write(b',\n"' + name.encode() + b'": [')
        for place, record in enumerate(records):
            stream.write((b",\n" if place else b"\n") + msgspec.json.encode(record))
        stream.write(b"]")
    stream.write(b"}\n")


def _again(kept: IO[bytes], *, numbered: bool) -> Iterator[tuple[int, _Kept]]:
    kept.seek(0)
    decoder = msgspec.json.Decoder(_Kept)
    for number, line in enumerate(kept, 1):
        example = decoder.decode(line)
        yield int(example.id) if numbered else number, example


def _images(kept: IO[bytes], *, numbered: bool) -> Iterator[dict[str, Any]]:
    for number, example in _again(kept, numbered=numbered):
        image: dict[str, Any] = {"id": number, "file_name": example.image}
        if example.size:
            image |= {"width": example.size[0], "height": example.size[1]}
        yield image if numbered else image | {"item": example.id}


def _annotations(kept: IO[bytes], numbers: dict[str, int], *, numbered: bool) -> Iterator[dict[str, Any]]:
    count = 0
    for number, example in _again(kept, numbered=numbered):
        for box in example.boxes:
            count += 1
            said = box.get("attributes", {})
            yield {
                "id": count,
                "image_id": number,
                "category_id": numbers[box["label"]],
                "bbox": [box["x"], box["y"], box["width"], box["height"]],
                "area": round(box["width"] * box["height"], 4),
                "segmentation": [],
                "iscrowd": int(said.get("iscrowd") == "1"),
            } | ({"attributes": said} if said else {})


def _title(form: ProjectForm, holds: Held[Boxes]) -> str:
    return next(question.title for question in form.questions if question.name == holds.question)
