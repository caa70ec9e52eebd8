"""What every command that reads judgements shares: its options, and how the table is read and said."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.judgements import Judgements


def add_options(command: argparse.ArgumentParser, *, needed: bool = True) -> None:
    """LABELS and the options that say how to read it. Not `needed`: it may be absent, and takes no table of items."""
    command.add_argument(
        "labels",
        metavar="LABELS",
        type=Path,
        nargs=None if needed else "?",
        help="long table: CSV, TSV, JSONL or Parquet, .gz too; or another tool's file or folder",
    )
    columns = command.add_argument_group("columns", "where their names are not the usual ones")
    columns.add_argument("--item", metavar="NAME", help="column of the item judged")
    columns.add_argument("--annotator", metavar="NAME", help="column of who judged")
    columns.add_argument("--label", metavar="NAME", help="column of the answer")
    columns.add_argument(
        "--question",
        metavar="NAME",
        help="column of the question, where there are several; of another tool's file the question itself",
    )
    if needed:
        command.add_argument(
            "--items", metavar="FILE", type=Path, help="table of the items; a judged item not in it is an error"
        )
    else:
        command.set_defaults(items=None)
    command.add_argument(
        "--duplicates",
        choices=("error", "first", "last", "repeat"),
        default="error",
        help="what a second judgement of an annotator on an item means (default: an error)",
    )
    command.add_argument(
        "--task",
        metavar="NAME",
        help="what the labels are: choice, numbers, sets, rankings, spans, boxes, text or comparisons "
        "(default: guessed from the labels, and said)",
    )
    command.add_argument("--json", action="store_true", help="print JSON, one object a question")


def read(arguments: argparse.Namespace) -> Judgements:
    """The table that the options ask for; says on stderr how it was read."""
    from goldwork import io

    given = {role: getattr(arguments, role) for role in ("item", "annotator", "label", "question")}
    reading = io.read_labels(arguments.labels, given, duplicates=arguments.duplicates, items=arguments.items)
    print(f"{reading.sentence()} Task: {_task(arguments.task, reading.table)}.", file=sys.stderr)
    return reading.table


def _task(asked: str | None, table: Judgements) -> str:
    """The kind of labels asked for, else the one that each question's labels look like."""
    from goldwork.judgements.shapes import SHAPES, shape_of

    if asked is not None:
        if asked not in SHAPES:
            raise InputError(f"there is no task {asked!r}. There are: {', '.join(SHAPES)}.")
        return asked
    guessed = {question: shape_of(part) for question, part in questions(table)}
    if len(set(guessed.values())) > 1:
        return ", ".join(f"{question} {shape}" for question, shape in guessed.items()) + " (guessed)"
    return f"{next(iter(guessed.values()), 'choice')} (guessed)"


def questions(table: Judgements) -> Iterator[tuple[str, Judgements]]:
    """Each question of the table with its judgements."""
    for question in table.questions.tolist():
        yield str(question), table.about(question)


def refuse_overwriting(target: Path, *sources: Path | None) -> None:
    """Raise InputError where the output would replace what is read."""
    for source in sources:
        if source is not None and target.exists() and source.exists() and target.samefile(source):
            raise InputError(f"-o {target} is the file that is read. Choose another name.")
