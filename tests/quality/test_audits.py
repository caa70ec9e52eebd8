"""Traps and repeats ask for a closer look: how often at somebody who does well, how soon at somebody who does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from goldwork.quality.audits import LOOK, against, reasons
from goldwork.quality.evidence import BETS
from goldwork.quality.policy import Policy


def bets(scores: list[float], floor: float) -> float:
    """The same bets, one after the other."""
    made = [math.prod(1 + bet * (floor - score) / (1 - floor) for score in scores) for bet in BETS]
    return sum(made) / len(made)


def test_it_is_what_the_bets_make() -> None:
    draw = np.random.default_rng(2)
    for floor in (0.5, 0.72, 0.9):
        scores = draw.integers(0, 2, 30).astype(float).tolist()
        assert against(30, round(1000 * sum(scores)), floor) == pytest.approx(bets(scores, floor))
        partial = draw.random(30).round(3).tolist()
        assert against(30, round(1000 * sum(partial)), floor) < bets(partial, floor)
    assert against(0, 0, 0.8) == 1


def reached(right: float, floor: float, number: int, runs: int = 2000) -> np.ndarray:
    """After how many audits each of many people is looked at more closely; `number` + 1 where they never are."""
    draw = np.random.default_rng(7)
    scores = (draw.random((runs, number)) < right).cumsum(axis=1)
    counts = np.arange(1, number + 1)
    looked = {(n, s): against(n, 1000 * s, floor) >= LOOK for n in counts.tolist() for s in range(n + 1)}
    found = np.array([[looked[n, s] for n, s in zip(counts.tolist(), row, strict=True)] for row in scores.tolist()])
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, number + 1)


@pytest.mark.parametrize("floor", [0.7, 0.85])
def test_at_the_floor_one_in_twenty_at_most(floor: float) -> None:
    at_floor, better = reached(floor, floor, 200), reached(floor + 0.05, floor, 200)
    assert (at_floor <= 200).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)
    assert (better <= 200).mean() <= 0.01


def test_who_takes_one_side_is_found() -> None:
    """Where the two sides are right equally often, after so many traps in half of all cases and in nearly all."""
    found = reached(0.5, 0.85, 60)
    assert np.median(found) <= 10
    assert np.quantile(found, 0.95) <= 30


def test_what_is_asked_for() -> None:
    policy = Policy(floor=7000)
    assert reasons({}, policy) == []
    assert reasons({"traps": [20, 14000], "repeats": [20, 9800]}, policy) == []
    assert reasons({"traps": [20, 0], "repeats": [20, 0]}, policy) == ["traps", "repeats"]
    assert reasons({"traps": [20, 0]}, Policy(floor=7000, paradigm="descriptive")) == []
