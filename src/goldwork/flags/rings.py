"""Answers taken from any of many: what the people of a ring share, though any two of them share few items.

A person's answers are looked at one after the other, given everybody else's. Whom they may be taken from is learned
from the person's answers before: on an item that j has answered, too, that tells

    s = log((1 - c) q' + c [l = l_j]) - log q'        with c = .3 and q' what others let one expect, with some errors

of it: S_j in sum so far. Trust in j is r_j = .1 exp(S_j + .5 sum over friends k of j of f_jk min(S_k, 3)), with f_jk
(0 to 1) how surely j and k take answers from each other, by all of theirs: so the whole ring stands behind its pairs.
With w = sum r_j / (1 + sum r_j) over those who have answered the item, and A(l) the share of them, weighed by r, who
gave l, the bet is that half of the answers are taken over where trust is whole:

    P(l) = (1 - w / 2) q'(l) + w / 2 A(l)

Nothing of an answer itself is in what is bet on it, so the product is an e-value at any time, by universal inference;
honest explanations are as in `goldwork.flags.copying`, with up to .08 of A, or of the plain share of the others.

*Sources:* see `goldwork.flags.bets`; bets that learn, Grünwald, de Heide and Koolen 2024, Journal of the Royal
Statistical Society B 86, 1091-1128.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.flags.bets import LEAST, Floats, Rows, log_path, moments_of, people
from goldwork.flags.peers import Peers

HONEST = (0.04, 0.08)
"""The shares in which honest people agree beyond expectation, as people of one school do."""
HONEST_ERRORS = (0.01, 0.1, 0.25, 0.5)
SHARP = (0.0, 0.3, 0.6, 0.8)
"""How much surer than the crowd the best may be: two of them agree more than the crowd lets one expect."""
TAKEN = 0.5
TOLD = 0.3
"""c of what an answer tells about whom it was taken from."""
ERRORS = {0.02: 0.5, 0.15: 0.25, 0.4: 0.25}
SURER = {0.0: 0.6, 0.5: 0.4}
"""What is bet on beside the share taken over, with the share of the money."""
PRIOR, MOST = 0.1, 5.0
FRIENDS = 0.5
FRIENDLY = (1.0, 3.0)
"""What two people's answers tell, in all, from which on they are friends, and are so surely."""
COMMON = 10
"""Nobody are friends with fewer common items."""
PARTS = 8
"""What friends tell is taken in after each eighth of a person's answers."""


@dataclasses.dataclass(frozen=True, eq=False)
class Met:
    """Each answer beside each other person's to its item: rows `me`, `other` [P], by person, by other person, by time;
    `pair` [P] says which of the distinct `one`, `two` these are; `tells` [P] what the answer tells."""

    me: Rows
    other: Rows
    pair: Rows
    one: Rows
    two: Rows
    tells: Floats

    def sums(self) -> Floats:
        """[pairs]: what all of a person's answers tell about another."""
        return np.bincount(self.pair, self.tells, len(self.one)).astype(np.float64)


@dataclasses.dataclass(frozen=True, eq=False)
class Pooled:
    """`logs` by annotator: of the largest e-value, nan where it is not known. `told` by pair of `met`: what all of a
    person's answers tell about the other one and their friends, 0 where those tell nothing of the other one."""

    logs: Floats
    met: Met
    told: Floats


def pooled(peers: Peers) -> Pooled:
    """What each person's answers have from others', taken together. Needs times."""
    table, met = peers.table, met_by(peers)
    size = len(table.item)
    before, in_all = _by_friends(peers, met)
    trust = PRIOR * np.exp(np.minimum(_before(met) + FRIENDS * before, MOST))
    same = peers.codes[met.me] == peers.codes[met.other]
    whole, there = np.bincount(met.me, trust, size), np.bincount(met.me, minlength=size)
    from_trusted = np.bincount(met.me, trust * same, size) / np.where(there > 0, whole, 1.0)
    from_any = np.bincount(met.me, same, size) / np.maximum(there, 1)
    found = np.full(len(table.annotators), np.nan)
    for code, rows in people(table):
        mine = rows[(there[rows] > 0) & (peers.others[rows] > 0)]
        if len(mine) >= LEAST:
            share = whole[mine] / (1 + whole[mine])
            found[code] = _path(peers, mine, share, from_trusted[mine], from_any[mine]).max()
    return Pooled(found, met, np.where(met.sums() > FRIENDLY[0], met.sums() + FRIENDS * in_all, 0.0))


def met_by(peers: Peers) -> Met:
    """Everybody's answers beside everybody else's."""
    table, size = peers.table, len(peers.table.annotators)
    left, right = table.pairs()
    different = table.annotator[left] != table.annotator[right]
    left, right = left[different], right[different]
    me, other = np.concatenate([left, right]), np.concatenate([right, left])
    key = table.annotator[me].astype(np.int64) * size + table.annotator[other]
    order = np.lexsort((me, moments_of(table)[me], key))
    me, other, key = me[order], other[order], key[order]
    distinct, pair = np.unique(key, return_inverse=True)
    k = len(peers.categories)
    expected = 0.9 * peers.chosen[me] + 0.1 / k
    tells = np.log((1 - TOLD) * expected + TOLD * (peers.codes[me] == peers.codes[other])) - np.log(expected)
    return Met(
        me, other, pair, (distinct // max(size, 1)).astype(np.intp), (distinct % max(size, 1)).astype(np.intp), tells
    )


def _before(met: Met) -> Floats:
    """[P]: what the person's earlier answers tell about the other one."""
    total = np.concatenate([[0.0], np.cumsum(met.tells)])
    first = np.flatnonzero(np.diff(met.pair, prepend=-1))
    return np.asarray(total[:-1] - total[first][met.pair])


def _by_friends(peers: Peers, met: Met) -> tuple[Floats, Floats]:
    """[P]: what the person's answers, up to the last eighth before, tell about friends of the other;
    [pairs]: in all."""
    found, in_all = np.zeros(len(met.me)), np.zeros(len(met.one))
    friends, who = _friends(met, len(peers.table.annotators))
    if not len(who):
        return found, in_all
    part = np.empty(len(peers.codes), np.intp)
    for _, rows in people(peers.table):
        part[rows] = np.arange(len(rows)) * PARTS // len(rows)
    place = np.full(len(peers.table.annotators), -1, np.intp)
    place[who] = np.arange(len(who))
    one, two = met.one[met.pair], place[met.two[met.pair]]
    known = np.flatnonzero(two >= 0)
    bounds = np.searchsorted(one[known], np.arange(len(peers.table.annotators) + 1))
    for code in range(len(peers.table.annotators)):
        mine = known[bounds[code] : bounds[code + 1]]
        if len(mine):
            told = np.zeros((PARTS + 1, len(who)))
            np.add.at(told, (part[met.me[mine]] + 1, two[mine]), met.tells[mine])
            told = np.minimum(np.cumsum(told, axis=0), FRIENDLY[1]) @ friends
            found[mine] = told[part[met.me[mine]], two[mine]]
            in_all[met.pair[mine]] = told[-1, two[mine]]
    return found, in_all


def _friends(met: Met, size: int) -> tuple[Floats, Rows]:
    """[W, W]: how surely people take answers from each other, of those [W] who have any friend."""
    told, common = met.sums(), np.bincount(met.pair, minlength=len(met.one))
    back = np.searchsorted(met.one * np.int64(size) + met.two, met.two * np.int64(size) + met.one)
    told = (told + told[back]) / 2
    kept = (told > FRIENDLY[0]) & (common >= COMMON)
    who = np.unique(met.one[kept])
    found = np.zeros((len(who), len(who)))
    found[np.searchsorted(who, met.one[kept]), np.searchsorted(who, met.two[kept])] = (
        np.minimum(told[kept], FRIENDLY[1]) / FRIENDLY[1]
    )
    return found, who


def _path(peers: Peers, rows: Rows, share: Floats, trusted: Floats, any_: Floats) -> Floats:
    """The path of one person's bets."""
    k = len(peers.categories)
    sharp = {one: peers.sharpened(one, rows) for one in {*SHARP, *SURER}}
    against = [
        (1 - TAKEN * share) * ((1 - error) * sharp[surer] + error / k) + TAKEN * share * trusted
        for error in ERRORS
        for surer in SURER
    ]
    base = [(1 - error) * sharp[one] + error / k for error in HONEST_ERRORS for one in SHARP]
    honest = [*base, *((1 - h) * one + h * agreed for h in HONEST for one in base for agreed in (trusted, any_))]
    money: npt.NDArray[np.float64] = np.outer(list(ERRORS.values()), list(SURER.values())).ravel()
    return log_path(np.log(np.stack(against)), np.log(np.stack(honest)), ordered=True, weights=money)
