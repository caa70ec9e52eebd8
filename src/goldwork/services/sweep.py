"""Sweep: open the items of every published batch again, in chunks with events, after the policy's overlap changed."""

from __future__ import annotations

import sqlalchemy as sa

from goldwork.services.ingest import open_chunk
from goldwork.services.work import Steps, Work
from goldwork.store.schema import batch


def run(work: Work) -> Steps:
    """Batch after batch, from the checkpoint on. Opening twice changes nothing."""
    state = work.checkpoint
    with work.database.read() as connection:
        rows = connection.execute(
            sa.select(batch.c.id, batch.c.size)
            .where(batch.c.project == work.project, batch.c.state == "published")
            .order_by(batch.c.id)
        ).all()
    state.setdefault("finished", [])
    total = sum(row.size for row in rows)
    before = sum(row.size for row in rows if row.id in state["finished"])
    for row in rows:
        if row.id in state["finished"]:
            continue
        if state.get("batch") != row.id:
            state |= {"batch": row.id, "after": 0, "opened": 0, "items": row.size}
        more = True
        while more:

            def advance(connection: sa.Connection, batch_id: int = row.id) -> None:
                nonlocal more
                more = open_chunk(work, connection, batch_id)

            done = before + state["opened"]
            work.save(advance, done=done, total=total, phase="opening", cancellable=False)
            yield
        state["finished"].append(row.id)
        before += row.size
    return {"items": before}
