"""What an expert makes of an entry of the review list (`goldwork.services.suspects`), and takes back.

A label that they confirm or mend is their word on the item, by an adjudication as any other. All of it can be taken
back: the word is retracted, and who was asked for more is asked for as many less.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services import adjudicate, suspects
from goldwork.services.access import Member
from goldwork.services.adjudicate import MOST_MORE
from goldwork.services.collect import Collector, Submit
from goldwork.services.docket import fresh_id
from goldwork.services.log import Log
from goldwork.services.once import once
from goldwork.services.slots import release_lapsed
from goldwork.store.database import Database
from goldwork.store.schema import assignment, item, second_look

Kind = Literal["confirmed", "fixed", "dismissed", "asked", "undone"]


class Look(msgspec.Struct, frozen=True):
    """What an expert makes of an entry: its label is right, or `value` is; it is no matter; `more` people shall say; or
    what they made of it last is `undone`."""

    external_id: str
    kind: Kind
    value: Any = None
    more: int = 1
    seconds: float | None = None


_ITEM = sa.select(item.c.id).where(item.c.project == bind("project"), item.c.external_id == bind("name"))
_OTHERS = sa.select(assignment.c.id).where(
    assignment.c.item == bind("item"),
    assignment.c.pass_number == 2,
    assignment.c.state == "leased",
    assignment.c.annotator != bind("annotator"),
)
_OWN = sa.select(assignment.c.id).where(
    assignment.c.item == bind("item"), assignment.c.pass_number == 2, assignment.c.annotator == bind("annotator")
)


def look(
    connection: Connection, database: Database, collector: Collector, mine: Member, client: str, what: Look
) -> None:
    """Answer an entry, once for every id of the client's. Raises NotFoundError, ConflictError, InputError."""
    mine.require("adjudicator")
    told = {"what": "second-look"} | msgspec.to_builtins(what)
    once(connection, database, mine, client, told, lambda: _look(connection, database, collector, mine, what))


def _look(connection: Connection, database: Database, collector: Collector, mine: Member, what: Look) -> None:
    log = Log(connection, database, mine.project)
    of = connection.execute(_ITEM, {"project": log.id, "name": what.external_id}).scalar()
    if of is None:
        raise NotFoundError(f"there is no item {what.external_id!r}.")
    if what.kind == "undone":
        _take_back(connection, log, collector, mine, of)
    else:
        question, label = suspects.entry(connection, collector, mine, log.form_version, of)
        if what.kind == "asked":
            if not 1 <= what.more <= MOST_MORE:
                raise InputError(f"must be 1 to {MOST_MORE}. Got {what.more}.", where="more")
            _ask(log, mine, of, what.more)
        elif what.kind != "dismissed":
            if (what.kind == "fixed") == (what.value == label):
                raise InputError(f"{what.kind} with {what.value!r}, where the label is {label!r}.", where="value")
            _settle(connection, database, log, collector, mine, of, question, what)
    row = {"project": log.id, "item": of, "by_account": mine.person.account, "kind": what.kind}
    row |= {"more": what.more if what.kind == "asked" else 0, "seq": log.seq, "at": log.now}
    connection.execute(sa.insert(second_look).values(row))


def _ask(log: Log, mine: Member, of: int, more: int) -> None:
    log.load({of}, set())
    log.add("asked", {"items": [of], "more": more, "by": mine.person.account})
    log.flush()


def _take_back(connection: Connection, log: Log, collector: Collector, mine: Member, of: int) -> None:
    """Undo what this expert made of an item last, if nobody has looked at it since."""
    looks = suspects.looks(connection, log.id, of)
    if not looks or looks[-1].by_account != mine.person.account:
        raise ConflictError("there is nothing of yours to take back here.", reason="nothing_to_undo")
    last = looks[-1]
    if last.kind == "asked":
        log.load({of}, set())
        if log.item(of).get("status") == "settled":
            raise ConflictError("an expert has settled this item since.", reason="changed")
        _ask(log, mine, of, -last.more)
    elif last.kind != "dismissed":
        where = {"item": of, "annotator": mine.person.annotator}
        held = connection.execute(_OWN, where).scalar_one()
        sent = Submit(log.id, mine.person.annotator, fresh_id(), held, "undo", log.form_version, log.guideline_version)
        [receipt] = collector.submit_many(connection, [sent])
        if isinstance(receipt, Exception):
            raise receipt
        # What was taken back is leased anew: it is in nobody's hands.
        connection.execute(sa.update(assignment).where(assignment.c.id == held).values(state="lapsed"))


def _settle(
    connection: Connection,
    database: Database,
    log: Log,
    collector: Collector,
    mine: Member,
    of: int,
    question: str,
    what: Look,
) -> None:
    """The expert's word on the item: an adjudication, held and answered at once."""
    release_lapsed(connection, log)
    who = mine.person.annotator
    if connection.execute(_OTHERS, {"item": of, "annotator": who}).first() is not None:
        raise ConflictError("somebody else is settling this item. Go on to the next.", reason="not_held")
    asked = collector.asked(connection, log.id, log.form_version)
    log.load({of}, set())
    answers = {question: what.value}
    for other in asked.form.questions:
        if other.name == question or other.optional:
            continue
        code = log.item(of).get("answer", {}).get(other.name)
        value = next((value for value, one in asked.codes.get(other.name, {}).items() if one == code), None)
        if value is None:
            message = f"the answer to {other.name!r} is not known, without which the item cannot be settled here."
            raise ConflictError(f"{message} Send it to more people instead.", reason="other_questions")
        answers[other.name] = value
    [held] = adjudicate.take(connection, database, log, mine, [of], log.now + log.policy().lease_ms)
    sent = Submit(
        log.id, who, fresh_id(), held, "answer", log.form_version, log.guideline_version, answers, what.seconds
    )
    [receipt] = collector.submit_many(connection, [sent])
    if isinstance(receipt, Exception):
        raise receipt
