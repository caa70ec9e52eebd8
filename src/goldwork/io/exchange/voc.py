"""voc: boxes as Pascal VOC, a folder with one XML file an image: `Annotations/NAME.xml`.

VOC counts pixels from 1 ("the top-left pixel in the image has coordinates (1,1)") and names the first and the last one
that a box has: `xmin` 1 and `xmax` W is the whole width. goldwork's boxes are borders in pixels from 0. So

    x = xmin - 1, width = xmax - xmin + 1;    xmin = x + 1, xmax = x + width

and the same for y; Detectron2 reads it so. Parts of a pixel are written as decimals, which VOC 2011 has too.

`truncated`, `difficult`, `occluded` and `pose` are read as attributes where they say more than 0 or Unspecified, and
written from attributes of these names. `parts` of objects are not read. XML with a document type is refused: entities
can make a small file large, or name other files.

- http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import msgspec

from goldwork.errors import InputError
from goldwork.io.exchange import Example, exchange
from goldwork.io.exchange.drawn import answered, drawing, fitting_each, form_of, image_fields, once
from goldwork.io.exchange.folder import Stems, files, read_small, replacing_folder, write_under
from goldwork.io.exchange.held import WITHOUT_ANSWER, Held, held_one, losses
from goldwork.io.exchange.image_size import image_size, unsized
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.classes import MAX_CLASSES, Class
from goldwork.tasks.form import Attribute
from goldwork.tasks.questions import ProjectForm

MOST_BYTES = 16 * 2**20
"""Of one file."""
MOST_DEPTH = 50
FLAGS = ("truncated", "difficult", "occluded")
UNSAID = {"truncated": "0", "difficult": "0", "occluded": "0", "pose": "Unspecified"}
CORNERS = ("xmin", "ymin", "xmax", "ymax")
_OBJECT = ("annotation", "object")
_WANTED = {
    ("annotation", "filename"), ("annotation", "size", "width"), ("annotation", "size", "height"),
    *((*_OBJECT, name) for name in ("name", *UNSAID)), *((*_OBJECT, "bndbox", name) for name in CORNERS),
}  # fmt: skip


class _Object(msgspec.Struct):
    line: int
    said: dict[str, str] = msgspec.field(default_factory=dict)


class _Page(msgspec.Struct):
    said: dict[str, str] = msgspec.field(default_factory=dict)
    item: str | None = None
    objects: list[_Object] = msgspec.field(default_factory=list)


class Voc:
    """A folder of XML files."""

    suffixes = ()
    several = False

    def sniff(self, path: Path) -> bool:
        """Whether it is a folder with XML files that begin with an annotation."""
        if not path.is_dir():
            return False
        with contextlib.suppress(InputError, StopIteration, OSError):
            first = next(files(_root(path), [".xml"]))
            with (_root(path) / first).open("rb") as stream:
                return b"<annotation" in stream.read(4096)
        return False

    def form(self, path: Path) -> dict[str, Any]:
        """Boxes of the names that occur, in alphabetical order, with the attributes that occur."""
        task = _task(path)
        return form_of("boxes", task.classes, task.attributes)

    def read(self, path: Path) -> Iterator[Example]:
        """An example a file, by the files' names."""
        task = _task(path)
        yield from once(_example(task, page, where, name) for page, where, name in _pages(path))

    def losses(self, form: ProjectForm) -> list[str]:
        """What VOC has no place for."""
        holds = held_one(form, Boxes)
        said = [*losses(form, holds, unused=False), WITHOUT_ANSWER]
        if others := [one.name for one in holds.task.attributes if not _fits(one)]:
            said.append(f"VOC has the attributes {', '.join(UNSAID)} only. These are not held: {', '.join(others)}.")
        if any(_fits(one) for one in holds.task.attributes):
            said.append("An attribute said to be 0 or Unspecified comes back as not said, and unused options are lost.")
        return said + unsized(form, "VOC")

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        """`Annotations/`, and `ImageSets/Main/trainval.txt` with all names, where VOC's readers look for them."""
        holds = held_one(form, Boxes)
        kept = {one.name for one in holds.task.attributes if _fits(one)}
        stems, names = Stems(), []
        with replacing_folder(path) as draft:
            (draft / "Annotations").mkdir()
            for example in once(examples):
                known = image_size(example)
                shown = {holds.task.field: {"width": known[0], "height": known[1]}} if known else {}
                boxes = holds.answer(example, shown)
                if boxes is not None:
                    names.append(stems.add(holds.field(example), example.id))
                    page = _written(example, holds, boxes, known, kept)
                    write_under(draft, f"Annotations/{names[-1]}.xml", page)
            write_under(draft, "ImageSets/Main/trainval.txt", "".join(f"{name}\n" for name in names))


exchange("voc")(Voc())


def _fits(attribute: Attribute) -> bool:
    if attribute.name == "pose":
        return all(option.strip() == option and option for option in attribute.options)
    return attribute.name in FLAGS and {*attribute.options} <= {"0", "1"}


def _written(
    example: Example, holds: Held[Boxes], boxes: list[dict[str, Any]], known: tuple[int, int] | None, kept: set[str]
) -> str:
    def text(value: str) -> str:
        if any((ord(sign) < 32 and sign not in "\t\n\r") or sign in "\ufffe\uffff" for sign in value):
            raise InputError(
                f"XML cannot hold control characters. Got {value[:60]!r}.", where=f"item {example.id[:200]!r}"
            )
        return value

    image = text(holds.field(example))
    lines = [f"<annotation item={quoteattr(text(example.id), _REFERENCES)}>", _element("filename", image)]
    if known:
        sides = zip(("width", "height", "depth"), (*known, 3), strict=True)
        lines.append("<size>" + "".join(_element(name, str(number)) for name, number in sides) + "</size>")
    for box in boxes:
        said = UNSAID | {name: value for name, value in box.get("attributes", {}).items() if name in kept}
        x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
        corners = zip(CORNERS, (x + 1, y + 1, x + width, y + height), strict=True)
        lines += [
            "<object>",
            _element("name", text(box["label"])),
            *(_element(name, text(value)) for name, value in said.items()),
            "<bndbox>" + "".join(_element(name, f"{round(number, 2):.15g}") for name, number in corners) + "</bndbox>",
            "</object>",
        ]
    return "\n".join([*lines, "</annotation>\n"])


_REFERENCES = {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}


def _element(name: str, value: str) -> str:
    return f"<{name}>{escape(value, _REFERENCES)}</{name}>"


def _root(path: Path) -> Path:
    return path / "Annotations" if (path / "Annotations").is_dir() else path


def _pages(path: Path) -> Iterator[tuple[_Page, str, str]]:
    """Every file, with its place and its name."""
    if not path.is_dir():
        raise InputError("VOC is a folder of XML files, Annotations.", where=path.name)
    root, found = _root(path), False
    for name in files(root, [".xml"]):
        found = True
        yield _parsed(read_small(root / name, MOST_BYTES, name), name), name, name
    if not found and root == path:
        raise InputError("there are no XML files in this folder.", where=path.name)


def _task(path: Path) -> Boxes:
    """The task that the files answer: names and attributes that occur."""
    names: set[str] = set()
    poses: set[str] = set()
    flags: set[str] = set()
    for page, where, _ in _pages(path):
        for one in page.objects:
            name = one.said.get("name", "")
            if not name:
                raise InputError("an object needs a name.", where=f"{where}, line {one.line}")
            names.add(name)
            if len(names) > MAX_CLASSES:
                raise InputError(f"more than {MAX_CLASSES:,} different names.", where=f"{where}, line {one.line}")
            flags |= {flag for flag in FLAGS if one.said.get(flag) == "1"}
            if (pose := one.said.get("pose") or UNSAID["pose"]) != UNSAID["pose"]:
                poses.add(pose)
    attributes = [Attribute(flag, ("0", "1")) for flag in FLAGS if flag in flags]
    if poses:
        attributes.append(Attribute("pose", (UNSAID["pose"], *sorted(poses))))
    if not names:
        raise InputError("no file has an object, so that no class is known.", where=path.name)
    return drawing(Boxes, [Class(name) for name in sorted(names)], path.name, attributes=tuple(attributes))


def _example(task: Boxes, page: _Page, where: str, name: str) -> Example:
    image = page.said.get("filename") or str(PurePosixPath(name).with_suffix(".jpg"))
    above = PurePosixPath(name).parent
    known = {one.name: one.options[1:] for one in task.attributes}  # the first is what need not be said
    boxes = []
    for one in page.objects:
        place = f"{where}, line {one.line}"
        left, top, right, bottom = (_number(one.said.get(corner), corner, place) for corner in CORNERS)
        if min(left, top) < 1:
            raise InputError(
                f"VOC counts pixels from 1, and this box begins at {min(left, top):g}. "
                "If the files count from 0, add 1 to xmin and ymin.",
                where=place,
            )
        box: dict[str, Any] = {"x": left - 1, "y": top - 1, "width": right - left + 1, "height": bottom - top + 1}
        box["label"] = one.said["name"]
        said = {key: value for key, value in one.said.items() if value in known.get(key, ())}
        boxes.append(box | ({"attributes": said} if said else {}))
    answer = fitting_each(task, boxes, lambda number: f"{where}, line {page.objects[number].line}", where)
    if "/" not in image and str(above) != ".":
        image = f"{above}/{image}"
    sizes = [_number(page.said[side], side, where) if page.said.get(side) else None for side in ("width", "height")]
    fields = image_fields(image, sizes[0], sizes[1])
    return Example(page.item or str(PurePosixPath(name).with_suffix("")), fields, answered("boxes", answer))


def _number(said: str | None, name: str, where: str) -> float:
    try:
        number = float(said or "")
    except ValueError:
        number = math.nan
    if not -1e6 <= number <= 1e7:
        raise InputError(f"{name} must be a number of pixels. Got {(said or '')[:40]!r}.", where=where)
    return number


class _Parsing:
    """What expat calls: takes the texts of the elements that are wanted."""

    def __init__(self, where: str) -> None:
        self.page = _Page()
        self._where = where
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def refuse(self, message: str) -> InputError:
        return InputError(message, where=f"{self._where}, line {self.parser.CurrentLineNumber}")

    def _doctype(self, *_: object) -> None:
        raise self.refuse("a document type is not read: entities can do harm. Take the line <!DOCTYPE out.")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text.clear()
        if len(self._path) > MOST_DEPTH:
            raise self.refuse(f"elements are nested more than {MOST_DEPTH} deep.")
        if self._path == ["annotation"]:
            self.page.item = attributes.get("item")
        elif len(self._path) == 1:
            raise self.refuse(f"VOC's files begin with <annotation>. Got <{name[:40]}>.")
        elif (*self._path,) == _OBJECT:
            self.page.objects.append(_Object(self.parser.CurrentLineNumber))

    def _end(self, name: str) -> None:
        if (place := (*self._path,)) in _WANTED:
            said = self.page.objects[-1].said if place[:2] == _OBJECT else self.page.said
            if name in said:
                raise self.refuse(f"<{name}> stands twice.")
            said[name] = "".join(self._text).strip()
        self._path.pop()
        self._text.clear()


def _parsed(data: bytes, where: str) -> _Page:
    parsing = _Parsing(where)
    try:
        parsing.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(
            f"this is no XML ({expat.errors.messages.get(error.code, error.code)}).",
            where=f"{where}, line {error.lineno}, column {error.offset + 1}",
        ) from None
    except (ValueError, LookupError) as error:
        raise InputError(f"its characters cannot be read ({str(error)[:100]}).", where=where) from None
    return parsing.page
