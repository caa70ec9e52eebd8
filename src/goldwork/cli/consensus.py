"""goldwork consensus: one answer for every item of a table of labels, with its confidence."""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldwork.cli import labels
from goldwork.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from goldwork.consensus import Consensus
    from goldwork.judgements import Judgements


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("consensus", help="one answer per item from existing labels")
    labels.add_options(command)
    command.add_argument("--method", metavar="NAME", help="one of those below (default: by the task)")
    command.add_argument("--distance", metavar="NAME", help="how far apart two answers are, for methods that need it")
    command.add_argument("--gold", metavar="FILE", type=Path, help="known answers: columns item and truth")
    command.add_argument(
        "-o", dest="output", metavar="FILE", type=Path, help="where to write item, label, confidence, judgements"
    )
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    # The registry loads numpy, so it is asked only when somebody asks for help.
    setattr(command, "format_help", lambda: _help(command))  # noqa: B010
    command.set_defaults(run=run)


def _help(command: argparse.ArgumentParser) -> str:
    """The command's help, with the methods by task and the distances."""
    from goldwork.consensus import DEFAULT_METHODS, methods_for
    from goldwork.distances import distance
    from goldwork.judgements.shapes import SHAPES

    lines = []
    for shape in SHAPES:
        others = [name for name in methods_for(shape) if name != DEFAULT_METHODS[shape]]
        listed = f"{shape:<12}{DEFAULT_METHODS[shape]} (default), {', '.join(others)}".removesuffix(", ")
        lines.append(textwrap.fill(listed, 78, initial_indent="  ", subsequent_indent=" " * 14, break_on_hyphens=False))
    command.epilog = "\n".join(["methods by task:", *lines, "", f"distances: {', '.join(distance.names())}"])
    return argparse.ArgumentParser.format_help(command)


def run(arguments: argparse.Namespace) -> int:
    """Write the consensus on every question of the table; without -o it goes to stdout as CSV."""
    from goldwork import io
    from goldwork.consensus import infer_consensus

    table = labels.read(arguments)
    if arguments.output:
        labels.refuse_overwriting(arguments.output, arguments.labels, arguments.gold, arguments.items)
    made = {}
    for question, part in labels.questions(table):
        gold = io.read_gold(arguments.gold, part) if arguments.gold else None
        method = _method(arguments, part)
        made[question] = infer_consensus(part, method, gold=gold, **_options(arguments, method))
    columns = _columns(made)
    if arguments.output:
        io.write(arguments.output, columns)
    elif not arguments.json:
        io.format.get("csv").write(sys.stdout.buffer, io.kinds(columns), [columns])
    for question, consensus in made.items():
        if arguments.json:
            print(json.dumps(_summary(question, consensus), ensure_ascii=False))
        else:
            _say(consensus, question if len(made) > 1 else "")
    if arguments.output and not arguments.json:
        print(f"wrote {arguments.output}: {len(columns['item']):,} rows", file=sys.stderr)
    return 0


def _method(arguments: argparse.Namespace, part: Judgements) -> str:
    """The method asked for, else the task's. Raises InputError, listing the task's methods, for one that is not."""
    from goldwork.consensus import DEFAULT_METHODS, consensus, methods_for
    from goldwork.judgements.shapes import shape_of

    task, name = arguments.task or shape_of(part), arguments.method
    if name is None:
        return DEFAULT_METHODS[task]
    listed = f"For {task} there are: {', '.join(methods_for(task))}."
    if name not in consensus.names():
        raise UnknownNameError(f"no consensus is called {name!r}. {listed}")
    if arguments.task and name not in methods_for(task):
        raise InputError(f"{name} merges {consensus.facts(name).get('answers', 'choice')}. {listed}")
    return str(name)


def _options(arguments: argparse.Namespace, method: str) -> dict[str, Any]:
    """What the method is told besides: the distance, and the items where it takes them."""
    from goldwork import io
    from goldwork.consensus import consensus
    from goldwork.consensus.medoid import DISTANCES

    takes = inspect.signature(consensus.get(method)).parameters
    options: dict[str, Any] = {}
    if arguments.distance is not None:
        options["distance"] = arguments.distance
    elif arguments.task and "distance" in takes:
        options["distance"] = DISTANCES[arguments.task]
    if arguments.items and "items" in takes:
        options["items"] = io.read_items(arguments.items)
    return options


def _columns(made: dict[str, Consensus]) -> dict[str, Any]:
    """The rows of all questions, with the question's name where there are several; nan where one lacks a figure."""
    parts = [consensus.to_columns() for consensus in made.values()]
    names = list(dict.fromkeys(name for part in parts for name in part))
    columns: dict[str, Any] = {
        name: np.concatenate([part.get(name, np.full(len(part["item"]), np.nan)) for part in parts]) for name in names
    } or {name: np.zeros(0, object) for name in ("item", "label", "confidence", "judgements")}
    if len(parts) < 2:
        return columns
    asked = [question for question, consensus in made.items() for _ in range(len(consensus))]
    return {"item": columns.pop("item"), "question": asked, **columns}


def _summary(question: str, consensus: Consensus) -> dict[str, Any]:
    return {
        "question": question,
        "method": consensus.method,
        "items": len(consensus),
        "judgements": int(consensus.judgements.sum()),
        "ties": int(consensus.ties.sum()),
        "mean_confidence": float(consensus.confidence.mean()) if len(consensus) else None,
        "converged": consensus.converged,
        "iterations": consensus.iterations,
        "warnings": list(consensus.warnings),
        "annotators": _plain(consensus.annotators.to_records()) if consensus.annotators else [],
    } | ({"options": _plain(consensus.options.to_records())} if consensus.options else {})


def _plain(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """JSON has no NaN: what was not learned is null."""
    return [{name: None if value != value else value for name, value in record.items()} for record in records]


def _say(consensus: Consensus, question: str) -> None:
    summary = _summary(question, consensus)
    said = f"{question}: " if question else ""
    said += f"{consensus.method}: {summary['items']:,} items from {summary['judgements']:,} judgements"
    if len(consensus):
        said += f", mean confidence {summary['mean_confidence']:.3f}"
    if summary["ties"]:
        said += f", {summary['ties']:,} ties"
    print(f"{said}.", file=sys.stderr)
    if not consensus.converged:
        print(f"note: not converged after {consensus.iterations} iterations.", file=sys.stderr)
    for warning in consensus.warnings:
        print(f"note: {warning}", file=sys.stderr)
