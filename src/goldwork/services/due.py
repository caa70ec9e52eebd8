"""Which projects have grown enough since a job of the house last looked at them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam as bind

from goldwork.quality.policy import Policy
from goldwork.services import jobs
from goldwork.store.database import Database
from goldwork.store.schema import job, project, snapshot
from goldwork.store.writer import Writer

AFTER_FAILURE = 60_000
"""Milliseconds until what failed is tried again."""

_GROWN = (
    sa.select(project.c.id, project.c.policy)
    .select_from(project.outerjoin(snapshot, (snapshot.c.project == project.c.id) & (snapshot.c.name == bind("name"))))
    .where(
        project.c.seq - sa.func.coalesce(snapshot.c.through_seq, 0) >= bind("least"),
        project.c.seq - sa.func.coalesce(snapshot.c.through_seq, 0)
        >= bind("share", type_=sa.Float) * sa.func.coalesce(snapshot.c.through_seq, 0),
        ~sa.exists().where(
            job.c.project == project.c.id,
            job.c.kind == bind("name"),
            job.c.state.in_(jobs.ACTIVE) | ((job.c.state == "failed") & (job.c.finished_at > bind("rested"))),
        ),
    )
)


def request(
    database: Database,
    writer: Writer,
    name: str,
    *,
    share: float,
    least: int,
    asked: Callable[[Policy], bool] = lambda _: True,
) -> None:
    """Add the job `name` for every project whose log has grown by this share since the snapshot of that name, and by
    so many events at least, where none waits, runs, or has just failed; `asked`: whether a project's policy asks for
    it."""
    with database.read() as connection:
        rested = database.now(connection) - AFTER_FAILURE
        due = connection.execute(_GROWN, {"name": name, "share": share, "least": least, "rested": rested}).all()
    for row in due:
        if asked(msgspec.json.decode(row.policy, type=Policy)):
            writer.run(partial(jobs.add, database=database, kind=name, project=row.id, body={}))
