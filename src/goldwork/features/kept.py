"""What has been counted of contents, kept in a file by their hashes: a model that is fitted again reads it.

A file holds the rows of one way of counting. It is replaced as a whole or not at all; one that cannot be read is made
anew. What is no longer asked for is dropped when something new is added, and more than MOST_BYTES are not kept: they
are counted every time.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from scipy import sparse

MOST_BYTES = 2**30

Content = TypeVar("Content", str, bytes)


class Kept(Generic[Content]):
    """Rows of numbers by content.

    `count(contents)` gives a row for each, dense or sparse, from that content alone; `way` names it and changes
    whenever its rows would.
    """

    def __init__(self, folder: Path, way: str, count: Callable[[Sequence[Content]], Any]) -> None:
        self.path = folder / f"{way}.npz"
        self.count: Callable[[Sequence[Content]], Any] = count

    def rows(self, contents: Sequence[Content]) -> sparse.csr_matrix:
        """A row for each content: those known from the file, the others counted and added to it."""
        keys = [_key(content) for content in contents]
        known, rows = self._read()
        place = {key: row for row, key in enumerate(known)}
        new = {key: content for key, content in zip(keys, contents, strict=True) if key not in place}
        if new:
            counted = sparse.csr_matrix(self.count(list(new.values())))
            asked = [place[key] for key in dict.fromkeys(keys) if key in place]
            known = [known[row] for row in asked] + list(new)
            rows = sparse.vstack([rows[asked], counted], format="csr") if asked else counted
            if rows.data.nbytes + rows.indices.nbytes <= MOST_BYTES:
                self._write(known, rows)
            place = {key: row for row, key in enumerate(known)}
        return sparse.csr_matrix(rows[[place[key] for key in keys]])

    def _read(self) -> tuple[list[bytes], Any]:
        unreadable = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
        with contextlib.suppress(*unreadable), self.path.open("rb") as stream, np.load(stream) as file:
            rows = sparse.csr_matrix((file["data"], file["indices"], file["indptr"]), shape=tuple(file["shape"]))
            return [bytes(key) for key in file["keys"]], rows
        return [], None

    def _write(self, keys: list[bytes], rows: Any) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.path.parent, suffix=".part", delete=False) as file:
            try:
                table = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1)
                np.savez(file, keys=table, data=rows.data, indices=rows.indices, indptr=rows.indptr, shape=rows.shape)
                file.flush()
            except BaseException:
                Path(file.name).unlink()
                raise
        Path(file.name).replace(self.path)


def _key(content: str | bytes) -> bytes:
    raw = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    return hashlib.blake2b(raw, digest_size=16).digest()
