"""Requests that are harmless when they are sent again: what somebody asked for under an id of their own is done once.

The same id with the same request is answered as it was; with another request it is refused. Submits have receipts of
their own (`goldwork.services.collect`).

**Invariant: a receipt exists exactly when what it acknowledges is durable: both are of one transaction.**
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError
from goldwork.services.access import Member
from goldwork.services.collect import MAX_CLIENT_ID, is_plain
from goldwork.services.log import encode
from goldwork.store.database import Database
from goldwork.store.schema import receipt

T = TypeVar("T")
_KNOWN = sa.select(receipt.c.body_hash, receipt.c.response).where(
    receipt.c.project == bind("project"),
    receipt.c.account == bind("account"),
    receipt.c.client_id == bind("client_id"),
)


def once(
    connection: Connection, database: Database, mine: Member, name: str, what: Mapping[str, Any], act: Callable[[], T]
) -> T:
    """What `act` returns, or returned when the same was asked for under this `name`. Raises InputError, ConflictError.

    `what` tells one request from another; what `act` returns is kept as JSON.
    """
    if not is_plain(name):
        raise InputError(f"must be 1 to {MAX_CLIENT_ID} letters, digits or signs. Got {name[:100]!r}.", where="id")
    where = {"project": mine.project, "account": mine.person.account, "client_id": name}
    digest = hashlib.blake2b(encode(what), digest_size=16).digest()
    known = connection.execute(_KNOWN, where).one_or_none()
    if known is not None:
        if bytes(known.body_hash) != digest:
            message = "this id was used for another request. Send a new one under a new id."
            raise ConflictError(message, reason="id_reused")
        answer: T = msgspec.json.decode(known.response)
        return answer
    made = act()
    row = {"body_hash": digest, "response": msgspec.json.encode(made).decode(), "at": database.now(connection)}
    connection.execute(sa.insert(receipt).values(where | row))
    return made
