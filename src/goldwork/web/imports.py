"""Uploads, imports and batches; images by upload and by hash."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from goldwork.services import forms, ingest, media, uploads
from goldwork.services.access import Member
from goldwork.services.ingest import Batch
from goldwork.services.jobs import Job
from goldwork.services.media import Image
from goldwork.services.uploads import Look
from goldwork.store.database import Connection
from goldwork.tasks.questions import ProjectForm
from goldwork.web.context import Request, Server, for_member
from goldwork.web.session import Text

PIECE = 2**20
"""Bytes of an upload written at a time, in a thread."""
MAX_COLUMNS = 1000
IMAGE_CACHE = "private, max-age=31536000, immutable"
"""An image's address is the hash of its content."""

FileName = Annotated[str, QueryParameter(description="The file's name.", max_length=500)]


class NewImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to import of an upload. `fields`: column by field; without `id` items are numbered by row.

    `kind`: who made judgements where no column says so; a model's are predictions, to be suggested to people.
    """

    file: Text
    what: Literal["items", "judgements"] = "items"
    id: Text | None = None
    fields: Annotated[dict[str, Text], msgspec.Meta(max_length=MAX_COLUMNS)] = {}
    batch: Text = ""
    existing: Literal["error", "skip"] = "error"
    kind: Literal["human", "model"] | UnsetType = UNSET


class Batches(msgspec.Struct, frozen=True):
    """A project's batches, newest first."""

    batches: list[Batch]


class ImportsController(Controller):
    """`/projects/{p}/files`, `/media`, `/imports`, `/batches`."""

    tags = ("imports",)

    @post(
        "/projects/{project_id:int}/files",
        operation_id="uploadFile",
        opt=for_member("manager") | {"takes": "application/octet-stream"},
        request_max_body_size=uploads.MAX_UPLOAD,
    )
    async def upload(self, request: Request, project_id: FromPath[int], name: FileName = "upload") -> Look:
        """Send a file (CSV, TSV, JSON Lines, Parquet, also packed by gzip) and see what is in it."""
        server = request.server
        form = await server.read(forms.current_form, project_id)
        incoming = await server.thread(uploads.Upload, server.home, project_id, name)
        try:
            piece = bytearray()
            async for chunk in request.stream():
                piece += chunk
                if len(piece) >= PIECE:
                    await server.thread(incoming.write, bytes(piece))
                    piece.clear()
            await server.thread(incoming.write, bytes(piece))
            file = await server.thread(incoming.finish)
        except BaseException:
            incoming.abort()
            raise
        return await server.thread(_look, server, project_id, file, form)

    @post(
        "/projects/{project_id:int}/media",
        operation_id="uploadImage",
        opt=for_member("manager") | {"takes": "application/octet-stream"},
        request_max_body_size=media.MAX_BYTES,
    )
    async def upload_image(self, request: Request, project_id: FromPath[int], name: FileName = "") -> Image:
        """Send an image (PNG, JPEG, WebP, GIF), to be named by imported items."""
        server = request.server
        data = await request.body()
        image = await server.thread(media.check, data, name)
        await server.thread(media.keep, server.home, data, image)
        await server.write(media.record, server.database, project_id, [image])
        return image

    @get(
        "/projects/{project_id:int}/media/{content_hash:str}",
        operation_id="getImage",
        opt=for_member("annotator") | {"answers": ("image/png", "image/jpeg", "image/webp", "image/gif")},
    )
    async def image(self, request: Request, project_id: FromPath[int], content_hash: FromPath[str]) -> Response[bytes]:
        """An image of the project."""
        server = request.server
        found = await server.read(media.find, project_id, content_hash)
        data = await server.thread(server.home.media_file(found.hash).read_bytes)
        headers = {"cache-control": IMAGE_CACHE}
        return Response(data, media_type=found.type, headers=headers)

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
    kind = "human" if data.kind is UNSET else data.kind
    asked = ingest.Request(data.file, data.what, data.id, data.fields, data.batch, data.existing, kind=kind)
    return ingest.start(connection, server.database, server.home, mine.project, asked, mine.person.account)
