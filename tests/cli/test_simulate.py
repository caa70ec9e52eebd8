"""`goldwork simulate`: what it prints for people and programs, what it refuses, and what its page says."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from goldwork.cli import main, parser
from goldwork.cli.simulated.telling import sentences
from goldwork.sim.behaviours import behaviour
from goldwork.sim.crowd import FULL

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "simulate.md").read_text(encoding="utf-8")
SMALL = ("--items", "200", "--gold", "30", "--crowd", "expert=4,average=3,random=2,norm=1")


def told(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["simulate", *arguments, "--json"]) == 0
    [line] = out.getvalue().splitlines()
    return dict(json.loads(line))


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Two runs."""
    return told(*SMALL, "--runs", "2", "--seed", "4")


def test_a_program_reads_figures_and_everybody(found: dict[str, Any]) -> None:
    assert [one["run"] for one in found["people"]] == [0] * 10 + [1] * 10
    assert (found["items"], found["floor"], found["runs"], found["seed"]) == (200, 0.7, 2, 4)
    assert found["judgements"] == sum(one["judgements"] for one in found["people"]) / 2
    per_item = (found["judgements"] + found["gold"] + found["repeats"] + found["training"]) / 200
    assert found["per_item"] == pytest.approx(per_item)
    low, high = found["intervals"]["accuracy"]
    assert low <= found["accuracy"] <= high
    assert found["accuracy"] > found["majority"]["3"]["accuracy"]
    for one in found["people"]:
        if one["behaviour"] == "random":
            assert one["stages"]["quarantine"]["judgements"] <= one["judgements"]
            assert not one["honest"]
    for stage, number in found["wronged"].items():
        assert number == sum(one["stages"].get(stage, {"wronged": False})["wronged"] for one in found["people"])


def test_one_run_has_no_intervals_and_seeds_follow(found: dict[str, Any]) -> None:
    second = told(*SMALL, "--seed", "5")
    assert second["intervals"]["accuracy"] is None
    assert [one | {"run": 1} for one in second["people"]] == found["people"][10:]


def test_fixed_overlap_without_gold() -> None:
    found = told(*SMALL[:2], "--gold", "0", "--overlap", "3", "--crowd", "average=6")
    assert (found["judgements"], found["gold"], found["training"]) == (600, 0, 0)
    assert found["per_item"] == 3
    assert not any("warn" in one["stages"] for one in found["people"])
    assert sentences(found, 4)[0] == "200 items of 4 classes, 6 people, no gold."


def test_people_read_a_table_and_sentences(capsys: Any) -> None:
    assert main(["simulate", *SMALL, "--seed", "4"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "200 items of 4 classes, 10 people, floor 0.70 on gold."
    assert [line.split()[0] for line in lines[3:7]] == ["expert", "average", "random", "norm"]
    assert re.fullmatch(r"random +2 +0\.\d\d +\d+ +2 +2 +2 +2 +\d+ \(\d+ gold\)", lines[5])
    assert re.search(r"^Result: right on \d+\.\d% of the items; the engine expects \d+\.\d%\.$", out, re.MULTILINE)
    assert re.search(r"^Cost: \d\.\d\d judgements an item: \d\.\d\d of items, \d\.\d\d of gold", out, re.MULTILINE)
    assert re.search(r"^Plain majority of the same crowd, no gold: 3 votes \d+\.\d%, 5 votes", out, re.MULTILINE)
    assert "Not honest (2): 2 warned, 2 with work set aside, 2 sent home." in lines
    assert "Honest (8): 0 warned, 0 with work set aside, 0 sent home." in lines
    assert err == ""


def person(**changes: Any) -> dict[str, Any]:
    plain = {"behaviour": "tired", "honest": True, "accuracy": 0.9, "lowest": 0.5, "above": False, "judgements": 100}
    return plain | {"stages": {}, "run": 0} | changes


def stage(wronged: bool = False, judgements: int = 40) -> dict[str, Any]:
    return {"judgements": judgements, "gold": judgements // 4, "hours": 1.0, "wronged": wronged}


def test_the_honest_below_the_floor_are_told_apart_from_those_wronged() -> None:
    people = [
        person(stages={"warn": stage()}),
        person(behaviour="expert", lowest=0.9, above=True, stages={"warn": stage(True), "quarantine": stage(True)}),
        person(behaviour="random", honest=False, accuracy=0.25, lowest=0.25, run=1, stages={"warn": stage()}),
    ]
    figures: dict[str, Any] = dict.fromkeys(("accuracy", "experts", "final", "closed", "hours", "per_item"), 0.5)
    amounts = dict.fromkeys(("judgements", "gold", "repeats", "training", "settled"), 100.0)
    disputed = {"appeals": 4, "mistaken": 1, "upheld": 3, "overturned": 1, "wrongly": 0, "hours": 2 / 3, "ruled": 6}
    summary = (
        figures
        | amounts
        | {"disputed": disputed, "expected": None, "items": 100, "floor": 0.7, "runs": 2, "people": people}
    )
    said = sentences(summary | {"majority": {}, "intervals": dict.fromkeys(figures) | {"accuracy": [0.3, 1.2]}}, 3)
    assert said[0] == "100 items of 3 classes, 2 people, floor 0.70 on gold, 2 runs: numbers of people are over all."
    assert "tired" in said[3]
    assert "0.90 to 0.50" in said[3]
    assert "40 (10 gold)" in said[4]
    assert "Result: right on 50.0% (30.0% to 100.0%) of the items." in said
    assert "Once an expert has settled 100: right on 50.0%." in said
    assert said[-5:] == [
        "Not honest (1): 1 warned, 0 with work set aside, 0 sent home.",
        "Honest (2): 2 warned, 1 with work set aside, 0 sent home.",
        "Wronged (honest, and never below the floor until then): 1 warned, 1 with work set aside, 0 sent home.",
        (
            "Appeals: 4, 1 against a mistaken decision: 3 upheld, 1 overturned, 0 answered wrongly; "
            "0.7 hours of a reviewer."
        ),
        "1 of the 6 decisions that a person ruled on were overturned.",
    ]


def test_a_terminal_sees_how_far_it_is(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["simulate", "--items", "40", *SMALL[2:], "--runs", "2"]) == 0
    err = capsys.readouterr().err
    assert re.search(r"\r\x1b\[Krun 2 of 2, \d+% of the items are closed", err)
    assert err.endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--overlap", "5..2"],
            "--overlap must be a number from 1 on, or two with .. between, as in 2..6. Got '5..2'.",
        ),
        (["--overlap", "two"], "Got 'two'."),
        (["--overlap", "0"], "Got '0'."),
        (["--target", "1"], "--target must be above 0 and below 1. Got 1.0."),
        (["--floor", "0"], "--floor must be above 0 and below 1. Got 0.0."),
        (["--runs", "0"], "--runs must be 1 or more. Got 0."),
        (["--items", "0"], "a project needs 1 or more items. Got 0."),
        (["--classes", "1"], "2 or more classes. Got 1."),
        (["--crowd", "expert"], "as in \"expert=3,random=2\". Got 'expert'."),
        (["--crowd", "expert=-1"], "Got 'expert=-1'."),
        (["--crowd", "expert=0"], "--crowd must have somebody in it."),
        (["--crowd", "lazy=2"], "no behaviour is called 'lazy'. There are: average"),
    ],
)
def test_what_makes_no_sense_is_refused(options: list[str], said: str, capsys: Any) -> None:
    assert main(["simulate", *options]) == 2
    assert said in capsys.readouterr().err


def test_the_guide_has_every_option_and_no_other() -> None:
    [actions] = [action for action in parser()._actions if action.dest == "run" or action.choices]
    command = dict(actions.choices or {})["simulate"]
    there = {flag for action in command._actions for flag in action.option_strings if flag.startswith("--")} - {
        "--help"
    }
    assert set(re.findall(r"^\| `(--[\w-]+)", GUIDE, re.MULTILINE)) == there


def test_the_guide_has_every_behaviour_with_its_number_and_honesty() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+) \| (yes|no) \|", GUIDE, re.MULTILINE)
    assert {name: int(number) for name, number, _ in rows} == FULL
    for name, _, honest in rows:
        assert behaviour.facts(name)["honest"] == (honest == "yes")
