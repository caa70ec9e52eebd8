"""Part of `goldwork check`: how often gold was shown, and how much everybody was given, against the assignments."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.store.schema import assignment, gold, placement

_given_to = (
    sa.select(sa.func.count())
    .where(assignment.c.item == gold.c.item, assignment.c.purpose.in_(("gold", "practice")))
    .scalar_subquery()
)
_GOLD = (
    sa.select(gold.c.item, gold.c.shown, _given_to.label("given"))
    .where(gold.c.project == bind("project"), gold.c.shown != _given_to)
    .order_by(gold.c.item)
)
_places = (
    sa.select(assignment.c.annotator, sa.func.max(assignment.c.place).label("last"))
    .where(assignment.c.project == bind("project"), assignment.c.place.is_not(None), assignment.c.subject.is_(None))
    .group_by(assignment.c.annotator)
    .subquery()
)
_PLACES = (
    sa.select(_places.c.annotator, _places.c.last, placement.c.given)
    .select_from(
        _places.outerjoin(
            placement, (placement.c.project == bind("project")) & (placement.c.annotator == _places.c.annotator)
        )
    )
    .where(sa.func.coalesce(placement.c.given, 0) != _places.c.last + 1)
    .order_by(_places.c.annotator)
)


def check_gold(connection: Connection, project_id: int) -> Iterator[tuple[str, str]]:
    """What does not agree, as what it is and where to look."""
    here = {"project": project_id}
    for row in connection.execute(_GOLD, here):
        yield "gold", f"item {row.item}: counts as shown to {row.shown}, was given to {row.given}"
    for row in connection.execute(_PLACES, here):
        at = f"annotator {row.annotator}: was given {row.given}"
        yield "placement", f"{at}, the last place that is taken is {row.last}"
