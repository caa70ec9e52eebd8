"""drift: from some time on, a person's answers follow the items less than this person's own before.

Of each answer it is known whether it is gold's, or where there is no gold that of most others (x = 1), and how easy
that was: z, the log odds that others' answers let one expect. **Honest** is whoever has one skill a all the time,
whichever it is: P(x = 1) = 1 / (1 + exp(-z - a)). **Against that** is bet that it falls at some time by .8, 1.5 or
2.5. Every 20th answer may be that time, the k-th with a share of the money in proportion to k^-1.5. Items that get
harder make others differ too, so z carries it and nobody is accused. A mixture over starts stands in the place of a
CUSUM's maximum, which makes it an e-process.

*Sources:* universal inference, see `goldwork.flags.bets`; e-detectors, Shin, Ramdas and Rinaldo 2023, New England
Journal of Statistics in Data Science 2, 229-260; CUSUM, Page 1954, Biometrika 41, 100-115.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import Floats, Rows, in_time, largest, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

BEFORE = (-0.5, 0.0, 0.5, 1.0, 1.5)
FALLS = (0.8, 1.5, 2.5)
HONEST = tuple(n / 10 for n in range(-40, 41))
EVERY = 20
ZETA = 2.612375348685488
"""The sum of k^-1.5 over all k."""
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
    right = peers.reference[rows] == peers.codes[rows]
    path, start = path_and_start(right, peers.ease[rows])
    before, after = right[:start], right[start:]
    low, high = wilson(int(after.sum()), len(after))
    base, share, wrong = float(before.mean()), float(after.mean()), rows[start:][~after]
    name = table.annotators[code]
    return Finding(
        flag="drift",
        about="annotator",
        subject=name,
        statistic=share - base,
        low=low - base,
        high=high - base,
        judgements=len(rows),
        sentence=(
            f"After {name}'s first {start} comparable answers, {share:.0%} ({low:.0%} to {high:.0%}) of the "
            f"{len(after)} that followed are gold's or most others' answer, where it was {base:.0%} before."
        ),
        unsaid=UNSAID,
        evidence={
            "first_answers": start,
            "first_item_after": table.items[table.item[rows[start]]],
            "differing_after": table.items[table.item[wrong]][:10].tolist(),
        },
        e_value=largest(path),
    )


def path_and_start(right: npt.NDArray[np.bool_], ease: Floats) -> tuple[Floats, int]:
    """[n]: the logarithm of the e-value after each answer; and the likeliest time of the fall, at least EVERY."""
    sign = np.where(right, 1.0, -1.0)

    def reached(skill: float) -> Floats:
        return np.concatenate([[0.0], np.cumsum(-np.log1p(np.exp(-sign * (ease + skill))))])

    starts = np.arange(EVERY, len(right), EVERY)
    money = -1.5 * np.log(np.arange(len(starts)) + 1.0) - np.log(ZETA * len(BEFORE) * len(FALLS))
    bets, best = [], (-np.inf, -EVERY)
    for skill in BEFORE:
        before = reached(skill)
        for fall in FALLS:
            after = reached(skill - fall)
            stake = np.full(len(right), -np.inf)
            stake[starts] = before[starts] - after[starts] + money
            bets.append(np.logaddexp.accumulate(stake) + after[1:])
            likely = before[starts] - after[starts] + after[-1]
            best = max(best, (float(likely.max()), -int(starts[likely.argmax()])))
    honest = np.stack([reached(skill)[1:] for skill in HONEST]).max(axis=0)
    return np.logaddexp.reduce(np.stack(bets), axis=0) - honest, -best[1]
