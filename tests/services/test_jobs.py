"""Jobs: claimed once, kept alive, gone on with after a death, failed with one shape of error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services import check, jobs
from goldwork.services.work import Handler, Work
from goldwork.services.worker import Worker, failure
from goldwork.store.database import Database
from goldwork.store.schema import item, job
from goldwork.store.writer import Writer

from .test_ingest import long_file


def add(room: Any, kind: str = "probe", body: dict[str, Any] | None = None) -> jobs.Job:
    made = room.writer.run(partial(jobs.add, database=room.database, kind=kind, project=room.project, body=body or {}))
    assert made is not None
    return made


def claim(room: Any, worker: str = "w") -> jobs.Claim | None:
    return room.writer.run(partial(jobs.claim, database=room.database, worker=worker, kinds=["probe"]))


def expire(room: Any) -> None:
    with room.database.write() as connection:
        connection.execute(sa.update(job).values(leased_until=0))


def probe(room: Any, run: Any, undo: Any = None) -> Worker:
    """The room's worker, with one more kind of job."""
    room.worker.handlers["probe"] = Handler(run, undo) if undo else Handler(run)
    return room.worker


def test_jobs_are_claimed_in_order_and_once(room: Any) -> None:
    first, second = add(room), add(room)
    one, two = claim(room), claim(room)
    assert (one.id, two.id) == (first.id, second.id)
    assert one.token != two.token
    assert claim(room) is None
    assert room.job(first.id).state == "running"


def test_a_lapsed_lease_is_taken_over_and_the_former_holder_fenced_off(room: Any) -> None:
    made = add(room)
    old = claim(room)
    assert room.writer.run(partial(jobs.beat, database=room.database, held=old))
    expire(room)
    new = claim(room)
    assert (new.id, new.attempt) == (made.id, 2)
    assert not room.writer.run(partial(jobs.beat, database=room.database, held=old))
    for late in (
        partial(jobs.save, database=room.database, held=old, done=1),
        partial(jobs.end, database=room.database, held=old, state="done"),
    ):
        with pytest.raises(jobs.LeaseLostError):
            room.writer.run(late)
    room.writer.run(partial(jobs.end, database=room.database, held=new, state="done", result={"n": 1}))
    found = room.job(made.id)
    assert (found.state, found.result, found.phase) == ("done", {"n": 1}, "")
    assert found.finished_at is not None


def test_what_a_fenced_worker_was_about_to_write_is_not_there(room: Any) -> None:
    add(room)
    old = claim(room)
    expire(room)
    assert claim(room) is not None
    work = Work(old, room.database, room.writer, room.home)
    change = partial(jobs.add, database=room.database, kind="other", project=room.project, body={})
    with pytest.raises(jobs.LeaseLostError):
        work.save(change)
    assert [one.kind for one in room.read(jobs.list_jobs, room.project)] == ["probe"]


def test_many_workers_do_every_job_once(room: Any) -> None:
    number, done = 60, Counter()
    lock = threading.Lock()

    def run(work: Work) -> Any:
        yield
        with lock:
            done[work.held.id] += 1
        return None

    made = [add(room) for _ in range(number)]
    databases = [Database(room.database.url.render_as_string(hide_password=False)) for _ in range(3)]
    workers = [Worker(database, room.home) for database in databases]
    for worker in workers:
        worker.handlers["probe"] = Handler(run)
    threads = [threading.Thread(target=worker.drain) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for worker, database in zip(workers, databases, strict=True):
        worker.close()
        database.close()
    assert done == Counter({one.id: 1 for one in made})
    assert {room.job(one.id).state for one in made} == {"done"}


def test_progress_is_seen_while_it_runs(room: Any) -> None:
    def run(work: Work) -> Any:
        work.save(done=3, total=10, phase="counting")
        yield
        return {"found": 3}

    made = add(room)
    worker = probe(room, run)
    worker.step()
    found = room.job(made.id)
    assert (found.state, found.phase, found.done, found.total) == ("running", "counting", 3, 10)
    worker.drain()
    assert room.job(made.id).result == {"found": 3}


def test_several_jobs_advance_in_turn(room: Any) -> None:
    order = []

    def run(work: Work) -> Any:
        for part in range(3):
            order.append((work.held.id, part))
            yield
        return None

    first, second = add(room), add(room)
    probe(room, run).drain()
    assert order.index((second.id, 0)) < order.index((first.id, 2))


def test_an_error_of_ours_fails_the_job_at_once_in_one_shape(room: Any) -> None:
    undone = []

    def run(work: Work) -> Any:
        yield
        raise InputError("is wrong. Mend it.", where="file.csv, line 3", total=7)

    def undo(work: Work) -> Any:
        undone.append(work.held.id)
        yield

    made = add(room)
    probe(room, run, undo).drain()
    found = room.job(made.id)
    assert found.state == "failed"
    assert found.error == jobs.Failure("bad_input", "is wrong. Mend it.", "file.csv, line 3", {"total": 7})
    assert undone == [made.id]


def test_any_other_error_is_tried_again_and_never_told(room: Any) -> None:
    tries = []

    def run(work: Work) -> Any:
        tries.append(work.held.attempt)
        yield
        raise RuntimeError("a secret path: /root")

    made = add(room)
    probe(room, run).drain()
    found = room.job(made.id)
    assert tries == [1, 2, 3]
    assert (found.state, found.error.code) == ("failed", "error")
    assert "secret" not in found.error.message


def test_results_that_are_written_again_and_again_are_no_progress(room: Any) -> None:
    """A job that begins anew, writes its first chunk and fails is not tried for ever."""
    tries = []

    def run(work: Work) -> Any:
        tries.append(work.held.attempt)
        assert len(tries) < 10
        work.save(lambda _: None, done=1)
        yield
        raise RuntimeError("after a chunk")

    made = add(room)
    probe(room, run).drain()
    assert tries == [1, 2, 3]
    assert room.job(made.id).state == "failed"
    assert room.job(made.id).error.code == "error"


def test_each_chunk_gives_a_job_new_attempts(room: Any) -> None:
    """A long job may be hit more often than MAX_ATTEMPTS, as long as it gets on; when it does not, it has failed."""
    tries = []

    def run(work: Work) -> Any:
        tries.append(at := work.checkpoint.get("at", 0))

        def advance(_: sa.Connection) -> None:
            work.checkpoint["at"] = min(at + 1, 6)

        yield
        work.save(advance)
        raise RuntimeError("once a chunk")

    made = add(room)
    probe(room, run).drain()
    assert tries == [0, 1, 2, 3, 4, 5, 6, 6]
    assert room.job(made.id).state == "failed"


def test_a_job_that_recovers_is_done(room: Any) -> None:
    def run(work: Work) -> Any:
        if work.held.attempt == 1:
            raise RuntimeError("once")
        yield
        return {}

    made = add(room)
    probe(room, run).drain()
    assert room.job(made.id).state == "done"


def test_stopping_gives_jobs_back_uncounted(room: Any) -> None:
    def run(work: Work) -> Any:
        while True:
            yield

    made = add(room)
    database = Database(room.database.url.render_as_string(hide_password=False))
    worker = Worker(database, room.home)
    worker.handlers["probe"] = Handler(run)
    worker.step()
    worker.close()
    database.close()
    assert room.job(made.id).state == "waiting"
    assert claim(room).attempt == 1


def test_jobs_of_other_projects_are_not_there(room: Any) -> None:
    made = add(room)
    first = room.project
    room.make_project()
    with pytest.raises(NotFoundError):
        room.job(made.id)
    with pytest.raises(NotFoundError):
        room.writer.run(partial(jobs.cancel, database=room.database, project=room.project, job_id=made.id))
    assert room.read(jobs.list_jobs, room.project) == []
    assert len(room.read(jobs.list_jobs, first)) == 1


def test_failures_have_one_shape() -> None:
    assert failure(ConflictError("no.", reason="paused")) == jobs.Failure("conflict", "no.")
    assert failure(ValueError("x")).code == "error"


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_worker_process_loses_and_doubles_nothing(room: Any, round_: int) -> None:
    made = room.start_import(long_file(6_000))
    url = room.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "goldwork.cli", "worker", "--home", str(room.home.path), "--database", url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        give_up = time.monotonic() + 60
        goal = (500, 3_000, 5_500)[round_]
        while time.monotonic() < give_up:
            with room.database.read() as connection:
                count = sa.select(sa.func.count()).select_from(item)
                if connection.execute(count).scalar_one() >= goal:
                    break
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
    assert room.job(made.id).state == "running"
    expire(room)
    room.worker.drain()
    assert room.job(made.id).state == "done"
    with room.database.read() as connection:
        ids = connection.execute(sa.select(item.c.external_id).where(item.c.wanted == 2).order_by(item.c.id)).scalars()
        assert list(ids) == [f"x{n}" for n in range(6_000)]
        assert not list(check.check(connection))


def test_a_worker_ends_with_its_parent_and_on_sigterm(room: Any) -> None:
    url = room.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "goldwork.cli", "worker", "--home", str(room.home.path), "--database", url]
    for end in ("close", "terminate"):
        process = subprocess.Popen([*command, "--attached"], stdin=subprocess.PIPE)
        assert process.stdin is not None
        try:
            made = add(room, "sweep")
            give_up = time.monotonic() + 30
            while room.job(made.id).state != "done" and time.monotonic() < give_up:
                time.sleep(0.05)
            if end == "terminate":
                process.terminate()
            else:
                process.stdin.close()
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
            process.stdin.close()


def test_the_heartbeat_keeps_a_slow_job(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", 600)
    made = add(room)

    def run(work: Work) -> Any:
        yield
        time.sleep(2)
        return {}

    writer = Writer(room.database)
    worker = Worker(room.database, room.home, writer=writer)
    worker.handlers["probe"] = Handler(run)
    thread = threading.Thread(target=worker.run)
    thread.start()
    stolen = None
    while room.job(made.id).state != "done":
        stolen = stolen or (claim(room, "thief") if room.job(made.id).state == "running" else None)
        time.sleep(0.05)
    worker.stop()
    thread.join(10)
    writer.close()
    assert stolen is None
