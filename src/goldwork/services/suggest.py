"""Suggestions: a model's judgement of an item, drawn to be shown or hidden when the item is first leased.

What was drawn is kept with the assignment for good: asking again, a lapse, an undo or another policy meanwhile change
nothing of what its holder sees, and the submit says what that was. Whether it is hidden is a lot from the assignment's
random id alone: it depends on no item, person, purpose or order, and tells nothing about them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.quality.policy import Policy
from goldwork.store.schema import annotator, assignment, judgement, submit

_FOUND = (
    sa.select(assignment.c.item, assignment.c.current)
    .join(annotator, annotator.c.id == assignment.c.annotator)
    .where(
        assignment.c.item.in_(bind("items", expanding=True)),
        assignment.c.state == "done",
        annotator.c.project == bind("project"),
        annotator.c.pseudonym == bind("name"),
        annotator.c.kind == "model",
    )
)
_ANSWERS = sa.select(judgement.c.seq, judgement.c.question, judgement.c.value).where(
    judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True))
)
_model = submit.alias("model")
STRANGE = (
    sa.select(assignment.c.id, assignment.c.suggested)
    .select_from(
        assignment.outerjoin(
            _model, (_model.c.project == assignment.c.project) & (_model.c.seq == assignment.c.suggested)
        ).outerjoin(annotator, annotator.c.id == _model.c.annotator)
    )
    .where(
        assignment.c.project == bind("project"),
        assignment.c.suggestion.is_not(None) | assignment.c.suggested.is_not(None),
        sa.or_(
            _model.c.seq.is_(None),
            _model.c.item != assignment.c.item,
            annotator.c.kind != "model",
            assignment.c.suggestion.is_(None),
            assignment.c.suggestion.not_in(("shown", "hidden")),
        ),
    )
)
"""Assignments whose suggestion is no model's judgement of their item: none, unless something was altered."""
_MODELS = (
    sa.select(annotator.c.pseudonym)
    .where(annotator.c.project == bind("project"), annotator.c.kind == "model")
    .order_by(annotator.c.pseudonym)
)


WHOLE = 10_000
"""The policy counts hidden suggestions in so many: the engine's numbers are whole."""


def hidden_share(policy: Policy) -> float:
    """The share of suggestions that are hidden, 0 to 1."""
    return policy.hidden / WHOLE


def is_hidden(assignment_id: str, share: float) -> bool:
    """The lot: true for `share` of all ids, always the same for one id."""
    digest = hashlib.blake2b(assignment_id.encode(), digest_size=8, person=b"suggestion").digest()
    return int.from_bytes(digest, "big") < share * 2**64


def draw(
    connection: Connection, project: int, policy: Policy, leases: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """For each new lease (its `id` and `item`), what is kept of its suggestion. Reads nothing where none are wanted."""
    seqs: dict[int, int] = {}
    if policy.suggestions and leases:
        where = {"project": project, "name": policy.suggestions, "items": sorted({lease["item"] for lease in leases})}
        seqs = {row.item: row.current for row in connection.execute(_FOUND, where)}
    drawn: list[dict[str, Any]] = []
    for lease in leases:
        seq = seqs.get(lease["item"])
        said = "hidden" if is_hidden(lease["id"], hidden_share(policy)) else "shown"
        drawn.append({"suggestion": None if seq is None else said, "suggested": seq})
    return drawn


def answers(connection: Connection, project: int, seqs: set[int]) -> dict[int, dict[str, Any]]:
    """The suggested answers by question, by the seq of the model's submit."""
    found: dict[int, dict[str, Any]] = {}
    if seqs:
        for seq, question, value in connection.execute(_ANSWERS, {"project": project, "seqs": sorted(seqs)}):
            found.setdefault(seq, {})[question] = msgspec.json.decode(value)
    return found


def models(connection: Connection, project: int) -> list[str]:
    """The names of the models whose judgements the project has."""
    return list(connection.execute(_MODELS, {"project": project}).scalars())


def choose(
    connection: Connection, project: int, old: Policy, new: Policy, name: str | None, share: float | None
) -> Policy:
    """`new` with the model and the share that were asked for, else those of `old`. Raises InputError."""
    if name:
        known = models(connection, project)
        if name not in known:
            there = f"must be one of {', '.join(known[:20])}" if known else "no model's judgements were imported yet"
            raise InputError(f"{there}. Got {name[:50]!r}.", where="suggestions")
    if share is not None and not 0 <= share <= 1:
        raise InputError(f"must be 0 to 1. Got {share}.", where="hidden_share")
    return msgspec.structs.replace(
        new,
        suggestions=old.suggestions if name is None else name,
        hidden=old.hidden if share is None else round(share * WHOLE),
    )
