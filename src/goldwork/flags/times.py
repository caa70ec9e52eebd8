"""How fast an answer came, beside what its item, its place in the person's work and the person let one expect.

    log seconds = a + b log(length) + c log(place) + item + person + rest

with the length of the item's texts where the items are given, the place among the person's answers where times are,
and what others took on the same item beyond that (shrunk by n / (n + 2)). Log-normal times as in van der Linden 2006,
Journal of Educational and Behavioral Statistics 31, 181-204; the line is fitted twice, the second time to the 95 %
that lie nearest, and the spread is 1.4826 times the median distance from each person's own median.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from goldwork.flags import Context, NotAskedError
from goldwork.flags.bets import Floats, in_time, people
from goldwork.judgements import Judgements

QUICKEST = 0.05
"""Seconds below which times are taken as this."""


@dataclasses.dataclass(frozen=True, eq=False)
class Times:
    """[n] each, in spreads; nan where no time is known: `slow` beside everybody, `own` beside the person's median;
    `beyond_length` as `own`, but without what others took on the item. `spread` is one spread, in log seconds.
    """

    slow: Floats
    own: Floats
    seconds: Floats
    expected: Floats
    beyond_length: Floats
    spread: float


def times_of(table: Judgements, context: Context) -> Times:
    """Raises NotAskedError without the column seconds."""
    known: tuple[Judgements, Times] | None = context.shared.get("times")
    if known is None or known[0] is not table:
        known = context.shared["times"] = (table, _fit(table, context))
    return known[1]


def _fit(table: Judgements, context: Context) -> Times:
    column = table.context.get("seconds")
    if column is None or np.isnan(column.astype(np.float64)).all():
        raise NotAskedError("the column seconds is needed, which says how long each answer took.")
    seconds = column.astype(np.float64)
    logs = np.log(np.maximum(seconds, QUICKEST))
    known = ~np.isnan(logs)
    line = _line(_columns(table, context), logs, known)
    rest = logs - line
    plain = rest - _middle(table, rest)[table.annotator]
    line = line + _item_effect(table, plain, known)
    rest = logs - line
    middle = _middle(table, rest)
    own = rest - middle[table.annotator]
    spread = max(1.4826 * float(np.nanmedian(np.abs(own))), 0.05)
    typical = float(np.nanmedian(middle))
    return Times((rest - typical) / spread, own / spread, seconds, np.exp(line + typical), plain / spread, spread)


def _middle(table: Judgements, rest: Floats) -> Floats:
    """[annotators]: each person's median; nan where no time is known."""
    found = np.full(len(table.annotators), np.nan)
    for code, rows in people(table):
        if not np.isnan(rest[rows]).all():
            found[code] = np.nanmedian(rest[rows])
    return found


def _columns(table: Judgements, context: Context) -> Floats:
    """[n, c]: 1, the logarithm of the item's length, of the place in the person's work; those that vary."""
    columns = [np.ones(len(table))]
    if context.items is not None:
        sizes = np.array([_length(context.items, item) for item in table.items.tolist()], np.float64)
        columns.append(np.log1p(sizes)[table.item])
    if in_time(table):
        place = np.empty(len(table))
        for _, rows in people(table):
            place[rows] = np.arange(len(rows))
        columns.append(np.log1p(place))
    return np.stack([column for n, column in enumerate(columns) if n == 0 or np.ptp(column) > 0], axis=1)


def _length(items: Any, item: Any) -> int:
    return sum(len(value) for value in items.payload(item).values() if isinstance(value, str)) if item in items else 0


def _line(columns: Floats, logs: Floats, known: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    kept = known
    line = np.zeros(len(logs))
    for _ in range(2):
        line = columns @ np.linalg.lstsq(columns[kept], logs[kept], rcond=None)[0]
        distance = np.abs(logs - line)
        kept = known & (distance <= np.quantile(distance[known], 0.95))
    return np.asarray(line)


def _item_effect(table: Judgements, rest: Floats, known: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    """[n]: what others took on the row's item beyond the line, each at most 2 from it, shrunk."""
    clipped = np.where(known, np.clip(rest, -2, 2), 0.0)
    total = np.bincount(table.item, clipped, len(table.items))[table.item] - clipped
    others = np.bincount(table.item, known, len(table.items))[table.item] - known
    return np.asarray(total / (others + 2))
