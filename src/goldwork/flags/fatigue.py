"""fatigue: within sessions, answers towards the end are right less often than those at the beginning.

Of each answer it is known whether it is gold's, or where there is no gold that of most others, and how probable others'
answers let that be: the session's answers fall into two lots of like ease. **Honest** is whoever is as likely right
early as late: as items come by lot, each order of the right and wrong answers of a lot is as likely as any other,
whichever their number, the person's skill, the day and the items' difficulties. **Against that** is bet that the odds
of the right answer fall by a factor exp(d h) over a session's first 50 answers, d = 1.5, with h = 1 and .5 for
clear and unclear items (the place counts as at most 75). With m of n answers right, and w_i = exp(-d h
place_i), a lot multiplies the stake by

    prod over right ones of w_i / (e_m(w_1, ..., w_n) / binomial(n, m))

with e_m the elementary symmetric polynomial, which is the mean of the product above over all orders: so its mean is 1.
Items that get harder in the order in which they come fall into other lots. Nothing is compared across sessions. The
last one, which may go on, counts by its first 50 answers, once there are so many: a mean of 1 at a time that the
answers choose is not one.

*Sources:* conditional inference on a logistic slope, Cox 1970, The Analysis of Binary Data, 46-48; permutations, Fisher
1935, The Design of Experiments, section 21; products of e-values of sessions, Ramdas et al. 2023, Statistical Science
38, 576-601.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, Tested, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, moments_of, people, wilson
from goldwork.flags.elementary import log_elementary
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FALLS = {1.5: 1.0}
"""How far log odds fall over 50 answers, with the share of the money on each."""
LOTS = {0.7: 1.0, 0.0: 0.5}
"""How probable others' answers let the right one be at least, and h."""
LENGTH = 50
PAUSE = 30 * 60.0
"""Seconds without an answer after which a new session begins, where the table does not say."""
SHORTEST = 8
UNSAID = (
    "Tired is no fault: it calls for a break, which is suggested to the person alone. Items that get harder towards "
    "the end of a batch do the same."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Session:
    """A session's comparable answers: their places (over 50), whether they are right (1 or 0), and h of their lots."""

    place: Floats
    right: Floats
    falls: Floats

    def lots(self) -> Iterator[tuple[Floats, Floats]]:
        """Of each lot, how far its odds fall where those of easy items fall by 1, and what is right."""
        for share in LOTS.values():
            mine = self.falls == share
            if mine.sum() > 1:
                yield share * self.place[mine], self.right[mine]


@flag("fatigue", about="annotator")
def fatigue(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 comparable answers in sessions of eight or more. Needs times."""
    if not in_time(table):
        raise NotAskedError("the column submitted_at is needed, which says what was answered after what.")
    peers = peers_of(table, context)
    worked = [(code, rows, list(_sessions(table, peers, rows))) for code, rows in people(table)]
    worked = [one for one in worked if sum(len(part.right) for part in one[2]) >= LEAST]
    gained = _gained([lot for _, _, parts in worked for part in parts for lot in part.lots()])
    bounds = np.cumsum([0, *(sum(len([*part.lots()]) for part in parts) for _, _, parts in worked)])
    found = []
    for (code, _, parts), begin, end in zip(worked, bounds[:-1], bounds[1:], strict=True):
        stakes = np.cumsum(gained[begin:end], axis=0) + np.log(list(FALLS.values()))
        value = largest(np.maximum(np.logaddexp.reduce(stakes, axis=1), 0.0))
        found.append((value, partial(_finding, table, code, parts, value)))
    return Tested.of(found)


def _gained(lots: list[tuple[Floats, Floats]]) -> Floats:
    """[lots, falls]: the logarithm of what each lot makes of the stake of each fall."""
    found = np.zeros((len(lots), len(FALLS)))
    length = np.array([len(right) for _, right in lots], np.intp)
    size = np.ceil(2 * np.log2(np.maximum(length, 1)))
    for chosen in (np.flatnonzero(size == one) for one in np.unique(size)):
        there = np.arange(length[chosen].max()) < length[chosen][:, None]
        right, falls = np.zeros(there.shape), np.zeros(there.shape)
        falls[there] = np.concatenate([lots[n][0] for n in chosen.tolist()])
        right[there] = np.concatenate([lots[n][1] for n in chosen.tolist()])
        alike = np.where(there, 0.0, -np.inf)
        found[chosen] = session_gains(right, alike, [np.where(there, -fall * falls, -np.inf) for fall in FALLS])
    return found


def session_gains(right: Floats, ease: Floats, tired: list[Floats]) -> Floats:
    """[S, falls]: of lots [S, n] with log odds `ease`, and `tired` by each fall; -inf where no answer stands."""
    m = right.sum(axis=1).astype(np.intp)
    level, hit = log_elementary(ease, m), right > 0

    def total(logs: Floats) -> Floats:
        return np.asarray(np.where(hit, logs, 0.0).sum(axis=1))

    return np.stack([level - total(ease) + total(one) - log_elementary(one, m) for one in tired], axis=1)


def _finding(table: Judgements, code: int, parts: list[Session], value: float) -> Finding:
    early = np.concatenate([part.right[part.place < np.median(part.place)] for part in parts])
    late = np.concatenate([part.right[part.place >= np.median(part.place)] for part in parts])
    low, high = wilson(float(late.sum()), len(late))
    base, name = float(early.mean()) if len(early) else 0.0, table.annotators[code]
    return Finding(
        flag="fatigue",
        about="annotator",
        subject=name,
        statistic=float(late.mean()) - base,
        low=low - base,
        high=high - base,
        judgements=len(early) + len(late),
        sentence=(
            f"In {len(parts)} sessions, {late.mean():.0%} ({low:.0%} to {high:.0%}) of {name}'s answers in the second "
            f"half are gold's or most others' answer, where it is {base:.0%} in the first."
        ),
        unsaid=UNSAID,
        evidence={"sessions": len(parts), "right_by_tenth_of_50": _curve(parts)},
        e_value=value,
    )


def _sessions(table: Judgements, peers: Peers, rows: Rows) -> Iterator[Session]:
    """Each session of a person with enough comparable answers."""
    named, times = table.context.get("session"), moments_of(table)[rows]
    if named is not None:
        said = named[rows].tolist()
        new = [True, *(one != other for one, other in zip(said[1:], said, strict=False))]
    else:
        new = np.r_[True, np.diff(times) > PAUSE].tolist()
    bounds = [*np.flatnonzero(new).tolist(), len(rows)]
    for begin, until in itertools.pairwise(bounds):
        end = until if until < len(rows) else begin + LENGTH
        if end > len(rows):
            return
        session = rows[begin:end]
        known = peers.reference[session] >= 0
        if known.sum() >= SHORTEST:
            place = np.minimum(np.arange(end - begin) / LENGTH, 1.5)[known]
            right = (peers.reference[session] == peers.codes[session])[known]
            clear = peers.clear[session][known]
            falls = np.array([*LOTS.values()])[np.searchsorted(-np.array([*LOTS]), -clear)]
            yield Session(place, right.astype(np.float64), falls)


def _curve(parts: list[Session]) -> list[dict[str, float]]:
    """The share right by where in a session, in tenths of 50 answers."""
    place = np.concatenate([part.place for part in parts])
    right = np.concatenate([part.right for part in parts])
    tenth = np.minimum((place * 10).astype(int), 14)
    return [
        {
            "from_answer": int(t * LENGTH / 10) + 1,
            "answers": int((tenth == t).sum()),
            "right": float(right[tenth == t].mean()),
        }
        for t in np.unique(tenth).tolist()
    ]
