"""goldwork export: a project's judgements, consensus or items into a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from goldwork.cli.homes import add_home, open_home


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "export",
        help="judgements, consensus or items of a project into a file",
        description="Write judgements, consensus or items to a file, whole or not at all. Safe while serving.",
    )
    command.add_argument("project", metavar="PROJECT", type=int, help="the project's number")
    command.add_argument("file", metavar="FILE", type=Path, help="where to; .gz is packed")
    add_home(command)
    command.add_argument(
        "--what", choices=("judgements", "consensus", "items"), default="judgements", help="what to write"
    )
    command.add_argument("--format", metavar="NAME", help="csv, tsv, jsonl or parquet (default: by the file's name)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Bring the consensus up to date if it is asked for, then write."""
    from goldwork import io
    from goldwork.cli.progress import finish
    from goldwork.services import export, jobs
    from goldwork.services.access import operator

    if arguments.format is not None:
        io.format.get(arguments.format)
    home, database = open_home(arguments)
    try:
        with database.read() as connection:
            operator(connection, arguments.project)
        if arguments.what == "consensus":
            with database.write() as connection:
                job = jobs.add(connection, database, "snapshot", arguments.project, {}, once=True)
            if job is not None:
                finish(database, home, arguments.project, job.id)
        rows = export.write(database, arguments.project, arguments.what, arguments.file, arguments.format)
    finally:
        database.close()
    print(f"wrote {arguments.file}: {rows:,} rows", file=sys.stderr)
    return 0
