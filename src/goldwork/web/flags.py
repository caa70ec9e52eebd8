"""Flags: what the worker found worth a look, with its evidence."""

from __future__ import annotations

from litestar import Controller, get

from goldwork.services import watching
from goldwork.web.context import Request, for_member


class FlagsController(Controller):
    """`/projects/{p}/flags`."""

    tags = ("flags",)

    @get("/projects/{project_id:int}/flags", operation_id="listFlags", opt=for_member("manager"))
    async def index(self, request: Request) -> watching.Flags:
        """The latest findings of flags about people, items and classes, the strongest first."""
        return await request.server.read(watching.read_flags, request.member.project)
