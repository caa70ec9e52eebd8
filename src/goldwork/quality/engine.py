"""The step: one event of a project's log in, changed state and decisions out.

`step(view, event) -> Changes` is a pure function. Everything that can change a decision is an event, and everything
it reads comes through the view, so the server, the simulator and the replay of a log run the same code and decide
the same. What is counted is counted in whole numbers, so that it does not depend on the order of additions.

**Invariant: replaying a project's log from its first event reproduces every decision, byte for byte.**
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from goldwork.quality import items, people
from goldwork.quality.draft import Answer, Changes, Decision, Draft, Event, Result, State, View
from goldwork.quality.policy import Policy

__all__ = ["Answer", "Changes", "Decision", "Draft", "Event", "Policy", "Result", "State", "View", "step"]

Rule = Callable[[Draft, Event], None]


def step(view: View, event: Event) -> Changes:
    """What `event` changes. Events of a kind that decides nothing change nothing."""
    rule = RULES.get(event.kind)
    if rule is None:
        return Changes()
    draft = Draft(view)
    rule(draft, event)
    return draft.changes


def _submit(draft: Draft, event: Event) -> None:
    """Count the work, whatever it was for; then what it says of its item, or of the person."""
    body = event.body
    people.counted(draft, event)
    if body.get("annotator_kind", "human") != "human":
        return  # a prediction: nobody's work, and no answer that an item waits for
    purpose = PURPOSES.get(body["purpose"])
    if purpose is not None:
        purpose(draft, event)


PURPOSES: Mapping[str, Rule] = {
    "work": items.judged,
    "import": items.judged,
    "adjudication": items.settled,
    "gold": people.tested,
    "repeat": people.repeated,
    "review": items.reviewed,
    "practice": people.practised,
}
RULES: Mapping[str, Rule] = {
    "submit": _submit,
    "opened": items.opened,
    "reweighed": items.reweighed,
    "asked": items.asked,
    "learned": items.learned,
    "calibration": items.calibrated,
    "gold": items.known,
    "watch": people.watched,
    "ruling": people.ruled,
    "guideline": people.guided,
}
