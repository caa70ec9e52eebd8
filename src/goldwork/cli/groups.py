"""goldwork groups: what groups of annotators say differently, and who says a class or takes a place too often."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldwork.cli import labels
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.bias import GroupDifferences, Habits
    from goldwork.items import Items
    from goldwork.judgements import Judgements

SHOWN = 6
"""Classes, items and people in the text; JSON and -o have all."""
LONGEST = 70
"""Characters of an item's text."""


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "groups", help="what groups of annotators say differently, in existing labels"
    )
    labels.add_options(command)
    command.add_argument(
        "--groups",
        metavar="FILE",
        type=Path,
        help="attributes of annotators: a column annotator, and one for each attribute",
    )
    command.add_argument(
        "--annotators",
        action="store_true",
        help="how much more often everybody says each class than peers, and takes each place than lots (column shown)",
    )
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of the permutations (default: 0)")
    command.add_argument(
        "-o", dest="output", metavar="FILE", type=Path, help="where to write each group's soft labels as a table"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Say what differs on every question of the table."""
    from goldwork import io
    from goldwork.bias import group_differences

    if not arguments.groups and not arguments.annotators:
        raise InputError("nothing is asked for: give --groups FILE, --annotators or both.")
    if arguments.output and not arguments.groups:
        raise InputError("-o writes groups' soft labels: give --groups FILE too.")
    if arguments.seed < 0:
        raise InputError(f"--seed must be 0 or more. Got {arguments.seed}.")
    table = labels.read(arguments)
    if arguments.output:
        labels.refuse_overwriting(arguments.output, arguments.labels, arguments.groups, arguments.items)
    items = io.read_items(arguments.items) if arguments.items else None
    written: dict[str, list[Any]] = {}
    for question, part in labels.questions(table):
        attributes = io.read_groups(arguments.groups, part) if arguments.groups else {}
        found = group_differences(part, attributes, seed=arguments.seed)
        habits = _habits(part) if arguments.annotators else {}
        if arguments.json:
            print(json.dumps(_plain(summary(question, found, habits)), ensure_ascii=False))
        else:
            _say(question if len(table.questions) > 1 else "", found, habits, items)
        for one in found:
            _extend(written, _soft_labels(question, one))
    if arguments.output:
        io.write(arguments.output, written)
        print(f"wrote {arguments.output}: {len(written['item']):,} rows", file=sys.stderr)
    return 0


def _habits(part: Judgements) -> dict[str, Habits]:
    """Everybody's class bias, and position bias where it is known what stood where."""
    from goldwork.bias import class_bias, position_bias

    found = {"class": class_bias(part)}
    try:
        found["position"] = position_bias(part)
    except InputError as refused:
        print(f"note: position: not told, {refused.message}", file=sys.stderr)
    return found


def summary(question: str, found: list[GroupDifferences], habits: dict[str, Habits]) -> dict[str, Any]:
    """What JSON says of one question."""
    return {
        "question": question,
        "attributes": [
            {
                "attribute": one.attribute,
                "groups": dict(one.groups),
                "hidden": one.hidden,
                "tested_classes": one.tested[0],
                "tested_items": one.tested[1],
                "classes": [dataclasses.asdict(made) | {"sentence": made.sentence} for made in one.classes],
                "items": _items(one),
                "notes": list(one.notes),
            }
            for one in found
        ],
        **{f"{name}_bias": made.to_records() for name, made in habits.items()},
    }


def _items(one: GroupDifferences) -> list[dict[str, Any]]:
    """Item by item, the surest differences first, each group's soft label with what the others say."""
    rows, names = one.rows, list(one.codes)
    made: dict[int, list[dict[str, Any]]] = {}
    for row in range(len(rows)):
        made.setdefault(int(rows.item[row]), []).append({
            "group": names[rows.group[row]],
            "class": one.outcomes[rows.outcome[row]],
            "annotators": rows.annotators[row],
            "share": rows.share[row],
            "low": rows.low[row],
            "high": rows.high[row],
            "others": rows.others[row],
            "others_share": rows.others_share[row],
            "difference": rows.difference[row],
            "difference_low": rows.difference_low[row],
            "difference_high": rows.difference_high[row],
            "p_value": rows.p_value[row],
            "named": one.named[row],
        })  # fmt: skip
    return [{"item": rows.items[code], "groups": made[code]} for code in one.order().tolist()]


def _soft_labels(question: str, one: GroupDifferences) -> dict[str, list[Any]]:
    """Each group's soft labels as a table."""
    rows, names = one.rows, list(one.codes)
    return {
        "question": [question] * len(rows),
        "attribute": [one.attribute] * len(rows),
        "item": rows.items[rows.item].tolist(),
        "group": [names[code] for code in rows.group.tolist()],
        "class": [str(one.outcomes[code]) for code in rows.outcome.tolist()],
        **{
            name: getattr(rows, name).tolist()
            for name in ("share", "low", "high", "annotators", "difference", "difference_low", "difference_high")
        },
        "p_value": rows.p_value.tolist(),
        "named": one.named.tolist(),
    }


def _extend(written: dict[str, list[Any]], more: dict[str, list[Any]]) -> None:
    for name, column in more.items():
        written.setdefault(name, []).extend(column)


def _say(question: str, found: list[GroupDifferences], habits: dict[str, Habits], items: Items | None) -> None:
    if question:
        print(f"{question}:")
    for one in found:
        _attribute(one, items)
    if found:
        print(
            textwrap.fill(
                "* among the differences that Benjamini and Hochberg's rule names over all classes, and over all "
                "items, at a false-discovery rate of 5 %. Fewer than ten people on a side are not tested, fewer than "
                "five not shown. A difference is no error: which group is right is not said.",
                100,
            )
        )
    for name, made in habits.items():
        _people(name, made)


def _attribute(one: GroupDifferences, items: Items | None) -> None:
    compared = np.bincount(one.rows.item, ~np.isnan(one.rows.difference), len(one.rows.items)) > 0
    sizes = ", ".join(f"{name} {count}" for name, count in one.groups.items()) or "none shown"
    print(textwrap.fill(f"{one.attribute}: {sizes}; in no group that is shown: {one.hidden}.", 100))
    for made in one.classes[:SHOWN]:
        mark = "*" if made.named else "-"
        print(textwrap.fill(made.sentence, 100, initial_indent=f"{mark} ", subsequent_indent="  "))
    if len(one.classes) > SHOWN:
        print(f"  {len(one.classes) - SHOWN:,} more; --json has all.")
    for code in [code for code in one.order().tolist() if compared[code]][:SHOWN]:
        print(_item(one, code, items))
    for note in one.notes:
        print(textwrap.fill(f"note: {note}", 100, subsequent_indent="  "))
    print()


def _item(one: GroupDifferences, code: int, items: Items | None) -> str:
    """One item on a line, its groups side by side by the class they differ most in."""
    rows = one.rows
    mine = np.flatnonzero(rows.item == code)
    sizes = np.nan_to_num(np.abs(rows.difference[mine]))
    outcome = rows.outcome[mine[np.lexsort((-sizes, -rows.at_least()[mine]))[0]]]
    mine = mine[rows.outcome[mine] == outcome]
    unit = ".2f" if one.kinds[outcome] == "mean" else ".0%"
    sides = "; ".join(
        f"{one.codes[rows.group[row]]} {rows.share[row]:{unit}} ({_between(rows.low[row], rows.high[row], unit)}, "
        f"{rows.annotators[row]} people)"
        for row in mine.tolist()
    )
    if len(mine) == 1:
        sides += f"; everybody else {rows.others_share[mine[0]]:{unit}} ({rows.others[mine[0]]} people)"
    mark = "*" if one.named[mine].any() else "-"
    said = textwrap.shorten(_text(items, rows.items[code]), LONGEST, placeholder=" ...")
    return textwrap.fill(
        f"item {rows.items[code]}{f' ({said})' if said else ''}: {one.outcomes[outcome]} {sides}",
        100, initial_indent=f"{mark} ", subsequent_indent="    ",
    )  # fmt: skip


def _between(low: float, high: float, unit: str) -> str:
    return f"{low:{unit}} to {high:{unit}}" if low == low else "all alike"


def _text(items: Items | None, name: Any) -> str:
    """The longest text of an item."""
    payload = items.payload(name) if items is not None else {}
    return max((value for value in payload.values() if isinstance(value, str)), key=len, default="")


def _people(name: str, made: Habits) -> None:
    """Those whose bias is surest."""
    what = "class" if name == "class" else "place on the screen"
    reference = "peers on the same items" if name == "class" else "lots"
    least = np.nan_to_num(np.maximum(np.maximum(made.low, -made.high), 0.0))
    order = np.lexsort((np.arange(len(made)), -np.abs(made.difference), -least))[:SHOWN]
    print(f"\nHow much more often people give one {what} than {reference}, the surest first:")
    for row in order.tolist():
        print(
            f"- {made.annotator[row]}, {made.outcome[row]}: {made.share[row]:.2f} against {made.expected[row]:.2f}, "
            f"{made.difference[row]:+.2f} ({made.low[row]:+.2f} to {made.high[row]:+.2f}), "
            f"{made.judgements[row]} judgements"
        )
    outside = int(((made.low > 0) | (made.high < 0)).sum())
    print(
        f"{outside:,} of {len(made):,} intervals leave out 0; by chance it would be about {len(made) / 20:,.0f}. "
        "A bias is no accusation."
    )


def _plain(value: Any) -> Any:
    """As JSON holds it: numpy's numbers as Python's, nan as null."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value
