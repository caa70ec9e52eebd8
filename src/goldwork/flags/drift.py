"""drift: from some time on, a person's answers follow the items less than this person's own before.

Others' answers let one expect every answer, for somebody of any skill (`Peers.says`). **Honest** is whoever has one
skill all the time, whichever it is. **Against that** is bet that the log odds of seeing what is fall at some time by
1.25 or 2.5. That may be after 30, 60, 100, 150, 200, 300, 400, 600, ... answers, the k-th of these with a share of
.1 * .9^(k - 1) of the money. Items that get harder make others differ too, so nobody is accused. A mixture over starts
stands in the place of a CUSUM's maximum, which makes it an e-process: of every start and skill the product of bets on
one answer after the other, each a probability given those before, over the honest likelihood at its largest.

*Sources:* universal inference, see `goldwork.flags.bets`; e-detectors, Shin, Ramdas and Rinaldo 2023, New England
Journal of Statistics in Data Science 2, 229-260; CUSUM, Page 1954, Biometrika 41, 100-115.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import Floats, Rows, in_time, largest, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

BEFORE = {-1.25: 0.15, -0.5: 0.3, 0.25: 0.3, 1.0: 0.25}
"""The skills before, beside the typical one, and the share of the money on each."""
FALLS = {1.25: 0.5, 2.5: 0.5}
HONEST = np.linspace(-5, 4, 37)
STARTS = (30, 60, 100, 150)
"""The first starts; then twice 100 and 150, and so on."""
SHARE = 0.1
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
        mine = rows[peers.others[rows] > 0]
        if len(mine) >= FEWEST and (peers.reference[mine] >= 0).any():
            path, start = path_and_start(peers.says(mine), len(mine))
            value = largest(path)
            found.append((value, partial(_finding, peers, code, mine, start, value)))
    return Tested.of(found)


def _finding(peers: Peers, code: int, rows: Rows, start: int, value: float) -> Finding:
    table, clear = peers.table, peers.reference[rows] >= 0
    right = peers.reference[rows] == peers.codes[rows]
    before, after = right[:start][clear[:start]], right[start:][clear[start:]]
    low, high = wilson(int(after.sum()), len(after))
    base, share = (float(part.mean()) if len(part) else 0.0 for part in (before, after))
    wrong = rows[start:][(clear & ~right)[start:]]
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


def path_and_start(says: Callable[[Floats], Floats], size: int) -> tuple[Floats, int]:
    """[n]: the logarithm of the e-value after each answer; and the likeliest time of the fall, of those bet on.

    `says` tells of skills [S, 1], [S, n]: how probable each answer is for somebody of that skill.
    """

    def reached(skills: Iterable[float]) -> Floats:
        return np.pad(np.cumsum(np.log(says(np.array([*skills])[:, None])), axis=1), ((0, 0), (1, 0)))

    starts = _starts(size)
    money = math.log(SHARE) + np.arange(len(starts)) * math.log(1 - SHARE)
    bets, best = [], (-np.inf, -STARTS[0])
    skills = reached(BEFORE), *(reached(skill - fall for skill in BEFORE) for fall in FALLS)
    for (n, of_skill), (m, of_fall) in itertools.product(enumerate(BEFORE.values()), enumerate(FALLS.values(), 1)):
        before, after = skills[0][n], skills[m][n]
        stake = np.full(size, -np.inf)
        stake[starts] = before[starts] - after[starts] + money + math.log(of_skill * of_fall)
        bets.append(np.logaddexp.accumulate(stake) + after[1:])
        likely = before[starts] - after[starts] + after[-1]
        best = max(best, (float(likely.max()), -int(starts[likely.argmax()])))
    return np.logaddexp.reduce(np.stack(bets), axis=0) - _highest(reached(HONEST)[:, 1:]), -best[1]


def _highest(logs: Floats) -> Floats:
    """[n]: the highest of `logs` [skills, n] over all skills, by a parabola through the highest and its neighbours."""
    place = np.clip(logs.argmax(axis=0), 1, len(logs) - 2)
    below, middle, above = (logs[place + step, np.arange(logs.shape[1])] for step in (-1, 0, 1))
    bend = np.maximum(2 * middle - below - above, 1e-9)
    over = np.where(middle >= np.maximum(below, above), (above - below) ** 2 / (8 * bend), 0.0)
    return np.asarray(logs.max(axis=0) + over)


def _starts(size: int) -> Rows:
    """After how many answers of `size` the fall may come."""
    found = [*STARTS]
    while found[-1] < size:
        found += [2 * found[-2], 2 * found[-1]]
    return np.array([one for one in found if one < size], np.intp)
