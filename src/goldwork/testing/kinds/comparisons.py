"""Comparisons: pairs of a dozen options in order of strength; the less skill, the more guesses and ties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.items import Items
from goldwork.testing.kinds import Kind, kind

NAMES = "abcdefghijkl"
"""The options, the best first."""


@kind("comparisons")
def comparisons() -> Kind:
    """Which of two options is better; the pairs are the same in every simulation."""
    return Kind(_truth, _err, _near, options=_options, unfit=("left", "right", "left", "above"))


def _pair(item: Any) -> tuple[int, int]:
    """Pairs come round in an order in which the options soon meet; either may stand at the left."""
    item = int(item)
    left = 5 * item % 12
    right = (left + 1 + item // 12 % 11) % 12
    return left, right


def _options(items: npt.NDArray[Any]) -> Mapping[str, Any]:
    pairs = [_pair(item) for item in items]
    return {
        "items": Items.from_columns({
            "id": list(items),
            "left": [NAMES[left] for left, _ in pairs],
            "right": [NAMES[right] for _, right in pairs],
        })
    }  # fmt: skip


def _truth(rng: np.random.Generator, item: int) -> str:
    left, right = _pair(item)
    return "left" if left < right else "right"


def _err(rng: np.random.Generator, truth: str, skill: float, item: int) -> str:
    if rng.random() < skill:
        return truth
    return str(rng.choice(["left", "right", "tie"], p=[0.4, 0.4, 0.2]))


def _near(truth: Any, answer: Any) -> float:
    return float(truth == answer) if "tie" not in (truth, answer) else 0.5 + 0.5 * (truth == answer)
