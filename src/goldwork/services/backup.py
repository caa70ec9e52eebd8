"""Backup and restore of a home: its SQLite database, its images and uploaded features in one tar file.

The database is copied first, by SQLite's online backup, then the images: an image is stored before the row that names
it and kept a day after the last one is gone, so every row in the copy finds its image. Features that were uploaded for
a model lie in the home alone. Uploads and exports, which are removed after a week anyway, and what can be counted again
stay out.

**Invariant: a restored home passes the checks of its database, its images and features, or is not there.**
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import IO

import msgspec

from goldwork.errors import CorruptStoreError, InputError
from goldwork.io.source import replacing
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.migrations import migrate

FORMAT = 1
MANIFEST = "goldwork-backup.json"
DATABASE = "goldwork.db"
MAX_MEMBER = 2**40
_MEDIA = re.compile(r"media/[0-9a-f]{2}/([0-9a-f]{64})")
_FEATURES = re.compile(r"features/\d{1,19}\.npz")
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, OverflowError, msgspec.DecodeError,
)  # fmt: skip


class Backup(msgspec.Struct, frozen=True):
    """What a backup holds."""

    format: int
    goldwork: str
    made_at: int
    database_bytes: int
    images: int
    features: int = 0


def backup(home: Home, target: Path, version: str) -> Backup:
    """Write a backup of `home` to `target`, beside a running server or not; `version` is goldwork's.

    Raises InputError where there is nothing to back up, or `target` is there already.
    """
    if not home.database.startswith("sqlite"):
        raise InputError(
            "the database is PostgreSQL: back it up with pg_dump, and copy the folders media and features of the home "
            "after that."
        )
    database = Path(str(Database(home.database).url.database))
    if not database.exists():
        raise InputError("there is no database to back up.", where=str(database))
    if target.exists():
        raise InputError("is there already. Choose another name, or remove it.", where=str(target))
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=home.path) as folder, replacing(target) as stream:
        Path(stream.name).chmod(0o600)
        copy = Path(folder) / DATABASE
        _copy(database, copy)
        files = sorted(
            path for path in home.media.glob("??/*") if _MEDIA.fullmatch(f"media/{path.parent.name}/{path.name}")
        )
        features = sorted(path for path in home.features.glob("*.npz") if _FEATURES.fullmatch(f"features/{path.name}"))
        made = Backup(FORMAT, version, int(time.time() * 1000), copy.stat().st_size, len(files), len(features))
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, MANIFEST, msgspec.json.encode(made))
            archive.add(copy, DATABASE, filter=_anonymous)
            for path in files:
                archive.add(path, f"media/{path.parent.name}/{path.name}", filter=_anonymous)
            for path in features:
                with path.open("rb") as numbers:  # it may be replaced meanwhile
                    member = archive.gettarinfo(arcname=f"features/{path.name}", fileobj=numbers)
                    archive.addfile(_anonymous(member), numbers)
    return made


def _copy(database: Path, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(copy)) as into:
        live.backup(into)
        into.execute("PRAGMA journal_mode=DELETE")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), int(time.time()), 0o600
    archive.addfile(member, io.BytesIO(content))


def restore(source: Path, path: Path) -> Backup:
    """Make the home `path` from a backup. Raises InputError where something is there or the backup is not whole."""
    if path.exists() and any(path.iterdir()):
        raise InputError("this folder is not empty. Restore into a new one.", where=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        made = _unpack(source, draft)
        _check_database(draft / DATABASE, source)
        if path.exists():
            path.rmdir()
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return made


def _unpack(source: Path, draft: Path) -> Backup:
    made, images, features = None, 0, 0
    try:
        with tarfile.open(source, mode="r:") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() and member.size <= MAX_MEMBER else None
                image, numbers = _MEDIA.fullmatch(member.name), _FEATURES.fullmatch(member.name)
                if stream is None or not (image or numbers or member.name in (MANIFEST, DATABASE)):
                    raise InputError(f"holds {member.name!r}, which no backup does.", where=str(source))
                if member.name == MANIFEST:
                    made = msgspec.json.decode(stream.read(65_536), type=Backup)
                    continue
                digest = _write(stream, draft / member.name)
                if image:
                    images += 1
                    if digest != image[1]:
                        raise InputError(f"image {image[1]} is damaged.", where=str(source))
                elif numbers:
                    features += 1
                    with zipfile.ZipFile(draft / member.name) as parts:
                        if parts.testzip() is not None:
                            raise InputError(f"{member.name} is damaged.", where=str(source))
    except _BROKEN as error:
        raise InputError(f"this is no whole backup ({error}).", where=str(source)) from None
    if made is None or (images, features) != (made.images, made.features) or not (draft / DATABASE).exists():
        raise InputError("this is no whole backup: something is missing.", where=str(source))
    return made


def _write(stream: IO[bytes], target: Path) -> str:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("xb") as out:
        target.chmod(0o600)
        while piece := stream.read(2**20):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _check_database(path: Path, source: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            [answer] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise CorruptStoreError(f"{source}: the database in this backup is damaged ({answer}).")
    database = Database(f"sqlite:///{path}")
    try:
        migrate(database)
    finally:
        database.close()
