"""The queue of whoever settles items: what a minute is worth, and audits among the others."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.quality import queue
from goldwork.quality.queue import ENOUGH, SECONDS, Waiting, interleaved, ordered, seconds_of, value

shares = st.integers(0, 1_000_000).map(lambda millionths: millionths / 1_000_000)
waiting = st.builds(
    Waiting, st.just(1), shares, st.lists(st.floats(0, 1000), max_size=6).map(tuple), st.integers(0, 100)
)
times = st.floats(1, 1000)


@given(waiting, shares, times)
def test_the_less_sure_never_ranks_lower(one: Waiting, wrong: float, seconds: float) -> None:
    low, high = sorted((one.wrong, wrong))
    assert value(one._replace(wrong=low), seconds) <= value(one._replace(wrong=high), seconds)


@given(waiting, st.floats(0, 1000), times)
def test_more_people_to_learn_about_never_rank_lower(one: Waiting, known: float, seconds: float) -> None:
    assert value(one, seconds) <= value(one._replace(known=(*one.known, known)), seconds)


@given(waiting, st.integers(0, 100), times, times)
def test_more_like_it_never_rank_lower_and_longer_never_higher(
    one: Waiting, more: int, seconds: float, longer: float
) -> None:
    assert value(one, seconds) <= value(one._replace(similar=one.similar + more), seconds)
    assert value(one, max(seconds, longer)) <= value(one, min(seconds, longer))


@given(waiting, times)
def test_lessons_never_outweigh_as_many_times_the_doubt(one: Waiting, seconds: float) -> None:
    plain = one.wrong / seconds
    assert plain <= value(one, seconds) <= plain * (1 + len(one.known)) * (1 + 1e-9)


@given(st.lists(shares, min_size=1, max_size=20))
def test_all_else_equal_the_order_is_that_of_doubt(doubts: Sequence[float]) -> None:
    items = [Waiting(number, wrong, (), 0) for number, wrong in enumerate(doubts)]
    found = ordered(items, dict.fromkeys(range(len(doubts)), 10.0))
    assert found == sorted(range(len(doubts)), key=lambda number: (-doubts[number], number))


def test_somebody_unknown_teaches_more_than_somebody_known() -> None:
    fresh, old = Waiting(1, 0.3, (0.0,), 5), Waiting(2, 0.3, (500.0,), 5)
    assert value(fresh, 10) > value(old, 10)


@given(st.lists(st.integers(), unique=True), st.lists(st.integers(), unique=True), st.integers())
def test_audits_stand_among_the_others_and_nothing_is_lost(items: list[int], audits: list[int], seed: int) -> None:
    tagged = [(0, one) for one in items], [(1, one) for one in audits]
    found: list[tuple[int, int]] = list(interleaved(*tagged, random.Random(seed)))  # type: ignore[arg-type]
    assert [one for one in found if not one[0]] == tagged[0]
    assert sorted(one for one in found if one[0]) == sorted(tagged[1])


def test_where_an_audit_stands_tells_nothing() -> None:
    draw = random.Random(5)
    places = [0] * 5
    for _ in range(4000):
        places[list(interleaved([1, 2, 3, 4], [9], draw)).index(9)] += 1
    # Each of five places is as likely: 800 with a standard deviation of 25.3, so 6 of them are never seen.
    assert all(abs(number - 800) < 6 * 25.3 for number in places), places


def test_blind_is_every_audit_and_a_share_of_the_others() -> None:
    assert all(queue.is_blind(number, "audit") for number in range(100))
    blind = sum(queue.is_blind(number, "adjudicate") for number in range(10_000))
    # 1,000 with a standard deviation of 30.
    assert abs(blind - 1000) < 6 * 30


def test_seconds_are_those_of_items_like_it_where_enough_were_settled() -> None:
    a, b = {"answer": {"kind": 0}}, {"answer": {"kind": 1}}
    assert seconds_of({1: a}, [(a, 5.0)]) == {1: SECONDS}
    settled = [(a, 5.0)] * ENOUGH + [(b, 50.0)] * (ENOUGH + 2)
    found = seconds_of({1: a, 2: b, 3: {}}, settled)
    assert found == {1: 5.0, 2: 50.0, 3: 50.0}
    assert seconds_of({1: a}, [(a, 0.0)] * ENOUGH) == {1: 1.0}


def test_of_answers_without_classes_the_rule_of_succession_stands_for_doubt() -> None:
    from goldwork.quality.draft import Answer
    from goldwork.quality.policy import Policy

    class View:
        def policy(self) -> Policy:
            return Policy()

        def project(self) -> dict[str, object]:
            return {}

        def annotator(self, _: int) -> dict[str, object]:
            return {"out": [[1, 0, 1]]} if _ == 9 else {}

        def item(self, _: int) -> dict[str, object]:
            return {"sure": None}

        def answers(self, _: int) -> list[Answer]:
            return [Answer(who, who, True, {"text": [code, 0]}) for who, code in ((1, 7), (2, 7), (3, 8), (9, 5))]

        def results(self, _: int) -> list[object]:
            return []

    [found] = queue.weigh(View(), [4])  # type: ignore[arg-type]
    assert found.wrong == pytest.approx(1 - 3 / 5)
    assert (found.known, found.similar) == ((), 0)
