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
    from goldwork.agreement import Agreement, Contributions
    from goldwork.judgements import Judgements

LISTED = 10
"""Items, annotators and pairs that are shown; --json gives them all."""


class _Help(argparse.Action):
    """Help with the names there are; the registries are read only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print help and names, and end."""
        from goldwork.agreement import WEIGHTINGS, coefficient
        from goldwork.distances import distance

        parser.print_help()
        print(f"\ncoefficients: {', '.join(coefficient.names())}")
        print(f"weightings: {', '.join(WEIGHTINGS)}")
        print(f"distances: {', '.join(distance.names())}")
        parser.exit()


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "agreement", help="agreement of existing labels, with its interval", add_help=False
    )
    command.add_argument("-h", "--help", action=_Help, nargs=0, help="show this and every name, and exit")
    labels.add_options(command)
    command.add_argument("--coefficient", metavar="NAME", default="alpha", help="one of those below (default: alpha)")
    command.add_argument(
        "--level",
        choices=("nominal", "ordinal", "interval", "ratio"),
        help="the scale of the labels (default: nominal; interval for numbers that are not whole)",
    )
    command.add_argument("--weighting", metavar="NAME", help="how far two categories agree: one of those below")
    command.add_argument("--distance", metavar="NAME", help="how far apart two answers are: one of those below")
    command.add_argument(
        "--over",
        choices=("items", "annotators", "both"),
        default="items",
        help="what else might have been drawn (default: other items)",
    )
    command.add_argument(
        "--overlap",
        choices=("auto", "all", "first"),
        default="auto",
        help="which judgements count where items have unequally many (default: the first ones of each item, "
        "if more were asked for because those differed)",
    )
    command.add_argument("--by", metavar="COLUMN", help="one figure for each batch, guideline, session ...")
    command.add_argument("--explain", action="store_true", help="which items, annotators and pairs disagree most")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the agreement on every question of the table."""
    from goldwork.agreement import explain_agreement, measure_agreement

    table = labels.read(arguments)
    chosen: dict[str, Any] = {name: getattr(arguments, name) for name in ("level", "weighting", "distance", "overlap")}
    shown = []
    for question, group, part in _parts(table, arguments.by):
        made = measure_agreement(part, arguments.coefficient, over=arguments.over, **chosen)
        why = explain_agreement(part, arguments.coefficient, **chosen) if arguments.explain else None
        shown.append((question, group, made, why))
    for question, group, made, why in shown:
        if arguments.json:
            row = {"question": question} | ({"group": group} if arguments.by else {}) | _plain(dataclasses.asdict(made))
            print(json.dumps(row | ({} if why is None else _all(why)), ensure_ascii=False, default=str))
            continue
        several = len({name for name, *_ in shown}) > 1
        _say(made, ", ".join([*([question] if several else []), *([str(group)] if arguments.by else [])]))
        if why is not None:
            _explain(why)
    return 0


def _parts(table: Judgements, by: str | None) -> list[tuple[str, Any, Judgements]]:
    """Question, group and judgements of every figure to be shown."""
    from goldwork.agreement.groups import parts

    found = []
    for question, part in labels.questions(table):
        groups = {None: part} if by is None else parts(part, by)
        found += [(question, group, judgements) for group, judgements in groups.items()]
    return found


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: an undefined figure is null, and the warnings say why."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()
    }  # fmt: skip


def _all(why: Contributions) -> dict[str, Any]:
    parts = {"by_item": why.items, "by_annotator": why.annotators, "by_pair": why.pairs}
    return {name: [_plain(row) for row in part.to_records()] for name, part in parts.items()}


def _say(agreement: Agreement, about: str) -> None:
    if about:
        print(f"{about}:")
    if not math.isnan(agreement.value):
        interval = f"(95 % interval {agreement.low:.4f} to {agreement.high:.4f})"
        print(f"{agreement.coefficient:<12}{agreement.value:.4f}   {interval}")
    print(f"{'items':<12}{agreement.items:,}   (judged by at least two annotators)")
    print(f"{'judgements':<12}{agreement.judgements:,}   (by {agreement.annotators:,} annotators)")
    print(agreement.sentence)
    for warning in agreement.warnings:
        print(f"note: {warning}", file=sys.stderr)


def _explain(why: Contributions) -> None:
    """The items that add most to the disagreement, the annotators who agree least, and the pairs."""
    items = sorted(why.items.to_records(), key=lambda row: -row["share"])
    people = sorted(why.annotators.to_records(), key=lambda row: _last(row["with_others"]))
    pairs = sorted(why.pairs.to_records(), key=lambda row: _last(row["agreement"]))
    print("\nitems that add most to the disagreement")
    for row in items[:LISTED]:
        print(f"  {row['item']!s:<24}{row['share']:.1%} of it, {row['judgements']} judgements")
    print("\nannotators, who agree least first")
    for row in people[:LISTED]:
        print(f"  {row['annotator']!s:<24}{row['with_others']:.4f} with the others, {row['without']:.4f} without them")
    print("\npairs of annotators, who agree least first")
    for row in pairs[:LISTED]:
        between = f"95 % interval {row['low']:.2f} to {row['high']:.2f}"
        print(f"  {row['first']} and {row['second']}: {row['agreement']:.2f} on {row['items']} items ({between})")


def _last(value: float) -> float:
    """For sorting: what is undefined comes last."""
    return math.inf if math.isnan(value) else value
