"""Which of the open items at hand somebody is given first, by the project's strategy.

A strategy chooses among the next `POOL` items in the order of work: a request reads a bounded number of rows, however
large the project is. By the default nothing is chosen, and the random order of the items is the order of work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.draft import State
from goldwork.quality.items import SURE
from goldwork.quality.skill import CELLS, ROWS, SCALE, Pooled, accuracy, own_accuracy, resized
from goldwork.quality.strategies import DEFAULT, Candidates, needs_model, order
from goldwork.services.log import Log, decode
from goldwork.services.order import Candidate
from goldwork.store.schema import item, item_state

POOL = 48
"""Items beyond those wanted among which the strategy chooses."""

_KNOWN = (
    sa.select(item.c.id, item.c.shuffle, item.c.wanted, item.c.taken, item_state.c.body)
    .select_from(item.outerjoin(item_state, item_state.c.item == item.c.id))
    .where(item.c.id.in_(bind("items", expanding=True)))
)


def chooses(log: Log) -> bool:
    """Whether the project's strategy has anything to choose by: another than the default, and classes learned. One
    that needs a model has put all items in order already (`goldwork.services.ranking`)."""
    name = log.policy().strategy
    return name != DEFAULT and not needs_model(name) and bool(log.project().get("pooled"))


def choose(
    connection: Connection, log: Log, annotator: int, found: Sequence[Candidate], number: int
) -> list[Candidate]:
    """The `number` of candidates that the strategy puts first."""
    if len(found) <= 1:
        return list(found)
    rows = {row.id: row for row in connection.execute(_KNOWN, {"items": sorted(one.id for one in found)})}
    question, counts = next(iter(sorted(log.project()["pooled"].items())))
    classes = _classes(counts)
    pooled = Pooled(classes, list(counts))
    known = [_probabilities(rows[one.id], question, classes) for one in found]
    candidates = Candidates.of(
        [shares for shares, _ in known],
        judgements=[number for _, number in known],
        wanted=[rows[one.id].wanted for one in found],
        lot=[rows[one.id].shuffle for one in found],
        accuracy=_by_class(log.annotator(annotator), question, pooled),
        crowd=_diagonal(counts, classes, accuracy(pooled)),
        collected=np.array(counts[ROWS : ROWS + classes]) / SCALE,
    )
    return [found[row] for row in order(log.policy().strategy, candidates, seed=log.seq)[:number].tolist()]


def _classes(counts: Sequence[int]) -> int:
    """K of 2 + K K + 2 K places."""
    return int(np.sqrt(len(counts) - ROWS + 1)) - 1


def _probabilities(row: Any, question: str, classes: int) -> tuple[list[float], int]:
    """What is known of an item: its classes' probabilities, and how many judgements there are."""
    state = decode(row.body) if row.body is not None else {}
    answer, sure = state.get("answer", {}).get(question), state.get("sure")
    if answer is None or sure is None:
        return [1 / classes] * classes, row.taken
    likely = min(max(sure / SURE, 1 / classes), 1 - 1e-6)
    shares = [(1 - likely) / max(classes - 1, 1)] * classes
    shares[answer] = likely
    return shares, row.taken


def _by_class(person: State, question: str, pooled: Pooled) -> Any:
    counts = resized(person.get("skill", {}).get(question, ()), pooled.classes)
    own = own_accuracy(counts, accuracy(pooled))
    if len(counts) == ROWS:
        return np.full(pooled.classes, own)
    return _diagonal(counts, pooled.classes, own)


def _diagonal(counts: Sequence[int], classes: int, base: float) -> Any:
    """How often a class is recognised, shrunken to how often all are."""
    rows = np.array(counts[ROWS : ROWS + classes]) / SCALE
    hits = np.array([counts[ROWS + classes + k * classes + k] for k in range(classes)]) / SCALE
    return (hits + CELLS * base) / (rows + CELLS)
