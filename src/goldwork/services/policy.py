"""A project's policy: what is asked of the engine, and how its answers are merged and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.agreement import coefficient as coefficient_registry
from goldwork.consensus import consensus
from goldwork.errors import InputError
from goldwork.quality.policy import HIGHEST, LOWEST, WHOLE, Criterion, Policy
from goldwork.quality.strategies import strategy
from goldwork.services import models, ranking, suggest
from goldwork.services.access import Member
from goldwork.services.forms import current_form
from goldwork.services.log import record as record_event
from goldwork.services.questions import merges
from goldwork.services.reviewing import check_rubric
from goldwork.store.database import Database
from goldwork.store.schema import project
from goldwork.tasks.questions import ProjectForm

MAX_OVERLAP = 100
MAX_LEASE_MINUTES = 24 * 60
MINUTE = 60_000

SWEPT = ("overlap", "maximum", "target", "slice", "slice_overlap", "paradigm", "adjudicate")
"""What decides how many judgements an item wants."""
SHARES = ("target", "slice", "audited", "floor", "review", "review_floor")
MONEY = ("price", "budget")
RANGES: Mapping[str, tuple[float, float]] = {
    "maximum": (0, MAX_OVERLAP),
    "target": (0, 0.999),
    "slice": (0, 1),
    "slice_overlap": (1, MAX_OVERLAP),
    "audited": (0, 1),
    "gold_first": (2, 100),
    "gold_block": (2, 1000),
    "gold_cap": (1, 1_000_000),
    "audits": (0, 1000),
    "floor": (0.3, 0.99),
    "quiz_items": (5, 100),
    "retakes": (0, 20),
    "session_minutes": (0, 24 * 60),
    "price": (0, 10_000),
    "budget": (0, 1e9),
    "review": (0, 1),
    "reviews": (1, 5),
    "review_floor": (LOWEST, HIGHEST),
}
"""From and to, both included."""
MAX_CURRENCY = 8


class QualitySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How quality is guarded (see `goldwork.quality.policy.Policy`); shares from 0 to 1, money in `currency`,
    `review_floor` on the scale of the rubric."""

    paradigm: Literal["prescriptive", "descriptive"]
    maximum: int
    target: float
    slice: float
    slice_overlap: int
    adjudicate: bool
    audited: float
    gold: bool
    gold_first: int
    gold_block: int
    gold_cap: int
    audits: int
    floor: float
    quiz: bool
    quiz_items: int
    retakes: int
    feedback: Literal["none", "immediate", "delayed"]
    session_minutes: int
    strategy: str
    model: bool
    price: float
    currency: str
    budget: float
    review: float
    reviews: int
    review_floor: float
    rubric: tuple[Criterion, ...]


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
    quality: Mapping[str, Any] | None = None,
) -> bool:
    """Change what is asked of the engine. True where items may want another number of judgements: they are swept anew.

    `quality`: fields of `QualitySettings`, those alone that change.

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
    settings = read_quality(quality_of(old), quality or {}, new.overlap)
    new = msgspec.structs.replace(new, **stored(settings))
    if new == old:
        return False
    version = row.policy_version + 1
    connection.execute(
        sa.update(project)
        .where(project.c.id == mine.project)
        .values(policy=msgspec.json.encode(new).decode(), policy_version=version)
    )
    if new.strategy != old.strategy:
        ranking.clear(connection, mine.project)
    if (new.strategy, new.model, new.slice) != (old.strategy, old.model, old.slice):
        models.be_due(connection, mine.project)
    body = {"policy": msgspec.to_builtins(new), "version": version, "by": mine.person.account}
    record_event(connection, database, mine.project, "policy", body)
    return any(getattr(new, name) != getattr(old, name) for name in SWEPT)


def quality_of(policy: Policy) -> QualitySettings:
    """The part of a policy that guards quality, in the units that people read."""
    values = {name: getattr(policy, name) for name in QualitySettings.__struct_fields__}
    return QualitySettings(**values | {name: values[name] / WHOLE for name in (*SHARES, *MONEY)})


def stored(settings: QualitySettings) -> dict[str, Any]:
    """The same as a policy has it."""
    values = msgspec.structs.asdict(settings)
    return values | {name: round(values[name] * WHOLE) for name in (*SHARES, *MONEY)}


def read_quality(old: QualitySettings, changes: Mapping[str, Any], overlap: int) -> QualitySettings:
    """Settings with some of them changed. Raises InputError naming the one that does not fit."""
    try:
        new = msgspec.convert({**msgspec.to_builtins(old), **changes}, QualitySettings)
    except msgspec.ValidationError as error:
        raise InputError(str(error), where="quality") from None
    for name, (low, high) in RANGES.items():
        value = getattr(new, name)
        if not low <= value <= high:
            raise InputError(f"must be {low:g} to {high:g}. Got {value:g}.", where=f"quality.{name}")
    if new.maximum and new.maximum < overlap and "maximum" in changes:
        raise InputError(
            f"the most judgements an item gets cannot be fewer than the least, {overlap}. Got {new.maximum}; "
            "0 means no more than the least.",
            where="quality.maximum",
        )
    if new.strategy not in strategy.names():
        known = ", ".join(strategy.names())
        raise InputError(f"must be one of {known}. Got {new.strategy[:50]!r}.", where="quality.strategy")
    if len(new.currency) > MAX_CURRENCY or not new.currency.isprintable():
        raise InputError(f"up to {MAX_CURRENCY} characters. Got {new.currency[:20]!r}.", where="quality.currency")
    check_rubric(new.rubric)
    return new


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
