"""confused: answers to one class fall on another more often than errors by chance would.

An item's reference is its gold, else what most others say of it (each person's own answer left out). Of the answers
that differ from a reference t, those by chance fall on the other classes in proportion to how often these are given at
all: c(t, l) = pi(l) / (1 - pi(t)). For items i of reference t with d_i differing answers, d_i(l) of them l, the
statistic is

    z = sum_i (d_i(l) - d_i c(t, l)) / sqrt(sum_i (d_i(l) - d_i c(t, l))^2)

with the items as units, since errors on one item are not independent; its p-value is that of the standard normal
above. Tested are pairs with five differing answers on five items.

*Source:* a score test with a variance by clusters, Liang and Zeger 1986, Biometrika 73, 13-22.
"""

from __future__ import annotations

import numpy as np

from goldwork.flags import Context, Finding, flag
from goldwork.flags.bets import Rows, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FEWEST = 5
UNSAID = "Whether the guideline is unclear, or one class is hard to tell from the other, is not said: see the items."


@flag("confused", about="class")
def confused(table: Judgements, context: Context) -> list[Finding]:
    """One finding for every ordered pair of classes with five differing answers on five items."""
    peers = peers_of(table, context)
    differs = np.flatnonzero((peers.reference >= 0) & (peers.reference != peers.codes))
    found = []
    for true in np.unique(peers.reference[differs]).tolist():
        rows = differs[peers.reference[differs] == true]
        for said in np.unique(peers.codes[rows]).tolist():
            units = np.unique(table.item[rows[peers.codes[rows] == said]])
            if len(units) >= FEWEST:
                found.append(_finding(table, peers, true, said, rows))
    return found


def _finding(table: Judgements, peers: Peers, true: int, said: int, rows: Rows) -> Finding:
    from scipy.special import ndtr

    chance = float(peers.prior[said] / (1 - peers.prior[true]))
    hit = peers.codes[rows] == said
    items, place = np.unique(table.item[rows], return_inverse=True)
    apart = np.bincount(place, hit - chance)
    z = float(apart.sum() / np.sqrt(max(float((apart**2).sum()), 1e-12)))
    low, high = wilson(int(hit.sum()), len(rows))
    share = float(hit.mean())
    counts = np.bincount(place, hit)
    order = np.lexsort((items, -counts))[:10]
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
            "items": [{"item": table.items[items[n]], "answers": int(counts[n])} for n in order.tolist() if counts[n]],
        },
        p_value=float(ndtr(-z)),
    )
