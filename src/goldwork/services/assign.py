"""Leases: who judges which item next.

A lease is an assignment row in state `leased` that holds a slot of its item until `leased_until`, by the database's
clock. `order` finds the candidates; here they are taken, a free slot each, together for all requests of a group.

**Invariant: the unique (item, slot) admits an item's slot once, whatever the code does; nothing counts, then inserts.**
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import GoldworkError
from goldwork.services import suggest
from goldwork.services.log import Log
from goldwork.services.order import Candidate, Search, Stand
from goldwork.store.database import Database
from goldwork.store.schema import assignment, item

MAX_HELD = 200
"""Leases one person may hold in a project, so that work can be taken offline."""
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
    """One leased item, as its holder may see it: an opaque id and the payload (JSON).

    `suggestions`: a model's answers by question where they are shown.
    """

    id: str
    payload: str
    leased_until: int
    suggestions: Mapping[str, Any] = {}


class Leased(msgspec.Struct, frozen=True):
    """What the requester holds now, oldest first. `more`: there may be further items for this person."""

    state: str
    form_version: int
    guideline_version: int
    assignments: list[Held]
    more: bool


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
    sa.select(
        assignment.c.annotator,
        assignment.c.suggestion,
        assignment.c.suggested,
        assignment.c.id,
        item.c.payload,
        assignment.c.leased_until,
    )
    .join(item, item.c.id == assignment.c.item)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.annotator.in_(bind("annotators", expanding=True)),
        assignment.c.state == LEASED,
        assignment.c.purpose != "adjudication",
    )
    .order_by(assignment.c.leased_at, item.c.priority, item.c.shuffle, item.c.id)
)
_RENEW = sa.update(assignment).where(assignment.c.id == bind("held")).values(leased_until=bind("until"))
_PAYLOADS = sa.select(item.c.id, item.c.payload).where(item.c.id.in_(bind("items", expanding=True)))
_SLOTS = sa.select(assignment.c.item, assignment.c.slot).where(
    assignment.c.item.in_(bind("items", expanding=True)),
    assignment.c.state.in_(("leased", "done")),
    assignment.c.slot.is_not(None),
)
_SHOWN = sa.select(assignment.c.id, assignment.c.suggested).where(
    assignment.c.id.in_(bind("ids", expanding=True)), assignment.c.suggestion == "shown"
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
        self._shown: dict[int, dict[str, int]] = {}
        """By project, the leases with a suggestion to show, and the seq of the model's submit."""
        for project in sorted({request.project for request in requests}):
            try:
                log = self.logs[project] = Log(connection, assigner.database, project)
            except GoldworkError as error:
                self.logs[project] = error
                continue
            release_lapsed(connection, log)
            annotators = sorted({request.annotator for request in requests if request.project == project})
            for row in connection.execute(_HELD, {"project": project, "annotators": annotators}):
                held = Held(row.id, row.payload, row.leased_until)
                self.held.setdefault((project, row.annotator), []).append(held)
                if row.suggestion == "shown":
                    self._shown.setdefault(project, {})[row.id] = row.suggested
        self._searches: dict[int, Search] = {}
        self._renewed: list[dict[str, Any]] = []
        self._found: list[tuple[Candidate, str, Lease, Log]] = []

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
            for one in found:
                lease_id = one.mine or secrets.token_urlsafe(15)
                self._found.append((one, lease_id, request, log))
                held.append(Held(lease_id, "", until))  # `flush` reads the payloads of all together
        return Leased(log.state, log.form_version, log.guideline_version, list(held), more)

    def _candidates(self, log: Log, request: Lease, need: int) -> tuple[list[Candidate], bool]:
        """Up to `need` open items that this annotator has not judged, and whether there may be more."""
        search = self._searches.setdefault(log.id, Search(self.connection, log.id))
        key, opened = (log.id, request.annotator), log.project().get("items", 0)
        before = self.stands.get(key)
        if before is not None and before.opened == opened:
            return search.go_round(request.annotator, need, before)
        # Something was opened since, and may stand before the place: look from the start, then go on from there.
        stand = Stand(opened)
        found, more = search.go_round(request.annotator, need, stand)
        if not found and more:
            place = search.latest(request.annotator) if before is None else before.place
            stand = Stand(opened, place, place)
            found, more = search.go_round(request.annotator, need, stand)
        if len(self.stands) >= STANDS:
            self.stands.clear()
        self.stands[key] = stand
        return found, more

    def flush(self, answers: Sequence[Leased | Exception]) -> None:
        """Take what was found, a free slot each; fill in payloads and suggestions. A slot that is held nevertheless
        fails the group."""
        run = self.connection.execute
        if self._renewed:
            run(_RENEW, self._renewed)
        if self._found:
            self._take(answers)
        self._suggest(answers)

    def _take(self, answers: Sequence[Leased | Exception]) -> None:
        run = self.connection.execute
        slots = free_slots(self.connection, {one.id: one.wanted for one, *_ in self._found})
        fresh: list[dict[str, Any]] = []
        again: list[dict[str, Any]] = []
        for one, lease_id, request, log in self._found:
            until = log.now + log.policy().lease_ms
            lease = {"slot": slots[one.id].pop(0), "leased_at": log.now, "leased_until": until}
            if one.mine is None:
                made = {"id": lease_id, "project": request.project, "item": one.id, "annotator": request.annotator}
                fresh.append(lease | made | {"pass_number": 0, "purpose": "work", "state": "leased"})
            else:
                again.append({f"to_{name}": value for name, value in lease.items()} | {"lapsed": lease_id})
        for project in sorted({made["project"] for made in fresh}):
            self._draw(project, [made for made in fresh if made["project"] == project])
        if fresh:
            run(_INSERT, fresh)
        if again:
            run(_RETAKE, again)
            of = {lease_id: request.project for _, lease_id, request, _ in self._found}
            for row in run(_SHOWN, {"ids": [one["lapsed"] for one in again]}):
                self._shown.setdefault(of[row.id], {})[row.id] = row.suggested
        taken = Counter(one.id for one, *_ in self._found)
        run(TAKE, [{"of_item": item_id, "more": more} for item_id, more in taken.items()])
        self._fill_in(answers, sorted(taken))

    def _draw(self, project: int, fresh: list[dict[str, Any]]) -> None:
        """Whether each new lease comes with a suggestion, and whether it is shown."""
        log = self.logs[project]
        assert isinstance(log, Log)
        for lease, drawn in zip(fresh, suggest.draw(self.connection, project, log.policy(), fresh), strict=True):
            lease |= drawn
            if drawn["suggestion"] == "shown":
                self._shown.setdefault(project, {})[lease["id"]] = drawn["suggested"]

    def _suggest(self, answers: Sequence[Leased | Exception]) -> None:
        said: dict[str, Mapping[str, Any]] = {}
        for project, shown in self._shown.items():
            found = suggest.answers(self.connection, project, set(shown.values()))
            said |= {lease_id: found.get(seq, {}) for lease_id, seq in shown.items()}
        if not said:
            return
        for answer in answers:
            if isinstance(answer, Leased):
                answer.assignments[:] = [
                    msgspec.structs.replace(held, suggestions=said[held.id]) if held.id in said else held
                    for held in answer.assignments
                ]

    def _fill_in(self, answers: Sequence[Leased | Exception], taken: list[int]) -> None:
        payloads = {}
        for items in _slices(taken):
            payloads.update({row.id: row.payload for row in self.connection.execute(_PAYLOADS, {"items": items})})
        of = {lease_id: payloads[one.id] for one, lease_id, *_ in self._found}
        for answer in answers:
            if isinstance(answer, Leased):
                answer.assignments[:] = [
                    msgspec.structs.replace(held, payload=of[held.id]) if held.id in of else held
                    for held in answer.assignments
                ]


def _slices(items: list[int]) -> Iterator[list[int]]:
    return (items[begin : begin + ITEMS] for begin in range(0, len(items), ITEMS))


def used_slots(connection: Connection, of: Iterable[int]) -> dict[int, set[int]]:
    """The slots of each item that somebody holds."""
    used: dict[int, set[int]] = {of_item: set() for of_item in of}
    for items in _slices(sorted(used)):
        for of_item, slot in connection.execute(_SLOTS, {"items": items}):
            used[of_item].add(slot)
    return used


def free_slots(connection: Connection, wanted: dict[int, int]) -> dict[int, list[int]]:
    """The slots of each item that may be filled, lowest first."""
    used = used_slots(connection, wanted)
    return {of_item: unused(slots, used[of_item]) for of_item, slots in wanted.items()}


def unused(wanted: int, used: set[int]) -> list[int]:
    """The slots of one item that may be filled, lowest first. A used one counts wherever it stands: after the overlap
    was lowered it may be beyond `wanted`, and the ones below it stay empty."""
    return [slot for slot in range(wanted) if slot not in used][: max(0, wanted - len(used))]


def release_lapsed(connection: Connection, log: Log) -> None:
    """Free the slots of a project's leases that have run out by the database's clock."""
    lapsed = connection.execute(_LAPSED, {"project": log.id, "now": log.now}).all()
    if not lapsed:
        return
    connection.execute(_LAPSE, [{"lapsed": row.id} for row in lapsed])
    if freed := [{"of_item": row.item, "more": -1} for row in lapsed if row.slot is not None]:
        connection.execute(TAKE, freed)
