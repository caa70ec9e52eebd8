"""An annotator's own view: what is left to do, what was done today, and everything that counts as work.

The ledger counts every answer and skip ever sent, retracted and surplus ones too: work once counted stays counted.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.services import growth, peer_reviews, placement, reviewing, standing
from goldwork.services.access import Member
from goldwork.services.signin import DAY
from goldwork.store.schema import assignment, item, submit

MAX_LEFT = 1000
"""What is left is counted up to here."""
WINDOW = 20_000
"""Open items looked at while counting."""


class Today(msgspec.Struct, frozen=True):
    """Answers in force and active time since midnight UTC."""

    judged: int
    seconds: float


class WorkDay(msgspec.Struct, frozen=True):
    """One day's answers in force and active time. `day`: YYYY-MM-DD in UTC."""

    day: str
    judged: int
    seconds: float


class Ledger(msgspec.Struct, frozen=True):
    """All paid work: `surplus` answers, `retracted` ones (taken back by an undo), those of `training`, `reviews` and
    those that were set aside are among `answers`."""

    answers: int
    training: int
    reviews: int
    skips: int
    surplus: int
    retracted: int
    seconds: float


class MyWork(msgspec.Struct, frozen=True):
    """One person's work in one project. Times in milliseconds. `reviewed`: what peers say of their texts, in lots;
    `standing`: what stands between them and work."""

    judged: int
    seconds: float
    first_at: int | None
    last_at: int | None
    by_day: list[WorkDay]
    ledger: Ledger
    growth: growth.Growth
    reviewed: peer_reviews.Reviewed | None
    standing: standing.Standing | None


_undone = submit.alias("undone")
_day = (submit.c.submitted_at - submit.c.submitted_at % DAY).label("day")
_BY_DAY = (
    sa.select(
        _day,
        submit.c.kind,
        submit.c.surplus,
        sa.func.count().label("sent"),
        sa.func.count(_undone.c.seq).label("retracted"),
        sa.func.coalesce(sa.func.sum(submit.c.seconds), 0.0).label("seconds"),
        sa.func.min(submit.c.submitted_at).label("first"),
        sa.func.max(submit.c.submitted_at).label("last"),
    )
    .select_from(
        submit.outerjoin(_undone, (_undone.c.project == submit.c.project) & (_undone.c.supersedes == submit.c.seq))
    )
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        submit.c.submitted_at >= bind("since"),
    )
    .group_by(_day, submit.c.kind, submit.c.surplus)
    .order_by(_day)
)
_window = (
    sa.select(item.c.id)
    .where(item.c.project == bind("project"), item.c.taken < item.c.wanted)
    .order_by(item.c.priority, item.c.rank, item.c.shuffle, item.c.id)
    .limit(WINDOW)
    .subquery()
)
_FREE = sa.select(sa.func.count()).select_from(
    sa.select(_window.c.id)
    .select_from(
        _window.outerjoin(
            assignment,
            (assignment.c.item == _window.c.id)
            & (assignment.c.annotator == bind("annotator"))
            & (assignment.c.pass_number == 0),
        )
    )
    .where(sa.or_(assignment.c.id.is_(None), (assignment.c.state == "lapsed") & (assignment.c.purpose == "work")))
    .limit(MAX_LEFT)
    .subquery()
)
_OF_PURPOSE = (
    sa.select(sa.func.count())
    .select_from(submit.join(assignment, assignment.c.id == submit.c.assignment))
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        assignment.c.purpose == bind("purpose"),
        submit.c.kind == "answer",
    )
)
_HELD = sa.select(sa.func.count()).where(
    assignment.c.annotator == bind("annotator"),
    assignment.c.project == bind("project"),
    assignment.c.state == "leased",
)


def count_left(connection: Connection, mine: Member) -> int:
    """How many items and reviews the member holds or could still get, up to MAX_LEFT, with the gold and audits that are
    to stand among them: so the number falls by one with whatever is judged, and tells nothing."""
    where = {"project": mine.project, "annotator": mine.person.annotator}
    held = int(connection.execute(_HELD, where).scalar_one())
    free = int(connection.execute(_FREE, where).scalar_one())
    coming = placement.coming(connection, mine.project, mine.person.annotator, free)
    return min(MAX_LEFT, held + free + coming + reviewing.count(connection, mine.project, mine.person.annotator))


def today(connection: Connection, mine: Member, now: int) -> Today:
    """What the member did since midnight UTC."""
    rows = _by_day(connection, mine, now - now % DAY)
    return Today(_judged(rows), _seconds(rows))


def describe(connection: Connection, mine: Member, now: int) -> MyWork:
    """All that the member did in the project, and how it goes."""
    rows = _by_day(connection, mine, 0)
    answers = [row for row in rows if row.kind == "answer"]
    days = sorted({row.day for row in rows})
    return MyWork(
        judged=_judged(rows),
        seconds=_seconds(rows),
        first_at=min((row.first for row in rows), default=None),
        last_at=max((row.last for row in rows), default=None),
        by_day=[_one_day(day, [row for row in rows if row.day == day]) for day in days],
        ledger=Ledger(
            answers=sum(row.sent for row in answers),
            training=_sent(connection, mine, "practice"),
            reviews=_sent(connection, mine, "review"),
            skips=sum(row.sent for row in rows if row.kind == "skip"),
            surplus=sum(row.sent for row in answers if row.surplus),
            retracted=sum(row.retracted for row in answers),
            seconds=_seconds(rows),
        ),
        growth=growth.describe(connection, mine, now),
        reviewed=peer_reviews.of_author(connection, mine),
        standing=standing.describe(connection, mine),
    )


def _sent(connection: Connection, mine: Member, purpose: str) -> int:
    where = {"project": mine.project, "annotator": mine.person.annotator, "purpose": purpose}
    return int(connection.execute(_OF_PURPOSE, where).scalar_one())


def _by_day(connection: Connection, mine: Member, since: int) -> list[Any]:
    where = {"project": mine.project, "annotator": mine.person.annotator, "since": since}
    return list(connection.execute(_BY_DAY, where))


def _one_day(day: int, rows: list[Any]) -> WorkDay:
    date = dt.datetime.fromtimestamp(day / 1000, dt.UTC).date()
    return WorkDay(date.isoformat(), _judged(rows), _seconds(rows))


def _judged(rows: list[Any]) -> int:
    return sum(row.sent - row.retracted for row in rows if row.kind == "answer")


def _seconds(rows: list[Any]) -> float:
    return round(float(sum(row.seconds for row in rows)), 3)
