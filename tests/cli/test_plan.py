"""`goldwork plan`: what it prints for people and programs, from assumptions, a pilot and a finished log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldwork.cli import main

ASSUMED = ("plan", "--items", "200", "--classes", "2", "--accuracy", ".85")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Sixty items judged five times by ten people, and the truth of half of them."""
    rng = np.random.default_rng(0)
    lines, truth = ["item,annotator,label"], ["item,truth"]
    for item in range(60):
        right = int(rng.integers(2))
        truth += [f"t{item},{'ny'[right]}"] * (item < 30)
        who = rng.choice(10, 5, replace=False)
        lines += [f"t{item},w{one},{'ny'[right ^ int(rng.random() > 0.85)]}" for one in who]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    (tmp_path / "truth.csv").write_text("\n".join(truth))
    return str(tmp_path / "labels.csv"), str(tmp_path / "truth.csv")


def told(capsys: Any, *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    return dict(json.loads(line))


def refused(capsys: Any, *arguments: str) -> str:
    assert main(list(arguments)) == 2
    return str(capsys.readouterr().err)


def test_a_program_reads_the_figures_with_their_intervals(capsys: Any) -> None:
    found = told(capsys, *ASSUMED, "--target", ".9", "--price", ".1", "--seconds", "9")
    assert found["feasible"]
    for name in ("per_item", "judgements", "gold_judgements", "gold_items", "annotators", "money", "hours"):
        figure = found[name]
        assert figure["low"] <= figure["value"]
        assert figure["high"] is None or figure["value"] <= figure["high"]
    assert found["judgements"]["value"] >= 200
    assert list(found["accuracy_by_overlap"]) == ["1", "2", "3", "4", "5", "6", "7"]
    assert any("Assumed, not measured" in said for said in found["assumptions"])
    assert told(capsys, *ASSUMED, "--target", ".9", "--price", ".1", "--seconds", "9") == found


def test_people_read_sentences_and_what_cannot_be_is_said(capsys: Any) -> None:
    assert main([*ASSUMED, "--target", ".9", "--hourly", "15", "--seconds", "8"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for part in ("judgements for 200 items", "Gold:", "Annotators:", "Money:", "hours", "differ in that by 0.10"):
        assert part in said
    assert main([*ASSUMED, "--target", ".999", "--overlap", "1..2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Not reached: 0.999 of 200 items right. At most 2 judgements per item reach 0.9" in said
    found = told(capsys, *ASSUMED, "--target", ".999", "--overlap", "2")
    assert not found["feasible"]
    assert found["judgements"] == {"value": None, "low": None, "high": None}
    assert found["money"] is None


def test_a_pilot_tells_the_crowd(files: tuple[str, str], capsys: Any) -> None:
    labels, truth = files
    found = told(capsys, "plan", labels, "--gold", truth, "--items", "300", "--target-accuracy", ".9")
    assert found["accuracy_by_overlap"]["1"]["low"] < 0.85 < found["accuracy_by_overlap"]["1"]["high"]
    assert "known answers of 30 of its items" in found["assumptions"][0]
    assert main(["plan", labels, "--items", "300", "--target", ".9"]) == 0
    assert "without gold" in " ".join(capsys.readouterr().out.split())


def test_a_finished_log_is_looked_back_on(files: tuple[str, str], capsys: Any) -> None:
    labels, truth = files
    found = told(capsys, "plan", labels, "--hindsight", "--gold", truth, "--target", ".8")
    assert (found["gold"], found["items"], found["per_item"]) == (30, 60, [1, 2, 3, 4, 5])
    assert found["low"] <= found["stop"] < 5
    assert main(["plan", labels, "--hindsight"]) == 0
    said = capsys.readouterr().out
    assert "You could have stopped at" in said
    assert "give --gold" in " ".join(said.split())
    assert "20 gold items" in refused(capsys, "plan", labels, "--hindsight", "--target", ".9")
    assert main(["plan", labels, "--hindsight", "--gold", truth, "--target", ".9999"]) == 0
    assert "You could not have stopped" in capsys.readouterr().out


def test_what_is_missing_or_makes_no_sense_is_named(files: tuple[str, str], capsys: Any) -> None:
    labels, truth = files
    assert "needs --target" in refused(capsys, *ASSUMED)
    assert "needs --items" in refused(capsys, "plan", labels, "--target", ".9")
    assert "--classes" in refused(capsys, "plan", "--items", "5", "--target", ".9")
    assert "--hindsight needs the LABELS" in refused(capsys, "plan", "--hindsight")
    assert "goes with a pilot" in refused(capsys, *ASSUMED, "--target", ".9", "--gold", truth)
    assert "leave it out" in refused(capsys, "plan", labels, "--items", "5", "--target", ".9", "--accuracy", ".8")
    assert "MIN..MAX" in refused(capsys, *ASSUMED, "--target", ".9", "--overlap", "few")
    assert "not both" in refused(capsys, *ASSUMED, "--target", ".9", "--price", "1", "--hourly", "9", "--seconds", "3")
    assert "--seed" in refused(capsys, *ASSUMED, "--target", ".9", "--seed", "-1")
    assert "takes choices" in refused(capsys, "plan", labels, "--hindsight", "--task", "text")
