"""Migrations: the schema is what schema.py says, whoever comes first and whatever fails."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from goldwork.errors import CorruptStoreError
from goldwork.store import migrations
from goldwork.store.database import Database
from goldwork.store.migrations import differences, migrate
from goldwork.store.schema import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"empty_{time.time_ns()}"
    server.psql(f"CREATE DATABASE {name};")
    yield server.get_uri(name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_a_new_database_has_the_schema(empty: Database) -> None:
    assert migrate(empty) is True
    assert tables(empty) == {*metadata.tables, "alembic_version"}
    with empty.read() as connection:
        assert differences(connection) == []


def test_a_second_time_changes_nothing(empty: Database) -> None:
    migrate(empty)
    assert migrate(empty) is False


def test_what_the_schema_lacks_is_found(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP INDEX uq_assignment_item_slot")
        connection.exec_driver_sql("CREATE TABLE stray (x INTEGER)")
    with database.read() as connection:
        found = " ".join(str(one) for one in differences(connection))
    assert "uq_assignment_item_slot" in found
    assert "stray" in found


def start(url: str, at: float, results: Any) -> None:
    """What another process does."""
    database = Database(url)
    time.sleep(max(0.0, at - time.time()))
    try:
        results.put(migrate(database))
    except Exception as error:
        results.put(repr(error))
    database.close()


def test_processes_that_start_together(empty_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    at = time.time() + 2.0
    processes = [context.Process(target=start, args=(empty_url, at, results)) for _ in range(4)]
    for process in processes:
        process.start()
    assert sorted(results.get(timeout=30) for _ in processes) == [False, False, False, True]
    for process in processes:
        process.join(20)


def test_a_newer_database_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CorruptStoreError, match="newer"):
        migrate(database)


def with_one_more(upgrade: Any) -> Any:
    """The real migrations and one more, in the shape of alembic's directory of scripts."""
    real = migrations.ScriptDirectory
    following = SimpleNamespace(revision="next", module=SimpleNamespace(upgrade=upgrade))

    def from_config(config: Any) -> Any:
        scripts = real.from_config(config)

        def iterate(upper: str, lower: str) -> list[Any]:
            return [following, *scripts.iterate_revisions(upper, lower)]

        return SimpleNamespace(iterate_revisions=iterate)

    return SimpleNamespace(from_config=from_config)


def test_a_migration_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade() -> None:
        op.create_table("half", sa.Column("x", sa.Integer))
        op.execute("UPDATE project SET name = 'half'")
        raise RuntimeError("in the middle")

    monkeypatch.setattr(migrations, "ScriptDirectory", with_one_more(upgrade))
    with pytest.raises(RuntimeError, match="middle"):
        migrate(database)
    assert "half" not in tables(database)
    monkeypatch.undo()
    assert migrate(database) is False


def test_a_killed_migration_leaves_nothing(empty_url: str, tmp_path: Path) -> None:
    """Processes that die while they create the tables; the next one finds none of them, and creates all."""
    context = multiprocessing.get_context("spawn")
    for step in (1, 12):
        process = context.Process(target=die_at, args=(empty_url, step))
        process.start()
        process.join(30)
        assert process.exitcode == 9
    database = Database(empty_url)
    assert tables(database) == set()
    assert migrate(database) is True
    with database.read() as connection:
        assert differences(connection) == []
    database.close()


def die_at(url: str, step: int) -> None:
    """What a process does that ends at its `step`th CREATE TABLE."""
    import os

    database = Database(url)
    seen = 0

    @sa.event.listens_for(database._writers, "after_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal seen
        seen += "CREATE TABLE" in statement
        if seen == step:
            os._exit(9)

    migrate(database)


def test_the_path_may_hold_any_character(tmp_path: Path, sqlite_template: Path) -> None:
    folder = tmp_path / "a %41 b? c#d & é"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "goldwork.db")
    database = Database(str(folder / "goldwork.db"))
    assert migrate(database) is False
    database.close()
    assert [path.name for path in folder.iterdir()] == ["goldwork.db"]


def test_work_that_is_there_stays_and_reviews_may_come(empty: Database) -> None:
    """A new purpose of assignments, to which submits refer: no row is lost, and no other purpose is let in."""
    upgrade_to(empty, "0006")
    with empty.write() as connection:
        for text in (
            (
                "INSERT INTO project (id, name, form_version, guideline_version, policy_version, policy, created_at)"
                " VALUES (1, 'P', 1, 1, 1, '{}', 0)"
            ),
            "INSERT INTO batch (id, project, name, created_at) VALUES (1, 1, 'b', 0)",
            "INSERT INTO item (id, project, batch, external_id, shuffle, payload) VALUES (1, 1, 1, 'x', 0, '{}')",
            "INSERT INTO annotator (id, pseudonym) VALUES (1, 'ann')",
            assign("one", "work", 0),
            (
                "INSERT INTO submit (project, seq, annotator, client_id, body_hash, assignment, item, kind,"
                " form_version, guideline_version, response, submitted_at)"
                " VALUES (1, 7, 1, 'c', '', 'one', 1, 'answer', 1, 1, '{}', 0)"
            ),
        ):
            connection.exec_driver_sql(text)
    with pytest.raises(sa.exc.IntegrityError), empty.write() as connection:
        connection.exec_driver_sql(assign("two", "review", 3))
    assert migrate(empty) is True
    with empty.write() as connection:
        connection.exec_driver_sql(assign("two", "review", 3))
    with pytest.raises(sa.exc.IntegrityError), empty.write() as connection:
        connection.exec_driver_sql(assign("three", "gossip", 4))
    with empty.read() as connection:
        assert differences(connection) == []
        kept = connection.exec_driver_sql("SELECT submit.seq, assignment.purpose FROM submit JOIN assignment"
                                          " ON assignment.id = submit.assignment").all()  # fmt: skip
        assert [tuple(row) for row in kept] == [(7, "work")]
        if empty.dialect == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def assign(name: str, purpose: str, number: int) -> str:
    return (
        "INSERT INTO assignment (id, project, item, annotator, pass_number, purpose, state, leased_at, leased_until)"
        f" VALUES ('{name}', 1, 1, 1, {number}, '{purpose}', 'done', 0, 0)"
    )


def upgrade_to(database: Database, revision: str) -> None:
    """The schema as an older version left it."""
    config = Config()
    config.set_main_option("script_location", migrations.SCRIPTS)
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    with database.write() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            for script in reversed(list(scripts.iterate_revisions(revision, "base"))):
                script.module.upgrade()
                context.stamp(scripts, script.revision)
