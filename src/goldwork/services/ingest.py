"""Import of items: the whole file is checked, then staged, then published by one update, then opened in chunks.

Until it is published nobody sees anything of it, and cancelling or failing leaves nothing. The published items are
opened for work in the order of their ids, each chunk with its event, so that a replay of the log opens the same.

**Invariant: a batch is published with every row of its file, or never.**
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.io import Source
from goldwork.services import jobs, media
from goldwork.services.forms import current_form
from goldwork.services.log import Log
from goldwork.services.rows import Problem, Row, RowReader
from goldwork.services.uploads import find_upload, remove_upload
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import batch, item
from goldwork.store.schema import media as media_table

CHUNK = 500
"""Rows in one transaction."""
SAID = 20
"""Errors that a failed import tells; all are counted."""
SAY_EVERY = 0.5
"""Seconds between reports of progress while nothing is written."""
MAX_BATCH_NAME = 200

encode = msgspec.json.Encoder(order="sorted").encode

_KNOWN = sa.select(item.c.external_id).where(
    item.c.project == bind("project"), item.c.external_id.in_(bind("ids", expanding=True))
)
_NEXT = sa.select(sa.func.max(sa.text("id"))).select_from(
    sa.select(item.c.id)
    .where(item.c.batch == bind("in_batch"), item.c.id > bind("after"))
    .order_by(item.c.id)
    .limit(CHUNK)
    .subquery()
)
_STAGED = sa.select(item.c.id).where(item.c.batch == bind("in_batch")).order_by(item.c.id).limit(CHUNK)


class Request(msgspec.Struct, frozen=True):
    """What to import and how: `fields` maps the project's fields to columns; without `id`, items are numbered."""

    file: str
    what: Literal["items", "judgements", "gold"] = "items"
    id: str | None = None
    fields: dict[str, str] = {}
    batch: str = ""
    existing: Literal["error", "skip"] = "error"
    """What an item that the project has already means."""
    format: str | None = None
    """The file's format, where its bytes do not tell."""
    kind: Literal["human", "model"] = "human"
    """Who made judgements where the file does not say."""


class Batch(msgspec.Struct, frozen=True):
    """Items published together."""

    id: int
    name: str
    state: str
    items: int
    created_at: int


def start(
    connection: Connection, database: Database, home: Home, project_id: int, request: Request, by: int | None = None
) -> jobs.Job:
    """Add the job that imports an upload. Raises NotFoundError, InputError."""
    source = find_upload(home, project_id, request.file)
    name = request.batch.strip() or str(source)
    if len(name) > MAX_BATCH_NAME or "\0" in name:
        raise InputError(f"a batch's name has up to {MAX_BATCH_NAME} characters.", where="batch")
    body = msgspec.to_builtins(msgspec.structs.replace(request, batch=name))
    body |= {"by": by, "seed": secrets.randbits(31)}
    kind = "import" if request.what == "items" else f"import-{request.what}"
    made = jobs.add(connection, database, kind, project_id, body)
    assert made is not None
    return made


def list_batches(connection: Connection, project_id: int) -> list[Batch]:
    """A project's batches, newest first."""
    rows = connection.execute(
        sa.select(batch.c.id, batch.c.name, batch.c.state, batch.c.size, batch.c.created_at)
        .where(batch.c.project == project_id)
        .order_by(batch.c.id.desc())
    )
    return [Batch(*row) for row in rows]


# The job.


def run(work: Work) -> Steps:
    """Check, stage, publish, open. Goes on from the checkpoint of a worker that died."""
    state = work.checkpoint
    if not state.get("published"):
        source = find_upload(work.home, work.project, work.body["file"])
        if "total" not in state:
            state["total"] = yield from _check(work, source)
        yield from _stage(work, source)
        _publish(work)
    yield from _open(work)
    remove_upload(work.home, work.project, work.body["file"])
    return {"batch": state["batch"], "items": state["items"], "skipped": state["skipped"]}


def undo(work: Work) -> Iterator[None]:
    """Delete what is staged. What is published stays."""
    staged = work.checkpoint.get("batch")
    if staged is None or work.checkpoint.get("published"):
        return
    gone = False

    def remove(connection: Connection) -> None:
        nonlocal gone
        rows = connection.execute(_STAGED, {"in_batch": staged}).scalars().all()
        if rows:
            connection.execute(sa.delete(item).where(item.c.id.in_(rows)))
            return
        connection.execute(
            sa.delete(media_table).where(media_table.c.project == work.project, media_table.c.batch == staged)
        )
        connection.execute(sa.delete(batch).where(batch.c.id == staged))
        gone = True

    while not gone:
        work.save(remove, phase="undoing", cancellable=False)
        yield


def _reader(work: Work, source: Source) -> RowReader:
    with work.database.read() as connection:
        asked = current_form(connection, work.project)
    return RowReader(source, work.body["fields"], work.body["id"], asked, work.body["format"])


def _check(work: Work, source: Source) -> Generator[None, None, int]:
    """Read every row. Returns how many there are; raises InputError that tells the first errors and counts all."""
    reader = _reader(work, source)
    problems: list[Problem] = []
    wrong = total = 0
    said = 0.0
    for rows, found in reader.read():
        with work.database.read() as connection:
            found = sorted(
                [*found, *_against_project(work, connection, rows, reader)], key=lambda problem: problem.line
            )
        wrong += len({problem.line for problem in found})
        problems += found[: SAID - len(problems)]
        total += len(rows)
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            work.save(done=total, phase="checking")
        yield
    if problems:
        raise refused(source, reader.unit, problems, wrong, total)
    if not total:
        raise InputError("the file has no rows.", where=source.at())
    return total


def refused(source: Source, unit: str, problems: list[Problem], wrong: int, total: int) -> InputError:
    """The error of an import whose rows have `problems`: says the first, carries all, counts `wrong` rows."""
    first = problems[0]
    count = f"{wrong:,} of {total:,} rows cannot be imported" if wrong > 1 else "one row cannot be imported"
    return InputError(
        f"{first.message} In all, {count}; nothing was imported.",
        where=source.at(first.line, first.column, unit),
        errors=[msgspec.to_builtins(problem) for problem in problems],
        total=wrong,
    )


def _against_project(work: Work, connection: Connection, rows: list[Row], reader: RowReader) -> list[Problem]:
    """What the project says about rows that are well-formed: items it has, files it lacks."""
    found = []
    known = _known(connection, work.project, rows) if work.body["existing"] == "error" else set()
    have = media.resolve(connection, work.project, [name for row in rows for name in row.media.values()])
    for row in rows:
        if row.id is not None and row.id in known:
            message = "the project has this item already. Skip such items, or give it another identifier."
            found.append(Problem(row.line, reader.id_column, row.id, message))
        for field, name in row.media.items():
            show = reader.show[field]
            what = media.KINDS[show]
            if name not in have:
                message = f"no {what} called {name[:80]!r} was uploaded. Upload the {what}s first."
            elif not have[name].is_shown_as(show):
                message = f"{name[:80]!r} is no {what}, but {have[name].type}."
            else:
                continue
            found.append(Problem(row.line, reader.fields[field], name[:80], message))
    return found


def _known(connection: Connection, project_id: int, rows: list[Row]) -> set[str]:
    ids = [row.id for row in rows if row.id is not None]
    known: set[str] = set()
    for start_at in range(0, len(ids), CHUNK):
        part = ids[start_at : start_at + CHUNK]
        known.update(connection.execute(_KNOWN, {"project": project_id, "ids": part}).scalars())
    return known


def _stage(work: Work, source: Source) -> Iterator[None]:
    """Insert the rows after those staged so far, in chunks with the checkpoint."""
    reader = _reader(work, source)
    done = work.checkpoint.setdefault("rows", 0)
    skip = done
    total = work.checkpoint["total"]
    work.save(done=done, total=total, phase="staging")
    for rows, problems in reader.read(skip):
        if problems or work.checkpoint["rows"] + len(rows) > total:
            raise InputError("the file has changed while it was imported. Upload it again.", where=source.at())
        for begin in range(0, len(rows), CHUNK):
            chunk = rows[begin : begin + CHUNK]
            kept = {row.line: [reader.keep(work.home, data) for data in row.data.values()] for row in chunk if row.data}
            done += len(chunk)
            work.save(partial(_insert, work, rows=chunk, kept=kept), done=done)
            yield


def _insert(work: Work, connection: Connection, rows: list[Row], kept: Mapping[int, list[media.Medium]]) -> None:
    database, state = work.database, work.checkpoint
    if "batch" not in state:
        made = {"project": work.project, "name": work.body["batch"], "created_at": database.now(connection)}
        state["batch"] = connection.execute(sa.insert(batch).values(made).returning(batch.c.id)).scalar_one()
        state |= {"items": 0, "skipped": 0}
    staged = state["batch"]
    inside = [msgspec.structs.replace(one, name=f"{staged}/{one.hash}") for some in kept.values() for one in some]
    media.record(connection, database, work.project, inside, staged)
    have = media.resolve(connection, work.project, [name for row in rows for name in row.media.values()])
    known = _known(connection, work.project, rows)
    if known and work.body["existing"] == "error":
        raise InputError(f"item {min(known)!r} came in by another import meanwhile. Nothing of this one was imported.")
    fresh = []
    for place, row in enumerate(rows):
        external_id = row.id or f"b{staged}-{state['rows'] + place + 1}"
        if external_id in known:
            continue
        payload = {field: have[value].hash if field in row.media else value for field, value in row.payload.items()}
        payload |= {field: medium.hash for field, medium in zip(row.data, kept.get(row.line, []), strict=True)}
        fresh.append(
            {
                "project": work.project,
                "batch": staged,
                "external_id": external_id,
                "payload": encode(payload).decode(),
                "shuffle": _shuffle(work.body["seed"], external_id),
            }
        )
    if fresh:
        connection.execute(sa.insert(item), fresh)
    state |= {"rows": state["rows"] + len(rows), "items": state["items"] + len(fresh)}
    state["skipped"] = state["rows"] - state["items"]


def _shuffle(seed: int, external_id: str) -> int:
    """A random place in the order of work, the same again for the same seed."""
    digest = hashlib.blake2b(external_id.encode(), key=seed.to_bytes(4, "big"), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


def _publish(work: Work) -> None:
    state = work.checkpoint

    def publish(connection: Connection) -> None:
        log = Log(connection, work.database, work.project)
        connection.execute(
            sa.update(batch)
            .where(batch.c.id == state["batch"])
            .values(state="published", published_at=log.now, size=state["items"])
        )
        log.add("batch", {"batch": state["batch"], "items": state["items"], "by": work.body["by"]})
        log.flush()
        state["published"] = True

    work.save(publish, done=0, total=state["items"], phase="opening")


def _open(work: Work) -> Iterator[None]:
    state = work.checkpoint
    state.setdefault("opened", 0)
    state.setdefault("after", 0)
    while state["opened"] < state["items"]:
        work.save(partial(open_chunk, work, batch_id=state["batch"]), done=state["opened"], cancellable=False)
        yield
    work.save(done=state["opened"], cancellable=False)


def open_chunk(work: Work, connection: Connection, batch_id: int) -> bool:
    """Open the next chunk of a batch after the checkpoint's `after`. False where there was none."""
    state = work.checkpoint
    through = connection.execute(_NEXT, {"in_batch": batch_id, "after": state["after"]}).scalar_one()
    if through is None:
        state["opened"] = state["items"]
        return False
    log = Log(connection, work.database, work.project)
    state["opened"] += log.open_items(batch_id, state["after"], through)
    log.flush()
    state["after"] = through
    return True
