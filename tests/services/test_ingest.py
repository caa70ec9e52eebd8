"""Imports: the whole file or nothing, errors with their places, going on after a death."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.services import jobs
from goldwork.store.schema import batch, event, item, project
from goldwork.store.schema import job as job_table


def rows(room: Any, table: sa.Table) -> list[Any]:
    with room.database.read() as connection:
        return list(connection.execute(sa.select(table).order_by(*table.primary_key)))


def test_a_file_becomes_open_items(room: Any) -> None:
    content = "id,text,other\n" + "".join(f"x{n},text {n},z\n" for n in range(1203))
    job = room.import_items(content)
    assert (job.state, job.error, job.result["items"]) == ("done", None, 1203)
    found = rows(room, item)
    assert [row.external_id for row in found] == [f"x{n}" for n in range(1203)]
    assert {row.wanted for row in found} == {2}
    assert msgspec.json.decode(found[3].payload) == {"text": "text 3"}
    assert len({row.shuffle for row in found}) > 1000
    [made] = rows(room, batch)
    assert (made.state, made.opened_through, made.size) == ("published", found[-1].id, 1203)
    kinds = [row.kind for row in rows(room, event)]
    assert kinds.count("batch") == 1
    assert kinds.count("opened") == 3
    assert not list((room.home.files / str(room.project)).iterdir())
