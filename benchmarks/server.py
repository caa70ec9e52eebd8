"""The server under load: durable submits per second, and how long *next* and *submit* take.

Each figure stands beside the floor of the same run: a bare validated insert through the same server stack and the
same writer, on the same disk. Options: `--items 10000,1000000 --clients 1,16,64 --seconds 5 --rounds 3`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from benchmarks import _clients
from benchmarks._report import percentile, report
from goldwork.services import access, notice
from goldwork.services.log import Log, encode, record
from goldwork.store.database import Database
from goldwork.store.migrations import migrate
from goldwork.store.schema import account, annotator, batch, form, guideline, item, member, project, token

FORM = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {
            "name": "kind",
            "title": "Which kind?",
            "task": {"type": "choice", "classes": [{"value": str(value)} for value in range(5)]},
        }
    ],
}
POLICY = {"overlap": 3, "lease_ms": 30 * 60_000}
CHUNK = 500


def main(arguments: list[str]) -> None:
    """Run every size with every number of clients, in turn with the floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks server --", description=__doc__)
    parser.add_argument("--items", default="10000,1000000")
    parser.add_argument("--clients", default="1,16,64")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    clients = [int(number) for number in options.clients.split(",")]
    medians: dict[tuple[int, int], float] = {}
    for size in [int(number) for number in options.items.split(",")]:
        with tempfile.TemporaryDirectory(prefix="goldwork-bench-") as folder:
            home = Path(folder)
            begin = time.perf_counter()
            project_id, tokens = prepare(home / "goldwork.db", size, max(clients))
            report(f"prepare {size:,} items", time.perf_counter() - begin, "s")
            with running([sys.executable, "-m", "benchmarks._floor", str(home / "floor.db")], "/insert") as floor:
                command = [sys.executable, "-m", "goldwork.cli", "serve", "--home", folder, "--no-worker", "--port"]
                with running(command, "/api/health") as server:
                    for number in clients:
                        medians[size, number] = measure(server, floor, project_id, tokens[:number], size, options)
    for number in clients:
        found = [medians[size, number] for size, count in medians if count == number]
        if len(found) > 1:
            report(
                f"submit p50, {number} clients, largest over smallest",
                found[-1] * 1e3,
                "ms",
                "smallest",
                found[-1] / found[0],
            )


def measure(
    server: int, floor: int, project_id: int, tokens: list[str], size: int, options: argparse.Namespace
) -> float:
    """Rounds of goldwork and the floor in turn; medians over the rounds. Returns the median submit, seconds."""
    rounds = []
    for _ in range(options.rounds):
        bare = _clients.run(floor, tokens, options.seconds / 2, None)
        load = _clients.run(server, tokens, options.seconds, project_id)
        if load.errors or bare.errors:
            sys.exit(f"{load.errors} of {len(load.submit)} requests failed")
        rounds.append((load, len(load.submit) / load.seconds, len(bare.submit) / bare.seconds))
    where = f"{size:,} items, {len(tokens)} clients"
    rate, bare_rate = (statistics.median(values) for values in list(zip(*rounds, strict=True))[1:])
    report(
        f"submits, {where}",
        rate,
        "1/s",
        f"bare insert {bare_rate:.0f}/s",
        statistics.median(r / b for _, r, b in rounds),
    )
    median = 0.0
    for kind in ("submit", "next"):
        for share in (0.5, 0.99):
            values = [percentile(getattr(load, kind), share) for load, *_ in rounds]
            report(f"{kind} p{share * 100:.0f}, {where}", statistics.median(values) * 1e3, "ms")
            if (kind, share) == ("submit", 0.5):
                median = statistics.median(values)
    return median


def prepare(path: Path, size: int, people: int) -> tuple[int, list[str]]:
    """A database with one open project of `size` items and `people` annotators; their API tokens."""
    database = Database(str(path))
    migrate(database)
    rng = random.Random(1)
    with database.write() as connection:
        now = database.now(connection)
        project_id = connection.execute(
            project.insert().returning(project.c.id),
            {
                "name": "benchmark",
                "form_version": 1,
                "guideline_version": 1,
                "policy_version": 1,
                "policy": encode(POLICY).decode(),
                "head": b"",
                "created_at": now,
            },
        ).scalar_one()
        version = {"project": project_id, "version": 1, "created_at": now}
        connection.execute(form.insert(), version | {"body": encode(FORM).decode()})
        connection.execute(guideline.insert(), version | {"body": "Choose the kind."})
        batch_id = connection.execute(
            batch.insert().returning(batch.c.id),
            {"project": project_id, "name": "all", "state": "published", "created_at": now, "published_at": now},
        ).scalar_one()
        record(connection, database, project_id, "policy", {"policy": POLICY, "version": 1})
        secrets_ = [_join(connection, project_id, number, now) for number in range(people)]
    for begin in range(0, size, CHUNK * 20):
        rows = [
            {
                "project": project_id,
                "batch": batch_id,
                "external_id": f"item-{number}",
                "payload": encode({"text": f"Message {number}: " + "some words of a customer " * 6}).decode(),
                "shuffle": rng.getrandbits(31),
            }
            for number in range(begin, min(begin + CHUNK * 20, size))
        ]
        with database.write() as connection:
            connection.execute(item.insert(), rows)
    for after in range(0, size, CHUNK):
        with database.write() as connection:
            log = Log(connection, database, project_id)
            log.open_items(batch_id, after, min(after + CHUNK, size))
            log.flush()
    database.close()
    return project_id, secrets_


def _join(connection: sa.Connection, project_id: int, number: int, now: int) -> str:
    secret = secrets.token_urlsafe(32)
    account_id = connection.execute(
        account.insert().returning(account.c.id), {"name": f"simulated {number}", "created_at": now}
    ).scalar_one()
    person = {"account": account_id, "pseudonym": f"s{number}", "notice_version": notice.VERSION, "notice_at": now}
    connection.execute(annotator.insert(), person)
    membership = {"project": project_id, "account": account_id, "role": "annotator", "joined_at": now}
    connection.execute(member.insert(), membership)
    access_token = {"hash": access.digest(secret), "kind": "api", "account": account_id, "created_at": now}
    connection.execute(token.insert(), access_token)
    return secret


@contextlib.contextmanager
def running(command: list[str], path: str) -> Iterator[int]:
    """Start a server on a free port, wait until it answers, stop it at the end. Gives the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + 60
        while True:
            try:
                with contextlib.suppress(urllib.error.HTTPError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > give_up:
                    sys.exit(f"{' '.join(command)} did not start")
                time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
