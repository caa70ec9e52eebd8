"""What a project asks people about themselves: defined by managers, answered by whoever wants to, taken back at once.

A definition never changes: whoever agreed, agreed to this question and this reason. A refusal stores nothing. Answers
leave this file in two ways: to the person who gave them, and to compare groups (`goldwork.services.groups` and
`between`). They are in no event (the log cannot forget), in no score, and beside no name.

**Invariant: an answer to an attribute is read with who gave it by that person alone, and to compare groups.**
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind
from sqlalchemy.exc import IntegrityError

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services.access import Member
from goldwork.services.names import is_readable
from goldwork.services.sql import upsert
from goldwork.store.database import Database
from goldwork.store.schema import attribute, attribute_answer, snapshot

MOST = 10
"""Attributes of a project: each one more makes it easier to pick somebody out."""
OPTIONS = (2, 20)
MAX_NAME = 60
MAX_OPTION = 100
MAX_TEXT = 2_000
FIGURES = "groups"
"""The name of the snapshot that holds the groups' figures."""
WATCHED = "watch"
"""The name of the snapshot that holds what flags found."""
BETWEEN = "between-groups"
"""The flag that reads what people say of themselves."""
TAKEN_BACK = "{}"
"""What stands in its place once somebody has taken an answer back: that they were made, and nothing of them."""


class PersonAttribute(msgspec.Struct, frozen=True):
    """What is asked: its short name, the question as people read it, what they may answer, and why it is asked."""

    id: int
    name: str
    question: str
    options: list[str]
    why: str


class AskedAttribute(PersonAttribute, frozen=True):
    """An attribute with one's own answer, if one gave it, and when."""

    mine: str | None
    since: int | None


_OF_PROJECT = (
    sa.select(attribute.c.id, attribute.c.name, attribute.c.question, attribute.c.options, attribute.c.why)
    .where(attribute.c.project == bind("project"))
    .order_by(attribute.c.id)
)
_ASKED = (
    sa.select(
        attribute.c.id,
        attribute.c.name,
        attribute.c.question,
        attribute.c.options,
        attribute.c.why,
        attribute_answer.c.value,
        attribute_answer.c.consented_at,
    )
    .select_from(
        attribute.outerjoin(
            attribute_answer,
            (attribute_answer.c.attribute == attribute.c.id) & (attribute_answer.c.annotator == bind("annotator")),
        )
    )
    .where(attribute.c.project == bind("project"))
    .order_by(attribute.c.id)
)
_ANSWERS = (
    sa.select(attribute.c.name, attribute_answer.c.annotator, attribute_answer.c.value)
    .join(attribute, attribute.c.id == attribute_answer.c.attribute)
    .where(attribute.c.project == bind("project"), attribute_answer.c.consented_at <= bind("until"))
    .order_by(attribute.c.id, attribute_answer.c.annotator)
)
_WATCHED = sa.select(snapshot.c.body).where(snapshot.c.project == bind("project"), snapshot.c.name == WATCHED)
_SAID_IN = (
    sa.select(attribute.c.project)
    .join(attribute_answer, attribute_answer.c.attribute == attribute.c.id)
    .where(attribute_answer.c.annotator == bind("annotator"))
    .distinct()
)


def consent() -> str:
    """What people agree to when they answer."""
    return files("goldwork.services").joinpath("consent.md").read_text(encoding="utf-8").strip()


def asked(connection: Connection, mine: Member) -> list[AskedAttribute]:
    """What the project asks, with the member's own answers and nobody else's."""
    where = {"project": mine.project, "annotator": mine.person.annotator}
    return [
        AskedAttribute(row[0], row[1], row[2], msgspec.json.decode(row[3]), row[4], row[5], row[6])
        for row in connection.execute(_ASKED, where)
    ]


def define(
    connection: Connection, mine: Member, now: int, *, name: str, question: str, options: Sequence[str], why: str
) -> PersonAttribute:
    """A new attribute. Raises InputError, ConflictError `attribute_taken`."""
    mine.require("manager")
    values = {
        "name": _text("name", name, MAX_NAME),
        "question": _text("question", question, MAX_TEXT),
        "why": _text("why", why, MAX_TEXT),
        "options": _options(options),
    }
    if len(connection.execute(_OF_PROJECT, {"project": mine.project}).all()) >= MOST:
        raise InputError(f"a project asks at most {MOST}: each one more makes it easier to pick somebody out.")
    stored = values | {
        "options": msgspec.json.encode(values["options"]).decode(),
        "project": mine.project,
        "created_at": now,
    }
    try:
        with connection.begin_nested():
            made = connection.execute(sa.insert(attribute).values(stored).returning(attribute.c.id)).scalar_one()
    except IntegrityError:
        raise ConflictError(
            f"there is an attribute {values['name']!r} already. Remove it first: its answers go with it.",
            reason="attribute_taken",
        ) from None
    return PersonAttribute(int(made), **values)  # type: ignore[arg-type]


def remove(connection: Connection, mine: Member, attribute_id: int) -> None:
    """Remove an attribute, with everybody's answers and the figures made of them. Raises NotFoundError."""
    mine.require("manager")
    _find(connection, mine.project, attribute_id)
    connection.execute(sa.delete(attribute_answer).where(attribute_answer.c.attribute == attribute_id))
    connection.execute(sa.delete(attribute).where(attribute.c.id == attribute_id))
    forget_figures(connection, mine.project)


def answer(connection: Connection, database: Database, mine: Member, attribute_id: int, value: str, now: int) -> None:
    """Store what the member says of themselves, who has agreed. Raises NotFoundError, InputError for another answer."""
    there = _find(connection, mine.project, attribute_id)
    if value not in there.options:
        raise InputError(f"must be one of {', '.join(there.options)}. Got {value[:50]!r}.", where="value")
    before = connection.execute(_own(sa.select(attribute_answer.c.value), attribute_id, mine)).scalar_one_or_none()
    if before == value:
        return
    if before is not None:  # the old answer is taken back
        forget_figures(connection, mine.project)
    row = {"attribute": attribute_id, "annotator": mine.person.annotator, "value": value, "consented_at": now}
    connection.execute(upsert(database, attribute_answer, "value", "consented_at"), row)


def take_back(connection: Connection, mine: Member, attribute_id: int) -> None:
    """Delete the member's answer, and the figures it may be in. Harmless where there is none. Raises NotFoundError."""
    _find(connection, mine.project, attribute_id)
    if connection.execute(_own(sa.delete(attribute_answer), attribute_id, mine)).rowcount:
        forget_figures(connection, mine.project)


def forget_person(connection: Connection, annotator_id: int, project_id: int | None = None) -> None:
    """Delete all that somebody said of themselves, in one project or in all, and the figures it may be in."""
    said_in = set(connection.execute(_SAID_IN, {"annotator": annotator_id}).scalars())
    for project in said_in if project_id is None else said_in & {project_id}:
        of_project = sa.select(attribute.c.id).where(attribute.c.project == project)
        connection.execute(
            sa.delete(attribute_answer).where(
                attribute_answer.c.annotator == annotator_id, attribute_answer.c.attribute.in_(of_project)
            )
        )
        forget_figures(connection, project)


def forget_figures(connection: Connection, project_id: int) -> None:
    """Empty the groups' figures, and what a flag found of groups. When they were made stays, so that new ones cannot be
    held against them at once."""
    row = connection.execute(_WATCHED, {"project": project_id}).one_or_none()
    if row is not None:
        told = msgspec.json.decode(row.body)
        told["found"] = [one for one in told["found"] if one["flag"] != BETWEEN]
        of = (snapshot.c.project == project_id) & (snapshot.c.name == WATCHED)
        connection.execute(sa.update(snapshot).where(of).values(body=msgspec.json.encode(told).decode()))
    connection.execute(
        sa.update(snapshot).where(snapshot.c.project == project_id, snapshot.c.name == FIGURES).values(body=TAKEN_BACK)
    )


def answers(connection: Connection, project_id: int, until: int) -> dict[str, dict[int, str]]:
    """For comparing groups: by attribute, the group of every annotator who had said it by `until`."""
    found: dict[str, dict[int, str]] = {}
    for name, annotator, value in connection.execute(_ANSWERS, {"project": project_id, "until": until}):
        found.setdefault(name, {})[annotator] = value
    return found


def _find(connection: Connection, project_id: int, attribute_id: int) -> PersonAttribute:
    row = connection.execute(_OF_PROJECT.where(attribute.c.id == attribute_id), {"project": project_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such attribute.")
    return PersonAttribute(row[0], row[1], row[2], msgspec.json.decode(row[3]), row[4])


def _own(statement: Any, attribute_id: int, mine: Member) -> Any:
    return statement.where(
        attribute_answer.c.attribute == attribute_id, attribute_answer.c.annotator == mine.person.annotator
    )


def _text(where: str, text: str, most: int) -> str:
    text = text.strip()
    if not text or len(text) > most or not is_readable(text.replace("\n", " ")):
        raise InputError(f"must be 1 to {most:,} printable characters. Got {text[:50]!r}.", where=where)
    return text


def _options(options: Sequence[str]) -> list[str]:
    made = [_text("options", option, MAX_OPTION) for option in options]
    least, most = OPTIONS
    if not least <= len(made) <= most or len(set(made)) < len(made):
        raise InputError(f"must be {least} to {most} different answers. Got {len(made)}.", where="options")
    return made
