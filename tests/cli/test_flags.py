"""goldwork flags."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks._habits import make
from goldwork import io
from goldwork.cli import main


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> tuple[str, str, str]:
    folder = tmp_path_factory.mktemp("flags")
    table, gold, items = make(["good"] * 12 + ["random", "run"], each=150, seed=2)
    labels, known, shown = folder / "labels.jsonl", folder / "gold.csv", folder / "items.jsonl"
    io.write(labels, table.to_columns())
    known.write_text("item,truth\n" + "".join(f"{item},{label}\n" for item, label in gold.items()))
    io.write(shown, items.to_columns())
    return str(labels), str(known), str(shown)


def test_it_says_who_why_and_what_it_does_not_show(files: tuple[str, str, str], capsys: Any) -> None:
    labels, gold, items = files
    assert main(["flags", labels, "--gold", gold, "--items", items]) == 0
    out, err = capsys.readouterr()
    said = " ".join(out.split())
    assert "random: random12's answers are those of most others or of gold in" in said
    assert "straight-lining: run13 gives the answer before again" in said
    assert said.count("Not said:") >= 2
    assert "accuses nobody" in said
    assert "e-values from 800 on" in said
    assert not re.search(r"good\d", out), "an honest person is named"
    notes = [line for line in err.splitlines() if "not asked" in line]
    assert [line.split(": ")[1] for line in notes] == ["between-groups", "guideline-edit"]


def test_json_and_a_table(files: tuple[str, str, str], tmp_path: Path, capsys: Any) -> None:
    labels, gold, _ = files
    out = tmp_path / "found.csv"
    assert main(["flags", labels, "--gold", gold, "--flag", "random", "--flag", "skew", "--json", "-o", str(out)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["threshold"] == 800
    [found] = [one for one in said["findings"] if one["flag"] == "random"]
    assert found["subject"] == "random12"
    assert found["e_value"] >= 800
    assert found["p_value"] is None
    assert found["low"] <= found["statistic"] <= found["high"]
    assert found["evidence"]["furthest_from_others"]
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [row["subject"] for row in rows if row["flag"] == "random"] == ["random12"]
    assert json.loads(rows[0]["evidence"])
    assert {row["flag"] for row in rows} <= {"random", "skew"}


def test_groups_come_from_a_table_of_annotators(tmp_path: Path, capsys: Any) -> None:
    """Twenty from the north and twenty from the south: of eight items they see one otherwise."""
    labels, people = tmp_path / "labels.csv", tmp_path / "people.csv"
    rows = [
        f"{n},p{who},{'y' if (n == 3 and who % 2) or (n + who) % 7 == 0 else 'x'}\n"
        for n in range(8)
        for who in range(40)
    ]
    labels.write_text("item,annotator,label\n" + "".join(rows))
    told = [f"p{who},{'south' if who % 2 else 'north'},{who % 3}\n" for who in range(40)]
    people.write_text("annotator,region,shift\n" + "".join(told))
    asked = ["flags", str(labels), "--groups", str(people), "--flag", "between-groups", "--json"]
    assert main(asked) == 0
    [found] = json.loads(capsys.readouterr().out)["findings"]
    assert found["subject"] == "3"
    assert found["evidence"]["attribute"] == "region"
    assert "people of region 'north' answer 'x' to 3" in found["sentence"]
    assert main([*asked, "-o", str(people)]) == 2
    assert "is the file that is read" in capsys.readouterr().err


def test_nothing_found_and_what_is_missing(tmp_path: Path, capsys: Any) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "item,annotator,label\n" + "".join(f"{n},{who},{'xy'[n % 2]}\n" for n in range(30) for who in "ab")
    )
    assert main(["flags", str(labels)]) == 0
    out, err = capsys.readouterr()
    assert "Nothing is worth a look" in out
    assert "note: fast: not asked, the column seconds is needed" in err
    empty = tmp_path / "empty.csv"
    assert main(["flags", str(labels), "-o", str(empty)]) == 0
    assert empty.read_text().startswith("question,flag,about,subject,e_value")


def test_refusals(files: tuple[str, str, str], capsys: Any) -> None:
    labels, gold, _ = files
    assert main(["flags", labels, "--flag", "none"]) == 2
    assert "no flag is called 'none'. There are:" in capsys.readouterr().err
    assert main(["flags", labels, "--alpha", "2"]) == 2
    assert main(["flags", labels, "--gold", gold, "-o", gold]) == 2
    assert "Choose another name" in capsys.readouterr().err
