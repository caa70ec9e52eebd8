"""Accounts: who there is on this server, their passwords, leaving and being forgotten.

There is no default account, password or secret. Personal data stands in `account` alone; everything that was judged
hangs on `annotator`, which carries a random pseudonym, so that a person can be erased and their work stays.
"""

from __future__ import annotations

import contextlib
import functools
import re
import secrets
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind
from sqlalchemy.exc import IntegrityError

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services import attributes
from goldwork.services.access import Person
from goldwork.services.names import is_readable
from goldwork.services.signin import attempt_of
from goldwork.store.schema import account, annotator, member, project, sign_in_attempt, token

MAX_NAME = 200
MAX_EMAIL = 254
MIN_PASSWORD = 10
MAX_PASSWORD = 1024
CONSONANTS = "bcdfghjkmnpqrstvwxz"
DIGITS = "23456789"
PSEUDONYM_TRIES = 50
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Account(msgspec.Struct, frozen=True):
    """One account as administrators see it. An erased one has an empty name."""

    id: int
    name: str
    email: str | None
    administrator: bool
    active: bool
    created_at: int


_ALL = sa.select(
    account.c.id,
    account.c.name,
    account.c.email,
    account.c.administrator,
    account.c.active,
    account.c.created_at,
).order_by(account.c.id)
_ONE = _ALL.where(account.c.id == bind("account"))
_ANY = sa.select(account.c.id).limit(1)
_PASSWORD = sa.select(account.c.password_hash).where(account.c.id == bind("account"))
_OTHER_ADMINISTRATOR = (
    sa.select(account.c.id).where(account.c.administrator, account.c.active, account.c.id != bind("account")).limit(1)
)
_other = member.alias("other")
_SOLE_MANAGER = (
    sa.select(project.c.name)
    .join(member, member.c.project == project.c.id)
    .where(
        member.c.account == bind("account"),
        member.c.role == "manager",
        ~sa.exists().where(
            _other.c.project == project.c.id, _other.c.role == "manager", _other.c.account != bind("account")
        ),
    )
)


def list_accounts(connection: Connection) -> list[Account]:
    """Every account, oldest first."""
    return [Account(*row) for row in connection.execute(_ALL)]


def find_account(connection: Connection, account_id: int) -> Account:
    """One account. Raises NotFoundError."""
    row = connection.execute(_ONE, {"account": account_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such account.")
    return Account(*row)


def any_account(connection: Connection) -> bool:
    """Whether anybody has an account yet."""
    return connection.execute(_ANY).first() is not None


def read_name(name: str) -> str:
    """A name without spaces around. Raises InputError where it is empty, too long or has control characters."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not is_readable(name):
        raise InputError(f"must be 1 to {MAX_NAME} printable characters. Got {name[:50]!r}.", where="name")
    return name


def read_email(email: str | None) -> str | None:
    """An e-mail address in the one form it is stored and compared in; None for an empty one. Raises InputError."""
    email = (email or "").strip().lower()
    if not email:
        return None
    if len(email) > MAX_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise InputError(f"must be an e-mail address such as ada@example.org. Got {email[:80]!r}.", where="email")
    return email


def check_password(password: str) -> str:
    """The password. Raises InputError where it is too short or too long: nothing else makes one bad."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InputError(f"must be {MIN_PASSWORD} to {MAX_PASSWORD} characters. Got {len(password)}.", where="password")
    return password


# Passwords. These take a tenth of a second and 64 MiB on purpose: call them in a thread, never in the writer's.


@functools.cache
def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


@functools.cache
def _nobody() -> str:
    """A hash that no password fits, so that an unknown address takes as long as a known one."""
    return str(_hasher().hash(secrets.token_urlsafe(32)))


def hash_password(password: str) -> str:
    """An argon2id hash. Raises InputError for a password that is too short or too long."""
    return str(_hasher().hash(check_password(password)))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password fits. Takes as long without a hash, and then is False."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        fits = bool(_hasher().verify(password_hash or _nobody(), password[:MAX_PASSWORD]))
    except (Argon2Error, InvalidHashError):
        return False
    return fits and password_hash is not None


def password_of(connection: Connection, account_id: int) -> str | None:
    """The stored hash, for `verify_password`."""
    found: str | None = connection.execute(_PASSWORD, {"account": account_id}).scalar_one_or_none()
    return found


# Changes.


def create_account(
    connection: Connection,
    now: int,
    *,
    name: str,
    email: str | None = None,
    password_hash: str | None = None,
    administrator: bool = False,
) -> int:
    """A new account with its annotator. Returns the account's id. Raises InputError, ConflictError `email_taken`."""
    made = {
        "name": read_name(name),
        "email": read_email(email),
        "password_hash": password_hash,
        "administrator": administrator,
        "created_at": now,
    }
    with _unique_email(connection):
        account_id = connection.execute(sa.insert(account).values(made).returning(account.c.id)).scalar_one()
    add_annotator(connection, account_id)
    return int(account_id)


def add_annotator(connection: Connection, account_id: int | None, kind: str = "human") -> int:
    """An annotator with a pseudonym of its own. Returns its id."""
    for attempt in range(PSEUDONYM_TRIES):
        made = {"kind": kind, "account": account_id, "pseudonym": invent_pseudonym(2 + attempt // 10)}
        try:
            with connection.begin_nested():
                return int(connection.execute(sa.insert(annotator).values(made).returning(annotator.c.id)).scalar_one())
        except IntegrityError:
            continue
    raise ConflictError("no free pseudonym was found.", reason="pseudonyms")


def invent_pseudonym(syllables: int = 2) -> str:
    """A short random name that can be said and typed, such as `k7m2`: 23,104 of two syllables, then longer ones."""
    return "".join(secrets.choice(CONSONANTS) + secrets.choice(DIGITS) for _ in range(syllables))


def update_account(connection: Connection, person: Person, changes: dict[str, Any]) -> None:
    """Change a person's own `name`, `email` or `password_hash`; a new password ends their other sessions.

    Raises InputError, ConflictError `email_taken`.
    """
    values = dict(changes)
    if "name" in values:
        values["name"] = read_name(values["name"])
    if "email" in values:
        values["email"] = read_email(values["email"])
    if not values:
        return
    with _unique_email(connection):
        connection.execute(sa.update(account).where(account.c.id == person.account).values(values))
    if "password_hash" in values:
        connection.execute(
            sa.delete(token).where(
                token.c.account == person.account, token.c.kind == "session", token.c.id != person.token
            )
        )


def accept_notice(connection: Connection, person: Person, version: int, now: int) -> None:
    """Record that the person accepted the notice."""
    connection.execute(
        sa.update(annotator).where(annotator.c.id == person.annotator).values(notice_version=version, notice_at=now)
    )


def deactivate(connection: Connection, account_id: int) -> None:
    """Nobody signs in to the account any more, and whoever is signed in is out at once. The work stays.

    Raises NotFoundError, ConflictError `last_administrator`.
    """
    found = find_account(connection, account_id)
    if found.administrator and not _others_administrate(connection, account_id):
        raise ConflictError("this is the only administrator. Make another one first.", reason="last_administrator")
    connection.execute(sa.update(account).where(account.c.id == account_id).values(active=False))
    connection.execute(sa.delete(token).where(token.c.account == account_id))


def activate(connection: Connection, account_id: int) -> None:
    """Let the account be signed in to again. Raises NotFoundError, and for an erased account ConflictError."""
    if not find_account(connection, account_id).name:
        raise ConflictError("this account was erased and cannot come back. Invite the person anew.", reason="erased")
    connection.execute(sa.update(account).where(account.c.id == account_id).values(active=True))


def erase(connection: Connection, account_id: int) -> list[str]:
    """Remove all that leads to the person: name, address, password, sign-ins, memberships, and what they said of
    themselves. The judgements stay.

    Returns the names of the projects that have no manager any more. Raises NotFoundError, ConflictError
    `last_administrator`.
    """
    found = find_account(connection, account_id)
    deactivate(connection, account_id)
    orphaned = list(connection.execute(_SOLE_MANAGER, {"account": account_id}).scalars())
    connection.execute(sa.delete(member).where(member.c.account == account_id))
    attributes.forget_person(connection, _annotator(connection, account_id))
    if found.email:
        connection.execute(sa.delete(token).where(token.c.email == found.email))
        connection.execute(
            sa.delete(sign_in_attempt).where(sign_in_attempt.c.subject == attempt_of("email", found.email))
        )
    connection.execute(
        sa.update(account)
        .where(account.c.id == account_id)
        .values(name="", email=None, password_hash=None, administrator=False, active=False)
    )
    return orphaned


def _annotator(connection: Connection, account_id: int) -> int:
    return int(connection.execute(sa.select(annotator.c.id).where(annotator.c.account == account_id)).scalar_one())


def _others_administrate(connection: Connection, account_id: int) -> bool:
    return connection.execute(_OTHER_ADMINISTRATOR, {"account": account_id}).first() is not None


@contextlib.contextmanager
def _unique_email(connection: Connection) -> Iterator[None]:
    """Around a statement that may break the e-mail address's uniqueness. Raises ConflictError."""
    try:
        with connection.begin_nested():
            yield
    except IntegrityError:
        raise ConflictError(
            "this e-mail address belongs to another account. Sign in to that one, or give another address.",
            reason="email_taken",
        ) from None
