"""`goldwork erase`: remove all that leads to a person; what they judged stays."""

from __future__ import annotations

import argparse
from typing import Any

from goldwork.cli.account import erase_account
from goldwork.cli.homes import add_home


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "erase",
        help="remove all that leads to a person",
        description="Remove a person's name, e-mail address, password, sign-ins, memberships and what they said of "
        "themselves. What they judged stays, under a pseudonym that leads to nobody.",
    )
    add_home(parser)
    parser.add_argument("account", help="the account's number or e-mail address")
    parser.add_argument("--yes", action="store_true", help="really: this cannot be undone")
    parser.set_defaults(run=erase_account)
