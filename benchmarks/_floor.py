"""The floor: the same server stack and the same writer, one validated row inserted per request and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
import uvicorn
from litestar import Litestar, Request, Response, post
from sqlalchemy import Connection

from goldwork.store.database import Database
from goldwork.store.writer import Writer

bare = sa.Table(
    "bare",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("item", sa.Integer, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float),
)


class Bare(msgspec.Struct):
    """One row."""

    id: str
    item: int
    value: str
    seconds: float


def insert_many(connection: Connection, rows: Sequence[Bare]) -> list[str]:
    """One statement for the group."""
    connection.execute(sa.insert(bare), [msgspec.structs.asdict(row) for row in rows])
    return [row.id for row in rows]


def serve(path: str, port: int) -> None:
    """Serve POST /insert until killed."""
    database = Database(path)
    with database.write() as connection:
        bare.create(connection)
    writer = Writer(database)
    decoder = msgspec.json.Decoder(Bare)

    @post("/insert")
    async def insert(request: Request) -> Response[bytes]:
        done = await writer.many_async(insert_many, decoder.decode(await request.body()))
        return Response(done.encode(), media_type="application/json")

    uvicorn.run(Litestar([insert], openapi_config=None), port=port, log_level="critical", access_log=False)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
