"""What the worker makes of one question's answers: agreement, consensus, and a plain method beside it.

Everything is asked of the task type: what its values are, how far apart two are, how several become one.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from goldwork.agreement import Agreement, measure_agreement
from goldwork.consensus import Consensus, consensus, infer_consensus
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.quality.policy import Policy
from goldwork.services.figures import Count
from goldwork.tasks import TaskType
from goldwork.tasks.form import Keys, Toggles

BASELINES = {
    "choice": "majority",
    "comparisons": "majority",
    "numbers": "median",
    "sets": "sets-majority",
    "rankings": "borda",
    "spans": "spans-majority",
    "boxes": "boxes-majority",
}
"""The plain method that is shown beside the one chosen, by the kind of values; what has none here has none."""
DISCRETE = ("choice", "comparisons", "sets", "numbers")
"""Kinds whose values can be counted."""
MANY = 50
"""Different values listed."""


def options(task: TaskType) -> dict[Any, str]:
    """A question's classes with the words that annotators read; empty where it has none."""
    for primitive in task.form().primitives:
        if isinstance(primitive, Keys | Toggles):
            return {option.value: option.label for option in primitive.options if not option.heading}
    return {}


def agree(task: TaskType, part: Judgements, policy: Policy) -> Agreement:
    """The agreement on the question: by its scale, or by the distance of its task type.

    Where the coefficient asked for refuses the answers it is by alpha, and a warning says so.
    """
    if task.level == "distance":
        return measure_agreement(part, "alpha", distance=task.distance)
    chosen = policy.coefficient if task.kind == "choice" and policy.coefficient else "alpha"
    try:
        return measure_agreement(part, chosen, level=task.level)
    except InputError as refused:
        if chosen == "alpha":
            raise
        made = measure_agreement(part, "alpha", level=task.level)
        return dataclasses.replace(made, warnings=(_instead("alpha", chosen, refused), *made.warnings))


def merge(task: TaskType, part: Judgements, policy: Policy) -> Consensus:
    """The consensus by the method asked for where it merges such values, else by the task type's own.

    Where these refuse the answers it is by the plain method, or by nearness alone; a warning says so.
    """
    asked = policy.method if policy.method and merges(policy.method) == task.kind else ""
    own = _own(task, part)
    refusals: dict[str, InputError] = {}
    *before, last = dict.fromkeys([asked or own, own, BASELINES.get(task.kind, "medoid")])
    for name in before:
        try:
            made = infer_consensus(part, name, **_settings(name, task))
        except InputError as refused:
            refusals[name] = refused
        else:
            break
    else:
        made = infer_consensus(part, last, **_settings(last, task))
    said = [_instead(made.method, name, refused) for name, refused in refusals.items()]
    return dataclasses.replace(_canonical(task, made), warnings=(*said, *made.warnings))


def _canonical(task: TaskType, made: Consensus) -> Consensus:
    """The methods write a ranking's place of one option without its brackets."""
    if task.kind != "rankings":
        return made
    return dataclasses.replace(made, labels=objects([task.canonical(label) for label in made.labels.tolist()]))


def _own(task: TaskType, part: Judgements) -> str:
    """The task type's method; of classes the plain one while there are fewer judgements than figures to be learned."""
    if task.kind not in ("choice", "sets"):
        return task.consensus
    classes = len(part.coded()[1]) if task.kind == "choice" else len(options(task))
    learned = classes * (classes - 1) if task.kind == "choice" else 2 * classes
    return BASELINES[task.kind] if len(part) < len(part.annotators) * learned else task.consensus


def _instead(used: str, chosen: str, refused: InputError) -> str:
    return f"These figures are by {used}, because {chosen} refuses these answers: {refused}"


def baseline(task: TaskType, part: Judgements) -> Consensus | None:
    """The plain method's answers, where the kind of values has such a method."""
    name = BASELINES.get(task.kind)
    return _canonical(task, infer_consensus(part, name)) if name else None


def merges(method: str) -> str:
    """The kind of values that a method merges."""
    return str(consensus.facts(method).get("answers", "choice"))


def _settings(method: str, task: TaskType) -> dict[str, Any]:
    """A method that needs only a distance takes the task type's."""
    return {"distance": task.distance} if merges(method) == "any" else {}


def count(task: TaskType, judged: Mapping[Any, int], labels: list[Any]) -> list[Count]:
    """How often each value was given, and how many items it is the consensus of; those that nobody chose too.

    `judged`: by value, where lists are written as JSON. Sets count for each of their members.
    """
    words = options(task)
    if task.kind not in DISCRETE:
        return []
    given: dict[Any, int] = {}
    for value, number in judged.items():
        for one in _members(task, value):
            given[one] = given.get(one, 0) + number
    merged: dict[Any, int] = {}
    for label in labels:
        for one in _members(task, label):
            merged[one] = merged.get(one, 0) + 1
    values = [*words, *sorted((value for value in given if value not in words), key=_order)]
    return [Count(v, words.get(v, _said(v)), given.get(v, 0), merged.get(v, 0)) for v in values[:MANY]]


def _members(task: TaskType, value: Any) -> list[Any]:
    if task.kind != "sets":
        return [value]
    return list(json.loads(value) if isinstance(value, str) else value)


def _order(value: Any) -> tuple[bool, Any]:
    return (isinstance(value, str), value)


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
