"""Breaks that are suggested: seldom for nothing, and where somebody gets slower than they usually do."""

from __future__ import annotations

import math
import random

import pytest

from goldwork.quality.fatigue import LEAST, Answer, alternated, tired


def session(
    rng: random.Random, number: int, *, slower: float = 0.0, slips: float = 0.0, since: int = 80, drift: float = 0.0
) -> list[Answer]:
    """A session of somebody with days of their own: level, trend and carelessness differ, times hang together."""
    level, trend, noise = rng.gauss(math.log(8), 0.3), rng.gauss(drift, 0.02), 0.0
    rate, made = min(0.5, 0.03 * math.exp(rng.gauss(0, 0.5))), []
    for place in range(number):
        noise = 0.3 * noise + rng.gauss(0, 0.6)
        tired_by, more = (slower, slips) if place >= since else (0.0, 0.0)
        seconds = math.exp(level + trend * place / 20 + noise + tired_by)
        made.append(Answer(seconds, rng.random() < rate + more))
    return made


def suggested(runs: int, earlier: int, **how: float) -> float:
    """The share of sessions in which a break is suggested at any look, one after every 20 answers."""
    found = 0
    for seed in range(runs):
        rng = random.Random(seed)
        usual = {"drift": how.get("drift", 0.0)}
        before = [session(rng, rng.randint(100, 200), **usual) for _ in range(earlier)]
        now = session(rng, 200, **how)  # type: ignore[arg-type]
        found += any(tired(now[:end], before) for end in range(20, 201, 20))
    return found / runs


@pytest.mark.parametrize(("earlier", "how"), [(6, {}), (20, {}), (20, {"drift": 0.05})])
def test_at_most_one_session_in_twenty_is_interrupted_for_nothing(earlier: int, how: dict[str, float]) -> None:
    """Also of those who slow down in every session: that is their usual pace."""
    assert suggested(200, earlier, **how) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("how", [{"slower": math.log(1.8)}, {"slips": 0.2}])
def test_getting_slower_or_slipping_is_seen(how: dict[str, float]) -> None:
    assert suggested(80, 25, **how) >= 0.6


def test_there_has_to_be_a_curve_to_compare_with() -> None:
    rng = random.Random(1)
    usual = [session(rng, 100) for _ in range(LEAST)]
    slow = [Answer(8.0)] * 40 + [Answer(80.0)] * 40
    said = tired(slow, usual)
    assert said is not None
    assert said.after == 40
    assert said.slower > 1
    assert tired(slow, usual[1:]) is None
    assert tired(slow, [one[:79] for one in usual]) is None
    assert tired(slow[:79], usual) is None


def test_times_that_are_not_known_say_nothing() -> None:
    usual = [[Answer(0.0)] * 80] * LEAST
    assert tired([Answer(0.0)] * 80, usual) is None
    assert tired([Answer(0.0)] * 40 + [Answer(0.0, True)] * 40, usual) is not None


@pytest.mark.parametrize("number", range(8))
def test_hard_and_easy_take_turns(number: int) -> None:
    """Nothing is lost or given twice, the hardest comes first, and no two of the harder half stand side by side."""
    given = alternated(range(number))
    assert sorted(given) == list(range(number))
    harder = [place < number / 2 for place in given]
    assert harder == [turn % 2 == 0 for turn in range(number)]
