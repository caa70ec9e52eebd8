"""fast: where the answers come too fast to have looked, they carry nothing.

Speed alone accuses nobody: on CIFAR-100N the fastest people are the best. How fast an answer came is taken relative to
the item's length and to others on it, to the place in the person's work, and once to everybody, once to the person's
own pace (see `goldwork.flags.times`); w = 1 / (1 + exp((z + 2) / .35)) is near 1 where it came much faster, z spreads.

**Honest** is whoever answers as others let one expect but in up to four of ten cases by habit (`random`), and among
fast answers at most one in ten more often than among slow ones; or keeps to a rule of their own. **Against that** is
bet that fast answers are guesses: P(l) = (1 - w) q'(l) + w m(l), with m habit or a fair die. Times are
taken as given; the bet is on the answers.

*Sources:* universal inference, see `goldwork.flags.bets`; rapid guessing and that accuracy has to tell it from speed,
Wise 2017, Educational Measurement: Issues and Practice 36(4), 52-61.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, log_path, own_habit, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.flags.random_answers import DIE, GUESSED, HABIT, own_rule
from goldwork.flags.times import Times, times_of
from goldwork.judgements import Judgements

BESIDE_ALL, BESIDE_OWN = 0.75, 0.25
"""The shares of the money on answers fast beside everybody's, and beside the person's own."""
HURRY = 0.1
"""The share of fast answers that honest people may give by habit, beyond that of slow ones."""
SLOW_HABITS = (0.0, 0.15)
HABITS = np.linspace(0.0, GUESSED, 5).tolist()
"""The shares of answers from habit that honest people may have."""
FEWEST = 5.0
"""Nobody is tested with fewer fast answers (the sum of w)."""
UNSAID = (
    "Being fast is no fault, and nobody is named for it alone: those who are fast and right do not appear here. Times "
    "say nothing of what was done besides."
)


@flag("fast", about="annotator")
def fast(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 answers, of which five came fast. Needs seconds."""
    times = times_of(table, context)
    peers, ordered = peers_of(table, context), in_time(table)
    if not (~np.isnan(times.slow) & (peers.others > 0)).any():
        raise NotAskedError("no answer has both a time and others to compare with.")
    found = []
    for code, rows in people(table):
        mine = rows[(peers.others[rows] > 0) & ~np.isnan(times.slow[rows])]
        if len(mine) >= LEAST:
            both = (BESIDE_ALL, _weight(times.slow[mine])), (BESIDE_OWN, _weight(times.own[mine]))
            quick = [(money, w) for money, w in both if w.sum() >= FEWEST]
            if quick:
                paths = [_path(peers, mine, w, ordered=ordered) + np.log(money) for money, w in quick]
                value = largest(np.logaddexp.reduce(np.stack(paths), axis=0))
                hurried = quick[int(np.argmax([path.max() for path in paths]))][1] > 0.5
                found.append((value, partial(_finding, peers, times, code, mine, hurried, value)))
    return Tested.of(found)


def _weight(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(np.clip((z + 2) / 0.35, -50, 50))))


def _finding(
    peers: Peers, times: Times, code: int, rows: Rows, hurried: npt.NDArray[np.bool_], value: float
) -> Finding:
    table = peers.table
    clear = peers.reference[rows] >= 0
    same = peers.reference[rows] == peers.codes[rows]
    trials, hits = int((clear & hurried).sum()), int((same & clear & hurried).sum())
    slow, slow_hits = int((clear & ~hurried).sum()), int((same & clear & ~hurried).sum())
    low, high = wilson(hits, trials)
    name, share = table.annotators[code], hits / max(trials, 1)
    seconds = float(np.median(times.seconds[rows[hurried]])) if hurried.any() else float("nan")
    typical = float(np.median(times.expected[rows[hurried]])) if hurried.any() else float("nan")
    beside = f", of the other {slow} {slow_hits / slow:.0%}" if slow else ""
    return Finding(
        flag="fast",
        about="annotator",
        subject=name,
        statistic=share,
        low=low,
        high=high,
        judgements=len(rows),
        sentence=(
            f"{int(hurried.sum())} of {name}'s {len(rows)} answers came much faster than their items take (median "
            f"{seconds:.1f} s where {typical:.1f} s are usual); of these {share:.0%} ({low:.0%} to {high:.0%}) are "
            f"those of most others or of gold{beside}."
        ),
        unsaid=UNSAID,
        evidence={
            "fast_answers": [
                {
                    "item": table.items[table.item[row]],
                    "answer": peers.categories[peers.codes[row]],
                    "others": peers.categories[peers.reference[row]] if peers.reference[row] >= 0 else None,
                    "seconds": float(times.seconds[row]),
                    "usual_seconds": round(float(times.expected[row]), 2),
                }
                for row in rows[hurried][np.argsort(times.slow[rows[hurried]], kind="stable")][:10].tolist()
            ]
        },
        e_value=value,
    )


def _path(peers: Peers, rows: Rows, w: Floats, *, ordered: bool) -> Floats:
    k, expected = len(peers.categories), peers.chosen[rows]
    habit = own_habit(peers.codes[rows], k)
    against = [
        (1 - w) * ((1 - share) * expected + share * habit) + w * guess
        for share in SLOW_HABITS
        for guess in (habit, np.full(len(rows), 1 / k))
    ]
    money = np.tile([HABIT, DIE], len(SLOW_HABITS)) / len(SLOW_HABITS)

    def mixed(share: float) -> Floats:
        return np.asarray((1 - share) * expected + share * habit)

    honest = [
        (1 - w) * mixed(slow) + w * mixed(quick) for slow in HABITS for quick in HABITS if quick < slow + HURRY + 1e-9
    ]
    logs = np.log(np.stack([*honest, own_rule(peers, rows, habit)]))
    return log_path(np.log(np.stack(against)), logs, ordered=ordered, weights=money)
