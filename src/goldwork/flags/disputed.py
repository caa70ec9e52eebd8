"""disputed: people agree on another answer to a gold item than gold has.

With n answers to a gold item of class g, m of them the same other class l, and p(g, l) how often people answer l to
gold of class g at other gold items (one is added to each class, so that nothing is impossible), the p-value is P(M >=
m) for M binomial of n and p(g, l), times the number of other classes.

*Source:* the binomial test with Bonferroni's correction over classes; labels whose probability is low as errors of the
labels, Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70, 1373-1411.
"""

from __future__ import annotations

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FEWEST = 3
UNSAID = (
    "Who is right is not said. Gold that most people contradict is an edge case or an error; look before it counts."
)


@flag("disputed", about="item")
def disputed(table: Judgements, context: Context) -> list[Finding]:
    """One finding for every gold item with three answers. Needs gold."""
    peers = peers_of(table, context)
    if not (peers.gold >= 0).any():
        raise NotAskedError("gold is needed: known answers that people can contradict.")
    answers = table.per_item()
    confusion = _confusion(peers)
    tested = np.flatnonzero((peers.gold >= 0) & (answers >= FEWEST))
    return [_finding(table, peers, confusion, item, int(answers[item])) for item in tested.tolist()]


def _finding(
    table: Judgements, peers: Peers, confusion: dict[tuple[int, int], int], item: int, answers: int
) -> Finding:
    from scipy.special import bdtrc

    gold, k = int(peers.gold[item]), len(peers.categories)
    labels, counts, _ = (one[item] for one in peers.leaders)
    others = [(int(n), int(code)) for code, n in zip(labels, counts, strict=True) if n and code != gold]
    rival, code = max(others, default=(0, gold))
    own = int(counts[labels == gold].sum())
    elsewhere = sum(confusion.get((gold, other), 0) for other in range(k)) - answers
    share = (confusion.get((gold, code), 0) - rival + 1) / (elsewhere + k)
    p_value = min(1.0, float(bdtrc(rival - 1, answers, share)) * max(k - 1, 1)) if rival else 1.0
    low, high = wilson(rival, answers)
    name = table.items[item]
    said = f"{peers.name(code)}" if rival else "another answer"
    return Finding(
        flag="disputed",
        about="item",
        subject=name,
        statistic=rival / answers,
        low=low,
        high=high,
        judgements=answers,
        sentence=(
            f"{rival} of {answers} people answer {said} to {name} ({rival / answers:.0%}, {low:.0%} to {high:.0%}), "
            f"whose gold is {peers.name(gold)}; elsewhere {share:.0%} of the answers to that gold are this one."
        ),
        unsaid=UNSAID,
        evidence={"gold": peers.categories[gold], "for_gold": own, "against": peers.categories[code], "people": rival},
        p_value=p_value,
    )


def _confusion(peers: Peers) -> dict[tuple[int, int], int]:
    """How often gold of one class was answered by another."""
    gold = peers.gold[peers.table.item]
    known = gold >= 0
    pairs, counts = np.unique(np.stack([gold[known], peers.codes[known]]), axis=1, return_counts=True)
    return {(int(g), int(a)): int(n) for (g, a), n in zip(pairs.T, counts, strict=True)}
