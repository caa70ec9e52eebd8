"""The order in which open items are given, and each annotator's way round it.

Open items stand in one partial index, in the order (priority, rank, shuffle, id): who manages the project says first,
then a model where there is one (`goldwork.services.ranking`), then the lot. Everybody goes through the same order from
where they last stood, to its end and from its start, so that what they have judged is not searched again. What is read
of the index in one transaction serves all its requests: people who work at the same time stand close together.

**Invariant: a request reads a bounded number of index entries, however much its annotator and others have judged.**
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.store.schema import assignment, item, submit

WINDOWS = (4, 32, 256, 2048)
"""How many entries of the index of open items a request looks at beyond what it needs, window after window."""

Place = tuple[float, int, int, int]
START: Place = (float("-inf"), 0, -1, -1)

_OPEN = (
    sa.select(item.c.id, item.c.priority, item.c.rank, item.c.shuffle, item.c.wanted, item.c.taken)
    .where(
        item.c.project == bind("project"),
        item.c.taken < item.c.wanted,
        sa.tuple_(item.c.priority, item.c.rank, item.c.shuffle, item.c.id)
        > sa.tuple_(
            bind("priority", type_=sa.Float),
            bind("rank", type_=sa.Integer),
            bind("shuffle", type_=sa.Integer),
            bind("id", type_=item.c.id.type),
        ),
    )
    .order_by(item.c.priority, item.c.rank, item.c.shuffle, item.c.id)
    .limit(bind("window"))
)
_MINE = sa.select(assignment.c.item, assignment.c.id, assignment.c.state, assignment.c.purpose).where(
    assignment.c.item.in_(bind("items", expanding=True)),
    assignment.c.annotator == bind("annotator"),
    assignment.c.pass_number == 0,
)
_LATEST = (
    sa.select(item.c.priority, item.c.rank, item.c.shuffle, item.c.id)
    .join(submit, submit.c.item == item.c.id)
    .where(submit.c.project == bind("project"), submit.c.annotator == bind("annotator"))
    .order_by(submit.c.submitted_at.desc())
    .limit(1)
)


class Stand(msgspec.Struct):
    """Where an annotator stands in the order, and where the present round began, which has come to nothing so far.

    `opened`: how many items were opened, and how often they were ranked, when it was last looked at from the start.
    `dry`: the last round gave nothing.
    """

    opened: tuple[int, int]
    place: Place = START
    begun: Place = START
    wrapped: bool = False
    dry: bool = False

    def end_round(self, *, dry: bool) -> None:
        """All has been seen. The next round begins at the start."""
        self.place, self.begun, self.wrapped, self.dry = START, START, False, dry


class Candidate(msgspec.Struct, frozen=True):
    """An open item that an annotator may have. `mine`: the assignment that lapsed in their hands, if any."""

    id: int
    wanted: int
    mine: str | None


class _Region:
    """A stretch of the order as this transaction has read it, without what it has given away."""

    def __init__(self, begin: Place) -> None:
        self.begin = self.through = begin
        self.ended = False
        self.rows: list[Any] = []
        self.places: list[Place] = []

    def covers(self, place: Place) -> bool:
        return self.begin <= place and (self.ended or place <= self.through)

    def drop(self, place: Place) -> None:
        at = bisect.bisect_left(self.places, place)
        if at < len(self.places) and self.places[at] == place:
            del self.rows[at], self.places[at]


class Search:
    """One transaction's look at a project's open items."""

    def __init__(self, connection: Connection, project: int) -> None:
        self.connection = connection
        self.project = project
        self.taken: Counter[int] = Counter()
        """Slots given by this transaction, by item."""
        self._given: set[tuple[int, int]] = set()
        self._seen: dict[int, tuple[Any, Place]] = {}
        """What was found and not given away."""
        self._regions: list[_Region] = []

    def keep_from(self, annotator: int, item_id: int) -> None:
        """Somebody gets this item in another way: it is not found for them."""
        self._given.add((item_id, annotator))

    def go_round(self, annotator: int, need: int, stand: Stand, *, give: bool = True) -> tuple[list[Candidate], bool]:
        """Up to `need` items, and whether there may be more. They are given away: nobody else finds them; unless it
        was only asked whether there are some."""
        found: list[Candidate] = []
        for window in (need + extra for extra in WINDOWS):
            rows, end = self._after(stand.place, window)
            mine = self._mine(annotator, rows)
            for row in rows:
                place = (row.priority, row.rank, row.shuffle, row.id)
                if stand.wrapped and place > stand.begun:
                    stand.end_round(dry=not found)
                    return found, False
                stand.place = place
                lease_id, state = mine.get(row.id, (None, "lapsed"))
                if state == "lapsed" and (row.id, annotator) not in self._given:
                    stand.dry = False
                    found.append(Candidate(row.id, row.wanted, lease_id))
                    if give:
                        self._give(row, place, annotator)
                    else:
                        self._seen[row.id] = (row, place)
                    if len(found) == need:
                        stand.begun, stand.wrapped = place, False
                        return found, True
            if end:
                if stand.wrapped or stand.begun == START:
                    stand.end_round(dry=not found)
                    return found, False
                stand.place, stand.wrapped = START, True
        return found, bool(found) or not stand.dry

    def give(self, annotator: int, found: Candidate) -> None:
        """Give away an item that was found and not given away."""
        self._give(*self._seen[found.id], annotator)

    def latest(self, annotator: int) -> Place:
        """Where an annotator judged last: there a process that has just started takes up again."""
        row = self.connection.execute(_LATEST, {"project": self.project, "annotator": annotator}).one_or_none()
        return START if row is None else (row.priority, row.rank, row.shuffle, row.id)

    def _give(self, row: Any, place: Place, annotator: int) -> None:
        self._given.add((row.id, annotator))
        self.taken[row.id] += 1
        if row.taken + self.taken[row.id] >= row.wanted:
            for region in self._regions:
                region.drop(place)

    def _mine(self, annotator: int, rows: Sequence[Any]) -> dict[int, tuple[str | None, str]]:
        if not rows:
            return {}
        found = self.connection.execute(_MINE, {"annotator": annotator, "items": [row.id for row in rows]})
        return {row.item: (row.id, row.state if row.purpose == "work" else "done") for row in found}

    def _after(self, place: Place, size: int) -> tuple[list[Any], bool]:
        """The next `size` entries after a place with a slot left, and whether the order ends with them."""
        region = next((region for region in self._regions if region.covers(place)), None)
        if region is None:
            region = _Region(place)
            self._regions.append(region)
        begin = bisect.bisect_right(region.places, place)
        missing = size - (len(region.rows) - begin)
        while missing > 0 and not region.ended:
            missing -= self._read(region, missing)
        return region.rows[begin : begin + size], region.ended and begin + size >= len(region.rows)

    def _read(self, region: _Region, size: int) -> int:
        """Extend a region by `size` entries. Returns how many of them have a slot left."""
        priority, rank, shuffle, last = region.through
        where = {"project": self.project, "priority": priority, "rank": rank, "shuffle": shuffle}
        where |= {"id": last, "window": size}
        rows = self.connection.execute(_OPEN, where).all()
        region.ended = len(rows) < size
        if rows:
            region.through = (rows[-1].priority, rows[-1].rank, rows[-1].shuffle, rows[-1].id)
        rows = [row for row in rows if row.taken + self.taken[row.id] < row.wanted]
        region.rows += rows
        region.places += [(row.priority, row.rank, row.shuffle, row.id) for row in rows]
        return len(rows)
