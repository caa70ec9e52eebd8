"""Who may not judge in a blind comparison.

**Invariant: whoever judged what the reward model learned from, or can look up which is new, is given nothing.**
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ForbiddenError
from goldwork.store.schema import annotator, blind, member, submit

_BLIND = sa.select(blind.c.parent, blind.c.through_seq).where(blind.c.project == bind("project"))
_JUDGED = (
    sa.select(submit.c.seq)
    .where(
        submit.c.project == bind("parent"),
        submit.c.annotator == bind("annotator"),
        submit.c.seq + 0 <= bind("through"),  # a person's submits are few: they are found by who, not by when
        submit.c.kind == "answer",
    )
    .limit(1)
)
_MANAGES = (
    sa.select(member.c.account)
    .join(annotator, annotator.c.account == member.c.account)
    .where(member.c.project == bind("parent"), member.c.role == "manager", annotator.c.id == bind("annotator"))
)


def origin(connection: Connection, project_id: int) -> tuple[int, int] | None:
    """Of a blind comparison, the project whose pairs were learned from and through which seq; None for others."""
    row = connection.execute(_BLIND, {"project": project_id}).one_or_none()
    return None if row is None else (row.parent, row.through_seq)


def refusal(connection: Connection, of: tuple[int, int], annotator_id: int) -> ForbiddenError | None:
    """Why somebody is given nothing in a blind comparison that comes `of` a project."""
    parent, through = of
    where = {"parent": parent, "through": through, "annotator": annotator_id}
    if connection.execute(_JUDGED, where).first() is not None:
        return ForbiddenError(
            "this comparison is for people who did not take part in the project it comes from.", reason="took_part"
        )
    if connection.execute(_MANAGES, where).first() is not None:
        return ForbiddenError(
            "this comparison is blind: whoever manages the project it comes from cannot judge in it.",
            reason="not_blind",
        )
    return None
