"""From units to answers: which are marked, where a span ends and the next begins, how good that is expected to be.

Of the units, those are marked whose label is more probable than half the greatest F1 that can be expected by
character; that threshold, and no other, attains it (Lipton, Elkan and Naryanaswamy 2014, ECML PKDD, 225-239).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.shapes import Form
from goldwork.consensus.span_units import Units
from goldwork.judgements.columns import objects

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def spans_of(
    units: Units, chosen: Ints, probability: Floats, weights: Floats, form: Form, gold: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """The answer of every item: gold's, else its marked units joined.

    `chosen` [U] is the label or -1, `probability` [U] its probability, `weights` those of the judgements.
    """
    parted = splits(units, chosen, weights)
    marked = np.flatnonzero(chosen >= 0)
    goes_on = np.zeros(len(marked), bool)
    if len(marked):
        before, after = marked[:-1], marked[1:]
        joined = (after == before + 1) & (units.sequence[after] == units.sequence[before])
        goes_on[1:] = joined & (chosen[after] == chosen[before]) & ~parted[after]
    span = np.cumsum(~goes_on) - 1
    count = int(span[-1]) + 1 if len(span) else 0
    first = marked[~goes_on]
    last = marked[np.r_[np.flatnonzero(~goes_on)[1:] - 1, len(marked) - 1]] if count else first
    length = units.length[marked]
    sure = np.bincount(span, length * probability[marked], count) / np.bincount(span, length, count)
    made: list[Any] = [[] if value is None else value for value in gold.tolist()]
    found = zip(
        units.item[first].tolist(), units.bounds[first, 0].tolist(), units.bounds[last, 1].tolist(),
        chosen[first].tolist(), sure.tolist(), strict=True,
    )  # fmt: skip
    for item, start, end, label, confidence in sorted(found):
        if gold[item] is None:
            made[item].append(form.write((start, end), units.labels[label], confidence))
    return objects(made)


def splits(units: Units, chosen: Ints, weights: Floats) -> npt.NDArray[np.bool_]:
    """Whether a new span begins at each unit where the one before has the same label: as most say who marked both."""
    order = np.lexsort((units.unit, units.label, units.row))
    row, unit, label = units.row[order], units.unit[order], units.label[order]
    both = np.flatnonzero((np.diff(row) == 0) & (np.diff(label) == 0) & (np.diff(unit) == 1)) + 1
    both = both[(row[both] >= 0) & (chosen[unit[both]] == label[both])]
    said = np.where(units.begins[order[both]], 1.0, -1.0) * weights[row[both]]
    return np.bincount(unit[both], said, len(units)) > 1e-9


def threshold(units: Units, best: Floats, inside: Floats) -> float:
    """Half the greatest F1 expected of marking what is more probable than some threshold, by character.

    `best` [U]: the probability of the best label; `inside` [U]: that there is any.
    """
    open_ = ~units.known & (units.length > 0)
    length, best = units.length[open_], best[open_]
    total = float(length @ inside[open_])
    if total <= 0:
        return 0.5
    order = np.argsort(-best)
    scores = 2 * np.cumsum((length * best)[order]) / (np.cumsum(length[order]) + total)
    return float(scores.max()) / 2


def expected_f1(units: Units, chosen: Ints, probability: Floats, inside: Floats, nothing: Floats) -> Floats:
    """Of every item's answer, by character; of an empty answer, the probability `nothing` [I] that it is right."""
    items = len(nothing)
    marked = np.where(chosen >= 0, units.length, 0)
    both = np.bincount(units.item, marked * probability, items)
    size = np.bincount(units.item, marked, items)
    total = size + np.bincount(units.item, units.length * inside, items)
    score = np.divide(2 * both, total, out=np.zeros(items), where=total > 0)
    return np.clip(np.where(size > 0, score, nothing), 0, 1)
