"""What is stored as one value and only ever read whole: JSON by gzip, the same bytes for the same value."""

from __future__ import annotations

import gzip
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def pack(value: Any) -> bytes:
    """The value as bytes."""
    return gzip.compress(msgspec.json.encode(value), 6, mtime=0)


def unpack(content: bytes, kind: type[T]) -> T:
    """What `pack` made, as what it was."""
    return msgspec.json.decode(gzip.decompress(content), type=kind)
