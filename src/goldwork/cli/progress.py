"""Doing a job from the command line, with its progress on the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.store.database import Database
    from goldwork.store.home import Home

ERRORS = 20


def finish(database: Database, home: Home, project: int, job_id: int) -> dict[str, Any]:
    """Do the job here, unless a worker beside us does. Returns its result; raises InputError saying why it failed."""
    from goldwork.services import jobs
    from goldwork.services.worker import Worker

    worker = Worker(database, home)
    said = 0.0
    try:
        while True:
            busy = worker.step()
            if not busy or time.monotonic() - said > 0.2:
                said = time.monotonic()
                with database.read() as connection:
                    job = jobs.find_job(connection, project, job_id)
                _say(job.phase, job.done, job.total)
                if job.state not in jobs.ACTIVE:
                    break
                if not busy:
                    time.sleep(0.1)
    finally:
        worker.close()
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
    if job.state == "done":
        return job.result or {}
    if job.error is None:
        raise InputError("the job was cancelled.")
    say_errors(job.error.details.get("errors", []))
    raise InputError(job.error.message, where=job.error.where or "")


def say_errors(errors: list[dict[str, Any]]) -> None:
    """Print the errors of an import after the first, which the exception tells."""
    for one in errors[1:ERRORS]:
        column = f", column {one['column']}" if one["column"] else ""
        print(f"line {one['line']}{column}: {one['message']}", file=sys.stderr)


def _say(phase: str, done: int, total: int | None) -> None:
    if phase and sys.stderr.isatty():
        print(f"\r\033[K{phase} {done:,}{f' of {total:,}' if total else ''}", end="", file=sys.stderr, flush=True)
