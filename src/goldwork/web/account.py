"""One's own account and API tokens; the accounts of the server, for administrators."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from goldwork.errors import ForbiddenError
from goldwork.services import accounts, links, signin
from goldwork.services.accounts import Account
from goldwork.services.signin import ApiToken
from goldwork.web.context import Request, for_administrator, for_person, now_ms
from goldwork.web.session import Session, Text, session_of


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password, with the old one where there is one."""

    new: Text
    old: Text | None = None


class AccountChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; an empty e-mail address takes it away."""

    name: Text | UnsetType = UNSET
    email: Text | UnsetType | None = UNSET
    password: NewPassword | UnsetType = UNSET


class ApiTokens(msgspec.Struct, frozen=True):
    """One's API tokens."""

    tokens: list[ApiToken]


class NewApiToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the token is for, in its owner's words."""

    label: Text


class MadeApiToken(msgspec.Struct, frozen=True):
    """A new API token, shown this once."""

    id: int
    token: str


class Accounts(msgspec.Struct, frozen=True):
    """Everybody on this server."""

    accounts: list[Account]


class SharedLink(msgspec.Struct, frozen=True):
    """A one-time link to pass on, shown this once."""

    link: str
    expires_at: int


def link_url(request: Request, secret: str) -> str:
    """A one-time link's address, by the name under which this request came."""
    return f"{request.server.settings.url_for(request.headers.get('host', ''))}/link#{secret}"


class AccountController(Controller):
    """`/account`, `/tokens`, `/accounts`."""

    tags = ("account",)

    @patch("/account", operation_id="updateAccount", opt=for_person(session=True) | {"errors": (409, 429)})
    async def update(self, request: Request, data: JSONBody[AccountChange]) -> Session:
        """Change one's name, e-mail address or password. A new password signs out everywhere else."""
        server, person = request.server, request.person
        changes: dict[str, Any] = {}
        if data.name is not UNSET:
            changes["name"] = data.name
        if data.email is not UNSET:
            changes["email"] = data.email
        if data.password is not UNSET:
            changes["password_hash"] = await _new_hash(request, data.password)
        await server.write(accounts.update_account, person, changes)
        return await server.read(session_of, server, person.account)

    @get("/tokens", operation_id="listTokens", opt=for_person(session=True))
    async def tokens(self, request: Request) -> ApiTokens:
        """One's API tokens."""
        return ApiTokens(await request.server.read(signin.list_api_tokens, request.person))

    @post("/tokens", operation_id="createToken", opt=for_person(session=True) | {"errors": (409,)})
    async def create_token(self, request: Request, data: JSONBody[NewApiToken]) -> MadeApiToken:
        """A new API token; it may do what its owner may, except change the account."""
        made = await request.server.write(signin.create_api_token, request.person, data.label, now_ms())
        return MadeApiToken(*made)

    @delete("/tokens/{token_id:int}", operation_id="revokeToken", opt=for_person(session=True) | {"errors": (404,)})
    async def revoke_token(self, request: Request, token_id: FromPath[int]) -> None:
        """End an API token at once."""
        await request.server.write(signin.revoke_api_token, request.person, token_id)

    @get("/accounts", operation_id="listAccounts", opt=for_administrator())
    async def accounts(self, request: Request) -> Accounts:
        """Everybody on this server."""
        return Accounts(await request.server.read(accounts.list_accounts))

    @post(
        "/accounts/{account_id:int}/link",
        operation_id="createSignInLink",
        status_code=200,
        opt=for_administrator() | {"errors": (404, 409)},
    )
    async def sign_in_link(self, request: Request, account_id: FromPath[int]) -> SharedLink:
        """A one-time link for somebody who cannot sign in any more."""
        made = await request.server.write(links.make_sign_in_link, account_id, now_ms())
        return SharedLink(link_url(request, made.secret), made.expires_at)

    @post(
        "/accounts/{account_id:int}/deactivate",
        operation_id="deactivateAccount",
        status_code=204,
        opt=for_administrator() | {"errors": (404, 409)},
    )
    async def deactivate(self, request: Request, account_id: FromPath[int]) -> None:
        """Shut an account: whoever is signed in with it is out at once."""
        await request.server.write(accounts.deactivate, account_id)


async def _new_hash(request: Request, password: NewPassword) -> str:
    """The new password's hash, once the old one fits. Wrong ones count as failed attempts to sign in."""
    server, person = request.server, request.person
    if person.has_password:
        email, address = f"account {person.account}", request.address
        await server.write(signin.claim_attempt, email, address, now_ms())
        stored = await server.read(accounts.password_of, person.account)
        if not await server.hash(accounts.verify_password, password.old or "", stored):
            raise ForbiddenError("the old password is another one.", reason="wrong_password")
        await server.write(signin.forget_attempts, email, address)
    return await server.hash(accounts.hash_password, password.new)
