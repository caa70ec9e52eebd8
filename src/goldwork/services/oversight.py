"""Oversight: what the engine decides, what waits for a person, what it has cost, how good it is, and who is how far.

Everything is read from the engine's counts, the decisions and the gold results; nothing here grows with the judgements,
and nothing is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.quality.evidence import Evidence
from goldwork.quality.people import SCORE
from goldwork.quality.policy import WHOLE, Policy
from goldwork.services import peer_reviews, quality_days
from goldwork.services.decisions import PEOPLE, WAITING, of_project
from goldwork.services.evidence import Grounds, Measured
from goldwork.services.figures import Figures, Interval, Quality
from goldwork.services.log import decode
from goldwork.services.peer_reviews import ReviewFigures
from goldwork.services.quality_days import QualityDay, share
from goldwork.services.signin import DAY
from goldwork.services.snapshot import NAME
from goldwork.store.database import Database
from goldwork.store.schema import (
    account,
    annotator,
    annotator_state,
    decision,
    event,
    project,
    project_state,
    ruling,
    snapshot,
)

DAYS = 14
"""Days of the trend."""
PAGE = 24
"""Annotators in a page of tracks."""
WINDOW = 20
"""Gold items over which an annotator's accuracy is told at each point."""
POINTS = 60
"""Points of a track: a longer one is thinned."""


class Counted(msgspec.Struct, frozen=True):
    """How many decisions of a kind."""

    kind: str
    count: int


class Watched(msgspec.Struct, frozen=True):
    """Somebody whom a person should look at. `seq`: the decision that says why; null where it is not there."""

    annotator: int
    pseudonym: str
    name: str | None
    seq: int | None
    number: int | None


class Waiting(msgspec.Struct, frozen=True):
    """What waits for a person."""

    proposals: int
    appeals: int
    watched: list[Watched]
    unqualified: list[Watched]
    adjudicate: int
    audits: int


class Cost(msgspec.Struct, frozen=True):
    """What was judged by people with an account, and what that comes to; money in the currency.

    `expected`: what it all comes to if the items that are left take as many judgements as those that are closed.
    """

    judgements: int
    gold: int
    gold_share: float | None
    per_item: float | None
    price: float
    currency: str
    spent: float
    expected: float | None
    budget: float


class Measures(msgspec.Struct, frozen=True):
    """How good it is. `confidence`: the mean of `measured` closed items; `audits` and `gold` as shares that were right,
    of `audited` items and `tested` gold answers. `trend`: day by day."""

    confidence: float | None
    measured: int
    audits: Interval
    audited: int
    gold: Interval
    tested: int
    agreement: Quality | None
    trend: list[QualityDay]


class Overturned(msgspec.Struct, frozen=True):
    """Of `made` decisions about people, how many a person has ruled on, and what share of those was overruled."""

    made: int
    appealed: int
    ruled: int
    overruled: int
    rate: Interval


class Oversight(msgspec.Struct, frozen=True):
    """The whole page. `today`: decisions since `since`, midnight UTC. `reviews`: None where peers review nothing."""

    since: int
    today: list[Counted]
    waiting: Waiting
    cost: Cost
    quality: Measures
    overturned: Overturned
    reviews: ReviewFigures | None


class Point(msgspec.Struct, frozen=True):
    """An annotator after so many gold items: accuracy on the last of them, and E."""

    gold: int
    at: int
    right: Interval
    e: float


class Track(msgspec.Struct, frozen=True):
    """One annotator on gold over time. `aside`: what they do now is set aside until they were taught."""

    annotator: int
    pseudonym: str
    name: str | None
    gold: int
    right: Interval
    e: float
    stage: str
    floor: float
    paused: bool
    aside: bool
    watched: bool
    points: list[Point]


class Tracks(msgspec.Struct, frozen=True):
    """Annotators with gold, those with the strongest evidence first."""

    rows: list[Track]
    next: int | None
    total: int


_HEAD = (
    sa.select(project.c.seq, project.c.policy, project_state.c.body.label("counts"), snapshot.c.body.label("figures"))
    .select_from(
        project.outerjoin(project_state, project_state.c.project == project.c.id).outerjoin(
            snapshot, (snapshot.c.project == project.c.id) & (snapshot.c.name == NAME)
        )
    )
    .where(project.c.id == bind("project"))
)
_AT = sa.select(event.c.at).where(event.c.project == bind("project"), event.c.seq == bind("seq"))
_TODAY = (
    sa.select(decision.c.kind, sa.func.count().label("made"))
    .where(decision.c.project == bind("project"), decision.c.seq >= bind("since"))
    .group_by(decision.c.kind)
    .order_by(decision.c.kind)
)
_MADE = sa.select(sa.func.count()).select_from(decision).where(of_project == bind("project"), PEOPLE)
_WAITING = _MADE.where(WAITING)
_STATES = (
    sa.select(
        annotator_state.c.annotator, annotator_state.c.body, annotator.c.pseudonym, annotator.c.account, account.c.name
    )
    .select_from(
        annotator_state.join(annotator, annotator.c.id == annotator_state.c.annotator).outerjoin(
            account, account.c.id == annotator.c.account
        )
    )
    .where(annotator_state.c.project == bind("project"))
    .order_by(annotator_state.c.annotator)
)
_ABOUT = (
    sa.select(decision.c.subject, decision.c.kind, decision.c.seq, decision.c.number)
    .where(of_project == bind("project"), PEOPLE, decision.c.kind.in_(("watch", "unqualified")))
    .order_by(decision.c.seq)
)
_RULINGS = (
    sa.select(ruling.c.about_seq, ruling.c.about_number, ruling.c.kind)
    .where(ruling.c.project == bind("project"), ruling.c.annotator.is_not(None))
    .order_by(ruling.c.seq)
)
_TIMES = sa.select(event.c.seq, event.c.at).where(
    event.c.project == bind("project"), event.c.seq.in_(bind("seqs", expanding=True))
)


def oversee(connection: Connection, database: Database, project_id: int) -> Oversight:
    """The project's oversight page."""
    row = connection.execute(_HEAD, {"project": project_id}).one()
    now = database.now(connection)
    today = now - now % DAY
    counts = decode(row.counts) if row.counts else {}
    policy = msgspec.json.decode(row.policy, type=Policy)
    states = [(one, decode(one.body)) for one in connection.execute(_STATES, {"project": project_id})]
    figured = msgspec.json.decode(row.figures, type=Figures) if row.figures else None
    since = first_since(connection, project_id, row.seq, today)
    begun = today - DAYS * DAY
    trend = {"first": begun // DAY, "since": first_since(connection, project_id, row.seq, begun)}
    decided = connection.execute(_TODAY, {"project": project_id, "since": since})
    return Oversight(
        since=today,
        today=[Counted(one.kind, one.made) for one in decided],
        waiting=_waiting(connection, project_id, counts, states),
        cost=_cost(counts, policy, [(one.account, state) for one, state in states]),
        quality=_measures(counts, figured, quality_days.read(connection, project_id, **trend)),
        overturned=_overturned(connection, project_id),
        reviews=peer_reviews.overview(connection, project_id),
    )


def first_since(connection: Connection, project_id: int, last: int, at: int) -> int:
    """The seq of the first event at or after a time, by halving: `last` + 1 where there is none."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(_AT, {"project": project_id, "seq": middle}).scalar_one()
        low, high = (low, middle) if found >= at else (middle + 1, high)
    return low


def _waiting(
    connection: Connection, project_id: int, counts: Mapping[str, Any], states: Sequence[tuple[Any, Mapping[str, Any]]]
) -> Waiting:
    waiting = connection.execute(_WAITING, {"project": project_id}).scalar_one()
    appeals = _unanswered(connection, project_id)
    about = {
        (row.subject, row.kind): (row.seq, row.number) for row in connection.execute(_ABOUT, {"project": project_id})
    }

    def those(kind: str, who: Sequence[Any]) -> list[Watched]:
        return [
            Watched(
                one.annotator, one.pseudonym, one.name, *about.get((f"annotator {one.annotator}", kind), (None, None))
            )
            for one in who
        ]

    return Waiting(
        proposals=waiting - appeals,
        appeals=appeals,
        watched=those("watch", [one for one, state in states if state.get("watch")]),
        unqualified=those("unqualified", [one for one, state in states if state.get("training", {}).get("barred")]),
        adjudicate=counts.get("in_adjudicate", 0),
        audits=counts.get("in_audit", 0),
    )


def _unanswered(connection: Connection, project_id: int) -> int:
    """Decisions whose latest word is an appeal."""
    last = {row[:2]: row.kind for row in connection.execute(_RULINGS, {"project": project_id})}
    return sum(kind == "appeal" for kind in last.values())


def _cost(counts: Mapping[str, Any], policy: Policy, people: Sequence[tuple[int | None, Mapping[str, Any]]]) -> Cost:
    judged = sum(state.get("answer", 0) for of, state in people if of is not None)
    tested = counts.get("gold", 0)
    closed, total = counts.get("complete", 0), counts.get("items", 0)
    per_item = judged / closed if closed else None
    price = policy.price / WHOLE
    return Cost(
        judgements=judged,
        gold=tested,
        gold_share=tested / judged if judged else None,
        per_item=per_item,
        price=price,
        currency=policy.currency,
        spent=judged * price,
        expected=per_item * total * price if per_item and price else None,
        budget=policy.budget / WHOLE,
    )


def _measures(counts: Mapping[str, Any], figured: Figures | None, trend: list[QualityDay]) -> Measures:
    now, tested = quality_days.standing(counts, figured), counts.get("gold", 0)
    return Measures(
        confidence=now.confidence,
        measured=now.measured,
        audits=now.audits,
        audited=now.audited,
        gold=share(counts.get("gold_right", 0) / SCORE, tested),
        tested=tested,
        agreement=next(iter(figured.agreement.values()), None) if figured else None,
        trend=trend,
    )


def _overturned(connection: Connection, project_id: int) -> Overturned:
    said: dict[tuple[int, int], set[str]] = {}
    for row in connection.execute(_RULINGS, {"project": project_id}):
        said.setdefault((row.about_seq, row.about_number), set()).add(row.kind)
    ruled = sum(bool(words - {"appeal"}) for words in said.values())
    overruled = sum("overruled" in words for words in said.values())
    return Overturned(
        made=connection.execute(_MADE, {"project": project_id}).scalar_one(),
        appealed=sum("appeal" in words for words in said.values()),
        ruled=ruled,
        overruled=overruled,
        rate=share(overruled, ruled),
    )


# Annotators on gold.


def tracks(connection: Connection, project_id: int, after: int = 0) -> Tracks:
    """A page of annotators with their gold over time, after the first `after`. Raises InputError."""
    if after < 0:
        raise InputError(f"must be 0 or more. Got {after}.", where="after")
    policy = msgspec.json.decode(connection.execute(_HEAD, {"project": project_id}).one().policy, type=Policy)
    known = []
    for row in connection.execute(_STATES, {"project": project_id}):
        state = decode(row.body)
        if state.get("gold", (0, 0))[0]:
            known.append((msgspec.convert(state.get("evidence", {}), Evidence).value, row, state))
    known.sort(key=lambda one: (-one[0], one[1].annotator))
    page = known[after : after + PAGE]
    measured = Grounds(connection, project_id).measure([row.annotator for _, row, _ in page])
    rows = [_track(connection, project_id, policy, *one, measured[one[1].annotator]) for one in page]
    return Tracks(rows, after + PAGE if after + PAGE < len(known) else None, len(known))


def _track(
    connection: Connection,
    project_id: int,
    policy: Policy,
    e: float,
    row: Any,
    state: Mapping[str, Any],
    results: Sequence[Measured],
) -> Track:
    chosen = sorted({round(step * (len(results) - 1) / (POINTS - 1)) for step in range(POINTS)}) if results else []
    seqs = [results[place].seq for place in chosen]
    times = {one.seq: one.at for one in connection.execute(_TIMES, {"project": project_id, "seqs": seqs})}
    number, right = state["gold"]
    return Track(
        annotator=row.annotator,
        pseudonym=row.pseudonym,
        name=row.name,
        gold=number,
        right=share(right / SCORE, number),
        e=round(e, 3),
        stage=state.get("stage", ""),
        floor=policy.floor / WHOLE,
        paused=bool(state.get("paused")),
        aside=any(end == 0 for _, end, _ in state.get("out", ())),
        watched=bool(state.get("watch")),
        points=[_point(results, place, times[results[place].seq]) for place in chosen],
    )


def _point(results: Sequence[Measured], place: int, at: int) -> Point:
    last = results[max(0, place + 1 - WINDOW) : place + 1]
    return Point(place + 1, at, share(sum(one.score for one in last), len(last)), round(results[place].e, 3))
