"""drift: from some time on, a person's answers follow the items less than this person's own before.

Of each answer it is known whether it is gold's, or where there is no gold that of most others (x = 1), and how
probable others' answers let that be for somebody of skill a (`Peers.gives`). **Honest** is whoever has one skill a all
the time, whichever it is. **Against that** is bet that the log odds of seeing what is fall at some time by 1 or 1.8.
Every 25th answer may be that time, the k-th with the share 16 / ((k + 15) (k + 16)) of the money. Items that get harder
make others differ too, so nobody is accused. A mixture over starts stands in the place of a CUSUM's maximum, which
makes it an e-process.

*Sources:* universal inference, see `goldwork.flags.bets`; e-detectors, Shin, Ramdas and Rinaldo 2023, New England
Journal of Statistics in Data Science 2, 229-260; CUSUM, Page 1954, Biometrika 41, 100-115.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import Floats, Rows, in_time, largest, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

BEFORE = {-0.4: 0.2, 0.1: 0.4, 0.6: 0.3, 1.2: 0.1}
"""The skills before, beside the crowd's, and the share of the money on each."""
FALLS = {1.0: 0.6, 1.8: 0.4}
HONEST = tuple(n / 10 for n in range(-40, 41))
EVERY = 25
EARLY = 16
"""The first so many starts share half of the money."""
FEWEST = 40
UNSAID = (
    "Harder items, a new guideline or other people to compare with can do this too: see whether others fell at the "
    "same time. Nothing is said about why."
)


@flag("drift", about="annotator")
def drift(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 40 answers that gold or most others can be held against. Needs times."""
    if not in_time(table):
        raise NotAskedError("the column submitted_at is needed, which says what was answered after what.")
    peers = peers_of(table, context)
    found = []
    for code, rows in people(table):
        mine = rows[peers.reference[rows] >= 0]
        if len(mine) >= FEWEST:
            path, start = path_and_start(peers.reference[mine] == peers.codes[mine], partial(peers.gives, rows=mine))
            value = largest(path)
            found.append((value, partial(_finding, peers, code, mine, start, value)))
    return Tested.of(found)


def _finding(peers: Peers, code: int, rows: Rows, start: int, value: float) -> Finding:
    table, right = peers.table, peers.reference[rows] == peers.codes[rows]
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
        e_value=value,
    )


def path_and_start(right: npt.NDArray[np.bool_], gives: Callable[[Floats], Floats]) -> tuple[Floats, int]:
    """[n]: the logarithm of the e-value after each answer; and the likeliest time of the fall, at least EVERY.

    `gives` says of skills [S, 1], [S, n]: how probable it is for somebody of that skill that each answer is right.
    """

    def reached(skills: Iterable[float]) -> Floats:
        share = gives(np.array([*skills])[:, None])
        return np.pad(np.cumsum(np.log(np.where(right, share, 1 - share)), axis=1), ((0, 0), (1, 0)))

    starts = np.arange(EVERY, len(right), EVERY)
    place = np.arange(len(starts)) + EARLY
    money = math.log(EARLY) - np.log(place * (place + 1.0))
    bets, best = [], (-np.inf, -EVERY)
    skills = reached(BEFORE), *(reached(skill - fall for skill in BEFORE) for fall in FALLS)
    for (n, of_skill), (m, of_fall) in itertools.product(enumerate(BEFORE.values()), enumerate(FALLS.values(), 1)):
        before, after = skills[0][n], skills[m][n]
        stake = np.full(len(right), -np.inf)
        stake[starts] = before[starts] - after[starts] + money + math.log(of_skill * of_fall)
        bets.append(np.logaddexp.accumulate(stake) + after[1:])
        likely = before[starts] - after[starts] + after[-1]
        best = max(best, (float(likely.max()), -int(starts[likely.argmax()])))
    honest = reached(HONEST)[:, 1:].max(axis=0)
    return np.logaddexp.reduce(np.stack(bets), axis=0) - honest, -best[1]
