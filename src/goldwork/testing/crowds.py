"""Simulated crowds: judgements whose truth is known.

>>> crowd = simulate_crowd(items=100, annotators=10, per_item=3, seed=1)
>>> crowd.table
Judgements(300 judgements, 100 items, 10 annotators, 1 questions)
>>> crowd.truth[0] in crowd.categories
True
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements import Judgements


@dataclasses.dataclass(frozen=True, eq=False)
class Crowd:
    """Judgements drawn from the Dawid-Skene model, with what they were drawn from.

    - `columns`: item, annotator, label, a row a judgement; `table`: the same as Judgements
    - `truth`: the true category by item; `confusion`: [A, K, K], true by answered, annotators in order of name
    """

    columns: Mapping[str, npt.NDArray[Any]]
    truth: Mapping[int, Any]
    confusion: npt.NDArray[np.float64]
    prevalence: npt.NDArray[np.float64]
    categories: tuple[Any, ...]

    @property
    def table(self) -> Judgements:
        """The judgements."""
        return Judgements.from_columns(self.columns)


def simulate_crowd(
    *,
    items: int = 60,
    annotators: int = 8,
    per_item: int = 4,
    categories: Sequence[Any] = ("a", "b", "c"),
    skill: tuple[float, float] = (8.0, 2.0),
    seed: int = 0,
) -> Crowd:
    """Each item is judged by `per_item` annotators, whose accuracies come from Beta(*skill)."""
    rng = np.random.default_rng(seed)
    k = len(categories)
    prevalence = rng.dirichlet(np.full(k, 4.0))
    accuracy = np.clip(rng.beta(*skill, annotators)[:, None] + rng.normal(0, 0.05, (annotators, k)), 0.05, 0.99)
    confusion = np.empty((annotators, k, k))
    for true in range(k):
        wrong = rng.dirichlet(np.ones(k - 1), annotators) * (1 - accuracy[:, [true]])
        confusion[:, true] = np.insert(wrong, true, accuracy[:, true], axis=1)
    truth = rng.choice(k, items, p=prevalence)
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    reached = confusion.cumsum(axis=2)[who, truth[item]]
    answer = (rng.random(len(item))[:, None] > reached).sum(axis=1).clip(max=k - 1)
    names = np.empty(k, object)
    names[:] = list(categories)
    return Crowd(
        columns={"item": item, "annotator": who, "label": names[answer]},
        truth={i: categories[code] for i, code in enumerate(truth.tolist())},
        confusion=confusion,
        prevalence=prevalence,
        categories=tuple(categories),
    )


def refusal(call: Callable[[], object]) -> str:
    """The message of the InputError that `call` raises; empty where it raises none."""
    try:
        call()
    except InputError as error:
        return error.message
    return ""


def renamed(columns: Mapping[str, npt.NDArray[Any]], **names: Mapping[Any, Any]) -> dict[str, npt.NDArray[Any]]:
    """Columns with the values of some of them replaced."""
    made = dict(columns)
    for column, name in names.items():
        values = np.empty(len(made[column]), object)
        values[:] = [name[value] for value in made[column].tolist()]
        made[column] = values
    return made


def shuffled(columns: Mapping[str, npt.NDArray[Any]], seed: int) -> dict[str, npt.NDArray[Any]]:
    """The rows in another order."""
    order = np.random.default_rng(seed).permutation(len(columns["item"]))
    return {name: column[order] for name, column in columns.items()}


def reversed_names(column: npt.NDArray[Any]) -> dict[Any, str]:
    """New names for the distinct values, in the opposite order."""
    distinct = sorted(set(column.tolist()))
    return {value: f"n{len(distinct) - place:06}" for place, value in enumerate(distinct)}
