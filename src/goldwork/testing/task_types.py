"""The contract of a task type."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from goldwork.consensus import ANSWERS, consensus
from goldwork.errors import AnswerError
from goldwork.tasks import TaskType, task_type
from goldwork.tasks.form import Form
from goldwork.testing.crowds import refusal

LEVELS = ("nominal", "ordinal", "interval", "ratio", "distance")
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 3.5, float("nan"), float("inf"), 10**30, 10**400, "", " ", "\x00", "a" * 10_000, "\ud800",
    [], [None], [[]], {}, {"": None}, {"a": {"b": []}}, {"cannot_tell": "\x00"},
)  # fmt: skip
SEEDS = range(20)


@dataclasses.dataclass(frozen=True)
class Sample:
    """A configured task, at least three answers that differ and fit, and some that do not fit."""

    task: TaskType
    answers: Sequence[Any]
    unfit: Sequence[Any]


def settings_survive_json(sample: Sample) -> None:
    """The settings are JSON, and come back the same."""
    kind = type(sample.task)
    again = msgspec.json.decode(msgspec.json.encode(sample.task), type=kind)
    assert again == sample.task, "settings must come back from JSON the same"
    task = sample.task
    assert task.level in LEVELS, f"the level must be one of {', '.join(LEVELS)}. Got {task.level!r}."
    assert task.kind in ANSWERS, f"the kind must be one of {', '.join(ANSWERS)}. Got {task.kind!r}."
    assert task.consensus in consensus.names(), f"no consensus method is called {task.consensus!r}"
    merges = consensus.facts(task.consensus).get("answers", "choice")
    assert merges in (task.kind, "any"), f"{task.consensus} merges {merges}, not {task.kind}"
    assert kind in {task_type.get(name) for name in task_type.names()}, "the type must be registered"


def answers_are_told_apart(sample: Sample) -> None:
    """Fitting answers are accepted, others refused by AnswerError that says what it got."""
    for answer in sample.answers:
        sample.task.validate(answer)
    for answer in sample.unfit:
        said = refusal(partial(sample.task.validate, answer))
        assert said, f"{answer!r} does not fit and must be refused"
        assert "Got" in said, f"the error must say what it got: {said!r}"


def junk_is_refused_politely(sample: Sample) -> None:
    """Whatever JSON brings, nothing but AnswerError is raised."""
    for answer in JUNK:
        try:
            sample.task.validate(answer)
        except AnswerError:
            continue
        sample.task.canonical(answer)


def canonical_form_is_one(sample: Sample) -> None:
    """A canonical answer fits, is JSON, and is its own canonical form."""
    for answer in sample.answers:
        canonical = sample.task.canonical(answer)
        sample.task.validate(canonical)
        assert sample.task.canonical(canonical) == canonical, "the canonical form must be its own"
        assert json.loads(json.dumps(canonical)) == canonical, "the canonical form must be JSON"


def distance_is_one(sample: Sample) -> None:
    """Distances of values are in [0, 1], symmetric, and 0 exactly for equal ones."""
    values = [sample.task.value(sample.task.canonical(answer)) for answer in sample.answers]
    assert len(values) >= 3, "the sample needs three answers"
    assert None not in values, "the sample's answers must be judgements"
    for one, other in itertools.product(values, repeat=2):
        d = sample.task.distance(one, other)
        assert 0 <= d <= 1, f"a distance must lie between 0 and 1. Got {d}."
        assert d == sample.task.distance(other, one), "a distance must be symmetric"
        assert (d == 0) == (one == other), "a distance must be 0 exactly where values are equal"


def form_is_drawable(sample: Sample) -> None:
    """The form is JSON over the known primitives, and the same every time."""
    form = sample.task.form()
    assert isinstance(form, Form), "form() must give a Form"
    assert form.primitives, "a form needs a primitive"
    again = msgspec.json.decode(msgspec.json.encode(form), type=Form)
    assert again == form == sample.task.form(), "the form must be JSON and always the same"


def perturbed_answers_are_wrong(sample: Sample) -> None:
    """A perturbed answer fits and differs; a seed fixes it."""
    for answer, seed in itertools.product(sample.answers, SEEDS):
        canonical = sample.task.canonical(answer)
        wrong = sample.task.perturb(canonical, seed)
        assert wrong == sample.task.perturb(canonical, seed), "the same seed must give the same"
        if wrong is not None:
            sample.task.validate(wrong)
            assert sample.task.canonical(wrong) != canonical, "a perturbed answer must be another one"


TASK_TYPE_CHECKS: tuple[Callable[[Sample], None], ...] = (
    settings_survive_json,
    answers_are_told_apart,
    junk_is_refused_politely,
    canonical_form_is_one,
    distance_is_one,
    form_is_drawable,
    perturbed_answers_are_wrong,
)


def check_task_type(sample: Sample) -> None:
    """Run every check on a configured task type."""
    for check in TASK_TYPE_CHECKS:
        check(sample)
