"""The command line. One module per command: `add(subparsers)` declares it, `run(arguments) -> int` does it.

Exit 0: done. 2: bad usage or bad input, and nothing was written. 1: something else failed. Modules import what
is heavy inside `run`, so that `goldwork --help` is quick.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

from goldwork import __version__
from goldwork.errors import CorruptStoreError, GoldworkError


def parser() -> argparse.ArgumentParser:
    """The whole command line, from every module here that has `add`."""
    root = argparse.ArgumentParser(prog="goldwork", description="Collect human judgements and guard their quality.")
    root.add_argument("--version", action="version", version=f"goldwork {__version__}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in pkgutil.iter_modules(__path__):
        command = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(command, "add"):
            command.add(commands)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code; usage errors exit with 2 at once, as argparse does."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except CorruptStoreError as error:
        print(f"goldwork: {error}", file=sys.stderr)
        return 1
    except GoldworkError as error:
        print(f"goldwork: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has gone; Python would complain again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
