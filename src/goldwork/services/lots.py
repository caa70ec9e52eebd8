"""Lots: what is drawn so that it is the same whoever asks, and nobody can foresee it."""

from __future__ import annotations

import hashlib


def lot(secret: bytes, what: str) -> int:
    """A number of 64 bits that nobody can foresee who does not know the secret."""
    return int.from_bytes(hashlib.blake2b(what.encode(), digest_size=8, key=secret).digest(), "big")
