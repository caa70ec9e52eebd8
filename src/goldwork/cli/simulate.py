"""goldwork simulate: a crowd of known people against a project, and what the engine makes of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from goldwork.cli.endings import run_to_the_end
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.cli.simulated.lived import Lived
    from goldwork.sim.outcome import Outcome
    from goldwork.sim.project import Setting


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "simulate",
        help="a crowd of known people against a project: who is found, when, at what cost, who is wronged",
        description="Let simulated people of known behaviour work on a project in memory, with gold mixed in, and let "
        "the engine decide as a server does. Nothing is written. With --http they work at a real server in a "
        "temporary folder as well, in a browser's way, and both are told beside each other.",
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
    command.add_argument("--quiz", action="store_true", help="work begins with a quiz")
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of the first run (default: 0)")
    command.add_argument("--runs", metavar="N", type=int, default=1, help="runs, with seeds that follow (default: 1)")
    command.add_argument("--http", action="store_true", help="at a real server as well, through its HTTP API")
    command.add_argument("--json", action="store_true", help="print one JSON object, with every person in it")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate, and print what came of it."""
    from goldwork.cli.simulated import telling

    settings, mix = _settings(arguments)
    if arguments.http:
        return run_to_the_end(partial(_run_both, arguments, settings, mix))
    summary = telling.summarise(_in_memory(settings, mix), arguments.seed)
    _clear()
    print(json.dumps(summary) if arguments.json else "\n".join(telling.sentences(summary, arguments.classes)))
    return 0


def _settings(arguments: argparse.Namespace) -> tuple[list[Setting], dict[str, int]]:
    """The project of every run, and who works."""
    from goldwork.quality.policy import WHOLE, Policy
    from goldwork.sim.crowd import FULL
    from goldwork.sim.project import Setting

    least, most = _overlap(arguments.overlap)
    for name in ("target", "floor"):
        if not 0 < getattr(arguments, name) < 1:
            raise InputError(f"--{name} must be above 0 and below 1. Got {getattr(arguments, name)}.")
    if arguments.runs < 1:
        raise InputError(f"--runs must be 1 or more. Got {arguments.runs}.")
    policy = Policy(
        overlap=least,
        maximum=most,
        target=round(arguments.target * WHOLE) if most > least else 0,
        floor=round(arguments.floor * WHOLE),
        gold=arguments.gold > 0,
        quiz=arguments.quiz,
    )
    seeds = range(arguments.seed, arguments.seed + arguments.runs)
    made = [Setting(arguments.items, arguments.classes, arguments.gold, policy, seed=seed) for seed in seeds]
    return made, FULL if arguments.crowd is None else _crowd(arguments.crowd)


def _in_memory(settings: Sequence[Setting], mix: Mapping[str, int]) -> list[Outcome]:
    from goldwork.sim.crowd import make_crowd
    from goldwork.sim.outcome import simulate

    made = []
    for place, setting in enumerate(settings):
        crowd = make_crowd(classes=setting.classes, size=sum(mix.values()), mix=mix, seed=setting.seed)
        made.append(simulate(crowd, setting, progress=_progress(place, len(settings))))
    return made


def _run_both(
    arguments: argparse.Namespace, settings: Sequence[Setting], mix: Mapping[str, int], _closing: object
) -> int:
    """In memory and at a server; exit 1 where `goldwork check` finds something there."""
    from goldwork.cli.simulated import telling
    from goldwork.cli.simulated.lived import live_through
    from goldwork.sim.crowd import make_crowd

    made = _in_memory(settings, mix)
    lived: list[Lived] = []
    for place, setting in enumerate(settings):
        crowd = make_crowd(classes=setting.classes, size=sum(mix.values()), mix=mix, seed=setting.seed)
        lived.append(
            live_through(crowd, setting, made[place].majority, _progress(place, len(settings), "at the server, "))
        )
    _clear()
    memory, http = (telling.summarise(some, arguments.seed) for some in (made, [one.outcome for one in lived]))
    server = {name: sum(getattr(one, name) for one in lived) for name in ("submits", "retries", "seconds")}
    server |= {name: sum(one.overturned[place] for one in lived) for place, name in enumerate(("ruled", "overruled"))}
    server["findings"] = sum(len(one.findings) for one in lived)
    if arguments.json:
        print(json.dumps({"memory": memory, "http": http, "server": server}))
    else:
        told = telling.sentences(http, arguments.classes)
        print("\n".join([*told, "", *telling.beside(memory, http, server)]))
    return int(server["findings"] > 0)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


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


def _progress(place: int, runs: int, where: str = "") -> Callable[[float], None]:
    def say(share: float) -> None:
        if sys.stderr.isatty():
            said = f"run {place + 1} of {runs}, " if runs > 1 else ""
            print(f"\r\033[K{said}{where}{share:.0%} of the items are closed", end="", file=sys.stderr, flush=True)

    return say
