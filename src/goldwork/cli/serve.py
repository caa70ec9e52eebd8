"""`goldwork serve`: the web application, with a worker beside it."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli.homes import add_home, open_home
from goldwork.cli.keeper import Keeper, worker_command
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.store.database import Database
    from goldwork.web.settings import Settings


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "serve",
        help="serve the web application",
        description="Serve the web application and its API, with a worker for the jobs in the background.",
    )
    add_home(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=port_number, default=8321, help="the port; 0 takes any free one (default: 8321)")
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
    from goldwork.store.writer import Writer
    from goldwork.web.server import listen, make_server

    _check_transport(arguments)
    home, database = open_home(arguments)
    listener = listen(arguments.host, arguments.port)
    settings = _settings(arguments, listener.getsockname()[1])
    writer = Writer(database)
    keeper = None if arguments.no_worker else Keeper(worker_command(home))
    try:
        _greet(database, settings)
        server = make_server(home, database, writer, settings, tls_cert=arguments.tls_cert, tls_key=arguments.tls_key)
        server.on_ready = lambda: print("Ready. Ctrl-C stops the server.", flush=True)
        _calm_collector()
        server.run(sockets=[listener])
    finally:
        if keeper is not None:
            keeper.stop()
        writer.close()
        database.close()
        listener.close()
    return 0


def _calm_collector() -> None:
    """Look for garbage in what requests make, seldom, and not in what the start has loaded, which stays.

    Under 64 clients the full collections were what the slowest submits waited for: p99 90 ms with, 40 ms without.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def port_number(text: str) -> int:
    """A port as an option's value; 0 is any free one."""
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
