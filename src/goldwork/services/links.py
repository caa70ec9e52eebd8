"""One-time links: the first administrator's, an invitation into a project, a way back in.

The token stands in the link's fragment, which no server and no log sees; the database has its hash. A link works
once: of two uses that race, the update of its row lets exactly one through.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services import members
from goldwork.services.access import Member, Person, Role, digest
from goldwork.services.accounts import create_account, find_account, read_email
from goldwork.services.signin import DAY, new_token, start_session
from goldwork.store.database import Database
from goldwork.store.schema import account, project, token

LIFETIME = {"administrator": DAY, "invitation": 14 * DAY, "sign-in": DAY}
"""How long a link of each kind works, milliseconds."""
MAX_INVITATIONS = 1000
Kind = Literal["administrator", "invitation", "sign-in"]


class Made(msgspec.Struct, frozen=True):
    """A new link: its secret is given once."""

    id: int
    secret: str
    expires_at: int


class Link(msgspec.Struct, frozen=True):
    """What a link is for."""

    id: int
    kind: Kind
    project_id: int | None
    project: str | None
    role: Role | None
    email: str | None
    account: int | None
    expires_at: int


class Used(msgspec.Struct, frozen=True):
    """What came of using a link. `session`: a new session's token, or None where the user was signed in already."""

    account: int
    session: str | None
    project: int | None


class Invitation(msgspec.Struct, frozen=True):
    """An invitation that waits to be used."""

    id: int
    role: Role
    email: str | None
    expires_at: int
    created_at: int


_FIND = (
    sa.select(
        token.c.id,
        token.c.administrator,
        token.c.account,
        token.c.project,
        project.c.name,
        token.c.role,
        token.c.email,
        token.c.expires_at,
    )
    .select_from(token.outerjoin(project, project.c.id == token.c.project))
    .where(
        token.c.hash == bind("hash"),
        token.c.kind == "link",
        token.c.used_at.is_(None),
        token.c.expires_at > bind("now"),
    )
)
_USE = sa.update(token).where(token.c.id == bind("link"), token.c.used_at.is_(None)).values(used_at=bind("now"))
_INVITATIONS = (
    sa.select(token.c.id, token.c.role, token.c.email, token.c.expires_at, token.c.created_at)
    .where(
        token.c.project == bind("project"),
        token.c.kind == "link",
        token.c.used_at.is_(None),
        token.c.expires_at > bind("now"),
    )
    .order_by(token.c.id)
)
_ACTIVE = sa.select(account.c.id).where(account.c.id == bind("account"), account.c.active)


def make_administrator_link(connection: Connection, now: int) -> Made:
    """A link that makes an administrator. Unused ones made before stop working."""
    connection.execute(sa.delete(token).where(token.c.kind == "link", token.c.administrator, token.c.used_at.is_(None)))
    return _make(connection, now, "administrator", administrator=True)


def make_sign_in_link(connection: Connection, account_id: int, now: int) -> Made:
    """A way back in for whoever has lost theirs. Raises NotFoundError, and ConflictError for an inactive account."""
    if not find_account(connection, account_id).active:
        raise ConflictError("this account is deactivated. Activate it first.", reason="inactive")
    return _make(connection, now, "sign-in", account=account_id)


def invite(connection: Connection, project_id: int, role: Role, email: str | None, now: int) -> Made:
    """A link into a project. Raises InputError for a bad address, ConflictError where too many are open."""
    if len(list_invitations(connection, project_id, now)) >= MAX_INVITATIONS:
        raise ConflictError(
            f"{MAX_INVITATIONS} invitations are open. Withdraw some first.", reason="too_many_invitations"
        )
    return _make(connection, now, "invitation", project=project_id, role=role, email=read_email(email))


def list_invitations(connection: Connection, project_id: int, now: int) -> list[Invitation]:
    """A project's open invitations, oldest first."""
    rows = connection.execute(_INVITATIONS, {"project": project_id, "now": now})
    return [Invitation(*row) for row in rows]


def withdraw(connection: Connection, inviter: Member, link_id: int) -> None:
    """End an invitation that was not used. Raises NotFoundError."""
    gone = connection.execute(
        sa.delete(token).where(
            token.c.id == link_id,
            token.c.project == inviter.project,
            token.c.kind == "link",
            token.c.used_at.is_(None),
        )
    )
    if not gone.rowcount:
        raise NotFoundError("there is no such invitation.")


def look_at(connection: Connection, secret: str, now: int) -> Link:
    """What a link is for, without using it. Raises NotFoundError: unknown, used and expired ones look the same."""
    row = connection.execute(_FIND, {"hash": digest(secret), "now": now}).one_or_none()
    if row is None:
        raise _gone()
    kind: Kind = "administrator" if row.administrator else "invitation" if row.project is not None else "sign-in"
    return Link(row.id, kind, row.project, row.name, row.role, row.email, row.account, row.expires_at)


def use(
    connection: Connection,
    database: Database,
    secret: str,
    person: Person | None,
    *,
    name: str | None = None,
    email: str | None = None,
    password_hash: str | None = None,
) -> Used:
    """Use a link: sign in by it, or join by it with `person`'s account or a new one called `name`.

    Raises NotFoundError (unknown, used, expired), InputError (a name is needed), ConflictError `email_taken`.
    """
    now = database.now(connection)
    link = look_at(connection, secret, now)
    if not connection.execute(_USE, {"link": link.id, "now": now}).rowcount:
        raise _gone()
    if link.kind == "sign-in":
        if connection.execute(_ACTIVE, {"account": link.account}).first() is None:
            raise _gone()
        assert link.account is not None
        return Used(link.account, start_session(connection, link.account, now), None)
    session = None
    if person is not None:
        joining = person.account
        if link.kind == "administrator":
            connection.execute(sa.update(account).where(account.c.id == joining).values(administrator=True))
    else:
        if name is None:
            raise InputError("say what you want to be called.", where="name")
        joining = create_account(
            connection,
            now,
            name=name,
            email=email or link.email,
            password_hash=password_hash,
            administrator=link.kind == "administrator",
        )
        session = start_session(connection, joining, now)
    if link.project_id is not None:
        assert link.role is not None
        members.join(connection, database, link.project_id, joining, link.role, joining)
    return Used(joining, session, link.project_id)


def _gone() -> NotFoundError:
    return NotFoundError("this link is not known, was used already, or has expired. Ask for a new one.")


def _make(connection: Connection, now: int, kind: Kind, **columns: Any) -> Made:
    until = now + LIFETIME[kind]
    link_id, secret = new_token(connection, now, kind="link", expires_at=until, **columns)
    return Made(link_id, secret, until)
