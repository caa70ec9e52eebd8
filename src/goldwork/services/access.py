"""Who asks, and what they may: the one door to a project's rows.

A `Person` is whoever a session or an API token stands for; a `Member` is a person inside one project. Services that
touch a project take a `Member`, and `member()` is the only place that makes one. Not there and not yours look the
same.

**Invariant: no row of a project is reached without a Member of that project in the same transaction or the one
before it.**
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from goldwork.services import notice
from goldwork.store.schema import account, annotator, member, project, token

Role = Literal["annotator", "adjudicator", "manager"]
RANK: dict[str, int] = {"annotator": 1, "adjudicator": 2, "manager": 3}
"""What a role may includes what the roles below it may."""

MAX_ID = 2**63 - 1
"""The largest key a database can hold: no row is called anything beyond."""


class Person(msgspec.Struct, frozen=True):
    """Whoever is signed in. Times in milliseconds since 1970 UTC."""

    account: int
    name: str
    email: str | None
    administrator: bool
    has_password: bool
    annotator: int
    notice_version: int | None
    token: int
    kind: str
    """`session` or `api`."""
    expires_at: int | None
    used_at: int | None

    @property
    def accepted(self) -> bool:
        """Whether the present notice was accepted."""
        return self.notice_version == notice.VERSION


class Member(msgspec.Struct, frozen=True):
    """A person inside a project, with the role they have there."""

    person: Person
    project: int
    role: Role

    def require(self, least: Role) -> Member:
        """This member. Raises ForbiddenError below the role `least`."""
        if RANK[self.role] < RANK[least]:
            raise ForbiddenError(f"this needs the role {least}; yours in this project is {self.role}.")
        return self


WHO: sa.Select[Any] = (
    sa.select(
        account.c.id,
        account.c.name,
        account.c.email,
        account.c.administrator,
        account.c.password_hash.is_not(None).label("has_password"),
        annotator.c.id.label("annotator"),
        annotator.c.notice_version,
        token.c.id.label("token"),
        token.c.kind,
        token.c.expires_at,
        token.c.used_at,
        member.c.role,
    )
    .select_from(
        token.join(account, account.c.id == token.c.account)
        .join(annotator, annotator.c.account == account.c.id)
        .outerjoin(member, (member.c.account == account.c.id) & (member.c.project == bind("project")))
    )
    .where(
        token.c.hash == bind("hash"),
        token.c.kind != sa.literal_column("'link'"),
        account.c.active,
    )
)
"""The person behind a token's hash, and their role in one project: one look-up by unique keys."""
_PERSON = (
    sa.select(
        account.c.id,
        account.c.name,
        account.c.email,
        account.c.administrator,
        account.c.password_hash.is_not(None),
        annotator.c.id,
        annotator.c.notice_version,
    )
    .join(annotator, annotator.c.account == account.c.id)
    .where(account.c.id == bind("account"), account.c.active)
)
_ROLE = sa.select(member.c.role).where(member.c.project == bind("project"), member.c.account == bind("account"))
_MANAGES = sa.select(member.c.project).where(member.c.account == bind("account"), member.c.role == "manager").limit(1)
_EXISTS = sa.select(project.c.id).where(project.c.id == bind("project"))


def digest(secret: str) -> bytes:
    """What is stored of a token: tokens are 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(secret.encode()).digest()


def read_person(row: Sequence[Any] | None, now: int) -> tuple[Person, Role | None] | None:
    """A row of `WHO` as a person and their role, or None where there is no such token or it has expired."""
    if row is None or (row[9] is not None and row[9] <= now):
        return None
    # SQLite's own connection gives truth values as numbers.
    return Person(row[0], row[1], row[2], bool(row[3]), bool(row[4]), *row[5:11]), row[11]


def who(connection: Connection, token_hash: bytes, now: int) -> Person | None:
    """The person whose session or API token has this hash, or None."""
    row = connection.execute(WHO, {"hash": token_hash, "project": 0}).one_or_none()
    found = read_person(row, now)
    return found[0] if found else None


def person_of(connection: Connection, account_id: int) -> Person:
    """The person of an active account, without a token: for what is said about them. Raises NotFoundError."""
    row: Any = connection.execute(_PERSON, {"account": account_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such account.")
    return Person(*[*row, 0, "", None, None])


def signed_in(person: Person | None) -> Person:
    """The person. Raises UnauthenticatedError where there is none."""
    if person is None:
        raise UnauthenticatedError("sign in first.")
    return person


def consenting(person: Person | None) -> Person:
    """The person, signed in and with the notice accepted. Raises ForbiddenError with reason `notice`."""
    person = signed_in(person)
    if not person.accepted:
        raise ForbiddenError("read and accept the notice first.", reason="notice")
    return person


def administrator(person: Person | None) -> Person:
    """The person, where they administrate this server."""
    person = consenting(person)
    if not person.administrator:
        raise ForbiddenError("this needs an administrator of this server.")
    return person


def admit(person: Person | None, project_id: int, role: Role | None) -> Member:
    """A member from what `WHO` said. Raises NotFoundError where the person has no part in the project."""
    person = consenting(person)
    if role is None:
        raise no_project()
    return Member(person, project_id, role)


def find_member(connection: Connection, person: Person | None, project_id: int, least: Role = "annotator") -> Member:
    """The person as a member of the project with at least the role `least`.

    Raises UnauthenticatedError, NotFoundError (no such project, or no part in it) or ForbiddenError.
    """
    person = consenting(person)
    role = None
    if project_id <= MAX_ID:
        where = {"project": project_id, "account": person.account}
        role = connection.execute(_ROLE, where).scalar_one_or_none()
    return admit(person, project_id, role).require(least)


def may_create(connection: Connection, person: Person) -> bool:
    """Whether the person may begin a project: administrators, and whoever manages one already."""
    return person.administrator or connection.execute(_MANAGES, {"account": person.account}).first() is not None


def no_project() -> NotFoundError:
    """What is said of a project that is not there, and of one that is somebody else's."""
    return NotFoundError("there is no such project.")


def operator(connection: Connection, project_id: int) -> int:
    """The project's id, for the command line, whose user owns the database. Raises NotFoundError."""
    if connection.execute(_EXISTS, {"project": project_id}).first() is None:
        raise no_project()
    return project_id
