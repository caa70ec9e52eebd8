"""ambiguous: people differ more about an item than about the others.

With n answers to an item, d of them not the most frequent, and p the share of such answers in the whole table, the
p-value is P(D >= d) for D binomial of n and p. Tested are items with three answers or more. The claim under test is
that the item is as clear as the average of the table, so in a table of hard items only the hardest stand out.

*Source:* the binomial test; that people's spread tells about the item, Aroyo and Welty 2015, AI Magazine 36(1), 15-24.
"""

from __future__ import annotations

import numpy as np

from goldwork.flags import Context, Finding, Tested, flag
from goldwork.flags.bets import wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FEWEST = 3
UNSAID = "Whether the item is unclear, an edge case of the guideline, or just met careless people is not said."


@flag("ambiguous", about="item")
def ambiguous(table: Judgements, context: Context) -> Tested:
    """One finding for every item with three answers."""
    from scipy.special import bdtrc

    peers = peers_of(table, context)
    answers, most = table.per_item(), peers.leaders[1].max(axis=1)
    tested = np.flatnonzero(answers >= FEWEST)
    apart = answers - most
    usual = float(apart[tested].sum() / max(answers[tested].sum(), 1))
    values = np.where(apart[tested] > 0, bdtrc(np.maximum(apart[tested] - 1.0, 0.0), answers[tested], usual), 1.0)

    def make(n: int) -> Finding:
        return _finding(table, peers, tested[n], int(answers[tested[n]]), usual, float(values[n]))

    return Tested(values, make)


def _finding(table: Judgements, peers: Peers, item: np.intp, answers: int, usual: float, p_value: float) -> Finding:
    labels, counts, _ = (one[item] for one in peers.leaders)
    apart = answers - int(counts.max())
    low, high = wilson(apart, answers)
    given = [
        {"answer": peers.categories[code], "people": count}
        for code, count in zip(labels.tolist(), counts.tolist(), strict=True)
        if count
    ]
    return Finding(
        flag="ambiguous",
        about="item",
        subject=table.items[item],
        statistic=apart / answers,
        low=low,
        high=high,
        judgements=answers,
        sentence=(
            f"{apart} of {answers} answers to {table.items[item]} are not the most frequent one "
            f"({apart / answers:.0%}, {low:.0%} to {high:.0%}); over all items it is {usual:.0%}."
        ),
        unsaid=UNSAID,
        evidence={"most_frequent_answers": given},
        p_value=p_value,
    )
