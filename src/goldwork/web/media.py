"""Media by upload and by hash: told by their content, kept for ever in a browser's private cache, never executed.

A file is sent in pieces from the disk, and in part where a range is asked for, so that a player can move about in a
long sound. The gate adds `nosniff` and a sandbox to every answer.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from litestar import Controller, Response, get, post, route
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from goldwork.errors import NotFoundError
from goldwork.services import media, sounds
from goldwork.services.media import Medium
from goldwork.services.mirror import mirror
from goldwork.web.context import Request, Server, for_member
from goldwork.web.receiving import FileName, receive

PIECE = 2**18
"""Bytes read and sent at a time."""
CACHE = "private, max-age=31536000, immutable"
"""A file's address is the hash of its content."""
TYPES = (*media.TYPES.values(), *sounds.TYPES)

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class FileResponse(ASGIResponse):
    """A stored file, or the part of it that was asked for."""

    def __init__(self, server: Server, path: Path, medium: Medium) -> None:
        super().__init__(media_type=medium.type)
        self._server, self._path, self._medium = server, path, medium

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer with 200, 206, 304 or 416."""
        given: dict[bytes, bytes] = dict(scope["headers"])
        medium, etag = self._medium, f'"{self._medium.hash}"'
        headers = {
            "etag": etag,
            "cache-control": CACHE,
            "accept-ranges": "bytes",
            "content-disposition": f'inline; filename="{medium.hash[:16]}.{medium.type.partition("/")[2]}"',
        }
        status, first, last = 200, 0, medium.bytes - 1
        if etag in given.get(b"if-none-match", b"").decode("latin-1"):
            status, last = 304, -1
        elif given.get(b"if-range", etag.encode()) == etag.encode():
            asked = read_range(given.get(b"range", b"").decode("latin-1"), medium.bytes)
            if asked is not None:
                status, (first, last) = (206, asked) if asked[0] <= asked[1] else (416, (0, -1))
        if status in (206, 416):
            part = f"{first}-{last}" if status == 206 else "*"
            headers["content-range"] = f"bytes {part}/{medium.bytes}"
        if status != 304:
            headers |= {"content-type": medium.type, "content-length": str(last - first + 1)}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        if scope["method"] == "HEAD":  # type: ignore[typeddict-item]
            last = -1
        await self._send(first, last + 1, send)

    async def _send(self, place: int, end: int, send: Send) -> None:
        """The bytes from `place` until before `end`, and then the end of the answer."""
        while place < end:
            piece = await self._server.thread(_read, self._path, place, min(PIECE, end - place))
            if not piece:
                raise OSError(f"{self._path} is shorter than its row says")
            place += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def read_range(asked: str, size: int) -> tuple[int, int] | None:
    """The first and last byte of a `Range` header's one range; first > last where no byte is in it.

    None where there is nothing to heed: no header, another unit, several ranges, or none that can be read. Then the
    whole file is the answer.
    """
    found = _RANGE.fullmatch(asked.strip().replace(" ", ""))
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    if last and int(last) < int(first):
        return None
    return (int(first), min(int(last), size - 1) if last else size - 1)


def _read(path: Path, place: int, length: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(place)
        return stream.read(length)


class MediaController(Controller):
    """`/projects/{p}/media`."""

    tags = ("media",)

    @post(
        "/projects/{project_id:int}/media",
        operation_id="uploadMedia",
        opt=for_member("manager") | {"takes": "application/octet-stream"},
        request_max_body_size=media.MAX_SOUND,
    )
    async def upload(self, request: Request, project_id: FromPath[int], name: FileName = "") -> Medium:
        """Send an image (PNG, JPEG, WebP, GIF) or a sound (WAV, MP3, AAC, FLAC, Ogg, M4A, WebM), for items to name."""
        server = request.server
        medium = await receive(request, partial(media.Incoming, server.home, name))
        await server.write(media.record, server.database, project_id, [medium])
        return medium

    @route(
        "/projects/{project_id:int}/media/{content_hash:str}",
        http_method=["GET", "HEAD"],
        status_code=200,
        operation_id="getMedia",
        opt=for_member("annotator") | {"answers": TYPES},
    )
    async def file(self, request: Request, project_id: FromPath[int], content_hash: FromPath[str]) -> FileResponse:
        """An image or a sound of the project; `Range` asks for a part."""
        server = request.server
        found = await server.read(media.find, project_id, content_hash)
        return FileResponse(server, server.home.media_file(found.hash), found)

    @get(
        "/projects/{project_id:int}/media/{content_hash:str}/mirrored",
        operation_id="getMirrored",
        opt=for_member("adjudicator") | {"answers": tuple(media.TYPES.values())},
    )
    async def mirrored(
        self, request: Request, project_id: FromPath[int], content_hash: FromPath[str]
    ) -> Response[bytes]:
        """An image of the project in a mirror, as a trap would show it."""
        server = request.server
        found = await server.read(media.find, project_id, content_hash)
        if not found.is_shown_as("image"):
            raise NotFoundError("there is no such image.")
        body = await server.thread(lambda: mirror(server.home.media_file(found.hash).read_bytes()))
        return Response(body, media_type=found.type, headers={"cache-control": CACHE})
