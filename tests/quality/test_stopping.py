"""When an item has enough: overlap, the queue's threshold, calibration from gold, and replays of simulated crowds."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.quality.calibrating import ORDERS, PRIORS, Look, fit, looks
from goldwork.quality.posterior import Credit, Given, add, credit, learn, posterior, tempered
from goldwork.quality.recorded import Pools, Rules, draw, pools, replay, voted
from goldwork.quality.skill import Pooled, fresh, fresh_pool
from goldwork.quality.stopping import Overlap, Queue

shares = st.lists(st.floats(0.01, 1), min_size=1, max_size=12)


def test_overlap_has_a_least_and_a_cap() -> None:
    overlap = Overlap(2, 4)
    assert not overlap.enough(1, 1.0, 0.9)
    assert overlap.enough(2, 0.9, 0.9)
    assert not overlap.enough(3, 0.89, 0.9)
    assert overlap.enough(4, 0.5, 0.9)
    assert not Overlap(1).full(10**9)
    for wrong in ((0, 3), (3, 2)):
        with pytest.raises(InputError, match="minimum"):
            Overlap(*wrong)


@given(shares, st.floats(0.3, 0.99), st.randoms(use_true_random=False))
def test_the_queue_is_the_definition(sure: list[float], target: float, draw: random.Random) -> None:
    """Least sure first, no item beyond the cap, the mean is the mean, and it ends at the target or with nobody left."""
    queue = Queue(Overlap(1, 4), target)
    now = dict(enumerate(sure))
    counts = dict.fromkeys(now, 1)
    for item, value in now.items():
        queue.put(item, 1, value)
    while not queue.reached() and (item := queue.take()) is not None:
        waiting = [other for other in now if counts[other] < 4]
        assert now[item] == min(now[other] for other in waiting)
        counts[item] += 1
        now[item] = draw.uniform(0.2, 1)
        queue.put(item, counts[item], now[item])
        assert queue.expected == pytest.approx(np.mean(list(now.values())))
    assert max(counts.values()) <= 4
    waiting = [other for other in now if counts[other] < 4]
    assert queue.reached() or not waiting
    assert queue.threshold == (min(now[other] for other in waiting) if waiting else 1)


def test_items_below_the_least_overlap_come_first() -> None:
    queue = Queue(Overlap(2), 0.5)
    queue.put(0, 2, 0.6)
    queue.put(1, 1, 0.99)
    assert not queue.reached()
    assert queue.take() == 1
    queue.put(1, 2, 0.99)
    assert queue.reached()


def test_calibration_is_found_and_without_gold_is_the_priors() -> None:
    rng = np.random.default_rng(2)
    seen = []
    for _ in range(3000):
        number = int(rng.integers(1, 6))
        plain = rng.dirichlet([0.5] * 3).tolist()
        true = tempered(plain, 2.0 * (1 + (number - 1) * 0.3))
        seen.append(Look(number, plain, int(rng.choice(3, p=true)), 1.0))
    found = fit(seen)
    assert found.temperature == pytest.approx(2.0, rel=0.12)
    assert found.correlation == pytest.approx(0.3, rel=0.25)
    nothing = fit([])
    assert (nothing.temperature, nothing.correlation) == tuple(math.exp(middle) for middle, _ in PRIORS)


def test_looks_are_posteriors_of_what_came_so_far() -> None:
    """Without gold's own lesson, in orders drawn by lot: the probabilities are those of the step, to the last bit."""
    given_ = [Given(0, 1), Given(1, 0, 0.5), Given(2, 1)]
    states, pooled = {who: fresh(2) for who in range(3)}, Pooled(2, fresh_pool(2))
    credited = credit(given_, posterior(given_, states, pooled), 1, drawn=True)
    lesson = learn(Credit(), credited, 2)
    taught = {who: list(states[who]) for who in states}
    for who, changes in lesson.annotators.items():
        add(taught[who], changes)
    whole = Pooled(2, list(pooled.counts))
    add(whole.counts, lesson.pooled)
    told = list(looks(given_, 1, credited, taught, whole, seed=4))
    shuffler, order = random.Random(4), list(given_)
    for turn in range(ORDERS):
        shuffler.shuffle(order)
        for number in (1, 2, 3):
            expected = posterior(order[:number], states, pooled)
            assert told[3 * turn + number - 1] == Look(number, expected, 1, 1 / (3 * ORDERS))


def crowd(seed: int, items: int = 500, votes: int = 7, hard: float = 0.2) -> Pools:
    """Recorded judgements of people of all sorts; on hard items nobody knows."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    skill = rng.beta(6, 2, 40) * 0.45 + 0.53
    blind = rng.random(items) < hard
    given = []
    for item in range(items):
        right = np.where(blind[item], 0.5, skill)
        given.append(
            [Given(int(who), int(truth[item] ^ (rng.random() > right[who]))) for who in rng.choice(40, votes, False)]
        )
    return Pools(given, truth.tolist(), 40, 2)


def test_a_replay_reaches_its_target_on_average_at_less_cost() -> None:
    """Eight crowds: the accuracy aimed at is the accuracy got, which the majority needs more judgements for."""
    made = [replay(crowd(seed), Rules(target=0.8, gold_share=0.15), seed) for seed in range(8)]
    assert np.mean([one.accuracy for one in made]) == pytest.approx(0.8, abs=0.03)
    assert all(one.expected_accuracy >= 0.8 for one in made)
    assert np.mean([one.majority[3][0] for one in made]) < 0.87
    assert np.mean([one.judgements_per_item * (1 - one.gold_share) for one in made]) < 2


def test_the_truth_of_what_is_reported_on_decides_nothing() -> None:
    recorded, rules = crowd(5, items=200), Rules(gold_share=0.2)
    made = replay(recorded, rules, 4)
    _, gold = draw(recorded, rules, 4)
    lies = [truth if item in gold else 1 - truth for item, truth in enumerate(recorded.truth)]
    other = replay(Pools(recorded.given, lies, 40, 2), rules, 4)
    assert (other.judgements_per_item, other.target, other.threshold) == (
        made.judgements_per_item,
        made.target,
        made.threshold,
    )
    np.testing.assert_array_equal(other.sure, made.sure)
    assert other.accuracy == pytest.approx(1 - made.accuracy)


def test_the_cost_has_the_gold_in_it() -> None:
    recorded = crowd(1, items=100)
    made = replay(recorded, Rules(Overlap(2, 2), target=0.99, gold_share=0.3, gold_overlap=4), 0)
    assert made.judgements_per_item == pytest.approx((70 * 2 + 30 * 4) / 70)
    assert made.gold_share == pytest.approx(120 / 260)
    assert made.gold_items == 30
    assert [made.majority[votes][1] for votes in (3, 5, 0)] == [3, 5, 7]


def test_the_same_seed_is_the_same_replay_and_another_is_not() -> None:
    one, again, other = (replay(crowd(2, items=120), Rules(target=0.8), seed) for seed in (1, 1, 2))
    assert one.sure.tobytes() == again.sure.tobytes()
    assert one.sure.tobytes() != other.sure.tobytes()


def test_ties_of_a_majority_count_by_chance() -> None:
    assert voted([Given(0, 1), Given(1, 1), Given(2, 0)], 1) == 1
    assert voted([Given(0, 1), Given(1, 0)], 1) == 0.5
    assert voted([Given(0, 1), Given(1, 0)], 2) == 0
    assert voted([Given(0, 1, 1.0), Given(1, 0, 0.5)], 0) == 0
    assert voted([], 0) == 0


def test_tables_become_pools() -> None:
    table = Judgements.from_records(
        {"item": item, "annotator": who, "label": "no", "weight": weight}
        for item in ("a", "b")
        for who, weight in (("ann", 1), ("bob", 0), ("cam", 0.5))
    )
    recorded = pools(table, {"a": "yes"})
    assert recorded.left_out == 1
    assert [one.weight for one in recorded.given[0]] == [1, 0.5]
    assert (recorded.classes, recorded.truth) == (2, [1])
    lists = Judgements.from_records([{"item": "a", "annotator": "ann", "label": ["x", "y"]}])
    with pytest.raises(InputError, match="choices"):
        pools(lists, {})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": 1.0}, "target"),
        ({"target": 0.0}, "target"),
        ({"gold_share": 0.0}, "share of gold"),
        ({"gold_overlap": 4}, "without a target"),
        ({"gold_overlap": 0, "target": 0.9}, "gold must be judged"),
    ],
)
def test_rules_that_cannot_be_are_refused(options: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Rules(**options)  # type: ignore[arg-type]


def test_too_few_items_are_refused() -> None:
    with pytest.raises(InputError, match="more items with a truth than the 20"):
        replay(crowd(0, items=20), Rules(), 0)
