"""goldwork export: a project's judgements, consensus or items into a file, or all of it in another tool's format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli import exchanges
from goldwork.cli.homes import add_home, open_home
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.store.database import Database
    from goldwork.store.home import Home


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
        "--what",
        choices=("judgements", "consensus", "items", "groups", "reviews"),
        default="judgements",
        help="what to write; groups: what each group of people says of the items, without anybody's name or pseudonym; "
        "reviews: what peers say of texts, by criterion",
    )
    command.add_argument(
        "--format",
        metavar="NAME",
        help="csv, tsv, jsonl or parquet (default: by the file's name); or another tool's, as label-studio or "
        "trl-preference, which takes items and answers together",
    )
    exchanges.add_output(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Bring the consensus up to date if it is asked for, then write."""
    from goldwork import io
    from goldwork.services import export
    from goldwork.services.access import operator

    if arguments.format is not None and arguments.format not in io.format.names():
        return _exchange(arguments)
    if arguments.losses:
        raise InputError("--losses is for another tool's format, which --format names.")
    home, database = open_home(arguments)
    try:
        with database.read() as connection:
            operator(connection, arguments.project)
        if arguments.what == "consensus":
            _merge(database, home, arguments.project)
        rows = export.write(database, arguments.project, arguments.what, arguments.file, arguments.format)
    finally:
        database.close()
    print(f"wrote {arguments.file}: {rows:,} rows", file=sys.stderr)
    return 0


def _merge(database: Database, home: Home, project: int) -> None:
    """Bring the consensus up to date."""
    from goldwork.cli.progress import finish
    from goldwork.services import jobs

    with database.write() as connection:
        job = jobs.add(connection, database, "snapshot", project, {}, once=True)
    if job is not None:
        finish(database, home, project, job.id)


def _exchange(arguments: argparse.Namespace) -> int:
    """Say what is lost, then write the project in another tool's format."""
    from goldwork.io.exchange import exchange
    from goldwork.services import exchange_out
    from goldwork.services.access import operator
    from goldwork.services.forms import current_form

    exchange.get(arguments.format)
    request = exchanges.request(arguments)
    answers = exchange_out.answers_of(request.format, request.answers)
    home, database = open_home(arguments)
    try:
        with database.read() as connection:
            operator(connection, arguments.project)
            form = current_form(connection, arguments.project)
        if not exchanges.accepted(exchange_out.losses(form, request.format, answers), arguments):
            return 0
        _merge(database, home, arguments.project)
        rows, left = exchange_out.write(database, arguments.project, arguments.file, request)
    finally:
        database.close()
    exchanges.say(left)
    print(f"wrote {arguments.file}: {rows:,} items", file=sys.stderr)
    return 0
