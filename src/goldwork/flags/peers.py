"""What others' answers to the same item let one expect of a person's answer.

With V_i(l) the weight of other people's answers l to item i, V_i of all of them, and pi(l) the share of l in the
table,

    q_i(l) = t T_i(l) + (1 - t) (V_i(l) + s pi(l)) / (V_i + s)        T_i(l) proportional to pi(l) exp(V_i(l))

T is how probable l is as the right answer where people err apart from each other (Nitzan and Paroush 1982,
International Economic Review 23, 289-297); the second part is what they answer where they err alike. t and s are those
under which the table's answers, each left out in turn, are most probable. The weight of a person's answers is the log
odds log(a (K - 1) / (1 - a)) of their share a of reference answers, shrunk to the crowd's and between .05 and 4: who
answers at random tells little about others. Gold counts as `GOLD` answers of the median weight. The reference of an
item is its gold, else the answer that weighs most; weights and references are worked out in turn, four times.
Nothing here is as large as items times categories.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, NotAskedError
from goldwork.flags.bets import Floats, earlier
from goldwork.judgements import Judgements
from goldwork.judgements.shapes import shape_of

Codes = npt.NDArray[np.int64]

GOLD = 4.0
"""How many people's answers a gold answer counts as."""
SMOOTHINGS = np.geomspace(0.1, 80, 16)
TRUSTS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The share of what is expected that comes from the right answer's probability."""
NEAR = 1e-6
"""Weights that differ by less are tied."""
ROUNDS = 4
FIRST = 1.5
"""What everybody's answers weigh before anything is known."""
WEIGHTS = (0.05, 4.0)
TELLS = 0.1
"""A reference that is right with little more than another answer's probability tells nothing of a person."""
SEEN = (0.02, 0.98)
MANY = 1000
"""More categories than this are no choices."""


@dataclasses.dataclass(frozen=True, eq=False)
class Peers:
    """`codes` [n] into `categories`; `prior` [K]; `gold` [items]: codes, -1 where there is none; `others` [n]: the
    weight of others' answers to the row's item, with `golden` for its gold; `weight` [n]: that of the row's own."""

    table: Judgements
    codes: Codes
    categories: npt.NDArray[np.object_]
    prior: Floats
    gold: Codes
    others: Floats
    weight: Floats
    golden: float
    trust: float = 0.0
    smoothing: float = 1.0

    def expect(self, label: npt.NDArray[np.integer] | int, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: the probability that the person of each row answers `label` to its item."""
        codes = np.broadcast_to(np.asarray(label, np.int64), len(rows))
        votes = self._left(codes, rows)
        return self.trust * self._right(codes, votes, rows) + (1 - self.trust) * self._alike(codes, votes, rows)

    def _left(self, codes: Codes, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: the weight of others' answers `codes`, and of gold."""
        item = self.table.item[rows]
        votes = self._votes(item, codes) - (codes == self.codes[rows]) * self.weight[rows]
        return np.asarray(np.maximum(votes, 0.0) + self.golden * (self.gold[item] == codes))

    def _alike(self, codes: Codes, votes: Floats, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: how probable `codes` are where people err alike."""
        return np.asarray(
            (votes + self.smoothing * self.prior[codes]) / (np.maximum(self.others[rows], 0.0) + self.smoothing)
        )

    def _right(self, codes: Codes, votes: Floats, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: how probable `codes` are as the right answer."""
        total, most = self._mass
        own, highest = self.codes[rows], most[self.table.item[rows]]
        without = self._left(own, rows)
        whole = self.prior[own] * np.exp(without + self.weight[rows] - highest)
        left = np.maximum(total[self.table.item[rows]] - whole, 0.0) + self.prior[own] * np.exp(without - highest)
        return np.asarray(np.minimum(self.prior[codes] * np.exp(votes - highest) / left, 1.0))

    @functools.cached_property
    def _mass(self) -> tuple[Floats, Floats]:
        """[items] each: the sum of pi(l) exp(V(l) - highest) over all answers l, and the highest V."""
        size, k = len(self.table.items), len(self.categories)
        keys, _, weights = self._sorted
        known = np.flatnonzero(self.gold >= 0)
        keys = np.concatenate([keys, known * k + self.gold[known]])
        keys, place = np.unique(keys, return_inverse=True)
        votes = np.bincount(place, np.concatenate([weights, np.full(len(known), self.golden)]), len(keys))
        item, prior = keys // k, self.prior[keys % k]
        most = np.zeros(size)
        np.maximum.at(most, item, votes)
        given = np.bincount(item, prior * np.exp(votes - most[item]), size)
        unseen = np.maximum(1 - np.bincount(item, prior, size), 0.0)
        return given + unseen * np.exp(-most), most

    @functools.cached_property
    def chosen(self) -> Floats:
        """[n]: the probability of every answer that was given."""
        return self.expect(self.codes, np.arange(len(self.codes)))

    @functools.cached_property
    def reference(self) -> Codes:
        """[n]: what gold says of the row's item, else others' weightiest answer; -1 where that is not one."""
        own, item = self.codes, self.table.item
        labels, _, weights = self.leaders
        votes = weights[item] - (labels[item] == own[:, None]) * self.weight[:, None]
        best = votes.argmax(axis=1)
        most = votes[np.arange(len(own)), best]
        clear = (most > NEAR) & ((votes > most[:, None] - NEAR).sum(axis=1) == 1)
        found = np.where(clear, labels[item][np.arange(len(own)), best], -1)
        known = self.gold[item]
        return np.asarray(np.where(known >= 0, known, found))

    def sharpened(self, share: float, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: as `chosen`, for somebody who in a `share` of the cases gives the reference whatever else.

        People who are better than the crowd agree with it more than the crowd with itself.
        """
        expected, known = self.chosen[rows], self.reference[rows] >= 0
        sharp = (1 - share) * expected + share * (self.reference[rows] == self.codes[rows])
        return np.asarray(np.where(known, sharp, expected))

    @functools.cached_property
    def ease(self) -> Floats:
        """[n]: the log odds that the person of a row gives the reference answer, between -3 and 3; 0 without one."""
        rows = np.flatnonzero(self.reference >= 0)
        expected = self.expect(self.reference[rows], rows)
        found = np.zeros(len(self.codes))
        found[rows] = np.clip(np.log(expected) - np.log(np.maximum(1 - expected, 1e-9)), -3, 3)
        return found

    def gives(self, skill: Floats | float, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: how probably somebody of a `skill` gives the reference: their log odds of seeing what is, beside
        those that others' answers let one expect.

        Where the reference may be wrong, skill tells less: P = T p + (1 - T) (1 - p) / (K - 1), with T its probability.
        """
        right, missed, unseen = (one[rows] for one in self._looks)
        return np.asarray(missed + (right - missed) / (1 + unseen * np.exp(-skill)))

    @functools.cached_property
    def _looks(self) -> tuple[Floats, Floats, Floats]:
        """[n] each: how probable the reference is for who sees what is, for who does not; the odds of not seeing."""
        given = 1 / (1 + np.exp(-self.ease))
        right, missed, unseen = given.copy(), given.copy(), np.ones(len(given))
        rows = np.flatnonzero(self.reference >= 0)
        wanted = self.reference[rows]
        sure = self._right(wanted, self._left(wanted, rows), rows)
        other = (1 - sure) / max(len(self.categories) - 1, 1)
        tells = sure - other > TELLS
        rows, sure, other = rows[tells], sure[tells], other[tells]
        seen = np.clip((given[rows] - other) / (sure - other), *SEEN)
        right[rows], missed[rows], unseen[rows] = sure, other, (1 - seen) / seen
        return right, missed, unseen

    @functools.cached_property
    def leaders(self) -> tuple[Codes, Codes, Floats]:
        """[items, 3] each: the three answers to each item that weigh most, how often they were given, their weights.

        -1 and 0 where there are fewer. Three are enough for the best, and a tie with it, without one person's answer.
        """
        keys, counts, weights = self._sorted
        item, label = keys // len(self.categories), keys % len(self.categories)
        order = np.lexsort((label, -weights.round(9), item))
        rank = earlier(item[order])
        kept = order[rank < 3]
        place = item[kept], rank[rank < 3]
        labels = np.full((len(self.table.items), 3), -1, np.int64)
        votes, total = np.zeros_like(labels), np.zeros(labels.shape)
        labels[place], votes[place], total[place] = label[kept], counts[kept], weights[kept]
        return labels, votes, total

    def name(self, code: int) -> str:
        """A category as sentences show it."""
        return repr(self.categories[code])

    @functools.cached_property
    def _sorted(self) -> tuple[Codes, Codes, Floats]:
        """Which item was given which answer, as item times categories plus answer, how often and with which weight."""
        pairs = self.table.item.astype(np.int64) * len(self.categories) + self.codes
        keys, place, counts = np.unique(pairs, return_inverse=True, return_counts=True)
        return (
            keys.astype(np.int64),
            counts.astype(np.int64),
            np.bincount(place, self.weight, len(keys)).astype(np.float64),
        )

    def _votes(self, item: npt.NDArray[np.integer], codes: Codes) -> Floats:
        wanted = item.astype(np.int64) * len(self.categories) + codes
        keys, _, weights = self._sorted
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.asarray(np.where(keys[place] == wanted, weights[place], 0.0))


def peers_of(table: Judgements, context: Context) -> Peers:
    """What others' answers let one expect. Raises NotAskedError where there are no others, or no classes."""
    known: Peers | None = context.shared.get("peers")
    if known is None or known.table is not table:
        count = len(table.coded()[1])
        if count > MANY or shape_of(table) == "text":
            raise NotAskedError(f"{count:,} different texts or numbers are no choice among classes.")
        known = context.shared["peers"] = read_peers(table, context)
    return known


def read_peers(table: Judgements, context: Context) -> Peers:
    """As `peers_of`, of any answers and without keeping it."""
    codes, categories = table.coded()
    known = _gold_codes(table, categories, context)
    counts = np.bincount(codes, minlength=len(categories)).astype(np.float64)
    prior = (counts + 0.5) / (len(codes) + len(categories) / 2)
    first = _weighed(table, known, np.full(len(table.annotators), FIRST))
    made = Peers(table, codes.astype(np.int64), categories, prior, known, *first)
    if not (made.others > 0).any():
        raise NotAskedError("no item was judged by two people or has gold, so there is nobody to compare with.")
    for _ in range(ROUNDS):
        others, weight, golden = _weighed(table, known, _skill(made))
        made = dataclasses.replace(made, others=others, weight=weight, golden=golden)
    return _fitted(made)


def _weighed(table: Judgements, gold: Codes, skill: Floats) -> tuple[Floats, Floats, float]:
    """[n] each: the weight of others' answers to the row's item, 0 where there are none, and of its own; and gold's."""
    weight = skill[table.annotator]
    golden = GOLD * (float(np.median(weight)) if len(weight) else FIRST)
    alone = (table.per_item()[table.item] == 1) & (gold[table.item] < 0)
    total = np.bincount(table.item, weight, len(table.items))[table.item] - weight + golden * (gold[table.item] >= 0)
    return np.where(alone, 0.0, total), weight, golden


def _skill(peers: Peers) -> Floats:
    """[annotators]: the weight of their answers."""
    clear = peers.reference >= 0
    size, k = len(peers.table.annotators), max(len(peers.categories), 2)
    hits = np.bincount(peers.table.annotator, clear & (peers.reference == peers.codes), size)
    trials = np.bincount(peers.table.annotator, clear, size)
    if not trials.any():
        return np.full(size, FIRST)
    share = np.clip((hits + 5 * hits.sum() / trials.sum()) / (trials + 5), 1e-3, 1 - 1e-3)
    return np.asarray(np.clip(np.log(share * (k - 1) / (1 - share)), *WEIGHTS))


def _gold_codes(table: Judgements, categories: npt.NDArray[np.object_], context: Context) -> Codes:
    """[items]: the code of the gold answer, -1 where there is none or nobody chose it."""
    place = {_key(label): code for code, label in enumerate(categories.tolist())}
    gold = context.gold
    found = [place.get(_key(gold[item]), -1) if item in gold else -1 for item in table.items.tolist()]
    return np.array(found, np.int64).reshape(len(table.items))


def _key(label: object) -> object:
    return repr(label) if isinstance(label, list | dict | bool) else label


def _fitted(peers: Peers) -> Peers:
    """With the trust and smoothing under which the answers, each left out in turn, are most probable."""
    rows = np.flatnonzero(peers.others > 0)
    own = peers.codes[rows]
    votes = peers._left(own, rows)
    right = peers._right(own, votes, rows)
    best, kept = -np.inf, peers
    for smoothing in SMOOTHINGS.tolist():
        tried = dataclasses.replace(peers, smoothing=smoothing)
        alike = tried._alike(own, votes, rows)
        for trust in TRUSTS:
            likely = float(np.log(trust * right + (1 - trust) * alike).sum())
            if likely > best:
                best, kept = likely, dataclasses.replace(tried, trust=trust)
    return kept
