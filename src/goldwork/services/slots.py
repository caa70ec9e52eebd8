"""Slots: an item has as many as the engine opened, and every judgement that counts for it holds one of them.

**Invariant: the unique (item, slot) admits an item's slot once, whatever the code does; nothing counts, then inserts.**
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.services import reviewing
from goldwork.services.log import Log
from goldwork.store.schema import assignment, item

REAP = 500
"""Lapsed leases released by one request."""
ITEMS = 5000
"""Items named in one statement; SQLite takes 32,766."""

LEASED: sa.ColumnElement[str] = sa.literal_column("'leased'")
"""Not a parameter: a partial index is used where the statement says its condition itself."""
_LAPSED = (
    sa.select(assignment.c.id, assignment.c.item, assignment.c.slot, assignment.c.subject)
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
_SLOTS = sa.select(assignment.c.item, assignment.c.slot).where(
    assignment.c.item.in_(bind("items", expanding=True)),
    assignment.c.state.in_(("leased", "done")),
    assignment.c.slot.is_not(None),
)


def slices(items: list[int]) -> Iterator[list[int]]:
    """Ids, so many as one statement takes at a time."""
    return (items[begin : begin + ITEMS] for begin in range(0, len(items), ITEMS))


def used_slots(connection: Connection, of: Iterable[int]) -> dict[int, set[int]]:
    """The slots of each item that somebody holds."""
    used: dict[int, set[int]] = {of_item: set() for of_item in of}
    for items in slices(sorted(used)):
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
    if given_up := Counter((log.id, row.subject) for row in lapsed if row.subject is not None):
        moves = {text: -number for text, number in given_up.items()}
        connection.execute(reviewing.TAKE, reviewing.moves(moves))
