"""Signing in: sessions, API tokens, and the back-off that makes guessing slow.

Tokens are 256 random bits, stored as their hash. A session lasts 30 days from its last use; every token ends the
moment its row is revoked or gone, because each request looks it up.

**Invariant: an attempt is counted before its password is looked at, so that a burst of guesses cannot slip through.**
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind
from sqlalchemy.dialects import postgresql, sqlite

from goldwork.errors import ConflictError, InputError, NotFoundError, RateLimitedError
from goldwork.services.access import Person, digest
from goldwork.store.schema import account, sign_in_attempt, token

DAY = 86_400_000
HOUR = 3_600_000
SESSION_MS = 30 * DAY
TOUCH_MS = HOUR
"""A session's or token's last use is written at most once an hour."""
MAX_API_TOKENS = 50
MAX_LABEL = 100
FREE = {"email": 5, "address": 30}
"""Failures in a row that cost no waiting: a person mistypes, and an office shares one address."""
MAX_WAIT = 15 * 60
"""The longest wait, seconds: it doubles from one second with every further failure."""


class ApiToken(msgspec.Struct, frozen=True):
    """An API token's description; the token itself is shown once, when it is made."""

    id: int
    label: str
    created_at: int
    last_used_at: int | None


_BY_EMAIL = sa.select(account.c.id, account.c.password_hash, account.c.active).where(account.c.email == bind("email"))
_API_TOKENS = (
    sa.select(token.c.id, token.c.label, token.c.created_at, token.c.used_at)
    .where(token.c.account == bind("account"), token.c.kind == "api")
    .order_by(token.c.id)
)
_ATTEMPTS = sa.select(sign_in_attempt.c.subject, sign_in_attempt.c.failures, sign_in_attempt.c.last_at).where(
    sign_in_attempt.c.subject.in_(bind("subjects", expanding=True))
)
_COUNT = {
    dialect.name: insert(sign_in_attempt)
    .values(subject=bind("subject"), failures=1, last_at=bind("now"))
    .on_conflict_do_update(
        index_elements=[sign_in_attempt.c.subject],
        set_={"failures": sign_in_attempt.c.failures + 1, "last_at": bind("now")},
    )
    for dialect, insert in ((sqlite.dialect, sqlite.insert), (postgresql.dialect, postgresql.insert))
}
_INSERT_TOKEN = sa.insert(token).returning(token.c.id)


def new_token(connection: Connection, now: int, **columns: Any) -> tuple[int, str]:
    """Store a new token's hash. Returns the row's id and the token, which nobody can read again."""
    secret = secrets.token_urlsafe(32)
    row = {"hash": digest(secret), "created_at": now} | columns
    return int(connection.execute(_INSERT_TOKEN, row).scalar_one()), secret


# Sessions.


def start_session(connection: Connection, account_id: int, now: int) -> str:
    """A new session's token."""
    return new_token(connection, now, kind="session", account=account_id, expires_at=now + SESSION_MS, used_at=now)[1]


def end_session(connection: Connection, person: Person) -> None:
    """Sign out: the session is gone at once."""
    connection.execute(sa.delete(token).where(token.c.id == person.token, token.c.kind == "session"))


def is_stale(person: Person, now: int) -> bool:
    """Whether the token's last use should be written anew."""
    return now - (person.used_at or 0) > TOUCH_MS


def touch(connection: Connection, person: Person, now: int) -> None:
    """Write that the token is in use; a session lasts from now."""
    values: dict[str, Any] = {"used_at": now}
    if person.kind == "session":
        values["expires_at"] = now + SESSION_MS
    connection.execute(sa.update(token).where(token.c.id == person.token).values(values))


def forget_expired(connection: Connection, now: int) -> None:
    """Drop what has run out: sessions and links past their time, counted failures of yesterday."""
    connection.execute(sa.delete(token).where(token.c.expires_at < now - DAY))
    connection.execute(sa.delete(sign_in_attempt).where(sign_in_attempt.c.last_at < now - DAY))


# API tokens.


def list_api_tokens(connection: Connection, person: Person) -> list[ApiToken]:
    """The person's API tokens, oldest first."""
    return [ApiToken(*row) for row in connection.execute(_API_TOKENS, {"account": person.account})]


def create_api_token(connection: Connection, person: Person, label: str, now: int) -> tuple[int, str]:
    """A new API token that may do what the person may. Returns (id, token). Raises InputError, ConflictError."""
    label = label.strip()
    if not 1 <= len(label) <= MAX_LABEL or not label.isprintable():
        raise InputError(f"must be 1 to {MAX_LABEL} printable characters. Got {label[:50]!r}.", where="label")
    if len(list_api_tokens(connection, person)) >= MAX_API_TOKENS:
        raise ConflictError(f"you have {MAX_API_TOKENS} tokens. Revoke one first.", reason="too_many_tokens")
    return new_token(connection, now, kind="api", account=person.account, label=label)


def revoke_api_token(connection: Connection, person: Person, token_id: int) -> None:
    """End one of the person's API tokens at once. Raises NotFoundError."""
    revoked = connection.execute(
        sa.delete(token).where(token.c.id == token_id, token.c.account == person.account, token.c.kind == "api")
    )
    if not revoked.rowcount:
        raise NotFoundError("there is no such token.")


# Passwords and the back-off.


def attempt_of(kind: str, subject: str) -> str:
    """The key under which failures are counted: no address is stored in the clear."""
    return f"{kind}:{hashlib.sha256(subject.encode()).hexdigest()}"


def network_of(address: str) -> str:
    """What counts as one origin: an IPv4 address, or an IPv6 customer's /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def check_wait(connection: Connection, email: str, address: str, now: int) -> None:
    """Raises RateLimitedError while the e-mail address or the client's network has to wait."""
    subjects = _subjects(email, address)
    rows = connection.execute(_ATTEMPTS, {"subjects": sorted(subjects)})
    waits = [wait_for(row.failures, row.last_at, now, FREE[subjects[row.subject]]) for row in rows]
    if (wait := max(waits, default=0)) > 0:
        raise RateLimitedError(
            f"too many failed attempts to sign in. Wait {wait} seconds, or ask for a sign-in link.", seconds=wait
        )


def claim_attempt(connection: Connection, email: str, address: str, now: int) -> None:
    """Count an attempt in advance. Raises RateLimitedError while either subject has to wait; nothing is counted then.

    A successful sign-in takes the count back by `forget_attempts`.
    """
    check_wait(connection, email, address, now)
    counted = [{"subject": subject, "now": now} for subject in sorted(_subjects(email, address))]
    connection.execute(_COUNT[connection.dialect.name], counted)


def _subjects(email: str, address: str) -> dict[str, str]:
    """What an attempt counts against, and of which kind each is."""
    return {attempt_of("email", email): "email", attempt_of("address", network_of(address)): "address"}


def wait_for(failures: int, last_at: int, now: int, free: int) -> int:
    """Whole seconds still to wait: none for the first `free` failures, then 1, 2, 4 ... MAX_WAIT after the last."""
    if failures < free:
        return 0
    pause = min(MAX_WAIT, 1 << min(failures - free, 20))
    return max(0, math.ceil(pause - (now - last_at) / 1000))


def forget_attempts(connection: Connection, email: str, address: str) -> None:
    """After a success: the e-mail address starts afresh, the client address gets its one attempt back."""
    connection.execute(sa.delete(sign_in_attempt).where(sign_in_attempt.c.subject == attempt_of("email", email)))
    connection.execute(
        sa.update(sign_in_attempt)
        .where(
            sign_in_attempt.c.subject == attempt_of("address", network_of(address)),
            sign_in_attempt.c.failures > 0,
        )
        .values(failures=sign_in_attempt.c.failures - 1)
    )


def find_for_sign_in(connection: Connection, email: str) -> tuple[int, str | None] | None:
    """(account, password hash) of an active account, or None."""
    row = connection.execute(_BY_EMAIL, {"email": email}).one_or_none()
    return (row.id, row.password_hash) if row is not None and row.active else None
