"""goldwork agreement: how far the annotators of a table of labels say the same."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from goldwork.cli import labels

if TYPE_CHECKING:
    from goldwork.agreement import Agreement


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "agreement", help="agreement of existing labels, with its interval"
    )
    labels.add_options(command)
    command.add_argument("--coefficient", metavar="NAME", default="alpha", help="alpha (default), cohen or percent")
    command.add_argument(
        "--level",
        choices=("nominal", "ordinal", "interval", "ratio"),
        default="nominal",
        help="the scale of the labels",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the agreement on every question of the table."""
    from goldwork.agreement import measure_agreement

    table = labels.read(arguments)
    made = {
        question: measure_agreement(part, arguments.coefficient, level=arguments.level)
        for question, part in labels.questions(table)
    }
    for question, agreement in made.items():
        if arguments.json:
            print(json.dumps({"question": question} | _plain(agreement), ensure_ascii=False))
        else:
            _say(agreement, question if len(made) > 1 else "")
    return 0


def _plain(agreement: Agreement) -> dict[str, Any]:
    """JSON has no NaN: an undefined figure is null, and the warnings say why."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in dataclasses.asdict(agreement).items()
    }


def _say(agreement: Agreement, question: str) -> None:
    if question:
        print(f"{question}:")
    if not math.isnan(agreement.value):
        interval = f"(95 % interval {agreement.low:.4f} to {agreement.high:.4f})"
        print(f"{agreement.coefficient:<12}{agreement.value:.4f}   {interval}")
    print(f"{'items':<12}{agreement.items:,}   (judged by at least two annotators)")
    print(f"{'judgements':<12}{agreement.judgements:,}   (by {agreement.annotators:,} annotators)")
    print(agreement.sentence)
    for warning in agreement.warnings:
        print(f"note: {warning}", file=sys.stderr)
