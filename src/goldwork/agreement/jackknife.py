"""What the value would be without an annotator, for each of them, from one pass over the table.

Leaving an annotator out changes the rows of the items that they judged and no others. The coefficient therefore sees
the table once with a copy of every item for each of its annotators, in which that one is missing; the value without an
annotator comes from the total of all rows, minus those of their items, plus those of the copies.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import Spread, dense, total_of
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import CoefficientFunction
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

STACKED = 8_000_000
"""Judgements in copies of items at once."""
GROUPS = 100
"""With more annotators than this they are left out in groups."""
CELLS = 4_000_000


def grouped(table: Judgements, seed: int) -> tuple[Places, int]:
    """The group of each annotator, [annotators], and how many groups there are: one for each up to GROUPS.

    Above, annotators are dealt to the groups by how much they judged, so that groups are about equal (Kott 2001,
    Journal of Official Statistics 17, 521-526: the delete-a-group jackknife).
    """
    people = len(table.annotators)
    if people <= GROUPS:
        return np.arange(people), people
    rng = np.random.default_rng(seed)
    judged = np.bincount(table.annotator, minlength=people)
    order = np.lexsort((rng.random(people), -judged))
    group = np.empty(people, np.int64)
    for start in range(0, people, GROUPS):
        part = order[start : start + GROUPS]
        group[part] = rng.permutation(GROUPS)[: len(part)]
    return group, GROUPS


def without_each(table: Judgements, function: CoefficientFunction, scale: Scale, group: Places, groups: int) -> Floats:
    """The value without each group of annotators, [groups]; nan where it is undefined.

    `table` holds items judged at least twice, an annotator at most once each. `group` [annotators].
    """
    start = np.searchsorted(table.item, np.arange(len(table.items) + 1))
    met = np.unique(group[table.annotator] * np.int64(max(len(table.items), 1)) + table.item)
    who, item = np.divmod(met, max(len(table.items), 1))
    size = start[item + 1] - start[item]
    part = np.cumsum(size) // STACKED
    values = np.full(groups, np.nan)
    cut = np.searchsorted(who, who[np.flatnonzero(np.diff(part))] + 1) if len(who) else np.zeros(0, int)
    for low, high in zip([0, *cut.tolist()], [*cut.tolist(), len(who)], strict=True):
        if low < high:
            here = np.unique(who[low:high])
            values[here] = _values(table, function, scale, group, _Met(who[low:high], item[low:high], start), here)
    return values


@dataclasses.dataclass(frozen=True)
class _Met:
    """Groups and the items that they judged, [met]; where each item's judgements start, [items + 1]."""

    who: Places
    item: Places
    start: Places


def _values(
    table: Judgements, function: CoefficientFunction, scale: Scale, group: Places, met: _Met, here: Places
) -> Floats:
    """The value without each of the groups `here`."""
    from scipy.sparse import csr_array

    items = len(table.items)
    stacked, copies = _with_copies(table, group, met)
    sums = function(stacked, scale)
    change = csr_array(
        (
            np.r_[np.full(len(met.who), -1.0), np.ones(len(copies))],
            (
                np.searchsorted(here, np.r_[met.who, met.who[copies]]),
                np.r_[met.item, items + np.arange(len(copies))],
            ),
        ),
        shape=(len(here), items + len(copies)),
    )
    total = total_of(sums.rows[:items])
    changes = change @ sums.rows
    step = max(1, CELLS // max(1, total.shape[1]))
    return np.concatenate([
        sums.formula(total + dense(changes[place : place + step])) for place in range(0, len(here), step)
    ])  # fmt: skip


def _with_copies(table: Judgements, group: Places, met: _Met) -> tuple[Judgements, Places]:
    """The table with a copy of each item for each group that judged it, without that group's judgements.

    Copies with fewer than two judgements are left out; gives which of `met` the others are.
    """
    size = met.start[met.item + 1] - met.start[met.item]
    copy = np.repeat(np.arange(len(size)), size)
    first = np.cumsum(size) - size
    row = np.arange(len(copy)) - first[copy] + met.start[met.item][copy]
    kept = group[table.annotator[row]] != met.who[copy]
    copy, row = copy[kept], row[kept]
    left = np.bincount(copy, minlength=len(size))
    copies = np.flatnonzero(left >= 2)
    kept = left[copy] >= 2
    place = np.cumsum(left >= 2) - 1
    return stack(table, row[kept], place[copy[kept]], len(copies)), copies


def stack(table: Judgements, rows: Places, item: Places, items: int) -> Judgements:
    """The table and, after its own items, `items` further ones that consist of its judgements at `rows`.

    `item`: which of the further ones each of `rows` belongs to, ascending.
    """
    every = np.r_[np.arange(len(table)), rows]
    own = len(table.items)
    context: dict[str, Any] = {"weight": table.weights()[every]} if "weight" in table.context else {}
    return dataclasses.replace(
        table,
        item=np.r_[table.item, item + own].astype(np.int32),
        annotator=table.annotator[every],
        question=table.question[every],
        value=table.value[every],
        repeat=table.repeat[every],
        items=np.arange(own + items),
        context=context,
    )


def over_annotators(
    table: Judgements,
    function: CoefficientFunction,
    scale: Scale,
    value: float,
    bounds: tuple[float, float],
    *,
    seed: int,
) -> Spread:
    """How the value spreads over samples of annotators, by leaving out each in turn."""
    group, groups = grouped(table, seed)
    if groups < 3:
        return Spread(value, np.nan, groups - 1, bounds)
    values = without_each(table, function, scale, group, groups)
    values = values[~np.isnan(values)]
    count = len(values)
    if count < max(3, groups / 2):
        return Spread(value, np.nan, count - 1, bounds)
    error = float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))
    return Spread(value, error if error > 1e-12 else np.nan, count - 1, bounds)


def together(items: Spread, people: Spread) -> Spread:
    """Over items and annotators: variances added, degrees of freedom by Satterthwaite (1946, Biometrics 2, 110-114)."""
    parts = np.array([items.error, people.error]) ** 2
    total = float(parts.sum())
    df = total**2 / float((parts**2 / np.array([items.df, people.df])).sum()) if total > 0 else np.nan
    return dataclasses.replace(items, error=total**0.5, df=df)
