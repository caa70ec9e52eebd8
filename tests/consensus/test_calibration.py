"""Calibration: temperatures are found and their intervals cover, perfect confidences have no excess error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from goldwork.consensus import infer_consensus
from goldwork.consensus.calibration import fit_temperature, held_out, measure_reliability, tempered
from goldwork.errors import InputError
from goldwork.testing import simulate_crowd


def draws(rng: np.random.Generator, size: int, temperature: float) -> tuple[Any, Any]:
    """Probabilities that are too sure by a temperature, and the classes that come of the right ones."""
    true = rng.dirichlet([0.4, 0.4, 0.4], size)
    codes = (rng.random(size)[:, None] > true.cumsum(axis=1)).sum(axis=1).clip(max=2)
    return tempered(true, 1 / temperature), codes


@pytest.mark.parametrize("size", [80, 400])
def test_the_temperatures_interval_covers(size: int) -> None:
    """Over temperatures as the prior has them, as a Bayesian interval has to."""
    rng = np.random.default_rng(size)
    covered = []
    for _ in range(300):
        temperature = float(np.exp(rng.normal(np.log(2.5), 0.7)))
        found = fit_temperature(*draws(rng, size, temperature))
        covered.append(found.low <= temperature <= found.high)
    assert 0.92 < np.mean(covered) < 0.98


def test_it_changes_no_answer_and_leaves_gold_certain() -> None:
    crowd = simulate_crowd(items=400, annotators=12, per_item=5)
    gold = {item: crowd.truth[item] for item in range(0, 400, 5)}
    plain = infer_consensus(crowd.table, gold=gold)
    made = infer_consensus(crowd.table, gold=gold, calibrate=True)
    assert made.labels.tolist() == plain.labels.tolist()
    assert (made.confidence[made.known] == 1).all()
    assert made.temperature is not None
    assert made.temperature.items == 80
    assert made.temperature.low < made.temperature.value < made.temperature.high
    assert np.allclose(made.choices()[2].sum(axis=1), 1)


def test_gold_is_never_scored_by_a_fit_that_knew_it() -> None:
    gold = np.where(np.arange(30) % 2 == 0, 1, -1).astype(np.int32)
    seen: list[Any] = []

    def infer(part: Any) -> Any:
        seen.append(part.copy())
        return np.where(part[:, None] >= 0, [0.0, 1.0], [0.5, 0.5])

    shares = held_out(infer, gold, np.random.default_rng(0))
    assert (shares == 0.5).all()
    assert sum((part < 0)[gold >= 0].sum() for part in seen) == 15


@pytest.mark.parametrize("items", [3, 19])
def test_little_gold_is_refused(items: int) -> None:
    crowd = simulate_crowd()
    gold = {item: crowd.truth[item] for item in range(items)}
    with pytest.raises(InputError, match="gold"):
        infer_consensus(crowd.table, gold=gold, calibrate=True)


def test_only_choices_are_calibrated() -> None:
    table = simulate_crowd(categories=(1, 2, 3)).table
    with pytest.raises(InputError, match="no choices"):
        infer_consensus(table, "mean", gold=dict.fromkeys(range(40), 1), calibrate=True)


def test_perfect_confidences_have_no_excess_and_too_sure_ones_do() -> None:
    crowd = simulate_crowd(items=600, annotators=10, per_item=3)
    made = infer_consensus(crowd.table, "majority")
    excess = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        right = rng.random(len(made)) < made.confidence
        truth = {
            item: label if hit else "other"
            for item, label, hit in zip(made.items.tolist(), made.labels.tolist(), right.tolist(), strict=True)
        }
        found = measure_reliability(made, truth, resamples=60)
        excess.append(found.excess)
        assert found.items.sum() == 600
        assert (found.low <= found.accuracy).all()
        assert (found.accuracy <= found.high).all()
    assert abs(np.mean(excess)) < 0.004
    nobody = measure_reliability(made, dict.fromkeys(made.items.tolist(), "other"))
    assert nobody.excess_low > 0
    assert "do not take them at their word" in nobody.sentence
    with pytest.raises(InputError, match="10 bins"):
        measure_reliability(made, {0: "a"})
