"""Whatever the bytes: the formats of boxes and spans read them, or refuse them by InputError."""

from __future__ import annotations

import json
import random
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import exchange
from goldwork.tasks.questions import read_form
from goldwork.testing.formats import damage
from tests.io.exchange_samples import ATTRIBUTES, boxes_form, image, spans_form, text

IMAGES = [
    image("a.png", (1, 2, 3.5, 4, "cat", {"pose": "Left"}), (2, 2, 3, 4, "a dog")),
    image("b/é.png", (0, 0, 640, 480, "cat")),
    image("c.png"),
]
TEXTS = [text("1", "Anna met Bob\nin Köln 🙂.", (0, 4, "PER"), (9, 12, "PER"), (16, 20, "LOC")), text("2", "no")]
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, "", "\x00", "a" * 300, [], [[]], {}, {"": []}, [None] * 3, "1", 0.5, -0.0,
)  # fmt: skip
CASES = ("coco", "yolo", "voc", "conll", "spacy.jsonl", "spacy.spacy")


def made(folder: Path, case: str) -> tuple[str, Path, list[Path]]:
    """The format's name, where its sample is, and the sample's files."""
    name, _, suffix = case.partition(".")
    path = folder / (f"sample.{suffix}" if suffix else f"sample.{name}")
    boxes = name in ("coco", "yolo", "voc")
    form = boxes_form("cat", "a dog", attributes=ATTRIBUTES) if boxes else spans_form("PER", "LOC")
    exchange.get(name).write(path, form, IMAGES if boxes else TEXTS)
    return name, path, sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def read_or_refused(name: str, path: Path) -> bool:
    """Whether it is read: then its form is one, and every answer fits it."""
    format = exchange.get(name)
    told = isinstance(format.sniff(path), bool)
    assert told
    refused = ""
    try:
        form = read_form(format.form(path))
        for example in format.read(path):
            assert example.id
            for answered in example.answered:
                form.check(answered.answers)
    except InputError as error:
        refused = str(error)
    assert len(refused) < 2000, "an error is short, whatever it quotes"
    return not refused


PIECES = (
    *(b'"', b"\0", b"\n", b"\xff", b"{", b"-", b"e999", b"&x;", b"nan "),
    *(b"9" * 30, b"[" * 5000, b"<a>" * 60),
)


@pytest.mark.parametrize("case", CASES)
def test_damage_is_refused_politely(case: str, tmp_path: Path) -> None:
    name, path, files = made(tmp_path, case)
    assert read_or_refused(name, path)
    dice = random.Random(11)
    read = 0
    for _ in range(300):
        file = dice.choice(files)
        whole = file.read_bytes()
        file.write_bytes(damage(zlib.decompress(whole) if case == "spacy.spacy" else whole, dice, PIECES))
        if case == "spacy.spacy" and dice.random() < 0.9:
            file.write_bytes(zlib.compress(file.read_bytes()))
        read += read_or_refused(name, path)
        file.write_bytes(whole)
    assert 0 < read < 300, "some damage does no harm, and some does"


@pytest.mark.parametrize("case", CASES)
def test_files_cut_off_anywhere(case: str, tmp_path: Path) -> None:
    name, path, files = made(tmp_path, case)
    for file in files:
        whole = file.read_bytes()
        for length in range(0, len(whole), max(1, len(whole) // 60)):
            file.write_bytes(whole[:length])
            read_or_refused(name, path)
        file.write_bytes(whole)
    assert read_or_refused(name, path)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value that can be replaced."""
    for key in list(value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()):
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("case", ["coco", "spacy.jsonl", "spacy.spacy", "yolo"])
def test_other_types_anywhere(case: str, tmp_path: Path) -> None:
    name, path, files = made(tmp_path, case)
    [file] = [one for one in files if one.name in ("sample.coco", "sample.jsonl", "sample.spacy", "items.jsonl")]
    packed = case == "spacy.spacy"
    whole = file.read_bytes()
    read = (
        msgspec.msgpack.decode(zlib.decompress(whole))
        if packed
        else msgspec.json.decode(whole if name == "coco" else whole.split(b"\n")[0])
    )
    count = 0
    for holder, key in list(places(read)):
        kept = holder[key]
        for junk in JUNK:
            if packed and junk == 10**30:
                continue
            holder[key] = junk
            content = zlib.compress(msgspec.msgpack.encode(read)) if packed else json.dumps(read).encode() + b"\n"
            file.write_bytes(content)
            read_or_refused(name, path)
            count += 1
        holder[key] = kept
    assert count > 50


@pytest.mark.parametrize("name", ["coco", "yolo", "voc", "conll", "spacy"])
def test_junk_for_files_and_folders(name: str, tmp_path: Path) -> None:
    dice = random.Random(2)
    file = tmp_path / "file"
    for junk in (b"", b"\n", b"\xff\xfe", b"{}", b"[]", b"null", b"[" * 100_000, b"\x1f\x8b\x08junk", b"\x78\x9cjunk",
                 bytes(100), dice.randbytes(5000), b"<annotation/>", b'{"images": [], "categories": []}'):  # fmt: skip
        file.write_bytes(junk)
        assert not read_or_refused(name, file)
    assert not read_or_refused(name, tmp_path / "absent")
    folder = tmp_path / "folder"
    folder.mkdir()
    assert not read_or_refused(name, folder)
    for inside in ("data.yaml", "Annotations", "labels", "images/a.png", "items.jsonl", "a.xml"):
        (folder / inside).mkdir(parents=True)
        assert not read_or_refused(name, folder)
        shutil.rmtree(folder / inside)


def test_an_image_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: [cat]")
    (tmp_path / "images").mkdir()
    for junk in (b"", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\xff\xd8\xff\xe0" + bytes(9), b"GIF89a", b"RIFF....WEBPVP8 "):
        (tmp_path / "images" / "a.png").write_bytes(junk)
        with pytest.raises(InputError, match=r"images/a\.png: this is no image that can be read"):
            list(exchange.get("yolo").read(tmp_path))
