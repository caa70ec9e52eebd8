"""What people say in a blind comparison: kept beside the project's other figures, and made anew with them.

A page that shows many rounds reads a row of each, however many people judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.judgements import Judgements
from goldwork.services import projects
from goldwork.services.blind import FIELDS, QUESTION, Pair
from goldwork.services.figures import Interval
from goldwork.services.packed import unpack
from goldwork.store.schema import blind, item, project, snapshot

NAME = "blind"
PATH = 200
"""Points of a path that are told."""
PARTED = 20
"""Prompts listed on which people and the reward part."""


class Point(msgspec.Struct, frozen=True):
    """The win rate after so many prompts."""

    prompts: int
    value: float
    low: float
    high: float


class Parted(msgspec.Struct, frozen=True):
    """A prompt on which people preferred what the reward did not. `won`: the share of votes for the new, a tie half."""

    prompt: str
    old: str
    new: str
    expected: float
    won: float
    votes: int


class Result(msgspec.Struct, frozen=True):
    """What the judgements of a comparison come to, as it is stored."""

    prompts: int
    judged: int
    votes: int
    win: Interval
    sentence: str
    path: list[Point]
    expected: float | None
    says: str
    parted: list[Parted]


class Comparison(Result, frozen=True):
    """What people say so far. `win`: how often the new is preferred, a tie being half, with an interval that holds
    whenever one looks; `expected`: what the reward expected on the same prompts; `says`: how the two compare."""

    project: int
    name: str
    state: projects.State


class Lots(NamedTuple):
    """What the lots of a comparison said, by item in the store; `prompts`: how many were drawn."""

    prompts: int
    pairs: dict[int, Pair]


_CONTENT = sa.select(blind.c.content).where(blind.c.project == bind("project"))
_ITEMS = sa.select(item.c.id, item.c.external_id).where(item.c.project == bind("project"))
_ALL = (
    sa.select(
        blind.c.project,
        blind.c.policy,
        project.c.name,
        project.c.state,
        snapshot.c.body,
        sa.case((snapshot.c.body.is_(None), blind.c.content)).label("content"),
    )
    .select_from(
        blind.join(project, project.c.id == blind.c.project).outerjoin(
            snapshot, (snapshot.c.project == blind.c.project) & (snapshot.c.name == NAME)
        )
    )
    .where(blind.c.parent == bind("parent"), blind.c.policy.in_(bind("policies", expanding=True)))
)


def comparisons(connection: Connection, parent: int, policies: Iterable[int]) -> dict[int, Comparison]:
    """By policy, what people said of it when the figures of its comparison were last made."""
    rows = connection.execute(_ALL, {"parent": parent, "policies": list(policies)}).all()
    return {row.policy: _comparison(row) for row in rows}


def _comparison(row: Any) -> Comparison:
    if row.body is None:  # there are no figures yet
        found = measure(Lots(len(unpack(row.content, list[Pair])), {}), None)
    else:
        found = msgspec.json.decode(row.body, type=Result)
    return Comparison(**msgspec.structs.asdict(found), project=row.project, name=row.name, state=row.state)


def read_lots(connection: Connection, project_id: int) -> Lots | None:
    """What the lots said; None where the project is no blind comparison. Items that came in later have no lot."""
    content = connection.execute(_CONTENT, {"project": project_id}).scalar()
    if content is None:
        return None
    pairs = {one.item: one for one in unpack(content, list[Pair])}
    names = connection.execute(_ITEMS, {"project": project_id})
    return Lots(len(pairs), {row.id: pairs[row.external_id] for row in names if row.external_id in pairs})


def measure(lots: Lots, table: Judgements | None) -> Result:
    """What people's judgements in a comparison say."""
    from goldwork.preference.winning import win_rate

    votes = {} if table is None else _votes(lots, table)
    judged = [lots.pairs[of] for of in votes]
    won = [float(np.mean([_won(pair, answer) for answer in votes[of]])) for of, pair in zip(votes, judged, strict=True)]
    found = win_rate(won)
    expected = float(np.mean([one.expected for one in judged])) if judged else None
    parted = [
        Parted(one.prompt, one.old, one.new, one.expected, share, len(said))
        for one, share, said in zip(judged, won, votes.values(), strict=True)
        if share < 0.5
    ]
    steps = sorted({round(at) for at in np.linspace(0, found.prompts - 1, PATH).tolist()}) if judged else []
    return Result(
        prompts=lots.prompts,
        judged=found.prompts,
        votes=sum(map(len, votes.values())),
        win=Interval(found.value, found.low, found.high) if judged else Interval(None, None, None),
        sentence=found.sentence,
        path=[Point(step + 1, *found.path[step].tolist()) for step in steps],
        expected=expected,
        says=_says(expected, found.low, found.high),
        parted=sorted(parted, key=lambda one: (-one.expected, one.prompt))[:PARTED],
    )


def _votes(lots: Lots, table: Judgements) -> dict[int, list[str]]:
    """The answers by item, in the order in which items were first judged."""
    found: dict[int, list[str]] = {}
    if QUESTION not in table.questions.tolist():
        return found
    said = table.about(QUESTION)
    items, labels = said.items[said.item].tolist(), said.labels().tolist()
    for row in np.lexsort((said.item, said.context["submitted_at"])).tolist():
        if items[row] in lots.pairs:
            found.setdefault(items[row], []).append(labels[row])
    return found


def _won(pair: Pair, answer: str) -> float:
    better = dict(zip(("first", "second"), FIELDS, strict=True)).get(answer)
    return 0.5 if better is None else float(better == pair.field)


def _says(expected: float | None, low: float, high: float) -> str:
    if expected is None:
        return ""
    said = f"The reward expected {expected:.0%} on the prompts that were judged"
    if expected > high:
        return f"{said}, more than people grant: part of what it prefers is its own error."
    if expected < low:
        return f"{said}, less than people grant."
    return f"{said}, which agrees with what people say."
