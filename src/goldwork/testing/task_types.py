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
from goldwork.tasks import Shown, TaskType, task_type
from goldwork.tasks.form import Form
from goldwork.tasks.traps import perturb
from goldwork.testing.crowds import refusal

LEVELS = ("nominal", "ordinal", "interval", "ratio", "distance")
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 3.5, float("nan"), float("inf"), 10**30, 10**400, "", " ", "\x00", "a" * 10_000, "\ud800",
    [], [None], [[]], {}, {"": None}, {"a": {"b": []}}, {"cannot_tell": "\x00"},
)  # fmt: skip
SEEDS = range(20)


@dataclasses.dataclass(frozen=True)
class Sample:
    """A configured task, at least three answers that differ and fit, and some that do not fit. `item`: what is shown of
    an item that the answers fit, of which traps can be made."""

    task: TaskType
    answers: Sequence[Any]
    unfit: Sequence[Any]
    item: Shown = dataclasses.field(default_factory=dict)


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


def traps_are_what_they_say(sample: Sample) -> None:
    """A trap is another item, the same for the same seed. What is certainly right of it fits, is canonical and another
    answer than before, and the same change once more gives the item back."""
    for answer, seed in itertools.product(sample.answers, SEEDS):
        canonical = sample.task.canonical(answer)
        trap = perturb(sample.task, sample.item, canonical, seed)
        assert trap == perturb(sample.task, sample.item, canonical, seed), "the same seed must give the same trap"
        if trap is None:
            continue
        item = trap.changed(sample.item)
        assert trap.what.strip().endswith("."), f"what was changed must be a sentence. Got {trap.what!r}."
        assert item.keys() == sample.item.keys(), "a trap must have the item's fields"
        assert item != sample.item or trap.mirrored, "a trap must be another item"
        assert set(trap.mirrored) <= item.keys(), "what is mirrored must be a field"
        if not trap.is_certain:
            continue
        sample.task.validate(trap.answer, item)
        assert sample.task.canonical(trap.answer) == trap.answer, "the trap's answer must be canonical"
        assert trap.answer != canonical, "the trap's answer must be another one"
        again = perturb(sample.task, item, trap.answer, seed)
        assert again is not None, "a certain trap must go back to the item"
        assert (again.changed(item), again.answer) == (sample.item, canonical), "changed twice it must be the item"


TASK_TYPE_CHECKS: tuple[Callable[[Sample], None], ...] = (
    settings_survive_json,
    answers_are_told_apart,
    junk_is_refused_politely,
    canonical_form_is_one,
    distance_is_one,
    form_is_drawable,
    traps_are_what_they_say,
)


def check_task_type(sample: Sample) -> None:
    """Run every check on a configured task type."""
    for check in TASK_TYPE_CHECKS:
        check(sample)
