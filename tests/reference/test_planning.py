"""Real crowds: strategies buy more than the lot does, and the interval of the stop has the stop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from goldwork.quality import hindsight as module
from goldwork.quality.allocating import allocate, chooser
from goldwork.quality.hindsight import hindsight, look, stop_of
from goldwork.quality.pilot import judged
from goldwork.quality.recorded import pools
from tests.reference.conftest import labels, truth

SEEDS = 3


@pytest.mark.parametrize("name", ["coverage", "uncertainty", "expertise", "budget"])
def test_two_judgements_an_item_buy_more_than_by_lot(name: str, data: Callable[[str], Path]) -> None:
    """By four points or more in the mean of 20 seeds; here of three, so at least two."""
    folder = data("snow_rte")
    recorded = pools(labels(folder), truth(folder))
    gain = [
        allocate(recorded, chooser(name), 2.0, seed).accuracy - allocate(recorded, chooser(""), 2.0, seed).accuracy
        for seed in range(SEEDS)
    ]
    assert np.mean(gain) > 0.02


@pytest.mark.parametrize(("name", "target", "gold"), [("snow_rte", 0.9, 40), ("bluebird", 0.75, 30)])
def test_the_interval_has_the_stop(
    name: str, target: float, gold: int, data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data(name)
    table = judged(labels(folder), truth(folder))
    known, looked = table.gold, look(table, 0)
    true = stop_of(looked, known, target)
    monkeypatch.setattr(module, "look", lambda *given: looked)
    inside = []
    for seed in range(200):
        chosen = np.full(len(known), -1)
        places = np.random.default_rng(seed).permutation(len(known))[:gold]
        chosen[places] = known[places]
        found = hindsight(dataclasses.replace(table, gold=chosen, drawn=chosen >= 0), target)
        inside.append(not found.low > true and not found.high < true)
    assert np.mean(inside) >= 0.92
