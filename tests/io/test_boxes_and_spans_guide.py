"""docs/guide/formats-boxes-and-spans.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldwork.io.exchange import coco, exchange, voc

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "formats-boxes-and-spans.md").read_text(encoding="utf-8")
NAMES = ("coco", "yolo", "voc", "conll", "spacy")


def test_every_format_has_a_row_and_a_heading() -> None:
    headings = re.findall(r"^## (\w+)$", GUIDE, re.MULTILINE)
    assert headings == re.findall(r"^\| \[`(\w+)`\]\(#\1\) \|", GUIDE, re.MULTILINE) == [*NAMES]
    assert {*NAMES} <= {*exchange.names()}


def test_numbers_are_what_they_are_said_to_be() -> None:
    assert f"may have {coco.MOST_BYTES // 2**30} GB" in GUIDE
    assert f"of more than {coco.MOST_VALUES} different values" in GUIDE
    assert f"may have {voc.MOST_BYTES // 2**20} MB" in GUIDE


def test_the_example_is_read(tmp_path: Path) -> None:
    [example] = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    for lines in (example, re.findall(r"`(\[\"and .*?\])`", GUIDE)[0]):
        (tmp_path / "x.jsonl").write_text(lines)
        [read] = exchange.get("spacy").read(tmp_path / "x.jsonl")
        assert read.answered[0].answers == {"spans": [{"start": 4, "end": 11, "label": "DRUG"}]}


@pytest.mark.parametrize("name", NAMES)
def test_one_answer_is_held(name: str) -> None:
    assert "All of them hold one answer about an item" in GUIDE
    assert not exchange.get(name).several
