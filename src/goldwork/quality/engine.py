"""The step: one event of a project's log in, changed state and decisions out.

`step(view, event) -> Changes` is a pure function. Everything that can change a decision is an event, and everything
it reads comes through the view, so the server, the simulator and the replay of a log run the same code and decide
the same. Numbers in the state are whole, so that they do not depend on the order of additions or on the machine.

The present policy is fixed overlap: every item gets `overlap` judgements, then it is complete. What an item wants is
what the last sweep over it opened, which a submit's event says: while a new overlap is being swept, it is not the
policy's.

**Invariant: replaying a project's log from its first event reproduces every decision, byte for byte.**
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import msgspec

State = Mapping[str, int]


class Policy(msgspec.Struct, frozen=True):
    """What the data lead asked of the engine. `lease_ms`: how long an item is held for a person, milliseconds.

    `method` and `coefficient` name how answers are merged and agreement is measured; "" leaves it to the task type.
    `suggestions` names the model whose answers are suggested to people ("": none); `hidden` in 10,000 of them, drawn
    by lot, are not shown, which measures how much those that are shown sway.
    """

    overlap: int = 3
    lease_ms: int = 30 * 60_000
    method: str = ""
    coefficient: str = ""
    suggestions: str = ""
    hidden: int = 1000


class Event(msgspec.Struct, frozen=True):
    """One entry of the log. `at`: milliseconds since 1970 UTC, by the database's clock."""

    seq: int
    kind: str
    body: Mapping[str, Any]
    at: int


class Decision(msgspec.Struct, frozen=True):
    """What the engine decided about `subject`, and on what evidence."""

    kind: Literal["complete", "reopened"]
    subject: str
    evidence: Mapping[str, Any]


class Changes(msgspec.Struct):
    """What an event changes: states to write, slots to open, decisions to record."""

    annotators: dict[int, State] = {}
    project: State | None = None
    opened: tuple[int, int, int] | None = None
    """(after item, through item, slots): items of the event's batch whose wanted slots are set."""
    decisions: list[Decision] = []


class View(Protocol):
    """What the step may read: the state as it stands once the event itself is stored."""

    def policy(self) -> Policy:
        """The policy in force."""

    def project(self) -> State:
        """The project's counts."""

    def annotator(self, annotator: int) -> State:
        """One annotator's counts in this project."""

    def answers(self, item: int) -> int:
        """How many answers in force fill slots of `item`: retracted, skipped and surplus ones do not."""


Rule = Callable[[View, Event], Changes]


def step(view: View, event: Event) -> Changes:
    """What `event` changes. Events of a kind that decides nothing change nothing."""
    rule = RULES.get(event.kind)
    return rule(view, event) if rule else Changes()


def _submit(view: View, event: Event) -> Changes:
    body = event.body
    mine = _count(view.annotator(body["annotator"]), body)
    if body.get("annotator_kind") == "model":  # a prediction: nobody's work, and no answer that an item waits for
        return Changes(annotators={body["annotator"]: mine})
    whole = _count(view.project(), body)
    answers, wanted, decisions = view.answers(body["item"]), body["wanted"], []
    evidence = {"answers": answers, "wanted": wanted}
    if body["fills"] > 0 and answers == wanted:
        decisions.append(Decision("complete", str(body["item"]), evidence))
        whole = {**whole, "complete": whole.get("complete", 0) + 1}
    elif body["fills"] < 0 and answers == wanted - 1:
        decisions.append(Decision("reopened", str(body["item"]), evidence))
        whole = {**whole, "complete": whole.get("complete", 0) - 1}
    return Changes(annotators={body["annotator"]: mine}, project=whole, decisions=decisions)


def _count(state: State, body: Mapping[str, Any]) -> State:
    """`answer`, `skip` and `undo` counted, and the active time in milliseconds. Paid work is never counted down."""
    kind = body["kind"]
    return {**state, kind: state.get(kind, 0) + 1, "ms": state.get("ms", 0) + body["ms"]}


def _opened(view: View, event: Event) -> Changes:
    body, whole = event.body, view.project()
    return Changes(
        project={
            **whole,
            "items": whole.get("items", 0) + body["items"],
            "complete": whole.get("complete", 0) + body["completed"],
        },
        opened=(body["after"], body["through"], view.policy().overlap),
    )


RULES: Mapping[str, Rule] = {"submit": _submit, "opened": _opened}
