"""kill -9 while people submit: what was acknowledged is there, once, and everything agrees.

A few rounds run in `make test`; `make crash` runs fifty.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import server as prepared
from goldwork.services.check import check
from goldwork.store.database import Database
from goldwork.store.schema import judgement, submit

CLIENTS = 16


class Ledger:
    """What the clients were told: receipts by the client's id, and what they sent under it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.receipts: dict[str, dict[str, Any]] = {}
        self.sent: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.broken = 0

    def acknowledge(self, body: dict[str, Any], receipt: dict[str, Any]) -> None:
        with self.lock:
            known = self.receipts.setdefault(body["id"], receipt)
        assert known == receipt, "a retry was answered otherwise"


class Client(threading.Thread):
    """One annotator: leases, answers, now and then undoes or skips, sends again whatever got no answer."""

    def __init__(self, port: int, project: int, token: str, ledger: Ledger, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.project, self.ledger, self.stop = port, project, ledger, stop
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.random = random.Random(token)
        self.waiting: dict[str, Any] | None = None
        """What was sent and not answered: the next life of the client sends it again, as an outbox does."""

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            while not self.stop.is_set():
                if self.waiting is not None:
                    self.send(connection, self.waiting)
                for held in self.post(connection, "next", {"count": 5})[1].get("assignments", []):
                    self.send(connection, self.body(held["id"], "skip" if self.random.random() < 0.1 else "answer"))
                    if self.random.random() < 0.1:
                        self.send(connection, self.body(held["id"], "undo"))
        except (OSError, http.client.HTTPException):
            self.ledger.broken += 1
        finally:
            connection.close()

    def body(self, assignment: str, kind: str) -> dict[str, Any]:
        answers = {"answers": {"kind": str(self.random.randrange(5))}} if kind == "answer" else {}
        versions = {"form_version": 1, "guideline_version": 1}
        return {"id": uuid.uuid4().hex, "assignment": assignment, "kind": kind, "seconds": 1.5} | answers | versions

    def send(self, connection: http.client.HTTPConnection, body: dict[str, Any]) -> None:
        self.waiting = body
        with self.ledger.lock:
            self.ledger.sent[body["id"]] = body.get("answers", {}).get("kind", "")
            self.ledger.kinds[body["id"]] = body["kind"]
        status, answer = self.post(connection, "submits", body)
        assert status in (201, 409), answer
        if status == 201:
            self.ledger.acknowledge(body, answer)
        self.waiting = None

    def post(self, connection: http.client.HTTPConnection, path: str, body: Any) -> tuple[int, Any]:
        connection.request("POST", f"/api/projects/{self.project}/{path}", json.dumps(body), self.headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def start(home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A server in a process group of its own, with its worker beside it."""
    command = [sys.executable, "-m", "goldwork.cli", "serve", "--home", str(home), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        if b"serves http" in line:
            port = int(line.rsplit(b":", 1)[1])
        if line.startswith(b"Ready"):
            return process, port
    raise AssertionError("the server did not start")


def verify(home: Path, ledger: Ledger) -> int:
    """Compare the clients' ledger with the store. Returns how many submits are stored."""
    path = home / "goldwork.db"
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
    database = Database(str(path))
    with database.read() as connection:
        assert list(check(connection)) == []
        rows = connection.execute(sa.select(submit.c.client_id, submit.c.seq, submit.c.kind)).all()
        values = {
            seq: json.loads(value) for seq, value in connection.execute(sa.select(judgement.c.seq, judgement.c.value))
        }
    database.close()
    stored = {row.client_id: row for row in rows}
    assert len(stored) == len(rows), "something is stored twice"
    assert stored.keys() <= ledger.sent.keys(), "something is stored that nobody sent"
    for client_id, receipt in ledger.receipts.items():
        assert client_id in stored, f"acknowledged and lost: {receipt}"
        assert (stored[client_id].seq, stored[client_id].kind) == (receipt["seq"], receipt["kind"])
    for row in rows:
        assert values.get(row.seq, "") == ledger.sent[row.client_id]
    return len(rows)


@pytest.fixture
def crowd(tmp_path: Path) -> tuple[Path, int, list[str]]:
    project, tokens = prepared.prepare(tmp_path / "goldwork.db", 20_000, CLIENTS)
    return tmp_path, project, tokens


def rounds(home: Path, project: int, tokens: list[str], number: int) -> None:
    """Serve, let everybody submit, kill everything, compare; again."""
    ledger, dice, before = Ledger(), random.Random(number), 0
    waiting: list[dict[str, Any] | None] = [None] * len(tokens)
    for turn in range(number):
        process, port = start(home)
        stop = threading.Event()
        clients = [Client(port, project, token, ledger, stop) for token in tokens]
        for client, sent in zip(clients, waiting, strict=True):
            client.waiting = sent
            client.start()
        time.sleep(0.8 + dice.random())
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        stop.set()
        for client in clients:
            client.join(20)
            assert not client.is_alive()
        waiting = [client.waiting for client in clients]
        stored = verify(home, ledger)
        assert stored > before, f"round {turn}: nobody could submit"
        before = stored
    assert ledger.broken >= number, "the servers were not killed under load"


def test_nothing_acknowledged_is_lost(crowd: tuple[Path, int, list[str]]) -> None:
    rounds(*crowd, 5)


@pytest.mark.crash
def test_nothing_acknowledged_is_lost_in_fifty_rounds(crowd: tuple[Path, int, list[str]]) -> None:
    rounds(*crowd, 50)
