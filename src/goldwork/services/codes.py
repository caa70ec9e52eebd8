"""Answers as the engine reads them: the code of a class, or a number that equal answers share; and scores on gold.

A class's code is its place among all classes that the question has ever had, in the order of the form's versions, so
that codes mean the same for as long as the project lives. Of other values the code is a keyed digest: the engine learns
whether two are equal, and the log does not tell what they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.services.questions import options
from goldwork.store.schema import form
from goldwork.tasks import TaskType
from goldwork.tasks.questions import ProjectForm, read_form

SCORE = 1000
"""Scores are kept in thousandths."""

Codes = Mapping[str, Mapping[Any, int]]
"""By question that chooses one class, the code of each value."""

_encode = msgspec.json.Encoder(order="sorted").encode
_FORMS = (
    sa.select(form.c.body)
    .where(form.c.project == bind("project"), form.c.version <= bind("version"))
    .order_by(form.c.version)
)


def read_codes(connection: Connection, project: int, version: int) -> Codes:
    """The codes of all classes of a project's questions through a version of its form."""
    codes: dict[str, dict[Any, int]] = {}
    for body in connection.execute(_FORMS, {"project": project, "version": version}).scalars():
        for name, task in read_form(msgspec.json.decode(body)).tasks().items():
            if task.kind == "choice":
                known = codes.setdefault(name, {})
                for value in options(task):
                    known.setdefault(value, len(known))
    return codes


def say(answers: Mapping[str, Any], tasks: Mapping[str, TaskType], codes: Codes, secret: bytes) -> dict[str, list[int]]:
    """By question, the code of its answer and how many classes there are (0: not classes). Who cannot tell says
    nothing."""
    said = {}
    for name, answer in answers.items():
        value = tasks[name].value(answer)
        if value is None:
            continue
        if tasks[name].kind == "choice":
            said[name] = [codes[name][value], len(codes[name])]
        else:
            digest = hashlib.blake2b(_encode([name, value]), digest_size=6, key=secret).digest()
            said[name] = [int.from_bytes(digest, "big"), 0]
    return said


def known(
    gold: Mapping[str, Sequence[Any]], tasks: Mapping[str, TaskType], codes: Codes, secret: bytes
) -> dict[str, list[int]]:
    """What is said by a gold item's answers, of the questions with one acceptable answer alone."""
    single = {name: those[0] for name, those in gold.items() if len(those) == 1 and name in tasks}
    return say(single, tasks, codes, secret)


def marks(
    answers: Mapping[str, Any], gold: Mapping[str, Sequence[Any]], tasks: Mapping[str, TaskType]
) -> dict[str, float]:
    """By question with gold, how right its answer is, 0 to 1: 1 less the distance to the nearest acceptable answer. A
    question left out, or answered by "cannot tell", is wrong."""
    asked = [name for name, those in gold.items() if those and name in tasks]
    return {name: _right(answers.get(name), gold[name], tasks[name]) for name in asked}


def score(answers: Mapping[str, Any], gold: Mapping[str, Sequence[Any]], tasks: Mapping[str, TaskType]) -> int:
    """How right answers are, in thousandths: the mean over the questions with gold."""
    right = marks(answers, gold, tasks).values()
    return round(SCORE * sum(right) / len(right)) if right else SCORE


def stratum(gold: Mapping[str, Sequence[Any]], form: ProjectForm) -> str:
    """What gold is balanced by: the class of the first question that has classes; empty without one."""
    for name, task in form.tasks().items():
        if task.kind == "choice" and len(gold.get(name, ())) == 1:
            return f"{name}={gold[name][0]}"
    return ""


def _right(answer: Any, acceptable: Sequence[Any], task: TaskType) -> float:
    value = None if answer is None else task.value(answer)
    if value is None:
        return 0.0
    return max(1.0 - task.distance(value, task.value(one)) for one in acceptable)
