"""Adaptive overlap: more judgements where the first ones differed, and the figure over all of them leans high.

If two annotators are asked and a third only where they differ, an item on which they agree keeps its full agreement,
and an item on which they do not gets new chances. The first m judgements of each item, m being what every item was
asked for whatever was said, are free of that: agreement over them is what it would have been without further ones.

Whether it happened is tested: under independence of the number of judgements from what the first m say, the correlation
r of the two over N items has mean 0 and variance 1 / (N - 1) in permutations (Pitman 1937, Supplement to the Journal of
the Royal Statistical Society 4, 225-232), so r sqrt(N - 1) is nearly normal.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import pair_agreement
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import moments

Floats = npt.NDArray[np.float64]
Overlap = Literal["auto", "all", "first"]

OVERLAPS = get_args(Overlap)
SIGNIFICANT = 2.576
"""Standard errors: a level of one in a hundred."""
FEWEST = 10
"""Items below which nothing is tested."""


@dataclasses.dataclass(frozen=True)
class Counting:
    """Which judgements count: the table with them, `how` in words ("all", "first 2", "slice"), what to warn of."""

    table: Judgements
    how: str
    warnings: tuple[str, ...] = ()


def counting(table: Judgements, overlap: Overlap, chosen: Iterable[Any] | None) -> Counting:
    """Which judgements of a table of items judged at least twice count.

    `chosen`: items of a slice in which everybody was asked whatever was said; all judgements of those count. Raises
    InputError for an unknown overlap, for a slice without any item of the table, and for `first` without times.
    """
    if overlap not in OVERLAPS:
        raise InputError(f"overlap must be one of {', '.join(OVERLAPS)}. Got {overlap!r}.")
    if chosen is not None:
        return Counting(_only(table, chosen), "slice")
    judged = table.per_item()
    if overlap == "all" or not len(table):
        return Counting(table, "all")
    fewest = int(judged.min())
    times = _times(table)
    if overlap == "first":
        if times is None:
            raise InputError(
                "overlap='first' needs to know which came first: a time (submitted_at) of every judgement."
            )
        return Counting(_first(table, times, fewest), f"first {fewest}")
    if fewest == judged.max() or len(table.items) < FEWEST:
        return Counting(table, "all")
    early = table if times is None else _first(table, times, fewest)
    lean = _dependence(disagreement(early), judged)
    if abs(lean) < SIGNIFICANT:
        return Counting(table, "all")
    high = "high" if lean > 0 else "low"
    often = "differed" if lean > 0 else "agreed"
    if times is None:
        said = (
            f"Items on which judgements {'differ' if lean > 0 else 'agree'} have more of them. If more were asked for "
            f"because the first ones {often}, the figure leans {high}: submitted_at would tell and mend it, or slice= "
            "with items that were judged equally often whatever was said."
        )
        return Counting(table, "all", (said,))
    said = (
        f"Items got more judgements where the first {fewest} {often}, so that agreement over all of them leans {high}: "
        f"only the first {fewest} of each item count."
    )
    return Counting(early, f"first {fewest}", (said,))


def disagreement(table: Judgements) -> Floats:
    """How far the judgements of each item differ, [items]: variance of numbers, else the share of unequal pairs."""
    if table.categories is None and table.value.dtype != object:
        judged = table.per_item()
        mean, square = (np.bincount(table.item, v, len(table.items)) / judged for v in (table.value, table.value**2))
        return np.asarray(square - mean**2)
    return 1 - pair_agreement(dataclasses.replace(table, context={}), None)


def _dependence(differ: Floats, judged: npt.NDArray[np.int64]) -> float:
    """The correlation of disagreement and number of judgements in standard errors."""
    x, y = differ - differ.mean(), judged - judged.mean()
    spread = math.sqrt(float((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / spread * math.sqrt(len(x) - 1) if spread > 0 else 0.0


def _times(table: Judgements) -> Floats | None:
    """When each judgement was made; None where that is not known of all."""
    if "submitted_at" not in table.context:
        return None
    column = table.context["submitted_at"]
    times = moments(column if column.dtype != object else column.tolist(), "")
    return None if np.isnan(times).any() else times


def _first(table: Judgements, times: Floats, count: int) -> Judgements:
    """The first `count` judgements of each item."""
    order = np.lexsort((times, table.item))
    start = np.searchsorted(table.item, np.arange(len(table.items)))
    early = order[np.arange(len(order)) - start[table.item] < count]
    return table.take(np.sort(early)).compact()


def _only(table: Judgements, chosen: Iterable[Any]) -> Judgements:
    """The judgements of the items of a slice."""
    wanted = set(chosen)
    inside = np.array([item in wanted for item in table.items.tolist()], bool)
    if len(table) and not inside.any():
        example = next(iter(wanted), None)
        raise InputError(f"the slice has no item that was judged twice: {example!r}, where items are called "
                         f"{table.items[0]!r}.")  # fmt: skip
    return table.take(inside[table.item]).compact() if len(table) else table
