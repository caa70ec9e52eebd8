"""edge-case: no single answer explains what people said of an item, however careless each of them is elsewhere.

Were answer t right, a person would give another one, l, with the probability e d(t, l): e = (K - 1) / (K - 1 + exp(w))
how often they err, w the weight of their answers (see `goldwork.flags.peers`), and d(t, l) the share of l among all
answers that differ from gold or most others' t (one is added to each class). An l by who seldom errs says more, so what
is reckoned is T(l), the sum of the weights of those who gave l. With t the weightiest answer to the item and l the
second, the p-value is P(T >= T(l)) with everybody erring independently at their own rate, times the K - 1 classes that
l may be; or the same with t and l changed, where that is larger: a careless crowd makes no edge case, two careful
people against two careful people do. Weights count in steps of a quarter, coarser where an item has many answers.
Tested are items with three answers or more.

*Sources:* the sum of independent events of unequal probability and weight, by convolution; Hong 2013, Computational
Statistics and Data Analysis 59, 41-51.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from goldwork.flags import Context, Finding, Tested, flag
from goldwork.flags.bets import Floats, Rows, wilson
from goldwork.flags.expected import Codes
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FEWEST = 3
STEP = 0.25
STEPS = 400
"""As many steps as all answers to an item may weigh together."""
UNSAID = (
    "Which answer is right is not said, nor whether the guideline has one for it. People who err together on one item "
    "look like this, too."
)


@flag("edge-case", about="item")
def edge_case(table: Judgements, context: Context) -> Tested:
    """One finding for every item with three answers."""
    peers = peers_of(table, context)
    answers = table.per_item()
    tested = np.flatnonzero(answers >= FEWEST)
    values, directions = np.ones(len(tested)), Directions.by(peers)
    for size in np.unique(answers[tested]).tolist():
        here = np.flatnonzero(answers[tested] == size)
        rows = np.searchsorted(table.item, tested[here])[:, None] + np.arange(size)  # a table is sorted by item
        values[here] = _values(peers, rows, directions)

    def make(n: int) -> Finding:
        begin = int(np.searchsorted(table.item, tested[n]))
        return _finding(peers, np.arange(begin, begin + int(answers[tested[n]])), float(values[n]))

    return Tested(values, make)


@dataclasses.dataclass(frozen=True, eq=False)
class Directions:
    """How often which answer is given in place of which: `keys` true times `classes` plus said, `counts`, `of` each."""

    classes: int
    keys: Codes
    counts: Codes
    of: Codes

    @classmethod
    def by(cls, peers: Peers) -> Directions:
        """Of all answers that differ from gold or most others'."""
        k = len(peers.categories)
        differs = (peers.reference >= 0) & (peers.reference != peers.codes)
        keys, counts = np.unique(peers.reference[differs] * k + peers.codes[differs], return_counts=True)
        return cls(k, keys, counts.astype(np.int64), np.bincount(peers.reference[differs], minlength=k))

    def share(self, true: Codes, said: Codes) -> Floats:
        """Of the answers that differ from `true`, the share that is `said`, one added to each."""
        wanted = true * self.classes + said
        place = np.minimum(np.searchsorted(self.keys, wanted), max(len(self.keys) - 1, 0))
        count = np.where(self.keys[place] == wanted, self.counts[place], 0) if len(self.keys) else np.zeros(len(wanted))
        return np.asarray((count + 1) / (self.of[true] + max(self.classes - 1, 1)))


def errs(peers: Peers, rows: Rows) -> Floats:
    """How often the people of these rows err."""
    others = max(len(peers.categories) - 1, 1)
    return np.asarray(others / (others + np.exp(peers.weight[rows])))


def _values(peers: Peers, rows: Rows, directions: Directions) -> Floats:
    """[items]: the p-value of each, whose answers are `rows` [items, n]."""
    first, second = peers.leaders[0][peers.table.item[rows[:, 0]], :2].T
    found = np.maximum(
        _one_way(peers, rows, directions, first, second), _one_way(peers, rows, directions, second, first)
    )
    return np.asarray(np.where(second < 0, 1.0, np.minimum(found * max(len(peers.categories) - 1, 1), 1.0)))


def _one_way(peers: Peers, rows: Rows, directions: Directions, true: Codes, said: Codes) -> Floats:
    """[items]: how probable it is that as much weight is on `said`, where `true` is right."""
    weight = peers.weight[rows]
    step = max(STEP, float(weight.sum(axis=1).max()) / STEPS)
    steps = np.maximum(np.rint(weight / step), 1).astype(np.intp)
    reached = (steps * (peers.codes[rows] == said[:, None])).sum(axis=1)
    chance = np.zeros((len(rows), int(steps.sum(axis=1).max()) + 1))
    chance[:, 0] = 1.0
    before = np.arange(chance.shape[1])
    wrong = errs(peers, rows) * directions.share(true, said)[:, None]
    for n in range(rows.shape[1]):
        source = before - steps[:, n, None]
        moved = np.where(source >= 0, np.take_along_axis(chance, np.maximum(source, 0), axis=1), 0.0)
        chance = (1 - wrong[:, n, None]) * chance + wrong[:, n, None] * moved
    return np.asarray(np.where(before >= reached[:, None], chance, 0.0).sum(axis=1))


def _finding(peers: Peers, rows: Rows, p_value: float) -> Finding:
    codes, wrong = peers.codes[rows], errs(peers, rows)
    given = [
        {
            "answer": peers.categories[code],
            "people": int((codes == code).sum()),
            "they_err": round(float(wrong[codes == code].mean()), 3),
            "weight": float(peers.weight[rows][codes == code].sum()),
        }
        for code in np.unique(codes).tolist()
    ]
    given.sort(key=lambda one: (-one["weight"], str(one["answer"])))
    first = given[0]
    apart = codes != peers.codes[rows[0]] if len(given) == 1 else peers.categories[codes] != first["answer"]
    low, high = wilson(int(apart.sum()), len(rows))
    name = peers.table.items[peers.table.item[rows[0]]]
    share = float(apart.mean())
    who = f", by people who err in {wrong[apart].mean():.0%} of the cases" if apart.any() else ""
    return Finding(
        flag="edge-case",
        about="item",
        subject=name,
        statistic=share,
        low=low,
        high=high,
        judgements=len(rows),
        sentence=(
            f"The best answer to {name}, {first['answer']!r}, is contradicted in {int(apart.sum())} of {len(rows)} "
            f"cases ({share:.0%}, {low:.0%} to {high:.0%}){who}; no other answer explains more."
        ),
        unsaid=UNSAID,
        evidence={"answers": [{name: one[name] for name in ("answer", "people", "they_err")} for one in given[:5]]},
        p_value=p_value,
    )
