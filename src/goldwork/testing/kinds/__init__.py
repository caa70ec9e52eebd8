"""Simulated answers of every kind that a consensus method may merge, one file a kind.

>>> simulated = simulate_answers("numbers", items=40, seed=1)
>>> simulated.table
Judgements(160 judgements, 40 items, 8 annotators, 1 questions)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.registry import Registry


@dataclasses.dataclass(frozen=True)
class Kind:
    """How answers of one kind come about.

    - `truth(rng, item)`: the true answer about an item
    - `err(rng, truth, skill, item)`: what somebody says; with a skill of 1 the truth itself, with 0 next to nothing
    - `near(truth, answer)`: how near an answer comes, 1 where it is the truth
    - `options(items)`: what a method has to be given besides, for these items
    - `unfit`: labels of two items by two annotators that no method of the kind can merge; empty where it can all
    """

    truth: Callable[[np.random.Generator, int], Any]
    err: Callable[[np.random.Generator, Any, float, int], Any]
    near: Callable[[Any, Any], float]
    options: Callable[[npt.NDArray[Any]], Mapping[str, Any]] = lambda _: {}
    unfit: tuple[Any, ...] = ()


kind: Registry[Callable[[], Kind]] = Registry("answer kind", __name__)


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """Judgements whose truth is known. `columns`: item, annotator, label; `skill` by annotator, in order of name."""

    columns: Mapping[str, npt.NDArray[Any]]
    truth: Mapping[Any, Any]
    skill: npt.NDArray[np.float64]
    kind: Kind

    @property
    def table(self) -> Judgements:
        """The judgements."""
        return Judgements.from_columns(self.columns)

    def nearness(self, items: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
        """How near these answers come to the truth, mean over items."""
        near = [self.kind.near(self.truth[i], label) for i, label in zip(items.tolist(), labels.tolist(), strict=True)]
        return float(np.mean(near))


def simulate_answers(
    name: str,
    *,
    items: int = 60,
    annotators: int = 8,
    per_item: int = 4,
    skill: tuple[float, float] = (4.0, 2.0),
    seed: int = 0,
) -> Answers:
    """Each item is judged by `per_item` annotators, whose skills come from Beta(*skill)."""
    made = kind.get(name)()
    rng = np.random.default_rng(seed)
    skills = rng.beta(*skill, annotators)
    truth = {item: made.truth(rng, item) for item in range(items)}
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    labels = [made.err(rng, truth[i], float(skills[a]), i) for i, a in zip(item.tolist(), who.tolist(), strict=True)]
    return Answers({"item": item, "annotator": who, "label": objects(labels)}, truth, skills, made)
