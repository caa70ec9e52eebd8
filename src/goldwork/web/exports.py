"""Exports: begun as a job, fetched as a file."""

from __future__ import annotations

import mimetypes
from typing import Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import File

from goldwork.services import export
from goldwork.services.jobs import Job
from goldwork.web.context import Request, for_member


class NewExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to export, and as what."""

    what: Literal["judgements", "consensus", "items"]
    format: Literal["csv", "jsonl", "parquet"] = "csv"


class ExportsController(Controller):
    """`/projects/{p}/exports`."""

    tags = ("exports",)

    @post("/projects/{project_id:int}/exports", operation_id="startExport", status_code=202, opt=for_member("manager"))
    async def start(self, request: Request, project_id: FromPath[int], data: JSONBody[NewExport]) -> Job:
        """Begin to write an export; what it holds is what stood when it began."""
        server = request.server
        asked = export.Request(data.what, data.format)
        return await server.write(export.start, server.database, project_id, asked)

    @get(
        "/projects/{project_id:int}/exports/{job_id:int}",
        operation_id="getExport",
        opt=for_member("manager") | {"answers": ("application/octet-stream",)},
    )
    async def fetch(self, request: Request, project_id: FromPath[int], job_id: FromPath[int]) -> File:
        """The file of a finished export, as an attachment."""
        server = request.server
        path, name = await server.read(export.find_export, server.home, project_id, job_id)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return File(path, filename=name, media_type=kind, content_disposition_type="attachment")
