"""Gold as its keepers see it: answers, how often it was shown, how right people were on it, and what is odd about it.

An expert who has still to vote on a draft is shown neither answers nor votes. For active gold, the accuracy of those
who answered it stands beside what they reach otherwise: far below, the answer may be wrong; far above, it may have
been told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import NotFoundError
from goldwork.quality.people import SCORE
from goldwork.quality.policy import Policy
from goldwork.quality.skill import ALL, HITS
from goldwork.services.access import Member
from goldwork.services.figures import Interval, wilson
from goldwork.services.log import decode
from goldwork.store.schema import account, annotator_state, batch, gold, gold_result, gold_vote, item, project

State = Literal["draft", "active", "split", "retired"]
Kind = Literal["gold", "trap", "training"]

MAX_ROWS = 100
FEWEST = 8
"""Results from which on something can be odd about gold."""
SURE = 3.0
"""Standard errors that accuracy must be off by: of 1,000 gold items that are as they should be, about 3 look odd."""

_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))
_COUNTS = (
    sa.select(gold.c.kind, gold.c.state, sa.func.count().label("number"))
    .where(gold.c.project == bind("project"))
    .group_by(gold.c.kind, gold.c.state)
)
_source = item.alias("source_item")
_ROWS = (
    sa.select(gold, item.c.external_id, item.c.payload, _source.c.external_id.label("made_of"))
    .join(item, item.c.id == gold.c.item)
    .outerjoin(_source, _source.c.id == gold.c.source)
    .where(
        gold.c.project == bind("project"),
        gold.c.state.in_(bind("states", expanding=True)),
        gold.c.kind.in_(bind("kinds", expanding=True)),
        gold.c.item > bind("after"),
    )
    .order_by(gold.c.item)
    .limit(bind("limit"))
)
_ITEM = (
    sa.select(item.c.id, item.c.external_id, item.c.payload, gold.c.state)
    .join(batch, batch.c.id == item.c.batch)
    .outerjoin(gold, gold.c.item == item.c.id)
    .where(
        item.c.project == bind("project"),
        item.c.external_id == bind("name"),
        batch.c.state == "published",
        item.c.id <= batch.c.opened_through,
    )
)
_RESULTS = sa.select(gold_result.c.item, gold_result.c.annotator, gold_result.c.score).where(
    gold_result.c.project == bind("project"), gold_result.c.item.in_(bind("items", expanding=True))
)
_PEOPLE = sa.select(annotator_state.c.annotator, annotator_state.c.body).where(
    annotator_state.c.project == bind("project"), annotator_state.c.annotator.in_(bind("people", expanding=True))
)
_VOTES = (
    sa.select(gold_vote, account.c.name)
    .join(account, account.c.id == gold_vote.c.account)
    .where(gold_vote.c.item.in_(bind("items", expanding=True)))
    .order_by(gold_vote.c.at, gold_vote.c.account)
)


class ExpertVote(msgspec.Struct, frozen=True):
    """What one expert holds, and why."""

    name: str
    answers: dict[str, Any]
    reason: str
    at: int


class GoldRow(msgspec.Struct, frozen=True):
    """One gold item, trap or training item. `fields`: what is shown of it. `source`: the own id of the item that a trap
    was made of.

    `answers`: the acceptable ones by question. `votes`: both experts', once they are counted; `voted`: how many have
    voted, `mine`: whether I have. `shown`: people it was given to. `accuracy` on it of the `people` who answered it;
    `otherwise`: what the same people reach as their peers see it. `odd`: the answer may be wrong, or was told.
    """

    item: int
    external_id: str
    fields: dict[str, Any]
    kind: Kind
    state: State
    answers: dict[str, list[Any]]
    reason: str
    stratum: str
    drawn: bool
    shown: int
    why: str
    created_at: int
    votes: list[ExpertVote]
    voted: int
    mine: bool
    accuracy: Interval | None
    people: int
    otherwise: float | None
    odd: Literal["", "wrong", "told"]
    source: str | None


class GoldItem(msgspec.Struct, frozen=True):
    """An item of which gold may be made; `state`: of the gold that it is already."""

    item: int
    external_id: str
    fields: dict[str, Any]
    state: State | None


class GoldCount(msgspec.Struct, frozen=True):
    """How many rows there are of a kind in a state."""

    kind: Kind
    state: State
    number: int


class GoldPage(msgspec.Struct, frozen=True):
    """Gold in the order of items. `next`: give it as `after` for the next page. `audits`: one trap or repeat is shown
    in so many items; 0: none is."""

    rows: list[GoldRow]
    counts: list[GoldCount]
    next: int | None
    audits: int


def list_gold(
    connection: Connection, mine: Member, states: Sequence[State], kinds: Sequence[Kind], after: int, limit: int
) -> GoldPage:
    """A page of gold, for managers and adjudicators. Raises ForbiddenError."""
    mine.require("adjudicator")
    where = {"project": mine.project, "states": list(states), "kinds": list(kinds), "after": after, "limit": limit + 1}
    rows = connection.execute(_ROWS, where).all()
    page = rows[:limit]
    ids = [row.item for row in page]
    votes: dict[int, list[Any]] = defaultdict(list)
    for one in connection.execute(_VOTES, {"items": ids}):
        votes[one.item].append(one)
    told = _results(connection, mine.project, ids)
    counts = connection.execute(_COUNTS, {"project": mine.project}).all()
    return GoldPage(
        rows=[_judge(_row(row, votes[row.item], mine.person.account), told.get(row.item, ())) for row in page],
        counts=[GoldCount(*one) for one in counts],
        next=ids[-1] if len(rows) > limit else None,
        audits=_audits(connection, mine.project),
    )


def _audits(connection: Connection, project_id: int) -> int:
    policy = connection.execute(_POLICY, {"project": project_id}).scalar_one()
    return msgspec.json.decode(policy, type=Policy).audits


def find_item(connection: Connection, mine: Member, name: str) -> GoldItem:
    """An item by its own id. Raises NotFoundError."""
    mine.require("adjudicator")
    row = connection.execute(_ITEM, {"project": mine.project, "name": name}).one_or_none()
    if row is None:
        raise NotFoundError(f"the project has no open item {name[:50]!r}.")
    return GoldItem(row.id, row.external_id, decode(row.payload), row.state)


def _row(row: Any, votes: Sequence[Any], me: int) -> GoldRow:
    return GoldRow(
        item=row.item,
        external_id=row.external_id,
        fields=decode(row.payload),
        kind=row.kind,
        state=row.state,
        answers=decode(row.answers),
        reason=row.reason,
        stratum=row.stratum,
        drawn=bool(row.drawn),
        shown=row.shown,
        why=row.why,
        created_at=row.created_at,
        votes=[]
        if row.state == "draft"
        else [ExpertVote(one.name, decode(one.answers), one.reason, one.at) for one in votes],
        voted=len(votes),
        mine=any(one.account == me for one in votes),
        accuracy=None,
        people=0,
        otherwise=None,
        odd="",
        source=row.made_of,
    )


def _results(
    connection: Connection, project_id: int, items: Sequence[int]
) -> dict[int, list[tuple[float, float | None]]]:
    """By item, of everybody who answered it: their score, and what they reach as their peers see it, 0 to 1."""
    rows = connection.execute(_RESULTS, {"project": project_id, "items": list(items)}).all()
    people = sorted({row.annotator for row in rows})
    reach = {
        row.annotator: reached(decode(row.body))
        for row in connection.execute(_PEOPLE, {"project": project_id, "people": people})
    }
    found: dict[int, list[tuple[float, float | None]]] = defaultdict(list)
    for row in rows:
        found[row.item].append((row.score / SCORE, reach.get(row.annotator)))
    return found


def reached(person: Mapping[str, Any]) -> float | None:
    """The share of somebody's answers that were right, as far as the engine has learned it; None of nobody known."""
    counts = [one for one in person.get("skill", {}).values() if one and one[ALL]]
    return sum(one[HITS] for one in counts) / sum(one[ALL] for one in counts) if counts else None


def _judge(row: GoldRow, results: Sequence[tuple[float, float | None]]) -> GoldRow:
    """A row with how right people were on it, and whether that is odd for the same people."""
    if not results:
        return row
    share = sum(score for score, _ in results) / len(results)
    known = [reach for _, reach in results if reach is not None]
    otherwise = sum(known) / len(known) if known else None
    odd: Literal["", "wrong", "told"] = ""
    if otherwise is not None and len(results) >= FEWEST:
        wide = wilson(share, len(results), SURE)
        if wide.high is not None and wide.high < otherwise:
            odd = "wrong"
        elif wide.low is not None and wide.low > otherwise:
            odd = "told"
    return msgspec.structs.replace(
        row, accuracy=wilson(share, len(results)), people=len(results), otherwise=otherwise, odd=odd
    )
