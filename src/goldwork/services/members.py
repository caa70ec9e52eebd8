"""Members: who has a part in a project, and which. Joining, changing and leaving are events of the project's log.

**Invariant: a project never loses its last manager, except when that person is erased.**
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, NotFoundError
from goldwork.services import attributes, blinding
from goldwork.services.access import RANK, Member, Role
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.schema import account, annotator, annotator_state, member


class MemberRow(msgspec.Struct, frozen=True):
    """One member, as managers see them. `judgements`: answers given here."""

    account: int
    name: str
    email: str | None
    pseudonym: str
    role: Role
    joined_at: int
    judgements: int
    active: bool


_ALL = (
    sa.select(
        account.c.id,
        account.c.name,
        account.c.email,
        annotator.c.pseudonym,
        member.c.role,
        member.c.joined_at,
        annotator_state.c.body,
        account.c.active,
    )
    .select_from(
        member.join(account, account.c.id == member.c.account)
        .join(annotator, annotator.c.account == account.c.id)
        .outerjoin(
            annotator_state,
            (annotator_state.c.annotator == annotator.c.id) & (annotator_state.c.project == member.c.project),
        )
    )
    .where(member.c.project == bind("project"))
    .order_by(member.c.joined_at, account.c.id)
)
_ROLE = sa.select(member.c.role).where(member.c.project == bind("project"), member.c.account == bind("account"))
_OTHER_MANAGER = (
    sa.select(member.c.account)
    .join(account, account.c.id == member.c.account)
    .where(
        member.c.project == bind("project"),
        member.c.account != bind("account"),
        member.c.role == "manager",
        account.c.active,
    )
    .limit(1)
)


def first_manager(connection: Connection, project_id: int) -> int:
    """The account that has managed the project longest, in whose name the command line acts. Raises NotFoundError."""
    rows = connection.execute(_ALL, {"project": project_id})
    found = next((row.id for row in rows if row.role == "manager" and row.active), None)
    if found is None:
        raise NotFoundError("this project has no manager.")
    return int(found)


def list_members(connection: Connection, mine: Member) -> list[MemberRow]:
    """Everybody in the project, in the order they came."""
    mine.require("manager")
    return [
        MemberRow(*row[:6], judgements=_answers(row[6]), active=row[7])
        for row in connection.execute(_ALL, {"project": mine.project})
    ]


def _answers(state: str | None) -> int:
    return int(msgspec.json.decode(state).get("answer", 0)) if state else 0


def join(connection: Connection, database: Database, project_id: int, account_id: int, role: Role, by: int) -> None:
    """Make the account a member; a member keeps the higher of both roles. `by`: the account it happens by.

    Raises ForbiddenError for whoever may not judge in a blind comparison.
    """
    log = Log(connection, database, project_id)  # takes the project's row lock: nobody else joins meanwhile
    if role != "manager" and (of := blinding.origin(connection, project_id)):
        who = connection.execute(sa.select(annotator.c.id).where(annotator.c.account == account_id)).scalar_one()
        if refused := blinding.refusal(connection, of, who):
            raise refused
    present = _role(connection, project_id, account_id)
    if present is None:
        values = {"project": project_id, "account": account_id, "role": role, "joined_at": log.now}
        connection.execute(sa.insert(member).values(values))
    elif RANK[role] > RANK[present]:
        connection.execute(_of(sa.update(member), project_id, account_id).values(role=role))
    else:
        return
    log.add("member", {"account": account_id, "role": role, "by": by})
    log.flush()


def set_role(connection: Connection, database: Database, mine: Member, account_id: int, role: Role) -> None:
    """Give a member another role. Raises NotFoundError, ConflictError `last_manager`."""
    _change(connection, database, mine, account_id, role)


def remove(connection: Connection, database: Database, mine: Member, account_id: int) -> None:
    """End a membership at once. What the person judged stays, what they said of themselves does not.

    Raises NotFoundError, ConflictError `last_manager`.
    """
    _change(connection, database, mine, account_id, None)


def _change(connection: Connection, database: Database, mine: Member, account_id: int, role: Role | None) -> None:
    mine.require("manager")
    log = Log(connection, database, mine.project)
    present = _role(connection, mine.project, account_id)
    if present is None:
        raise NotFoundError("there is no such member.")
    if present == role:
        return
    if present == "manager" and not _has_other_manager(connection, mine.project, account_id):
        raise ConflictError("this is the project's only manager. Make another one first.", reason="last_manager")
    if role is None:
        connection.execute(_of(sa.delete(member), mine.project, account_id))
        of = connection.execute(sa.select(annotator.c.id).where(annotator.c.account == account_id)).scalar_one()
        attributes.forget_person(connection, of, mine.project)
    else:
        connection.execute(_of(sa.update(member), mine.project, account_id).values(role=role))
    log.add("member", {"account": account_id, "role": role, "by": mine.person.account})
    log.flush()


def _of(statement: Any, project_id: int, account_id: int) -> Any:
    return statement.where(member.c.project == project_id, member.c.account == account_id)


def _role(connection: Connection, project_id: int, account_id: int) -> Role | None:
    where = {"project": project_id, "account": account_id}
    role: Role | None = connection.execute(_ROLE, where).scalar_one_or_none()
    return role


def _has_other_manager(connection: Connection, project_id: int, account_id: int) -> bool:
    where = {"project": project_id, "account": account_id}
    return connection.execute(_OTHER_MANAGER, where).first() is not None
