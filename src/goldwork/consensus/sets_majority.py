"""Majority of sets: the classes that at least half of an item's annotators chose.

A class's probability is the share of the item's judgements that chose it, by weight. Confidence is how near the
judgements come to the answer: the mean of Jaccard's index, classes in both by classes in either (two empty sets: 1).

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 1], "annotator": ["ann", "bob", "cam"], "label": [["cat"], ["dog", "cat"], ["cat", "fox"]]
    ... })
    >>> consensus = infer_consensus(table, "sets-majority")
    >>> consensus.labels[0], consensus.probabilities.round(2).tolist(), consensus.confidence.round(2).tolist()
    (['cat'], [[1.0, 0.33, 0.33]], [0.67])
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.sets import Chosen, Floats, Limits, answer, choices
from goldwork.judgements import Judgements


@consensus("sets-majority", answers="sets")
def sets_majority(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    exclusive: Sequence[Any] = (),
    least: int = 0,
    most: int | None = None,
) -> Consensus:
    """The classes chosen by at least half. Options:

    - `exclusive`: classes that stand alone, such as "none of these"
    - `least`, `most`: how many classes an answer has
    """
    limits = Limits(exclusive, least, most)
    limits.check()
    chosen = choices(table, gold)
    made = answer("sets-majority", chosen, chosen.shares(), limits, np.zeros(len(table.items)))
    made = dataclasses.replace(made, confidence=np.where(chosen.known, 1.0, _nearness(chosen, made)))
    if not made.ties.any():
        return made
    said = f"On {made.ties.sum():,} of {len(made):,} items exactly half chose a class; it is in."
    return dataclasses.replace(made, warnings=(said,))


def _nearness(chosen: Chosen, made: Consensus) -> Floats:
    """The mean of Jaccard's index between the judgements of each item and its answer, [I]."""
    table, places = chosen.table, {name: place for place, name in enumerate(chosen.classes.tolist())}
    held = np.zeros((len(table.items), len(chosen.classes)), bool)
    for item, names in enumerate(made.labels.tolist()):
        held[item, [places[name] for name in names]] = True
    sizes = np.bincount(chosen.row, minlength=len(table))
    both = np.bincount(chosen.row, held[table.item[chosen.row], chosen.class_], len(table))
    either = sizes + held.sum(axis=1)[table.item] - both
    near = np.divide(both, either, out=np.ones(len(table)), where=either > 0)
    weights = table.weights()
    return np.asarray(np.bincount(table.item, weights * near, len(held)) / np.bincount(table.item, weights, len(held)))
