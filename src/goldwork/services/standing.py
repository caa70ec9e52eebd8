"""What stands between somebody and ordinary work: a training that is due, or a decision of a named person."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality import training
from goldwork.quality.policy import Policy
from goldwork.services.access import Member
from goldwork.store.schema import account, annotator_state, decision, event, project, project_state, ruling, submit

Held = Literal["quiz", "refresher", "teaching", "barred", "paused"]


class Basis(msgspec.Struct, frozen=True):
    """A decision that one may disagree with: its place in the log, and when it was made, milliseconds."""

    seq: int
    number: int
    at: int


class Standing(msgspec.Struct, frozen=True):
    """Why there is no ordinary work. `training`: how far one is in it. `by`, `words`: who paused somebody, and why;
    `about`: the decision it rests on."""

    held: Held
    training: training.Progress | None = None
    by: str = ""
    words: str = ""
    about: Basis | None = None


_STATES = (
    sa.select(project.c.policy, project_state.c.body.label("project"), annotator_state.c.body.label("person"))
    .select_from(
        project.outerjoin(project_state, project_state.c.project == project.c.id).outerjoin(
            annotator_state,
            (annotator_state.c.project == project.c.id) & (annotator_state.c.annotator == bind("annotator")),
        )
    )
    .where(project.c.id == bind("project"))
)
_PAUSED = (
    sa.select(account.c.name, ruling.c.text, ruling.c.about_seq, ruling.c.about_number, ruling.c.at)
    .join(account, account.c.id == ruling.c.by_account)
    .where(ruling.c.project == bind("project"), ruling.c.annotator == bind("annotator"), ruling.c.action == "pause")
    .order_by(ruling.c.seq.desc())
    .limit(1)
)
_UNQUALIFIED = (
    sa.select(decision.c.seq, decision.c.number, submit.c.submitted_at.label("at"))
    .join(submit, (submit.c.project == decision.c.project) & (submit.c.seq == decision.c.seq))
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        decision.c.kind == "unqualified",
    )
    .order_by(submit.c.submitted_at.desc(), submit.c.seq.desc())
    .limit(1)
)
_QUARANTINED = (
    sa.select(decision.c.seq, decision.c.number, event.c.at)
    .join(event, (event.c.project == decision.c.project) & (event.c.seq == decision.c.seq))
    .where(
        decision.c.project == bind("project"),
        decision.c.seq == bind("seq"),
        decision.c.kind == "quarantine",
        decision.c.subject == bind("subject"),
    )
)


def describe(connection: Connection, mine: Member) -> Standing | None:
    """What stands between the member and work; None where nothing does."""
    where: dict[str, Any] = {"project": mine.project, "annotator": mine.person.annotator}
    row = connection.execute(_STATES, where).one()
    person, whole = (msgspec.json.decode(body) if body else {} for body in (row.person, row.project))
    if person.get("paused"):
        paused = connection.execute(_PAUSED, where).one_or_none()
        if paused is None:
            return Standing("paused")
        about = Basis(paused.about_seq, paused.about_number, paused.at)
        return Standing("paused", by=paused.name, words=paused.text, about=about)
    far = training.stands(person, whole, msgspec.json.decode(row.policy, type=Policy))
    if training.is_barred(person):
        return Standing("barred", far, about=_about(connection.execute(_UNQUALIFIED, where).one_or_none()))
    if far is None:
        return None
    if far.why == "teaching" and person.get("out"):
        where |= {"seq": person["out"][-1][2], "subject": f"annotator {mine.person.annotator}"}
        return Standing("teaching", far, about=_about(connection.execute(_QUARANTINED, where).one_or_none()))
    return Standing(far.why, far)  # type: ignore[arg-type]


def _about(row: Any) -> Basis | None:
    return None if row is None else Basis(row.seq, row.number, row.at)
