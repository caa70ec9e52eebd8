"""What is known of an item before it is answered: its key (gold, traps, training), or what the same person said of it
earlier. How right an answer is beside it, and what the person is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality import training
from goldwork.quality.draft import State
from goldwork.services import codes as coding
from goldwork.services.log import Log
from goldwork.store.schema import assignment, gold, judgement
from goldwork.tasks import TaskType

if TYPE_CHECKING:
    from goldwork.services.collect import Held

KEYED = ("gold", "practice")
"""Purposes whose items have a key."""
COMPARED = (*KEYED, "repeat")
"""Purposes whose answers are compared with what is known."""

_GOLD = sa.select(gold.c.item, gold.c.kind, gold.c.answers, gold.c.stratum, gold.c.reason).where(
    gold.c.item.in_(bind("items", expanding=True))
)
_OWN = (
    sa.select(assignment.c.annotator, assignment.c.item, judgement.c.question, judgement.c.value)
    .join(judgement, (judgement.c.project == assignment.c.project) & (judgement.c.seq == assignment.c.current))
    .where(assignment.c.item.in_(bind("items", expanding=True)), assignment.c.pass_number == 0)
)


class Feedback(msgspec.Struct, frozen=True):
    """What is told once an item whose answer is known was answered. `score`: how right that was, 0 to 1; `marks`: the
    same by question; `answers`: those that are acceptable, by question. `training`: how far one is in it."""

    score: float
    marks: dict[str, float]
    answers: dict[str, list[Any]]
    reason: str
    training: training.Progress | None = None


class Key(NamedTuple):
    """What is known beforehand of a gold, trap or training item."""

    kind: str
    answers: Mapping[str, Sequence[Any]]
    stratum: str
    reason: str


class Known:
    """What is known of the items of some assignments, read once for all of them when it is first asked for."""

    def __init__(self, connection: Connection, held: Collection[Held]) -> None:
        self.connection = connection
        self.held = held
        self._keys: dict[int, Key] | None = None
        self._own: dict[tuple[int, int], dict[str, Any]] | None = None

    def scored(
        self,
        held: Held,
        answers: Mapping[str, Any],
        tasks: Mapping[str, TaskType],
        codes: coding.Codes,
        secret: bytes,
        *,
        first: bool,
    ) -> dict[str, Any]:
        """What an event says of how right an answer is. `first`: the person's first to this assignment."""
        if held.purpose == "repeat":
            own = {name: [answer] for name, answer in self._own_of(held).items()}
            return {"first": first, "score": coding.score(answers, own, tasks)}
        key = self._key_of(held.item)
        return {
            "first": first and bool(key.answers),  # none: it was withdrawn meanwhile
            "gold": key.kind,
            "known": coding.known(key.answers, tasks, codes, secret),
            "score": coding.score(answers, key.answers, tasks),
            "stratum": key.stratum,
        }

    def told(
        self, log: Log, held: Held, answers: Mapping[str, Any], tasks: Mapping[str, TaskType], before: State
    ) -> Feedback | None:
        """What the person is told about their answer, whose event is stepped already; `before`: their state until
        then."""
        policy = log.policy()
        if held.purpose != "practice" and not (held.purpose == "gold" and policy.feedback == "immediate"):
            return None
        key = self._key_of(held.item)
        if key.kind == "trap":
            return None  # what was told of one would be known of the others
        marks = coding.marks(answers, key.answers, tasks)
        score = coding.score(answers, key.answers, tasks) / coding.SCORE
        far = None
        if held.purpose == "practice":
            far = training.progress(before, log.annotator(held.annotator), log.project(), policy, score)
        acceptable = {name: list(key.answers[name]) for name in marks}
        return Feedback(score, {name: round(mark, 3) for name, mark in marks.items()}, acceptable, key.reason, far)

    def _key_of(self, item_id: int) -> Key:
        if self._keys is None:
            items = sorted({held.item for held in self.held if held.purpose in KEYED})
            rows = self.connection.execute(_GOLD, {"items": items})
            self._keys = {
                row.item: Key(row.kind, msgspec.json.decode(row.answers), row.stratum, row.reason) for row in rows
            }
        return self._keys[item_id]

    def _own_of(self, held: Held) -> dict[str, Any]:
        """What the person answered about the item before."""
        if self._own is None:
            self._own = {}
            items = sorted({one.item for one in self.held if one.purpose == "repeat"})
            for row in self.connection.execute(_OWN, {"items": items}):
                self._own.setdefault((row.annotator, row.item), {})[row.question] = msgspec.json.decode(row.value)
        return self._own.get((held.annotator, held.item), {})
