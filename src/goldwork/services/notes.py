"""Notes for the guideline: what those who settle items found that it should say."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import NotFoundError
from goldwork.services.access import Member
from goldwork.store.database import Database
from goldwork.store.schema import account, guideline_note, item

MOST = 200
"""Notes that are listed: the oldest."""


class Note(msgspec.Struct, frozen=True):
    """One note, and the item that showed it. `by`: who wrote it."""

    id: int
    item: int
    external_id: str
    by: str
    text: str
    at: int


_OPEN = (
    sa.select(
        guideline_note.c.id,
        guideline_note.c.item,
        item.c.external_id,
        account.c.name,
        guideline_note.c.text,
        guideline_note.c.at,
    )
    .join(item, item.c.id == guideline_note.c.item)
    .join(account, account.c.id == guideline_note.c.by_account)
    .where(guideline_note.c.project == bind("project"), guideline_note.c.done_at.is_(None))
    .order_by(guideline_note.c.id)
    .limit(MOST)
)


def open_notes(connection: Connection, mine: Member) -> list[Note]:
    """The notes that nobody has dealt with, oldest first."""
    mine.require("manager")
    return [Note(*row) for row in connection.execute(_OPEN, {"project": mine.project})]


def close(connection: Connection, database: Database, mine: Member, note_id: int) -> None:
    """The guideline says it now, or need not. Raises NotFoundError."""
    mine.require("manager")
    done = connection.execute(
        sa.update(guideline_note)
        .where(guideline_note.c.id == note_id, guideline_note.c.project == mine.project)
        .values(done_at=sa.func.coalesce(guideline_note.c.done_at, database.now(connection)))
    )
    if not done.rowcount:
        raise NotFoundError("there is no such note.")
