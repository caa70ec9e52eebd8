"""INSERT with ON CONFLICT, which SQLAlchemy keeps apart by database though both spell it the same."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from goldwork.store.database import Database


def insert(database: Database, table: sa.Table) -> Any:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if database.dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def upsert(database: Database, table: sa.Table, *changing: str) -> Any:
    """An INSERT that, where the key is there, sets the columns `changing` instead."""
    statement = insert(database, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: statement.excluded[name] for name in changing}
    )
