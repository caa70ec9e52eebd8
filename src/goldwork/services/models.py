"""A project's model as its managers see it: versions, how good each is, what it used, what went wrong.

Everything here was made by the learn job (`goldwork.services.learning`); this reads it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.policy import WHOLE, Policy
from goldwork.quality.strategies import needs_model
from goldwork.quality.strategies import strategy as strategies
from goldwork.store.schema import job, model, project, snapshot

NAME = "learn"
LISTED = 20
"""Versions that are listed: the latest."""


class CurvePoint(msgspec.Struct, frozen=True):
    """How right a version was, with its 95 % interval over the items of the slice."""

    version: int
    judgements: int
    accuracy: float
    low: float
    high: float


class Curve(msgspec.Struct, frozen=True):
    """The learning curve, and what the next `more` judgements would add in a sentence."""

    points: list[CurvePoint]
    items: int
    sentence: str
    more: int
    stop: bool
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


class Chosen(msgspec.Struct, frozen=True):
    """What was put before the rest: by the model, at random, of the evaluation slice, and begun items that are to be
    finished."""

    model: int
    random: int
    slice: int
    begun: int


class Learned(msgspec.Struct, frozen=True):
    """What the last run of the job came to. `note`: why there is no new model, empty where there is one; `sliced`: the
    items of the slice, and `told`: those of them whose class people have told."""

    note: str = ""
    question: str = ""
    version: int = 0
    sliced: int = 0
    told: int = 0
    curve: Curve | None = None
    chosen: Chosen | None = None


class ModelVersion(msgspec.Struct, frozen=True):
    """One version: what it was fitted on and used, and how good it was on the slice when it was made."""

    question: str
    classes: list[Any]
    items: int
    used: str
    seconds: float
    accuracy: float | None
    low: float | None
    high: float | None
    log_loss: float | None
    of: int
    warnings: list[str]


class MadeVersion(msgspec.Struct, frozen=True):
    """A version as it is listed."""

    version: int
    made_at: int
    judgements: int
    about: ModelVersion


class ModelPage(msgspec.Struct, frozen=True):
    """`asked`: whether the project has a model, by its `strategy` or because it was switched on; `fitting`: whether
    the next version is being fitted; `learned`: what the last run came to, at `computed_at`; `slice`: the share of
    items that judge it."""

    asked: bool
    fitting: bool
    strategy: str
    slice: float
    computed_at: int | None
    learned: Learned
    versions: list[MadeVersion]


_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))
_LAST = sa.select(snapshot.c.body, snapshot.c.computed_at).where(
    snapshot.c.project == bind("project"), snapshot.c.name == NAME
)
_RUNNING = sa.select(job.c.id).where(job.c.project == bind("project"), job.c.kind == NAME, job.c.state == "running")
_BE_DUE = sa.update(snapshot).where(snapshot.c.project == bind("of"), snapshot.c.name == NAME).values(through_seq=0)
_VERSIONS = (
    sa.select(model.c.version, model.c.made_at, model.c.judgements, model.c.body)
    .where(model.c.project == bind("project"))
    .order_by(model.c.version.desc())
    .limit(LISTED)
)


def is_asked(policy: Policy) -> bool:
    """Whether a project has a model: its strategy needs one, or somebody switched it on."""
    return policy.model or by_model(policy)


def by_model(policy: Policy) -> bool:
    """Whether a model puts the project's items in order."""
    return policy.strategy in strategies.names() and needs_model(policy.strategy)


def be_due(connection: Connection, project_id: int) -> None:
    """What was learned was learned for other settings: the job is due as soon as it can learn anything."""
    connection.execute(_BE_DUE, {"of": project_id})


def read_last(connection: Connection, project_id: int) -> tuple[Learned, int | None]:
    """What the last run of the job came to, and when."""
    row = connection.execute(_LAST, {"project": project_id}).one_or_none()
    return (Learned(), None) if row is None else (msgspec.json.decode(row.body, type=Learned), row.computed_at)


def read_page(connection: Connection, project_id: int) -> ModelPage:
    """All that the page shows."""
    where = {"project": project_id}
    policy = msgspec.json.decode(connection.execute(_POLICY, where).scalar_one(), type=Policy)
    learned, computed_at = read_last(connection, project_id)
    versions = [
        MadeVersion(row.version, row.made_at, row.judgements, msgspec.json.decode(row.body, type=ModelVersion))
        for row in connection.execute(_VERSIONS, where)
    ]
    return ModelPage(
        is_asked(policy),
        connection.execute(_RUNNING, where).first() is not None,
        policy.strategy,
        policy.slice / WHOLE,
        computed_at,
        learned,
        versions,
    )
