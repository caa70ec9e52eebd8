"""edge-case: no single answer explains what people said of an item, however careless each of them is elsewhere.

Were answer t right, a person would contradict it as often as they err, e = (K - 1) / (K - 1 + exp(w)), w the weight of
their answers (see `goldwork.flags.peers`). A contradiction by who seldom errs says more, so what is reckoned is T(t),
the sum of the weights of those who did not answer t. The p-value is the largest, over all answers t, of P(T >= T(t))
with everybody contradicting independently of each other at their own rate: a careless crowd makes no edge case, two
careful people against two careful people do. Weights count in steps of a quarter, coarser where an item has many
answers. Tested are items with three answers or more.

*Sources:* the sum of independent events of unequal probability and weight, by convolution; Hong 2013, Computational
Statistics and Data Analysis 59, 41-51.
"""

from __future__ import annotations

import numpy as np

from goldwork.flags import Context, Finding, Tests, flag
from goldwork.flags.bets import Floats, Rows, wilson
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
def edge_case(table: Judgements, context: Context) -> Tests:
    """One finding for every item with three answers."""
    peers = peers_of(table, context)
    answers = table.per_item()
    tested = np.flatnonzero(answers >= FEWEST)
    values = np.ones(len(tested))
    for size in np.unique(answers[tested]).tolist():
        here = np.flatnonzero(answers[tested] == size)
        rows = np.searchsorted(table.item, tested[here])[:, None] + np.arange(size)  # a table is sorted by item
        values[here] = _values(peers, rows)

    def make(n: int) -> Finding:
        begin = int(np.searchsorted(table.item, tested[n]))
        return _finding(peers, np.arange(begin, begin + int(answers[tested[n]])), float(values[n]))

    return Tests(values, make)


def errs(peers: Peers, rows: Rows) -> Floats:
    """How often the people of these rows err."""
    others = max(len(peers.categories) - 1, 1)
    return np.asarray(others / (others + np.exp(peers.weight[rows])))


def _values(peers: Peers, rows: Rows) -> Floats:
    """[items]: the p-value of each, whose answers are `rows` [items, n]."""
    weight, codes = peers.weight[rows], peers.codes[rows]
    step = max(STEP, float(weight.sum(axis=1).max()) / STEPS)
    steps = np.maximum(np.rint(weight / step), 1).astype(np.intp)
    for_same = (codes[:, :, None] == codes[:, None, :]) @ steps[:, :, None]
    against = steps.sum(axis=1) - for_same[:, :, 0].max(axis=1)
    chance = np.zeros((len(rows), int(steps.sum(axis=1).max()) + 1))
    chance[:, 0] = 1.0
    before = np.arange(chance.shape[1])
    wrong = errs(peers, rows)
    for n in range(rows.shape[1]):
        source = before - steps[:, n, None]
        moved = np.where(source >= 0, np.take_along_axis(chance, np.maximum(source, 0), axis=1), 0.0)
        chance = (1 - wrong[:, n, None]) * chance + wrong[:, n, None] * moved
    # The answer that the least weight contradicts is the one for which that is most probable.
    found = np.where(before >= against[:, None], chance, 0.0).sum(axis=1)
    return np.asarray(np.where(against > 0, np.minimum(found, 1.0), 1.0))


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
