"""Replays of real crowds: the accuracy aimed at, at less than fixed majority costs, with confidences that come true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from goldwork.consensus.calibration import calibration_error, null_error
from goldwork.quality.recorded import Replayed, Rules, pools, replay
from tests.reference.conftest import labels, truth

SEEDS = 4


def replayed(folder: Path, target: float | None) -> list[Replayed]:
    recorded = pools(labels(folder), truth(folder))
    return [replay(recorded, Rules(target=target), seed) for seed in range(SEEDS)]


@pytest.mark.parametrize(("target", "most"), [(0.851, 2.6), (0.896, 3.9)])
def test_entailment_costs_less_than_majority(target: float, most: float, data: Callable[[str], Path]) -> None:
    """The accuracies of five and of ten votes' majority; a few seeds, so within two standard errors of the mean."""
    made = replayed(data("snow_rte"), target)
    cost, right = (np.array([getattr(one, name) for one in made]) for name in ("judgements_per_item", "accuracy"))
    assert cost.mean() <= most + 2 * cost.std(ddof=1) / SEEDS**0.5
    assert right.mean() >= target - 2 * right.std(ddof=1) / SEEDS**0.5 - 0.005
    assert np.mean([one.majority[5][1] for one in made]) == 5


def test_confidences_come_true(data: Callable[[str], Path]) -> None:
    """Calibration error minus what chance makes of it, over items of all replays together."""
    made = replayed(data("snow_rte"), 0.88)
    sure, right = (np.concatenate([getattr(one, name) for one in made]) for name in ("sure", "right"))
    order = np.argsort(sure, kind="stable")
    sure, right = sure[order], right[order] * 1.0
    assert calibration_error(sure, right, 10) - null_error(sure, 10, np.random.default_rng(0), 100) <= 0.03
