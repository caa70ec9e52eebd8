"""straight-lining: the answer before is given again, whatever the item.

**Honest** is whoever answers as others let one expect, or surer than they are with each other, in up to three of ten
cases by habit, and repeats the answer before without looking in at most 8 of 100 cases. **Against that** is bet that a
larger share r repeats it: P(l) = (1 - r) g(l) + r [l = answer before], with r the same all the time, or .08 until
three, four or five answers in a row are alike and larger from then on, as in long runs. What others say of each item is
reckoned with, so items that come sorted by class accuse nobody.

*Source:* universal inference, see `goldwork.flags.bets`. For long runs as a mark of careless answers, Johnson 2005,
Journal of Research in Personality 39, 103-129.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, log_path, own_habit, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

REPEATS = {0.3: 0.15, 0.6: 0.15}
"""The shares that repeat all the time, with their share of the money."""
HONEST_REPEATS = (0.0, 0.04, 0.08)
RUNS = (0.6, 0.9)
"""The share that repeats once a run has begun; these have the rest of the money in equal parts."""
BEGUN = (3, 4, 5)
HABIT = 0.1
SHARP = (0.0, 0.3, 0.6, 0.8)
"""How much surer than the crowd the best may be."""
HABITS = (0.0, 0.1, 0.2, 0.3)
UNSAID = "Whether the repeated answers are wrong is not said, nor why they repeat: see the items of the longest run."


@flag("straight-lining", about="annotator")
def straight_lining(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 answers that others or gold can be held against. Needs times."""
    if not in_time(table):
        raise NotAskedError("the column submitted_at is needed, which says what was answered after what.")
    peers = peers_of(table, context)
    found = []
    for code, rows in people(table):
        if (peers.others[rows[1:]] > 0).sum() >= LEAST:
            value = largest(_path(peers, rows))
            found.append((value, partial(_finding, peers, code, rows, value)))
    return Tested.of(found)


def _path(peers: Peers, rows: Rows) -> Floats:
    """The path of one person's bets."""
    before = peers.codes[rows[:-1]]
    habit = own_habit(peers.codes[rows], len(peers.categories))[1:]
    known = peers.others[rows[1:]] > 0
    now, before, habit = rows[1:][known], before[known], habit[known]
    again = peers.codes[now] == before
    run = _run_so_far(peers.codes[rows])[:-1][known]

    def logs(repeats: Sequence[float | Floats], habits: tuple[float, ...], sharp: tuple[float, ...]) -> Floats:
        base = [(1 - h) * peers.sharpened(s, now) + h * habit for h in habits for s in sharp]
        return np.asarray(np.log(np.stack([(1 - r) * one + r * again for r in repeats for one in base])))

    bursts = [np.where(run >= begun, share, HONEST_REPEATS[-1]) for share in RUNS for begun in BEGUN]
    money = np.array([*REPEATS.values(), *[(1 - sum(REPEATS.values())) / len(bursts)] * len(bursts)])
    against, honest = logs([*REPEATS, *bursts], (HABIT,), (0.0,)), logs(HONEST_REPEATS, HABITS, SHARP)
    return log_path(against, honest, ordered=True, weights=money)


def _finding(peers: Peers, code: int, rows: Rows, value: float) -> Finding:
    table, known = peers.table, peers.others[rows[1:]] > 0
    now, before = rows[1:][known], peers.codes[rows[:-1]][known]
    again = peers.codes[now] == before
    expected = float(peers.expect(before, now).mean())
    share = float(again.mean())
    low, high = wilson(int(again.sum()), len(now))
    begin, length = longest_run(peers.codes[rows])
    name = table.annotators[code]
    return Finding(
        flag="straight-lining",
        about="annotator",
        subject=name,
        statistic=share - expected,
        low=low - expected,
        high=high - expected,
        judgements=len(now),
        sentence=(
            f"{name} gives the answer before again in {share:.0%} of the cases ({low:.0%} to {high:.0%}) where others' "
            f"answers to the items let {expected:.0%} be expected; at most {length} times in a row "
            f"{peers.name(int(peers.codes[rows[begin]]))}."
        ),
        unsaid=UNSAID,
        evidence={
            "answer": peers.categories[peers.codes[rows[begin]]],
            "length": length,
            "longest_run": table.items[table.item[rows[begin : begin + min(length, 50)]]].tolist(),
        },
        e_value=value,
    )


def _run_so_far(codes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Rows:
    """[n]: how many answers in a row are the same, up to and with each."""
    place = np.arange(len(codes))
    begins = np.where(np.r_[True, codes[1:] != codes[:-1]], place, 0)
    return np.asarray(place - np.maximum.accumulate(begins) + 1)


def longest_run(codes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[int, int]:
    """Where the longest run of one code begins, the first of several, and its length."""
    bounds = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True])
    lengths = np.diff(bounds)
    place = int(lengths.argmax())
    return int(bounds[place]), int(lengths[place])
