"""Every registered plug-in keeps its contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goldwork.agreement import coefficient
from goldwork.consensus import consensus
from goldwork.distances import distance
from goldwork.io import format  # noqa: A004
from goldwork.tasks import task_type
from goldwork.tasks.choice import Choice, Class
from goldwork.testing import (
    COEFFICIENT_CHECKS,
    DISTANCE_CHECKS,
    FORMAT_CHECKS,
    TASK_TYPE_CHECKS,
    Sample,
    consensus_checks,
)

SAMPLES = {
    "choice": Sample(
        Choice(classes=(Class("a", "A"), Class("b", key="x"), Class("1"))),
        answers=["a", "b", "1"],
        unfit=["c", "A", 1, ["a"], None],
    ),
}


def by_name(check: Callable[..., None]) -> str:
    return check.__name__


@pytest.mark.parametrize("check", COEFFICIENT_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", coefficient.names())
def test_coefficient(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize(
    ("name", "check"),
    [(name, check) for name in consensus.names() for check in consensus_checks(name)],
    ids=lambda value: value if isinstance(value, str) else by_name(value),
)
def test_consensus(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("check", DISTANCE_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", distance.names())
def test_distance(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("check", TASK_TYPE_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", task_type.names())
def test_task_type(name: str, check: Callable[[Sample], None]) -> None:
    check(SAMPLES[name])


@pytest.mark.parametrize("check", FORMAT_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", format.names())
def test_format(name: str, check: Callable[[str], None]) -> None:
    check(name)
