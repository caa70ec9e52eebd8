"""goldwork consensus: one answer for every item of a table of labels, with its confidence."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldwork.cli import labels

if TYPE_CHECKING:
    from goldwork.consensus import Consensus


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("consensus", help="one answer per item from existing labels")
    labels.add_options(command)
    command.add_argument("--method", metavar="NAME", help="dawid-skene (default) or majority")
    command.add_argument("--gold", metavar="FILE", type=Path, help="known answers: columns item and truth")
    command.add_argument(
        "-o", dest="output", metavar="FILE", type=Path, help="where to write item, label, confidence, judgements"
    )
    command.set_defaults(run=run)


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
        made[question] = infer_consensus(part, arguments.method, gold=gold)
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


def _columns(made: dict[str, Consensus]) -> dict[str, Any]:
    """The rows of all questions, with the question's name where there are several."""
    parts = [consensus.to_columns() for consensus in made.values()]
    names = list(parts[0]) if parts else ["item", "label", "confidence", "judgements"]
    columns = {name: np.concatenate([part[name] for part in parts] or [np.zeros(0, object)]) for name in names}
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
        "annotators": consensus.annotators.to_records() if consensus.annotators else [],
    }


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
