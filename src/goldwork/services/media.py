"""Images: checked, stored by the hash of their content, named within a project.

A file is written before the row that names it, so a row never points to nothing. PNG, JPEG, WebP and GIF are told by
their content; SVG is a program and is never taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import time
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError, NotFoundError, TooLargeError
from goldwork.io.source import replacing
from goldwork.services.sql import upsert
from goldwork.services.upright import sides
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import media

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
MAX_NAME = 500
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
UNUSED = 86_400.0
"""Seconds for which a file that no row names is kept: its row may be on the way."""

_DATA = re.compile(r"data:image/[\w.+-]+;base64,", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_BY_NAME = sa.select(media.c.name, media.c.hash).where(
    media.c.project == bind("project"), media.c.name.in_(bind("names", expanding=True))
)
_BY_HASH = sa.select(media.c.hash).where(
    media.c.project == bind("project"), media.c.hash.in_(bind("hashes", expanding=True))
)
_FIND = sa.select(media.c.hash, media.c.name, media.c.type, media.c.bytes, media.c.width, media.c.height)


class Image(msgspec.Struct, frozen=True):
    """One stored image: `hash` is SHA-256 of its bytes, `type` its media type."""

    hash: str
    name: str
    type: str
    bytes: int
    width: int
    height: int


def check(data: bytes, name: str = "") -> Image:
    """What `data` is. Raises InputError for anything but a whole PNG, JPEG, WebP or GIF within the limits."""
    import PIL.Image

    if len(data) > MAX_BYTES:
        raise TooLargeError(f"an image may have {MAX_BYTES // 2**20} MB. This one has {len(data) / 2**20:.1f}.")
    if not 0 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InputError(f"a file name has 1 to {MAX_NAME} printable characters. Got {name[:50]!r}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(io.BytesIO(data), formats=tuple(TYPES)) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise TooLargeError(f"an image may have {MAX_PIXELS:,} pixels. This one has {width * height:,}.")
                image.load()
                width, height = sides(image)
                # A JPEG of a phone may hold further pictures; the first is shown.
                kind = TYPES["JPEG" if image.format == "MPO" else str(image.format)]
    except TooLargeError:
        raise
    except PIL.Image.DecompressionBombError:
        raise TooLargeError(f"an image may have {MAX_PIXELS:,} pixels.") from None
    except Exception:  # noqa: BLE001 - decoders raise whatever they like on broken files
        raise InputError("this is no whole PNG, JPEG, WebP or GIF image.") from None
    digest = hashlib.sha256(data).hexdigest()
    return Image(digest, name or digest, kind, len(data), width, height)


def decode(address: str) -> bytes:
    """The bytes of a `data:image/...;base64,` address. Raises InputError."""
    found = _DATA.match(address)
    if not found:
        raise InputError("a data: address of an image must begin with data:image/TYPE;base64,")
    try:
        return base64.b64decode(address[found.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise InputError("the data: address is no valid base64.") from None


def keep(home: Home, data: bytes, image: Image) -> None:
    """Write the file, unless it is there. Before `record`."""
    target = home.media_file(image.hash)
    if target.exists():
        target.touch()
        return
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with replacing(target) as stream:
        stream.write(data)


def record(
    connection: Connection, database: Database, project: int, images: Collection[Image], batch: int | None = None
) -> None:
    """Name stored images within a project; a name used before now means the new image. After `keep`."""
    if not images:
        return
    statement = upsert(database, media, "hash", "type", "bytes", "width", "height")
    once = {image.name: image for image in images}
    rows = [msgspec.structs.asdict(image) | {"project": project, "batch": batch} for image in once.values()]
    connection.execute(statement, rows)


def add(database: Database, home: Home, connection: Connection, project: int, name: str, data: bytes) -> Image:
    """Check, keep and record one uploaded image."""
    image = check(data, name)
    keep(home, data, image)
    record(connection, database, project, [image])
    return image


def find(connection: Connection, project: int, content_hash: str) -> Image:
    """A project's image by its hash. Raises NotFoundError."""
    row = connection.execute(
        _FIND.where(media.c.project == project, media.c.hash == content_hash).order_by(media.c.name).limit(1)
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such image.")
    return Image(*row)


def resolve(connection: Connection, project: int, names: Collection[str]) -> dict[str, str]:
    """The hashes that names (or hashes) of a project's images stand for; unknown ones are left out."""
    if not names:
        return {}
    wanted = sorted(set(names))
    found: dict[str, str] = {}
    hashes = [name for name in wanted if _HASH.fullmatch(name)]
    if hashes:
        rows = connection.execute(_BY_HASH, {"project": project, "hashes": hashes})
        found.update((row.hash, row.hash) for row in rows)
    rows = connection.execute(_BY_NAME, {"project": project, "names": wanted})
    found.update((row.name, row.hash) for row in rows)
    return found


def names(connection: Connection, project: int, hashes: Collection[str]) -> Mapping[str, str]:
    """For exports: the uploaded file's name of each hash; images that came inside an import have none."""
    rows = connection.execute(
        sa.select(media.c.hash, sa.func.min(media.c.name))
        .where(media.c.project == project, media.c.hash.in_(sorted(set(hashes))), media.c.batch.is_(None))
        .group_by(media.c.hash)
    )
    return {row[0]: row[1] for row in rows}


def remove_unused(database: Database, home: Home) -> None:
    """Remove files that no project names and that are older than a day."""
    for folder in home.media.iterdir():
        files = [file for file in folder.iterdir() if time.time() - file.stat().st_mtime > UNUSED]
        if not files:
            continue
        with database.read() as connection:
            rows: Any = connection.execute(
                sa.select(media.c.hash).where(media.c.hash.in_([file.name for file in files]))
            ).scalars()
            used = set(rows)
        _remove([file for file in files if file.name not in used])


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
