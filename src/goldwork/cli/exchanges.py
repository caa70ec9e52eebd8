"""What the commands share that read and write other tools' files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.io.exchange import Example
    from goldwork.services.exchange_match import Names
    from goldwork.services.exchange_out import Request
    from goldwork.tasks.questions import ProjectForm

FOLDERS = ("images", "JPEGImages")
"""Where images are below the folder that is named."""


def add_output(command: argparse.ArgumentParser) -> None:
    """Declare what is said of a file that is written in another tool's format."""
    options = command.add_argument_group("another tool's format")
    options.add_argument(
        "--answers",
        choices=("all", "consensus"),
        help="everybody's answers, or what they were merged to (default: all where the format holds several)",
    )
    options.add_argument("--losses", action="store_true", help="say what the format cannot hold, and write nothing")
    options.add_argument("--yes", action="store_true", help="go on without asking, whatever is lost")
    options.add_argument("--licence", metavar="NAME", default="", help="for a dataset's card, as cc-by-4.0")
    options.add_argument(
        "--language",
        metavar="CODE",
        action="append",
        default=[],
        help="for its card, as en; may stand several times",
    )
    options.add_argument(
        "--tag", metavar="WORD", action="append", default=[], help="for its card; may stand several times"
    )


def request(arguments: argparse.Namespace) -> Request:
    """What `add_output` and `--format` ask for."""
    from goldwork.services import exchange_out

    return exchange_out.Request(
        arguments.format, arguments.answers, arguments.licence, tuple(arguments.language), tuple(arguments.tag)
    )


def accepted(losses: list[str], arguments: argparse.Namespace) -> bool:
    """Say what is lost; at a terminal ask whether to go on. False where nothing is to be written."""
    if losses:
        print(f"{arguments.format} cannot hold all of it:", file=sys.stderr)
    for sentence in losses:
        print(f"- {sentence}", file=sys.stderr)
    if arguments.losses:
        return False
    if not losses or arguments.yes or not sys.stdin.isatty():
        return True
    return input("Write it all the same? [y/N] ").strip().lower() in ("y", "yes")


def say(left: list[str]) -> None:
    """Print what was left out."""
    for sentence in left:
        print(f"note: {sentence}", file=sys.stderr)


def renamed(example: Example, names: Names) -> Example:
    """The example with annotators called by `names`; models keep theirs."""
    import msgspec

    answered = (
        one
        if one.kind == "model" or not one.annotator
        else msgspec.structs.replace(one, annotator=names.of(one.annotator))
        for one in example.answered
    )
    return msgspec.structs.replace(example, answered=tuple(answered))


def images(form: ProjectForm, examples: Iterator[Example], folder: Path) -> dict[str, Path]:
    """The files of the images that items name. Raises InputError for the first that is not there."""
    shown = [field.name for field in form.fields if field.show in ("image", "audio")]
    found: dict[str, Path] = {}
    for example in examples:
        for name in (example.fields.get(field, "") for field in shown):
            if name and name not in found and not name.startswith("data:"):
                found[name] = _file(folder, name, example.id)
    return found


def _file(folder: Path, name: str, item: str) -> Path:
    """An image's file, below `folder` and nowhere else."""
    from goldwork.services.folder import inside

    for above in ("", *(f"{below}/" for below in FOLDERS)):
        try:
            path = inside(folder.resolve(), f"{above}{name}")
        except InputError as error:
            raise InputError(error.message, where=f"item {item}") from None
        if path is not None:
            return path
    message = f"there is no image {name[:80]!r} in {folder}. Say where they are: --media DIR."
    raise InputError(message, where=f"item {item}")
