"""The writer: what is acknowledged is durable, and nobody goes down with another."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError
from goldwork.store.database import Database
from goldwork.store.schema import sign_in_attempt
from goldwork.store.writer import GROUP, Writer

PATIENCE = 20
TABLE = sign_in_attempt
"""A table without references, to write into."""


def add(name: str) -> Callable[[sa.Connection], str]:
    def work(connection: sa.Connection) -> str:
        connection.execute(sa.insert(TABLE).values(subject=name, failures=1, last_at=1))
        return name

    return work


def add_all(connection: sa.Connection, names: list[str]) -> list[str | Exception]:
    """A hot handler: refuses names that begin with `no`, fails as a whole where one begins with `bad`."""
    rows = [{"subject": name, "failures": 1, "last_at": 1} for name in names if not name.startswith("no")]
    connection.execute(sa.insert(TABLE), rows or [{"subject": "none", "failures": 1, "last_at": 1}])
    if any(name.startswith("bad") for name in names):
        raise ValueError("as a whole")
    return [ConflictError("no", reason="no") if name.startswith("no") else name for name in names]


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(sa.select(TABLE.c.subject)).scalars())


class Held:
    """A writer whose thread waits in a transaction, so that what comes meanwhile queues up."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.pool = ThreadPoolExecutor(40)
        self.gate = threading.Event()
        begun = threading.Event()

        def wait(_connection: sa.Connection) -> None:
            begun.set()
            assert self.gate.wait(PATIENCE)

        self.first = self.pool.submit(writer.run, wait)
        assert begun.wait(PATIENCE)

    def queue(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Queue a request, in order."""
        before = self._waiting()
        future = self.pool.submit(call, *arguments)
        give_up = time.monotonic() + PATIENCE
        while self._waiting() == before and not future.done():
            assert time.monotonic() < give_up
            time.sleep(0.0005)
        return future

    def _waiting(self) -> int:
        return len(self.writer._hot) + len(self.writer._single) + len(self.writer._bulk)

    def release(self) -> None:
        self.gate.set()
        self.first.result(PATIENCE)


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    made = Writer(database)
    yield made
    made.close()


@pytest.fixture
def held(writer: Writer) -> Iterator[Held]:
    made = Held(writer)
    yield made
    made.gate.set()
    made.pool.shutdown()


def count(database: Database, what: str) -> list[int]:
    """Counts what the engine of the writers does from here on, in a list of one."""
    seen = [0]

    def note(*_: Any) -> None:
        seen[0] += 1

    sa.event.listen(database._writers, what, note)
    return seen


def test_a_group_is_one_commit(database: Database, held: Held) -> None:
    commits = count(database, "commit")
    futures = [held.queue(held.writer.run, add(f"n{number}")) for number in range(12)]
    futures += [held.queue(held.writer.many, add_all, [f"m{number}"]) for number in range(12)]
    held.release()
    assert [future.result(PATIENCE) for future in futures[:12]] == [f"n{number}" for number in range(12)]
    assert [future.result(PATIENCE) for future in futures[12:]] == [[f"m{number}"] for number in range(12)]
    assert commits == [2]  # the one that held, and the group
    assert len(stored(database)) == 24


def test_a_group_is_bounded(database: Database, held: Held) -> None:
    sizes = []

    def handler(_connection: sa.Connection, bodies: list[int]) -> list[int]:
        sizes.append(len(bodies))
        return bodies

    future = held.queue(held.writer.many, handler, list(range(2 * GROUP + 7)))
    held.release()
    assert future.result(PATIENCE) == list(range(2 * GROUP + 7))
    assert sizes == [GROUP, GROUP, 7]


def test_nobody_is_answered_before_the_commit(database: Database, writer: Writer) -> None:
    seen: list[bool] = []
    futures: list[Future[Any]] = []
    sa.event.listen(database._writers, "commit", lambda _: seen.append(any(one.done() for one in futures)))
    with ThreadPoolExecutor(8) as pool:
        futures += [pool.submit(writer.run, add(f"n{number}")) for number in range(8)]
    assert seen[0] is False
    assert len(stored(database)) == 8


def test_one_that_fails_takes_nobody_down(database: Database, held: Held) -> None:
    good = [held.queue(held.writer.run, add(f"n{number}")) for number in range(3)]
    twice = held.queue(held.writer.run, add("n1"))
    after = held.queue(held.writer.run, add("n9"))
    held.release()
    assert [future.result(PATIENCE) for future in [*good, after]] == ["n0", "n1", "n2", "n9"]
    with pytest.raises(sa.exc.IntegrityError):
        twice.result(PATIENCE)
    assert stored(database) == ["n0", "n1", "n2", "n9"]


def test_what_failed_leaves_nothing(database: Database, writer: Writer) -> None:
    def work(connection: sa.Connection) -> None:
        add("half")(connection)
        raise ConflictError("no", reason="no")

    with pytest.raises(ConflictError):
        writer.run(work)
    assert stored(database) == []


def test_a_hot_group_that_fails_is_run_one_by_one(database: Database, held: Held) -> None:
    futures = {name: held.queue(held.writer.many, add_all, [name]) for name in ("a", "no1", "bad1", "b", "a2", "bad2")}
    held.release()
    assert [futures[name].result(PATIENCE) for name in ("a", "b", "a2")] == [["a"], ["b"], ["a2"]]
    for name, error in (("bad1", ValueError), ("bad2", ValueError), ("no1", ConflictError)):
        with pytest.raises(error):
            futures[name].result(PATIENCE)
    assert stored(database) == ["a", "a2", "b", "none"]


def test_a_handler_that_forgets_somebody_is_heard_of(database: Database, writer: Writer) -> None:
    with pytest.raises(RuntimeError, match="answers"):
        writer.many(lambda connection, names: [add(name)(connection) for name in names][1:], ["a", "b"])
    assert stored(database) == []


def test_many_settles_all_before_it_raises(database: Database, writer: Writer) -> None:
    names = [f"no{number}" if number == 1 else f"n{number}" for number in range(GROUP + 20)]
    with pytest.raises(ConflictError):
        writer.many(add_all, names)
    assert len(stored(database)) == GROUP + 19


def test_a_failing_commit_fails_all_and_the_next_group_stands(database: Database, held: Held) -> None:
    def fail(_connection: sa.Connection) -> None:
        raise OSError("the disk is gone")

    futures = [held.queue(held.writer.run, add(f"n{number}")) for number in range(3)]
    held.gate.set()
    held.first.result(PATIENCE)
    [future.result(PATIENCE) for future in futures]
    sa.event.listen(database._writers, "commit", fail)
    for call in (lambda: held.writer.run(add("x")), lambda: held.writer.many(add_all, ["y", "no"])):
        with pytest.raises(OSError, match="disk"):
            call()
    sa.event.remove(database._writers, "commit", fail)
    assert held.writer.run(add("z")) == "z"
    assert stored(database) == ["n0", "n1", "n2", "z"]


def test_a_work_that_wants_to_end_the_process_does_not(database: Database, writer: Writer) -> None:
    def leave(_connection: sa.Connection) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        writer.run(leave)
    assert writer.run(add("a")) == "a"


def test_a_full_disk_acknowledges_nothing(sqlite_database: Database) -> None:
    """SQLite ends the whole transaction then, and would let each request that follows begin one of its own."""
    writer = Writer(sqlite_database)
    writer.run(lambda connection: connection.exec_driver_sql("CREATE TABLE big (x TEXT)"))
    held = Held(writer)

    def fill(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for _ in range(1000):
            connection.execute(sa.text("INSERT INTO big VALUES (:x)"), {"x": "x" * 4000})

    futures = [held.queue(writer.run, add("a")), held.queue(writer.run, fill), held.queue(writer.run, add("b"))]
    futures.append(held.queue(writer.many, add_all, ["c"]))
    held.release()
    for future in futures:
        with pytest.raises(sa.exc.OperationalError, match="full"):
            future.result(PATIENCE)
    assert stored(sqlite_database) == []
    assert writer.run(add("d")) == "d"  # on another connection, which knows no limit
    assert stored(sqlite_database) == ["d"]
    held.pool.shutdown()
    writer.close()


def end_backends(database: Database) -> None:
    """End every other session of the database, as a restart of the server does."""
    with database.read() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
class TestLostConnection:
    """What only a database server can do."""

    def test_between_groups_nobody_notices(self, database: Database, writer: Writer) -> None:
        writer.run(add("a"))
        end_backends(database)
        assert writer.run(add("b")) == "b"
        assert stored(database) == ["a", "b"]

    def test_within_a_group_all_hear_of_it(self, database: Database, held: Held) -> None:
        futures = [held.queue(held.writer.run, add("a"))]
        futures.append(held.queue(held.writer.run, lambda _: end_backends(database)))
        futures.append(held.queue(held.writer.run, add("b")))
        futures.append(held.queue(held.writer.many, add_all, ["c"]))
        held.release()
        for future in futures:
            with pytest.raises(sa.exc.DBAPIError):
                future.result(PATIENCE)
        assert stored(database) == []
        assert held.writer.run(add("d")) == "d"
        assert stored(database) == ["d"]


def test_close_finishes_what_is_queued(database: Database, held: Held) -> None:
    futures = [held.queue(held.writer.run, add(f"n{number}")) for number in range(3)]
    futures.append(held.queue(held.writer.run_bulk, add("bulk1")))
    futures.append(held.queue(held.writer.run_bulk, add("bulk2")))
    closing = held.pool.submit(held.writer.close)
    time.sleep(0.05)
    held.release()
    closing.result(PATIENCE)
    assert [future.result(PATIENCE) for future in futures] == ["n0", "n1", "n2", "bulk1", "bulk2"]
    with pytest.raises(RuntimeError, match="closed"):
        held.writer.run(add("late"))
    held.writer.close()
    assert len(stored(database)) == 5


def test_bulk_comes_last_and_one_a_group(database: Database, held: Held) -> None:
    order: list[str] = []
    transactions = count(database, "begin")

    def note(name: str) -> Callable[[sa.Connection], None]:
        return lambda _connection: order.append(f"{name}{transactions[0]}")

    def hot(_connection: sa.Connection, names: list[str]) -> list[str]:
        order.extend(f"{name}{transactions[0]}" for name in names)
        return names

    futures = [held.queue(held.writer.run_bulk, note("bulk")) for _ in range(3)]
    futures.append(held.queue(held.writer.run, note("single")))
    futures.append(held.queue(held.writer.many, hot, ["hot"]))
    held.release()
    [future.result(PATIENCE) for future in futures]
    assert order == ["hot1", "single1", "bulk1", "bulk2", "bulk3"]


def test_a_loop_that_is_gone_does_not_stop_the_others(database: Database, held: Held) -> None:
    """A server that shuts down in the middle of a request."""

    async def serve() -> None:
        tasks = [asyncio.create_task(held.writer.many_async(add_all, f"lost{number}")) for number in range(2)]
        single = asyncio.create_task(held.writer.run_async(add("lost2")))
        await asyncio.sleep(0.01)
        for task in (*tasks, single):
            task.cancel()
        await asyncio.gather(*tasks, single, return_exceptions=True)

    asyncio.run(serve())
    kept = held.queue(held.writer.run, add("kept"))
    held.release()
    assert kept.result(PATIENCE) == "kept"
    assert stored(database) == ["kept", "lost0", "lost1", "lost2"]


def test_a_client_that_hung_up_does_not_stop_the_others(database: Database, held: Held) -> None:
    async def serve() -> list[Any]:
        tasks = [asyncio.create_task(held.writer.many_async(add_all, name)) for name in ("a", "b", "no")]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        held.gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    gone, answer, refused = asyncio.run(serve())
    assert isinstance(gone, asyncio.CancelledError)
    assert answer == "b"
    assert isinstance(refused, ConflictError)
    assert stored(database) == ["a", "b"]


def test_what_a_loop_cannot_raise_is_heard_of_too(database: Database, held: Held) -> None:
    """A future of asyncio refuses StopIteration, and SystemExit would end the loop: the others still get theirs."""

    def raises(error: BaseException) -> Callable[[sa.Connection], None]:
        def work(_connection: sa.Connection) -> None:
            raise error

        return work

    async def serve() -> list[Any]:
        works = [raises(StopIteration(1)), add("a"), raises(KeyError("x"))]
        tasks = [asyncio.create_task(held.writer.run_async(work)) for work in works]
        await asyncio.sleep(0.01)
        held.gate.set()
        done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)
        with contextlib.suppress(RuntimeError):
            await held.writer.run_async(raises(SystemExit(1)))
            pytest.fail("it was not told")
        return done

    stopped, fine, refused = asyncio.run(serve())
    assert (type(stopped), fine, type(refused)) == (RuntimeError, "a", KeyError)
    assert isinstance(stopped.__cause__, StopIteration)


def write_beside(url: str, name: str, number: int) -> None:
    """What another process does."""
    database = Database(url)
    writer = Writer(database)
    for place in range(0, number, 10):
        writer.many(add_all, [f"{name}-{place + one}" for one in range(10)])
    writer.close()
    database.close()


def test_another_process_writes_beside_it(database_url: str, database: Database, writer: Writer) -> None:
    context = multiprocessing.get_context("spawn")
    beside = [context.Process(target=write_beside, args=(database_url, f"p{number}", 300)) for number in range(2)]
    for process in beside:
        process.start()
    mine = 0
    while any(process.is_alive() for process in beside) or mine < 100:
        writer.run(add(f"mine-{mine}"))
        mine += 1
    for process in beside:
        process.join(PATIENCE)
        assert process.exitcode == 0
    assert len(stored(database)) == 600 + mine


def hold(url: str, begun: Any) -> None:
    """A process that stops in the middle of a transaction."""
    database = Database(url)
    with database.write() as connection:
        add("half")(connection)
        begun.set()
        time.sleep(PATIENCE * 3)


def test_a_killed_process_lets_go_and_leaves_nothing(database_url: str, database: Database, writer: Writer) -> None:
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    process = context.Process(target=hold, args=(database_url, begun))
    process.start()
    assert begun.wait(PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(writer.run, add("a"))
        time.sleep(0.2)
        assert not future.done()
        process.kill()
        assert future.result(PATIENCE) == "a"
    process.join(PATIENCE)
    assert stored(database) == ["a"]


def test_a_process_that_holds_the_database_is_waited_for(sqlite_database: Database) -> None:
    other = sqlite3.connect(str(sqlite_database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer = Writer(sqlite_database)
    with contextlib.closing(other), ThreadPoolExecutor(1) as pool:
        future = pool.submit(writer.run, add("a"))
        time.sleep(0.2)
        assert not future.done()
        other.execute("COMMIT")
        assert future.result(PATIENCE) == "a"
    writer.close()
