"""confused: answers to one class fall on another more often than errors by chance would.

An item's reference is its gold, else what most others say of it (each person's own answer left out). Of the answers
that differ from a reference t, those by chance fall on the other classes in proportion to how often these are given at
all: c(t, l) = pi(l) / (1 - pi(t)). For items i of reference t with d_i differing answers, d_i(l) of them l, the
statistic is

    z = sum_i (d_i(l) - d_i c(t, l)) / sqrt(sum_i (d_i(l) - d_i c(t, l))^2)

with the items as units, since errors on one item are not independent; its p-value is that of the standard normal
above. Tested are pairs with five differing answers on five items. Where items have texts, the confused ones are shown
in lots of like content, with the words that tell these from the other items of the class (`goldwork.flags.content`).

*Source:* a score test with a variance by clusters, Liang and Zeger 1986, Biometrika 73, 13-22.
"""

from __future__ import annotations

import dataclasses
from textwrap import shorten
from typing import Any

import numpy as np

from goldwork.flags import Context, Finding, Tested, flag
from goldwork.flags.bets import Floats, Rows, wilson
from goldwork.flags.content import MOST, lots, text_of
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FEWEST = 5
OTHERS = 1000
"""How many items of the class that are not confused are compared with."""
EXAMPLES, SHOWN = 3, 200
UNSAID = "Whether the guideline is unclear, or one class is hard to tell from the other, is not said: see the items."


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Answers `said` where gold or most others say `true`, among the `rows` that differ from it."""

    true: int
    said: int
    rows: Rows

    def by_item(self, peers: Peers) -> tuple[Rows, Floats]:
        """The items of these rows, and how many more than by chance are `said`."""
        items, place = np.unique(peers.table.item[self.rows], return_inverse=True)
        hit = peers.codes[self.rows] == self.said
        return items.astype(np.intp), np.bincount(place, hit - self.chance(peers)).astype(np.float64)

    def chance(self, peers: Peers) -> float:
        """The share of differing answers that would be `said` by chance."""
        return float(peers.prior[self.said] / (1 - peers.prior[self.true]))

    def p_value(self, peers: Peers) -> float:
        """See above."""
        from scipy.special import ndtr

        _, apart = self.by_item(peers)
        return float(ndtr(-apart.sum() / np.sqrt(max(float((apart**2).sum()), 1e-12))))


@flag("confused", about="class")
def confused(table: Judgements, context: Context) -> Tested:
    """One finding for every ordered pair of classes with five differing answers on five items."""
    peers = peers_of(table, context)
    differs = np.flatnonzero((peers.reference >= 0) & (peers.reference != peers.codes))
    of = {true: differs[peers.reference[differs] == true] for true in np.unique(peers.reference[differs]).tolist()}
    pairs = [
        Pair(true, said, rows)
        for true, rows in of.items()
        for said in np.unique(peers.codes[rows]).tolist()
        if len(np.unique(table.item[rows[peers.codes[rows] == said]])) >= FEWEST
    ]
    values = np.array([pair.p_value(peers) for pair in pairs])
    return Tested(values, lambda n: _finding(peers, context, pairs[n], float(values[n])))


def _finding(peers: Peers, context: Context, pair: Pair, p_value: float) -> Finding:
    table, true, said, rows, chance = peers.table, pair.true, pair.said, pair.rows, pair.chance(peers)
    hit = peers.codes[rows] == said
    items, apart = pair.by_item(peers)
    counts = np.rint(apart + chance * np.bincount(np.searchsorted(items, table.item[rows]))).astype(np.int64)
    low, high = wilson(int(hit.sum()), len(rows))
    share = float(hit.mean())
    order = np.lexsort((items, -counts))
    order = order[counts[order] > 0]
    return Finding(
        flag="confused",
        about="class",
        subject=f"{peers.categories[true]} -> {peers.categories[said]}",
        statistic=share - chance,
        low=low - chance,
        high=high - chance,
        judgements=len(rows),
        sentence=(
            f"Of {len(rows)} answers that differ where gold or most others say {peers.name(true)}, {share:.0%} "
            f"({low:.0%} to {high:.0%}) are {peers.name(said)}; by chance it would be {chance:.0%}."
        ),
        unsaid=UNSAID,
        evidence={
            "others_say": peers.categories[true],
            "answered": peers.categories[said],
            "items": [{"item": table.items[items[n]], "answers": int(counts[n])} for n in order[:10].tolist()],
            "content": _content(peers, context, true, items[order]),
        },
        p_value=p_value,
    )


def _content(peers: Peers, context: Context, true: int, confused: Rows) -> list[dict[str, Any]]:
    """The confused items by content; nothing where they have no texts."""
    if context.items is None:
        return []
    names = peers.table.items
    confused = confused[:MOST]
    same = np.unique(peers.table.item[peers.reference == true])
    others = sorted(text_of(context.items, names[item]) for item in np.setdiff1d(same, confused).tolist())
    others = others[:: max(1, len(others) // OTHERS)]
    # In the order of the texts, so that nothing hangs on names.
    texts = sorted(
        (text, str(names[item]), item) for item in confused.tolist() if (text := text_of(context.items, names[item]))
    )
    return [
        {
            "words": list(lot.words),
            "items": len(lot.texts),
            "examples": [
                {"item": names[texts[place][2]], "text": shorten(texts[place][0], SHOWN)}
                for place in lot.texts[:EXAMPLES]
            ],
        }
        for lot in (lots([text for text, _, _ in texts], others) if texts else [])
    ]
