"""Work: what a job's handler is given, and the one way in which it writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection

from goldwork.services import jobs
from goldwork.services.jobs import Claim
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.writer import Writer

LONGEST_PAUSE = 0.05

Steps = Generator[None, None, dict[str, Any] | None]


class Work:
    """A claimed job, with everything that its handler may use."""

    def __init__(self, held: Claim, database: Database, writer: Writer, home: Home) -> None:
        self.held = held
        self.database = database
        self.writer = writer
        self.home = home

    @property
    def project(self) -> int:
        return self.held.project

    @property
    def body(self) -> dict[str, Any]:
        return self.held.body

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What is stored with each chunk, and where a later attempt goes on: change it in place within `save`'s change,
        or before."""
        return self.held.checkpoint

    def save(
        self,
        change: Callable[[Connection], object] | None = None,
        *,
        done: int | None = None,
        total: int | None = None,
        phase: str | None = None,
        cancellable: bool = True,
    ) -> None:
        """Commit `change` (at most 500 rows) with checkpoint and progress, and leave the database to others as long."""

        def write(connection: Connection) -> None:
            if change is not None:
                change(connection)
            jobs.save(
                connection,
                self.database,
                self.held,
                done=done,
                total=total,
                phase=phase,
                cancellable=cancellable,
            )

        begun = time.monotonic()
        self.writer.run_bulk(write)
        if change is not None:
            time.sleep(min(time.monotonic() - begun, LONGEST_PAUSE))


class Handler(NamedTuple):
    """How a kind of job is done, in steps, and undone when it is cancelled or fails."""

    run: Callable[[Work], Steps]
    undo: Callable[[Work], Iterator[None]] = lambda _work: iter(())
