"""The contract of a distance."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from goldwork.distances import distance, distances_between
from goldwork.testing.crowds import refusal
from goldwork.testing.task_types import JUNK


def _examples(name: str) -> Sequence[Any]:
    """The answers that the distance was registered with; junk that it takes where it was registered without."""
    examples: Sequence[Any] | None = distance.facts(name).get("examples")
    return (
        [junk for junk in JUNK if not refusal(partial(distance.get(name), junk, junk))]
        if examples is None
        else examples
    )


def distances_lie_between_0_and_1(name: str) -> None:
    """Finite numbers, 0 exactly where the answers are the same."""
    measure, examples = distance.get(name), _examples(name)
    assert len(examples) >= 3, "a distance needs three examples"
    for (i, one), (j, other) in itertools.product(enumerate(examples), repeat=2):
        d = measure(one, other)
        assert isinstance(d, float), f"a distance must be a float. Got {d!r}."
        assert 0 <= d <= 1, f"a distance must lie between 0 and 1. Got {d}."
        assert (d == 0) == (i == j), f"a distance must be 0 exactly where answers are equal: {one!r}, {other!r}, {d}"


def first_and_second_change_places(name: str) -> None:
    """Symmetric, to the bit."""
    for one, other in itertools.combinations(_examples(name), 2):
        d, back = distance.get(name)(one, other), distance.get(name)(other, one)
        assert d == back, f"a distance must be symmetric: {one!r}, {other!r} give {d} and {back}"


def no_detour_is_shorter(name: str) -> None:
    """The triangle holds, where the distance claims to be a metric."""
    if distance.facts(name).get("metric"):
        measure = distance.get(name)
        for one, via, other in itertools.product(_examples(name), repeat=3):
            assert measure(one, other) <= measure(one, via) + measure(via, other) + 1e-9, "a detour is shorter"


def json_changes_nothing(name: str) -> None:
    """An answer that went through JSON is the same answer."""
    for answer in _examples(name):
        again = json.loads(json.dumps(answer))
        assert distance.get(name)(answer, again) == 0, f"{answer!r} must be the same after JSON"


def junk_is_refused_politely(name: str) -> None:
    """Whatever JSON brings: a distance, or an InputError that says what it got."""
    measure = distance.get(name)
    for junk, answer in itertools.product(JUNK, [*JUNK, *_examples(name)]):
        if said := refusal(partial(measure, junk, answer)):
            assert "Got" in said, f"the error must say what it got: {said!r}"
        else:
            assert 0 <= measure(junk, answer) <= 1, f"a distance must lie between 0 and 1: {junk!r}, {answer!r}"


def many_are_measured_as_one(name: str) -> None:
    """Many pairs at once give what each pair gives alone."""
    examples = _examples(name)
    pairs = np.array(list(itertools.product(range(len(examples)), repeat=2)))
    alone = [distance.get(name)(examples[one], examples[two]) for one, two in pairs.tolist()]
    assert distances_between(name, examples, pairs[:, 0], pairs[:, 1]).tolist() == alone


DISTANCE_CHECKS: tuple[Callable[[str], None], ...] = (
    distances_lie_between_0_and_1,
    first_and_second_change_places,
    no_detour_is_shorter,
    json_changes_nothing,
    junk_is_refused_politely,
    many_are_measured_as_one,
)


def check_distance(name: str) -> None:
    """Run every check on a registered distance."""
    for check in DISTANCE_CHECKS:
        check(name)
