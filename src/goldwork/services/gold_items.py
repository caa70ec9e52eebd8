"""The items of which gold is made, and whether answers fit them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import AnswerError, InputError
from goldwork.services.log import Log, decode, encode
from goldwork.services.media import KINDS, shown_many
from goldwork.services.rows import MAX_ID
from goldwork.store.schema import batch, gold, item
from goldwork.tasks.questions import ProjectForm, check_texts

Answers = Mapping[str, Sequence[Any]]
"""By question, the acceptable answers."""

MOST = 500
"""Items made gold by one request."""
BATCH = "Written as gold"
"""The batch of items that were written to be gold."""

_ITEMS = (
    sa.select(item.c.id, item.c.external_id, item.c.payload, gold.c.state)
    .join(batch, batch.c.id == item.c.batch)
    .outerjoin(gold, gold.c.item == item.c.id)
    .where(
        item.c.project == bind("project"),
        item.c.external_id.in_(bind("names", expanding=True)),
        batch.c.state == "published",
        item.c.id <= batch.c.opened_through,
    )
)
_THERE = sa.select(item.c.external_id).where(
    item.c.project == bind("project"), item.c.external_id.in_(bind("names", expanding=True))
)
_FREE = (
    sa.select(item.c.id)
    .join(batch, batch.c.id == item.c.batch)
    .outerjoin(gold, gold.c.item == item.c.id)
    .where(
        item.c.project == bind("project"),
        batch.c.state == "published",
        item.c.id <= batch.c.opened_through,
        gold.c.item.is_(None),
    )
    .order_by(item.c.id)
)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item of the project, by its own id, with the acceptable answers by question and why they are right.

    `fields`: what is shown of an item that is not in the project, such as an attention check: it is made.
    """

    item: str
    answers: dict[str, list[Any]]
    reason: str = ""
    fields: dict[str, str] | None = None


def check_answers(
    connection: Connection, form: ProjectForm, project: int, payload: str, name: str, answers: Answers
) -> dict[str, list[Any]]:
    """Acceptable answers about an item in their canonical form. Raises InputError with the item's name."""
    shown = shown_many(connection, project, {0: decode(payload)}, form)[0]
    tasks = form.tasks()
    found: dict[str, list[Any]] = {}
    try:
        for question, those in answers.items():
            if question not in tasks:
                raise AnswerError(f"the project has no question {question[:50]!r}. It has: {', '.join(tasks)}.")
            for one in those:
                answer = form.check({question: one}, shown, partial=True)[question]
                if tasks[question].value(answer) is None:
                    raise AnswerError(f"{question}: an answer that cannot tell is no gold. Leave the question out.")
                found.setdefault(question, []).append(answer)
    except AnswerError as error:
        raise InputError(f"{error.message} (item {name[:50]!r})", where="answers") from None
    if not found:
        raise InputError(f"needs an acceptable answer to at least one question (item {name[:50]!r}).", where="answers")
    return found


def by_name(connection: Connection, project: int, names: Sequence[str]) -> list[Any]:
    """Open items by their own ids, with the state of the gold that they are already."""
    rows: list[Any] = []
    wanted = sorted(set(names))
    for begin in range(0, len(wanted), MOST):
        rows += connection.execute(_ITEMS, {"project": project, "names": wanted[begin : begin + MOST]})
    return rows


def free_items(connection: Connection, project: int) -> list[int]:
    """The open items of which no gold was made: what a sample is drawn from."""
    return list(connection.execute(_FREE, {"project": project}).scalars())


def make_items(log: Log, form: ProjectForm, entries: Sequence[Entry]) -> None:
    """Items with a text of their own."""
    shows = form.shows()
    named = {"project": log.id, "names": [entry.item for entry in entries]}
    there = set(log.connection.execute(_THERE, named).scalars())
    for entry in entries:
        fields = entry.fields or {}
        if entry.item in there or not is_name(entry.item):
            message = "there is an item of this id already" if entry.item in there else "an item needs an id"
            raise InputError(f"{message}: 1 to {MAX_ID} printable characters of its own.", where="item")
        if media := [name for name, show in shows.items() if show in KINDS]:
            raise InputError(f"field {media[0]!r} holds a file. Import such an item, then name it.", where="fields")
        if (shows and fields.keys() != shows.keys()) or not any(text.strip() for text in fields.values()):
            raise InputError(f"an item needs a text in every field: {', '.join(shows) or 'any'}.", where="fields")
        check_texts(fields, "fields")
    if entries:
        write_items(log, {entry.item: entry.fields or {} for entry in entries})


def write_items(log: Log, payloads: Mapping[str, Mapping[str, Any]]) -> int:
    """Items by their own ids, opened like others: what makes them gold takes them out again at once. Returns their
    batch."""
    run, project, now = log.connection.execute, log.id, log.now
    made = {"project": project, "name": BATCH, "state": "published", "size": len(payloads), "created_at": now}
    of = run(sa.insert(batch).values(made | {"published_at": now}).returning(batch.c.id)).scalar_one()
    rows = [
        {"project": project, "batch": of, "external_id": name, "payload": encode(payload).decode()}
        | {"shuffle": secrets.randbits(31)}
        for name, payload in payloads.items()
    ]
    run(sa.insert(item), rows)
    last = run(sa.select(sa.func.max(item.c.id)).where(item.c.batch == of)).scalar_one()
    log.open_items(of, 0, last)
    return int(of)


def is_name(text: str) -> bool:
    """Whether an item may be called so."""
    return bool(text.strip()) and len(text) <= MAX_ID and text.isprintable()
