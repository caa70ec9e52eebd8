"""Jobs: work in the background, by the lease protocol of assignments.

A worker claims a job by a conditional update, extends its lease while it works, and saves each chunk of results
together with its checkpoint in one transaction that holds only while the lease is its own. A job that raised what
nobody foresaw, or whose worker was killed, is claimed again and goes on from its checkpoint; after `MAX_ATTEMPTS` that
leave the checkpoint where it was it is undone and has failed.

**Invariant: of a job's chunks, each is committed exactly once, whatever dies meanwhile and whoever takes over.**
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import GoldworkError, NotFoundError
from goldwork.services.sql import insert
from goldwork.store.database import Database
from goldwork.store.schema import job

LEASE = 30_000
"""Milliseconds for which a worker that is not heard of keeps a job."""
MAX_ATTEMPTS = 3
LISTED = 50
"""Jobs in a project's list: the latest."""
ACTIVE = ("waiting", "running")
OWN = ("snapshot", "inference", "watch", "reweigh", "learn")
"""Kinds of job that the house starts for itself."""

State = Literal["waiting", "running", "done", "failed", "cancelled"]


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a job failed, in the shape of every error."""

    code: str
    message: str
    where: str | None = None
    details: dict[str, Any] = {}


class Job(msgspec.Struct, frozen=True):
    """A job as its project's managers see it. Times in milliseconds."""

    id: int
    kind: str
    state: State
    phase: str
    done: int
    total: int | None
    created_at: int
    finished_at: int | None
    error: Failure | None
    result: dict[str, Any] | None


class Claim(msgspec.Struct):
    """A job that a worker holds. `token` is new with every claim and fences off whoever held it before."""

    id: int
    project: int
    kind: str
    body: dict[str, Any]
    checkpoint: dict[str, Any]
    attempt: int
    token: str


class LeaseLostError(GoldworkError):
    """Another worker has taken the job over: nothing of what was about to be saved is."""

    code = "lease_lost"


class CancelledError(GoldworkError):
    """Somebody asked to cancel the job."""

    code = "cancelled"


_SHOWN = (
    job.c.id,
    job.c.kind,
    job.c.state,
    job.c.phase,
    job.c.done,
    job.c.total,
    job.c.created_at,
    job.c.finished_at,
    job.c.error,
    job.c.result,
)
_NEWEST = (
    sa.select(*_SHOWN)
    .where(job.c.project == bind("project"), job.c.kind.in_(bind("kinds", expanding=True)))
    .order_by(job.c.id.desc())
    .limit(1)
)
_FREE = (job.c.state == "waiting") | ((job.c.state == "running") & (job.c.leased_until < bind("now")))
_CLAIM = (
    sa.update(job)
    .where(
        job.c.id
        == sa.select(job.c.id)
        .where(_FREE, job.c.kind.in_(bind("kinds", expanding=True)))
        .order_by(job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery(),
        _FREE,
    )
    .values(state="running", worker=bind("me"), attempts=job.c.attempts + 1, leased_until=bind("until"))
    .returning(job.c.id, job.c.project, job.c.kind, job.c.body, job.c.checkpoint, job.c.attempts)
)
_MINE = (job.c.id == bind("of")) & (job.c.worker == bind("me")) & (job.c.state == "running")
_BEAT = sa.update(job).where(_MINE).values(leased_until=bind("until"))
_SAVE = (
    sa.update(job)
    .where(_MINE)
    .values(
        leased_until=bind("until"),
        checkpoint=bind("to_checkpoint"),
        done=sa.func.coalesce(bind("to_done", type_=sa.BigInteger), job.c.done),
        total=sa.func.coalesce(bind("to_total", type_=sa.BigInteger), job.c.total),
        phase=sa.func.coalesce(bind("to_phase", type_=sa.Text), job.c.phase),
        attempts=sa.case((sa.func.coalesce(job.c.checkpoint, "{}") != bind("to_checkpoint"), 1), else_=job.c.attempts),
    )
    .returning(job.c.cancel, job.c.attempts)
)
_END = (
    sa.update(job)
    .where(_MINE)
    .values(
        state=bind("to_state"),
        finished_at=bind("now"),
        error=bind("to_error"),
        result=bind("to_result"),
        leased_until=None,
        phase="",
    )
)
_AGAIN = (
    sa.update(job)
    .where(_MINE)
    .values(state="waiting", worker=None, leased_until=None, attempts=job.c.attempts - bind("forgiven"))
)


def add(
    connection: Connection, database: Database, kind: str, project: int, body: dict[str, Any], *, once: bool = False
) -> Job | None:
    """A new job, waiting. With `once`, None where one of the kind waits or runs for the project already."""
    made = {
        "project": project,
        "kind": kind,
        "body": msgspec.json.encode(body).decode(),
        "created_at": database.now(connection),
    }
    statement = insert(database, job).values(made)
    if once:
        statement = statement.on_conflict_do_nothing(index_elements=["project"], index_where=sa.text(SINGLE))
    row = connection.execute(statement.returning(*_SHOWN)).one_or_none()
    return None if row is None else _shown(row)


SINGLE = "kind = 'snapshot' AND state IN ('waiting', 'running')"
"""Of these jobs a project has one at a time: the condition of `uq_job_snapshot`."""


def find_job(connection: Connection, project: int, job_id: int) -> Job:
    """One job of a project. Raises NotFoundError."""
    row = connection.execute(sa.select(*_SHOWN).where(job.c.id == job_id, job.c.project == project)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such job.")
    return _shown(row)


def list_jobs(connection: Connection, project: int) -> list[Job]:
    """A project's latest jobs, newest first, without the ones that the house starts for itself."""
    rows = connection.execute(
        sa.select(*_SHOWN)
        .where(job.c.project == project, job.c.kind.not_in(OWN))
        .order_by(job.c.id.desc())
        .limit(LISTED)
    )
    return [_shown(row) for row in rows]


def unfinished(connection: Connection, project: int, kinds: Sequence[str]) -> Job | None:
    """The latest job of these kinds, where it goes on or has failed: what a page that begins them has to say."""
    row = connection.execute(_NEWEST, {"project": project, "kinds": list(kinds)}).one_or_none()
    return _shown(row) if row is not None and row.state in (*ACTIVE, "failed") else None


def cancel(connection: Connection, database: Database, project: int, job_id: int) -> Job:
    """Cancel a job that waits; ask one that runs to stop at its next chunk. Raises NotFoundError."""
    found = find_job(connection, project, job_id)
    waiting = sa.update(job).where(job.c.id == found.id, job.c.state == "waiting", job.c.checkpoint.is_(None))
    ended = connection.execute(waiting.values(state="cancelled", cancel=True, finished_at=database.now(connection)))
    if not ended.rowcount:
        connection.execute(sa.update(job).where(job.c.id == found.id, job.c.state.in_(ACTIVE)).values(cancel=True))
    return find_job(connection, project, job_id)


def claim(connection: Connection, database: Database, worker: str, kinds: list[str]) -> Claim | None:
    """The oldest job that waits, or whose worker is gone, now held by `worker`; None where there is none."""
    now = database.now(connection)
    token = f"{worker}-{secrets.token_hex(4)}"
    row = connection.execute(_CLAIM, {"now": now, "kinds": kinds, "me": token, "until": now + LEASE}).one_or_none()
    if row is None:
        return None
    body = msgspec.json.decode(row.body)
    checkpoint = msgspec.json.decode(row.checkpoint) if row.checkpoint else {}
    return Claim(row.id, row.project, row.kind, body, checkpoint, row.attempts, token)


def is_any_free(connection: Connection, database: Database, kinds: list[str]) -> bool:
    """Whether `claim` may find a job: to look without writing."""
    found = sa.select(job.c.id).where(_FREE, job.c.kind.in_(kinds)).limit(1)
    return connection.execute(found, {"now": database.now(connection)}).one_or_none() is not None


def beat(connection: Connection, database: Database, held: Claim) -> bool:
    """Extend the lease. False where it is lost."""
    until = database.now(connection) + LEASE
    return bool(connection.execute(_BEAT, _fence(held) | {"until": until}).rowcount)


def save(
    connection: Connection,
    database: Database,
    held: Claim,
    *,
    done: int | None = None,
    total: int | None = None,
    phase: str | None = None,
    cancellable: bool = True,
) -> None:
    """Store the claim's checkpoint and progress. Raises LeaseLostError, and CancelledError where that was asked.

    Where the checkpoint has moved, the attempts count anew: whoever claims the job next has less to do. Results alone
    do not count, for a job that is begun again may write the same ones for ever.
    """
    values = {
        "until": database.now(connection) + LEASE,
        "to_checkpoint": msgspec.json.encode(held.checkpoint, order="deterministic").decode(),
        "to_done": done,
        "to_total": total,
        "to_phase": phase,
    }
    row = connection.execute(_SAVE, _fence(held) | values).one_or_none()
    if row is None:
        raise LeaseLostError("another worker has taken this job over.")
    held.attempt = row.attempts
    if row.cancel and cancellable:
        raise CancelledError("the job was cancelled.")


def end(
    connection: Connection,
    database: Database,
    held: Claim,
    state: State,
    *,
    error: Failure | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    """The job's last state. Raises LeaseLostError."""
    values = {
        "now": database.now(connection),
        "to_state": state,
        "to_error": msgspec.json.encode(error).decode() if error else None,
        "to_result": msgspec.json.encode(result).decode() if result is not None else None,
    }
    if not connection.execute(_END, _fence(held) | values).rowcount:
        raise LeaseLostError("another worker has taken this job over.")


def release(connection: Connection, held: Claim, *, forgive: bool) -> None:
    """Give a job back, to be claimed again at once; `forgive` does not count this attempt."""
    connection.execute(_AGAIN, _fence(held) | {"forgiven": int(forgive)})


def _fence(held: Claim) -> dict[str, Any]:
    return {"of": held.id, "me": held.token}


def _shown(row: Any) -> Job:
    error = msgspec.json.decode(row.error, type=Failure) if row.error else None
    result = msgspec.json.decode(row.result) if row.result else None
    return Job(
        row.id, row.kind, row.state, row.phase, row.done, row.total, row.created_at, row.finished_at, error, result
    )
