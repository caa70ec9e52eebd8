"""Where gold and audits stand among the items that somebody is given.

Everything that a person is given has a place, counted from 0. Places come in blocks, and in every block one is drawn
for gold by a hash that is keyed with the project's secret: nobody can foresee it, and it is the same whoever asks.
Audits (a trap, or an own earlier item once more) have blocks of their own; where both would stand, gold does, and the
audit stands next. Gold stands only where there is other work. Gold and audits are looked for whether their place has
come or not, so that an answer that brings them takes as long as one that does not. A trap that was made of an item and
that item stand apart for everybody, or the one would remind of the other.

**Invariant: the places of gold are uniform over every block, and nobody is given a gold item twice.**
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.draft import State
from goldwork.quality.policy import Policy
from goldwork.services.log import Log, decode, encode
from goldwork.services.lots import lot
from goldwork.store.schema import annotator_state, assignment, gold, placement, project, submit

Purpose = Literal["work", "gold", "repeat", "practice"]

WINDOW = 32
"""Unseen gold of one stratum that is read at once: the least shown."""
STRATA = 4
"""Strata looked through for unseen gold, before all are."""
SHARES_MS = 5000
"""How long the sizes of strata are believed; they only balance what is shown."""
APART_MS = 30 * 60_000
APART_ITEMS = 20
"""An own item comes back at the earliest after so long, and after so many others; so does one as a trap."""
LATEST = 64
"""Own submits that are looked through for one to repeat."""

_unseen = (
    sa.select(gold.c.item, gold.c.stratum, gold.c.shown, gold.c.source, assignment.c.id.label("mine"))
    .select_from(
        gold.outerjoin(
            assignment,
            (assignment.c.item == gold.c.item)
            & (assignment.c.annotator == bind("annotator"))
            & (assignment.c.pass_number == 0),
        )
    )
    .where(
        gold.c.project == bind("project"),
        gold.c.state == "active",
        gold.c.kind == bind("kind"),
        gold.c.shown < bind("cap"),
        assignment.c.id.is_(None)
        | ((assignment.c.state == "lapsed") & (assignment.c.purpose == bind("purpose", type_=sa.Text))),
    )
)
_least = (gold.c.shown, gold.c.item)
_UNSEEN = _unseen.order_by(*_least).limit(bind("window"))
_OF_STRATUM = _unseen.where(gold.c.stratum == bind("stratum")).order_by(*_least).limit(bind("window"))
_of_source = assignment.alias("of_source")
_NEAR = (
    sa.select(_of_source.c.id)
    .select_from(
        _of_source.outerjoin(
            submit, (submit.c.project == _of_source.c.project) & (submit.c.seq == _of_source.c.current)
        )
    )
    .where(
        _of_source.c.item == gold.c.source,
        _of_source.c.annotator == bind("annotator"),
        (_of_source.c.place > bind("place"))
        | (sa.func.coalesce(submit.c.submitted_at, _of_source.c.leased_until) > bind("before")),
    )
    .correlate(gold)
)
"""Whether somebody has what a trap was made of at hand, or had it not long ago."""
_TRAPS = _OF_STRATUM.where(~sa.exists(_NEAR))
_SHARES = (
    sa.select(gold.c.stratum, sa.func.count().label("number"))
    .where(gold.c.project == bind("project"), gold.c.state == "active", gold.c.kind == "gold")
    .group_by(gold.c.stratum)
)
_latest = (
    sa.select(submit.c.seq, submit.c.assignment, submit.c.submitted_at)
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        submit.c.submitted_at <= bind("before"),
    )
    .order_by(submit.c.submitted_at.desc())
    .limit(LATEST)
    .subquery()
)
_again, _seen = assignment.alias("again"), assignment.alias("seen")
_REPEATS = (
    sa.select(assignment.c.item, _again.c.id.label("mine"))
    .select_from(
        _latest.join(assignment, assignment.c.id == _latest.c.assignment).outerjoin(
            _again,
            (_again.c.item == assignment.c.item)
            & (_again.c.annotator == assignment.c.annotator)
            & (_again.c.pass_number == 1),
        )
    )
    .where(
        assignment.c.current == _latest.c.seq,
        assignment.c.purpose == "work",
        assignment.c.state == "done",
        assignment.c.place <= bind("place"),
        _again.c.id.is_(None) | (_again.c.state == "lapsed"),
        ~sa.exists().where(
            _seen.c.item == assignment.c.item,
            _seen.c.annotator == assignment.c.annotator,
            _seen.c.subject.is_not(None),
        ),
    )
    .order_by(assignment.c.item)
)
_STANDS = sa.select(placement.c.annotator, placement.c.given, placement.c.body).where(
    placement.c.project == bind("project"), placement.c.annotator.in_(bind("annotators", expanding=True))
)
PASSES: Mapping[str, int] = {"work": 0, "gold": 0, "practice": 0, "repeat": 1}


_PROJECT = (
    sa.select(project.c.policy, project.c.secret, annotator_state.c.body)
    .select_from(
        project.outerjoin(
            annotator_state,
            (annotator_state.c.project == project.c.id) & (annotator_state.c.annotator == bind("annotator")),
        )
    )
    .where(project.c.id == bind("project"))
)


class Block(NamedTuple):
    """So many places from `begin` on, and the one that was drawn."""

    begin: int
    size: int
    place: int

    @property
    def end(self) -> int:
        return self.begin + self.size


class Standing(msgspec.Struct):
    """One annotator's blocks. `seen`: gold given so far, by stratum; `repeat`: whether a repeat is the next audit;
    `reviews`: how many they were given, which take no places; `dry`: how much gold there was, and its cap, when nothing
    was left that this person has not seen; `near`: the items of which their latest traps were made, each with the
    trap's place and time."""

    given: int = 0
    gold: Block | None = None
    audit: Block | None = None
    seen: dict[str, int] = {}
    repeat: bool = False
    dry: tuple[int, int] | None = None
    reviews: int = 0
    near: list[tuple[int, int, int]] = []

    def too_near(self, now: int) -> list[tuple[int, int, int]]:
        """Those that are still too near to be given."""
        return [one for one in self.near if self.given - one[1] <= APART_ITEMS or now - one[2] < APART_MS]

    def withheld(self, now: int) -> list[int]:
        """The items that somebody gets as work only after a while: by time alone, for other work may be lacking."""
        return [source for source, _, at in self.near if now - at < APART_MS]


class Chosen(NamedTuple):
    """An item that is given for something else than ordinary work. `mine`: the assignment that lapsed; `stratum`: of
    gold alone, not of traps; `source`: the item that a trap was made of."""

    item: int
    purpose: Purpose
    mine: str | None
    stratum: str | None = None
    source: int | None = None


class Spot(NamedTuple):
    """One place to fill: by `chosen`, else by ordinary work; and how the person stands once it is."""

    chosen: Chosen | None
    gold: Block | None = None
    audit: Block | None = None
    repeat: bool = False


class Shares:
    """How much active gold each project has in each stratum: hints, read anew after a while."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[int, dict[str, int]]] = {}

    def of(self, log: Log) -> dict[str, int]:
        at, found = self._read.get(log.id, (0, {}))
        if not found or not 0 <= log.now - at < SHARES_MS:
            rows = log.connection.execute(_SHARES, {"project": log.id})
            found = {row.stratum: row.number for row in rows}
            self._read[log.id] = (log.now, found)
        return found


def block_size(person: State, policy: Policy) -> int:
    """How many places a block of gold has for somebody now."""
    first = person.get("session", (0,))[0] <= 1 or person.get("watch")
    return policy.gold_first if first else policy.gold_block


def draw_block(secret: bytes, what: str, who: int, begin: int, size: int) -> Block:
    """The block that begins at a place: which of its places is drawn depends on the secret alone."""
    return Block(begin, size, begin + lot(secret, f"{what}/{who}/{begin}") * size // 2**64)


def advance(block: Block | None, place: int, size: int, secret: bytes, what: str, who: int) -> Block:
    """The block in which a place stands. One whose size has become smaller ends where its rest is longer than that."""
    if block is None or place >= block.end or (size < block.size and block.end - place > size):
        return draw_block(secret, what, who, place, size)
    return block


def read(connection: Connection, project_id: int, annotators: Collection[int]) -> dict[int, Standing]:
    """Where each of these stands."""
    found = {who: Standing() for who in annotators}
    for row in connection.execute(_STANDS, {"project": project_id, "annotators": sorted(annotators)}):
        found[row.annotator] = msgspec.convert(decode(row.body) | {"given": row.given}, Standing)
    return found


def stored(project_id: int, who: int, standing: Standing) -> dict[str, Any]:
    """The row that keeps where somebody stands."""
    body = {name: value for name, value in msgspec.to_builtins(standing).items() if name != "given"}
    return {"project": project_id, "annotator": who, "given": standing.given, "body": encode(body).decode()}


def unseen(
    log: Log, who: int, kind: str, purpose: Purpose, *, window: int = WINDOW, cap: int = 2**31 - 1,
    stratum: str | None = None, never: Collection[int] = (), place: int | None = None,
) -> list[Any]:  # fmt: skip
    """Active rows of a kind that somebody was not given yet: the least shown first, equals by lot. With a `place`,
    those alone of whose source nothing was given after it, nor lately."""
    where = {"project": log.id, "annotator": who, "kind": kind, "purpose": purpose, "cap": cap, "window": window}
    statement = _UNSEEN if stratum is None else _OF_STRATUM if place is None else _TRAPS
    where |= {} if stratum is None else {"stratum": stratum}
    where |= {} if place is None else {"place": place, "before": log.now - APART_MS}
    rows = log.connection.execute(statement, where)
    found = [row for row in rows if row.item not in never]
    return sorted(found, key=lambda row: (row.shown, lot(log.secret, f"gold/{who}/{row.item}")))


class Layout:
    """How one request's places are filled, before it is known how much work is there."""

    def __init__(self, log: Log, who: int, standing: Standing, shares: Shares, never: Collection[int]) -> None:
        self.log, self.who, self.standing = log, who, standing
        self._never = {*never, *(source for source, *_ in standing.too_near(log.now))}
        self._shares = shares
        self._seen = dict(standing.seen)
        self._stocks: dict[str | None, list[Any]] = {}
        self._next = self._find_gold() if log.policy().gold else None
        self._audits = {"trap": self._traps(), "repeat": self._repeats()} if log.policy().audits else {}

    def spots(self, need: int) -> list[Spot]:
        """The next `need` places."""
        log, policy, standing = self.log, self.log.policy(), self.standing
        size = block_size(log.annotator(self.who), policy)
        golden, audit, repeat = standing.gold, standing.audit, standing.repeat
        found = []
        for place in range(standing.given, standing.given + need):
            chosen = None
            if policy.gold:
                golden = advance(golden, place, size, log.secret, "gold", self.who)
                if golden.place == place:
                    chosen = self._take_gold()
            if policy.audits:
                audit = advance(audit, place, policy.audits, log.secret, "audit", self.who)
                if audit.place == place and chosen is not None and place + 1 < audit.end:
                    audit = audit._replace(place=place + 1)
                elif audit.place == place and chosen is None:
                    chosen = self._audit(repeat)
                    repeat = repeat if chosen is None else chosen.purpose != "repeat"
            found.append(Spot(chosen, golden, audit, repeat))
        return found

    def _take_gold(self) -> Chosen | None:
        chosen, self._next = self._next, None
        if chosen is None or chosen.item in self._never:
            chosen = self._find_gold()
        if chosen is not None and chosen.stratum is not None:
            self._never.add(chosen.item)
            self._seen[chosen.stratum] = self._seen.get(chosen.stratum, 0) + 1
        return chosen

    def _find_gold(self) -> Chosen | None:
        """The next gold for this person: of the stratum seen least for its size, where there is some unseen."""
        sizes, cap = self._shares.of(self.log), self.log.policy().gold_cap
        there = (sum(sizes.values()), cap)
        if there == self.standing.dry or not sizes:
            return None
        secret, given = self.log.secret, self.standing.given
        strata = sorted(
            sizes,
            key=lambda one: ((self._seen.get(one, 0) + 0.5) / sizes[one], lot(secret, f"{one}/{self.who}/{given}")),
        )
        for stratum in [*strata[:STRATA], None] if len(strata) > STRATA else strata:
            if stratum not in self._stocks:
                window = WINDOW + len(self._never)
                self._stocks[stratum] = unseen(
                    self.log, self.who, "gold", "gold", cap=cap, stratum=stratum, window=window
                )
            for row in self._stocks[stratum]:
                if row.item not in self._never:
                    return Chosen(row.item, "gold", row.mine, row.stratum)
        if not self._stocks_cut():
            self.standing.dry = there
        return None

    def _stocks_cut(self) -> bool:
        """Whether more was left than was read, or something is left out for this transaction alone."""
        cut = any(len(rows) >= WINDOW for rows in self._stocks.values())
        self._stocks.clear()
        return cut or bool(self._never)

    def _audit(self, repeat: bool) -> Chosen | None:
        """A trap or a repeat: the one that is due, else the other."""
        for kind in ("repeat", "trap") if repeat else ("trap", "repeat"):
            for row in self._audits[kind]:
                source = row.source if kind == "trap" else None
                if row.item not in self._never and (source is None or source not in self._never):
                    self._never |= {row.item} if source is None else {row.item, source}
                    return Chosen(row.item, "repeat" if kind == "repeat" else "gold", row.mine, source=source)
        return None

    def _traps(self) -> Sequence[Any]:
        window, place = WINDOW + len(self._never), self.standing.given - APART_ITEMS - 1
        return unseen(self.log, self.who, "trap", "gold", window=window, stratum="", place=place)

    def _repeats(self) -> Sequence[Any]:
        where = {
            "project": self.log.id,
            "annotator": self.who,
            "before": self.log.now - APART_MS,
            "place": self.standing.given - APART_ITEMS - 1,
        }
        rows = self.log.connection.execute(_REPEATS, where).all()
        return sorted(rows, key=lambda row: lot(self.log.secret, f"repeat/{self.who}/{row.item}"))


def fill(standing: Standing, spot: Spot, now: int) -> None:
    """One place is filled."""
    standing.near = standing.too_near(now)
    if spot.chosen is not None and (source := spot.chosen.source) is not None:
        standing.near.append((source, standing.given, now))
    standing.given += 1
    standing.gold, standing.audit, standing.repeat = spot.gold, spot.audit, spot.repeat
    if spot.chosen is not None and (stratum := spot.chosen.stratum) is not None:
        standing.seen = {**standing.seen, stratum: standing.seen.get(stratum, 0) + 1}


def coming(connection: Connection, project_id: int, who: int, work: int) -> int:
    """How many places of gold and audits stand before somebody's next `work` open items are all given.

    What is left is counted with them: then it falls by one with each that is judged, whatever that is, and being given
    gold does not make it rise.
    """
    row = connection.execute(_PROJECT, {"project": project_id, "annotator": who}).one()
    policy, secret = msgspec.json.decode(row.policy, type=Policy), bytes(row.secret or b"")
    standing = read(connection, project_id, [who])[who]
    size = block_size(decode(row.body) if row.body else {}, policy)
    where = {"project": project_id, "annotator": who, "kind": "gold", "purpose": "gold", "cap": policy.gold_cap}
    there = len(connection.execute(_UNSEEN, where | {"window": work}).all()) if policy.gold else 0
    golden, audit, place, left = standing.gold, standing.audit, standing.given, work
    while left > 0:
        if there:
            golden = advance(golden, place, size, secret, "gold", who)
        if policy.audits:
            audit = advance(audit, place, policy.audits, secret, "audit", who)
        if there and golden is not None and golden.place == place:
            there -= 1
            if audit is not None and audit.place == place and place + 1 < audit.end:
                audit = audit._replace(place=place + 1)
        elif audit is None or audit.place != place:
            left -= 1
        place += 1
    return place - standing.given - work
