"""`goldwork demo`: a throw-away server with two projects and a dozen simulated annotators, to try goldwork out.

Everything happens in a temporary folder and is gone at the end. The items come in through the worker's import and the
simulated people judge through the HTTP API: what one sees is what one gets.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
import threading
import webbrowser
from functools import partial
from typing import Any

from goldwork.cli.endings import run_to_the_end
from goldwork.cli.keeper import Keeper, worker_command
from goldwork.cli.serve import port_number
from goldwork.errors import InputError

MAX_SPEED = 1000.0
MAX_SECONDS = 86_400.0


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "demo",
        help="try goldwork out: two projects and a dozen simulated annotators, gone at the end",
        description="Serve two projects from a temporary folder, with a dozen simulated annotators who judge while you "
        "look on or judge beside them. Ctrl-C ends it and leaves nothing behind.",
    )
    parser.add_argument(
        "--project",
        choices=("labels", "rlhf"),
        default="labels",
        help="what to show: labels by a dozen people (default), or two rounds from comparisons to a better policy",
    )
    parser.add_argument("--port", type=port_number, help="the port; 0 takes any free one (default: 8321 if it is free)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="X",
        help="how many times as fast as people they judge (default: 1)",
    )
    parser.add_argument(
        "--seconds", type=_seconds, metavar="N", help="stop after N seconds of judging and print how it went"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="for the simulated people's answers")
    parser.add_argument("--json", action="store_true", help="with --seconds: print the result as JSON")
    parser.set_defaults(run=run)


def _speed(text: str) -> float:
    return _number(text, MAX_SPEED)


def _seconds(text: str) -> float:
    return _number(text, MAX_SECONDS)


def _number(text: str, most: float) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= most:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be above 0 and at most {most:,.0f}. Got {text!r}.")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP, or for `--seconds`."""
    if arguments.json and arguments.project == "rlhf":
        raise InputError("--json is for the demonstration of labels.")
    if arguments.json and arguments.seconds is None:
        raise InputError("--json is for the result, which --seconds N prints.")
    return run_to_the_end(partial(_demonstrate, arguments))


def _demonstrate(arguments: argparse.Namespace, closing: contextlib.ExitStack) -> int:
    """Set the stage, serve, and say how it went. What has to be ended is left to `closing`."""
    listener = closing.enter_context(_listen(arguments.port))
    from goldwork.cli.simulated.site import open_site, perform
    from goldwork.cli.simulated.stage import Stage

    site = closing.enter_context(open_site(listener))
    closing.callback(Keeper(worker_command(site.home)).stop)
    url = site.settings.url
    if arguments.project == "rlhf":
        return _turn_twice(arguments, site)
    stage = Stage(site, speed=arguments.speed, seed=arguments.seed, seconds=arguments.seconds)
    address = f"{url}/link#{stage.link}"

    def ready() -> None:
        _greet(url, address, sys.stderr if arguments.json else sys.stdout)
        if not arguments.no_browser:
            _open_browser(address)

    perform(stage, ready)
    if stage.finished:
        from goldwork.cli.simulated.outcome import report

        report(stage, as_json=arguments.json)
    elif arguments.seconds is not None:
        return 130
    return 0


def _turn_twice(arguments: argparse.Namespace, site: Any) -> int:
    """Two rounds of reward models, and what people say of them."""
    from goldwork.cli.simulated.rounds import Rounds
    from goldwork.cli.simulated.site import perform

    rounds = Rounds(site, speed=arguments.speed, seed=arguments.seed, seconds=arguments.seconds)
    url = site.settings.url
    address = f"{url}/link#{rounds.link}"

    def ready() -> None:
        lines = (
            f"goldwork demo at {url}: people compare answers, a reward model learns, others say whether it chose well.",
            "Sign in by this link, which works once:",
            f"  {address}",
            "Two rounds take about two minutes. Then look at the project's pages Reward and Loop:",
            f"  {url}/p/1/loop",
            "Ctrl-C ends it for good.",
        )
        print("\n".join(lines), flush=True)
        if not arguments.no_browser:
            _open_browser(address)

    perform(rounds, ready)
    for number, sentence in enumerate(rounds.said, 1):
        print(f"round {number}: {sentence}")
    return 0 if rounds.said or arguments.seconds is None else 130


def _listen(port: int | None) -> socket.socket:
    from goldwork.web.server import listen

    if port is not None:
        return listen("127.0.0.1", port)
    try:
        return listen("127.0.0.1", 8321)
    except InputError:  # taken, perhaps by goldwork itself
        return listen("127.0.0.1", 0)


def _greet(url: str, address: str, to: Any) -> None:
    """Say where the demonstration is and what to do first."""
    lines = (
        f"goldwork demo at {url}: two projects, twelve simulated people who judge, and you. Ctrl-C ends it for good.",
        "Sign in by this link, which works once:",
        f"  {address}",
        "1. Press Annotate in a project: one key answers and shows the next item.",
        "2. Open the project's page and watch agreement, progress and people move as the answers come in.",
        "3. Make a project of your own, import a file, invite somebody: all of goldwork is there.",
    )
    print("\n".join(lines), file=to, flush=True)


def _open_browser(address: str) -> None:
    """Open the link where there is a browser with a window, without waiting for it."""
    if has_screen(os.environ, sys.platform):
        threading.Thread(target=_try_browser, args=(address,), daemon=True).start()


def _try_browser(address: str) -> None:
    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(address)


def has_screen(environment: Any, platform: str) -> bool:
    """Whether a browser opened here would be seen by whoever sits at this terminal."""
    if any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")):
        return False
    return platform in ("darwin", "win32") or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
