"""between-groups: an item that one group of people answers otherwise than the others.

Groups are an optional attribute of annotators, given with their consent; who has none does not count. People are the
units: each counts once an item. On an item with at least ten people in each of two or more groups, of N people, M of
them answering l, a group of n has m who do; where group and answer have nothing to do with each other, m is
hypergeometric. The p-value is the smallest P(M >= m) over groups and answers, times their number. Nothing is tested,
and nothing shown, about a group with fewer than ten people on the item.

*Source:* the exact test, Fisher 1934, Statistical Methods for Research Workers, section 21.02, with Bonferroni's
correction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import wilson
from goldwork.judgements import Judgements

PEOPLE = 10
"""No test with fewer annotators in a group."""
SHOWN = 5
UNSAID = (
    "Neither group is wrong for it: where people differ by who they are, that is what the data says. Nothing is said "
    "about any one person, nor about why."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """The people of one item who are in a tested group of `attribute`: `group` and `answer` of each, as codes."""

    name: Any
    attribute: str
    group: npt.NDArray[np.integer]
    answer: npt.NDArray[np.integer]


@flag("between-groups", about="item", needs="groups")
def between_groups(table: Judgements, context: Context) -> list[Finding]:
    """One finding for every attribute and item with ten people in each of two groups. Needs groups."""
    if not any(context.groups.values()):
        raise NotAskedError("groups of annotators are needed, which people may give or refuse.")
    found = [one for attribute in context.groups for one in _of_attribute(table, attribute, context.groups[attribute])]
    if not found:
        raise NotAskedError(f"no item has {PEOPLE} people in each of two groups.")
    return found


def _of_attribute(table: Judgements, attribute: str, given: Mapping[Any, Any]) -> list[Finding]:
    said = [given.get(name) for name in table.annotators.tolist()]
    names = sorted({str(one) for one in said if one is not None})
    place = {name: code for code, name in enumerate(names)}
    group = np.array([-1 if one is None else place[str(one)] for one in said], np.intp)
    codes, categories = table.coded()
    known = np.flatnonzero((group[table.annotator] >= 0) & (table.repeat == 0))
    bounds = np.searchsorted(table.item[known], np.arange(len(table.items) + 1))
    found = []
    for item in np.flatnonzero(np.diff(bounds) >= 2 * PEOPLE).tolist():
        rows = known[bounds[item] : bounds[item + 1]]
        mine = group[table.annotator[rows]]
        enough = np.flatnonzero(np.bincount(mine, minlength=len(names)) >= PEOPLE)
        kept = np.isin(mine, enough)
        if len(enough) > 1:
            one = Item(table.items[item], attribute, mine[kept], codes[rows[kept]])
            found.append(_finding(one, names, categories))
    return found


def _finding(item: Item, names: list[str], categories: npt.NDArray[np.object_]) -> Finding:
    from scipy.stats import hypergeom

    groups, answers = np.unique(item.group), np.unique(item.answer)
    counts = (item.group[:, None] == groups).T.astype(np.int64) @ (item.answer[:, None] == answers)
    sizes, given, everybody = counts.sum(axis=1), counts.sum(axis=0), len(item.group)
    values = hypergeom.sf(counts - 1, everybody, given[None, :], sizes[:, None])
    g, a = np.unravel_index(int(np.argmin(values)), values.shape)
    tests = 2 if values.shape == (2, 2) else values.size  # of two by two, the other two say the same
    hits, size = int(counts[g, a]), int(sizes[g])
    other, others = int(given[a]) - hits, everybody - size
    share, elsewhere = hits / size, other / others
    low, high = wilson(hits, size)
    shown = np.argsort(-given, kind="stable")[:SHOWN]
    return Finding(
        flag="between-groups",
        about="item",
        subject=item.name,
        statistic=share - elsewhere,
        low=low - elsewhere,
        high=high - elsewhere,
        judgements=everybody,
        sentence=(
            f"{share:.0%} ({low:.0%} to {high:.0%}) of {size} people of {item.attribute} {names[groups[g]]!r} answer "
            f"{categories[answers[a]]!r} to {item.name}, and {elsewhere:.0%} of {others} others."
        ),
        unsaid=UNSAID,
        evidence={
            "attribute": item.attribute,
            "groups": {
                names[code]: {
                    "people": int(sizes[n]),
                    "answers": [
                        {"answer": categories[answers[one]], "people": int(counts[n, one])} for one in shown.tolist()
                    ],
                }
                for n, code in enumerate(groups.tolist())
            },
        },
        p_value=min(1.0, float(values[g, a]) * tests),
    )
