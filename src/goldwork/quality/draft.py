"""What a step reads and what it has changed so far: the view's values, copied when they are first changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from goldwork.quality.policy import Policy

State = Mapping[str, Any]


class Event(msgspec.Struct, frozen=True):
    """One entry of the log. `at`: milliseconds since 1970 UTC, by the database's clock."""

    seq: int
    kind: str
    body: Mapping[str, Any]
    at: int


DecisionKind = Literal[
    "complete", "reopened", "adjudicate", "settled",
    "warn", "quarantine", "propose", "restored", "watch", "qualified", "unqualified",
]  # fmt: skip


class Decision(msgspec.Struct, frozen=True):
    """What the engine decided about `subject` ("item 12", "annotator 7"), and on what evidence."""

    kind: DecisionKind
    subject: str
    evidence: Mapping[str, Any]


class Answer(NamedTuple):
    """One answer in force about an item: whose, the seq of its submit, whether it fills a slot (surplus does not).

    `said`: by question the code of the value and the number of classes there are, 0 where there are no classes: then
    equal values have equal codes, and that is all.
    """

    annotator: int
    seq: int
    fills: bool
    said: Mapping[str, Sequence[int]]


class Result(NamedTuple):
    """One gold item that somebody answered: its score in thousandths, counted for the evidence about them."""

    item: int
    seq: int
    score: int
    stratum: str


class Changes(msgspec.Struct):
    """What an event changes: states to write, slots to open, decisions to record."""

    annotators: dict[int, State] = {}
    items: dict[int, State] = {}
    project: State | None = None
    opened: tuple[int, int, int] | None = None
    """(after item, through item, slots): the items of the event's batch, but those in `items`, want so many slots."""
    results: dict[int, Sequence[Result]] = {}
    """By annotator, all their gold results, where an event has changed what was counted."""
    decisions: list[Decision] = []


class View(Protocol):
    """What the step may read: the state as it stands once the event itself is stored."""

    def policy(self) -> Policy:
        """The policy in force."""

    def project(self) -> State:
        """The project's counts, and what is known of the crowd."""

    def annotator(self, annotator: int) -> State:
        """What is known of an annotator in this project."""

    def item(self, item: int) -> State:
        """What is known of an item; empty before its first answer."""

    def answers(self, item: int) -> Sequence[Answer]:
        """People's answers in force about an item, by seq: no retracted ones, no skips, no gold or repeats."""

    def results(self, annotator: int) -> Sequence[Result]:
        """The gold results that the evidence about an annotator rests on, by seq."""


class Draft:
    """One step's changes over a view."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.policy = view.policy()
        self.changes = Changes()

    def seen(self, annotator: int) -> State:
        """An annotator's state to read."""
        return self.changes.annotators.get(annotator) or self.view.annotator(annotator)

    def annotator(self, annotator: int) -> dict[str, Any]:
        """An annotator's state to change."""
        return _own(self.changes.annotators, annotator, self.view.annotator)

    def item(self, item: int) -> dict[str, Any]:
        """An item's state to change."""
        return _own(self.changes.items, item, self.view.item)

    def seen_project(self) -> State:
        """The project's state to read."""
        return self.changes.project or self.view.project()

    def project(self) -> dict[str, Any]:
        """The project's state to change."""
        if self.changes.project is None:
            self.changes.project = dict(self.view.project())
        return self.changes.project  # type: ignore[return-value]

    def count(self, name: str, more: int = 1) -> None:
        """Move one of the project's counts."""
        whole = self.project()
        whole[name] = whole.get(name, 0) + more

    def decide(self, kind: DecisionKind, subject: str, **evidence: Any) -> None:
        """Record a decision."""
        self.changes.decisions.append(Decision(kind, subject, evidence))


def _own(changed: dict[int, State], key: int, read: Any) -> dict[str, Any]:
    if key not in changed:
        changed[key] = dict(read(key))
    return changed[key]  # type: ignore[return-value]
