"""Annotators over HTTP/1.1, as cheap as Python allows: many connections on one event loop, no client library."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import multiprocessing
import random
import time
import uuid
from typing import Any


@dataclasses.dataclass
class Load:
    """What the clients measured: seconds per request, and how long all of it took."""

    next: list[float]
    submit: list[float]
    seconds: float
    errors: int


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def post(self, path: str, body: Any) -> tuple[int, bytes]:
        data = json.dumps(body).encode()
        self.writer.write(f"POST {path} HTTP/1.1\r\n{self.head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        header = await self.reader.readuntil(b"\r\n\r\n")
        at = header.lower().index(b"content-length:") + 15
        length = int(header[at : header.index(b"\r", at)])
        return int(header[9:12]), await self.reader.readexactly(length)


async def annotate(connection: Connection, project: int, until: float, hold: int, load: Load) -> None:
    """Lease and submit until the time is up, as the workbench does: top up when half of what is held is used."""
    await connection.open()
    held: list[dict[str, Any]] = []
    while (now := time.perf_counter()) < until:
        if len(held) <= hold // 2:
            status, data = await connection.post(f"/api/projects/{project}/next", {"count": hold})
            load.next.append(time.perf_counter() - now)
            load.errors += status >= 300
            held = json.loads(data).get("assignments", [])
            if not held:
                return
        body = {
            "id": uuid.uuid4().hex,
            "assignment": held.pop(0)["id"],
            "kind": "answer",
            "answers": {"kind": str(random.randrange(5))},
            "seconds": 2.5,
            "form_version": 1,
            "guideline_version": 1,
        }
        now = time.perf_counter()
        status, _ = await connection.post(f"/api/projects/{project}/submits", body)
        load.submit.append(time.perf_counter() - now)
        load.errors += status >= 300


async def insert(connection: Connection, until: float, load: Load) -> None:
    """Send bare inserts until the time is up."""
    await connection.open()
    while (now := time.perf_counter()) < until:
        body = {"id": uuid.uuid4().hex, "item": random.randrange(10**6), "value": "1", "seconds": 2.5}
        status, _ = await connection.post("/insert", body)
        load.submit.append(time.perf_counter() - now)
        load.errors += status >= 300


def run(port: int, tokens: list[str], seconds: float, project: int | None, hold: int = 10) -> Load:
    """The load of one client per token, from a process of its own. Without a project: bare inserts."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (port, tokens, seconds, project, hold))


def _run(port: int, tokens: list[str], seconds: float, project: int | None, hold: int) -> Load:
    load = Load([], [], 0.0, 0)

    async def everyone() -> None:
        begin = time.perf_counter()
        clients = [Connection(port, token) for token in tokens]
        if project is None:
            work = [insert(client, begin + seconds, load) for client in clients]
        else:
            work = [annotate(client, project, begin + seconds, hold, load) for client in clients]
        await asyncio.gather(*work)
        load.seconds = time.perf_counter() - begin

    asyncio.run(everyone())
    return load
