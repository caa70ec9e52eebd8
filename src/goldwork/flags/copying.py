"""copying: people give the same answers more often than others' answers to the same items let one expect.

For two people's answers to an item they share, the later one's is looked at given the earlier one's, which counts
among the others that say what to expect (q). **Honest** is whoever answers as others let one expect, with any share of
errors, and agrees beyond that in at most 8 of 100 cases, as people of one school do. **Against that** is bet that a
share c is taken over from the other: P(l) = (1 - c) q'(l) + c [l = the other's]. The same wrong or rare answer weighs
most, the same right one hardly at all. The mean over all others is taken, those who share too little count 0. Where
times are known, the other half of the money goes to what a person has from all others together, who may be a ring
that shares few items by twos (see `goldwork.flags.rings`).

Free texts that are nearly the same count as one answer (see `goldwork.flags.near_texts`).

*Sources:* universal inference, see `goldwork.flags.bets`; answer copying, Wollack 1997, Applied Psychological
Measurement 21, 307-320.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import LARGEST, LEAST, Floats, Rows, in_time, moments_of, wilson
from goldwork.flags.near_texts import together
from goldwork.flags.peers import Peers, peers_of, read_peers
from goldwork.flags.rings import HONEST, HONEST_ERRORS, SHARP, Met, Pooled, met_by, pooled
from goldwork.judgements import Judgements
from goldwork.judgements.shapes import shape_of

COPIED = (0.3, 0.5, 0.7, 0.95)
ENOUGH = 5.0
"""What answers have to tell, in log odds, of whom they may be taken from, for a name."""
NAMED = 20
"""How many people of a ring the evidence names."""
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
def copying(table: Judgements, context: Context) -> Tested:
    """One finding for everybody who shares 20 items with somebody: the one they agree with most beyond expectation."""
    if shape_of(table) == "text":
        table = together(table)
        peers = read_peers(table, context)
    else:
        peers = peers_of(table, context)
    pairs = _pairs(table)
    ring = pooled(peers) if in_time(table) else None
    if not len(pairs.one) and (ring is None or np.isnan(ring.logs).all()):
        raise NotAskedError(
            f"no two people have {LEAST} items in common, and no {LEAST} of a person's answers others'."
        )
    logs, nearest = _by_person(_logs(peers, pairs), pairs, len(table.annotators))
    if ring is not None:
        both = np.logaddexp(np.where(nearest < 0, -np.inf, logs), np.where(np.isnan(ring.logs), -np.inf, ring.logs))
        logs = both - np.log(2)
    values = np.minimum(LARGEST, np.exp(np.minimum(logs, 50.0)))
    met = met_by(peers) if ring is None else ring.met
    partners = _partners(met, ring, pairs, nearest)
    return Tested.of(
        [
            (float(values[code]), partial(_finding, peers, met, code, found, float(values[code])))
            for code, found in partners.items()
            if len(found)
        ]
    )


def _by_person(logs: Floats, pairs: Pairs, size: int) -> tuple[Floats, Rows]:
    """[annotators] each: the logarithm of the mean over all others, and the pair that gives most, -1 where none is."""
    logs = np.tile(logs, 2)
    who, order = np.concatenate([pairs.one, pairs.two]), np.argsort(logs, kind="stable")
    total = np.full(size, -np.inf)
    np.logaddexp.at(total, who, logs)
    nearest = np.full(size, -1, np.intp)
    nearest[who[order]] = order % max(len(pairs.one), 1)  # of several, the last one written: the largest
    return total - np.log(max(size - 1, 1)), nearest


def _partners(met: Met, ring: Pooled | None, pairs: Pairs, nearest: Rows) -> dict[int, Rows]:
    """Of each annotator tested, pairs of `met` with whom they agree most: all about whom enough is told, else one."""
    found: dict[int, Rows] = {}
    told = met.sums()
    bounds = np.searchsorted(met.one, np.arange(len(nearest) + 1))
    for code in range(len(nearest)):
        mine = np.arange(bounds[code], bounds[code + 1])
        if ring is not None and not np.isnan(ring.logs[code]):
            enough = mine[ring.told[mine] >= ENOUGH]
            found[code] = enough[np.argsort(-ring.told[enough], kind="stable")]
            if not len(enough):
                found[code] = mine[[int(told[mine].argmax())]]
        elif nearest[code] >= 0:
            pair = int(nearest[code])
            other = int(pairs.two[pair] if pairs.one[pair] == code else pairs.one[pair])
            found[code] = mine[met.two[mine] == other]
    return found


def _finding(peers: Peers, met: Met, code: int, partners: Rows, value: float) -> Finding:
    table = peers.table
    names = [table.annotators[other] for other in met.two[partners].tolist()]
    events = np.flatnonzero(np.isin(met.pair, partners))
    mine, place = np.unique(met.me[events], return_inverse=True)
    same = peers.codes[met.me[events]] == peers.codes[met.other[events]]
    times = np.bincount(place)
    agreed = np.bincount(place, same) / times
    chance = np.bincount(place, peers.expect(peers.codes[met.other[events]], met.me[events])) / times
    low, high = wilson(float(agreed.sum()), len(mine))
    name, share, expected = table.annotators[code], float(agreed.mean()), float(chance.mean())
    kept = np.flatnonzero(agreed > 0)
    telling = mine[kept][np.argsort(peers.chosen[mine[kept]], kind="stable")][:10]
    others = str(names[0]) if len(names) == 1 else f"{len(names)} others ({', '.join(map(str, names[:3]))} and more)"
    return Finding(
        flag="copying",
        about="annotator",
        subject=name,
        statistic=share - expected,
        low=low - expected,
        high=high - expected,
        judgements=len(mine),
        sentence=(
            f"{name} and {others} give the same answer to {share:.0%} ({low:.0%} to {high:.0%}) of {len(mine)} common "
            f"items, where others' answers let {expected:.0%} be expected."
        ),
        unsaid=UNSAID,
        evidence={
            "with": names[:NAMED] if len(names) > 1 else names[0],
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
    if not len(pairs.one):
        return np.zeros(0)
    k = len(peers.categories)
    same = peers.codes[pairs.later] == peers.codes[pairs.earlier]

    def reached(shares: tuple[float, ...], sharp: tuple[float, ...]) -> Floats:
        base = [(1 - error) * peers.sharpened(s, pairs.later) + error / k for error in HONEST_ERRORS for s in sharp]
        logs = [np.log((1 - share) * one + share * same) for share in shares for one in base]
        return np.stack([_sums(one, pairs.bounds) for one in logs])

    against, honest = reached(COPIED, (0.0, 0.6)), reached((0.0, *HONEST), SHARP)
    return np.asarray(np.logaddexp.reduce(against, axis=0) - np.log(len(against)) - honest.max(axis=0))


def _sums(values: npt.NDArray[np.float64], bounds: Rows) -> Floats:
    return np.asarray(np.add.reduceat(values, bounds[:-1]))
