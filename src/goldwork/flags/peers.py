"""What others' answers to the same item let one expect of a person's answer.

How probable an answer is for somebody of typical skill, by others' answers to the item and gold, is worked out in
`goldwork.flags.expected`; a `skill` here is the log odds of seeing what is, beside the typical ones. The reference of
an item is its gold, else the answer that weighs most. The weight of a person's answers is the log odds
log(a (K - 1) / (1 - a)) of their share a of reference answers, shrunk to the crowd's and between .05 and 4: who answers
at random tells little about others (Nitzan and Paroush 1982, International Economic Review 23, 289-297). Weights and
references are worked out in turn, four times. Gold counts as `GOLD` answers of the median weight.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, NotAskedError
from goldwork.flags.bets import Floats, earlier
from goldwork.flags.expected import Codes, Expected, fitted
from goldwork.judgements import Judgements
from goldwork.judgements.shapes import shape_of

GOLD = 4.0
"""How many people's answers a gold answer counts as."""
NEAR = 1e-6
"""Weights that differ by less are tied."""
ROUNDS = 4
FIRST = 1.5
"""What everybody's answers weigh before anything is known."""
WEIGHTS = (0.05, 4.0)
PROBABLE = (1e-9, 1 - 1e-9)
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

    def expect(self, label: npt.NDArray[np.integer] | int, rows: npt.NDArray[np.integer]) -> Floats:
        """[rows]: the probability that somebody of typical skill answers `label` to the item of each row."""
        labels = np.broadcast_to(np.asarray(label, np.int64), len(rows))
        return self._mean(*self.expected.terms(labels, rows), rows)(0.0)

    def says(self, rows: npt.NDArray[np.integer]) -> Callable[[Floats | float], Floats]:
        """Of skills [..., 1], [..., rows]: how probable the answers that were given are for somebody of each skill."""
        right, wrong = self._own
        return self._mean(right[rows], wrong[rows], rows)

    @functools.cached_property
    def _own(self) -> tuple[Floats, Floats]:
        """[n, T, D] each: the terms of the answers that were given."""
        return self.expected.terms(self.codes, np.arange(len(self.codes)))

    def _mean(self, right: Floats, wrong: Floats, rows: npt.NDArray[np.integer]) -> Callable[[Floats | float], Floats]:
        typical, item = self.expected.typical, self.table.item[rows]

        def found(skill: Floats | float) -> Floats:
            sees = self.expected.sees(np.atleast_1d(skill) + typical, item)
            return np.asarray(np.clip((right * sees + wrong * (1 - sees)).sum(axis=(-2, -1)), *PROBABLE))

        return found

    @functools.cached_property
    def expected(self) -> Expected:
        """The model of people and items."""
        rows = self.table.item.astype(np.int64), self.codes, self.table.annotator.astype(np.int64)
        return fitted(rows, self.prior, self.leaders[0], self.gold, self.golden)

    @functools.cached_property
    def chosen(self) -> Floats:
        """[n]: the probability of every answer that was given."""
        return self.says(np.arange(len(self.codes)))(0.0)

    @functools.cached_property
    def clear(self) -> Floats:
        """[n]: the probability of the reference; 0 without one."""
        rows, found = np.flatnonzero(self.reference >= 0), np.zeros(len(self.codes))
        found[rows] = self.expect(self.reference[rows], rows)
        return found

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
    return made


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
