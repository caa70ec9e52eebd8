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
from goldwork.agreement.sums import CoefficientFunction, Formula
from goldwork.agreement.unseen import OWN
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

STACKED = 8_000_000
"""Judgements in copies of items at once."""
FEWEST = 3
"""Annotators below which nothing can be said of others."""
TINY = 1e-24
GROUPS = 100
"""With more annotators than this they are left out in groups."""
CELLS = 4_000_000
LARGEST = 20_000
"""With more sums than this, noise is not told from annotators' effects."""


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


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """What leaving annotators out does.

    - `values` [groups]: the value without each group; nan where it is undefined
    - `noise`: the part of the sum of their squared differences from the value that comes from single items, not from
      annotators: nan where it is not known
    """

    values: Floats
    noise: float


def without_each(table: Judgements, function: CoefficientFunction, scale: Scale, group: Places, groups: int) -> LeftOut:
    """The value without each group of annotators; `group` [annotators] says which is whose.

    `table` holds items judged at least twice, by an annotator at most once each.
    """
    start = np.searchsorted(table.item, np.arange(len(table.items) + 1))
    met = np.unique(group[table.annotator] * np.int64(max(len(table.items), 1)) + table.item)
    who, item = np.divmod(met, max(len(table.items), 1))
    part = np.cumsum(start[item + 1] - start[item]) // STACKED
    ends = np.unique(np.r_[np.searchsorted(who, who[np.flatnonzero(np.diff(part))], side="right"), len(who)])
    values, effects = np.full(groups, np.nan), []
    for low, high in zip(np.r_[0, ends[:-1]].tolist(), ends.tolist(), strict=True):
        if low < high:
            here = np.unique(who[low:high])
            values[here], effect = _values(
                table, function, scale, group, _Met(who[low:high], item[low:high], start), here
            )
            effects.append(effect)
    effect = np.concatenate(effects) if effects else np.zeros(0)
    return LeftOut(values, _noise(effect, item, np.bincount(who, minlength=groups), len(table.items)))


def _noise(effect: Floats, item: Places, judged: Places, items: int) -> float:
    """What single items add to the squares of the annotators' effects, a sum of `effect` over their items each.

    The effects of one item differ by noise; what they have in common adds as far as annotators judged different items.
    """
    m = np.bincount(item, minlength=items)
    mean = np.bincount(item, effect, items) / np.maximum(m, 1)
    within = np.bincount(item, (effect - mean[item]) ** 2, items) / np.maximum(m - 1, 1)
    common = max(0.0, float((m * mean**2 - within).sum()) / max(len(effect), 1))
    return float((effect**2).sum()) - common * float((judged.astype(np.float64) ** 2).sum()) / max(items, 1)


@dataclasses.dataclass(frozen=True)
class _Met:
    """Groups and the items that they judged, [met]; where each item's judgements start, [items + 1]."""

    who: Places
    item: Places
    start: Places


def _values(
    table: Judgements, function: CoefficientFunction, scale: Scale, group: Places, met: _Met, here: Places
) -> tuple[Floats, Floats]:
    """The value without each of the groups `here`, and the effect of each of `met`: the change, to first order, when
    that group's judgements of that item alone are left out."""
    from scipy.sparse import csr_array

    items, cells = len(table.items), len(met.who)
    stacked, copies = _with_copies(table, group, met)
    sums = function(stacked, scale)
    change = csr_array(
        (
            np.r_[np.full(cells, -1.0), np.ones(len(copies))],
            (np.r_[np.arange(cells), copies], np.r_[met.item, items + np.arange(len(copies))]),
        ),
        shape=(cells, items + len(copies)),
    )
    by_group = csr_array((np.ones(cells), (np.searchsorted(here, met.who), np.arange(cells))), shape=(len(here), cells))
    total = total_of(sums.rows[:items])
    changes = (by_group @ change) @ sums.rows
    step = max(1, CELLS // max(1, total.shape[1]))
    values = [sums.formula(total + dense(changes[place : place + step])) for place in range(0, len(here), step)]
    return np.concatenate(values), np.asarray(change @ (sums.rows @ _slope(sums.formula, total)))


def _slope(formula: Formula, total: Floats) -> Floats:
    """The derivative of the formula by every sum, [p]; nan where there are too many of them."""
    size = total.shape[1]
    if size > LARGEST:
        return np.full(size, np.nan)
    reach = 1e-5 * np.maximum(np.abs(total[0]), np.abs(total).mean())
    step = max(1, CELLS // size)
    slope = np.zeros(size)
    for place in range(0, size, step):
        here = np.arange(place, min(size, place + step))
        shift = np.zeros((len(here), size))
        shift[here - place, here] = reach[here]
        slope[here] = (formula(total + shift) - formula(total - shift)) / (2 * reach[here])
    return slope


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
    context: dict[str, Any] = {OWN: np.arange(len(every)) < len(table)}
    if "weight" in table.context:
        context["weight"] = table.weights()[every]
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


@dataclasses.dataclass(frozen=True)
class OverAnnotators:
    """How the value spreads over samples of annotators: variance, the part of it that is noise of single items, and
    degrees of freedom; nan where it cannot be told."""

    variance: float
    noise: float
    df: float


NOBODY = OverAnnotators(np.nan, np.nan, 0)


def over_annotators(table: Judgements, function: CoefficientFunction, scale: Scale, *, seed: int) -> OverAnnotators:
    """The jackknife's variance over annotators, each left out in turn."""
    group, groups = grouped(table, seed)
    if groups < FEWEST:
        return NOBODY
    left = without_each(table, function, scale, group, groups)
    values = left.values[~np.isnan(left.values)]
    count = len(values)
    if count < max(FEWEST, groups / 2):
        return NOBODY
    variance = float((count - 1) / count * ((values - values.mean()) ** 2).sum())
    noise = 0.0 if np.isnan(left.noise) else max(0.0, (count - 1) / count * left.noise)
    return OverAnnotators(variance, noise, count - 1) if variance > TINY else NOBODY


def spread(items: Spread, people: OverAnnotators, *, both: bool) -> Spread:
    """Over annotators, or over items and annotators both.

    Both: the variance over items holds the noise of single judgements already, so of the variance over annotators only
    what exceeds it is added; degrees of freedom by Satterthwaite (1946, Biometrics Bulletin 2, 110-114). Other
    annotators on the same items cannot vary more than other annotators on other items.
    """
    if np.isnan(people.variance):
        return dataclasses.replace(items, error=np.nan)
    own = max(0.0, people.variance - people.noise)
    alike = people.variance < 2 * people.noise
    parts = np.array([items.error**2, people.variance])
    total = items.error**2 + own
    if not both and not total < people.variance:
        return Spread(items.value, people.variance**0.5, people.df, items.bounds)
    df = total**2 / float((parts**2 / np.array([items.df, people.df])).sum()) if total > 0 else items.df
    return dataclasses.replace(items, error=total**0.5, df=df, reached=items.reached if both else None, alike=alike)
