"""How good a project was, day by day: as it stood when its figures were last made on a day, and that day's gold.

The counts of the engine are sums since the beginning, of which no past is kept; so the job that makes the overview's
figures writes down how they stand, once a day over the day's earlier words. Nothing is decided by it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.items import SURE
from goldwork.quality.people import SCORE
from goldwork.services.figures import Figures, Interval, wilson
from goldwork.services.log import decode
from goldwork.services.signin import DAY
from goldwork.services.sql import upsert
from goldwork.store.database import Database
from goldwork.store.schema import event, gold_result, project_state, snapshot

NAME = "day "
"""A day's snapshot is called this and the day."""


UNKNOWN = Interval(None, None, None)


class QualityDay(msgspec.Struct, frozen=True):
    """One UTC day. `right`: the share right of that day's `gold`; the others as they stood in the end: `confidence` of
    the `measured` closed items, `audits` as the share right of `audited`, and agreement. None: not known."""

    day: str
    gold: int
    right: Interval
    confidence: float | None
    measured: int
    audits: Interval
    audited: int
    agreement: Interval


_COUNTS = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))
_GOLD = (
    sa.select(gold_result.c.score, event.c.at)
    .join(event, (event.c.project == gold_result.c.project) & (event.c.seq == gold_result.c.seq))
    .where(gold_result.c.project == bind("project"), gold_result.c.seq >= bind("since"))
)
_DAYS = sa.select(snapshot.c.body).where(
    snapshot.c.project == bind("project"), snapshot.c.name >= bind("first"), snapshot.c.name <= bind("last")
)


def keep(connection: Connection, database: Database, project: int, figures: Figures) -> None:
    """Write down how the project stands today."""
    now = database.now(connection)
    counts = decode(connection.execute(_COUNTS, {"project": project}).scalar() or b"{}")
    stands = msgspec.structs.replace(standing(counts, figures), day=day_of(now // DAY))
    made = {"project": project, "name": NAME + stands.day, "body": msgspec.json.encode(stands).decode()}
    made |= {"through_seq": figures.through_seq, "took_ms": 0, "computed_at": now}
    connection.execute(upsert(database, snapshot, "body", "through_seq", "computed_at"), made)


def standing(counts: Mapping[str, Any], figures: Figures | None) -> QualityDay:
    """How a project stands by the engine's counts and the figures that were made last."""
    measured, audited = counts.get("measured", 0), counts.get("audits", 0)
    alike = next(iter(figures.agreement.values()), None) if figures else None
    return QualityDay(
        day="",
        gold=0,
        right=UNKNOWN,
        confidence=counts.get("sure", 0) / measured / SURE if measured else None,
        measured=measured,
        audits=share(counts.get("audits_right", 0), audited),
        audited=audited,
        agreement=Interval(alike.value, alike.low, alike.high) if alike else UNKNOWN,
    )


def read(connection: Connection, project: int, *, first: int, since: int) -> list[QualityDay]:
    """The days of which something is known, oldest first. `first`: the first day, in days since 1970; `since`: the seq
    of its first event."""
    where = {"project": project, "first": NAME + day_of(first), "last": NAME + "9"}
    found = {
        one.day: one
        for one in (msgspec.json.decode(body, type=QualityDay) for (body,) in connection.execute(_DAYS, where))
    }
    scores: dict[str, list[int]] = {}
    for score, at in connection.execute(_GOLD, {"project": project, "since": since}):
        scores.setdefault(day_of(at // DAY), []).append(score)
    for day, some in scores.items():
        right = share(sum(some) / SCORE, len(some))
        before = found.get(day) or msgspec.structs.replace(standing({}, None), day=day)
        found[day] = msgspec.structs.replace(before, gold=len(some), right=right)
    return [found[day] for day in sorted(found)]


def day_of(day: int) -> str:
    """A day in days since 1970 as YYYY-MM-DD."""
    return dt.datetime.fromtimestamp(day * DAY / 1000, dt.UTC).date().isoformat()


def share(right: float, count: int) -> Interval:
    """A share with its interval; scores between 0 and 1 vary less than the interval allows for."""
    return wilson(min(1.0, right / count), count) if count else UNKNOWN
