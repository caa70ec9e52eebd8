"""The learning curve: known power laws, coverage of the gain, and batches that differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from goldwork.errors import InputError
from goldwork.learning.batches import diverse
from goldwork.learning.curve import learning_curve


def test_a_power_law_without_noise_is_continued() -> None:
    n = np.array([100, 200, 400, 800, 1600])
    right = np.tile((0.9 - 3 * n**-0.7)[:, None], (1, 50))
    found = learning_curve(n, right)
    truth = 3 * (1600**-0.7 - 2600**-0.7)
    assert found.gain == pytest.approx(truth, rel=0.02)
    assert found.gain_low == pytest.approx(found.gain_high)


def test_the_interval_of_the_gain_covers() -> None:
    """120 projects with power laws of their own; the versions of a model mostly err on the same items."""
    inside = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        n = np.unique(np.geomspace(100, 3000, 10).astype(int))
        power = rng.uniform(0.3, 1)
        accuracy = rng.uniform(0.8, 0.97) - rng.uniform(0.15, 0.6) * (n / 100) ** -power
        item, version = rng.normal(size=(1, 200)), rng.normal(size=(len(n), 200))
        right = norm.cdf((0.95 * item + 0.3 * version) / np.hypot(0.95, 0.3)) < accuracy[:, None]
        found = learning_curve(n, right.astype(float), seed=seed)
        last, ahead = n[-1], n[-1] + 1000
        scale = (accuracy[-1] - accuracy[0]) / ((n[0] / 100) ** -power - (last / 100) ** -power)
        truth = scale * ((last / 100) ** -power - (ahead / 100) ** -power)
        inside += found.gain_low <= truth <= found.gain_high
    assert 0.9 <= inside / 120 <= 1


def test_the_interval_of_a_flat_curve_of_few_items_covers() -> None:
    """Of 300 models that learn nothing more; 60 items."""
    inside = 0
    n = np.unique(np.geomspace(100, 3000, 10).astype(int))
    for seed in range(300):
        rng = np.random.default_rng(seed)
        item, version = rng.normal(size=(1, 60)), rng.normal(size=(len(n), 60))
        right = norm.cdf((0.95 * item + 0.3 * version) / np.hypot(0.95, 0.3)) < rng.uniform(0.8, 0.97)
        found = learning_curve(n, right.astype(float), seed=seed)
        inside += found.gain_low <= 0 <= found.gain_high
    assert inside / 300 >= 0.93


def test_a_flat_curve_says_stop_and_a_steep_one_does_not() -> None:
    rng = np.random.default_rng(0)
    n = np.array([500, 1000, 2000, 4000, 8000, 16000])
    flat = np.tile(rng.random(2000) < 0.9, (6, 1)).astype(float)
    assert learning_curve(n, flat).stop
    assert "stop" in learning_curve(n, flat).sentence
    few = np.arange(100, 700, 100)
    steep = (rng.random((6, 2000)) < (0.95 - 3 * few**-0.5)[:, None]).astype(float)
    assert not learning_curve(few, steep).stop


def test_before_there_is_enough_nothing_is_promised() -> None:
    found = learning_curve([100, 200], np.ones((2, 50)))
    assert np.isnan(found.gain)
    assert not found.stop
    assert "after 4 versions" in found.sentence


def test_items_that_could_not_tell_yet_are_left_out() -> None:
    found = learning_curve([10, 20], [[1.0, np.nan, 0.0], [1.0, 1.0, 0.0]])
    np.testing.assert_allclose(found.accuracy, [0.5, 2 / 3])


@pytest.mark.parametrize(
    ("n", "right"), [([2, 1], np.ones((2, 3))), ([1], np.ones((2, 3))), ([1], [[np.nan]]), ([0], [[1.0]]), ([], [])]
)
def test_what_is_no_curve_is_refused(n: list[int], right: object) -> None:
    with pytest.raises(InputError):
        learning_curve(n, right)  # type: ignore[arg-type]


def test_a_batch_does_not_ask_the_same_ten_times() -> None:
    rows = np.vstack([np.tile([1.0, 0.0], (10, 1)), [[0.0, 1.0]], [[-1.0, 0.0]]])
    priority = np.array([0.0] * 10 + [0.1, 0.1])
    assert set(diverse(rows, priority, 3).tolist()) >= {10, 11}


@given(st.integers(0, 40), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_a_batch_is_as_many_different_items_as_there_are(n: int, number: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = diverse(rng.normal(size=(n, 3)), rng.integers(0, 3, n), number).tolist()
    assert len(found) == len(set(found)) == min(n, number)


def test_priorities_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="must be 2 numbers"):
        diverse(np.eye(2), [np.nan, 1], 1)
