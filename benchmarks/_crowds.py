"""Large simulated crowds: few annotators do most of the work, and everybody errs in a direction of their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]


def crowd(
    items: int, *, annotators: int = 2000, per_item: int = 5, classes: int = 5, seed: int = 0
) -> tuple[Codes, Codes, Codes, Codes]:
    """Item, annotator and answer of every judgement, in random order, and the items' true classes."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, items, p=rng.dirichlet(np.full(classes, 8.0)))
    busy = 1 / np.arange(1, annotators + 1) ** 0.8
    reached = np.cumsum(rng.permutation(busy / busy.sum()))
    who = np.searchsorted(reached, rng.random((items, per_item))).clip(max=annotators - 1)
    while (twice := (np.diff(np.sort(who, axis=1), axis=1) == 0).any(axis=1)).any():
        who[twice] = np.searchsorted(reached, rng.random((int(twice.sum()), per_item))).clip(max=annotators - 1)
    accuracy = rng.beta(7, 3, annotators)
    confusion = rng.dirichlet(np.full(classes, 0.5), (annotators, classes)) * (1 - accuracy)[:, None, None]
    confusion[:, np.arange(classes), np.arange(classes)] += accuracy[:, None]
    item, annotator = np.repeat(np.arange(items), per_item), who.ravel()
    reached = confusion.cumsum(axis=2)[annotator, truth[item]]
    answer = (rng.random(len(item))[:, None] > reached).sum(axis=1).clip(max=classes - 1)
    order = rng.permutation(len(item))
    return tuple(column.astype(np.int32) for column in (item[order], annotator[order], answer[order], truth))  # type: ignore[return-value]
