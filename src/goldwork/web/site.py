"""The built front end: one page for every address that is not the API's, and its assets.

The files are small and never change while the server runs, so they are held in memory, compressed once.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import Any

import msgspec
from litestar.types import Receive, Scope, Send

from goldwork.web.security import refuse

STATIC = Path(__file__).parent / "static"
COMPRESSED = (".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".map")
IMMUTABLE = b"public, max-age=31536000, immutable"
NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>goldwork</title>
<h1>The pages are not built</h1>
<p>The server runs, and its API answers under /api. The front end is missing from this installation.</p>
<p>In a clone of the repository run <code>make frontend</code>, then start the server again.
From a package: install goldwork again.</p></html>"""


class Page(msgspec.Struct, frozen=True):
    """One file, ready to send: plainly, and compressed where that helps."""

    body: bytes
    packed: bytes | None
    type: bytes
    etag: bytes
    cache: bytes


def read_site(folder: Path = STATIC) -> dict[str, Page]:
    """Every file under `folder` by its address; hidden ones are the build's own and not served."""
    pages = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        place = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in place.parts):
            pages["/" + place.as_posix()] = _read(path, hashed=place.parts[0] == "assets")
    return pages


def _read(path: Path, *, hashed: bool) -> Page:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind == "application/javascript":
        kind += "; charset=utf-8"
    packed = gzip.compress(body, 9, mtime=0) if path.suffix in COMPRESSED else None
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'.encode()
    return Page(body, packed, kind.encode(), etag, IMMUTABLE if hashed else b"no-cache")


class Site:
    """Serves the front end; addresses without a file get the page, whose script reads the address."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._pages = read_site(folder)
        self._index = self._pages.get("/index.html")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):  # type: ignore[typeddict-item]
            await refuse(send, 405, "method", "this address does not take that method.")
        elif path.startswith("/assets/") and path not in self._pages:
            await refuse(send, 404, "asset", "there is no such file. Load the page again.")
        elif (page := self._pages.get(path, self._index)) is not None:
            await _send(page, scope, send)
        else:
            headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": NOT_BUILT, "more_body": False})


async def _send(page: Page, scope: Any, send: Send) -> None:
    given = dict(scope["headers"])
    headers = [(b"etag", page.etag), (b"cache-control", page.cache), (b"vary", b"accept-encoding")]
    if page.etag in given.get(b"if-none-match", b""):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    body = page.body
    if page.packed is not None and b"gzip" in given.get(b"accept-encoding", b""):
        body = page.packed
        headers.append((b"content-encoding", b"gzip"))
    headers += [(b"content-type", page.type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False})
