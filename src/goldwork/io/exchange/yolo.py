"""yolo: boxes as Ultralytics' YOLO, a folder: `data.yaml` with the classes' names, `images/`, and for every image
`images/NAME.jpg` the file `labels/NAME.txt` with a line `class cx cy width height` for every box: its centre and size,
as fractions of the image's width and height. An image without labels is one without boxes.

Fractions become pixels by the image's size, which is read from the image file (its EXIF turn is not followed). goldwork
has no image files when it writes; it puts down names, sizes and identifiers in `items.jsonl`, which other tools pass
over, and reads them from there. What stands out of the image is cut off.

Where images and labels are in parts, `images/train/` and `labels/train/` or `train/images/` and `train/labels/`, all
are read, and `train/` stays in the image's name.

- https://docs.ultralytics.com/datasets/detect/
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Example, exchange
from goldwork.io.exchange.drawn import answered, drawing, fitting_each, form_of, image_fields, once
from goldwork.io.exchange.folder import Stems, files, read_small, replacing_folder, write_under
from goldwork.io.exchange.held import WITHOUT_ANSWER, Held, held_one, losses
from goldwork.io.exchange.image_size import SIZE, image_size
from goldwork.io.exchange.yaml_names import read_names, write_names
from goldwork.io.source import MAX_LINE, Source
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.classes import Class
from goldwork.tasks.questions import ProjectForm

SETTINGS = "data.yaml"
ITEMS = "items.jsonl"
IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
TYPES = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_BYTES = 4 * 2**20
"""Of one file with labels or settings."""
SPILL = 1e-4
"""How far out of 0 to 1 a fraction may be, from rounding."""


class _Item(msgspec.Struct):
    id: str
    image: str
    width: int
    height: int


class Yolo:
    """A folder of images and of files with lines of fractions."""

    suffixes = ()
    several = False

    def sniff(self, path: Path) -> bool:
        """Whether it is a folder with `data.yaml`."""
        return path.is_dir() and (path / SETTINGS).is_file()

    def form(self, path: Path) -> dict[str, Any]:
        """Boxes of the classes that `data.yaml` names."""
        task = _task(path)
        for _ in _items(path):
            pass
        return form_of("boxes", task.classes)

    def read(self, path: Path) -> Iterator[Example]:
        """An example an image, by name; or as `items.jsonl` has them."""
        task = _task(path)
        names = read_names(_text(path, SETTINGS), f"{path.name}/{SETTINGS}")
        for item, label in _once(_items(path)):
            boxes = _boxes(path, label, item, names, task) if label else []
            yield Example(item.id, image_fields(item.image, item.width, item.height), answered("boxes", boxes))

    def losses(self, form: ProjectForm) -> list[str]:
        """What YOLO has no place for."""
        holds = held_one(form, Boxes)
        said = [*losses(form, holds), WITHOUT_ANSWER]
        if holds.task.attributes:
            said.append("Attributes of boxes are not held.")
        said.append(
            f"Boxes are written as fractions of the image's size: every item needs the fields {' and '.join(SIZE)}."
        )
        return said

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        """Labels, the classes' names and `items.jsonl`; the images themselves are put beside by whoever has them."""
        holds = held_one(form, Boxes)
        classes = [item.value for item in holds.task.classes]
        stems = Stems()
        with replacing_folder(path) as draft:
            settings = "# The images belong into images/, under the names in items.jsonl.\n"
            settings += "path: .\ntrain: images\nval: images\n" + write_names(classes)
            write_under(draft, SETTINGS, settings)
            (draft / "labels").mkdir()
            with (draft / ITEMS).open("xb") as items:
                for example in once(examples):
                    if found := _written(example, holds, classes):
                        item, text = found
                        write_under(draft, f"labels/{stems.add(item.image, item.id)}.txt", text)
                        items.write(_encoded(item) + b"\n")


exchange("yolo")(Yolo())


def _written(example: Example, holds: Held[Boxes], classes: list[str]) -> tuple[_Item, str] | None:
    """The item and its labels; None where there is no answer."""
    image = holds.field(example)
    if (known := image_size(example)) is None:
        if holds.answer(example) is None:
            return None
        raise InputError(
            f"the size of its image {image[:80]!r} is not known, and YOLO needs it. "
            f"Give the item the fields {' and '.join(SIZE)}, in pixels.",
            where=f"item {example.id}",
        )
    width, height = known
    boxes = holds.answer(example, {holds.task.field: {"width": width, "height": height}})
    if boxes is None:
        return None
    numbers = {value: number for number, value in enumerate(classes)}
    lines = []
    for box in boxes:
        x, y, w, h = (box[name] for name in ("x", "y", "width", "height"))
        parts = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
        lines.append(" ".join([str(numbers[box["label"]]), *(_fraction(part) for part in parts)]) + "\n")
    return _Item(example.id, image, width, height), "".join(lines)


def _fraction(part: float) -> str:
    """Ten digits: of the largest image, less than a thousandth of a pixel."""
    return f"{min(part, 1.0):.10f}".rstrip("0").rstrip(".")


def _encoded(item: _Item) -> bytes:
    try:
        return msgspec.json.encode(item)
    except UnicodeEncodeError:
        raise InputError("half a character (a lone surrogate) cannot be written.", where="items") from None


def _task(path: Path) -> Boxes:
    if not path.is_dir():
        raise InputError(f"YOLO is a folder with {SETTINGS}, images and labels.", where=path.name)
    where = f"{path.name}/{SETTINGS}"
    names = read_names(_text(path, SETTINGS), where)
    return drawing(Boxes, [Class(names[number]) for number in sorted(names)], where)


def _text(path: Path, name: str) -> str:
    where = f"{path.name}/{name}"
    try:
        return read_small(path / name, MOST_BYTES, where).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"this is no text in UTF-8 (byte {error.start}).", where=where) from None


def _once(items: Iterable[tuple[_Item, str]]) -> Iterator[tuple[_Item, str]]:
    """The items. Raises InputError where an identifier stands twice."""
    seen: set[str] = set()
    for item, label in items:
        if item.id in seen:
            raise InputError(f"item {item.id!r} stands twice. Every item needs its own name.", where=ITEMS)
        seen.add(item.id)
        yield item, label


def _items(path: Path) -> Iterator[tuple[_Item, str]]:
    """Every item with the file of its labels, an empty name where there is none."""
    labels = {name for name in files(path, [".txt"]) if "labels" in PurePosixPath(name).parts[:-1]}
    if (path / ITEMS).is_file():
        yield from _listed(path, labels)
        return
    waiting = {name for name in labels if PurePosixPath(name).name != "classes.txt"}  # labelImg's list of names
    for name in files(path, IMAGES):
        if (above := _above(name, "images")) is None:
            continue
        label = str(PurePosixPath(*above[0], "labels", *above[1]).with_suffix(".txt"))
        image = "/".join((*above[0], *above[1]))
        width, height = _pixels(path / name, f"{path.name}/{name}")
        yield _Item(image, image, width, height), label if label in labels else ""
        waiting.discard(label)
    if waiting:
        label = min(waiting)
        raise InputError(
            "there is no image of this name, whose size is needed to make pixels of fractions. "
            f"Put the image into {label[: label.rfind('labels')]}images/.",
            where=f"{path.name}/{label}",
        )


def _above(name: str, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The parts of a name before and after the last folder called so."""
    parts = PurePosixPath(name).parts
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == folder:
            return parts[:place], parts[place + 1 :]
    return None


def _listed(path: Path, labels: set[str]) -> Iterator[tuple[_Item, str]]:
    """The items that `items.jsonl` lists."""
    source = Source(path / ITEMS, f"{path.name}/{ITEMS}")
    stems = Stems()
    decoder = msgspec.json.Decoder(_Item)
    with source.open() as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), 1):
            try:
                item = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InputError(
                    f"an object with id, image, width and height is needed ({str(error)[:200].rstrip('.')}).",
                    where=source.at(number),
                ) from None
            if not item.id or not 0 < item.width < 10**7 or not 0 < item.height < 10**7:
                raise InputError(
                    "an identifier and a size in pixels are needed. "
                    f"Got {item.id[:80]!r}, {item.width} x {item.height}.",
                    where=source.at(number),
                )
            label = f"labels/{stems.add(item.image, item.id)}.txt"
            if label not in labels:
                raise InputError(f"there is no {label} with its boxes.", where=source.at(number))
            yield item, label


def _boxes(path: Path, label: str, item: _Item, names: dict[int, str], task: Boxes) -> list[Any]:
    name = f"{path.name}/{label}"
    lines = [(number, line.split()) for number, line in enumerate(_text(path, label).split("\n"), 1) if line.strip()]
    boxes = [_box(parts, item, names, f"{name}, line {number}") for number, parts in lines]
    return list(fitting_each(task, boxes, lambda place: f"{name}, line {lines[place][0]}", name))


def _box(parts: list[str], item: _Item, names: dict[int, str], where: str) -> dict[str, Any]:
    if len(parts) != 5:
        raise InputError(
            f"five numbers are needed: class, cx, cy, width, height. Got {len(parts)}. Outlines are not read.",
            where=where,
        )
    try:
        kind = int(parts[0]) if len(parts[0]) < 10 else -1
    except ValueError:
        kind = -1
    if kind not in names:
        raise InputError(f"{SETTINGS} names no class {parts[0][:40]!r}.", where=where)
    cx, cy, width, height = (_number(part, where) for part in parts[1:])
    left, right = _edges(cx, width, item.width)
    top, bottom = _edges(cy, height, item.height)
    return {"x": left, "y": top, "width": right - left, "height": bottom - top, "label": names[kind]}


def _number(part: str, where: str) -> float:
    try:
        number = float(part)
    except ValueError:
        number = math.nan
    if not -SPILL <= number <= 1 + SPILL:
        raise InputError(f"a fraction from 0 to 1 is needed. Got {part[:40]!r}.", where=where)
    return number


def _edges(centre: float, extent: float, pixels: int) -> tuple[float, float]:
    first, last = (centre - extent / 2) * pixels, (centre + extent / 2) * pixels
    return min(max(first, 0.0), float(pixels)), min(max(last, 0.0), float(pixels))


def _pixels(path: Path, where: str) -> tuple[int, int]:
    """An image's width and height."""
    import PIL.Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(path, formats=TYPES) as image:
                return image.size
    except Exception:  # noqa: BLE001 - what Pillow's readers raise for damaged files is not written down
        raise InputError("this is no image that can be read. Its size is needed.", where=where) from None
