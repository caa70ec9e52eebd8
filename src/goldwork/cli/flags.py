"""goldwork flags: what is worth a look in a table of labels, with the evidence, and what it does not show."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldwork.cli import labels

if TYPE_CHECKING:
    from goldwork.flags import Finding, Findings

SHOWN = 10
"""Findings about items or classes in the text; JSON and -o have all."""


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("flags", help="what is worth a look in existing labels")
    labels.add_options(command)
    command.add_argument("--gold", metavar="FILE", type=Path, help="known answers: columns item and truth")
    command.add_argument(
        "--groups",
        metavar="FILE",
        type=Path,
        help="attributes of annotators: a column annotator, and one for each attribute; read by between-groups alone",
    )
    command.add_argument("--flag", metavar="NAME", action="append", help="ask this flag only; may be given again")
    command.add_argument(
        "--alpha",
        metavar="SHARE",
        type=float,
        help="the most an honest annotator may be ever flagged, by any flag (default: .01)",
    )
    command.add_argument("-o", dest="output", metavar="FILE", type=Path, help="where to write the findings as a table")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Say what was found on every question of the table."""
    from goldwork import io
    from goldwork.flags import ALPHA, find_flags

    table = labels.read(arguments)
    if arguments.output:
        read = (arguments.labels, arguments.gold, arguments.items, arguments.groups)
        labels.refuse_overwriting(arguments.output, *read)
    items = io.read_items(arguments.items) if arguments.items else None
    made = {}
    for question, part in labels.questions(table):
        gold = io.read_gold(arguments.gold, part) if arguments.gold else None
        alpha = ALPHA if arguments.alpha is None else arguments.alpha
        groups = io.read_groups(arguments.groups, part) if arguments.groups else {}
        made[question] = find_flags(part, gold=gold, items=items, groups=groups, names=arguments.flag, alpha=alpha)
    for question, found in made.items():
        if arguments.json:
            print(json.dumps(_plain(summary(question, found, alpha)), ensure_ascii=False))
        else:
            _say(found, question if len(made) > 1 else "", alpha)
    if arguments.output:
        columns = _columns(made)
        io.write(arguments.output, columns)
        print(f"wrote {arguments.output}: {len(columns['flag']):,} rows", file=sys.stderr)
    return 0


def summary(question: str, found: Findings, alpha: float) -> dict[str, Any]:
    """What JSON says of one question."""
    from goldwork.flags import threshold

    return {
        "question": question,
        "alpha": alpha,
        "threshold": threshold(alpha),
        "findings": [one.to_record() for one in found.found],
        "notes": list(found.notes),
    }


def _columns(made: dict[str, Findings]) -> dict[str, Any]:
    """The findings of all questions as a table; its evidence is JSON."""
    names = ("flag", "about", "subject", "e_value", "p_value", "statistic", "low", "high", "judgements")
    rows = [(question, one) for question, found in made.items() for one in found.found]
    columns: dict[str, Any] = {"question": [question for question, _ in rows]}
    for name in names:
        values = [getattr(one, name) for _, one in rows]
        numbers = name not in ("flag", "about", "subject")
        columns[name] = np.array(values, np.float64) if numbers else [str(value) for value in values]
    columns["sentence"] = [one.sentence for _, one in rows]
    columns["unsaid"] = [one.unsaid for _, one in rows]
    columns["evidence"] = [json.dumps(_plain(one.evidence), ensure_ascii=False) for _, one in rows]
    return columns


def _say(found: Findings, question: str, alpha: float) -> None:
    from goldwork.flags import threshold

    if question:
        print(f"{question}:")
    counts: dict[str, int] = {}
    for one in found.found:
        key = "annotator" if one.about == "annotator" else one.flag
        counts[key] = counts.get(key, 0) + 1
        if key == "annotator" or counts[key] <= SHOWN:
            _paragraph(one)
    for name, count in counts.items():
        if name != "annotator" and count > SHOWN:
            print(f"{name}: {count - SHOWN:,} more; --json and -o have all.\n")
    if not found.found:
        print("Nothing is worth a look.\n")
    print(
        textwrap.fill(
            "A flag asks a person to look; it accuses nobody. An honest annotator is ever flagged by any of them with "
            f"a probability of at most {alpha:.2g} (e-values from {threshold(alpha):,.0f} on), however often one "
            "looks, as far as the flag's model of honest people holds.",
            100,
        )
    )
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)


def _paragraph(one: Finding) -> None:
    strength = f"e-value {one.e_value:,.0f}" if one.e_value is not None else f"p-value {one.p_value:.2g}"
    print(textwrap.fill(f"{one.flag}: {one.sentence} ({strength})", 100))
    print(textwrap.fill(f"Not said: {one.unsaid}", 100, initial_indent="  ", subsequent_indent="  "))
    for name, value in one.evidence.items():
        shown = json.dumps(_plain(value), ensure_ascii=False)
        print(textwrap.shorten(f"  {name.replace('_', ' ')}: {shown}", 300, placeholder=" ..."))
    print()


def _plain(value: Any) -> Any:
    """As JSON holds it: numpy's numbers as Python's, nan as null."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value
