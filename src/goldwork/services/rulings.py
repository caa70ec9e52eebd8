"""What people say of decisions: an appeal by whom one is about, a ruling by a named person, and what follows from it.

**Invariant: nothing that the engine proposes about a person happens without a ruling; a ruling has a reason and a name,
and whoever has ruled on a decision does not answer the appeal against it.**
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, ForbiddenError, InputError
from goldwork.services import decisions
from goldwork.services.access import Member
from goldwork.services.decisions import REVERSIBLE, Action, Made, Said
from goldwork.services.evidence import Grounds
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.schema import decision, member, ruling

LONGEST = 4000
MORE = 1
"""Judgements asked for when a decision about an item is overruled."""

Verdict = Literal["upheld", "overruled", "noted"]

_OTHERS = sa.select(sa.func.count()).where(
    member.c.project == bind("project"), member.c.role == "manager", member.c.account != bind("account")
)
_WARNED = sa.select(decision.c.seq, decision.c.kind).where(
    decisions.of_project == bind("project"), decision.c.subject == bind("subject"), decision.c.seq >= bind("seq")
)


def appeal(connection: Connection, database: Database, mine: Member, seq: int, number: int, text: str) -> None:
    """Disagree with a decision about oneself. Raises NotFoundError, InputError or ConflictError."""
    text = _words(text)
    log = Log(connection, database, mine.project)
    who = mine.person.annotator
    one = decisions.find_decision(connection, mine.project, seq, number)
    if (one.about, one.subject) != ("annotator", who) or not _is_told(connection, mine.project, one):
        raise decisions.no_decision()
    said = _said(connection, mine.project, one)
    if any(row.kind == "appeal" for row in said):
        raise ConflictError("you have disagreed with this decision already.", reason="appealed")
    if not decisions.may_appeal(one.kind, said):
        raise ConflictError("there is nothing to disagree with here.", reason="not_appealable")
    made = log.add("appeal", {"about": [seq, number], "annotator": who})
    log.flush()
    _keep(connection, log, one, made, mine, "appeal", "", text)


def rule(
    connection: Connection,
    database: Database,
    mine: Member,
    seq: int,
    number: int,
    verdict: Verdict,
    text: str,
    action: Action = "",
) -> None:
    """Say whether a decision stands, and what follows. Raises NotFoundError, InputError, ForbiddenError, ConflictError.

    Overruled, a decision about a person gives their work its weight back and its evidence begins anew; one about an
    item asks for another judgement.
    """
    mine.require("manager")
    text = _words(text)
    log = Log(connection, database, mine.project)
    one = decisions.find_decision(connection, mine.project, seq, number)
    said = _said(connection, mine.project, one)
    _check(connection, mine, one, said, verdict, action)
    if verdict == "overruled" and not action:
        action = _undoing(one, said)
    who = one.subject if one.about == "annotator" else None
    items = {one.subject} if one.about == "item" else set()
    log.load(items, set() if who is None else {who})
    body = {"about": [seq, number], "action": action, "annotator": who, "by": mine.person.account}
    made = log.add("ruling", body | {"decision": one.kind, "verdict": verdict})
    if verdict == "overruled" and items:
        log.add("asked", {"items": sorted(items), "more": MORE, "by": mine.person.account})
    log.flush()
    _keep(connection, log, one, made, mine, verdict, action, text)


def _check(
    connection: Connection, mine: Member, one: Made, said: Sequence[Any], verdict: Verdict, action: Action
) -> None:
    """Refuse what may not be said here, or not by this person."""
    if one.about == "annotator" and one.subject == mine.person.annotator:
        raise ForbiddenError("this decision is about you: somebody else has to rule on it.", reason="own_decision")
    if action and one.about != "annotator":
        raise InputError("only people are paused or taught again.", where="action")
    if verdict == "overruled" and one.kind not in REVERSIBLE:
        raise InputError(f"{one.kind!r} cannot be overruled: note what you have to say.", where="verdict")
    if verdict != "noted" and any(row.kind == "overruled" for row in said):
        raise ConflictError("this decision was overruled already: what is left is a note.", reason="overruled")
    appealed = bool(said) and said[-1].kind == "appeal"
    if appealed and any(row.kind != "appeal" and row.by_account == mine.person.account for row in said):
        where = {"project": mine.project, "account": mine.person.account}
        others = connection.execute(_OTHERS, where).scalar_one()
        mend = "Ask another manager" if others else "There is no other manager yet: invite one under People"
        message = f"you have ruled on this decision; the appeal is answered by another person. {mend}."
        raise ConflictError(message, reason="same_person")


def _undoing(one: Made, said: Sequence[Any]) -> Action:
    """What a reversal takes back with it: a pause that was ruled on the same decision, the bar from another quiz."""
    if one.kind == "unqualified":
        return "retake"
    actions = [row.action for row in said if row.action in ("pause", "resume")]
    return "resume" if actions and actions[-1] == "pause" else ""


def _is_told(connection: Connection, project_id: int, one: Made) -> bool:
    where = {"project": project_id, "subject": f"annotator {one.subject}", "seq": one.seq}
    others = [one._replace(seq=row.seq, kind=row.kind) for row in connection.execute(_WARNED, where)]
    return decisions.is_told(one, others, Grounds(connection, project_id).measure([one.subject])[one.subject])


def _said(connection: Connection, project_id: int, one: Made) -> Sequence[Any]:
    return decisions.statements(connection, project_id, [one.seq]).get((one.seq, one.number), [])


def _words(text: str) -> str:
    text = text.strip()
    if not text:
        raise InputError("say why.", where="text")
    if len(text) > LONGEST:
        raise InputError(f"must have at most {LONGEST} characters. Got {len(text)}.", where="text")
    return text


def _keep(
    connection: Connection, log: Log, one: Made, seq: int, mine: Member, kind: Said, action: Action, text: str
) -> None:
    values = {
        "project": log.id,
        "seq": seq,
        "about_seq": one.seq,
        "about_number": one.number,
        "annotator": one.subject if one.about == "annotator" else None,
        "by_account": mine.person.account,
        "kind": kind,
        "action": action,
        "text": text,
        "at": log.now,
    }
    connection.execute(sa.insert(ruling).values(values))
