"""`goldwork serve`: the web application, with a worker beside it."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli.homes import add_home, open_home
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.store.database import Database
    from goldwork.store.home import Home
    from goldwork.web.settings import Settings

BACKLOG = 2048
KEEP_ALIVE = 75
GRACE = 10
"""Seconds that requests under way get to finish, and then the worker."""
LONGEST_PAUSE = 60.0
STEADY = 60.0
"""A worker that has run this long, seconds, is begun again at once when it ends."""


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "serve",
        help="serve the web application",
        description="Serve the web application and its API, with a worker for the jobs in the background.",
    )
    add_home(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8321, help="the port; 0 takes any free one (default: 8321)")
    parser.add_argument("--public-url", default="", metavar="URL", help="the address people use, where it differs")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's private key (PEM)")
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a reverse proxy stands before, serves HTTPS and sets X-Forwarded-For",
    )
    parser.add_argument(
        "--insecure-http",
        action="store_true",
        help="serve plain HTTP to other machines: everybody on the way can read and change everything",
    )
    parser.add_argument("--no-worker", action="store_true", help="run `goldwork worker` yourself")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    _check_transport(arguments)
    home, database = open_home(arguments)
    listener = _listen(arguments.host, arguments.port)
    settings = _settings(arguments, listener.getsockname()[1])
    from goldwork.store.writer import Writer

    writer = Writer(database)
    keeper = None if arguments.no_worker else Keeper(worker_command(home))
    try:
        _greet(database, settings)
        _serve(home, database, writer, settings, listener, arguments)
    finally:
        if keeper is not None:
            keeper.stop()
        writer.close()
        database.close()
        listener.close()
    return 0


def worker_command(home: Home) -> list[str]:
    """The command that starts this home's worker."""
    place = ["--home", str(home.path), "--database", home.database]
    return [sys.executable, "-m", "goldwork.cli", "worker", *place, "--attached"]


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"must be 0 to 65535. Got {text!r}.")
    return port


def _check_transport(arguments: argparse.Namespace) -> None:
    """Plain HTTP stays on this machine, unless the operator says otherwise. Raises InputError."""
    from goldwork.web.settings import is_local

    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        raise InputError("--tls-cert and --tls-key belong together.")
    for file in (arguments.tls_cert, arguments.tls_key):
        if file is not None and not file.is_file():
            raise InputError(f"there is no file {file}.")
    secure = arguments.tls_cert is not None or arguments.behind_proxy
    if not secure and not is_local(arguments.host) and not arguments.insecure_http:
        raise InputError(
            f"plain HTTP on {arguments.host} would let everybody on the network read along. Use --tls-cert and "
            "--tls-key, or --behind-proxy, or, where that is meant, --insecure-http."
        )


def _settings(arguments: argparse.Namespace, port: int) -> Settings:
    from goldwork.web.settings import Settings, is_local

    tls = arguments.tls_cert is not None
    return Settings(
        host=arguments.host,
        port=port,
        tls=tls,
        behind_proxy=arguments.behind_proxy,
        insecure=not (tls or arguments.behind_proxy or is_local(arguments.host)),
        public_url=arguments.public_url,
    )


def _listen(host: str, port: int) -> socket.socket:
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


def _greet(database: Database, settings: Settings) -> None:
    """Say where the server is and, while nobody has an account, how to become the first."""
    from goldwork.services import accounts, links

    print(f"goldwork serves {settings.url}", flush=True)
    if settings.insecure:
        print(
            "WARNING: plain HTTP on a network. Whoever is on the way can read and change everything, passwords too.",
            file=sys.stderr,
        )
    with database.write() as connection:
        if accounts.any_account(connection):
            return
        made = links.make_administrator_link(connection, database.now(connection))
    print("Nobody has an account yet. Open this link to become the administrator; it works once, for a day:")
    print(f"  {settings.url}/link#{made.secret}", flush=True)


def _serve(
    home: Home, database: Database, writer: Any, settings: Settings, listener: socket.socket, given: argparse.Namespace
) -> None:
    import uvicorn

    from goldwork.web.app import create_app

    class Server(uvicorn.Server):
        """uvicorn, ending where it was called: it would raise the signal again, before anything is closed."""

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
            print("Ready. Ctrl+C stops the server.", flush=True)

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
        ssl_certfile=given.tls_cert,
        ssl_keyfile=given.tls_key,
    )
    Server(config).run(sockets=[listener])


class Keeper:
    """Keeps a child process running: begins it again when it ends, after a pause that grows while it keeps failing."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="goldwork-keeper", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._child.pid if self._child is not None else None

    def stop(self) -> None:
        """End the child: kindly, then by force."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
        self._thread.join(GRACE)

    def _keep(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            began = time.monotonic()
            with self._lock:
                if self._stopping.is_set():
                    return
                # stdin is a pipe that we hold: its end tells the child that we are gone, however we went.
                self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            code = self._child.wait()
            if self._stopping.is_set():
                return
            pause = 1.0 if time.monotonic() - began > STEADY else min(LONGEST_PAUSE, pause * 2)
            print(f"goldwork: the worker ended with {code}; it begins again in {pause:.0f} s", file=sys.stderr)
            self._stopping.wait(pause)
