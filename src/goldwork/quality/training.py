"""Training: the quiz before work, the refresher after a guideline has changed, and teaching after work was set aside.

All three are answered on training items, whose answer is told with its reason after each. They are passed and failed
by a sequential test: of "right with a share of GOOD" against "right with a share of BAD" the log likelihood ratio

    L_n = sum over items of x log(GOOD / BAD) + (1 - x) log((1 - GOOD) / (1 - BAD)),      x the score from 0 to 1

is passed at log((1 - b) / a) and failed at log(b / (1 - a)) with a = b = .05: somebody who is right with a share of BAD
passes with a probability of about a, somebody with GOOD fails with one of about b. After the last item the sign of L
decides.

*Source:* Wald 1945, Sequential Tests of Statistical Hypotheses, Annals of Mathematical Statistics 16, 117-186.

    >>> state = {}
    >>> for score in (1, 1, 1, 1, 1, 1, 1, 1):
    ...     state, outcome = after(state, score, most=20)
    >>> outcome, state["done"]
    ('passed', 8)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from goldwork.quality.draft import State
from goldwork.quality.policy import Policy

GOOD, BAD = 0.9, 0.6
ERROR = 0.05
BOUND = math.log((1 - ERROR) / ERROR)
REFRESHER = 5
"""Items of the refresher after a guideline has changed."""

Outcome = Literal["", "passed", "failed"]
Due = Literal["", "quiz", "refresher", "teaching"]


class Progress(msgspec.Struct, frozen=True):
    """How far somebody is: `done` items of at most `most`, `right` of them, where part of an answer counts in part.

    `outcome`: what the last item decided. `tries`: how often one may still go through it, this time included;
    `failed`: how often one has.
    """

    why: Due
    done: int
    most: int
    right: float
    tries: int
    outcome: Outcome = ""
    failed: int = 0


def due(person: State, project: State, policy: Policy) -> Due:
    """Which training somebody has to go through before their work counts."""
    if person.get("teach"):
        return "teaching"
    passed = person.get("training", {}).get("passed", 0)
    if policy.quiz and not passed:
        return "quiz"
    if passed < project.get("certify", 0) and (policy.quiz or person.get("answer", 0)):
        return "refresher"
    return ""


def length(why: Due, policy: Policy) -> int:
    """The most items it has."""
    return REFRESHER if why == "refresher" else policy.quiz_items


def is_barred(person: State) -> bool:
    """Whether somebody has failed as often as one may: a person decides what next."""
    return bool(person.get("training", {}).get("barred"))


def after(state: Mapping[str, Any], score: float, *, most: int) -> tuple[dict[str, Any], Outcome]:
    """The training's state after one more item, and what that decides."""
    ratio = state.get("ratio", 0.0) + score * math.log(GOOD / BAD) + (1 - score) * math.log((1 - GOOD) / (1 - BAD))
    now = {**state, "ratio": ratio, "done": state.get("done", 0) + 1, "right": state.get("right", 0.0) + score}
    if ratio >= BOUND or (now["done"] >= most and ratio > 0):
        return now, "passed"
    return now, "failed" if ratio <= -BOUND or now["done"] >= most else ""


def stands(person: State, project: State, policy: Policy) -> Progress | None:
    """How far somebody is in the training that is due; None where none is."""
    if not (why := due(person, project, policy)):
        return None
    mine = person.get("training", {})
    fails, right = mine.get("fails", 0), round(mine.get("right", 0.0), 3)
    tries = max(0, policy.retakes + 1 - fails)
    return Progress(why, mine.get("done", 0), length(why, policy), right, tries, failed=fails)


def progress(before: State, after: State, project: State, policy: Policy, score: float) -> Progress | None:
    """What one more item, which scored 0 to 1, has made of a training; None where none was due.

    Where it decided, `after` has forgotten the items that led there: they are counted from what was known before.
    """
    stood = stands(before, project, policy)
    if stood is None or is_barred(before):
        return None
    was, now = before.get("training", {}), after.get("training", {})
    fails = now.get("fails", 0)
    tries = max(0, policy.retakes + 1 - fails)
    if now == was or "done" in now:
        done, right, outcome = now.get("done", 0), now.get("right", 0.0), ""
    else:
        done, right = stood.done + 1, stood.right + score
        outcome = "failed" if fails > was.get("fails", 0) else "passed"
    return Progress(stood.why, done, stood.most, round(right, 3), tries, outcome, fails)  # type: ignore[arg-type]
