"""Whether the server answers."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Controller, get

import goldwork
from goldwork.services.accounts import any_account
from goldwork.web.context import Request, for_anyone


class Health(msgspec.Struct, frozen=True):
    """The server answers and reaches its database."""

    status: Literal["ok"]
    version: str


class HealthController(Controller):
    """`/health`."""

    tags = ("health",)

    @get("/health", operation_id="getHealth", opt=for_anyone())
    async def show(self, request: Request) -> Health:
        """Whether the server answers and reaches its database."""
        await request.server.read(any_account)
        return Health("ok", goldwork.__version__)
