"""Exports: begun as a job, fetched as a file."""

from __future__ import annotations

import mimetypes
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import File

from goldwork.services import exchange_out, export
from goldwork.services.exchange_out import Offer
from goldwork.services.jobs import Job
from goldwork.web.context import Request, for_member

Word = Annotated[str, msgspec.Meta(max_length=100)]
Words = Annotated[tuple[Word, ...], msgspec.Meta(max_length=50)]


class NewExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to export, and as what."""

    what: Literal["judgements", "consensus", "items", "groups", "reviews"]
    format: Literal["csv", "jsonl", "parquet"] = "csv"


class NewExchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole project in another tool's format. `answers`: by default all, where the format holds several.

    The rest stands on the card of a dataset.
    """

    format: Word
    answers: Literal["all", "consensus"] | None = None
    licence: Word = ""
    languages: Words = ()
    tags: Words = ()


class Offers(msgspec.Struct, frozen=True):
    """Formats of other tools, those that hold something of the project first."""

    formats: list[Offer]


class ExportsController(Controller):
    """`/projects/{p}/exports` and `/formats`."""

    tags = ("exports",)

    @post("/projects/{project_id:int}/exports", operation_id="startExport", status_code=202, opt=for_member("manager"))
    async def start(self, request: Request, project_id: FromPath[int], data: JSONBody[NewExport]) -> Job:
        """Begin to write an export; what it holds is what stood when it began."""
        server = request.server
        asked = export.Request(data.what, data.format)
        return await server.write(export.start, server.database, project_id, asked)

    @get("/projects/{project_id:int}/formats", operation_id="listFormats", opt=for_member("manager"))
    async def formats(self, request: Request, project_id: FromPath[int]) -> Offers:
        """Formats of other tools, and what each cannot hold of the project."""
        return Offers(await request.server.read(exchange_out.offers, project_id))

    @post(
        "/projects/{project_id:int}/formats", operation_id="startExchange", status_code=202, opt=for_member("manager")
    )
    async def exchange(self, request: Request, project_id: FromPath[int], data: JSONBody[NewExchange]) -> Job:
        """Begin to write the project in another tool's format; it is fetched as every export is."""
        server = request.server
        asked = exchange_out.Request(data.format, data.answers, data.licence, data.languages, data.tags)
        return await server.write(exchange_out.start, server.database, project_id, asked)

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
