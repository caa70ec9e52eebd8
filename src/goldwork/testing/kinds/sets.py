"""Sets: which of some classes hold, each redrawn the more often the less skill there is."""

from __future__ import annotations

from typing import Any

import numpy as np

from goldwork.testing.kinds import Kind, kind

CLASSES = ("bird", "cat", "dog", "fish", "fox")
SHARE = 0.4
"""Of the items, those on which a class holds; on about one in 13 none does."""


@kind("sets")
def sets() -> Kind:
    """Several choices: a list of class names in order, empty where no class holds."""
    return Kind(_truth, _err, _near, unfit=("cat", "dog", "cat", "fox"))


def _truth(rng: np.random.Generator, item: int) -> list[str]:
    return [name for name, drawn in zip(CLASSES, rng.random(len(CLASSES)), strict=True) if drawn < SHARE]


def _err(rng: np.random.Generator, truth: list[str], skill: float, item: int) -> list[str]:
    guessed, sure = _truth(rng, item), rng.random(len(CLASSES)) < skill
    return [name for name, seen in zip(CLASSES, sure, strict=True) if name in (truth if seen else guessed)]


def _near(truth: Any, answer: Any) -> float:
    """Jaccard's index; two empty sets are the same."""
    one, other = set(truth), set(answer)
    return len(one & other) / len(one | other) if one | other else 1.0
