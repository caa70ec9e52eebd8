"""drift: from some time on, answers are right less often than this person's own before.

Of each answer it is known whether it is gold's, or where there is no gold that of most others. **Honest** is whoever is
right with one probability all the time, whichever it is (order drawn by lot, so that hard items do not come last).
**Against that** is bet that it falls at some time t to a lower one: what was right before is bet on by Krichevsky and
Trofimov's rule, what comes after with .3, .45, .6 or .75, where that is at least .1 below the share before. Every tenth
answer is a possible t, the k-th with 1 / ((k + 1)(k + 2)) of the money. A mixture over starts in the place of a CUSUM's
maximum, which makes it an e-process.

*Sources:* universal inference, see `goldwork.flags.bets`; e-detectors, Shin, Ramdas and Rinaldo 2023, New England
Journal of Statistics in Data Science 2, 229-260; CUSUM, Page 1954, Biometrika 41, 100-115.
"""

from __future__ import annotations

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import Floats, Rows, in_time, largest, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

AFTER = (0.3, 0.45, 0.6, 0.75)
LEAST_FALL = 0.1
EVERY = 10
FEWEST = 40
UNSAID = (
    "Harder items, a new guideline or other people to compare with can do this too: see whether others fell at the "
    "same time. Nothing is said about why."
)


@flag("drift", about="annotator")
def drift(table: Judgements, context: Context) -> list[Finding]:
    """One finding for everybody with 40 answers that gold or most others can be held against. Needs times."""
    if not in_time(table):
        raise NotAskedError("the column submitted_at is needed, which says what was answered after what.")
    peers = peers_of(table, context)
    found = []
    for code, rows in people(table):
        mine = rows[peers.reference[rows] >= 0]
        if len(mine) >= FEWEST:
            found.append(_finding(table, peers, code, mine))
    return found


def _finding(table: Judgements, peers: Peers, code: int, rows: Rows) -> Finding:
    right = (peers.reference[rows] == peers.codes[rows]).astype(np.float64)
    path, start = path_and_start(right)
    before, after = right[:start], right[start:]
    low, high = wilson(float(after.sum()), len(after))
    name = table.annotators[code]
    wrong = rows[start:][after == 0]
    return Finding(
        flag="drift",
        about="annotator",
        subject=name,
        statistic=float(after.mean() - before.mean()),
        low=low - float(before.mean()),
        high=high - float(before.mean()),
        judgements=len(rows),
        sentence=(
            f"After {name}'s first {start} comparable answers, {after.mean():.0%} ({low:.0%} to {high:.0%}) of the "
            f"{len(after)} that followed are gold's or most others' answer, where it was {before.mean():.0%} before."
        ),
        unsaid=UNSAID,
        evidence={
            "first_answers": start,
            "first_item_after": table.items[table.item[rows[start]]],
            "differing_after": table.items[table.item[wrong]][:10].tolist(),
        },
        e_value=largest(path),
    )


def path_and_start(right: Floats) -> tuple[Floats, int]:
    """[n]: the logarithm of the e-value after each answer; and the likeliest beginning of the fall, at least EVERY."""
    size = len(right)
    hits = np.cumsum(right)
    seen = np.arange(1, size + 1)
    earlier = np.r_[0.0, hits[:-1]]
    rule = np.where(right == 1, earlier + 0.5, seen - 1 - earlier + 0.5) / seen
    before = np.r_[0.0, np.cumsum(np.log(rule))]
    starts = np.arange(EVERY, size, EVERY)
    share = np.log(1 / (np.arange(len(starts)) + 1) / (np.arange(len(starts)) + 2))
    reached = [np.full(size, -np.inf)]
    best = (-np.inf, EVERY)
    for level in AFTER:
        after = np.r_[0.0, np.cumsum(np.where(right == 1, np.log(level), np.log(1 - level)))]
        allowed = starts[hits[starts - 1] / starts - level >= LEAST_FALL]
        if len(allowed):
            stake = np.full(size, -np.inf)
            stake[allowed] = before[allowed] - after[allowed] + share[allowed // EVERY - 1]
            reached.append(np.logaddexp.accumulate(stake) + after[1:] - np.log(len(AFTER)))
            likely = before[allowed] - after[allowed] + after[-1]
            best = max(best, (float(likely.max()), -int(allowed[likely.argmax()])))
    with np.errstate(divide="ignore", invalid="ignore"):
        honest = np.nan_to_num(hits * np.log(hits / seen)) + np.nan_to_num((seen - hits) * np.log(1 - hits / seen))
    return np.logaddexp.reduce(np.stack(reached), axis=0) - honest, abs(best[1])
