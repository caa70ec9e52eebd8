"""Item by item: each group's soft label, and where it differs from the others'.

The unit is the person: everybody counts once on an item. A soft label is the share of a group's people who say a class,
with Wilson's interval: an estimate for people like them. A difference has Newcombe's interval and the exact test of all
permutations of people between group and others (Fisher); means have Welch's. Nothing is assumed of items, and the
people of an item are independent of each other, so that effects of persons only widen.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.bias.intervals import fisher, newcombe, welch, wilson
from goldwork.bias.outcomes import Outcome
from goldwork.bias.privacy import LEAST_TESTED, shown, tells
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]


@dataclasses.dataclass(frozen=True, eq=False)
class ItemRows:
    """One row for each item, group that is shown there, and outcome.

    - `item`, `group`, `outcome` [rows]: codes into `items`, and those of groups and outcomes that were given
    - `annotators` of the group, and what they say: `share` (or mean) from `low` to `high`
    - `others`: how many, `others_share` what they say, `difference` from `difference_low` to `difference_high`; nan
      where there are no others to be shown
    - `p_value`: nan where it was not tested; two groups are tested once, as the first of them
    """

    items: npt.NDArray[Any]
    item: Codes
    group: Codes
    outcome: Codes
    annotators: Codes
    share: Floats
    low: Floats
    high: Floats
    others: Codes
    others_share: Floats
    difference: Floats
    difference_low: Floats
    difference_high: Floats
    p_value: Floats

    def __len__(self) -> int:
        return len(self.item)

    def at_least(self) -> Floats:
        """[rows]: how large the difference is at least, by its interval: 0 where that holds 0."""
        least = np.maximum(self.difference_low, -self.difference_high)
        return np.asarray(np.nan_to_num(np.maximum(least, 0.0)))


def item_rows(
    table: Judgements, group: Codes, groups: int, seen: npt.NDArray[np.bool_], made: list[Outcome], *, discreet: bool
) -> ItemRows:
    """Everything that may be shown, item by item.

    `group` [annotators] is -1 where it was not said; groups that are not `seen` are never shown. `discreet` leaves out
    items where the figures tell somebody's group to whoever knows who gave which answer.
    """
    of = np.where(group >= 0, group, groups)[table.annotator]
    cell = table.item.astype(np.int64) * (groups + 1) + of
    shape = (len(table.items), groups + 1)
    sizes = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    # groups that are never shown count as people who did not say
    visible = shown(sizes[:, :groups] * seen, sizes[:, groups] + sizes[:, :groups] @ ~seen)
    kept = np.flatnonzero(visible.any(axis=1))
    sums = np.stack([np.bincount(cell, one.values, shape[0] * shape[1]).reshape(shape)[kept] for one in made], axis=2)
    squares = np.stack(
        [np.bincount(cell, one.values**2, shape[0] * shape[1]).reshape(shape)[kept] for one in made], axis=2
    )
    sizes, visible = sizes[kept], visible[kept]
    if discreet and len(kept):
        shares = np.flatnonzero([one.kind == "share" for one in made])
        counted = np.where(visible[:, :, None], sums[:, :groups][:, :, shares], -1)
        fine = ~tells(counted, sums[:, :, shares].sum(axis=1))
        sizes, visible, sums, squares, kept = sizes[fine], visible[fine], sums[fine], squares[fine], kept[fine]
    return _rows(table.items[kept], sizes, visible, sums, squares, made)


def _rows(
    items: npt.NDArray[Any], sizes: Codes, visible: npt.NDArray[np.bool_], sums: npt.NDArray[Any],
    squares: npt.NDArray[Any], made: list[Outcome],
) -> ItemRows:  # fmt: skip
    """Sums [items, groups + 1, outcomes] as rows."""
    item, group = np.nonzero(visible)
    n, hits, square = sizes[item, group], sums[item, group], squares[item, group]
    # the others: all groups shown there; where that is one alone, everybody else
    several = visible.sum(axis=1) > 1
    inside = np.where(several[:, None], np.c_[visible, np.zeros(len(visible), bool)], True)
    pool = (sizes * inside).sum(axis=1), *((one * inside[:, :, None]).sum(axis=1) for one in (sums, squares))
    m, said, others_square = pool[0][item] - n, pool[1][item] - hits, pool[2][item] - square
    tested = (n >= LEAST_TESTED) & (m >= LEAST_TESTED)
    # two groups that are held against each other: the second one's test would be the first one's again
    first = np.r_[True, item[1:] != item[:-1]] if len(item) else np.zeros(0, bool)
    twice = (visible.sum(axis=1) == 2)[item] & ~first
    columns = [
        _columns(one, n, hits[:, k], square[:, k], m, said[:, k], others_square[:, k], tested & ~twice)
        for k, one in enumerate(made)
    ]
    count = len(made)
    stacked = {name: np.stack([one[name] for one in columns], axis=1).ravel() for name in columns[0]}
    return ItemRows(
        items=items,
        item=np.repeat(item, count),
        group=np.repeat(group, count),
        outcome=np.tile(np.arange(count), len(item)),
        annotators=np.repeat(n, count),
        others=np.repeat(m, count),
        **stacked,
    )


def _columns(
    outcome: Outcome, n: Codes, hits: Floats, square: Floats, m: Codes, said: Floats, others: Floats,
    tested: npt.NDArray[np.bool_],
) -> dict[str, Floats]:  # fmt: skip
    """What stands in the rows of one outcome."""
    there = np.maximum(m, 1)
    share, other = hits / n, np.where(m > 0, said / there, np.nan)
    p_value = np.full(len(n), np.nan)
    if outcome.kind == "share":
        low, high = wilson(share, n)
        down, up = newcombe(share, n, np.nan_to_num(other), there)
        counts = (np.rint(one[tested]).astype(np.int64) for one in (hits, n, said, m))
        p_value[tested] = fisher(*counts)
    else:
        spread = np.maximum(square - n * share**2, 0) / np.maximum(n - 1, 1)
        rest = np.maximum(others - there * np.nan_to_num(other) ** 2, 0) / np.maximum(m - 1, 1)
        low, high = _student(share, spread, n)
        down, up, tests = welch(share - other, spread, n, rest, there)
        p_value[tested] = tests[tested]
    alone = m == 0
    return {
        "share": share,
        "low": low,
        "high": high,
        "others_share": other,
        "difference": share - other,
        "difference_low": np.where(alone, np.nan, down),
        "difference_high": np.where(alone, np.nan, up),
        "p_value": p_value,
    }


def _student(mean: Floats, variance: Floats, n: Codes) -> tuple[Floats, Floats]:
    """Student's 95 % interval of means; nan where nothing varies."""
    from scipy.special import stdtrit

    error = np.sqrt(np.where(variance > 0, variance, np.nan) / n)
    half = stdtrit(np.maximum(n - 1, 1), 0.975) * error
    return mean - half, mean + half
