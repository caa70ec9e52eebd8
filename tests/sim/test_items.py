"""Simulated items are as stated, and gold is what two experts agree on."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from goldwork.errors import InputError
from goldwork.sim import items as stated
from goldwork.sim.items import make_gold, make_items, write_gold

UNLIKELY = 1e-4
MANY = make_items(4000, classes=4, seed=3)


def test_truth_is_even_and_a_fifth_is_hard() -> None:
    counts = np.bincount([item.truth for item in MANY], minlength=4)
    assert chisquare(counts).pvalue > UNLIKELY
    hard = sum(item.difficulty > stated.PLAIN_MOST for item in MANY)
    assert binomtest(hard, len(MANY), stated.HARD).pvalue > UNLIKELY
    assert max(item.difficulty for item in MANY) <= stated.HARD_MOST


def test_the_neighbouring_class_is_what_an_item_is_mistaken_for() -> None:
    for item in MANY[:200]:
        [rival] = [code for code, weight in item.alternatives.items() if weight == stated.NEIGHBOUR]
        assert abs(rival - item.truth) in (1, 3)
        assert sorted([item.truth, *item.alternatives]) == [0, 1, 2, 3]


def test_items_on_the_border_of_the_first_two_classes_are_left_open() -> None:
    left_open = [item for item in MANY if item.other is not None]
    assert {(item.truth, item.other) for item in left_open} == {(0, 1)}
    first = sum(item.truth == 0 for item in MANY)
    assert binomtest(len(left_open), first, stated.OPEN).pvalue > UNLIKELY


def test_times_have_the_stated_median() -> None:
    assert statistics.median(item.seconds for item in MANY) == pytest.approx(stated.MEDIAN, rel=0.04)


def test_experts_disagree_on_hard_items_and_on_open_ones() -> None:
    gold = write_gold(MANY, 4, seed=3)
    kept = {place: MANY[place] for place in gold}
    assert sum(item.other is not None for item in kept.values()) < 0.1 * sum(item.other is not None for item in MANY)
    hard, plain = (
        sum(test(item.difficulty) for item in kept.values()) / sum(test(item.difficulty) for item in MANY)
        for test in (lambda d: d > 0.3, lambda d: d < 0.05)
    )
    assert hard < 0.6
    assert plain > 0.8
    wrong = sum(answer != kept[place].truth for place, answer in gold.items())
    assert 0 < wrong < 0.03 * len(gold)


@pytest.mark.parametrize("number", [0, 1, 37])
def test_edge_cases_are_replaced_until_there_is_enough_gold(number: int) -> None:
    made, answers = make_gold(number, 3, seed=1, prefix="gold")
    assert len(made) == len(answers) == number
    assert len({item.item for item in made}) == number


def test_same_seed_same_items() -> None:
    assert (
        make_items(20, classes=3, seed=1) == make_items(30, classes=3, seed=1)[:20] != make_items(20, classes=3, seed=2)
    )
    assert make_gold(20, 3, seed=1, prefix="gold") == make_gold(20, 3, seed=1, prefix="gold")
    assert make_gold(20, 3, seed=1, prefix="gold")[1] != make_gold(20, 3, seed=2, prefix="gold")[1]


def test_one_class_is_no_choice() -> None:
    with pytest.raises(InputError, match=r"2 or more classes. Got 1"):
        make_items(5, classes=1, seed=0)
