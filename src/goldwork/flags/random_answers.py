"""random: the answers do not hang on the item.

**Honest** is whoever answers, in at least six of ten cases (five with two classes, where half of all guesses are
right), as others' answers let one expect, and else by habit; or keeps as often to a rule of their own, such as giving b
wherever others give a. **Against that** is bet that answers
come from habit alone (whatever it is), or from a fair die. With q others' expectation, m the person's habit so far, g
what the rule gives and K classes,

    E = (.3 prod m + .7 prod 1/K) / max(prod (1 - r) q + r m for r up to R, prod (1 - R) [l = g] + R m), R = .4 or .5

*Source:* universal inference, see `goldwork.flags.bets`; the random worker of Vuurens, de Vries and Eickhoff 2011,
SIGIR workshop on crowdsourcing for information retrieval.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from goldwork.flags import Context, Finding, Tested, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, log_path, own_habit, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

GUESSED = 0.4
"""The share of answers from habit that honest people may have, but 1 / K where that is more."""
SHARES = 6
HABIT, DIE = 0.3, 0.7
"""The shares of the money on habit and on a fair die."""
UNSAID = (
    "Somebody with a rule of their own, or on items nobody agrees about, can look like this. Whether the answers are "
    "wrong is for gold to say."
)


@flag("random", about="annotator")
def random_answers(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 answers that others or gold can be held against."""
    peers, ordered = peers_of(table, context), in_time(table)
    found = []
    for code, rows in people(table):
        mine = rows[peers.others[rows] > 0]
        if len(mine) >= LEAST:
            value = largest(_path(peers, mine, ordered=ordered))
            found.append((value, partial(_finding, peers, code, mine, value)))
    return Tested.of(found)


def _path(peers: Peers, rows: Rows, *, ordered: bool) -> Floats:
    """The path of one person's bets."""
    said, k = peers.codes[rows], len(peers.categories)
    habit, expected = own_habit(said, k), peers.chosen[rows]
    against = np.log(np.stack([habit, np.full(len(rows), 1 / k)]))
    honest = [np.log((1 - share) * expected + share * habit) for share in guessed(k)]
    rule = np.log(own_rule(peers, rows, habit))
    return log_path(against, np.stack([*honest, rule]), ordered=ordered, weights=np.array([HABIT, DIE]))


def _finding(peers: Peers, code: int, rows: Rows, value: float) -> Finding:
    table, said = peers.table, peers.codes[rows]
    habit = own_habit(said, len(peers.categories))
    clear = peers.reference[rows] >= 0
    hits, trials = int((peers.reference[rows] == said)[clear].sum()), int(clear.sum())
    chance = float(habit[clear].mean()) if trials else 0.0
    low, high = wilson(hits, trials)
    share = hits / max(trials, 1)
    name = table.annotators[code]
    return Finding(
        flag="random",
        about="annotator",
        subject=name,
        statistic=share,
        low=low,
        high=high,
        judgements=len(rows),
        sentence=(
            f"{name}'s answers are those of most others or of gold in {share:.0%} of {trials} cases ({low:.0%} to "
            f"{high:.0%}); habit alone would give about {chance:.0%}."
        ),
        unsaid=UNSAID,
        evidence={"furthest_from_others": furthest(table, peers, rows)},
        e_value=value,
    )


def guessed(classes: int) -> Floats:
    """The shares of answers from habit that honest people may have, the largest last."""
    return np.linspace(0.0, max(GUESSED, 1 / classes), SHARES)


def own_rule(peers: Peers, rows: Rows, habit: Floats) -> Floats:
    """[rows]: how probable each answer was by a rule of the person's own, kept to as often as honest people do.

    The rule gives what the person has given most often so far to items that others see alike; at first, what they see.
    """
    k, said, seen = len(peers.categories), peers.codes[rows], peers.reference[rows]
    kept = np.empty(len(rows))
    for other in np.unique(seen).tolist():
        here = seen == other
        given = np.eye(k)[said[here]]
        before = np.cumsum(given, axis=0) - given
        if other >= 0:
            before[:, other] += 1.5
        kept[here] = before.argmax(axis=1) == said[here]
    most = guessed(k)[-1]
    return np.asarray((1 - most) * kept + most * habit)


def furthest(table: Judgements, peers: Peers, rows: Rows, most: int = 10) -> list[dict[str, object]]:
    """The answers that others let one expect least."""
    kept = rows[np.lexsort((rows, peers.chosen[rows]))][:most]
    return [
        {
            "item": table.items[table.item[row]],
            "answer": peers.categories[peers.codes[row]],
            "others": peers.categories[peers.reference[row]] if peers.reference[row] >= 0 else None,
            "expected": round(float(peers.chosen[row]), 4),
        }
        for row in kept.tolist()
    ]
