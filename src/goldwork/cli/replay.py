"""goldwork replay: how few judgements would have done, told from recorded ones and a known truth."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli import labels
from goldwork.cli.means import interval, mean
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.quality.recorded import Replayed

FIGURES = ("judgements_per_item", "accuracy", "expected_accuracy", "gold_share", "target_accuracy")


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "replay", help="how many judgements would have been enough, from recorded ones"
    )
    labels.add_options(command)
    command.add_argument(
        "--truth", metavar="FILE", type=Path, required=True, help="the right answers: columns item and truth"
    )
    command.add_argument(
        "--target-accuracy",
        metavar="A",
        type=float,
        help="the accuracy wanted on average (default: that of five votes' majority, learned from gold)",
    )
    command.add_argument(
        "--gold-share", metavar="S", type=float, default=0.06, help="share of items that become gold (default: .06)"
    )
    command.add_argument(
        "--gold-overlap", metavar="N", type=int, default=5, help="judgements of each gold item (default: 5)"
    )
    command.add_argument("--min", metavar="N", type=int, default=1, help="judgements an item at least (default: 1)")
    command.add_argument("--max", metavar="N", type=int, help="judgements an item at most (default: all)")
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of the first replay's order (default: 0)")
    command.add_argument(
        "--repeats", metavar="N", type=int, default=20, help="replays, with seeds that follow (default: 20)"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay every question and print what it cost and how right it was."""
    from goldwork import io
    from goldwork.quality.recorded import Rules, pools, replay
    from goldwork.quality.stopping import Overlap

    if arguments.repeats < 1:
        raise InputError(f"--repeats must be 1 or more. Got {arguments.repeats}.")
    if arguments.seed < 0:
        raise InputError(f"--seed must be 0 or more. Got {arguments.seed}.")
    if arguments.task not in (None, "choice"):
        raise InputError(f"a replay takes choices. Got --task {arguments.task}.")
    overlap = Overlap(arguments.min, arguments.max)
    rules = Rules(overlap, arguments.target_accuracy, arguments.gold_share, arguments.gold_overlap)
    told = []
    for question, part in labels.questions(labels.read(arguments)):
        recorded = pools(part, io.read_gold(arguments.truth, part))
        made = [replay(recorded, rules, arguments.seed + place) for place in range(arguments.repeats)]
        told.append(_summary(question, made, arguments.seed) | {"left_out": recorded.left_out})
    for summary in told:
        print(json.dumps(summary, ensure_ascii=False) if arguments.json else _sentences(summary, len(told) > 1))
    return 0


def _summary(question: str, made: Sequence[Replayed], seed: int) -> dict[str, Any]:
    """Means over the replays, and the 95 % intervals of those means."""
    figures = [_figures(one) for one in made]
    means = {name: mean([one[name] for one in figures]) for name in FIGURES}
    votes = {
        str(number or "all"): {
            "accuracy": mean([one.majority[number][0] for one in made]),
            "judgements_per_item": mean([one.majority[number][1] for one in made]),
        }
        for number in made[0].majority
    }
    return {
        "question": question,
        **means,
        "intervals": {name: interval([one[name] for one in figures]) for name in FIGURES},
        "majority": votes,
        "items": len(made[0].right),
        "gold_items": made[0].gold_items,
        "repeats": len(made),
        "seed": seed,
    }


def _figures(one: Replayed) -> dict[str, float]:
    values = dataclasses.asdict(one) | {"target_accuracy": one.target}
    return {name: float(values[name]) for name in FIGURES}


def _sentences(summary: dict[str, Any], several: bool) -> str:
    """The summary as lines for people."""

    def told(name: str, digits: int) -> str:
        ends = summary["intervals"][name]
        between = "" if ends is None else f" ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})"
        return f"{summary[name]:.{digits}f}{between}"

    cost, right, aim = told("judgements_per_item", 2), told("accuracy", 3), told("target_accuracy", 3)
    lines = [
        f"{cost} judgements per item, gold included, reach an accuracy of {right}; aimed at {aim}.",
        f"{summary['items']:,} items; gold are {summary['gold_items']:,} more, {told('gold_share', 3)} of judgements.",
        f"Means of {summary['repeats']} replays, with 95 % intervals." if summary["repeats"] > 1 else "One replay.",
    ]
    for votes, figures in summary["majority"].items():
        said = "all votes" if votes == "all" else f"{votes} votes"
        lines.append(
            f"majority of {said}: accuracy {figures['accuracy']:.3f}, {figures['judgements_per_item']:.2f} per item."
        )
    if summary["left_out"]:
        print(f"note: {summary['left_out']:,} items without a truth are left out.", file=sys.stderr)
    return "\n".join([f"{summary['question']}:", *lines] if several else lines)
