"""position: one place on the screen is chosen too often.

Where options stand in an order drawn by lot, the place of an answer carries nothing about the item: with m options,
whoever looks chooses each place in one of m cases, however good they are. **Against that** is bet that a share b goes
to one place: P(place j) = (1 - b) / m + b, for every place and four sizes of b.

`shown` says the order: of comparisons left or right (or first, second, false, true for swapped), where the first
option stood; else a list of the options as they stood.

*Source:* a mixture of likelihood ratios against a distribution that the lot makes known, see `goldwork.flags.bets`.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, log_path, people, wilson
from goldwork.judgements import Judgements
from goldwork.judgements.shown import places

SHARES = (0.2, 0.35, 0.5, 0.8)
BY_LOT = 0.3
"""Orders count as drawn by lot where none stands in more than 1 - BY_LOT / 2 of the rows."""
UNSAID = "A small lean towards what stands first is human. What the person would have answered otherwise is not said."


@flag("position", about="annotator")
def position(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 answers whose place is known. Needs `shown`, drawn by lot."""
    column = table.context.get("shown")
    if column is None:
        raise NotAskedError("the column shown is needed, which says in which order the options stood.")
    at, options = places(table.labels().tolist(), column.tolist())
    if not (at >= 0).any():
        raise NotAskedError("the column shown holds neither sides nor lists of the options.")
    _by_lot(column.tolist())
    ordered, found = in_time(table), []
    for code, rows in people(table):
        mine = rows[at[rows] >= 0]
        if len(mine) >= LEAST:
            value = largest(_path(at[mine], options[mine], ordered=ordered))
            found.append((value, partial(_finding, table, code, mine, at[mine], options[mine], value)))
    return Tested.of(found)


def _path(place: Rows, options: Rows, *, ordered: bool) -> Floats:
    """The path of one person's bets."""
    most = int(options.max())
    at = place == np.arange(most)[:, None]
    there = options > np.arange(most)[:, None]
    base = 1 / options
    bets: list[Floats] = [
        np.where(there[j], (1 - share) * base + share * at[j], base) for j in range(most) for share in SHARES
    ]
    return log_path(np.log(np.stack(bets)), np.log(base)[None], ordered=ordered)


def _finding(table: Judgements, code: int, rows: Rows, place: Rows, options: Rows, value: float) -> Finding:
    across = np.arange(int(options.max()))[:, None]
    at, there, base = place == across, options > across, 1 / options
    expected = (there * base).sum(axis=1) / len(rows)
    liked = int(np.argmax(at.mean(axis=1) - expected))
    hits, share = int(at[liked].sum()), float(at[liked].mean())
    low, high = wilson(hits, len(rows))
    name = table.annotators[code]
    return Finding(
        flag="position",
        about="annotator",
        subject=name,
        statistic=share - float(expected[liked]),
        low=low - float(expected[liked]),
        high=high - float(expected[liked]),
        judgements=len(rows),
        sentence=(
            f"{name} chooses what stands at place {liked + 1} in {share:.0%} of the cases ({low:.0%} to {high:.0%}); "
            f"drawn by lot, it would be {expected[liked]:.0%}."
        ),
        unsaid=UNSAID,
        evidence={
            "place": liked + 1,
            "chosen_there": hits,
            "items": table.items[table.item[rows[at[liked]]]][:10].tolist(),
        },
        e_value=value,
    )


def _by_lot(shown: list[Any]) -> None:
    """Raise NotAskedError where one order stands in nearly all rows: that is no lot, and place and answer are one."""
    counts = Counter(map(str, shown))
    if max(counts.values()) > (1 - BY_LOT / 2) * len(shown):
        raise NotAskedError("the options nearly always stand in one order, so that place and answer are one.")
