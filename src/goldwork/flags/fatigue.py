"""fatigue: within sessions, answers towards the end are right less often than those at the beginning.

Of each answer it is known whether it is gold's, or where there is no gold that of most others (x = 1), and z, the log
odds that others' answers let one expect of that. **Honest** is whoever has one skill throughout a session; given how
many were right in it, the skill no longer matters. **Against that** is bet that the log odds of seeing what is fall by
d over a session's first 50 answers, for three d. With y_i(d) the log odds that this leaves (`Peers.gives`; the place
counts as at most 75) and m of n answers right, a session multiplies the stake by

    exp(sum over right ones of y_i(d) - z_i) e_m(exp(z_1), ..., exp(z_n)) / e_m(exp(y_1(d)), ..., exp(y_n(d)))

with e_m the elementary symmetric polynomial: the likelihood ratio given m, in which the person's own level and that of
the day cancel. Nothing is compared across sessions.

*Sources:* conditional inference on a logistic slope, Cox 1970, The Analysis of Binary Data, 46-48; products of
e-values of sessions, Ramdas et al. 2023, Statistical Science 38, 576-601.
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

FALLS = {1.0: 0.3, 2.0: 0.4, 3.5: 0.3}
"""How far log odds fall over 50 answers, with the share of the money on each."""
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
    """A session's comparable answers: their rows, their places (over 50), and whether they are right (1 or 0)."""

    rows: Rows
    place: Floats
    right: Floats


@flag("fatigue", about="annotator")
def fatigue(table: Judgements, context: Context) -> Tested:
    """One finding for everybody with 20 comparable answers in sessions of eight or more. Needs times."""
    if not in_time(table):
        raise NotAskedError("the column submitted_at is needed, which says what was answered after what.")
    peers = peers_of(table, context)
    worked = [(code, rows, list(_sessions(table, peers, rows))) for code, rows in people(table)]
    worked = [one for one in worked if sum(len(part.right) for part in one[2]) >= LEAST]
    gained = _gained(peers, [part for _, _, parts in worked for part in parts])
    bounds = np.cumsum([0, *(len(parts) for _, _, parts in worked)])
    found = []
    for (code, _, parts), begin, end in zip(worked, bounds[:-1], bounds[1:], strict=True):
        stakes = np.cumsum(gained[begin:end], axis=0) + np.log(list(FALLS.values()))
        value = largest(np.maximum(np.logaddexp.reduce(stakes, axis=1), 0.0))
        found.append((value, partial(_finding, table, code, parts, value)))
    return Tested.of(found)


def _gained(peers: Peers, parts: list[Session]) -> Floats:
    """[sessions, falls]: the logarithm of what each session makes of the stake of each fall."""
    found = np.zeros((len(parts), len(FALLS)))
    if not parts:
        return found
    rows, place = np.concatenate([part.rows for part in parts]), np.concatenate([part.place for part in parts])
    gives = peers.gives(rows)
    ease, *tired = (_odds(gives(-fall * place)) for fall in (0.0, *FALLS))
    length = np.array([len(part.rows) for part in parts])
    begin = np.cumsum(length) - length
    size = np.ceil(2 * np.log2(length))
    for chosen in (np.flatnonzero(size == one) for one in np.unique(size)):
        across = np.arange(length[chosen].max())
        there = across < length[chosen][:, None]
        at = np.where(there, begin[chosen][:, None] + across, 0)
        right = np.zeros(at.shape)
        right[there] = np.concatenate([parts[n].right for n in chosen.tolist()])
        found[chosen] = session_gains(
            right, np.where(there, ease[at], -np.inf), [np.where(there, one[at], -np.inf) for one in tired]
        )
    return found


def _odds(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log(1 - share))


def session_gains(right: Floats, ease: Floats, tired: list[Floats]) -> Floats:
    """[S, falls]: of sessions [S, n] with log odds `ease`, and `tired` by each fall; -inf where no answer stands."""
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
    for begin, end in itertools.pairwise(bounds):
        session = rows[begin:end]
        known = peers.reference[session] >= 0
        if known.sum() >= SHORTEST:
            place = np.minimum(np.arange(end - begin) / LENGTH, 1.5)[known]
            right = (peers.reference[session] == peers.codes[session])[known]
            yield Session(session[known], place, right.astype(np.float64))


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
