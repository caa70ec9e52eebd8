"""Sets and equality: published values, and the definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.distances import distance, distances_between
from goldwork.errors import InputError

SETS = st.lists(st.sampled_from("abcde"), max_size=5)


@given(SETS, SETS, SETS)
def test_jaccard_is_what_it_says_and_a_metric(one: list[str], two: list[str], three: list[str]) -> None:
    jaccard = distance.get("jaccard")
    either, both = set(one) | set(two), set(one) & set(two)
    assert jaccard(one, two) == (1 - len(both) / len(either) if either and set(one) != set(two) else 0)
    assert jaccard(one, three) <= jaccard(one, two) + jaccard(two, three) + 1e-12


@given(SETS, SETS)
def test_masi_lies_at_or_above_jaccard(one: list[str], two: list[str]) -> None:
    masi, jaccard = distance.get("masi"), distance.get("jaccard")
    assert masi(one, two) == masi(two, one) >= jaccard(one, two)
    assert (masi(one, two) == 0) == (set(one) == set(two))


@pytest.mark.parametrize(
    ("one", "two", "wanted"),
    [  # Passonneau 2006: J times 1, 2/3, 1/3, 0
        ("ab", "ab", 0),
        ("ab", "a", 1 - 1 / 2 * 2 / 3),
        ("ab", "bc", 1 - 1 / 3 * 1 / 3),
        ("abc", "bcd", 1 - 2 / 4 * 1 / 3),
        ("ab", "cd", 1),
        ("", "a", 1),
    ],
)
def test_masi_is_passonneaus(one: str, two: str, wanted: float) -> None:
    assert distance.get("masi")(list(one), list(two)) == pytest.approx(wanted, abs=1e-15)


def test_order_and_repetition_say_nothing_in_a_set() -> None:
    assert distance.get("jaccard")(["a", "b", "a"], ["b", "a"]) == 0


@pytest.mark.parametrize("value", ["ab", None, 3, {"a": 1}, [1.5], [True], [["a"]]])
def test_what_is_no_set_is_named(value: Any) -> None:
    with pytest.raises(InputError, match="Got"):
        distance.get("masi")(value, ["a"])


def test_equality_is_that_of_answers() -> None:
    nominal = distance.get("nominal")
    same: list[tuple[Any, Any]] = [(1, 1.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ([1.0], (1,)), ("é", "é")]
    different: list[tuple[Any, Any]] = [(1, True), ("1", 1), ([], {}), (["a", "b"], ["b", "a"])]
    assert [nominal(*pair) for pair in same] == [0] * len(same)
    assert [nominal(*pair) for pair in different] == [1] * len(different)
    with pytest.raises(InputError, match="Got nan"):
        nominal(float("nan"), 1)


def test_many_pairs_read_every_value_once() -> None:
    read: list[Any] = []

    def counted(first: Any, second: Any) -> float:
        read.append((first, second))
        return abs(first - second) / 10

    made = distances_between(counted, [0, 5, 10], [0, 1, 0, 1, 2], [1, 0, 0, 2, 1])
    assert made.tolist() == [0.5, 0.5, 0, 0.5, 0.5]
    assert sorted(read) == [(0, 5), (5, 10)]
    assert distances_between("jaccard", [], np.zeros(0, int), np.zeros(0, int)).shape == (0,)
