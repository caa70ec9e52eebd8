"""Which item next: what each strategy prefers, what the lot decides, and what replays under a budget keep to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.errors import InputError, UnknownNameError
from goldwork.quality.allocating import allocate, chooser
from goldwork.quality.posterior import Given
from goldwork.quality.recorded import Pools
from goldwork.quality.strategies import Candidates, by_lot, order, strategy
from goldwork.quality.strategies.gain import after_answers, says, worth
from goldwork.testing import check_strategy


def first(name: str, candidates: Candidates) -> int:
    return int(order(name, candidates, 0)[0])


def test_the_smaller_the_sooner_and_equals_by_lot() -> None:
    same = Candidates.of(np.full((50, 2), 0.5), np.zeros(50))
    one, other = (order("coverage", same, seed).tolist() for seed in (0, 1))
    assert sorted(one) == sorted(other) == list(range(50))
    assert one != other
    assert len(set(by_lot(same, 0).tolist())) == 50


def test_coverage_takes_the_item_with_fewest() -> None:
    assert first("coverage", Candidates.of(np.full((3, 2), 0.5), [2, 0, 1])) == 1


def test_uncertainty_takes_the_least_sure_but_not_for_ever() -> None:
    shares = [[0.9, 0.1], [0.55, 0.45], [0.7, 0.3]]
    assert first("uncertainty", Candidates.of(shares, [1, 1, 1])) == 1
    assert first("uncertainty", Candidates.of(shares, [1, 30, 1])) == 2


def test_expertise_takes_what_the_person_can_tell_apart() -> None:
    """Somebody who knows the first two classes and guesses at the others."""
    open_between_known, open_between_others = [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]
    shares = [open_between_others, open_between_known]
    assert first("expertise", Candidates.of(shares, [1, 1], accuracy=[0.95, 0.95, 0.3, 0.3])) == 1
    assert first("expertise", Candidates.of(shares, [1, 1], accuracy=[0.3, 0.3, 0.95, 0.95])) == 0


def test_budget_weighs_cost_and_looks_more_than_one_answer_ahead() -> None:
    shares = [[0.6, 0.4], [0.6, 0.4]]
    assert first("budget", Candidates.of(shares, [1, 1], cost=[3.0, 1.0])) == 1
    sure = np.array([[0.95, 0.05]])
    weight = worth(np.array([1]), 0.0)
    assert after_answers(sure, 0.8, weight, 1)[0] == pytest.approx(0)
    assert after_answers(sure, 0.8, weight, 5)[0] > 0
    settled = Candidates.of([[0.95, 0.05], [0.999, 0.001]], [1, 1])
    assert first("budget", settled) == 0
    assert strategy.get("budget")(Candidates.of([[0.95, 0.05]], [1], wanted=[2]), 0) == pytest.approx([0])


def test_balance_takes_the_rarer_class_and_the_own_group() -> None:
    shares = [[0.9, 0.1], [0.1, 0.9]]
    assert first("balance", Candidates.of(shares, [1, 1], collected=[80, 20])) == 1
    assert first("balance", Candidates.of(shares, [9, 1], collected=[50, 50])) == 1
    groups = {"groups": [[0, 3], [3, 0]], "collected": [80, 20]}
    assert first("balance", Candidates.of(shares, [3, 3], group=0, **groups)) == 0
    assert first("balance", Candidates.of(shares, [3, 3], group=1, **groups)) == 1


@given(st.floats(0.5, 0.99), st.floats(0.51, 0.99), st.integers(1, 5))
def test_the_gain_of_two_classes_is_the_binomial_one(sure: float, right: float, answers: int) -> None:
    found = after_answers(np.array([[sure, 1 - sure]]), right, np.ones(1), answers)[0]
    expected = sum(
        math.comb(answers, k)
        * max(sure * right**k * (1 - right) ** (answers - k), (1 - sure) * (1 - right) ** k * right ** (answers - k))
        for k in range(answers + 1)
    )
    assert found == pytest.approx(max(expected - sure, 0), abs=1e-9)


@given(st.integers(0, 50), st.floats(0, 1))
def test_a_further_answer_counts_less_the_more_alike_people_err(judgements: int, correlation: float) -> None:
    one = worth(np.array([judgements]), correlation)[0]
    assert -1e-9 <= one <= 1 + 1e-9
    assert worth(np.array([0]), correlation)[0] == 1
    assert one >= worth(np.array([judgements + 1]), correlation)[0] - 1e-9
    told = says(np.array([0.8, 0.6, 0.9]), np.array([one]))
    assert np.allclose(told.sum(axis=1), 1)


def test_a_strategy_that_gives_no_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy.names()
    monkeypatch.setitem(strategy._entries, "broken", lambda candidates, seed: [math.nan] * len(candidates))
    with pytest.raises(InputError, match="one number for each of 2"):
        order("broken", Candidates.of([[1.0], [1.0]], [0, 0]), 0)
    with pytest.raises(UnknownNameError, match="coverage"):
        order("fairest", Candidates.of([[1.0]], [0]), 0)


def test_the_contract_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strategy that goes by the row, and one that does worse than the lot."""
    strategy.names()
    monkeypatch.setitem(strategy._entries, "by-row", lambda candidates, seed: np.arange(len(candidates)))
    with pytest.raises(AssertionError):
        check_strategy("by-row")
    monkeypatch.setitem(strategy._entries, "most-first", lambda candidates, seed: -candidates.judgements)
    with pytest.raises(AssertionError, match="against giving any item by lot"):
        check_strategy("most-first")


def test_candidates_that_do_not_fit_are_refused() -> None:
    for wrong in ({"cost": [1.0]}, {"accuracy": [0.5]}, {"cost": [0.0, 1.0]}):
        with pytest.raises(InputError):
            Candidates.of(np.full((2, 2), 0.5), [0, 0], **wrong)
    with pytest.raises(InputError, match="table"):
        Candidates.of([0.5, 0.5], [0, 0])


def recorded(items: int = 60, votes: int = 4) -> Pools:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=items)
    answers = truth[:, None] ^ (rng.random((items, votes)) > 0.75)
    who = np.argsort(rng.random((items, 8)), axis=1)[:, :votes]
    given = [[Given(int(w), int(a)) for w, a in zip(*row, strict=True)] for row in zip(who, answers, strict=True)]
    return Pools(given, truth.tolist(), 8, 2)


def test_a_budget_is_spent_and_nobody_judges_twice() -> None:
    for name in ("", "coverage", "budget"):
        spent = allocate(recorded(), chooser(name), 2.0, seed=1)
        assert spent.judgements.sum() == 2 * len(spent.judgements)
        assert spent.judgements.max() <= 4
        assert 0 <= spent.accuracy <= 1
    uneven = [allocate(recorded(), chooser(name), 1.0, seed=1).judgements.std() for name in ("coverage", "")]
    assert uneven[0] < 0.7 * uneven[1]
    again = [allocate(recorded(), chooser("budget"), 1.5, seed=2) for _ in range(2)]
    assert again[0].judgements.tobytes() == again[1].judgements.tobytes()


def test_a_budget_beyond_the_record_is_refused() -> None:
    for per_item in (0.0, 4.5):
        with pytest.raises(InputError, match="judgements an item"):
            allocate(recorded(), chooser(""), per_item)
