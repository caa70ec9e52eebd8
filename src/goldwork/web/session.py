"""Signing in and out, the notice, one-time links."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

import goldwork
from goldwork.errors import ConflictError, UnauthenticatedError
from goldwork.services import access, accounts, links, notice, signin
from goldwork.services.access import Role
from goldwork.store.database import Connection, Database
from goldwork.web.context import Request, Server, for_anyone, for_person, now_ms

COOKIE_SECONDS = 400 * 86_400
"""How long a browser keeps the cookie. The session's own end is the server's business, and moves with its use."""

Text = Annotated[str, msgspec.Meta(max_length=2000)]


class Me(msgspec.Struct, frozen=True):
    """Who is signed in."""

    id: int
    name: str
    email: str | None
    administrator: bool
    has_password: bool
    may_create_projects: bool


class Notice(msgspec.Struct, frozen=True):
    """The notice in force, as Markdown."""

    version: int
    text: str
    accepted: bool


class About(msgspec.Struct, frozen=True):
    """The server. `insecure`: reached over plain HTTP from other machines."""

    version: str
    insecure: bool


class Session(msgspec.Struct, frozen=True):
    """Who is signed in, if anybody, and what the front end needs before anything else."""

    account: Me | None
    notice: Notice
    server: About


class Joined(Session, frozen=True):
    """The session after a link was used. `project_id`: where it led."""

    project_id: int | None


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail address and password."""

    email: Text
    password: Text


class Accept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version of the notice that was read."""

    version: int


class LinkToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands behind the # of a link."""

    token: Text


class UseLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link's token and, where an account is needed, what it is made of."""

    token: Text
    name: Text | None = None
    email: Text | None = None
    password: Text | None = None


class LinkInfo(msgspec.Struct, frozen=True):
    """What a link is for. `needs_account`: using it makes an account, so a name is needed."""

    kind: Literal["administrator", "invitation", "sign-in"]
    project: str | None
    role: Role | None
    email: str | None
    needs_account: bool
    expires_at: int


def session_of(connection: Connection, server: Server, account_id: int | None) -> Session:
    """The session as the front end sees it, read anew."""
    me, accepted = None, False
    if account_id is not None:
        found = access.person_of(connection, account_id)
        accepted = found.accepted
        me = Me(
            found.account,
            found.name,
            found.email,
            found.administrator,
            found.has_password,
            access.may_create(connection, found),
        )
    return Session(
        account=me,
        notice=Notice(notice.VERSION, notice.text(), accepted),
        server=About(goldwork.__version__, server.settings.insecure),
    )


def session_cookie(server: Server, token: str) -> Cookie:
    """The cookie that carries a session; an empty token takes it away."""
    return Cookie(
        key=server.settings.cookie,
        value=token,
        max_age=COOKIE_SECONDS if token else 0,
        path="/",
        httponly=True,
        secure=server.settings.secure,
        samesite="strict",
    )


class SessionController(Controller):
    """`/session`, `/notice`, `/link`."""

    tags = ("session",)

    @get("/session", operation_id="getSession", opt=for_anyone())
    async def show(self, request: Request) -> Session:
        """Who is signed in; also when nobody is."""
        caller = request.caller
        return await request.server.read(session_of, request.server, caller.account if caller else None)

    @post("/session", operation_id="signIn", opt=for_anyone() | {"errors": (401, 429)})
    async def sign_in(self, request: Request, data: JSONBody[SignIn]) -> Response[Session]:
        """Sign in with e-mail address and password."""
        server = request.server
        email = data.email.strip().lower()
        await server.read(signin.check_wait, email, request.address, now_ms())  # a flood stays off the writer
        await server.write(_claim, server.database, email, request.address)
        found = await server.read(signin.find_for_sign_in, email)
        fits = await server.hash(accounts.verify_password, data.password, found[1] if found else None)
        if not fits or found is None:
            raise UnauthenticatedError("this e-mail address and password do not fit together.")
        token = await server.write(_begin, server.database, found[0], email, request.address)
        body = await server.read(session_of, server, found[0])
        return Response(body, cookies=[session_cookie(server, token)])

    @delete("/session", operation_id="signOut", opt=for_person())
    async def sign_out(self, request: Request) -> Response[None]:
        """Sign out: the session ends at once."""
        await request.server.write(signin.end_session, request.person)
        return Response(None, cookies=[session_cookie(request.server, "")])

    @post("/notice", operation_id="acceptNotice", status_code=200, opt=for_person() | {"errors": (409,)})
    async def accept(self, request: Request, data: JSONBody[Accept]) -> Session:
        """Accept the notice."""
        if data.version != notice.VERSION:
            raise ConflictError(
                f"the notice in force is version {notice.VERSION}. Read it again.", reason="notice_changed"
            )
        server, person = request.server, request.person
        await server.write(accounts.accept_notice, person, notice.VERSION, now_ms())
        return await server.read(session_of, server, person.account)

    @post("/link", operation_id="lookAtLink", status_code=200, opt=for_anyone() | {"errors": (404,)})
    async def look_at(self, request: Request, data: JSONBody[LinkToken]) -> LinkInfo:
        """What a one-time link is for; this does not use it."""
        found = await request.server.read(links.look_at, data.token, now_ms())
        needs_account = found.kind != "sign-in" and request.caller is None
        return LinkInfo(found.kind, found.project, found.role, found.email, needs_account, found.expires_at)

    @post("/link/use", operation_id="useLink", opt=for_anyone() | {"errors": (404, 409)})
    async def use(self, request: Request, data: JSONBody[UseLink]) -> Response[Joined]:
        """Use a one-time link: sign in by it, or join with the present account or a new one."""
        server = request.server
        await server.read(links.look_at, data.token, now_ms())  # whoever has no link costs us no hashing
        hashed = await server.hash(accounts.hash_password, data.password) if data.password else None
        used = await server.write(
            links.use,
            server.database,
            data.token,
            request.caller,
            name=data.name,
            email=data.email,
            password_hash=hashed,
        )
        body = await server.read(session_of, server, used.account)
        cookies = [session_cookie(server, used.session)] if used.session else []
        return Response(Joined(body.account, body.notice, body.server, used.project), cookies=cookies)


def _claim(connection: Connection, database: Database, email: str, address: str) -> None:
    signin.claim_attempt(connection, email, address, database.now(connection))


def _begin(connection: Connection, database: Database, account_id: int, email: str, address: str) -> str:
    signin.forget_attempts(connection, email, address)
    return signin.start_session(connection, account_id, database.now(connection))
