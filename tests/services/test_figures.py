"""The figures of a dashboard, on numbers that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from goldwork import Judgements
from goldwork.quality.policy import Policy
from goldwork.services import figures, questions
from goldwork.services.figures import DAY, MINUTE, Interval
from goldwork.tasks.rank import Rank

NOW = 1_780_000_000_000


def times(*minutes_ago: float) -> np.ndarray:
    return np.array([NOW - round(minutes * MINUTE) for minutes in minutes_ago], np.int64)


def test_the_last_hour_is_by_the_clock() -> None:
    at = times(0.5, 0.6, 59, 61, 10_000, -500)  # one from the future, as an import may have it
    assert sum(number for _, number in figures.last_minutes(at, NOW)) == 3


def test_days_left_go_by_the_last_week() -> None:
    day = 24 * 60
    assert figures.last_week(times(), NOW) == (0, None)
    assert figures.last_week(times(30 * day), NOW) == (0, None)
    assert figures.last_week(times(2 * day, day), NOW) == (2, NOW - 2 * DAY)
    assert figures.last_week(times(300 * day, 2 * day, day), NOW) == (2, NOW - 7 * DAY)
    assert figures.days_left(100, 20, NOW - 2 * DAY, NOW) == 10.0
    assert figures.days_left(24, 24, NOW - 1, NOW) == pytest.approx(0.0, abs=0.1)
    assert figures.days_left(10, 0, None, NOW) is None
    assert figures.days_left(0, 5, NOW - DAY, NOW) == 0.0


def test_days_are_utc() -> None:
    at = np.array([0, DAY - 1, DAY, 10 * DAY], np.int64)
    assert figures.by_day(at) == [("1970-01-01", 2), ("1970-01-02", 1), ("1970-01-11", 1)]


def test_wilson_as_published() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    found = figures.wilson(81 / 263, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert round(figures.wilson(0.0, 20).high, 4) == 0.1611
    assert figures.wilson(0.5, 0) == Interval(None, None, None)


def test_agreement_with_others_by_hand() -> None:
    answers = {("i", 1): "a", ("i", 2): "a", ("i", 3): "b", ("j", 1): "a", ("j", 2): "b", ("k", 1): "a"}
    table = Judgements.from_records(
        {"item": item, "annotator": who, "label": label} for (item, who), label in answers.items()
    )
    found = {who: one.value for who, one in figures.agreement_with_others(table, None).items()}
    assert found == {1: 0.25, 2: 0.25, 3: 0.0}


def test_rankings_that_all_give_are_what_the_plain_method_says_too() -> None:
    up, down = [["p"], ["q"], ["r"]], [["r"], ["q"], ["p"]]
    columns = {"item": list("aaabbb"), "annotator": list("xyzxyz"), "label": [up] * 3 + [down] * 3}
    table, task = Judgements.from_columns(columns), Rank(("p", "q", "r"))
    made, plain = questions.merge(task, table, Policy(overlap=3, lease_ms=1)), questions.baseline(task, table)
    assert plain is not None
    assert made.labels.tolist() == plain.labels.tolist() == [up, down]
    assert figures.merged(made, plain).majority_agrees == 1.0
