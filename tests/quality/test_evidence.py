"""Evidence from gold: valid at any time, quick where it should be, and recomputed by anybody."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import assume, given

from goldwork.errors import InputError
from goldwork.quality.evidence import ALL_GOLD, BETS, RICHEST, STAGES, Evidence, evidence_of, stage_of

NOTE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "evidence.md"
SCORES = st.lists(st.floats(0, 1), max_size=60)


def walk(accuracy: float, floor: float, people: int, gold: int, seed: int) -> np.ndarray:
    """[people, gold]: E of people with one accuracy, without strata, as arrays (the class is compared below)."""
    rng, bets = np.random.default_rng(seed), np.array(BETS)
    wealth, found = np.zeros((people, len(bets))), np.empty((people, gold))
    for n in range(gold):
        right = rng.random((people, 1)) < accuracy
        wealth = (wealth + 1 / ((n + 1) * (n + 2))) * np.where(right, 1 - bets, 1 + bets * floor / (1 - floor))
        found[:, n] = ALL_GOLD * (wealth.mean(axis=1) + 1 / (n + 2)) + 1 - ALL_GOLD
    return found


def by_hand(scores: list[float], floor: float) -> float:
    """The mixture written out: every beginning and every size of bet."""
    total = 0.0
    for begin in range(len(scores)):
        for bet in BETS:
            product = 1 / ((begin + 1) * (begin + 2)) / len(BETS)
            for score in scores[begin:]:
                product *= 1 + bet * (floor - score) / (1 - floor)
            total += product
    return ALL_GOLD * (total + 1 / (len(scores) + 1)) + 1 - ALL_GOLD


@given(SCORES, st.floats(0.3, 0.95))
def test_it_is_the_mixture_written_out(scores: list[float], floor: float) -> None:
    expected = by_hand(scores, floor)
    assume(expected < RICHEST / 1000)  # beyond, single bets have reached the ceiling
    assert evidence_of(scores, floor=floor).value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("floor", [0.7, 0.85, 0.9])
def test_a_bet_is_fair_at_the_floor_whatever_the_scores(floor: float) -> None:
    """The expectation of the next value is this one's, for right and wrong and for any partial credit."""
    draw = random.Random(3)
    evidence = Evidence()
    for _ in range(40):
        low = draw.uniform(0, floor)
        share = (floor - low) / (1 - low)  # scores 1 and `low` whose mean is the floor
        for stratum in ("", "hard"):
            up, down = (evidence.add(score, floor, stratum).value for score in (1.0, low))
            assert share * up + (1 - share) * down == pytest.approx(evidence.value, rel=1e-9)
        evidence = evidence.add(float(draw.random() < 0.6), floor, draw.choice(["", "hard", "easy"]))


@pytest.mark.parametrize("floor", [0.85, 0.9])
def test_honest_people_at_the_floor_are_rarely_accused(floor: float) -> None:
    """Over 1,000 gold items, looked at after each: at most 20, 5 and 1 % ever."""
    highest = walk(floor, floor, people=1000, gold=1000, seed=7).max(axis=1)
    for least in STAGES.values():
        assert (highest >= least).mean() <= 1 / least
    assert (highest >= 5).mean() > 0.01, "a test that nobody could ever fail"


@pytest.mark.parametrize(("classes", "floor", "gold"), [(4, 0.85, 12), (3, 0.85, 18), (2, 0.9, 25)])
def test_random_annotators_are_found(classes: int, floor: float, gold: int) -> None:
    found = walk(1 / classes, floor, people=4000, gold=gold, seed=8)
    assert (found.max(axis=1) >= 20).mean() >= 0.95


def test_the_arrays_of_these_tests_are_the_class() -> None:
    scores = [1, 1, 0, 1, 0, 0, 1]
    bets, wealth = np.array(BETS), np.zeros(len(BETS))
    evidence = Evidence()
    for n, score in enumerate(scores):
        wealth = (wealth + 1 / ((n + 1) * (n + 2))) * (1 + bets * (0.8 - score) / 0.2)
        evidence = evidence.add(score, 0.8)
        assert evidence.value == pytest.approx(ALL_GOLD * (wealth.mean() + 1 / (n + 2)) + 1 - ALL_GOLD)


def test_a_late_collapse_is_seen() -> None:
    evidence = evidence_of([1] * 300 + [1, 0] * 45, floor=0.85)
    assert evidence.stage == "propose"
    assert 301 <= evidence.since <= 310
    assert evidence_of([1] * 300 + [1, 0] * 5, floor=0.85).stage == ""


def test_failing_in_one_stratum_alone_is_seen() -> None:
    """Right everywhere but on one gold item in ten: no evidence on the whole, strong evidence on that stratum."""
    scores, strata = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0] * 20, ["easy"] * 9 + ["rare"]
    with_strata = evidence_of(scores, floor=0.85, strata=strata * 20)
    assert evidence_of(scores, floor=0.85).stage == ""
    assert with_strata.stage == "propose"
    floors = {"rare": 0.3}
    assert evidence_of(scores, floor=0.85, strata=strata * 20, floors=floors).value < with_strata.value


@given(SCORES, st.integers(0, 60))
def test_carried_on_from_what_was_stored(scores: list[float], cut: int) -> None:
    """State stored as JSON and read again goes on to the same bits."""
    strata = ["abc"[place % 3] for place in range(len(scores))]
    half = evidence_of(scores[:cut], floor=0.8, strata=strata)
    again = msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(half))), Evidence)
    for score, stratum in zip(scores[cut:], strata[cut:], strict=True):
        again = again.add(score, 0.8, stratum)
    assert again == evidence_of(scores, floor=0.8, strata=strata)


@given(SCORES)
def test_a_better_score_is_never_more_evidence(scores: list[float]) -> None:
    better = [min(1.0, score + 0.1) for score in scores]
    assert evidence_of(better, floor=0.8).value <= evidence_of(scores, floor=0.8).value * (1 + 1e-12)


def test_it_stays_finite_and_bounded() -> None:
    evidence = evidence_of([0] * 5000, floor=0.95)
    assert 1e11 < evidence.value <= 1e12
    assert evidence.right == 0
    assert evidence.gold == 5000


def test_stages() -> None:
    assert [stage_of(value) for value in (1, 4.9, 5, 20, 99, 100)] == [
        "",
        "",
        "warn",
        "quarantine",
        "quarantine",
        "propose",
    ]


@pytest.mark.parametrize(("score", "floor"), [(1.1, 0.8), (-0.1, 0.8), (float("nan"), 0.8), (1, 1), (1, 0)])
def test_what_is_no_score_or_floor_is_refused(score: float, floor: float) -> None:
    with pytest.raises(InputError, match=r"0"):
        Evidence().add(score, floor)


def test_the_script_of_the_note_computes_the_same(tmp_path: Path, capsys: Any) -> None:
    """Whoever has an export can check every accusation: the script in the docs, run on one, gives our values."""
    script = next(block for block in re.findall(r"```python\n(.*?)```", NOTE.read_text(encoding="utf-8"), re.DOTALL))
    assert len(script.strip().splitlines()) <= 20
    assert "goldwork" not in script
    draw, rows = random.Random(5), []
    for who, accuracy in (("ann", 0.95), ("bob", 0.4), ("cam", 0.8)):
        for _ in range(80):
            stratum = draw.choice(["", "cat", "dog"])
            rows.append((who, draw.choice([0.5, 1]) if draw.random() < accuracy else 0, 0.85, stratum))
    draw.shuffle(rows)
    export = tmp_path / "gold.csv"
    export.write_text("annotator,score,floor,stratum\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    exec(compile(script, "script", "exec"), {"FILE": str(export)})
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert printed.keys() == {"ann", "bob", "cam"}
    for who, value in printed.items():
        mine = [row for row in rows if row[0] == who]
        ours = evidence_of([row[1] for row in mine], floor=0.85, strata=[row[3] for row in mine])
        assert float(value) == pytest.approx(ours.value, rel=1e-9)
