"""goldwork worker: does the jobs of one installation: imports, exports, figures, sweeps.

`goldwork serve` starts one. Start more, here or on another machine with the same home and database, for more at once.
It ends on SIGTERM and SIGINT, giving back what it has in hand.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from goldwork.cli.homes import add_home, open_home

if TYPE_CHECKING:
    from goldwork.services.worker import Worker


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "worker",
        help="do the jobs in the background",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    add_home(command)
    command.add_argument("--attached", action="store_true", help="end when standard input ends, as its holder did")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Work until told to stop."""
    from goldwork.services.worker import Worker

    home, database = open_home(arguments)
    worker = Worker(database, home)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    if arguments.attached:
        threading.Thread(target=_watch, args=(worker,), name="goldwork-parent", daemon=True).start()
    try:
        worker.run()
    finally:
        database.close()
    return 0


def _watch(worker: Worker) -> None:
    """Whoever started us holds the other end of the pipe; its end is theirs."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    worker.stop()
