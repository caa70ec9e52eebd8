"""docs/guide/server.md tells every option of `serve` and every action of `account`, and none that is not there."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from goldwork.cli import parser

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "server.md").read_text(encoding="utf-8")


def sub(of: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    (actions,) = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    found: Any = actions.choices[name]
    assert isinstance(found, argparse.ArgumentParser)
    return found


def flags(of: argparse.ArgumentParser) -> set[str]:
    return {flag for action in of._actions for flag in action.option_strings if flag.startswith("--")} - {"--help"}


def test_every_option_of_serve_has_a_line() -> None:
    told = {
        flag for line in GUIDE.splitlines() if line.startswith("| `--") for flag in re.findall(r"`(--[\w-]+)", line)
    }
    there = flags(sub(parser(), "serve"))
    assert there <= told, f"not in the guide: {there - told}"
    assert told - {"--insecure-http"} <= there, f"in the guide alone: {told - there}"


def test_every_action_of_account_has_a_line() -> None:
    account = sub(parser(), "account")
    (actions,) = [action for action in account._actions if isinstance(action, argparse._SubParsersAction)]
    assert set(actions.choices) == set(re.findall(r"^\| `goldwork account (\w+)", GUIDE, re.MULTILINE))
    for name in actions.choices:
        for flag in flags(sub(account, name)):
            assert f"`{flag}`" in GUIDE or flag in GUIDE, (name, flag)


def test_numbers_in_the_guide_are_the_codes() -> None:
    from goldwork.services import links, signin

    assert (signin.FREE, signin.MAX_WAIT) == ({"email": 5, "address": 30}, 15 * 60)
    assert links.LIFETIME["administrator"] == signin.DAY
