"""goldwork import: items, or judgements made elsewhere, from a file into a project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli.homes import add_home, open_home
from goldwork.cli.progress import say_errors
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.services.ingest import Request
    from goldwork.store.database import Database
    from goldwork.store.home import Home


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "import",
        help="items or judgements from a file into a project",
        description="Import a file into a project: checked as a whole first, and then all of it or nothing.",
    )
    command.add_argument("project", metavar="PROJECT", type=int, help="the project's number")
    command.add_argument("file", metavar="FILE", type=Path, help="CSV, TSV, JSONL or Parquet, .gz too")
    add_home(command)
    command.add_argument("--what", choices=("items", "judgements"), default="items", help="what the rows are")
    command.add_argument("--id", metavar="COLUMN", help="the column that identifies items (default: guessed, and said)")
    command.add_argument(
        "--field",
        metavar="NAME=COLUMN",
        action="append",
        default=[],
        help="the column of a project's field; for judgements, of item, annotator, label, question, seconds, "
        "submitted_at or kind. May stand several times (default: guessed, and said)",
    )
    command.add_argument(
        "--kind",
        choices=("human", "model"),
        default="human",
        help="who made the judgements, where no column says so; a model's are predictions",
    )
    command.add_argument("--batch", metavar="NAME", default="", help="the batch's name (default: the file's)")
    command.add_argument(
        "--existing", choices=("error", "skip"), default="error", help="what an item that is there already means"
    )
    command.add_argument("--format", metavar="NAME", help="csv, tsv, jsonl or parquet (default: by the file's bytes)")
    command.add_argument(
        "--media",
        metavar="DIR",
        type=Path,
        help="the folder with the images and sounds that cells name by their path in it",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Upload, start the job, do it, say how it went."""
    from goldwork import io
    from goldwork.cli.progress import finish
    from goldwork.services import ingest
    from goldwork.services.access import operator

    if arguments.format is not None:
        io.format.get(arguments.format)
    if arguments.media is not None and arguments.what != "items":
        raise InputError("--media goes with items: judgements name no files.")
    home, database = open_home(arguments)
    try:
        with database.read() as connection:
            operator(connection, arguments.project)
        request = _request(arguments, home, database)
        if arguments.media is not None:
            _take_media(arguments, home, database, request)
        with database.write() as connection:
            job = ingest.start(connection, database, home, arguments.project, request)
        result = finish(database, home, arguments.project, job.id)
    finally:
        database.close()
    if arguments.what == "items":
        skipped = f", {result['skipped']:,} were there already" if result["skipped"] else ""
        print(f"imported {result['items']:,} items{skipped}", file=sys.stderr)
    else:
        print(f"imported {result['submits']:,} answers by {result['annotators']:,} annotators", file=sys.stderr)
    return 0


def _take_media(arguments: argparse.Namespace, home: Home, database: Database, request: Request) -> None:
    from goldwork.services import folder, uploads

    try:
        count = folder.take(
            database, home, arguments.project, request.file, request.fields, arguments.media, request.format
        )
    except InputError as error:
        uploads.remove_upload(home, arguments.project, request.file)
        say_errors(error.details.get("errors", []))
        raise
    print(f"{arguments.media}: {count:,} files", file=sys.stderr)


def _request(arguments: argparse.Namespace, home: Home, database: Database) -> Request:
    from goldwork.services import forms, ingest, uploads

    fields = {}
    for pair in arguments.field:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise InputError(f"--field takes NAME=COLUMN. Got {pair!r}.")
        fields[name] = column
    file = uploads.upload_path(home, arguments.project, arguments.file)
    by = arguments.id
    if arguments.what == "items":
        with database.read() as connection:
            form = forms.current_form(connection, arguments.project)
        guess = uploads.look(home, arguments.project, file, form, arguments.format).suggestion
        fields = {one.name: one.column for one in guess.fields if not fields} | fields
        by = by or guess.id
        said = ", ".join(f"{name} from {column!r}" for name, column in fields.items())
        print(f"{arguments.file.name}: id {f'from {by!r}' if by else 'by number'}; {said}", file=sys.stderr)
    return ingest.Request(
        file, arguments.what, by, fields, arguments.batch, arguments.existing, arguments.format, arguments.kind
    )
