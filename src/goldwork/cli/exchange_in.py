"""The part of `goldwork import` that takes another tool's file or folder: items, answers and images in one go."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from goldwork.cli import exchanges
from goldwork.cli.homes import open_home
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.io.exchange import Exchange
    from goldwork.services.exchange_in import Prepared, Request
    from goldwork.store.database import Connection, Database
    from goldwork.store.home import Home
    from goldwork.tasks.questions import ProjectForm

BESIDE = ("coco",)
"""Formats of one file whose images lie in the same folder; where a format is a folder they lie in it."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare what only such files need."""
    options = command.add_argument_group("another tool's file")
    options.add_argument("--new", action="store_true", help="make the project, of the file's own questions")
    options.add_argument(
        "--keep-names",
        action="store_true",
        help="call annotators as the file does, but for e-mail addresses (default: annotator 1, 2 ...)",
    )


def number(given: str) -> int:
    """A project's number. Raises InputError."""
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InputError(f"a project is named by its number. Got {given!r}. With --new it is made, and has that name.")
    return int(given)


def run(arguments: argparse.Namespace) -> int:
    """Check the file and its images, make the project if it is new, do the job, say how it went."""
    from goldwork.cli.progress import finish
    from goldwork.io.exchange import exchange, sniff
    from goldwork.services import exchange_in
    from goldwork.services.access import operator
    from goldwork.tasks.questions import read_form

    project = 0 if arguments.new else number(arguments.project)
    if not arguments.file.exists():
        raise InputError("there is no such file.", where=str(arguments.file))
    name = arguments.format or sniff(arguments.file)
    given = exchange.get(name)
    form = read_form(given.form(arguments.file))
    files = _images(arguments, name, given, form)
    home, database = open_home(arguments)
    try:
        if arguments.new:
            project = _make(database, arguments.project, form)
        with database.read() as connection:
            operator(connection, project)
        _keep(home, database, project, files)
        batch = arguments.batch or arguments.file.name
        request = exchange_in.Request("", name, batch, arguments.existing, arguments.keep_names)
        prepared = _prepare(home, database, project, arguments.file, request)
        with database.write() as connection:
            job = exchange_in.start(connection, database, home, project, request, None, prepared)
        result = finish(database, home, project, job.id)
    finally:
        database.close()
    exchanges.say(result["left"])
    skipped = f", {result['skipped']:,} were there already" if result["skipped"] else ""
    by = f"{result['submits']:,} answers by {result['annotators']:,} annotators"
    print(f"imported {result['items']:,} items{skipped} and {by} into project {project}", file=sys.stderr)
    return 0


def _images(arguments: argparse.Namespace, name: str, given: Exchange, form: ProjectForm) -> dict[str, Path]:
    """The images' files. Without a folder of them, the project must have them already."""
    folder: Path | None = arguments.media
    if folder is None and arguments.file.is_dir():
        folder = arguments.file
    if folder is None and (name in BESIDE or arguments.new):
        folder = arguments.file.parent
    return {} if folder is None else exchanges.images(form, given.read(arguments.file), folder)


def _make(database: Database, name: str, form: ProjectForm) -> int:
    """A project that asks what the file answers. Its manager is the first administrator."""
    from goldwork.services import access, accounts, projects
    from goldwork.tasks.questions import write_form

    def make(connection: Connection) -> int:
        people = [one for one in accounts.list_accounts(connection) if one.administrator and one.active]
        if not people:
            raise InputError("a project needs a manager. Make an account first: `goldwork account administrator`.")
        person = access.person_of(connection, min(one.id for one in people))
        made = projects.create(connection, database, person, name=name, form=write_form(form))
        return made.project

    with database.write() as connection:
        project = make(connection)
    print(f"made project {project}", file=sys.stderr)
    return project


def _keep(home: Home, database: Database, project: int, files: dict[str, Path]) -> None:
    from goldwork.services import folder, media

    for name, path in files.items():
        try:
            stored = folder.store(home, name, path)
        except InputError as error:
            raise InputError(error.message, where=str(path)) from None
        with database.write() as connection:
            media.record(connection, database, project, [stored])


def _prepare(home: Home, database: Database, project: int, path: Path, request: Request) -> Prepared:
    from goldwork.services import exchange_in

    steps = exchange_in.prepare(home, database, project, path, request)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]
