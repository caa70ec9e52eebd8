"""Real judgements to compare with: in `$GOLDWORK_DATA`, or in shared/data beside the repository."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldwork.judgements import Judgements

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """The folder of a data set; the test is skipped, with the reason, where it is absent."""
    root = Path(os.environ.get("GOLDWORK_DATA", BESIDE))

    def folder(name: str) -> Path:
        if not (root / name).is_dir():
            pytest.skip(f"no data set {name} in {root}: set GOLDWORK_DATA to the folder that has it")
        return root / name

    return folder


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def truth(folder: Path) -> dict[str, str]:
    """The true label by item."""
    return {row["item"]: row["truth"] for row in rows(folder / "truth.csv")}


def labels(folder: Path, **options: Any) -> Judgements:
    """The set's judgements; as many as its description says."""
    table = Judgements.from_records(rows(folder / "labels.csv"), **options)
    about = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert (len(table), len(table.items)) == (about["labels"], about["items"])
    return table
