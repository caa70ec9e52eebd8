"""Who has a part in a project, and invitations into it."""

from __future__ import annotations

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from goldwork.services import links, members
from goldwork.services.access import Member, Role
from goldwork.services.links import Invitation
from goldwork.services.members import MemberRow
from goldwork.store.database import Connection
from goldwork.web.account import link_url
from goldwork.web.context import Request, for_member, now_ms
from goldwork.web.session import Text


class Members(msgspec.Struct, frozen=True):
    """A project's members and its open invitations."""

    members: list[MemberRow]
    invitations: list[Invitation]


class NewInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite: the address is a note, nothing is sent to it."""

    role: Role
    email: Text | None = None


class MadeInvitation(msgspec.Struct, frozen=True):
    """An invitation's link to pass on, shown this once."""

    id: int
    link: str
    expires_at: int


class RoleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The member's new role."""

    role: Role


class MembersController(Controller):
    """`/projects/{p}/members`, `/projects/{p}/invitations`."""

    tags = ("members",)

    @get("/projects/{project_id:int}/members", operation_id="listMembers", opt=for_member("manager"))
    async def index(self, request: Request) -> Members:
        """Everybody in the project, and who is invited."""
        return await request.server.read(_list, request.member)

    @post(
        "/projects/{project_id:int}/invitations",
        operation_id="createInvitation",
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def invite(self, request: Request, data: JSONBody[NewInvitation]) -> MadeInvitation:
        """A one-time link into the project."""
        made = await request.server.write(links.invite, request.member.project, data.role, data.email, now_ms())
        return MadeInvitation(made.id, link_url(request, made.secret), made.expires_at)

    @delete(
        "/projects/{project_id:int}/invitations/{invitation_id:int}",
        operation_id="withdrawInvitation",
        opt=for_member("manager"),
    )
    async def withdraw(self, request: Request, invitation_id: FromPath[int]) -> None:
        """End an invitation that was not used."""
        await request.server.write(links.withdraw, request.member, invitation_id)

    @patch(
        "/projects/{project_id:int}/members/{account_id:int}",
        operation_id="updateMember",
        status_code=204,
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def update(self, request: Request, account_id: FromPath[int], data: JSONBody[RoleChange]) -> None:
        """Give a member another role."""
        server = request.server
        await server.write(members.set_role, server.database, request.member, account_id, data.role)

    @delete(
        "/projects/{project_id:int}/members/{account_id:int}",
        operation_id="removeMember",
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def remove(self, request: Request, account_id: FromPath[int]) -> None:
        """End a membership at once; what the person judged stays."""
        server = request.server
        await server.write(members.remove, server.database, request.member, account_id)


def _list(connection: Connection, mine: Member) -> Members:
    return Members(members.list_members(connection, mine), links.list_invitations(connection, mine.project, now_ms()))
