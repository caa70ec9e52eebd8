"""docs/guide/exchange.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import exchange, sniff
from goldwork.testing.exchanges import projects

DOCS = Path(__file__).parents[2] / "docs" / "guide"
GUIDE = (DOCS / "exchange.md").read_text(encoding="utf-8")
ELSEWHERE = ("coco", "conll", "spacy", "voc", "yolo")
"""Those of formats-boxes-and-spans.md, which has its own test."""
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def test_every_format_has_a_heading() -> None:
    assert sorted([*SECTIONS, *ELSEWHERE]) == exchange.names()
    assert "(formats-boxes-and-spans.md)" in GUIDE


@pytest.mark.parametrize("name", SECTIONS)
def test_what_a_format_holds_is_what_is_said(name: str) -> None:
    [(said, annotators)] = re.findall(r"^Holds: (.*?)\. Annotators: (several|one)\.$", SECTIONS[name], re.MULTILINE)
    held = []
    for project in projects():
        try:
            exchange.get(name).losses(project.form)
        except InputError:
            continue
        held.append(project.kind)
    assert sorted(re.findall(r"`(\S+)`", said)) == sorted(held)
    assert (annotators == "several") == exchange.get(name).several


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("all.jsonl").write_text('{"text": "so good", "label": ["pos"]}\n')
    [example] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(example, {})
    assert capsys.readouterr().out.startswith("doccano 1 {'text': 'so good'} (Answered(")


def test_what_no_format_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="in no format known here"):
        sniff(tmp_path / "x.bin")
