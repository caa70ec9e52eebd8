"""The contract of a strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from goldwork.quality.allocating import Allocated, allocate, chooser
from goldwork.quality.recorded import Pools, pools
from goldwork.quality.strategies import Candidates, aim, order, strategy
from goldwork.testing.crowds import simulate_crowd

REPLAYS = 8
ITEMS, ANNOTATORS, PER_ITEM, BUDGET = 100, 10, 6, 2.0


def some_candidates(n: int, *, classes: int = 3, seed: int = 0) -> Candidates:
    """Open items with everything known that a strategy may ask for."""
    rng = np.random.default_rng(seed)
    judgements = rng.integers(0, 6, n)
    return Candidates.of(
        rng.dirichlet(np.full(classes, 0.7), n),
        judgements,
        wanted=judgements + rng.integers(1, 4, n),
        lot=rng.permutation(n),
        age=rng.exponential(3600, n),
        cost=rng.uniform(0.5, 2, n),
        accuracy=rng.uniform(0.4, 0.95, classes),
        crowd=rng.uniform(0.6, 0.9, classes),
        collected=rng.uniform(0, 50, classes),
        groups=rng.multinomial(3, [0.5, 0.5], n),
        group=1,
    )


def _priority(name: str, candidates: Candidates, seed: int = 0) -> Any:
    return np.asarray(strategy.get(name)(candidates, seed), np.float64)


def every_item_has_a_number(name: str) -> None:
    """A finite priority for each item, with all known and with nothing known; nothing that was given is changed."""
    for candidates in (some_candidates(40), Candidates.of(np.full((40, 2), 0.5), np.zeros(40))):
        before = {key: np.copy(value) for key, value in vars(candidates).items()}
        priority = _priority(name, candidates)
        assert priority.shape == (40,), "one number an item"
        assert np.isfinite(priority).all(), "a priority is a number"
        for key, value in vars(candidates).items():
            assert np.array_equal(before[key], value), f"{key} was changed"


def same_seed_same_bytes(name: str) -> None:
    """A seed fixes everything."""
    first, again = (_priority(name, some_candidates(40, seed=1), 5) for _ in range(2))
    assert first.tobytes() == again.tobytes()


def row_order_means_nothing(name: str) -> None:
    """The same items in other rows get the same priorities and come in the same order."""
    candidates = some_candidates(40, seed=2)
    rows = np.random.default_rng(0).permutation(40)
    mixed = candidates.take(rows)
    assert np.allclose(_priority(name, mixed), _priority(name, candidates)[rows], rtol=1e-12, atol=1e-12)
    assert np.array_equal(rows[order(name, mixed, 3)], order(name, candidates, 3))


def names_mean_nothing(name: str) -> None:
    """Classes and groups in another order, with all that is known of them: the same priorities."""
    known = some_candidates(40, seed=3)
    swapped = Candidates.of(
        known.probabilities[:, ::-1],
        known.judgements,
        wanted=known.wanted,
        lot=known.lot,
        age=known.age,
        cost=known.cost,
        accuracy=known.accuracy[::-1],
        crowd=known.crowd[::-1],
        collected=known.collected[::-1],
        groups=known.groups[:, ::-1],
        group=0,
    )
    assert np.allclose(_priority(name, swapped), _priority(name, known), rtol=1e-9, atol=1e-12)


def few_items_are_taken(name: str) -> None:
    """No item, one item, one class: as many priorities as items, never a crash."""
    for n, classes in ((0, 3), (1, 3), (1, 1), (5, 1)):
        candidates = some_candidates(n, classes=classes)
        assert np.isfinite(_priority(name, candidates)).all()
        assert sorted(order(name, candidates, 0).tolist()) == list(range(n))


def equals_are_left_to_the_lot(name: str) -> None:
    """Items of which the same is known come in an order that changes with the seed, each first about as often."""
    same = Candidates.of(np.full((8, 3), 1 / 3), np.ones(8))
    first = np.bincount([int(order(name, same, seed)[0]) for seed in range(400)], minlength=8)
    assert (first > 20).all(), f"of 400 orders each of eight equal items should begin about 50. Got {first.tolist()}"


def better_than_the_lot(name: str) -> None:
    """In replays of a simulated crowd under a fixed budget: more right answers, or a more even collection."""

    def figure(one: Allocated) -> float:
        return one.accuracy if aim(name) == "accuracy" else one.evenness

    gains = []
    for seed in range(REPLAYS):
        recorded = _recorded(seed)
        pair = [figure(allocate(recorded, chooser(choice), BUDGET, seed)) for choice in (name, "")]
        gains.append(pair[0] - pair[1])
    assert np.mean(gains) > 0, f"{aim(name)} changes by {np.mean(gains):.4f} against giving any item by lot"


def _recorded(seed: int) -> Pools:
    crowd = simulate_crowd(items=ITEMS, annotators=ANNOTATORS, per_item=PER_ITEM, skill=(6.0, 2.5), seed=100 + seed)
    return pools(crowd.table, crowd.truth)


STRATEGY_CHECKS: tuple[Callable[[str], None], ...] = (
    every_item_has_a_number,
    same_seed_same_bytes,
    row_order_means_nothing,
    names_mean_nothing,
    few_items_are_taken,
    equals_are_left_to_the_lot,
    better_than_the_lot,
)


def check_strategy(name: str) -> None:
    """Run every check on the strategy called `name`."""
    for check in STRATEGY_CHECKS:
        check(name)
