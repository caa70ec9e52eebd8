"""Plans: what they cost, that more is never cheaper, and that their intervals have what comes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.errors import InputError
from goldwork.quality.crowd import Crowd, learn_crowd
from goldwork.quality.frontier import frontier
from goldwork.quality.planning import LEAST_GOLD, Plan, Terms, assume, plan
from goldwork.quality.resync import Judged
from goldwork.quality.stopping import Overlap

BASE = Terms(items=300, target=0.9, price=0.05)


def planned(crowd: Crowd | None = None, draws: int = 12, **changes: Any) -> Plan:
    return plan(crowd or assume(2, 0.8), dataclasses.replace(BASE, **changes), draws=draws)


def simulated(seed: int, items: int, votes: int, people: int, classes: int, crowd: Crowd, gold: int) -> Judged:
    """A pilot of this crowd."""
    rng = np.random.default_rng(seed)
    skill = rng.normal(crowd.skill[0], crowd.people[0], people)
    truth = rng.integers(classes, size=items)
    hard = crowd.items[0] * rng.normal(size=items) + crowd.leans(0)[truth]
    who = np.argsort(rng.random((items, people)), axis=1)[:, :votes].ravel()
    item = np.repeat(np.arange(items), votes)
    right = rng.random(len(item)) < 1 / (1 + np.exp(-(skill[who] + hard[item])))
    wrong = (truth[item] + 1 + rng.integers(classes - 1, size=len(item))) % classes
    known = np.where(np.arange(items) < gold, truth, -1)
    answer = np.where(right, truth[item], wrong)
    return Judged(item, who, answer, np.ones(len(item)), known, known >= 0, people, classes)


@pytest.mark.parametrize(("classes", "accuracy", "spread", "difficulty"), [(2, 0.8, 0.1, 0.8), (5, 0.6, 0.15, 0.0)])
def test_an_assumed_crowd_is_as_assumed(classes: int, accuracy: float, spread: float, difficulty: float) -> None:
    crowd = assume(classes, accuracy, spread, difficulty)
    rng = np.random.default_rng(0)
    skill = rng.normal(crowd.skill[0], crowd.people[0], (4000, 1))
    mine = (1 / (1 + np.exp(-(skill + difficulty * rng.normal(size=(4000, 400)))))).mean(axis=1)
    assert mine.mean() == pytest.approx(accuracy, abs=0.01)
    assert mine.std() == pytest.approx(spread, abs=0.01)
    assert (crowd.items[0], crowd.classes, len(crowd)) == (difficulty, classes, 1)


def test_people_who_are_always_as_good_and_independent_reach_what_the_binomial_says() -> None:
    """Without spread and difficulty, n answers of two classes: the majority of n independent ones."""
    crowd = assume(2, 0.7, 0.0, 0.0)
    found = planned(crowd, draws=20, items=1500, overlap=Overlap(1, 5))
    for n in (1, 3, 5):
        expected = sum(math.comb(n, k) * 0.7**k * 0.3 ** (n - k) for k in range(n // 2 + 1, n + 1))
        assert found.accuracy[n].value == pytest.approx(expected, abs=0.015)


targets = st.floats(0.55, 0.99)


@given(st.tuples(targets, targets).map(sorted), st.floats(0.6, 0.9), st.sampled_from([0.0, 0.05, 0.2]))
@settings(max_examples=15, deadline=None)
def test_more_accuracy_never_costs_less(wanted: list[float], accuracy: float, share: float) -> None:
    crowd = assume(2, accuracy, 0.08)
    low, high = (planned(crowd, draws=4, items=120, target=target, gold_share=share) for target in wanted)
    assert low.money is not None
    assert high.money is not None
    for name in ("per_item", "judgements", "gold_judgements", "gold_items", "annotators", "money"):
        for end in ("value", "low", "high"):
            assert getattr(getattr(low, name), end) <= getattr(getattr(high, name), end), name
    assert low.reached >= high.reached


@given(st.floats(0.01, 0.6), st.floats(0.0, 5.0))
@settings(max_examples=10, deadline=None)
def test_gold_is_priced_in(share: float, gold_price: float) -> None:
    without = planned(draws=3, items=200, gold_share=0.0, gold_price=gold_price)
    found = planned(draws=3, items=200, gold_share=share, gold_price=gold_price)
    assert without.money is not None
    assert found.money is not None
    assert (without.gold_items.value, without.gold_judgements.value) == (0, 0)
    assert found.gold_judgements.value / found.judgements.value == pytest.approx(share, abs=0.01)
    assert found.gold_items.value >= LEAST_GOLD
    expected = 0.05 * found.judgements.value + gold_price * found.gold_items.value
    assert found.money.value == pytest.approx(expected)


def test_better_people_cost_less_and_harder_items_more() -> None:
    cost = [planned(assume(2, accuracy), items=600).per_item.value for accuracy in (0.75, 0.8, 0.88)]
    assert cost == sorted(cost, reverse=True)
    assert planned(assume(2, 0.8, 0.1, 2.0), items=600).best.value < planned(assume(2, 0.8, 0.1, 0.0)).best.value


def test_what_cannot_be_reached_is_said_with_the_best_there_is() -> None:
    found = planned(assume(2, 0.7), target=0.99)
    assert not found.feasible
    assert found.reached == 0
    assert found.fixed is None
    assert 0.75 < found.best.value < 0.95
    assert math.isinf(found.judgements.value)
    assert planned(assume(2, 0.97, 0.01)).per_item.value == 1


def test_pay_by_the_hour_is_pay_by_the_piece() -> None:
    hourly = planned(price=None, seconds=12.0, hourly=15.0)
    assert hourly == dataclasses.replace(planned(price=0.05, seconds=12.0), terms=hourly.terms)
    assert hourly.hours is not None
    assert hourly.hours.value == pytest.approx(hourly.judgements.value * 12 / 3600)
    assert planned(price=None).money is None


def test_the_same_seed_gives_the_same_plan() -> None:
    assert planned() == planned()


def test_a_frontier_rises_and_ends_at_its_best() -> None:
    found = frontier(assume(3, 0.7), 0, Overlap(2, 6), 400, 10, 200, 0)
    assert (np.diff(found.cost) > 0).all()
    assert (np.diff(found.accuracy) > 0).all()
    assert found.cost[0] == 2
    assert found.cost_of(0.1) == 2
    assert found.cost_of(found.best) == found.cost[-1] <= 6
    assert math.isinf(found.cost_of(found.best + 1e-9))
    assert found.best >= max(found.fixed.values())
    assert set(found.fixed) == {2, 3, 4, 5, 6}


def test_a_pilot_tells_the_crowd_to_within_what_it_says() -> None:
    """Six pilots, two parameters each with a 95 % interval: nine of twelve at least are inside."""
    true = assume(3, 0.75, 0.1)
    inside = []
    for seed in range(6):
        crowd = learn_crowd(simulated(seed, 70, 5, 12, 3, true, 40), draws=80, seed=seed).crowd
        for name in ("skill", "items"):
            low, high = np.quantile(getattr(crowd, name), [0.025, 0.975])
            inside.append(low <= getattr(true, name)[0] <= high)
    assert sum(inside) >= 9


def test_a_plan_from_a_pilot_has_the_project_that_comes() -> None:
    true, terms = assume(2, 0.8, 0.08), dataclasses.replace(BASE, overlap=Overlap(1, 5), per_annotator=100)
    inside = []
    for seed in range(6):
        crowd = learn_crowd(simulated(seed, 80, 5, 15, 2, true, 40), draws=60, seed=seed).crowd
        found = plan(crowd, terms, draws=40, seed=seed)
        real = frontier(true, 0, terms.overlap, 300, 20, 100, 1000 + seed)
        inside.append(found.accuracy[3].low <= real.fixed[3] <= found.accuracy[3].high)
        inside.append(found.per_item.low <= real.cost_of(0.9) <= found.per_item.high)
    assert sum(inside) >= 9


def test_what_everybody_misreads_is_in_the_plan() -> None:
    """One of two classes is found by hardly more than chance: gold tells it, peers would not; so does the plan."""
    true = dataclasses.replace(assume(2, 0.75, 0.05, 0.3), lean=np.array([[0.9, -0.9]]))
    over, leans = [], []
    for seed in range(4):
        crowd = learn_crowd(simulated(seed, 150, 5, 15, 2, true, 60), draws=40, seed=seed).crowd
        found = plan(crowd, dataclasses.replace(BASE, overlap=Overlap(1, 5), per_annotator=50), draws=40, seed=seed)
        real = [frontier(true, 0, Overlap(1, 5), 300, 30, 50, turn, 0.05).fixed[5] for turn in range(10)]
        over.append(found.accuracy[5].value - np.mean(real))
        leans.append(np.diff(crowd.lean, axis=1).mean())
    assert abs(np.mean(over)) < 0.04
    assert np.mean(leans) == pytest.approx(-1.8, abs=0.7)


def test_the_direction_of_errors_is_learned() -> None:
    rng = np.random.default_rng(0)
    truth, item = rng.integers(3, size=120), np.repeat(np.arange(120), 5)
    right = rng.random(len(item)) < 0.7
    answer = np.where(right, truth[item], np.where(truth[item] == 0, 1, 0))  # never 2 where it is wrong
    pilot = Judged(item, np.tile(np.arange(5), 120), answer, np.ones(len(item)), truth, truth >= 0, 5, 3)
    crowd = learn_crowd(pilot, draws=30).crowd
    errors = np.mean([crowd.errors(place) for place in range(30)], axis=0)
    assert errors[0, 1] > 0.85
    assert errors[1, 0] > 0.85
    assert errors[2, 0] > 0.85
    np.testing.assert_allclose(errors.sum(axis=1), 1)
    common = np.mean([crowd.frequencies(place) for place in range(30)], axis=0)
    np.testing.assert_allclose(common, np.bincount(truth) / 120, atol=0.03)


def test_what_is_known_of_people_comes_from_gold_and_peers() -> None:
    """With more answers each, and with gold among them, the same crowd gets more items right."""
    crowd = assume(2, 0.75, 0.15)
    few, many, gold = (
        np.mean([frontier(crowd, 0, Overlap(1, 5), 600, 30, number, seed, share).fixed[5] for seed in range(12)])
        for number, share in ((5, 0.0), (300, 0.0), (5, 1.0))
    )
    assert few < gold < many


def test_a_chain_is_the_same_for_the_same_seed_and_keeps_gold() -> None:
    pilot = simulated(0, 30, 3, 6, 3, assume(3, 0.7), 10)
    one, other = (learn_crowd(pilot, draws=5, seed=1) for _ in range(2))
    assert one.truth.tobytes() == other.truth.tobytes()
    assert one.crowd.skill.tobytes() == other.crowd.skill.tobytes()
    assert (one.truth[:, :10] == pilot.gold[:10]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": 0}, {"target": 1.0}, {"gold_share": 1.0}, {"overlap": Overlap(1)}, {"price": -1.0},
        {"hourly": 10.0}, {"price": None, "hourly": 10.0}, {"per_annotator": 0}, {"price": math.nan},
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        dataclasses.replace(BASE, **wrong)


@pytest.mark.parametrize("wrong", [(1, 0.8), (2, 0.5), (2, 1.0), (2, 0.8, 0.5), (2, 0.8, 0.1, -1.0)])
def test_crowds_that_cannot_be_are_refused(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(InputError):
        assume(*wrong)
