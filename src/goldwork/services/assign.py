"""Leases: who judges which item next.

A lease is an assignment row in state `leased` that holds a slot of its item until `leased_until`, by the database's
clock. Candidates come from the partial index over open items, in the order (priority, shuffle, id); a requester goes
round that order from where they last stood, so that what they have judged is not searched again.

**Invariant: the unique (item, slot) admits an item's slot once, whatever the code does; nothing counts, then inserts.**
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import GoldworkError
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.schema import assignment, item, submit

MAX_HELD = 200
"""Leases one person may hold in a project, so that work can be taken offline."""
WINDOWS = (4, 32, 256, 2048)
"""How many entries of the index of open items a request reads beyond what it needs, window after window."""
REAP = 500
"""Lapsed leases released by one request."""
STANDS = 100_000
"""Places remembered before all are forgotten; each is a hint."""
ITEMS = 5000
"""Items named in one statement; SQLite takes 32,766."""


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


class Stand(msgspec.Struct):
    """Where an annotator stands in the order, and where the present round began, which has come to nothing so far.

    `opened`: how many items were open when it was last looked at from the start. `dry`: the last round gave nothing.
    """

    opened: int
    place: Place = START
    begun: Place = START
    wrapped: bool = False
    dry: bool = False


LEASED: sa.ColumnElement[str] = sa.literal_column("'leased'")
"""Not a parameter: a partial index is used where the statement says its condition itself."""
_LAPSED = (
    sa.select(assignment.c.id, assignment.c.item, assignment.c.slot)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.state == LEASED,
        assignment.c.leased_until < bind("now"),
    )
    .limit(REAP)
)
_LAPSE = sa.update(assignment).where(assignment.c.id == bind("lapsed")).values(state="lapsed", slot=None)
TAKE = sa.update(item).where(item.c.id == bind("of_item")).values(taken=item.c.taken + bind("more"))
"""Move an item's projection `taken`, whenever a slot of it is filled (+1) or freed (-1)."""
_HELD = (
    sa.select(assignment.c.annotator, assignment.c.id, item.c.payload, assignment.c.leased_until)
    .join(item, item.c.id == assignment.c.item)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.annotator.in_(bind("annotators", expanding=True)),
        assignment.c.state == LEASED,
    )
    .order_by(assignment.c.leased_at, item.c.priority, item.c.shuffle, item.c.id)
)
_RENEW = sa.update(assignment).where(assignment.c.id == bind("held")).values(leased_until=bind("until"))
_open = (
    sa.select(item.c.id, item.c.priority, item.c.shuffle, item.c.wanted, item.c.taken)
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
    .subquery()
)
_OPEN = (
    sa.select(_open, assignment.c.id.label("mine"), assignment.c.state)
    .select_from(
        _open.outerjoin(
            assignment,
            (assignment.c.item == _open.c.id)
            & (assignment.c.annotator == bind("annotator"))
            & (assignment.c.pass_number == 0),
        )
    )
    .order_by(_open.c.priority, _open.c.shuffle, _open.c.id)
)
"""Open items after a place, each with this annotator's own assignment where there is one."""
_LATEST = (
    sa.select(item.c.priority, item.c.shuffle, item.c.id)
    .join(submit, submit.c.item == item.c.id)
    .where(submit.c.project == bind("project"), submit.c.annotator == bind("annotator"))
    .order_by(submit.c.submitted_at.desc())
    .limit(1)
)
"""Which item an annotator judged last."""
_PAYLOADS = sa.select(item.c.id, item.c.payload).where(item.c.id.in_(bind("items", expanding=True)))
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
        self.stands: dict[tuple[int, int], Stand] = {}

    def lease_many(self, connection: Connection, requests: Sequence[Lease]) -> list[Leased | Exception]:
        """Answer requests in order, each with all that its annotator then holds."""
        group = _Group(self, connection, requests)
        answers = [group.lease(request) for request in requests]
        group.flush(answers)
        return answers


class _Group:
    """One transaction's leases: held ones read together, candidates found one by one, taken together."""

    def __init__(self, assigner: Assigner, connection: Connection, requests: Sequence[Lease]) -> None:
        self.connection = connection
        self.stands = assigner.stands
        self.logs: dict[int, Log | GoldworkError] = {}
        self.held: dict[tuple[int, int], list[Held]] = {}
        for project in sorted({request.project for request in requests}):
            try:
                log = self.logs[project] = Log(connection, assigner.database, project)
            except GoldworkError as error:
                self.logs[project] = error
                continue
            release_lapsed(connection, log)
            annotators = sorted({request.annotator for request in requests if request.project == project})
            for annotator, *lease in connection.execute(_HELD, {"project": project, "annotators": annotators}):
                self.held.setdefault((project, annotator), []).append(Held(*lease))
        self._renewed: list[dict[str, Any]] = []
        self._found: list[tuple[Any, str, Lease, Log]] = []
        self._given: set[tuple[int, int]] = set()
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
                self._given.add((row.id, request.annotator))
                self._taken[row.id] += 1
                held.append(Held(lease_id, "", until))  # `flush` reads the payloads of all together
        return Leased(log.state, log.form_version, log.guideline_version, list(held), more)

    def _candidates(self, log: Log, request: Lease, need: int) -> tuple[list[Any], bool]:
        """Up to `need` open items that this annotator has not judged, and whether there may be more."""
        opened = log.project().get("items", 0)
        before = self._stand(request)
        if before is not None and before.opened == opened:
            return self._search(request, need, before)
        # Something was opened since, and may stand before the place: look from the start, then go on from there.
        stand = Stand(opened)
        found, more = self._search(request, need, stand)
        if not found and more:
            place = before.place if before is not None else self._latest(request)
            stand = Stand(opened, place, place)
            found, more = self._search(request, need, stand)
        if len(self.stands) >= STANDS:
            self.stands.clear()
        self.stands[request.project, request.annotator] = stand
        return found, more

    def _stand(self, request: Lease) -> Stand | None:
        return self.stands.get((request.project, request.annotator))

    def _latest(self, request: Lease) -> Place:
        """Where a process that has just started takes up again."""
        mine = {"project": request.project, "annotator": request.annotator}
        row = self.connection.execute(_LATEST, mine).one_or_none()
        return START if row is None else (row.priority, row.shuffle, row.id)

    def _search(self, request: Lease, need: int, stand: Stand) -> tuple[list[Any], bool]:
        """Go round from where the annotator stands, in bounded windows, until the round is complete."""
        mine = {"project": request.project, "annotator": request.annotator}
        found: list[Any] = []
        for window in (need + extra for extra in WINDOWS):
            priority, shuffle, last = stand.place
            where = {"priority": priority, "shuffle": shuffle, "id": last, "window": window}
            rows = self.connection.execute(_OPEN, mine | where).all()
            for row in rows:
                place = (row.priority, row.shuffle, row.id)
                if stand.wrapped and place > stand.begun:
                    return self._end_round(stand, found)
                stand.place = place
                if self._fits(row, request):
                    found.append(row)
                    stand.dry = False
                    if len(found) == need:
                        stand.begun, stand.wrapped = place, False
                        return found, True
            if len(rows) < window:
                if stand.wrapped or stand.begun == START:
                    return self._end_round(stand, found)
                stand.place, stand.wrapped = START, True
        return found, bool(found) or not stand.dry

    def _fits(self, row: Any, request: Lease) -> bool:
        free = row.taken + self._taken[row.id] < row.wanted
        return free and (row.mine is None or row.state == "lapsed") and (row.id, request.annotator) not in self._given

    def _end_round(self, stand: Stand, found: list[Any]) -> tuple[list[Any], bool]:
        """All has been seen. The next round begins at the start."""
        stand.place, stand.begun, stand.wrapped, stand.dry = START, START, False, not found
        return found, False

    def flush(self, answers: Sequence[Leased | Exception]) -> None:
        """Take what was found, a free slot each, and fill in its payload. A slot that is held nevertheless fails the
        group."""
        run = self.connection.execute
        if self._renewed:
            run(_RENEW, self._renewed)
        if not self._found:
            return
        slots = free_slots(self.connection, {row.id: row.wanted for row, *_ in self._found})
        fresh: list[dict[str, Any]] = []
        again: list[dict[str, Any]] = []
        for row, lease_id, request, log in self._found:
            until = log.now + log.policy().lease_ms
            lease = {"slot": slots[row.id].pop(0), "leased_at": log.now, "leased_until": until}
            if row.mine is None:
                made = {"id": lease_id, "project": request.project, "item": row.id, "annotator": request.annotator}
                fresh.append(lease | made | {"pass_number": 0, "purpose": "work", "state": "leased"})
            else:
                again.append({f"to_{name}": value for name, value in lease.items()} | {"lapsed": lease_id})
        if fresh:
            run(_INSERT, fresh)
        if again:
            run(_RETAKE, again)
        run(TAKE, [{"of_item": item_id, "more": more} for item_id, more in self._taken.items()])
        self._fill_in(answers)

    def _fill_in(self, answers: Sequence[Leased | Exception]) -> None:
        payloads = {}
        for items in _slices(sorted(self._taken)):
            payloads.update({row.id: row.payload for row in self.connection.execute(_PAYLOADS, {"items": items})})
        of = {lease_id: payloads[row.id] for row, lease_id, *_ in self._found}
        for answer in answers:
            if isinstance(answer, Leased):
                answer.assignments[:] = [
                    msgspec.structs.replace(held, payload=of[held.id]) if held.id in of else held
                    for held in answer.assignments
                ]


def _slices(items: list[int]) -> Iterator[list[int]]:
    return (items[begin : begin + ITEMS] for begin in range(0, len(items), ITEMS))


def free_slots(connection: Connection, wanted: dict[int, int]) -> dict[int, list[int]]:
    """The open slots of each item that nobody holds, lowest first."""
    used: dict[int, set[int]] = {of_item: set() for of_item in wanted}
    for items in _slices(sorted(wanted)):
        for of_item, slot in connection.execute(_SLOTS, {"items": items}):
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
