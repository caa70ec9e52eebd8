"""`goldwork replay`: what it prints for people and programs, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldwork.cli import main

NAMES = ("no", "yes")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Eighty items judged six times by ten people, and their truth."""
    rng = np.random.default_rng(0)
    lines, truth = ["item,annotator,label"], ["item,truth"]
    for item in range(80):
        right = int(rng.integers(2))
        truth.append(f"t{item},{NAMES[right]}")
        for who in rng.choice(10, 6, replace=False):
            said = right ^ int(rng.random() > 0.6 + 0.03 * who)
            lines.append(f"t{item},w{who},{NAMES[said]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    (tmp_path / "truth.csv").write_text("\n".join(truth))
    return str(tmp_path / "labels.csv"), str(tmp_path / "truth.csv")


def told(capsys: Any, *arguments: str) -> dict[str, Any]:
    assert main(["replay", *arguments, "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    return dict(json.loads(line))


def test_a_program_reads_cost_accuracy_and_the_majorities(files: tuple[str, str], capsys: Any) -> None:
    labels, truth = files
    found = told(capsys, labels, "--truth", truth, "--repeats", "2")
    assert 1 + 100 / 60 < found["judgements_per_item"] <= 6 + 100 / 60
    assert 0.5 < found["accuracy"] <= 1
    assert (found["items"], found["gold_items"], found["repeats"], found["left_out"]) == (60, 20, 2, 0)
    assert [figures["judgements_per_item"] for figures in found["majority"].values()] == [3, 5, 6]
    assert list(found["majority"]) == ["3", "5", "all"]
    low, high = found["intervals"]["expected_accuracy"]
    assert low < found["expected_accuracy"] < high
    assert told(capsys, labels, "--truth", truth, "--repeats", "2") == found
    assert told(capsys, labels, "--truth", truth, "--repeats", "2", "--seed", "9") != found


def test_a_target_a_share_and_an_overlap_are_kept_to(files: tuple[str, str], capsys: Any) -> None:
    labels, truth = files
    found = told(
        capsys, labels, "--truth", truth, "--target-accuracy", ".9999", "--gold-share", ".5", "--gold-overlap", "2",
        "--min", "2", "--max", "2", "--repeats", "1",
    )  # fmt: skip
    assert found["gold_items"] == 40
    assert found["judgements_per_item"] == 4
    assert found["gold_share"] == 0.5
    assert found["target_accuracy"] == 0.9999
    assert found["intervals"]["accuracy"] is None


def test_people_read_sentences(files: tuple[str, str], tmp_path: Path, capsys: Any) -> None:
    labels, truth = files
    known = Path(truth).read_text().splitlines()
    (tmp_path / "less.csv").write_text("\n".join(known[:-5]))
    assert main(["replay", labels, "--truth", str(tmp_path / "less.csv"), "--repeats", "2"]) == 0
    out, said = capsys.readouterr()
    assert "judgements per item, gold included, reach an accuracy of" in out
    assert "majority of all votes: accuracy" in out
    assert "Means of 2 replays, with 95 % intervals." in out
    assert "5 items without a truth are left out" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target-accuracy", "1.5"], "target accuracy must be above 0 and below 1"),
        (["--gold-share", "0"], "share of gold"),
        (["--gold-share", ".999"], "more items with a truth than the 80"),
        (["--gold-overlap", "4"], "5 times or more without a target"),
        (["--repeats", "0"], "--repeats must be 1 or more"),
        (["--seed", "-1"], "--seed must be 0 or more"),
        (["--min", "3", "--max", "2"], "minimum <= maximum"),
        (["--task", "numbers"], "takes choices"),
        (["--truth", "absent.csv"], "absent.csv"),
    ],
)
def test_what_cannot_be_is_refused(files: tuple[str, str], options: list[str], said: str, capsys: Any) -> None:
    assert main(["replay", files[0], "--truth", files[1], *options]) == 2
    out, error = capsys.readouterr()
    assert said in error
    assert not out


def test_the_truth_has_to_be_given(files: tuple[str, str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["replay", files[0]])
    assert ended.value.code == 2
    assert "--truth" in capsys.readouterr().err
