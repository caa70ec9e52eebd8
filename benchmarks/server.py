"""The server under load: durable submits per second, and how long *next* and *submit* take.

Each figure stands beside the floor of the same run: a bare validated insert through the same server stack and the
same writer, on the same disk. Options: `--items 10000,1000000 --clients 1,16,64 --seconds 5 --rounds 3`.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
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
POLICY = {"overlap": 10, "lease_ms": 30 * 60_000}
CHUNK = 500


def main(arguments: list[str]) -> None:
    """Every number of clients: rounds of the floor and each size in turn, so that all meet the same machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks server --", description=__doc__)
    parser.add_argument("--items", default="10000,1000000")
    parser.add_argument("--clients", default="1,16,64")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    clients = [int(number) for number in options.clients.split(",")]
    with contextlib.ExitStack() as stack:
        stages = [stack.enter_context(staged(int(size), max(clients), options)) for size in options.items.split(",")]
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="goldwork-bench-"))
        floor = stack.enter_context(
            running([sys.executable, "-m", "benchmarks._floor", f"{folder}/floor.db"], "/insert")
        )
        for number in clients:
            compare(floor, stages, number, options)


@dataclasses.dataclass(frozen=True)
class Stage:
    """A server with `size` items, and the tokens of those who judge there."""

    size: int
    port: int
    project: int
    tokens: list[str]


@contextlib.contextmanager
def staged(size: int, people: int, options: argparse.Namespace) -> Iterator[Stage]:
    """A prepared database of that size and a server on it."""
    with tempfile.TemporaryDirectory(prefix="goldwork-bench-") as folder:
        begin = time.perf_counter()
        project_id, tokens = prepare(Path(folder) / "goldwork.db", size, people)
        report(f"prepare {size:,} items", time.perf_counter() - begin, "s")
        command = [sys.executable, "-m", "goldwork.cli", "serve", "--home", folder, "--no-worker", "--port"]
        with running(command, "/api/health") as port:
            _clients.run(port, tokens[:1], min(1, options.seconds), project_id)
            yield Stage(size, port, project_id, tokens)


def compare(floor: int, stages: list[Stage], number: int, options: argparse.Namespace) -> None:
    """Print every stage's figures with `number` clients: medians over the rounds, ratios round by round."""
    rates: dict[int, list[tuple[float, float]]] = {stage.size: [] for stage in stages}
    loads: dict[int, list[_clients.Load]] = {stage.size: [] for stage in stages}
    for _ in range(options.rounds):
        bare = _clients.run(floor, stages[0].tokens[:number], options.seconds / 2, None)
        for stage in stages:
            load = _clients.run(stage.port, stage.tokens[:number], options.seconds, stage.project)
            if load.errors or bare.errors:
                sys.exit(f"{load.errors + bare.errors} requests failed")
            loads[stage.size].append(load)
            rates[stage.size].append((len(load.submit) / load.seconds, len(bare.submit) / bare.seconds))
    for size, found in rates.items():
        rate, bare_rate = (statistics.median(values) for values in zip(*found, strict=True))
        against = f"bare insert {bare_rate:.0f}/s"
        ratio = statistics.median(mine / floors for mine, floors in found)
        report(f"submits, {size:,} items, {number} clients", rate, "1/s", against, ratio)
        for kind in ("submit", "next"):
            for share in (0.5, 0.99):
                values = [percentile(getattr(load, kind), share) for load in loads[size]]
                name = f"{kind} p{share * 100:.0f}, {size:,} items, {number} clients"
                report(name, statistics.median(values) * 1e3, "ms")
    if len(stages) > 1:
        for kind in ("submit", "next"):
            small, large = (
                [percentile(getattr(load, kind), 0.5) for load in loads[stage.size]]
                for stage in (stages[0], stages[-1])
            )
            ratio = statistics.median(b / a for a, b in zip(small, large, strict=True))
            name = f"{kind} p50, {number} clients, {stages[-1].size:,} items"
            report(name, statistics.median(large) * 1e3, "ms", f"{stages[0].size:,} items", ratio)


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
