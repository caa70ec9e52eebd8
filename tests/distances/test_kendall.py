"""Rankings: pairs counted one by one, Kendall's tau, Fagin's metric."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from goldwork.distances import distance
from goldwork.errors import InputError

kendall = distance.get("kendall")


@st.composite
def rankings(draw: Any, options: str = "abcde", *, partial: bool = False) -> list[Any]:
    """Options in buckets, best first; a bucket of one bare or as a list."""
    chosen = draw(st.permutations(options))
    chosen = chosen[: draw(st.integers(0, len(options)))] if partial else chosen
    made: list[list[str]] = []
    for option in chosen:
        if made and draw(st.booleans()):
            made[-1].append(option)
        else:
            made.append([option])
    return [bucket[0] if len(bucket) == 1 else bucket for bucket in made]


def ranks(ranking: list[Any]) -> dict[str, int]:
    return {option: rank for rank, place in enumerate(ranking) for option in place}


def by_pairs(first: list[Any], second: list[Any]) -> float:
    """The definition, word by word."""
    one, two = ranks(first), ranks(second)
    options = sorted(one.keys() | two.keys())
    alone = len(one.keys() ^ two.keys())
    apart = float(alone)
    for a, b in itertools.combinations(options, 2):
        orders = [(r.get(a, 99) > r.get(b, 99)) - (r.get(a, 99) < r.get(b, 99)) for r in (one, two)]
        apart += 0 if orders[0] == orders[1] else 0.5 if 0 in orders else 1
    pairs = len(options) * (len(options) - 1) / 2 + alone
    return apart / pairs if pairs else 0


@given(rankings(partial=True), rankings(partial=True))
def test_pairs_are_counted(one: list[Any], two: list[Any]) -> None:
    assert kendall(one, two) == pytest.approx(by_pairs(one, two), abs=1e-12)
    assert kendall(one, two) == kendall(two, one)
    assert (kendall(one, two) == 0) == (ranks(one) == ranks(two))


@given(rankings(), rankings(), rankings())
def test_rankings_of_the_same_options_form_a_metric(one: list[Any], two: list[Any], three: list[Any]) -> None:
    assert kendall(one, three) <= kendall(one, two) + kendall(two, three) + 1e-12


@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_without_ties_it_is_kendalls_tau(one: list[str], two: list[str]) -> None:
    tau = kendalltau([one.index(option) for option in "abcdef"], [two.index(option) for option in "abcdef"]).statistic
    assert kendall(one, two) == pytest.approx((1 - tau) / 2, abs=1e-12)


@pytest.mark.parametrize("value", ["abc", None, [[]], ["a", "a"], ["a", ["b", "a"]], [[["a"]]], [None], [1.5]])
def test_what_is_no_ranking_is_named(value: Any) -> None:
    with pytest.raises(InputError, match="Got"):
        kendall(value, ["a"])
