"""The worker: claims jobs and advances them chunk by chunk, several at a time, so that a long import does not keep a
short snapshot waiting. One process with a writer of its own; any number of them work on one database.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from goldwork.errors import GoldworkError
from goldwork.services import jobs
from goldwork.services.jobs import CancelledError, Failure, LeaseLostError, State
from goldwork.services.work import Handler, Work
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.writer import Writer

ACTIVE = 4
"""Jobs that one worker advances in turn."""
IDLE = 0.25
"""Seconds between looks for work when there is none."""
TICK = 1.0
"""Seconds between looks for snapshots that are due."""
HOUSEKEEPING = 3600.0

log = logging.getLogger("goldwork.worker")


def handlers() -> dict[str, Handler]:
    """Every kind of job there is."""
    from goldwork.services import (
        blind,
        exchange_in,
        exchange_out,
        export,
        gold_import,
        groups,
        improve,
        inference,
        ingest,
        labels,
        learning,
        own_features,
        preferences,
        reward,
        reweigh,
        snapshot,
        sweep,
        watching,
    )

    return {
        "inference": Handler(inference.run),
        "import": Handler(ingest.run, ingest.undo),
        "import-judgements": Handler(labels.run),
        "import-gold": Handler(gold_import.run),
        "import-exchange": Handler(exchange_in.run, exchange_in.undo),
        "export": Handler(export.run),
        "export-exchange": Handler(exchange_out.run),
        "learn": Handler(learning.run, learning.undo),
        own_features.KIND: Handler(own_features.run),
        preferences.EXPORT: Handler(preferences.run_export),
        "reweigh": Handler(reweigh.run),
        reward.KIND: Handler(reward.run),
        improve.KIND: Handler(improve.run),
        blind.KIND: Handler(blind.run),
        groups.KIND: Handler(groups.run),
        "snapshot": Handler(snapshot.run),
        "sweep": Handler(sweep.run),
        "watch": Handler(watching.run),
    }


class _Active:
    """A claimed job between two steps."""

    def __init__(self, work: Work, steps: Iterator[None], final: State = "done", error: Failure | None = None) -> None:
        self.work = work
        self.steps = steps
        self.final: State = final
        self.error = error
        self.undoing = final != "done"


class Worker:
    """Claims and advances jobs until it is stopped."""

    def __init__(self, database: Database, home: Home, *, writer: Writer | None = None) -> None:
        self.database = database
        self.home = home
        self.name = secrets.token_hex(8)
        self.handlers = handlers()
        self._writer = writer or Writer(database)
        self._own_writer = writer is None
        self._active: list[_Active] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._next_tick = 0.0
        self._next_housekeeping = time.monotonic() + HOUSEKEEPING

    def stop(self) -> None:
        """Ask `run` to return after the present step."""
        self._stopped.set()

    def run(self) -> None:
        """Work until `stop`; jobs in hand are given back."""
        beats = threading.Thread(target=self._beat, name="goldwork-heartbeat", daemon=True)
        beats.start()
        try:
            while not self._stopped.is_set():
                if not self.step():
                    self._stopped.wait(IDLE)
        finally:
            self._stopped.set()
            self.close()

    def close(self) -> None:
        """Give back what is in hand."""
        for active in self._active:
            if isinstance(active.steps, Generator):
                active.steps.close()  # what it began outside this process ends
            with _logged("giving a job back"):
                self._writer.run(partial(jobs.release, held=active.work.held, forgive=True))
        self._active = []
        if self._own_writer:
            self._writer.close()

    def drain(self) -> None:
        """Work until nothing is left to do: for tests and the command line."""
        while self.step():
            pass

    def step(self) -> bool:
        """Claim a job if there is room, and advance every one in hand by a chunk. False where there was nothing."""
        self._tick()
        if len(self._active) < ACTIVE:
            self._claim()
        busy = list(self._active)
        for active in busy:
            self._advance(active)
        return bool(busy)

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK
            from goldwork.services import inference, learning, snapshot, watching

            with _logged("looking for figures that are due"):
                snapshot.request_due(self.database, self._writer)
                inference.request_due(self.database, self._writer)
                watching.request_due(self.database, self._writer)
                learning.request_due(self.database, self._writer)
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + HOUSEKEEPING
            from goldwork.services import media, uploads

            for sweep in (uploads.remove_old_files, media.remove_unused):
                with _logged("removing old files"):
                    sweep(self.database, self.home)

    def _claim(self) -> None:
        kinds = sorted(self.handlers)
        with self.database.read() as connection:
            if not jobs.is_any_free(connection, self.database, kinds):
                return
        held = self._writer.run(partial(jobs.claim, database=self.database, worker=self.name, kinds=kinds))
        if held is None:
            return
        work = Work(held, self.database, self._writer, self.home)
        if held.attempt > jobs.MAX_ATTEMPTS:  # whoever held it died without a word
            error = Failure(
                "error", f"the job stopped {jobs.MAX_ATTEMPTS} times without saying why. See the server's log."
            )
            active = _Active(work, self.handlers[held.kind].undo(work), "failed", error)
        else:
            active = _Active(work, self.handlers[held.kind].run(work))
        with self._lock:
            self._active.append(active)

    def _advance(self, active: _Active) -> None:
        try:
            next(active.steps)
        except StopIteration as ended:
            self._end(active, ended.value)
        except LeaseLostError:
            self._drop(active)
        except Exception as error:  # noqa: BLE001 - whatever a job does, the worker goes on
            self._fail(active, error)

    def _fail(self, active: _Active, error: Exception) -> None:
        held = active.work.held
        known = isinstance(error, GoldworkError)
        if not known:
            log.error("job %s (%s), attempt %s", held.id, held.kind, held.attempt, exc_info=error)
        if not known and held.attempt < jobs.MAX_ATTEMPTS:
            with _logged("giving a job back"):
                self._writer.run(partial(jobs.release, held=held, forgive=False))
            self._drop(active)
            return
        if active.undoing:
            self._end(active, None)
            return
        active.steps = iter(self.handlers[held.kind].undo(active.work))
        active.final = "cancelled" if isinstance(error, CancelledError) else "failed"
        active.error = None if active.final == "cancelled" else failure(error)
        active.undoing = True

    def _end(self, active: _Active, result: Any) -> None:
        held = active.work.held
        shown = None if active.undoing else result
        ending = partial(
            jobs.end, database=self.database, held=held, state=active.final, error=active.error, result=shown
        )
        with contextlib.suppress(LeaseLostError):
            self._writer.run(ending)
        self._drop(active)

    def _drop(self, active: _Active) -> None:
        with self._lock:
            self._active.remove(active)

    def _beat(self) -> None:
        while not self._stopped.wait(jobs.LEASE / 3000):
            with self._lock:
                held = [active.work.held for active in self._active]
            for claim in held:
                with _logged("extending a lease"):
                    self._writer.run(partial(jobs.beat, database=self.database, held=claim))


@contextlib.contextmanager
def _logged(what: str) -> Iterator[None]:
    """The worker goes on whatever happens; the log says what did."""
    try:
        yield
    except Exception:
        log.warning("%s failed", what, exc_info=True)


def failure(error: Exception) -> Failure:
    """An error as it is stored and shown."""
    if not isinstance(error, GoldworkError):
        return Failure("error", "something went wrong inside goldwork. The server's log says what.")
    where = getattr(error, "where", "") or None
    message = str(error).removeprefix(f"{where}: ") if where else error.message
    return Failure(error.code, message, where, dict(error.details))
