"""copying: two people give the same answers more often than others' answers to the same items let one expect.

For two people's answers to an item they share, the later one's is looked at given the earlier one's, which counts
among the others that say what to expect (q). **Honest** is whoever answers as others let one expect, with any share of
errors, and agrees beyond that in at most 6 of 100 cases, as people of one school do. **Against that** is bet that a
share c is taken over from the other: P(l) = (1 - c) q'(l) + c [l = the other's]. The same wrong or rare answer weighs
most, the same right one hardly at all. A person's e-value is the mean over all others, those who share too little
count 0.

Free texts that are nearly the same count as one answer (see `goldwork.flags.near_texts`).

*Sources:* universal inference, see `goldwork.flags.bets`; answer copying, Wollack 1997, Applied Psychological
Measurement 21, 307-320.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import LARGEST, LEAST, Floats, Rows, moments_of, wilson
from goldwork.flags.near_texts import together
from goldwork.flags.peers import Peers, peers_of, read_peers
from goldwork.judgements import Judgements
from goldwork.judgements.shapes import shape_of

COPIED = (0.3, 0.5, 0.7, 0.95)
HONEST = (0.0, 0.03, 0.06)
ERRORS = (0.01, 0.1, 0.25, 0.5)
SHARP = (0.0, 0.3, 0.6, 0.8)
"""How much surer than the crowd the best may be: two of them agree more than the crowd lets one expect."""
UNSAID = (
    "Who took over from whom is not said, nor that anybody did: two people who learned together, or who are one person "
    "with two accounts, look the same."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """Each pair of people with 20 common items: `one`, `two` [P], the later rows of their common items, and bounds."""

    one: Rows
    two: Rows
    later: Rows
    earlier: Rows
    bounds: Rows


@flag("copying", about="annotator")
def copying(table: Judgements, context: Context) -> list[Finding]:
    """One finding for everybody who shares 20 items with somebody: the one they agree with most beyond expectation."""
    if shape_of(table) == "text":
        table = together(table)
        peers = read_peers(table, context)
    else:
        peers = peers_of(table, context)
    pairs = _pairs(table)
    if not len(pairs.one):
        raise NotAskedError(f"no two people have {LEAST} items in common.")
    logs = np.tile(_logs(peers, pairs), 2)
    who, order = np.concatenate([pairs.one, pairs.two]), np.argsort(logs, kind="stable")
    total = np.full(len(table.annotators), -np.inf)
    np.logaddexp.at(total, who, logs)
    nearest = np.full(len(table.annotators), -1, np.intp)
    nearest[who[order]] = order % len(pairs.one)  # of several, the last one written: the largest
    values = np.exp(np.minimum(total - np.log(max(len(table.annotators) - 1, 1)), 50.0))
    return [
        _finding(table, peers, pairs, int(nearest[code]), code, min(LARGEST, float(values[code])))
        for code in np.flatnonzero(nearest >= 0).tolist()
    ]


def _finding(table: Judgements, peers: Peers, pairs: Pairs, pair: int, code: int, value: float) -> Finding:
    part = slice(int(pairs.bounds[pair]), int(pairs.bounds[pair + 1]))
    later, earlier = pairs.later[part], pairs.earlier[part]
    same = peers.codes[later] == peers.codes[earlier]
    chance = peers.expect(peers.codes[earlier], later)
    low, high = wilson(int(same.sum()), len(later))
    other = int(pairs.two[pair] if pairs.one[pair] == code else pairs.one[pair])
    name, share = table.annotators[code], float(same.mean())
    telling = later[same][np.argsort(chance[same], kind="stable")][:10]
    return Finding(
        flag="copying",
        about="annotator",
        subject=name,
        statistic=share - float(chance.mean()),
        low=low - float(chance.mean()),
        high=high - float(chance.mean()),
        judgements=len(later),
        sentence=(
            f"{name} and {table.annotators[other]} give the same answer to {share:.0%} ({low:.0%} to {high:.0%}) of "
            f"{len(later)} common items, where others' answers let {chance.mean():.0%} be expected."
        ),
        unsaid=UNSAID,
        evidence={
            "with": table.annotators[other],
            "rare_answers_in_common": [
                {"item": table.items[table.item[row]], "answer": peers.categories[peers.codes[row]]}
                for row in telling.tolist()
            ],
        },
        e_value=value,
    )


def _pairs(table: Judgements) -> Pairs:
    left, right = table.pairs()
    different = table.annotator[left] != table.annotator[right]
    left, right = left[different], right[different]
    people = len(table.annotators)
    a, b = table.annotator[left].astype(np.int64), table.annotator[right].astype(np.int64)
    key = np.minimum(a, b) * people + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    key, left, right = key[order], left[order], right[order]
    distinct, count = np.unique(key, return_counts=True)
    enough = count >= LEAST
    kept = np.repeat(enough, count)
    left, right = left[kept], right[kept]
    moments = np.nan_to_num(moments_of(table))
    swap = moments[left] > moments[right]
    return Pairs(
        one=(distinct[enough] // people).astype(np.intp),
        two=(distinct[enough] % people).astype(np.intp),
        later=np.where(swap, left, right),
        earlier=np.where(swap, right, left),
        bounds=np.r_[0, np.cumsum(count[enough])].astype(np.intp),
    )


def _logs(peers: Peers, pairs: Pairs) -> Floats:
    """[P]: the logarithm of each pair's e-value."""
    k = len(peers.categories)
    same = peers.codes[pairs.later] == peers.codes[pairs.earlier]

    def reached(shares: tuple[float, ...], sharp: tuple[float, ...]) -> Floats:
        base = [(1 - error) * peers.sharpened(s, pairs.later) + error / k for error in ERRORS for s in sharp]
        logs = [np.log((1 - share) * one + share * same) for share in shares for one in base]
        return np.stack([_sums(one, pairs.bounds) for one in logs])

    against, honest = reached(COPIED, (0.0, 0.6)), reached(HONEST, SHARP)
    return np.asarray(np.logaddexp.reduce(against, axis=0) - np.log(len(against)) - honest.max(axis=0))


def _sums(values: npt.NDArray[np.float64], bounds: Rows) -> Floats:
    return np.asarray(np.add.reduceat(values, bounds[:-1]))
