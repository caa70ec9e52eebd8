"""Gold for tests, put in by hand: items whose answers are known, and assignments of them like any other."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from goldwork.store.database import Database
from goldwork.store.schema import assignment, batch, gold, item


def add_gold(
    connection: sa.Connection,
    database: Database,
    project: int,
    answers: Sequence[Any],
    *,
    question: str = "kind",
    kind: str = "gold",
    texts: Sequence[str] = (),
) -> list[int]:
    """One item for each answer, in a batch of their own that is not opened for work. Returns the items."""
    now = database.now(connection)
    values = {"project": project, "name": f"{kind} {secrets.token_hex(3)}", "state": "published", "created_at": now}
    of = connection.execute(sa.insert(batch).values(values).returning(batch.c.id)).scalar_one()
    made = []
    for number, answer in enumerate(answers):
        text = texts[number] if texts else f"{kind} text {number}"
        row = {
            "project": project,
            "batch": of,
            "external_id": f"{kind}-{of}-{number}",
            "payload": msgspec.json.encode({"text": text}).decode(),
            "shuffle": number,
        }
        one = connection.execute(sa.insert(item).values(row).returning(item.c.id)).scalar_one()
        key = {
            "project": project,
            "item": one,
            "kind": kind,
            "state": "active",
            "answers": msgspec.json.encode({question: [answer]}).decode(),
            "stratum": f"{question}={answer}",
            "created_at": now,
        }
        connection.execute(sa.insert(gold).values(key))
        made.append(one)
    return made


def give(
    connection: sa.Connection,
    database: Database,
    project: int,
    annotator: int,
    items: Sequence[int],
    *,
    purpose: str = "gold",
) -> list[str]:
    """Assignments of these to an annotator, held as if they had been given with the rest. Returns their ids."""
    now = database.now(connection)
    rows = [
        {
            "id": secrets.token_urlsafe(15),
            "project": project,
            "item": one,
            "annotator": annotator,
            "purpose": purpose,
            "state": "leased",
            "leased_at": now,
            "leased_until": now + 3_600_000,
        }
        for one in items
    ]
    connection.execute(sa.insert(assignment), rows)
    shown = sa.update(gold).where(gold.c.item.in_(items)).values(shown=gold.c.shown + 1)
    connection.execute(shown)
    return [str(row["id"]) for row in rows]
