"""Files as they come in and go out: gzip seen through, sizes bounded, output all or nothing.

**Invariant: a file that goldwork writes is whole or not there.** It is written under another name beside its place,
forced to disk, and renamed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from goldwork.errors import InputError

HEAD = 65_536
"""Bytes looked at to tell the format."""
MAX_UNPACKED = 64 * 2**30
"""Bytes that a compressed file may unpack to."""
MAX_RATIO = 250
"""How many times its own size a compressed file may unpack to, beyond `FREE_UNPACKED`; more is a bomb."""
FREE_UNPACKED = 64 * 2**20
MAX_CELL = 16 * 2**20
"""Characters of one cell: an image of 12 MB as a data: address fits."""
MAX_LINE = 32 * 2**20
"""Characters of one line of a text format."""
MAX_COLUMNS = 2_000
GZIP = b"\x1f\x8b"


@dataclasses.dataclass(frozen=True)
class Source:
    """A file to read. `name` is what errors call it; `unit` is filled in by the format: line or row."""

    path: Path
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.path.name

    def open(self) -> IO[bytes]:
        """The file's bytes, unpacked where gzip packed them. Raises InputError where it cannot be opened."""
        if self.path.is_dir():
            raise InputError("this is a folder; a file is needed.", where=str(self))
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise InputError(f"cannot be opened: {error.strerror}.", where=str(self)) from None
        if raw.peek(2)[:2] != GZIP:
            return raw
        return io.BufferedReader(_Unpacked(raw, self), HEAD)

    def head(self) -> bytes:
        """The first bytes, unpacked."""
        with self.open() as stream:
            return stream.read(HEAD)

    def at(self, line: int | None = None, column: str | None = None, unit: str = "line") -> str:
        """A place in the reader's own terms: `labels.csv, line 7, column label`."""
        parts = [str(self)]
        if line is not None:
            parts.append(f"{unit} {line}")
        if column is not None:
            parts.append(f"column {column}")
        return ", ".join(parts)


class _Unpacked(io.RawIOBase):
    """Gzip's output, bounded. What gzip cannot unpack is an InputError."""

    def __init__(self, raw: IO[bytes], source: Source) -> None:
        self._raw = raw
        self._source = source
        self._stream = gzip.GzipFile(fileobj=raw)
        self._size = max(os.fstat(raw.fileno()).st_size, 1)
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read1(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"the gzip data is damaged ({error}). Pack the file again.", where=str(self._source)
            ) from None
        self._given += len(data)
        if self._given > MAX_UNPACKED or self._given > max(FREE_UNPACKED, MAX_RATIO * self._size):
            raise InputError(
                f"unpacks to more than {MAX_RATIO} times its size. Unpack it yourself if you trust it.",
                where=str(self._source),
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose bytes become `path` when the block ends well, and nothing when it fails."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        stream = draft.open("xb")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}.", where=str(path)) from None
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
