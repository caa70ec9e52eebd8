"""`goldwork account`: the people of an installation, from the machine it runs on."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from goldwork.cli.homes import add_home, open_home
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.services.accounts import Account
    from goldwork.services.links import Made
    from goldwork.store.database import Connection, Database

ROLES = ("annotator", "adjudicator", "manager")


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "account",
        help="list, invite, deactivate and erase people",
        description="The people of an installation. Works beside a running server.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = _action(actions, "list", _list, "everybody who has an account")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    link = _action(actions, "link", _link, "a one-time link to sign in, for somebody who cannot any more")
    _person(link)
    _url(link)
    administrator = _action(actions, "administrator", _administrator, "a one-time link that makes an administrator")
    _url(administrator)
    invite = _action(actions, "invite", _invite, "a one-time link into a project")
    invite.add_argument("project", type=int, help="the project's number")
    invite.add_argument("role", choices=ROLES)
    invite.add_argument("--email", help="whom it is for: a note, nothing is sent")
    _url(invite)
    for name, run_, text in (
        ("deactivate", _deactivate, "end an account: whoever is signed in with it is out at once"),
        ("activate", _activate, "let a deactivated account be signed in to again"),
        ("erase", erase_account, "remove all that leads to a person; what they judged stays, under a pseudonym"),
    ):
        action = _action(actions, name, run_, text)
        _person(action)
        if name == "erase":
            action.add_argument("--yes", action="store_true", help="really: this cannot be undone")


def _action(actions: Any, name: str, run_: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_home(parser)
    parser.set_defaults(run=run_)
    return parser


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", help="the account's number or e-mail address")


def _url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", default="http://127.0.0.1:8321", help="the server's address (default: http://127.0.0.1:8321)"
    )


def _find(connection: Connection, given: str) -> Account:
    """The account by number or address. Raises InputError."""
    from goldwork.services.accounts import list_accounts

    for account in list_accounts(connection):
        if given in (str(account.id), account.email) or given.lower() == account.email:
            return account
    raise InputError(f"there is no account {given!r}. `goldwork account list` shows them.")


def _list(arguments: argparse.Namespace) -> int:
    import msgspec

    from goldwork.services.accounts import list_accounts

    _, database = open_home(arguments)
    with database.read() as connection:
        found = list_accounts(connection)
    for account in found:
        if arguments.json:
            print(json.dumps(msgspec.to_builtins(account), ensure_ascii=False))
            continue
        marks = [
            "administrator" if account.administrator else "",
            "" if account.active else "deactivated" if account.name else "erased",
        ]
        print(
            f"{account.id:>6}  {account.name or '-':<30}  {account.email or '-':<30}  {' '.join(filter(None, marks))}"
        )
    return 0


def _link(arguments: argparse.Namespace) -> int:
    from goldwork.services.links import make_sign_in_link

    def make(connection: Connection, database: Database) -> Made:
        return make_sign_in_link(connection, _find(connection, arguments.account).id, database.now(connection))

    return _show(arguments, make)


def _administrator(arguments: argparse.Namespace) -> int:
    from goldwork.services.links import make_administrator_link

    return _show(arguments, lambda connection, database: make_administrator_link(connection, database.now(connection)))


def _invite(arguments: argparse.Namespace) -> int:
    from goldwork.services import access, links

    def make(connection: Connection, database: Database) -> Made:
        project = access.operator(connection, arguments.project)
        return links.invite(connection, project, arguments.role, arguments.email, database.now(connection))

    return _show(arguments, make)


def _show(arguments: argparse.Namespace, make: Any) -> int:
    """Make a link and print it: the only place where it is ever seen."""
    _, database = open_home(arguments)
    with database.write() as connection:
        made = make(connection, database)
    print(f"{arguments.url.rstrip('/')}/link#{made.secret}")
    return 0


def _deactivate(arguments: argparse.Namespace) -> int:
    from goldwork.services.accounts import deactivate

    return _change(arguments, deactivate, "is deactivated")


def _activate(arguments: argparse.Namespace) -> int:
    from goldwork.services.accounts import activate

    return _change(arguments, activate, "is active again")


def erase_account(arguments: argparse.Namespace) -> int:
    """Erase a person, once `--yes` says so."""
    from goldwork.services.accounts import erase

    if not arguments.yes:
        raise InputError("erasing cannot be undone. Say --yes to do it.")
    return _change(arguments, erase, "is erased; the judgements stay")


def _change(arguments: argparse.Namespace, change: Any, said: str) -> int:
    _, database = open_home(arguments)
    with database.write() as connection:
        account = _find(connection, arguments.account)
        orphaned = change(connection, account.id) or []
    print(f"account {account.id} {said}")
    for name in orphaned:
        print(f"project {name!r} has no manager any more: goldwork account invite PROJECT manager")
    return 0
