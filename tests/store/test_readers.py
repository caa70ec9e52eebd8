"""Readers see one moment, however long they read; the next reader sees what was committed meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import InputError
from goldwork.store.database import Database
from goldwork.store.probe import Probe
from goldwork.store.schema import assignment, event, item, project
from tests.core import Core


@pytest.fixture
def core(database: Database) -> Iterator[Core]:
    made = Core.make(database, items=10)
    yield made
    made.close()


def moment(connection: sa.Connection) -> tuple[int, int, int]:
    """Three tables that one transaction changes together."""
    taken = connection.execute(sa.select(sa.func.sum(item.c.taken))).scalar_one()
    leased = connection.execute(sa.select(sa.func.count()).select_from(assignment)).scalar_one()
    seq = connection.execute(sa.select(project.c.seq)).scalar_one()
    assert seq == connection.execute(sa.select(sa.func.max(event.c.seq))).scalar_one()
    return taken, leased, seq


def test_a_reader_sees_one_moment(core: Core) -> None:
    [who] = core.annotators()
    with core.database.read() as early:
        before = moment(early)
        for _ in range(3):
            core.submit(who, core.lease_one(who))
            assert moment(early) == before
        with core.database.read() as late:
            assert moment(late) == (3, 3, before[2] + 3)
        assert moment(early) == before
    with core.database.read() as after:
        assert moment(after) == (3, 3, before[2] + 3)


def test_a_long_reader_does_not_hold_up_the_writer(core: Core) -> None:
    [who] = core.annotators()
    with core.database.read() as reader:
        rows = iter(reader.execute(sa.select(item).execution_options(yield_per=1)))
        next(rows)
        for _ in range(5):
            core.submit(who, core.lease_one(who))
        assert [row.taken for row in rows] == [0] * 9


def test_a_statement_of_a_write_transaction_sees_what_others_committed_before_it(core: Core) -> None:
    """One write transaction at a time: the second begins when the first is done, and sees all of it."""
    [who] = core.annotators()
    seen = []
    other = Database(core.database.url.render_as_string(hide_password=False))
    for _ in range(2):
        core.lease_one(who)
        with other.write() as connection:
            seen.append(moment(connection)[1])
            connection.execute(sa.delete(assignment))
            connection.execute(sa.update(item).values(taken=0))
    other.close()
    assert seen == [1, 1]


def test_the_databases_clock_is_in_milliseconds(database: Database) -> None:
    with database.write() as connection:
        for _ in range(20):
            before = time.time_ns() // 1_000_000
            told = database.now(connection)
            assert isinstance(told, int)
            assert before - 5 <= told <= time.time_ns() // 1_000_000 + 5
            time.sleep(0.002)


def test_a_probe_sees_what_was_committed_before_it(core: Core, tmp_path: Path) -> None:
    [who] = core.annotators()
    seq = sa.select(project.c.seq, project.c.name).where(project.c.id == sa.bindparam("of"))
    with ThreadPoolExecutor(1) as pool:
        probe = Probe(core.database, seq, pool)

        async def look() -> list[Any]:
            seen = []
            for _ in range(3):
                core.submit(who, core.lease_one(who))
                seen.append(await probe.first(of=core.project))
            seen.append(await probe.first(of=987_654))
            return seen

        *seen, nothing = asyncio.run(look())
        probe.close()
        probe.close()
    last = core.row(project).seq
    assert [tuple(row) for row in seen] == [(last - 2, "P"), (last - 1, "P"), (last, "P")]
    assert nothing is None


def test_a_probe_finds_a_file_with_any_name(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "a %41 b? c#d & é.db"
    shutil.copy(sqlite_template, path)
    database = Database(str(path))
    with ThreadPoolExecutor(1) as pool:
        probe = Probe(database, sa.select(sa.func.count()).select_from(project), pool)
        assert asyncio.run(probe.first()) == (0,)
        probe.close()
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "mysql://x/y", "nonsense://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match="database must be"):
        Database(url)
