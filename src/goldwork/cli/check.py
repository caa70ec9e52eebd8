"""goldwork check: everything that the database keeps twice, compared; exit 1 where something does not agree."""

from __future__ import annotations

import argparse
import json
from typing import Any

from goldwork.cli.homes import add_home, open_home


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="verify the log and all that is derived from it",
        description="Verify every project's log and all that is derived from it. Writes nothing; safe while serving. "
        "Exit 0: all agrees. 1: something does not.",
    )
    add_home(command)
    command.add_argument("--json", action="store_true", help="one JSON object a finding")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print each finding on a line."""
    import msgspec

    from goldwork.services.check import check

    _home, database = open_home(arguments)
    found = 0
    with database.read() as connection:
        for finding in check(connection):
            found += 1
            plain = msgspec.to_builtins(finding)
            print(
                json.dumps(plain) if arguments.json else f"project {finding.project}: {finding.what}: {finding.detail}"
            )
    database.close()
    if not arguments.json:
        print("everything agrees" if not found else f"{found:,} findings")
    return 1 if found else 0
