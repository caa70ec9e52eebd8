"""Gold of what experts have settled: never one of a random sample, so calibration does not learn from it."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError
from goldwork.services import codes
from goldwork.services.access import Member
from goldwork.services.forms import current_form
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.schema import assignment, gold, judgement, submit

_WORDS = (
    sa.select(submit.c.seq, judgement.c.question, judgement.c.value)
    .select_from(
        assignment.join(
            submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current)
        ).join(judgement, (judgement.c.project == submit.c.project) & (judgement.c.seq == submit.c.seq))
    )
    .where(
        assignment.c.project == bind("project"),
        assignment.c.item == bind("item"),
        assignment.c.purpose == "adjudication",
        assignment.c.state == "done",
    )
    .order_by(submit.c.seq)
)


def mint(connection: Connection, database: Database, mine: Member, item: int, reason: str) -> None:
    """Make a settled item gold, with the latest expert's answers. Raises ConflictError where it is none, or gold."""
    mine.require("adjudicator")
    log = Log(connection, database, mine.project)
    if connection.execute(sa.select(gold.c.item).where(gold.c.item == item)).first() is not None:
        raise ConflictError("this item is gold already.", reason="is_gold")
    form = current_form(connection, mine.project)
    tasks = form.tasks()
    rows = connection.execute(_WORDS, {"project": mine.project, "item": item}).all()
    said: dict[str, Any] = {row.question: msgspec.json.decode(row.value) for row in rows if row.seq == rows[-1].seq}
    answers = {
        name: [answer] for name, answer in said.items() if name in tasks and tasks[name].value(answer) is not None
    }
    if not answers:
        raise ConflictError("nobody has settled this item. Settle it first.", reason="not_settled")
    stratum = codes.stratum(answers, form)
    read = codes.read_codes(connection, mine.project, log.form_version)
    connection.execute(
        sa.insert(gold).values(
            project=mine.project,
            item=item,
            kind="gold",
            state="active",
            answers=msgspec.json.encode(answers).decode(),
            reason=reason,
            stratum=stratum,
            drawn=False,
            created_at=log.now,
        )
    )
    body = {
        "item": item,
        "gold": "gold",
        "known": codes.known(answers, tasks, read, log.secret),
        "was": {},
        "drawn": False,
        "was_drawn": False,
        "stratum": stratum,
        "scores": {},
        "said": {},
        "by": mine.person.account,
    }
    log.add("gold", body)
    log.flush()
