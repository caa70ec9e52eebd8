"""goldwork groups."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldwork.cli import main


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> tuple[str, str, str]:
    """Forty-five people of two regions; item 3 is rude to the north alone; three people of the east are too few."""
    folder = tmp_path_factory.mktemp("groups")
    rng = np.random.default_rng(1)
    labels, groups, items = folder / "labels.csv", folder / "people.csv", folder / "items.csv"
    regions = ["north"] * 25 + ["south"] * 20 + ["east"] * 3
    lines = ["item,annotator,label,shown"]
    for item in range(12):
        for who, region in enumerate(regions):
            chance = 0.9 if item == 3 and region == "north" else 0.15
            order = '"[""rude"",""fine""]"' if rng.random() < 0.5 else '"[""fine"",""rude""]"'
            lines.append(f"{item},p{who:02d},{'rude' if rng.random() < chance else 'fine'},{order}")
    labels.write_text("\n".join(lines) + "\n")
    groups.write_text("annotator,region,age\n" + "".join(f"p{n:02d},{region},\n" for n, region in enumerate(regions)))
    items.write_text("item,text\n" + "".join(f"{n},Comment number {n}\n" for n in range(12)))
    return str(labels), str(groups), str(items)


def only_region(groups: str, folder: Path) -> str:
    """The same file without the attribute that nobody gave."""
    path = folder / "region.csv"
    with Path(groups).open(encoding="utf-8") as file:
        path.write_text(
            "annotator,region\n" + "".join(f"{r['annotator']},{r['region']}\n" for r in csv.DictReader(file))
        )
    return str(path)


def test_it_says_what_differs_and_where(files: tuple[str, str, str], tmp_path: Path, capsys: Any) -> None:
    labels, groups, items = files
    assert main(["groups", labels, "--groups", only_region(groups, tmp_path), "--items", items, "--annotators"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "region: north 25; in no group that is shown: 23." in out
    assert "north says rude in" in out
    assert "everybody else" in out
    assert "* item 3 (Comment number 3): " in out
    assert out.count("; everybody else") == 6
    assert "1 of 3 groups" not in out
    assert "2 of 3 groups are not shown" in out
    assert "place on the screen" in out
    assert "A difference is no error" in out
    assert "east" not in out, "a group of three is named"


def test_json_and_soft_labels(files: tuple[str, str, str], tmp_path: Path, capsys: Any) -> None:
    labels, groups, _ = files
    out = tmp_path / "soft.csv"
    assert main(["groups", labels, "--groups", only_region(groups, tmp_path), "--json", "-o", str(out)]) == 0
    [attribute] = json.loads(capsys.readouterr().out)["attributes"]
    first = attribute["items"][0]
    assert first["item"] == "3"
    assert {one["class"] for one in first["groups"]} == {"fine", "rude"}
    rude = next(one for one in first["groups"] if one["class"] == "rude")
    assert rude["named"]
    assert rude["low"] <= rude["share"] <= rude["high"]
    assert rude["annotators"] == 25
    assert rude["others"] == 23
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 12 * 2
    assert {row["group"] for row in rows} == {"north"}


def test_refusals(files: tuple[str, str, str], tmp_path: Path, capsys: Any) -> None:
    labels, groups, _ = files
    assert main(["groups", labels]) == 2
    assert "give --groups FILE, --annotators or both" in capsys.readouterr().err
    assert main(["groups", labels, "--groups", groups]) == 2
    assert "age is said of nobody" in capsys.readouterr().err
    assert main(["groups", labels, "--annotators", "-o", str(tmp_path / "x.csv")]) == 2
    assert main(["groups", labels, "--groups", groups, "-o", groups]) == 2
    twice = tmp_path / "twice.csv"
    twice.write_text("annotator,region\np00,north\np00,south\n")
    assert main(["groups", labels, "--groups", str(twice)]) == 2
    assert "line 3, column annotator" in capsys.readouterr().err
    nobody = tmp_path / "nobody.csv"
    nobody.write_text("annotator\np00\n")
    assert main(["groups", labels, "--groups", str(nobody)]) == 2
    assert "one for each attribute" in capsys.readouterr().err
