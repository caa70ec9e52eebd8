"""goldwork convert: another tool's file into a third tool's format, without a project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from goldwork.cli import exchanges
from goldwork.errors import InputError


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "convert",
        help="items with their answers from one tool's format into another's",
        description="Read a file or folder of one tool and write it as another's. What the second cannot hold is said "
        "first. Where it holds one answer about an item, several are merged.",
    )
    command.add_argument("source", metavar="IN", type=Path, help="file or folder")
    command.add_argument("target", metavar="OUT", type=Path, help="file, or folder that is not there yet")
    command.add_argument("--from", dest="source_format", metavar="NAME", help="the format of IN (default: recognised)")
    command.add_argument("--to", dest="format", metavar="NAME", required=True, help="the format of OUT")
    command.add_argument("--keep-names", action="store_true", help="call annotators as IN does; addresses are not kept")
    exchanges.add_output(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read everything, say what is lost, write."""
    from goldwork.io.exchange import exchange, sniff
    from goldwork.services import exchange_merge, exchange_out
    from goldwork.services.exchange_match import Names
    from goldwork.tasks.questions import read_form

    if arguments.target.exists() and arguments.target.samefile(arguments.source):
        raise InputError(f"{arguments.target} is the file that is read. Choose another name.")
    name = arguments.source_format or sniff(arguments.source)
    answers = exchange_out.answers_of(arguments.format, arguments.answers)
    given = exchange.get(name)
    form = read_form(given.form(arguments.source))
    if not exchanges.accepted(exchange_out.losses(form, arguments.format, answers), arguments):
        return 0
    names = Names(keep=arguments.keep_names)
    made = [exchanges.renamed(one, names) for one in given.read(arguments.source)]
    asked = exchange_out.merged_form(form)
    merged, methods = exchange_merge.merge(asked, made)
    if answers == "consensus":
        merged = [exchange_merge.only_merged(one) for one in merged]
    left = exchange_out.write_examples(
        arguments.target,
        asked if answers == "consensus" else form,
        iter(merged),
        exchanges.request(arguments),
        methods=methods,
    )
    exchanges.say(left)
    print(f"wrote {arguments.target}: {len(merged):,} items", file=sys.stderr)
    return 0
