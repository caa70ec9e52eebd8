"""The order in which a model wants items judged: a rank before the lot, written anew by every fit.

Items that are begun are finished first. Then come those that the model can learn most from, and among them, in an order
drawn by lot, some that were drawn at random from all that are open, and some of the evaluation slice.

**Invariant: a rank is an order and nothing else. It is in no log; without it the same items are judged by lot.**
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.services.work import Work
from goldwork.store.schema import item, project

LEAST, SHARE = 50, 0.1
"""Items chosen at once: so many, or this share of those that are labelled."""
EXPLORED = 0.15
"""The share that is drawn at random from all that are open: the exploration, of 10 to 20 %. What a model holds to be
easy it would never ask, and never hear that it errs; and a model trained on hard items alone knows nothing of usual
ones."""
SLICED = 0.15
"""The share of the evaluation slice, until all of it is judged: without it nobody could say early how good the model
is."""
CHUNK = 500

_RANK = sa.update(item).where(item.c.id == bind("of_item")).values(rank=bind("to_rank"))
_RANKED: sa.ColumnElement[bool] = sa.literal_column("item.rank < 0")
_VERSION = sa.select(project.c.policy_version).where(project.c.id == bind("of"))
_ANEW = sa.update(project).where(project.c.id == bind("of")).values(ranking=project.c.ranking + 1)


@dataclasses.dataclass
class Open:
    """Items by what they are: `chosen` by the model, the best first; `ranked`, those that have a rank now; of the open
    ones those `begun`, those of the `slice`, and the `rest` (the chosen among them)."""

    chosen: list[int]
    ranked: list[int] = dataclasses.field(default_factory=list)
    begun: list[int] = dataclasses.field(default_factory=list)
    slice: list[int] = dataclasses.field(default_factory=list)
    rest: list[int] = dataclasses.field(default_factory=list)


def size(labelled: int) -> int:
    """How many items a model is to choose at once."""
    return max(LEAST, round(SHARE * labelled))


def mix(open: Open, seed: int) -> tuple[list[int], tuple[int, int, int]]:
    """The items in order, and how many were chosen by the model, at random, and of the slice.

    The batch has as many items as the model chose: the last of these give way to the others.
    """
    rng = np.random.default_rng(seed)
    whole = len(open.chosen)
    sliced = min(round(SLICED * whole), len(open.slice))
    explored = min(round(EXPLORED * whole), len(open.rest))
    learned = open.chosen[: whole - sliced - explored]
    others = sorted(set(open.rest) - set(learned))
    randomly = rng.permutation(others)[:explored].tolist()
    those = rng.permutation(open.slice)[:sliced].tolist()
    sources = [iter(learned), iter(randomly), iter(those)]
    turns = rng.permutation(np.repeat([0, 1, 2], [len(learned), len(randomly), len(those)]))
    order = [int(next(sources[turn])) for turn in turns.tolist()]
    return order, (len(learned), len(randomly), len(those))


def write(work: Work, open: Open, seed: int, policy_version: int) -> Any:
    """Rank the items, in chunks; then all begin at the start. Returns how many were put first, and why. Raises
    InputError where another policy has come into force, which may want no such order."""
    order, counts = mix(open, seed)
    ranks = {of: -(len(order) + 1) for of in open.begun} | {of: at - len(order) for at, of in enumerate(order)}
    moves = dict.fromkeys(open.ranked, 0) | ranks
    rows = [{"of_item": of, "to_rank": rank} for of, rank in sorted(moves.items())]
    for part in _chunks(rows):
        work.save(partial(_move, of=work.project, policy_version=policy_version, rows=part))
        yield
    work.save(partial(_turn, of=work.project))
    return (*counts, len(open.begun))


def clear(connection: Connection, project_id: int) -> None:
    """No item has a rank: the lot alone decides."""
    gone = connection.execute(sa.update(item).where(item.c.project == project_id, _RANKED).values(rank=0)).rowcount
    if gone:
        _turn(connection, project_id)


def _move(connection: Connection, of: int, policy_version: int, rows: Sequence[dict[str, Any]]) -> None:
    if connection.execute(_VERSION, {"of": of}).scalar_one() != policy_version:
        raise InputError("the settings were changed while the model was fitted. The next one follows them.")
    connection.execute(_RANK, rows)


def _turn(connection: Connection, of: int) -> None:
    connection.execute(_ANEW, {"of": of})


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for begin in range(0, len(rows), CHUNK):
        yield rows[begin : begin + CHUNK]
