"""Connections and transactions on SQLite and PostgreSQL.

`Database.read()` is a read-only transaction on a pooled connection; `Database.write()` is a write transaction,
begun as one, which only the process's writer, migrations and the command line open.

**Invariant: one write transaction at a time, whichever process it is in.** SQLite's BEGIN IMMEDIATE and, on PostgreSQL,
an advisory lock taken first keep it, so that every statement of a write transaction sees what the one before left.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

from goldwork.errors import InputError, MissingExtraError

__all__ = ["Connection", "Database"]

BUSY_SECONDS = 30
"""How long a write transaction waits for the one before it."""
IDLE_SECONDS = 60
"""After which PostgreSQL ends a transaction whose process has stopped in the middle of it."""
READERS = 8
WRITE_LOCK = 0x676F6C64


class Database:
    """One database, opened. `clock` gives its time in milliseconds; tests replace it to jump."""

    def __init__(self, url: str, *, clock: Callable[[Connection], int] | None = None) -> None:
        parsed = _parse(url)
        self.url = parsed
        self.dialect = parsed.get_backend_name()
        self.now = clock or (_sqlite_now if self.dialect == "sqlite" else _postgres_now)
        if self.dialect == "sqlite":
            self._writers = _sqlite(parsed, immediate=True)
            self._readers = _sqlite(parsed, immediate=False)
        else:
            self._writers = _postgres(parsed, exclusive=True)
            self._readers = _postgres(parsed, exclusive=False)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the whole database for as long as it is open."""
        with self._readers.connect() as connection:
            if self.dialect != "sqlite":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()  # nothing was written; a broken file cannot even commit that

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back by an exception."""
        with self._writers.connect() as connection, connection.begin():
            yield connection

    def connect(self) -> Connection:
        """A connection for the writer, which begins and commits on its own."""
        return self._writers.connect()

    def is_standing(self, connection: Connection) -> bool:
        """Whether the transaction is still open. A full disk or a lost connection ends it, all that it did undone."""
        if connection.invalidated:
            return False
        raw = connection.connection.driver_connection
        return self.dialect != "sqlite" or (raw is not None and bool(raw.in_transaction))

    def close(self) -> None:
        """Give every pooled connection back."""
        self._writers.dispose()
        self._readers.dispose()


def _parse(url: str) -> sa.URL:
    """`sqlite:///path`, a bare path, or `postgresql://...` (always through psycopg 3)."""
    try:
        parsed = sa.make_url(url) if "://" in url else sa.URL.create("sqlite", database=url)
    except sa.exc.ArgumentError:
        raise InputError(f"the database must be a path, sqlite:/// or postgresql:// address. Got {url!r}.") from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise MissingExtraError("psycopg", "postgres") from None
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or not parsed.database:
        raise InputError(f"the database must be an SQLite file or PostgreSQL. Got {url!r}.")
    return parsed


def _sqlite(url: sa.URL, *, immediate: bool) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": 0 if immediate else BUSY_SECONDS, "check_same_thread": False},
        pool_size=READERS,
        max_overflow=READERS,
    )

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
            f"query_only={'OFF' if immediate else 'ON'}",
        ):
            _insist(raw, f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if immediate:
            _insist(connection.connection.driver_connection, "BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _insist(raw: Any, statement: str) -> None:
    """Run what has to wait for other processes, in steps of a millisecond: SQLite's own back-off sleeps up to a tenth
    of a second, which starves a server beside an import, and it does not wait at all to set up the journal."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.001)


def _postgres(url: sa.URL, *, exclusive: bool) -> Engine:
    engine = sa.create_engine(url, pool_size=READERS, max_overflow=READERS, pool_pre_ping=True)
    if exclusive:

        @event.listens_for(engine, "connect")
        def connected(raw: Any, _record: Any) -> None:
            raw.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            raw.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
            raw.commit()

        @event.listens_for(engine, "begin")
        def begun(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")

    return engine


_SQLITE_NOW = sa.text("SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)")
_POSTGRES_NOW = sa.text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")


def _sqlite_now(connection: Connection) -> int:
    return int(connection.execute(_SQLITE_NOW).scalar_one())


def _postgres_now(connection: Connection) -> int:
    return int(connection.execute(_POSTGRES_NOW).scalar_one())
