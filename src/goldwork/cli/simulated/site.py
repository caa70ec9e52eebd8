"""A throw-away server: what it stands on, and what goes on beside it. Everything is in a temporary folder."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from goldwork.cli.simulated.client import Api
from goldwork.store.database import Connection, Database
from goldwork.store.home import Home
from goldwork.store.migrations import migrate
from goldwork.store.writer import Writer
from goldwork.web.server import Server, make_server
from goldwork.web.settings import Settings

SHUTTING = 10.0
"""Seconds that a server takes at most from its last answer to its end."""


@dataclasses.dataclass
class Site:
    """A server that was not begun yet, and what it stands on."""

    home: Home
    database: Database
    writer: Writer
    settings: Settings
    listener: socket.socket
    server: Server

    def api(self) -> Api:
        """A connection to the server, for one thread."""
        return Api("127.0.0.1", self.settings.port)


class Play:
    """What goes on beside the server, in a thread of its own.

    `failure`: what went wrong in it, where it was not told to stop.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.api = site.api()
        self.stop = threading.Event()
        self.failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def act(self) -> bool:
        """Go on until it is over, or `stop` is set. Returns whether the server is to end by that."""
        raise NotImplementedError

    def begin(self) -> None:
        """Start the thread: the server answers."""
        self._thread = threading.Thread(target=self._play, name="goldwork-play")
        self._thread.start()

    def end(self) -> None:
        """Stop the thread, wherever it is. Twice is as good as once."""
        self.stop.set()
        if self._thread is not None:
            self._thread.join()
        self.api.close()

    def _play(self) -> None:
        try:
            over = self.act()
        except Exception as error:  # noqa: BLE001 whatever it is, the main thread must hear of it
            # A server that cannot be reached any more is perhaps being stopped: that is said in a moment.
            stopped = self.stop.wait(SHUTTING) if isinstance(error, OSError) else self.stop.is_set()
            self.failure = None if stopped else error
            over = not stopped
        if over:
            self.site.server.should_exit = True


@contextlib.contextmanager
def open_site(listener: socket.socket, *, clock: Callable[[Connection], int] | None = None) -> Iterator[Site]:
    """A site in a temporary folder, gone at the end. `clock`: the server's time, where it is not the machine's."""
    with tempfile.TemporaryDirectory(prefix="goldwork-") as folder, contextlib.ExitStack() as closing:
        home = Home(Path(folder))
        database = Database(home.database, clock=clock)
        closing.callback(database.close)
        migrate(database)
        writer = Writer(database)
        closing.callback(writer.close)
        settings = Settings(port=listener.getsockname()[1])
        yield Site(home, database, writer, settings, listener, make_server(home, database, writer, settings))


def perform(play: Play, ready: Callable[[], None] = lambda: None) -> None:
    """Serve while the play goes on. Raises what went wrong in it."""
    server = play.site.server

    def begin() -> None:
        ready()
        play.begin()

    server.on_ready = begin
    try:
        server.run(sockets=[play.site.listener])
    finally:
        play.end()
    if play.failure is not None:
        raise play.failure
