"""Reading comparisons: whatever says who won comes to the same, and what does not is refused by its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from goldwork.consensus import infer_consensus
from goldwork.consensus.comparing import read_comparisons
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

ITEMS = Items.from_columns({"id": [1, 2, 3], "left": ["x", "y", "x"], "right": ["y", "z", "z"]})


def table(labels: list[Any], **context: Any) -> Judgements:
    return Judgements.from_columns({"item": [1, 2, 3], "annotator": ["ann"] * 3, "label": objects(labels), **context})


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["left", "right", "tie"], ("left", "tie", "right")),
        (["first", "second", "tie"], ("first", "tie", "second")),
        (["x", "z", "tie"], None),
        ([-1, 3, 0], (-1, 0, 1)),
        ([-1.5, 2.5, 0.0], (-1, 0, 1)),
        (["-2", "1", "0"], ("-1", "0", "1")),
        (["left", "z", "tie"], ("left", "tie", "right")),
        ([-2, "right", "tie"], ("left", "tie", "right")),
    ],
)
def test_every_way_to_say_it_is_the_same(labels: list[Any], words: Any) -> None:
    pairs = read_comparisons(table(labels), ITEMS)
    assert pairs.outcome.tolist() == [1, -1, 0]
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 1, 0], [1, 2, 2])
    assert pairs.words == words
    assert pairs.weight.tolist() == [1, 1, 1]
    answers = pairs.answers(np.array([1, -1, 0])).tolist()
    assert answers == (["x", "z", "tie"] if words is None else [words[0], words[2], words[1]])


def test_strength_is_a_weight_where_asked() -> None:
    pairs = read_comparisons(table([-3, 2, 0], weight=[1.0, 2.0, 0.5]), ITEMS, strength=True)
    assert pairs.weight.tolist() == [3, 4, 0.5]
    assert read_comparisons(table([-3, 2, 0]), ITEMS).weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "shown",
    [["left", "right", None], ["x", "z", None], [False, True, None], ["false", "TRUE", ""], ["x", True, "left"]],
)
def test_shown_says_what_stood_at_the_left(shown: list[Any]) -> None:
    assert read_comparisons(table(["left"] * 3, shown=objects(shown)), ITEMS).shown.tolist() == [1, -1, 1]
    assert read_comparisons(table(["left"] * 3), ITEMS).shown.tolist() == [1, 1, 1]


def test_options_may_be_called_by_numbers() -> None:
    items = Items.from_columns({"id": [1, 2, 3], "left": [10, 20, 10], "right": [20, 30, 30]})
    assert read_comparisons(table([10, 30, 10]), items).outcome.tolist() == [1, -1, 1]
    assert read_comparisons(table(["left", "right", "left"]), items).options.tolist() == [10, 20, 30]
    low = Items.from_columns({"id": [1, 2, 3], "left": [1, 20, 10], "right": [20, 30, 30]})
    with pytest.raises(InputError, match="item 1: label 1 may be the option or a number"):
        read_comparisons(table([1, 30, 10]), low)


def test_without_items_answers_name_the_winners() -> None:
    rows = Judgements.from_columns({
        "item": [1, 1, 2, 2, 3, 4], "annotator": ["a", "b", "a", "b", "a", "a"],
        "label": ["x", "y", "z", "tie", "x", "tie"],
    })  # fmt: skip
    pairs = read_comparisons(rows, None)
    assert pairs.options.tolist() == ["x", "y", "z"]
    assert pairs.outcome.tolist() == [1, -1]
    assert pairs.left.tolist() == [0, 2, 0, -1]
    assert pairs.right.tolist() == [1, -1, -1, -1]
    made = infer_consensus(rows, "bradley-terry")
    assert made.labels.tolist() == ["tie", "z", "x", "tie"]
    assert any("3 of 4 items name one option or none" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("labels", "items", "context", "said"),
    [
        (["left", "up", "tie"], ITEMS, {}, "item 2: label 'up' is neither of its options"),
        (["left", "x", "tie"], ITEMS, {}, "item 2: label 'x' is neither of its options"),
        ([1, 4, 0], ITEMS, {}, "item 2: label 4 is neither"),
        ([True, False, True], ITEMS, {}, "does not say which option"),
        ([["x"], ["y"], ["z"]], ITEMS, {}, "does not say which option"),
        (["left", "right", "left"], None, {}, "names a side, and nothing says what stood there. Give items="),
        ([1, -1, 1], None, {}, "is a number, and nothing says of which options. Give items="),
        (["left"] * 3, Items.from_columns({"id": [1], "left": ["x"]}), {}, "items= has no column 'right'"),
        (["left"] * 3, Items.from_columns({"id": [1], "left": ["x"], "right": ["y"]}), {}, "items= has no item 2"),
        (["left"] * 3, Items.from_columns({"id": [1, 2, 3], "left": ["x", None, "y"], "right": ["y"] * 3}), {},
         "item 2, column 'left': the name of an option is needed. Got None"),
        (["left"] * 3, Items.from_columns({"id": [1, 2, 3], "left": ["tie"] * 3, "right": ["y"] * 3}), {},
         "an option is called 'tie'"),
        (["left", "y", "left"], Items.from_columns({"id": [1, 2, 3], "left": ["x", "y", "y"], "right": ["y"] * 3}), {},
         "item 2: both options are called 'y'"),
        (["left"] * 3, ITEMS, {"shown": ["x", "x", "x"]}, "item 2, column 'shown': .* Got 'x'"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused(labels: list[Any], items: Any, context: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_comparisons(table(labels, **context), items)


def test_pairs_have_two_options() -> None:
    three = Judgements.from_columns({"item": [1, 1, 1], "annotator": ["a", "b", "c"], "label": ["x", "y", "z"]})
    with pytest.raises(InputError, match="item 1 has more than two options: 'x', 'y', 'z'"):
        infer_consensus(three, "bradley-terry")


def test_gold_is_read_like_answers() -> None:
    rows = table(["left", "right", "tie"])
    for gold in ({1: "y", 2: "tie"}, {1: "right", 2: 0}, {1: 2, 2: "tie"}):
        made = infer_consensus(rows, "bradley-terry", items=ITEMS, gold=gold)
        assert made.labels[:2].tolist() == ["right", "tie"]
        assert made.confidence[:2].tolist() == [1, 1]
    with pytest.raises(InputError, match="gold for item 1: label 'z' is neither"):
        infer_consensus(rows, "bradley-terry", items=ITEMS, gold={1: "z"})
