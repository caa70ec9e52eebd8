"""Text: a sentence of ten words, each of them replaced, left out or doubled the more often the less skill."""

from __future__ import annotations

from typing import Any

import numpy as np

from goldwork.distances import distance
from goldwork.testing.kinds import Kind, kind

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "marsh")
LENGTH = 10


@kind("text")
def text() -> Kind:
    """Short transcriptions; one in three words at most is wrong."""
    return Kind(_truth, _err, _near, unfit=(["a"], ["b"], ["a"], ["c"]))


def _truth(rng: np.random.Generator, item: int) -> str:
    return " ".join(rng.choice(WORDS, LENGTH).tolist())


def _err(rng: np.random.Generator, truth: str, skill: float, item: int) -> str:
    said: list[str] = []
    for word in truth.split():
        if rng.random() >= (1 - skill) * 2 / 3:
            said.append(word)
        elif (drawn := rng.random()) < 2 / 3:  # a third of the errors leave the word out
            said += [str(rng.choice(WORDS))] if drawn < 1 / 3 else [word, str(rng.choice(WORDS))]
    return " ".join(said) or truth


def _near(truth: Any, answer: Any) -> float:
    return 1 - distance.get("words")(truth, answer)
