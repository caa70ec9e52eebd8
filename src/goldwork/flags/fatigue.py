"""fatigue: within sessions, answers towards the end are right less often than those at the beginning.

Of each answer it is known whether it is gold's, or where there is no gold that of most others (x = 1), and how easy
that was: z, the log odds that others' answers let one expect. **Honest** is whoever has one skill throughout a
session; given how many were right in it, the skill no longer matters. **Against that** is bet that the log odds fall
by d over a session's first 50 answers, for three d. With u_i the place in the session over 50 (at most 1.5) and m of n
answers right, a session multiplies the stake by

    exp(-d sum over right ones of u_i) e_m(exp(z_1), ..., exp(z_n)) / e_m(exp(z_1 - d u_1), ..., exp(z_n - d u_n))

with e_m the elementary symmetric polynomial: the likelihood ratio given m, in which the person's own level and that of
the day cancel. Nothing is compared across sessions.

*Sources:* conditional inference on a logistic slope, Cox 1970, The Analysis of Binary Data, 46-48; products of
e-values of sessions, Ramdas et al. 2023, Statistical Science 38, 576-601.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import LEAST, Floats, Rows, in_time, largest, moments_of, people, wilson
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FALLS = (1.0, 2.0, 3.5)
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
    """A session's comparable answers: their places u, whether they are right (1 or 0), and how easy that was, z."""

    place: Floats
    right: Floats
    ease: Floats

    def logs(self) -> list[float]:
        """The logarithm of what the session makes of the stake of each fall."""
        m, ease = int(self.right.sum()), self.ease - self.ease.mean()
        level, place = _log_mean(ease, m), float((self.place * self.right).sum())
        return [level - fall * place - _log_mean(ease - fall * self.place, m) for fall in FALLS]


@flag("fatigue", about="annotator")
def fatigue(table: Judgements, context: Context) -> list[Finding]:
    """One finding for everybody with 20 comparable answers in sessions of eight or more. Needs times."""
    if not in_time(table):
        raise NotAskedError("the column submitted_at is needed, which says what was answered after what.")
    peers = peers_of(table, context)
    found = []
    for code, rows in people(table):
        parts = list(_sessions(table, peers, rows))
        if sum(len(part.right) for part in parts) >= LEAST:
            found.append(_finding(table, peers, code, rows, parts))
    return found


def _finding(table: Judgements, peers: Peers, code: int, rows: Rows, parts: list[Session]) -> Finding:
    gained = np.cumsum([part.logs() for part in parts], axis=0)
    path = np.logaddexp.reduce(gained - np.log(len(FALLS)), axis=1)
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
        e_value=largest(np.maximum(path, 0.0)),
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
    for begin, end in itertools.pairwise(bounds):
        session = rows[begin:end]
        known = peers.reference[session] >= 0
        if known.sum() >= SHORTEST:
            place = np.minimum(np.arange(end - begin) / LENGTH, 1.5)[known]
            right = (peers.reference[session] == peers.codes[session])[known]
            yield Session(place, right.astype(np.float64), peers.ease[session][known])


def _log_mean(logs: Floats, m: int) -> float:
    """log(e_m(exp(logs)) / C(n, m)), built up one answer after the other, in logarithms: a session may be long."""
    mean = np.full(m + 1, -np.inf)
    mean[0] = 0.0
    picked = np.arange(1, m + 1)
    for n, one in enumerate(logs.tolist(), 1):
        with np.errstate(divide="ignore"):
            taken, left = np.log(np.minimum(picked / n, 1.0)), np.log(np.maximum(1 - picked / n, 0.0))
        mean[1:] = np.logaddexp(left + mean[1:], taken + one + mean[:-1])
    return float(mean[m])


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
