"""docs/guide/files.md says what is so."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from goldwork import io
from goldwork.agreement import coefficient
from goldwork.cli import main, parser
from goldwork.consensus import DEFAULT_METHODS
from goldwork.io import source
from goldwork.io.roles import ROLES
from goldwork.judgements.shapes import SHAPES
from goldwork.services import cells, export, ingest, media, rows, uploads

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "files.md").read_text(encoding="utf-8")
COMMANDS = ("agreement", "consensus", "flags", "import", "export", "check", "backup", "restore", "worker")


def test_every_format_has_a_heading() -> None:
    assert re.findall(r"^### (\w+)$", GUIDE, re.MULTILINE) == ["csv", "tsv", "jsonl", "parquet"]
    assert sorted(re.findall(r"^### (\w+)$", GUIDE, re.MULTILINE)) == io.format.names()


def test_every_column_name_is_listed() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) ?\|$", GUIDE.split("## Formats")[0], re.MULTILINE))
    assert {role: tuple(filter(None, [role, *names.split(", ")])) for role, names in table.items()} == ROLES


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("columns", f"{source.MAX_COLUMNS:,}"),
        ("one cell", f"{source.MAX_CELL // 2**20} MB"),
        ("one line", f"{source.MAX_LINE // 2**20} MB"),
        (
            "unpacked size of a packed file",
            f"{source.MAX_RATIO} times its own, from {source.FREE_UNPACKED // 2**20} MB on",
        ),
        ("an upload", f"{uploads.MAX_UPLOAD // 2**30} GB"),
        ("an item's identifier", f"{rows.MAX_ID} characters"),
        ("one text of an item", f"{cells.MAX_FIELD:,} characters"),
        ("an image", f"{media.MAX_BYTES // 2**20} MB, {media.MAX_PIXELS:,} pixels"),
        ("a sound", f"{media.MAX_SOUND // 2**20} MB"),
        ("a link", f"{cells.MAX_LINK:,} characters"),
    ],
)
def test_limits_are_what_they_are_said_to_be(what: str, limit: str) -> None:
    assert f"| {what} | {limit} |" in GUIDE


def test_every_option_is_explained() -> None:
    [commands] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    for name in COMMANDS:
        assert f"goldwork {name}" in GUIDE
        for action in commands.choices[name]._actions:
            for option in action.option_strings:
                assert option in ("-h", "--help") or f"`{option}" in GUIDE, f"{name} {option} is not in the guide"


def test_every_name_is_there() -> None:
    """Of the consensus methods those taken without a choice; the others are in `--help` and in their notes."""
    for name in (*coefficient.names(), *DEFAULT_METHODS.values(), *SHAPES, *export.JUDGEMENTS, *export.CONSENSUS):
        assert f"`{name}`" in GUIDE, name
    assert f"the first {ingest.SAID} errors" in GUIDE


def test_the_example_of_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("labels.csv").write_text("item,annotator,label\n" + "".join(f"{n},x,a\n" for n in range(36)) + "a,b\n")
    assert main(["agreement", "labels.csv"]) == 2
    [example] = re.findall(r"```text\n(.*?)\n```", GUIDE, re.DOTALL)
    assert capsys.readouterr().err.strip() == example


def test_the_example_in_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows_of = re.findall(r"^\| (t\d) \| (\w+) \| (\w+) \|$", GUIDE, re.MULTILINE)
    Path("labels.csv").write_text("\n".join(",".join(row) for row in [("item", "annotator", "label"), *rows_of]))
    [example] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(example, {})
    assert "3 judgements, 2 items" in capsys.readouterr().out
