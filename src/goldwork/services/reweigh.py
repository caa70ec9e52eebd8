"""Reweigh: have the engine reconsider the items that somebody judged, after their work was set aside or counts again.

Only answers from the first seq on that was ever in doubt are concerned: items with nothing but older ones of theirs
stay as they are. An item that is reconsidered twice is what it is after once, so a chunk that is done again, or a
second job that overtakes the first, does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.services.decisions import of_project
from goldwork.services.log import Log
from goldwork.services.work import Steps, Work
from goldwork.store.schema import assignment, decision

CHUNK = 100
"""Items reconsidered in one event: each reads its answers, and whoever gave them."""

_IN_DOUBT = sa.select(decision.c.body).where(
    of_project == bind("project"), decision.c.subject == bind("subject"), decision.c.kind == "quarantine"
)
_JUDGED = (
    sa.select(assignment.c.item)
    .distinct()
    .where(
        assignment.c.project == bind("project"),
        assignment.c.annotator == bind("annotator"),
        assignment.c.state == "done",
        assignment.c.purpose.in_(("work", "import", "review")),
        assignment.c.current >= bind("since"),
        assignment.c.item > bind("after"),
    )
    .order_by(assignment.c.item)
    .limit(bind("size"))
)


def run(work: Work) -> Steps:
    """Item after item of the job's annotator, from the checkpoint on."""
    who, state = int(work.body["annotator"]), work.checkpoint
    with work.database.read() as connection:
        since = _doubted(connection, work.project, who)
    done, after = state.get("done", 0), state.get("after", 0)
    while items := _judged(work, who, since, after):
        after, done = items[-1], done + len(items)
        state |= {"after": after, "done": done}

        def reconsider(connection: Connection, items: Sequence[int] = items) -> None:
            log = Log(connection, work.database, work.project)
            log.load(set(items), {who})
            log.add("reweighed", {"annotator": who, "items": list(items)})
            log.flush()

        work.save(reconsider, done=done, phase="reweighing", cancellable=False)
        yield
    return {"items": done}


def _doubted(connection: Connection, project: int, who: int) -> int:
    """The first seq from which on work of theirs was ever set aside; beyond every seq where none was."""
    bodies = connection.execute(_IN_DOUBT, {"project": project, "subject": f"annotator {who}"}).scalars()
    return min((msgspec.json.decode(body)["begins"] for body in bodies), default=2**62)


def _judged(work: Work, who: int, since: int, after: int) -> Sequence[int]:
    where = {"project": work.project, "annotator": who, "since": since, "after": after, "size": CHUNK}
    with work.database.read() as connection:
        return connection.execute(_JUDGED, where).scalars().all()
