"""Images and sounds: checked, stored by the hash of their content, named within a project.

A file is written before the row that names it, so a row never points to nothing. PNG, JPEG, WebP and GIF are told by
their content, as are the kinds of audio in `services/sounds.py`; SVG is a program and is never taken. What comes in is
written to disk as it comes, and refused as soon as it is known to be too large, or of no kind that is taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import re
import secrets
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError, NotFoundError, TooLargeError
from goldwork.io.source import replacing, sync_folder
from goldwork.services import sounds
from goldwork.services.sql import upsert
from goldwork.services.upright import sides
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import media
from goldwork.tasks.questions import ProjectForm

MAX_BYTES = 20 * 2**20
"""Of an image."""
MAX_PIXELS = 50_000_000
MAX_SOUND = 100 * 2**20
"""Bytes of a sound."""
MAX_NAME = 500
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
KINDS = {"image": "image", "audio": "sound"}
"""How a field is shown that holds a file, and what the file is called then."""
UNUSED = 86_400.0
"""Seconds for which a file that no row names is kept: its row may be on the way."""
DRAFTS = "drafts"
"""The folder, beside those of hashes, for what is coming in."""
NO_MEDIA = (
    "this is no whole PNG, JPEG, WebP or GIF image, and no WAV, MP3, AAC, FLAC, Ogg, M4A or WebM sound, whatever its "
    "name says."
)

_DATA = re.compile(r"data:(?:image|audio)/[\w.+-]+;base64,", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_AT_ONCE = 500
"""Hashes or names asked for in one statement."""
_FIND = sa.select(media.c.hash, media.c.name, media.c.type, media.c.bytes, media.c.width, media.c.height)
_BY_NAME = _FIND.where(media.c.project == bind("project"), media.c.name.in_(bind("names", expanding=True)))
_BY_HASH = _FIND.where(media.c.project == bind("project"), media.c.hash.in_(bind("hashes", expanding=True)))


class Medium(msgspec.Struct, frozen=True):
    """One stored file: `hash` is SHA-256 of its bytes, `type` its media type. A sound has no width and height."""

    hash: str
    name: str
    type: str
    bytes: int
    width: int | None = None
    height: int | None = None

    def is_shown_as(self, show: str) -> bool:
        """Whether it is an `image`, or `audio`."""
        return self.type.startswith(show + "/")


class Incoming:
    """A file that comes in piece by piece: `write` each, then `finish`, or `abort`. Raises InputError, TooLargeError,
    after which nothing is left."""

    def __init__(self, home: Home, name: str = "") -> None:
        if len(name) > MAX_NAME or not name.isprintable():
            raise InputError(f"a file name has 1 to {MAX_NAME} printable characters. Got {name[:50]!r}.")
        self._home, self._name = home, name
        folder = home.media / DRAFTS
        folder.mkdir(mode=0o700, exist_ok=True)
        self._draft = folder / secrets.token_hex(16)
        self._stream = self._draft.open("xb")
        self._digest = hashlib.sha256()
        self._head = b""
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._size += len(piece)
        if len(self._head) < 16:
            self._head = (self._head + piece)[:16]
        try:
            _check_beginning(self._head, self._size)
        except InputError:
            self.abort()
            raise
        self._digest.update(piece)
        self._stream.write(piece)

    def finish(self) -> Medium:
        """Check what came and keep it under its hash."""
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            with self._draft.open("rb") as stream:
                kind, width, height = _inspect(stream, self._size)
            found = self._digest.hexdigest()
            _place(self._home, self._draft, found)
            return Medium(found, self._name or found, kind, self._size, width, height)
        finally:
            self.abort()

    def abort(self) -> None:
        """Leave nothing."""
        self._stream.close()
        self._draft.unlink(missing_ok=True)


def _check_beginning(head: bytes, size: int) -> None:
    """Refuse what is too large for its kind, and what is of no kind, as soon as that shows."""
    image = head.startswith(_IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    if size > MAX_BYTES and image:
        raise TooLargeError(f"an image may have {MAX_BYTES // 2**20} MB. This one has more.")
    if size > MAX_SOUND:
        raise TooLargeError(f"a sound may have {MAX_SOUND // 2**20} MB. This one has more.")
    if len(head) == 16 and not image and not sounds.starts_as_audio(head):
        raise InputError(NO_MEDIA)


def _place(home: Home, draft: Path, content_hash: str) -> None:
    target = home.media_file(content_hash)
    if target.exists():
        target.touch()
        return
    target.parent.mkdir(mode=0o700, exist_ok=True)
    draft.replace(target)
    sync_folder(target.parent)


def _inspect(stream: IO[bytes], size: int) -> tuple[str, int | None, int | None]:
    """Media type, width and height. Raises InputError for what is neither a whole image nor a sound."""
    kind = sounds.sniff(stream, size)
    if kind is not None:
        return kind, None, None
    stream.seek(0)
    return _inspect_image(stream)


def _inspect_image(stream: IO[bytes]) -> tuple[str, int, int]:
    import PIL.Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(stream, formats=tuple(TYPES)) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise TooLargeError(f"an image may have {MAX_PIXELS:,} pixels. This one has {width * height:,}.")
                image.load()
                # A JPEG of a phone may hold further pictures; the first is shown.
                kind = TYPES["JPEG" if image.format == "MPO" else str(image.format)]
                return kind, *sides(image)
    except TooLargeError:
        raise
    except PIL.Image.DecompressionBombError:
        raise TooLargeError(f"an image may have {MAX_PIXELS:,} pixels.") from None
    except Exception:  # noqa: BLE001 - decoders raise whatever they like on broken files
        raise InputError(NO_MEDIA) from None


def check(data: bytes, name: str = "") -> Medium:
    """What `data` is. Raises InputError for anything but a whole image or a sound within the limits."""
    if len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"a file name has 1 to {MAX_NAME} printable characters. Got {name[:50]!r}.")
    _check_beginning(data[:16], len(data))
    kind, width, height = _inspect(io.BytesIO(data), len(data))
    digest = hashlib.sha256(data).hexdigest()
    return Medium(digest, name or digest, kind, len(data), width, height)


def decode(address: str) -> bytes:
    """The bytes of a `data:image/...;base64,` or `data:audio/...;base64,` address. Raises InputError."""
    found = _DATA.match(address)
    if not found:
        raise InputError("a data: address must begin with data:image/TYPE;base64, or data:audio/TYPE;base64,")
    try:
        return base64.b64decode(address[found.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise InputError("the data: address is no valid base64.") from None


def keep(home: Home, data: bytes, medium: Medium) -> None:
    """Write the file, unless it is there. Before `record`."""
    target = home.media_file(medium.hash)
    if target.exists():
        target.touch()
        return
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with replacing(target) as stream:
        stream.write(data)


def record(
    connection: Connection, database: Database, project: int, stored: Collection[Medium], batch: int | None = None
) -> None:
    """Name stored files within a project; a name used before now means the new one. After `keep`."""
    if not stored:
        return
    statement = upsert(database, media, "hash", "type", "bytes", "width", "height")
    once = {medium.name: medium for medium in stored}
    rows = [msgspec.structs.asdict(medium) | {"project": project, "batch": batch} for medium in once.values()]
    connection.execute(statement, rows)


def add(database: Database, home: Home, connection: Connection, project: int, name: str, data: bytes) -> Medium:
    """Check, keep and record one uploaded file."""
    medium = check(data, name)
    keep(home, data, medium)
    record(connection, database, project, [medium])
    return medium


def find(connection: Connection, project: int, content_hash: str) -> Medium:
    """A project's file by its hash. Raises NotFoundError."""
    row = connection.execute(
        _FIND.where(media.c.project == project, media.c.hash == content_hash).order_by(media.c.name).limit(1)
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such file.")
    return Medium(*row)


def resolve(connection: Connection, project: int, names: Collection[str]) -> dict[str, Medium]:
    """The files that names (or hashes) stand for in a project; unknown ones are left out."""
    wanted = set(names)
    found = by_hash(connection, project, [name for name in wanted if _HASH.fullmatch(name)])
    for part in _parts(wanted):
        for row in connection.execute(_BY_NAME, {"project": project, "names": part}):
            found[row.name] = Medium(*row)
    return found


def by_hash(connection: Connection, project: int, hashes: Collection[str]) -> dict[str, Medium]:
    """A project's files by their hashes; unknown ones are left out."""
    found = {}
    for part in _parts(hashes):
        for row in connection.execute(_BY_HASH, {"project": project, "hashes": part}):
            found[row.hash] = Medium(*row)
    return found


def _parts(values: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(set(values))
    for begin in range(0, len(ordered), _AT_ONCE):
        yield ordered[begin : begin + _AT_ONCE]


def shown_many(
    connection: Connection, project: int, payloads: Mapping[int, Mapping[str, Any]], form: ProjectForm
) -> dict[int, dict[str, Any]]:
    """What task types are told of items: by field its text, and of an image its width and height in pixels.

    A file that is not there is left out: what depends on it is not checked. One statement for 500 images.
    """
    shows = form.shows()
    images = [name for name, show in shows.items() if show == "image"]
    held = {str(payload.get(name) or "") for payload in payloads.values() for name in images}
    sizes = {
        content_hash: {"width": medium.width, "height": medium.height}
        for content_hash, medium in by_hash(connection, project, held - {""}).items()
    }
    shown: dict[int, dict[str, Any]] = {}
    for item, payload in payloads.items():
        one: dict[str, Any] = {}
        shown[item] = one
        for name in shows or payload:
            value = payload.get(name)
            if name not in images:
                one[name] = as_text(value)
            elif size := sizes.get(str(value or "")):
                one[name] = size
    return shown


def as_text(value: Any) -> str:
    """A value of a payload as it is shown: nothing for null, JSON for what is no text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def names(connection: Connection, project: int, hashes: Collection[str]) -> Mapping[str, str]:
    """For exports: the uploaded file's name of each hash; those that came inside an import have none."""
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
