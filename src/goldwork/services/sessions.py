"""Somebody's latest submits, by session: what pace and breaks are told from, to the person alone.

Nothing of it is kept, and no route shows it to anybody else.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.fatigue import Answer, Session, tired
from goldwork.quality.people import PAUSE
from goldwork.quality.policy import Policy
from goldwork.services.access import Member
from goldwork.services.figures import DAY, MINUTE
from goldwork.store.schema import project, submit

LATEST = 10_000
"""Submits looked at."""
REST = 10 * MINUTE
"""So long without a submit is a break, after which the minutes of a session are counted anew."""
WEEK = 7 * DAY
MONDAY = 4 * DAY
"""The first Monday of the epoch, from which weeks are counted."""
WEEKS = 12
FEW = 5
"""A week with fewer answers has no pace."""


class Week(msgspec.Struct, frozen=True):
    """One's own pace in a week: the median seconds of so many answers. `at`: its Monday, milliseconds UTC."""

    at: int
    answers: int
    seconds: float


class Rest(msgspec.Struct, frozen=True):
    """`minutes` at work since the last break of ten minutes, of at most `limit` (0: the project states none), and
    `since`, when the last submit was made. `after`: a break is suggested, for since so many items of this session one
    is slower by the share `slower`, or has taken back `taken_back` of the last 40; 0: none is."""

    minutes: float
    limit: int
    since: int | None
    after: int = 0
    slower: float = 0.0
    taken_back: int = 0


_LATEST = (
    sa.select(
        submit.c.seq,
        submit.c.kind,
        submit.c.seconds,
        submit.c.submitted_at.label("at"),
        submit.c.supersedes,
        submit.c.subject,
    )
    .where(submit.c.project == bind("project"), submit.c.annotator == bind("annotator"))
    .order_by(submit.c.submitted_at.desc())
    .limit(LATEST)
)
_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))


def latest(connection: Connection, mine: Member) -> list[list[Any]]:
    """The member's latest submits by session, in order."""
    where = {"project": mine.project, "annotator": mine.person.annotator}
    rows = sorted(connection.execute(_LATEST, where), key=lambda row: row.seq)
    return split(rows, PAUSE)


def split(rows: Sequence[Any], pause: int) -> list[list[Any]]:
    """Rows cut where there is a longer pause than that between two."""
    sessions: list[list[Any]] = []
    before = None
    for row in rows:
        if before is None or row.at - before > pause:
            sessions.append([])
        sessions[-1].append(row)
        before = row.at
    return sessions


def answers(session: Sequence[Any]) -> Session:
    """A session's answers, as `tired` reads them: without reviews, which take another time than what is reviewed."""
    undone = {row.supersedes for row in session if row.kind == "undo"}
    return [Answer(row.seconds or 0.0, row.seq in undone) for row in session if is_answer(row)]


def is_answer(row: Any) -> bool:
    """Whether pace is told by it."""
    return row.kind == "answer" and row.subject is None


def rest(connection: Connection, mine: Member, now: int) -> Rest:
    """Whether a break is due, or would do the member good."""
    policy = msgspec.json.decode(connection.execute(_POLICY, {"project": mine.project}).scalar_one(), type=Policy)
    found = latest(connection, mine)
    if not found or now - found[-1][-1].at > PAUSE:
        return Rest(0.0, policy.session_minutes, found[-1][-1].at if found else None)
    *earlier, current = found
    stretch = split(current, REST)[-1]
    last = stretch[-1].at
    minutes = 0.0 if now - last > REST else (last - stretch[0].at) / MINUTE
    said = tired(answers(current), [answers(one) for one in earlier])
    rested = Rest(round(minutes, 1), policy.session_minutes, last)
    if said is None:
        return rested
    return msgspec.structs.replace(rested, after=said.after, slower=said.slower, taken_back=said.taken_back)


def weeks(sessions: Sequence[Sequence[Any]]) -> list[Week]:
    """The pace of the latest weeks with enough answers, oldest first."""
    by_week: dict[int, list[float]] = {}
    for row in (row for session in sessions for row in session):
        if is_answer(row) and row.seconds:
            by_week.setdefault((row.at - MONDAY) // WEEK, []).append(row.seconds)
    known = [(week, taken) for week, taken in sorted(by_week.items()) if len(taken) >= FEW][-WEEKS:]
    return [Week(week * WEEK + MONDAY, len(taken), round(statistics.median(taken), 1)) for week, taken in known]


def longest_stretch(session: Sequence[Any]) -> int:
    """Minutes that somebody worked in a session without a break, at most."""
    longest: int = max(stretch[-1].at - stretch[0].at for stretch in split(session, REST))
    return round(longest / MINUTE)
