"""skew: one class is given too often, beside what others' answers to the same items let one expect.

**Honest** is whoever answers as others let one expect, with any share of errors that fall on all classes alike, and at
most one answer in ten drawn to the class; or keeps to a rule of their own (see `random`) that knows two classes.
**Against that** is bet that a share p of .45 goes to class c whatever the item, beside more errors or none:
P(l) = (1 - p) q'(l) + p [l = c]. The bets on the classes share the money equally; those on the three that the person
gives most are followed, the others counted as lost.

*Source:* universal inference, see `goldwork.flags.bets`; the uniform worker of Vuurens, de Vries and Eickhoff 2011,
SIGIR workshop on crowdsourcing for information retrieval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

import numpy as np

from goldwork.flags import Context, Finding, Tested, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, log_path, own_habit, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.flags.random_answers import own_rule
from goldwork.judgements import Judgements

PULL = 0.45
ERRORS = {0.0: 0.5, 0.25: 0.5}
"""What is bet on, with the share of the money."""
HONEST_PULLS = (0.0, 0.05, 0.1)
HONEST_ERRORS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
FOLLOWED = 3
UNSAID = (
    "A class can be given more often for good reason: another reading of the guideline, a sharper eye, or others who "
    "overlook it. The items below show which."
)


@flag("skew", about="annotator")
def skew(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 answers that others or gold can be held against."""
    peers, ordered = peers_of(table, context), in_time(table)
    found = []
    for code, rows in people(table):
        mine = rows[peers.others[rows] > 0]
        if len(mine) >= LEAST and len(peers.categories) > 1:
            paths = _paths(peers, mine, ordered=ordered)
            value = largest(np.logaddexp.reduce(np.stack(list(paths.values())), axis=0))
            found.append((value, partial(_finding, peers, code, mine, paths, value)))
    return Tested.of(found)


def _paths(peers: Peers, rows: Rows, *, ordered: bool) -> dict[int, Floats]:
    """By class, of those given most: the path of bets that answers are drawn to it, with its share of the money."""
    said, k = peers.codes[rows], len(peers.categories)
    used, rule = np.bincount(said, minlength=k), _rule(peers, rows)
    favourites = np.argsort(-used, kind="stable")[:FOLLOWED]
    return {
        int(c): _path(peers.chosen[rows], said == c, rule, k, ordered=ordered) - np.log(k)
        for c in favourites
        if used[c]
    }


def _finding(peers: Peers, code: int, rows: Rows, paths: dict[int, Floats], value: float) -> Finding:
    table, said = peers.table, peers.codes[rows]
    used = np.bincount(said, minlength=len(peers.categories))
    liked = max(paths, key=lambda c: (float(paths[c].max()), -c))
    expected = peers.expect(liked, rows)
    hits, share = int(used[liked]), float(used[liked] / len(rows))
    low, high = wilson(hits, len(rows))
    name = table.annotators[code]
    odd = rows[said == liked][np.argsort(expected[said == liked], kind="stable")][:10]
    return Finding(
        flag="skew",
        about="annotator",
        subject=name,
        statistic=share - float(expected.mean()),
        low=low - float(expected.mean()),
        high=high - float(expected.mean()),
        judgements=len(rows),
        sentence=(
            f"{name} answers {peers.name(liked)} in {share:.0%} of the cases ({low:.0%} to {high:.0%}) where others' "
            f"answers to the same items let {expected.mean():.0%} be expected."
        ),
        unsaid=UNSAID,
        evidence={
            "class": peers.categories[liked],
            "where_least_expected": [
                {"item": table.items[table.item[row]], "expected": round(float(peers.chosen[row]), 4)}
                for row in odd.tolist()
            ],
        },
        e_value=value,
    )


def _rule(peers: Peers, rows: Rows) -> Floats:
    """[0 or 1, n]: log probabilities by the person's own rule, where it does not come to one class for everything."""
    k, said, seen = len(peers.categories), peers.codes[rows], peers.reference[rows]
    chosen = {int(np.bincount(said[seen == other], minlength=k).argmax()) for other in np.unique(seen[seen >= 0])}
    if len(chosen) < 2:
        return np.zeros((0, len(rows)))
    return np.log(own_rule(peers, rows, own_habit(said, k)))[None]


def _path(expected: Floats, is_liked: Floats, rule: Floats, k: int, *, ordered: bool) -> Floats:
    """The path of bets that answers are drawn to one class."""

    def logs(pulls: Iterable[float], errors: Collection[float]) -> Floats:
        rows = [(1 - p) * ((1 - e) * expected + e / k) + p * is_liked for p in pulls for e in errors]
        return np.asarray(np.log(np.stack(rows)))

    honest = np.concatenate([logs(HONEST_PULLS, HONEST_ERRORS), rule])
    return log_path(logs([PULL], ERRORS), honest, ordered=ordered, weights=np.array([*ERRORS.values()]))
