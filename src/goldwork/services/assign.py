"""Leases: who judges which item next.

A lease is an assignment row in state `leased` that holds a slot of its item until `leased_until`, by the database's
clock. Candidates come from the partial index over open items, in the order (priority, shuffle, id); a requester goes
through that order from where they last stood, so that what they have judged is not searched again.

**Invariant: the unique (item, slot) admits an item's slot once, whatever the code does; nothing counts, then inserts.**
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import GoldworkError
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.schema import assignment, item

MAX_HELD = 200
"""Leases one person may hold in a project, so that work can be taken offline."""
WINDOWS = (4, 32, 256, 2048)
"""How many entries of the index of open items a request reads beyond what it needs, window after window."""
REAP = 500
"""Lapsed leases released by one request."""


class Lease(msgspec.Struct, frozen=True):
    """`annotator` wants to hold `count` items of `project`, with those already held."""

    project: int
    annotator: int
    count: int


class Held(msgspec.Struct, frozen=True):
    """One leased item, as its holder may see it: an opaque id and the payload (JSON)."""

    id: str
    payload: str
    leased_until: int


class Leased(msgspec.Struct, frozen=True):
    """What the requester holds now, oldest first. `more`: there may be further items for this person."""

    state: str
    form_version: int
    guideline_version: int
    assignments: list[Held]
    more: bool


Place = tuple[float, int, int]
START: Place = (float("-inf"), -1, -1)

_LAPSED = (
    sa.select(assignment.c.id, assignment.c.item, assignment.c.slot)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.state == "leased",
        assignment.c.leased_until < bind("now"),
    )
    .limit(REAP)
)
_LAPSE = sa.update(assignment).where(assignment.c.id == bind("lapsed")).values(state="lapsed", slot=None)
TAKE = sa.update(item).where(item.c.id == bind("of_item")).values(taken=item.c.taken + bind("more"))
"""Move an item's projection `taken`, whenever a slot of it is filled (+1) or freed (-1)."""
_HELD = (
    sa.select(assignment.c.project, assignment.c.annotator, assignment.c.id, item.c.payload, assignment.c.leased_until)
    .join(item, item.c.id == assignment.c.item)
    .where(
        sa.tuple_(assignment.c.annotator, assignment.c.project).in_(bind("holders", expanding=True)),
        assignment.c.state == "leased",
    )
    .order_by(assignment.c.leased_at, item.c.priority, item.c.shuffle, item.c.id)
)
_RENEW = sa.update(assignment).where(assignment.c.id == bind("held")).values(leased_until=bind("until"))
_OPEN = (
    sa.select(
        item.c.id,
        item.c.priority,
        item.c.shuffle,
        item.c.wanted,
        item.c.taken,
        item.c.payload,
        assignment.c.id.label("mine"),
        assignment.c.state,
    )
    .select_from(
        item.outerjoin(
            assignment,
            (assignment.c.item == item.c.id)
            & (assignment.c.annotator == bind("annotator"))
            & (assignment.c.pass_number == 0),
        )
    )
    .where(
        item.c.project == bind("project"),
        item.c.taken < item.c.wanted,
        sa.tuple_(item.c.priority, item.c.shuffle, item.c.id)
        > sa.tuple_(
            bind("priority", type_=sa.Float), bind("shuffle", type_=sa.Integer), bind("id", type_=item.c.id.type)
        ),
    )
    .order_by(item.c.priority, item.c.shuffle, item.c.id)
    .limit(bind("window"))
)
"""Open items after a place, each with this annotator's own assignment where there is one."""
_SLOTS = sa.select(assignment.c.item, assignment.c.slot).where(
    assignment.c.item.in_(bind("items", expanding=True)),
    assignment.c.state.in_(("leased", "done")),
    assignment.c.slot.is_not(None),
)
_INSERT = sa.insert(assignment)
_RETAKE = (
    sa.update(assignment)
    .where(assignment.c.id == bind("lapsed"), assignment.c.state == "lapsed")
    .values(state="leased", slot=bind("to_slot"), leased_at=bind("to_leased_at"), leased_until=bind("to_leased_until"))
)


class Assigner:
    """Leases items of one database. Remembers where each annotator stands: a hint, empty after a start."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.places: dict[tuple[int, int], tuple[int, Place]] = {}

    def lease_many(self, connection: Connection, requests: Sequence[Lease]) -> list[Leased | Exception]:
        """Answer requests in order, each with all that its annotator then holds."""
        group = _Group(self, connection, requests)
        answers = [group.lease(request) for request in requests]
        group.flush()
        return answers


class _Group:
    """One transaction's leases: held ones read together, candidates found one by one, taken together."""

    def __init__(self, assigner: Assigner, connection: Connection, requests: Sequence[Lease]) -> None:
        self.connection = connection
        self.places = assigner.places
        self.logs: dict[int, Log | GoldworkError] = {}
        for project in sorted({request.project for request in requests}):
            try:
                self.logs[project] = Log(connection, assigner.database, project)
            except GoldworkError as error:
                self.logs[project] = error
        for log in self.logs.values():
            if isinstance(log, Log):
                release_lapsed(connection, log)
        self.held: dict[tuple[int, int], list[Held]] = {}
        holders = sorted({(request.annotator, request.project) for request in requests})
        for project, annotator, *lease in connection.execute(_HELD, {"holders": holders}):
            self.held.setdefault((project, annotator), []).append(Held(*lease))
        self._renewed: list[dict[str, Any]] = []
        self._found: list[tuple[Any, str, Lease, Log]] = []
        self._taken: Counter[int] = Counter()

    def lease(self, request: Lease) -> Leased | Exception:
        log = self.logs[request.project]
        if not isinstance(log, Log):
            return log
        held = self.held.setdefault((request.project, request.annotator), [])
        until = log.now + log.policy().lease_ms
        for position, lease in enumerate(held):
            if lease.leased_until - log.now < log.policy().lease_ms // 2:
                self._renewed.append({"held": lease.id, "until": until})
                held[position] = msgspec.structs.replace(lease, leased_until=until)
        more, need = log.state == "open", min(request.count, MAX_HELD) - len(held)
        if more and need > 0:
            found, more = self._candidates(log, request, need)
            for row in found:
                lease_id = row.mine or secrets.token_urlsafe(15)
                self._found.append((row, lease_id, request, log))
                self._taken[row.id] += 1
                held.append(Held(lease_id, row.payload, until))
        return Leased(log.state, log.form_version, log.guideline_version, list(held), more)

    def _candidates(self, log: Log, request: Lease, need: int) -> tuple[list[Any], bool]:
        """Up to `need` open items that this annotator has not judged, and whether there may be more."""
        key = (request.project, request.annotator)
        opened = log.project().get("items", 0)
        known, begin = self.places.get(key, (opened, START))
        if known != opened:  # new items may stand before the place
            begin = START
        found, more, place = self._search(request, need, begin)
        self.places[key] = (opened, place)
        return found, more

    def _search(self, request: Lease, need: int, begin: Place) -> tuple[list[Any], bool, Place]:
        """From `begin` to the end of the order, then from its start to `begin`, in bounded windows."""
        mine = {"project": request.project, "annotator": request.annotator}
        found: list[Any] = []
        place, wrapped = begin, False
        for window in (need + extra for extra in WINDOWS):
            where = {"priority": place[0], "shuffle": place[1], "id": place[2], "window": window}
            rows = self.connection.execute(_OPEN, mine | where).all()
            for row in rows:
                place = (row.priority, row.shuffle, row.id)
                if wrapped and place > begin:
                    return found, False, begin
                if (row.mine is None or row.state == "lapsed") and row.taken + self._taken[row.id] < row.wanted:
                    found.append(row)
                    if len(found) == need:
                        return found, True, place
            if len(rows) < window:
                if wrapped or begin == START:
                    return found, False, START
                wrapped, place = True, START
        return found, True, place

    def flush(self) -> None:
        """Take what was found: a free slot each. A slot that another process took meanwhile fails the group."""
        if self._renewed:
            self.connection.execute(_RENEW, self._renewed)
        if not self._found:
            return
        slots = free_slots(self.connection, {row.id: row.wanted for row, *_ in self._found})
        fresh: list[dict[str, Any]] = []
        again: list[dict[str, Any]] = []
        for row, lease_id, request, log in self._found:
            until = log.now + log.policy().lease_ms
            lease = {"slot": slots[row.id].pop(0), "leased_at": log.now, "leased_until": until}
            if row.mine is None:
                fresh.append(
                    lease
                    | {
                        "id": lease_id,
                        "project": request.project,
                        "item": row.id,
                        "annotator": request.annotator,
                        "pass_number": 0,
                        "purpose": "work",
                        "state": "leased",
                    }
                )
            else:
                again.append({f"to_{name}": value for name, value in lease.items()} | {"lapsed": lease_id})
        if fresh:
            self.connection.execute(_INSERT, fresh)
        if again:
            self.connection.execute(_RETAKE, again)
        self.connection.execute(TAKE, [{"of_item": item_id, "more": more} for item_id, more in self._taken.items()])


def free_slots(connection: Connection, wanted: dict[int, int]) -> dict[int, list[int]]:
    """The open slots of each item that nobody holds, lowest first."""
    used: dict[int, set[int]] = {of_item: set() for of_item in wanted}
    for of_item, slot in connection.execute(_SLOTS, {"items": sorted(wanted)}):
        used[of_item].add(slot)
    return {of_item: [slot for slot in range(slots) if slot not in used[of_item]] for of_item, slots in wanted.items()}


def release_lapsed(connection: Connection, log: Log) -> None:
    """Free the slots of a project's leases that have run out by the database's clock."""
    lapsed = connection.execute(_LAPSED, {"project": log.id, "now": log.now}).all()
    if not lapsed:
        return
    connection.execute(_LAPSE, [{"lapsed": row.id} for row in lapsed])
    if freed := [{"of_item": row.item, "more": -1} for row in lapsed if row.slot is not None]:
        connection.execute(TAKE, freed)
