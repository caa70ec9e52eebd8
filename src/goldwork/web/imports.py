"""Uploads, imports and batches."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from goldwork.services import exchange_in, forms, ingest, uploads
from goldwork.services.access import Member
from goldwork.services.ingest import Batch
from goldwork.services.jobs import Job
from goldwork.services.uploads import Look
from goldwork.store.database import Connection
from goldwork.tasks.questions import ProjectForm
from goldwork.web.context import Request, Server, for_member
from goldwork.web.receiving import FileName, receive
from goldwork.web.session import Text

MAX_COLUMNS = 1000


class NewImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to import of an upload. `fields`: column by field; without `id` items are numbered by row.

    `kind`: who made judgements where no column says so; a model's are predictions, to be suggested to people.

    `exchange`: items and answers of another tool's file, in the format called `format`; its annotators get pseudonyms,
    or with `names` keep their names, but for e-mail addresses.

    `gold`: an item a row, a column for each question's answer, `reason`, and `kind` (gold, trap or training).
    """

    file: Text
    what: Literal["items", "judgements", "exchange", "gold"] = "items"
    id: Text | None = None
    fields: Annotated[dict[str, Text], msgspec.Meta(max_length=MAX_COLUMNS)] = {}
    batch: Text = ""
    existing: Literal["error", "skip"] = "error"
    kind: Literal["human", "model"] | UnsetType = UNSET
    format: Text = ""
    names: bool = False


class Batches(msgspec.Struct, frozen=True):
    """A project's batches, newest first."""

    batches: list[Batch]


class ImportsController(Controller):
    """`/projects/{p}/files`, `/imports`, `/batches`."""

    tags = ("imports",)

    @post(
        "/projects/{project_id:int}/files",
        operation_id="uploadFile",
        opt=for_member("manager") | {"takes": "application/octet-stream"},
        request_max_body_size=uploads.MAX_UPLOAD,
    )
    async def upload(self, request: Request, project_id: FromPath[int], name: FileName = "upload") -> Look:
        """Send a file (CSV, TSV, JSON Lines, Parquet, another tool's, also packed by gzip) and see what is in it."""
        server = request.server
        form = await server.read(forms.current_form, project_id)
        file = await receive(request, partial(uploads.Upload, server.home, project_id, name))
        return await server.thread(_look, server, project_id, file, form)

    @post("/projects/{project_id:int}/imports", operation_id="startImport", status_code=202, opt=for_member("manager"))
    async def start(self, request: Request, data: JSONBody[NewImport]) -> Job:
        """Begin to import an upload. Either all of it comes in, or nothing."""
        return await request.server.write(_start, request.server, request.member, data)

    @get("/projects/{project_id:int}/batches", operation_id="listBatches", opt=for_member("manager"))
    async def batches(self, request: Request, project_id: FromPath[int]) -> Batches:
        """What was imported."""
        return Batches(await request.server.read(ingest.list_batches, project_id))


def _look(server: Server, project_id: int, file: str, form: ProjectForm) -> Look:
    """What the upload holds; one that cannot be read is not kept."""
    try:
        return uploads.look(server.home, project_id, file, form)
    except Exception:
        uploads.remove_upload(server.home, project_id, file)
        raise


def _start(connection: Connection, server: Server, mine: Member, data: NewImport) -> Job:
    if data.what == "exchange":
        given = exchange_in.Request(data.file, data.format, data.batch, data.existing, data.names)
        return exchange_in.start(connection, server.database, server.home, mine.project, given, mine.person.account)
    kind = "human" if data.kind is UNSET else data.kind
    asked = ingest.Request(data.file, data.what, data.id, data.fields, data.batch, data.existing, kind=kind)
    return ingest.start(connection, server.database, server.home, mine.project, asked, mine.person.account)
