"""goldwork simulate: a crowd of known people against a project, and what the engine makes of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from goldwork.cli.means import interval, mean
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.sim.outcome import Outcome, Told

FIGURES = ("accuracy", "expected", "experts", "closed", "hours", "per_item", "gold_share")
"""Of an outcome, what is averaged over runs."""
ACCUSED = ("warn", "quarantine", "home")
HEAD = ("", "people", "right on gold", "judgements", "more gold", "warned", "set aside", "sent home", "until set aside")


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "simulate",
        help="a crowd of known people against a project: who is found, when, at what cost, who is wronged",
        description="Let simulated people of known behaviour work on a project in memory, with gold mixed in, and let "
        "the engine decide as a server does. Nothing is written.",
    )
    command.add_argument("--items", metavar="N", type=int, default=2000, help="items (default: 2000)")
    command.add_argument("--classes", metavar="K", type=int, default=4, help="classes of the question (default: 4)")
    command.add_argument(
        "--overlap", metavar="MIN..MAX", default="2..6", help="judgements an item, or one number (default: 2..6)"
    )
    command.add_argument(
        "--target", metavar="T", type=float, default=0.9, help="the confidence at which an item stops (default: .9)"
    )
    command.add_argument(
        "--floor", metavar="F", type=float, default=0.7, help="the accuracy on gold to be kept (default: .7)"
    )
    command.add_argument("--crowd", metavar="NAME=N,...", help="who works: behaviours and how many of each")
    command.add_argument("--gold", metavar="N", type=int, default=100, help="gold items; 0: none (default: 100)")
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of the first run (default: 0)")
    command.add_argument("--runs", metavar="N", type=int, default=1, help="runs, with seeds that follow (default: 1)")
    command.add_argument("--json", action="store_true", help="print one JSON object, with every person in it")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate, and print what came of it."""
    from goldwork.quality.policy import WHOLE, Policy
    from goldwork.sim import make_crowd
    from goldwork.sim.crowd import FULL
    from goldwork.sim.outcome import simulate
    from goldwork.sim.project import Setting

    least, most = _overlap(arguments.overlap)
    for name in ("target", "floor"):
        if not 0 < getattr(arguments, name) < 1:
            raise InputError(f"--{name} must be above 0 and below 1. Got {getattr(arguments, name)}.")
    if arguments.runs < 1:
        raise InputError(f"--runs must be 1 or more. Got {arguments.runs}.")
    mix = FULL if arguments.crowd is None else _crowd(arguments.crowd)
    policy = Policy(
        overlap=least,
        maximum=most,
        target=round(arguments.target * WHOLE) if most > least else 0,
        floor=round(arguments.floor * WHOLE),
        gold=arguments.gold > 0,
    )
    made = []
    for place in range(arguments.runs):
        seed = arguments.seed + place
        setting = Setting(arguments.items, arguments.classes, arguments.gold, policy, seed=seed)
        crowd = make_crowd(classes=arguments.classes, size=sum(mix.values()), mix=mix, seed=seed)
        made.append(simulate(crowd, setting, progress=_progress(place, arguments.runs)))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    summary = summarise(made, arguments.seed)
    print(json.dumps(summary) if arguments.json else "\n".join(sentences(summary, arguments.classes)))
    return 0


def _overlap(text: str) -> tuple[int, int]:
    least, dots, most = text.partition("..")
    numbers = (least, most) if dots else (least, least)
    if not all(number.isdecimal() for number in numbers) or not 1 <= int(numbers[0]) <= int(numbers[1]):
        raise InputError(f"--overlap must be a number from 1 on, or two with .. between, as in 2..6. Got {text!r}.")
    return int(numbers[0]), int(numbers[1])


def _crowd(text: str) -> dict[str, int]:
    from goldwork.sim.behaviours import behaviour

    mix: dict[str, int] = {}
    for part in text.split(","):
        name, sign, number = (word.strip() for word in part.partition("="))
        if not sign or not number.isdecimal():
            raise InputError(f'--crowd takes behaviours and numbers, as in "expert=3,random=2". Got {part!r}.')
        behaviour.get(name)
        mix[name] = mix.get(name, 0) + int(number)
    if not sum(mix.values()):
        raise InputError(f"--crowd must have somebody in it. Got {text!r}.")
    return mix


def _progress(place: int, runs: int) -> Callable[[float], None]:
    def say(share: float) -> None:
        if sys.stderr.isatty():
            said = f"run {place + 1} of {runs}, " if runs > 1 else ""
            print(f"\r\033[K{said}{share:.0%} of the items are closed", end="", file=sys.stderr, flush=True)

    return say


def summarise(made: Sequence[Outcome], seed: int) -> dict[str, Any]:
    """The outcomes of all runs as one object: means, 95 % intervals of these, everybody."""
    import msgspec

    figures = [{name: getattr(one, name) for name in FIGURES} for one in made]
    known = [name for name in FIGURES if all(one[name] is not None for one in figures)]
    votes = {str(number): [one.majority[number] for one in made] for number in made[0].majority}
    submits = ("judgements", "gold", "repeats", "training")
    return {
        **{name: mean([one[name] for one in figures]) if name in known else None for name in FIGURES},
        **{name: mean([getattr(one, name) for one in made]) for name in submits},
        "intervals": {name: interval([one[name] for one in figures]) if name in known else None for name in FIGURES},
        "majority": {
            number: {"accuracy": mean(right), "interval": interval(right), "per_item": int(number)}
            for number, right in votes.items()
        },
        "items": made[0].items,
        "floor": made[0].floor,
        "runs": len(made),
        "seed": seed,
        "wronged": {
            stage: sum(one.stages[stage].wronged for one in _everybody(made) if stage in one.stages)
            for stage in ACCUSED
        },
        "people": [msgspec.to_builtins(one) | {"run": place} for place, run in enumerate(made) for one in run.people],
    }


def _everybody(made: Sequence[Outcome]) -> list[Told]:
    return [one for run in made for one in run.people]


def sentences(summary: Mapping[str, Any], classes: int) -> list[str]:
    """The summary as people read it."""
    people, runs = summary["people"], summary["runs"]
    crowd = sum(one["run"] == 0 for one in people)
    floor = f"floor {summary['floor']:.2f} on gold" if summary["gold"] else "no gold"
    head = f"{summary['items']:,} items of {classes} classes, {crowd} people, {floor}"
    lines = [f"{head}, {runs} runs: numbers of people are over all." if runs > 1 else f"{head}.", ""]
    lines += _table(people)
    lines += ["", *_result(summary), *_found(people)]
    return lines


def _table(people: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [HEAD]
    for kind in dict.fromkeys(one["behaviour"] for one in people):
        mine = [one for one in people if one["behaviour"] == kind]
        first, last = (mean([one[name] for one in mine]) for name in ("accuracy", "lowest"))
        away = [one["stages"]["quarantine"] for one in mine if "quarantine" in one["stages"]]
        when = (
            ""
            if not away
            else f"{median(one['judgements'] for one in away):.0f} ({median(one['gold'] for one in away):.0f} gold)"
        )
        rows.append(
            (
                kind,
                str(len(mine)),
                f"{first:.2f}" if first - last < 0.005 else f"{first:.2f} to {last:.2f}",
                f"{mean([one['judgements'] for one in mine]):.0f}",
                *(str(sum(stage in one["stages"] for one in mine) or "") for stage in ("watch", *ACCUSED)),
                when,
            )
        )
    wide = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(
            [row[0].ljust(wide[0]), *(cell.rjust(size) for cell, size in zip(row[1:], wide[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]


def _result(summary: Mapping[str, Any]) -> list[str]:
    def share(name: str) -> str:
        ends = summary["intervals"][name]
        return f"{summary[name]:.1%}" + ("" if ends is None else f" ({max(ends[0], 0):.1%} to {min(ends[1], 1):.1%})")

    items, expected = summary["items"], summary["expected"]
    right = f"Result: right on {share('accuracy')} of the items"
    costs = [f"{summary[name] / items:.2f} {said}" for name, said in COSTS if summary[name]]
    votes = [f"{number} votes {figures['accuracy']:.1%}" for number, figures in summary["majority"].items()]
    return [
        f"{right}; the engine expects {share('expected')}." if expected is not None else f"{right}.",
        f"{share('experts')} of the items wait for an expert; {share('closed')} want no more judgements.",
        f"Cost: {summary['per_item']:.2f} judgements an item: {', '.join(costs)}; {summary['hours']:.1f} hours.",
        f"Plain majority of the same crowd, no gold: {', '.join(votes)}.",
    ]


COSTS = (("judgements", "of items"), ("gold", "of gold"), ("repeats", "repeated"), ("training", "of training"))


def _found(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who was found, and who was wronged."""

    def said(mine: Sequence[Collection[str]]) -> str:
        counts = [sum(stage in one for one in mine) for stage in ACCUSED]
        return f"{counts[0]} warned, {counts[1]} with work set aside, {counts[2]} sent home."

    bad, honest = ([one["stages"] for one in people if one["honest"] is sort] for sort in (False, True))
    wronged = [{stage for stage, reached in stages.items() if reached["wronged"]} for stages in honest]
    return [
        f"Not honest ({len(bad)}): {said(bad)}",
        f"Honest ({len(honest)}): {said(honest)}",
        f"Wronged (honest, and never below the floor until then): {said(wronged)}",
    ]
