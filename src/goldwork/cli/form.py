"""goldwork form: a project's form into a file, or from one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli.homes import add_home, open_home

if TYPE_CHECKING:
    from goldwork.services.form_change import FormChange

LARGEST = 4 * 2**20
"""Bytes of a form's file."""


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "form",
        help="a project's form into a file, or from one",
        description="Write a project's form as JSON, or set another one from a file. A form under which answers would "
        "no longer fit is refused. Safe while serving.",
    )
    command.add_argument("project", metavar="PROJECT", type=int, help="the project's number")
    add_home(command)
    command.add_argument("-o", "--output", metavar="FILE", type=Path, help="where to (default: standard output)")
    command.add_argument("--set", metavar="FILE", type=Path, dest="given", help="ask what this file says from now on")
    command.add_argument("--preview", action="store_true", help="with --set: only say what would happen")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the form, or look at the other one, say what it does, and set it."""
    import msgspec

    from goldwork.services import form_change, projects
    from goldwork.services.access import operator
    from goldwork.services.forms import current_form
    from goldwork.tasks.questions import form_file, read_form

    other = None if arguments.given is None else read_form(_read(arguments.given))
    _, database = open_home(arguments)
    try:
        with database.read() as connection:
            project = operator(connection, arguments.project)
            form = current_form(connection, project)
            change = None if other is None else form_change.review(connection, project, other)
        if other is not None and change is not None:
            _say(change)
            if not arguments.preview:
                form_change.refuse_unfit(change)
                with database.write() as connection:
                    projects.change_form(connection, database, project, form_file(other), checked=change)
            return 0 if change.fits else 2
    finally:
        database.close()
    text = msgspec.json.format(msgspec.json.encode(form_file(form)), indent=1) + b"\n"
    if arguments.output is None:
        sys.stdout.buffer.write(text)
    else:
        arguments.output.write_bytes(text)
    return 0


def _read(path: Path) -> Any:
    import msgspec

    from goldwork.errors import InputError, TooLargeError

    try:
        if path.stat().st_size > LARGEST:
            raise TooLargeError(f"a form's file may have {LARGEST:,} bytes.", where=str(path))
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}.", where=str(path)) from None
    except msgspec.DecodeError as error:
        raise InputError(f"is no JSON: {error}.", where=str(path)) from None
    except RecursionError:
        raise InputError("is nested too deeply.", where=str(path)) from None


def _say(change: FormChange) -> None:
    for one in change.questions:
        print(f"{one.name}: {one.says}", file=sys.stderr)
        for example in one.examples:
            print(f"  item {example.item}: {example.answer} {example.why}", file=sys.stderr)
    for said, names in (("new", change.fields_new), ("gone", change.fields_gone), ("other", change.fields_changed)):
        if names:
            print(f"fields, {said}: {', '.join(names)}", file=sys.stderr)
