"""An item's posterior and what it teaches: against arithmetic by hand, against full inference, by properties."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from goldwork.quality.posterior import (
    PLAIN,
    Calibration,
    Credit,
    Given,
    add,
    credit,
    learn,
    posterior,
    tempered,
)
from goldwork.quality.resync import Judged, resync
from goldwork.quality.skill import (
    ALL,
    CELLS,
    HITS,
    OWN,
    ROWS,
    SCALE,
    Pooled,
    accuracy,
    frequencies,
    fresh,
    fresh_pool,
    own_accuracy,
    says,
)

judgements = st.lists(
    st.builds(Given, st.integers(0, 4), st.integers(0, 2), st.sampled_from([0.0, 0.25, 1.0, 1.0])), max_size=6
)


def crowd(classes: int = 3, annotators: int = 5) -> tuple[dict[int, list[int]], Pooled]:
    """States that a few items have taught."""
    states = {who: fresh(classes) for who in range(annotators)}
    pooled = Pooled(classes, fresh_pool(classes))
    draw = random.Random(3)
    for _ in range(30):
        told = [Given(who, draw.randrange(classes)) for who in draw.sample(range(annotators), 3)]
        apply(states, pooled, Credit(), credit(told, posterior(told, states, pooled)))
    return states, pooled


def apply(states: dict[int, list[int]], pooled: Pooled, before: Credit, after: Credit) -> None:
    lesson = learn(before, after, pooled.classes)
    for who, changes in lesson.annotators.items():
        add(states[who], changes)
    add(pooled.counts, lesson.pooled)


def test_what_an_answer_says_is_the_formula() -> None:
    states, pooled = crowd()
    state, counts = states[2], pooled.counts
    right = (state[HITS] + OWN * SCALE * accuracy(pooled)) / (state[ALL] + OWN * SCALE)
    assert own_accuracy(state, accuracy(pooled)) == pytest.approx(right)
    for k in range(3):
        row, mine = counts[ROWS + 3 + 3 * k : ROWS + 6 + 3 * k], state[ROWS + 3 + 3 * k : ROWS + 6 + 3 * k]
        base = right if k == 1 else (1 - right) * (row[1] + SCALE) / (sum(row) - row[k] + 2 * SCALE)
        expected = (mine[1] + CELLS * SCALE * base) / (sum(mine) + CELLS * SCALE)
        assert math.exp(says(state, pooled, 1)[k]) == pytest.approx(expected)


@pytest.mark.parametrize("classes", [2, 3, 20, 21, 40])
def test_what_all_answers_say_sums_to_one(classes: int) -> None:
    states, pooled = crowd(classes)
    for state in states.values():
        told = np.exp([says(state, pooled, answer) for answer in range(classes)])
        np.testing.assert_allclose(told.sum(axis=0), 1)
    assert (len(states[0]) == 2) == (classes > 20)


def test_the_posterior_is_bayes_rule_tempered_by_how_many_judged() -> None:
    states, pooled = crowd()
    told = [Given(0, 1), Given(1, 1), Given(3, 2, 0.5), Given(4, 0, 0.0)]
    logs = np.log(frequencies(pooled))
    for who, answer, weight in told:
        logs = logs + weight * np.array(says(states[who], pooled, answer))
    for calibration, scale in ((PLAIN, 1.0), (Calibration(1.5, 0.2), 1.5 * (1 + 1.5 * 0.2))):
        expected = np.exp(logs / scale) / np.exp(logs / scale).sum()
        np.testing.assert_allclose(posterior(told, states, pooled, calibration), expected)
    plain = posterior(told, states, pooled)
    np.testing.assert_allclose(tempered(plain, 1.95), posterior(told, states, pooled, Calibration(1.5, 0.2)))


@over(judgements, st.randoms(use_true_random=False))
def test_order_and_excluded_work_change_nothing(told: list[Given], shuffler: Any) -> None:
    states, pooled = crowd()
    other = [one for one in told if one.weight]
    shuffler.shuffle(other)
    np.testing.assert_allclose(posterior(told, states, pooled), posterior(other, states, pooled))


@over(st.lists(judgements, min_size=1, max_size=8), st.integers(0, 2))
def test_what_is_taken_back_leaves_no_trace(histories: list[list[Given]], gold: int) -> None:
    """Corrections, retractions, exclusions, gold set and unset: the state is what the last credit alone teaches."""
    states, pooled = crowd()
    before = ({who: list(state) for who, state in states.items()}, list(pooled.counts))
    last = Credit()
    for place, told in enumerate(histories):
        known = gold if place % 2 else None
        after = credit(told, posterior(told, states, pooled), known, drawn=bool(place % 3))
        apply(states, pooled, last, after)
        last = after
    apply(states, pooled, last, Credit())
    assert (states, pooled.counts) == before


def test_nobody_learns_from_their_own_word_alone() -> None:
    assert credit([Given(0, 1)], [0.2, 0.8]) == Credit()
    assert credit([Given(0, 1), Given(1, 1, 0.0)], [0.2, 0.8]) == Credit()
    assert credit([Given(0, 1)], [0.2, 0.8], gold=0).shares == (SCALE, 0)
    assert len(credit([Given(0, 1), Given(1, 0)], [0.2, 0.8]).given) == 2


def test_an_item_that_may_stop_at_one_judgement_teaches_with_it() -> None:
    assert credit([Given(0, 1)], [0.25, 0.75], alone=True) == Credit((Given(0, 1),), (SCALE // 4, 3 * SCALE // 4))
    assert credit([Given(0, 1, 0.0)], [0.2, 0.8], alone=True) == Credit()


def stopped(seed: int) -> tuple[Judged, Any]:
    """Items of three classes: who says the first, which everybody knows, is believed; else five people are asked."""
    rng = np.random.default_rng(seed)
    truth, skill = rng.integers(0, 3, 1500), np.array([0.95, 0.6, 0.6])
    rows: list[tuple[int, int, int]] = []
    for item, right in enumerate(truth.tolist()):
        for who in rng.choice(20, 5, replace=False).tolist():
            answer = right if rng.random() < skill[right] else (right + int(rng.integers(1, 3))) % 3
            rows.append((item, who, answer))
            if rows[-1][2] == 0 and (len(rows) == 1 or rows[-2][0] != item):
                break
    item, who, answer = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.full(len(truth), -1)
    return Judged(item, who, answer, np.ones(len(item)), nothing, nothing >= 0, 20, 3), skill


def test_where_the_first_answer_decides_what_goes_on_all_items_must_teach() -> None:
    """The class that people know best stops early: left out, they look worse at it than they are."""
    off: dict[bool, list[float]] = {False: [], True: []}
    for seed in range(3):
        judged, skill = stopped(seed)
        for alone, errors in off.items():
            counts = np.array(resync(judged, alone=alone).pooled.counts) / SCALE
            errors.append(counts[ROWS + 3] / counts[ROWS] - skill[0])
    assert np.mean(off[False]) < 2 * np.mean(off[True]) < 0
    assert np.mean(off[True]) > -0.15


def test_only_gold_drawn_at_random_tells_how_common_classes_are() -> None:
    pooled = Pooled(2, fresh_pool(2))
    told = [Given(0, 1), Given(1, 1)]
    states = {0: fresh(2), 1: fresh(2)}
    apply(states, pooled, Credit(), credit(told, [0.1, 0.9]))
    apply(states, pooled, Credit(), credit(told, [0.1, 0.9], gold=1))
    assert frequencies(pooled) == [0.5, 0.5]
    apply(states, pooled, Credit(), credit(told, [0.1, 0.9], gold=1, drawn=True))
    assert frequencies(pooled) == pytest.approx([20 / 41, 21 / 41])


def simulated(seed: int, classes: int, items: int = 600, annotators: int = 12, votes: int = 3) -> Any:
    """Judgements by people of known accuracies, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, items)
    skill = rng.uniform(0.55, 0.95, annotators)
    item = np.repeat(np.arange(items), votes)
    who = np.concatenate([rng.choice(annotators, votes, replace=False) for _ in range(items)])
    wrong = (truth[item] + rng.integers(1, classes, len(item))) % classes
    answer = np.where(rng.random(len(item)) < skill[who], truth[item], wrong)
    return item, who, answer, truth, skill


@settings(max_examples=20, deadline=None)
@over(st.integers(0, 10_000), st.sampled_from([2, 3, 5, 23]))
def test_full_inference_is_the_same_model(seed: int, classes: int) -> None:
    """One round as arrays is one pass by the step's functions: the same counts, to the last whole number."""
    item, who, answer, truth, _ = simulated(seed, classes, items=25, annotators=5)
    rng = np.random.default_rng(seed)
    weight = rng.choice([0.0, 0.5, 1.0], len(item))
    gold = np.where(rng.random(25) < 0.2, truth, -1)
    drawn = rng.random(25) < 0.5
    found = resync(Judged(item, who, answer, weight, gold, drawn, 5, classes), rounds=3, tolerance=0)
    states, pooled = {code: fresh(classes) for code in range(5)}, Pooled(classes, fresh_pool(classes))
    for one in range(25):
        told = [Given(int(who[j]), int(answer[j]), float(weight[j])) for j in np.flatnonzero(item == one)]
        known = int(gold[one]) if gold[one] >= 0 else None
        apply(states, pooled, Credit(), credit(told, found.shares[one].tolist(), known, drawn=bool(drawn[one])))
        if known is not None:
            np.testing.assert_allclose(
                found.shares[one], posterior(told, dict(enumerate(found.states)), found.pooled), atol=1e-9
            )
    assert list(states.values()) == found.states
    assert pooled.counts == found.pooled.counts


@pytest.mark.parametrize("classes", [2, 4])
def test_online_and_full_inference_find_who_is_how_good(classes: int) -> None:
    """Whole responsibilities: with two peers an accuracy is not understated, as leaving one's own answer out would."""
    off, online = [], []
    for seed in range(8):
        item, who, answer, _, skill = simulated(seed, classes)
        states, pooled = {code: fresh(classes) for code in range(12)}, Pooled(classes, fresh_pool(classes))
        for one in range(600):
            last, told = Credit(), []
            for j in np.flatnonzero(item == one):
                told.append(Given(int(who[j]), int(answer[j])))
                after = credit(told, posterior(told, states, pooled))
                apply(states, pooled, last, after)
                last = after
        nothing = np.full(600, -1)
        found = resync(Judged(item, who, answer, np.ones(len(item)), nothing, nothing >= 0, 12, classes))
        assert found.converged
        off.append([state[HITS] / state[ALL] for state in found.states] - skill)
        online.append([state[HITS] / state[ALL] for state in states.values()] - skill)
    for errors in (np.array(off), np.array(online)):
        assert abs(errors.mean()) < 0.03
        assert np.abs(errors).mean() < 0.06
