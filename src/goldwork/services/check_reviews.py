"""Part of `goldwork check`: the texts that are due for review, against the items' states and the assignments."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.replay import Replay
from goldwork.store.schema import assignment, review, submit

_taken = (
    sa.select(sa.func.count())
    .where(
        assignment.c.project == review.c.project,
        assignment.c.subject == review.c.subject,
        assignment.c.state.in_(("leased", "done")),
    )
    .scalar_subquery()
)
_TEXTS = sa.select(review, _taken.label("held")).where(review.c.project == bind("project")).order_by(review.c.subject)
_ASTRAY = (
    sa.select(assignment.c.id)
    .select_from(
        assignment.outerjoin(
            submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.subject)
        )
    )
    .where(
        assignment.c.project == bind("project"),
        assignment.c.subject.is_not(None) | (assignment.c.purpose == "review"),
        sa.func.coalesce(submit.c.item, -1).is_distinct_from(assignment.c.item)
        | (submit.c.annotator == assignment.c.annotator)
        | (submit.c.kind != "answer")
        | (assignment.c.purpose != "review"),
    )
    .order_by(assignment.c.id)
)


def check_reviews(connection: Connection, project_id: int, replay: Replay) -> Iterator[tuple[str, str]]:
    """What does not agree, as what it is and where to look."""
    due = {
        int(name): (item, author, wanted)
        for item in replay.items()
        for name, (author, _, wanted) in replay.item(item).get("texts", {}).items()
    }
    here = {"project": project_id}
    for row in connection.execute(_TEXTS, here):
        item, author, wanted = due.pop(row.subject, (row.item, row.author, 0))
        if (row.item, row.author, row.wanted) != (item, author, wanted):
            yield "review", f"text {row.subject}: is due {row.wanted} reviews, by its log {wanted}"
        if row.taken != row.held:
            yield "review", f"text {row.subject}: counts {row.taken} reviews taken, {row.held} are held or done"
    for subject in sorted(due):
        yield "review", f"text {subject}: is not stored"
    for row in connection.execute(_ASTRAY, here):
        yield "review", f"assignment {row.id}: is no review of somebody else's answer to its item"
