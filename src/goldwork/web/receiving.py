"""A file that a request brings: written in pieces, in a thread, and not kept where it ends before its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar

from litestar.params import QueryParameter

from goldwork.web.context import Request

PIECE = 2**20
"""Bytes written at a time."""

FileName = Annotated[str, QueryParameter(description="The file's name.", max_length=500)]
Made_co = TypeVar("Made_co", covariant=True)


class Incoming(Protocol[Made_co]):
    """What takes a file in."""

    def write(self, piece: bytes) -> None:
        """So many bytes more."""

    def finish(self) -> Made_co:
        """It is whole."""

    def abort(self) -> None:
        """It is not to be kept."""


async def receive(request: Request, begin: Callable[[], Incoming[Made_co]]) -> Made_co:
    """What `begin` makes of the request's body."""
    thread = request.server.thread
    incoming = await thread(begin)
    try:
        piece = bytearray()
        async for chunk in request.stream():
            piece += chunk
            if len(piece) >= PIECE:
                await thread(incoming.write, bytes(piece))
                piece.clear()
        await thread(incoming.write, bytes(piece))
        return await thread(incoming.finish)
    except BaseException:
        incoming.abort()
        raise
