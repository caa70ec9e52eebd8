"""Oversight: what the engine does, what waits for a person, what it costs and how good it is."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from goldwork.services import oversight
from goldwork.services.oversight import Oversight, Tracks
from goldwork.web.context import Request, for_member

After = Annotated[int, QueryParameter(description="Annotators of the pages before.", ge=0, le=2**31 - 1)]


class OversightController(Controller):
    """`/projects/{p}/oversight`."""

    tags = ("oversight",)

    @get("/projects/{project_id:int}/oversight", operation_id="getOversight", opt=for_member("manager"))
    async def show(self, request: Request, project_id: FromPath[int]) -> Oversight:
        """The engine's work in figures, and what waits for a person."""
        return await request.server.read(oversight.oversee, request.server.database, project_id)

    @get("/projects/{project_id:int}/oversight/people", operation_id="listTracks", opt=for_member("manager"))
    async def people(self, request: Request, project_id: FromPath[int], after: After = 0) -> Tracks:
        """Annotators on gold over time, those with the strongest evidence first."""
        return await request.server.read(oversight.tracks, project_id, after)
