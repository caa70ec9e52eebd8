"""The HTTP server around the application: uvicorn, set up for what goldwork promises."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from goldwork.errors import InputError
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.writer import Writer
from goldwork.web.app import create_app
from goldwork.web.settings import Settings

BACKLOG = 2048
KEEP_ALIVE = 75
"""Seconds for which an idle connection is kept: longer than the workbench waits between two questions."""
GRACE = 10
"""Seconds that requests under way get to finish."""


class Server(uvicorn.Server):
    """uvicorn, ending where it was called.

    It would raise the signal again before anything is closed, and a second one would cut off what is under way;
    here every signal asks to end, and GRACE bounds how long that takes.
    """

    on_ready: Callable[[], None] | None = None
    """Called once requests are answered."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_ready is not None:
            self.on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.should_exit = True


def make_server(
    home: Home,
    database: Database,
    writer: Writer,
    settings: Settings,
    *,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> Server:
    """A server of the whole application, to be run with `.run(sockets=[listener])`."""
    config = uvicorn.Config(
        create_app(home, database, writer, settings),
        http="httptools",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )
    return Server(config)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, which children do not inherit. Raises InputError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {host}, port {port}: {error.strerror}. Choose another --port, or 0 for any free one."
        ) from None
    listener.listen(BACKLOG)
    return listener
