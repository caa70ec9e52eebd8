"""A project's policy: what is asked of the engine, and how its answers are merged and compared."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.agreement import coefficient as coefficient_registry
from goldwork.consensus import consensus
from goldwork.errors import InputError
from goldwork.quality.policy import Policy
from goldwork.services import suggest
from goldwork.services.access import Member
from goldwork.services.forms import current_form
from goldwork.services.log import record as record_event
from goldwork.services.questions import merges
from goldwork.store.database import Database
from goldwork.store.schema import project
from goldwork.tasks.questions import ProjectForm

MAX_OVERLAP = 100
MAX_LEASE_MINUTES = 24 * 60
MINUTE = 60_000

_POLICY = sa.select(project.c.policy, project.c.policy_version).where(project.c.id == bind("project"))


def set_policy(
    connection: Connection,
    database: Database,
    mine: Member,
    *,
    overlap: int | None = None,
    lease_minutes: int | None = None,
    method: str | None = None,
    coefficient: str | None = None,
    suggestions: str | None = None,
    hidden_share: float | None = None,
) -> bool:
    """Change what is asked of the engine. True where the overlap changed: published items are then swept anew.

    Raises InputError.
    """
    mine.require("manager")
    row = connection.execute(_POLICY, {"project": mine.project}).one()
    old = msgspec.json.decode(row.policy, type=Policy)
    new = read_policy(
        old.overlap if overlap is None else overlap,
        old.lease_ms // MINUTE if lease_minutes is None else lease_minutes,
        current_form(connection, mine.project),
        old.method if method is None else method,
        old.coefficient if coefficient is None else coefficient,
    )
    new = suggest.choose(connection, mine.project, old, new, suggestions, hidden_share)
    if new == old:
        return False
    version = row.policy_version + 1
    connection.execute(
        sa.update(project)
        .where(project.c.id == mine.project)
        .values(policy=msgspec.json.encode(new).decode(), policy_version=version)
    )
    body = {"policy": msgspec.to_builtins(new), "version": version, "by": mine.person.account}
    record_event(connection, database, mine.project, "policy", body)
    return new.overlap != old.overlap


def methods(form: ProjectForm) -> list[str]:
    """The consensus methods that a question of the form may use."""
    kinds = {task.kind for task in form.tasks().values()}
    return [name for name in consensus.names() if merges(name) in kinds]


def coefficients() -> list[str]:
    """The agreement coefficients of choices, those that need numbers left out."""
    return [name for name in coefficient_registry.names() if "level" not in coefficient_registry.facts(name)]


def read_policy(
    overlap: int, lease_minutes: int, form: ProjectForm | None = None, method: str = "", coefficient: str = ""
) -> Policy:
    """A policy of all that. Raises InputError."""
    known_methods = methods(form) if form is not None else []
    for where, name, known in (("method", method, known_methods), ("coefficient", coefficient, coefficients())):
        if name and name not in known:
            raise InputError(f"must be one of {', '.join(known)}. Got {name[:50]!r}.", where=where)
    if not 1 <= overlap <= MAX_OVERLAP:
        raise InputError(f"must be 1 to {MAX_OVERLAP}. Got {overlap}.", where="overlap")
    if not 1 <= lease_minutes <= MAX_LEASE_MINUTES:
        raise InputError(f"must be 1 to {MAX_LEASE_MINUTES}. Got {lease_minutes}.", where="lease_minutes")
    return Policy(overlap, lease_minutes * MINUTE, method, coefficient)
