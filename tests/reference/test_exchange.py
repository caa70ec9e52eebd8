"""Boxes and spans that people made, to other tools' files and back: the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldwork.io.exchange import Answered, Example, exchange
from goldwork.io.exchange.tokens import words
from goldwork.tasks.questions import ProjectForm, read_form
from tests.reference.conftest import rows

Folder = Callable[[str], Path]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def form(kind: str, field: str, show: str) -> ProjectForm:
    task = {"type": kind, "field": field, "classes": [{"value": "it"}]}
    fields = [{"name": field, "show": show}]
    return read_form({"fields": fields, "questions": [{"name": kind, "title": "Mark it.", "task": task}]})


def image(item: str, name: str, size: tuple[int, int], corners: list[list[float]]) -> Example:
    boxes = [
        {"x": left, "y": top, "width": right - left, "height": bottom - top, "label": "it"}
        for left, top, right, bottom in corners
        if left >= 0 and top >= 0 and right > left and bottom > top
    ]
    answer = form("boxes", "image", "image").tasks()["boxes"].canonical(boxes)
    fields = {"image": name, "image_width": str(size[0]), "image_height": str(size[1])}
    return Example(item, fields, (Answered({"boxes": answer}),))


@pytest.mark.parametrize("name", ["coco", "yolo", "voc"])
def test_boxes_are_the_same(name: str, data: Folder, tmp_path: Path) -> None:
    """Gold boxes with parts of a pixel, every annotator's own, and boxes of images of known size: about 9,700."""
    folder = data("boxes_crowd")
    drawn = [(row["item"], row["boxes"]) for row in lines(folder / "truth.jsonl")]
    drawn += [(f"{row['item']}-{row['annotator']}", row["boxes"]) for row in lines(folder / "labels.jsonl")]
    examples = [image(item, f"{item}.jpg", (2000, 2000), corners) for item, corners in drawn]
    for place, row in enumerate(rows(data("wsdm23_vqa_boxes") / "boxes.csv")):
        corners = [[float(row[f"{who}_{side}"]) for side in "ltrb"] for who in ("true", "crowd")]
        width, height = int(row["width"]), int(row["height"])
        inside = [box for box in corners if box[2] <= width and box[3] <= height]
        examples.append(image(f"q{place}", f"{place}/{row['image']}", (width, height), inside))
    assert len(examples) == 962 + 2705
    assert sum(len(one.answered[0].answers["boxes"]) for one in examples) > 9_500
    path = tmp_path / "out"
    exchange.get(name).write(path, form("boxes", "image", "image"), examples)
    back = {one.id: one for one in exchange.get(name).read(path)}
    assert back == {one.id: one for one in examples}


@pytest.mark.parametrize("suffix", [".jsonl", ".spacy", ".conll"])
def test_spans_are_the_same(suffix: str, data: Folder, tmp_path: Path) -> None:
    """Participants of trials as 80 people marked them: lines hold all; words hold those that end where words do."""
    folder = data("pico_spans")
    texts = {row["item"]: row["text"] for row in lines(folder / "items.jsonl")}
    asked = form("spans", "text", "text")
    task = asked.tasks()["spans"]
    examples, whole = [], 0
    for row in (*lines(folder / "truth.jsonl"), *lines(folder / "labels.jsonl")):
        text = texts[row["item"]]
        spans = task.canonical([{"start": start, "end": end, "label": "it"} for start, end in row["spans"]])
        if all(first["end"] <= second["start"] for first, second in itertools.pairwise(spans)):
            name = f"{row['item']}-{row.get('annotator', 'truth')}"
            examples.append(Example(name, {"text": text}, (Answered({"spans": spans}),)))
            ends = {end for _, end in words(text)}
            starts = {start for start, _ in words(text)}
            whole += all(span["start"] in starts and span["end"] in ends for span in spans)
    assert len(examples) > 600
    assert 550 < whole < len(examples)
    name = "conll" if suffix == ".conll" else "spacy"
    exchange.get(name).write(tmp_path / f"all{suffix}", asked, examples)
    back = list(exchange.get(name).read(tmp_path / f"all{suffix}"))
    assert len(back) == len(examples)
    if suffix == ".conll":
        squeezed = [["".join(marks(one)) for one in some] for some in (examples, back)]
        assert squeezed[0] == squeezed[1]
        return
    assert [one.fields for one in back] == [one.fields for one in examples]
    same = sum(one.answered == other.answered for one, other in zip(examples, back, strict=True))
    assert same == (len(examples) if suffix == ".jsonl" else whole)


def marks(example: Example) -> list[str]:
    """The text without its spaces, with every span, grown to whole words, in brackets."""
    text = example.fields["text"]
    found, at = [], 0
    spans = iter([*example.answered[0].answers["spans"], {"start": len(text) + 1, "end": len(text) + 1}])
    span, inside = next(spans), False
    for start, end in words(text):
        if inside and start >= span["end"]:
            found.append("]")
            span, inside = next(spans), False
        if not inside and end > span["start"]:
            found.append("[")
            inside = True
        found.append(text[start:end])
        at = end
    assert at <= len(text)
    return [*found, "]"] if inside else found
