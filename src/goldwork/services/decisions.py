"""Decisions of the engine: what it decided about items and people, what was said of it, and what it rests on.

A manager sees every decision with its evidence. An annotator sees those about themselves, with what was measured and
how often, and nothing from which it could be told which items are gold: how many were right is said for whole lots of
`LOT` gold items, and a warning, which comes at once after a gold answer, is shown when its lot is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError, NotFoundError
from goldwork.quality.audits import SECRET
from goldwork.quality.evidence import STAGES
from goldwork.services.access import Member
from goldwork.services.evidence import Grounds, Measured
from goldwork.store.schema import ABOUT_PEOPLE, account, annotator, decision, event, item, ruling

LOT = 10
"""Gold items of which an annotator is told at once how many were right."""
MAX_PAGE = 200
APPEALABLE = (*STAGES, "watch", "unqualified")
"""What one may disagree with."""
REVERSIBLE = (*APPEALABLE, "complete", "adjudicate", "settled")
"""What a person may overrule."""

Kind = Literal[
    "complete", "reopened", "adjudicate", "settled",
    "warn", "quarantine", "propose", "restored", "watch", "qualified", "unqualified",
]  # fmt: skip
About = Literal["item", "annotator"]
Standing = Literal["waiting", "ruled"]
Said = Literal["appeal", "upheld", "overruled", "noted"]
Action = Literal["", "pause", "resume", "retake"]


class Statement(msgspec.Struct, frozen=True):
    """What somebody said of a decision: an appeal by whom it is about, or a ruling by a named person."""

    kind: Said
    text: str
    action: Action
    by: str
    at: int


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision. `subject`: the item's or annotator's number; `called`: what it is called, `name` who that is.

    `standing`: waiting for a person, ruled upon, or neither. `evidence`: what the engine wrote down as it decided.
    """

    seq: int
    number: int
    kind: Kind
    about: About
    subject: int
    called: str
    name: str | None
    at: int
    evidence: dict[str, Any]
    standing: Standing | None
    statements: list[Statement]


class DecisionPage(msgspec.Struct, frozen=True):
    """Some decisions, latest first, and the cursor of the next page."""

    rows: list[DecisionRow]
    next: str | None


class MyDecision(msgspec.Struct, frozen=True):
    """A decision about oneself. `gold`: on how many gold items it rests; `right`: the share of the first `lots` of them
    that were right, null below ten; `e`: how strongly they speak, `floor`: the accuracy that is asked for."""

    seq: int
    number: int
    kind: Kind
    at: int
    gold: int | None
    lots: int
    right: float | None
    e: float | None
    floor: float | None
    reasons: list[str]
    statements: list[Statement]
    may_appeal: bool


_appeal, _later, _word = ruling.alias("appeal"), ruling.alias("later"), ruling.alias("word")


def _of(table: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.project == decision.c.project,
        table.c.about_seq == decision.c.seq,
        table.c.about_number == decision.c.number,
    )


_RULED = sa.exists().where(_of(_word), _word.c.kind != "appeal")
_UNANSWERED = sa.exists().where(
    _of(_appeal),
    _appeal.c.kind == "appeal",
    ~sa.exists().where(
        _later.c.project == _appeal.c.project,
        _later.c.about_seq == _appeal.c.about_seq,
        _later.c.about_number == _appeal.c.about_number,
        _later.c.kind != "appeal",
        _later.c.seq > _appeal.c.seq,
    ),
)
WAITING = _UNANSWERED | ((decision.c.kind == "propose") & ~_RULED)
"""What waits for a person: a proposal that nobody has decided, an appeal that nobody has answered."""
PEOPLE: sa.ColumnElement[Any] = sa.literal_column(f"decision.{ABOUT_PEOPLE}")
of_project = sa.literal_column("+decision.project", sa.BigInteger)
"""The project of decisions about somebody. The sign keeps SQLite, which has no statistics, from taking the project's
decisions to be few and reading them all: what is left to it are the indexes of subjects and of people."""
_DECISIONS = sa.select(
    decision.c.seq, decision.c.number, decision.c.kind, decision.c.subject, decision.c.body, event.c.at
).join(event, (event.c.project == decision.c.project) & (event.c.seq == decision.c.seq))
_STATEMENTS = (
    sa.select(
        ruling.c.about_seq,
        ruling.c.about_number,
        ruling.c.kind,
        ruling.c.text,
        ruling.c.action,
        ruling.c.at,
        ruling.c.seq,
        ruling.c.by_account,
        account.c.name,
    )
    .join(account, account.c.id == ruling.c.by_account)
    .where(ruling.c.project == bind("project"), ruling.c.about_seq.in_(bind("seqs", expanding=True)))
    .order_by(ruling.c.seq)
)
_ITEMS = sa.select(item.c.id, item.c.external_id).where(item.c.id.in_(bind("ids", expanding=True)))
_PEOPLE = (
    sa.select(annotator.c.id, annotator.c.pseudonym, account.c.name)
    .select_from(annotator.outerjoin(account, account.c.id == annotator.c.account))
    .where(annotator.c.id.in_(bind("ids", expanding=True)))
)


class Made(NamedTuple):
    """A decision as it is stored."""

    seq: int
    number: int
    kind: Kind
    about: About
    subject: int
    evidence: Mapping[str, Any]
    at: int


def list_decisions(
    connection: Connection,
    project_id: int,
    *,
    kind: Kind | None = None,
    about: About | None = None,
    subject: int | None = None,
    standing: Standing | None = None,
    after: str | None = None,
    limit: int = 50,
) -> DecisionPage:
    """A page of decisions, latest first. Raises InputError."""
    if not 1 <= limit <= MAX_PAGE:
        raise InputError(f"must be 1 to {MAX_PAGE}. Got {limit}.", where="limit")
    if subject is not None and about is None:
        raise InputError("say whether the subject is an item or an annotator.", where="about")
    query = _DECISIONS
    if subject is not None:
        query = query.where(of_project == project_id, decision.c.subject == f"{about} {subject}")
    elif about == "annotator" or kind in (*APPEALABLE, "restored", "qualified") or standing == "waiting":
        query = query.where(of_project == project_id, PEOPLE)
    else:
        query = query.where(decision.c.project == project_id)
        query = query.where(~PEOPLE) if about == "item" else query
    if kind is not None:
        query = query.where(decision.c.kind == kind)
    if standing is not None:
        query = query.where(WAITING if standing == "waiting" else _RULED & ~WAITING)
    if after is not None:
        query = query.where(sa.tuple_(decision.c.seq, decision.c.number) < sa.tuple_(*map(sa.literal, _read(after))))
    query = query.order_by(decision.c.seq.desc(), decision.c.number.desc()).limit(limit + 1)
    found = [_made(row) for row in connection.execute(query)]
    page = found[:limit]
    following = f"{page[-1].seq}.{page[-1].number}" if len(found) > limit else None
    return DecisionPage(describe(connection, project_id, page), following)


def find_decision(connection: Connection, project_id: int, seq: int, number: int) -> Made:
    """One decision. Raises NotFoundError."""
    where = (decision.c.project == project_id) & (decision.c.seq == seq) & (decision.c.number == number)
    row = connection.execute(_DECISIONS.where(where)).one_or_none()
    if row is None:
        raise no_decision()
    return _made(row)


def no_decision() -> NotFoundError:
    """What is said of a decision that is not there, and of one that is about somebody else."""
    return NotFoundError("there is no such decision.")


def describe(connection: Connection, project_id: int, found: Sequence[Made]) -> list[DecisionRow]:
    """Decisions with names, and with what was said of them."""
    said = statements(connection, project_id, [one.seq for one in found])
    names: dict[tuple[About, int], tuple[str, str | None]] = {}
    subjects: dict[About, list[int]] = {
        "item": [one.subject for one in found if one.about == "item"],
        "annotator": [one.subject for one in found if one.about == "annotator"],
    }
    for of, external_id in connection.execute(_ITEMS, {"ids": subjects["item"]}):
        names["item", of] = external_id, None
    for who, pseudonym, name in connection.execute(_PEOPLE, {"ids": subjects["annotator"]}):
        names["annotator", who] = pseudonym, name
    rows = []
    for one in found:
        mine = said.get((one.seq, one.number), [])
        called, name = names.get((one.about, one.subject), ("", None))
        rows.append(
            DecisionRow(
                one.seq,
                one.number,
                one.kind,
                one.about,
                one.subject,
                called,
                name,
                one.at,
                dict(one.evidence),
                stands(one.kind, mine),
                [statement(row) for row in mine],
            )
        )
    return rows


def statements(connection: Connection, project_id: int, seqs: Iterable[int]) -> dict[tuple[int, int], list[Any]]:
    """What was said of the decisions of these events, in the order it was said."""
    found: dict[tuple[int, int], list[Any]] = {}
    for row in connection.execute(_STATEMENTS, {"project": project_id, "seqs": sorted(set(seqs))}):
        found.setdefault((row.about_seq, row.about_number), []).append(row)
    return found


def statement(row: Any) -> Statement:
    """A row of `statements` as it is shown."""
    return Statement(row.kind, row.text, row.action, row.name, row.at)


def stands(kind: Kind, said: Sequence[Any]) -> Standing | None:
    """How a decision stands, by what was said of it: `WAITING` in words of rows."""
    if said:
        return "waiting" if said[-1].kind == "appeal" else "ruled"
    return "waiting" if kind == "propose" else None


# One's own.


def my_decisions(connection: Connection, mine: Member) -> list[MyDecision]:
    """The decisions about the member that they may see by now, latest first."""
    who = mine.person.annotator
    query = _DECISIONS.where(of_project == mine.project, decision.c.subject == f"annotator {who}")
    found = [_made(row) for row in connection.execute(query.order_by(decision.c.seq.desc()))]
    if not found:
        return []
    results = Grounds(connection, mine.project).measure([who])[who]
    said = statements(connection, mine.project, [one.seq for one in found])
    return [_mine(one, results, said.get((one.seq, one.number), [])) for one in found if is_told(one, found, results)]


def is_told(one: Made, others: Iterable[Made], results: Sequence[Measured]) -> bool:
    """Whether somebody may see a decision about themselves by now: a warning when its lot of gold is full, or when
    more has followed from it."""
    if one.kind != "warn" or any(other.kind in ("quarantine", "propose") and other.seq >= one.seq for other in others):
        return True
    then = sum(result.seq <= one.seq for result in results)
    return len(results) >= -(-then // LOT) * LOT


def may_appeal(kind: Kind, said: Sequence[Any]) -> bool:
    """Whether one may disagree with a decision about oneself: once, and not where it was overruled already."""
    return kind in APPEALABLE and not any(row.kind in ("appeal", "overruled") for row in said)


def _mine(one: Made, results: Sequence[Measured], said: Sequence[Any]) -> MyDecision:
    body, counted = one.evidence, _counted(one, results)
    lots = len(counted) // LOT * LOT
    return MyDecision(
        seq=one.seq,
        number=one.number,
        kind=one.kind,
        at=one.at,
        gold=body.get("gold"),
        lots=lots,
        right=round(sum(result.score for result in counted[:lots]) / lots, 3) if lots else None,
        e=round(body["e"]) if "e" in body else None,
        floor=body["floor"] / 10_000 if "floor" in body else None,
        reasons=[one for one in body.get("reasons", ()) if one not in SECRET],
        statements=[statement(row) for row in said],
        may_appeal=may_appeal(one.kind, said),
    )


def _counted(one: Made, results: Sequence[Measured]) -> list[Measured]:
    """The results that a decision of the evidence rests on."""
    if one.kind not in STAGES:
        return []
    return [result for result in results if result.seq <= one.seq][-one.evidence["gold"] :]


def _made(row: Any) -> Made:
    about, _, number = row.subject.partition(" ")
    return Made(row.seq, row.number, row.kind, about, int(number), msgspec.json.decode(row.body), row.at)


def _read(cursor: str) -> tuple[int, int]:
    seq, _, number = cursor.partition(".")
    if not (seq.isdecimal() and number.isdecimal() and len(seq) < 19 and len(number) < 19):
        raise InputError("this is no cursor of a page. Begin without one.", where="after")
    return int(seq), int(number)
