"""What answers look like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from goldwork.consensus import DEFAULT_METHODS, consensus, infer_consensus, methods_for
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.judgements.shapes import SHAPES, shape_of
from goldwork.testing import simulate_answers
from goldwork.testing.kinds import kind

LONG = "the quick brown fox jumps over dog number {}"


def table_of(labels: list[list[Any]]) -> Judgements:
    """Labels by item; annotators are numbered."""
    rows = [(item, who, label) for item, said in enumerate(labels) for who, label in enumerate(said)]
    items, who, values = zip(*rows, strict=True)
    return Judgements.from_columns({"item": list(items), "annotator": list(who), "label": objects(list(values))})


@pytest.mark.parametrize(
    ("labels", "shape"),
    [
        ([["cat", "dog"], ["cat", "cat"]], "choice"),
        ([[True, False]], "choice"),
        ([[1, 2], [3, 3]], "choice"),
        ([["1", "2"], ["3", "3"]], "choice"),
        ([["neither agree nor disagree", "somewhat disagree"], ["somewhat disagree", "neither agree nor disagree"]] * 9,
         "choice"),
        ([[1, 2.5], [3, 3]], "numbers"),
        ([["1", "2.5"], ["3", "3"]], "numbers"),
        ([[n, n + 2] for n in range(0, 60, 2)], "numbers"),
        ([[str(n), str(n)] for n in range(60)], "choice"),
        ([[n, n] for n in range(101)], "numbers"),
        ([["left", "right"], ["tie", "left"]], "comparisons"),
        ([["first", "second"]], "comparisons"),
        ([["left", "right"], ["ahead", "left"]], "choice"),
        ([[["a"], ["a", "b"]], [[], ["b"]]], "sets"),
        ([[["a", "b"], ["a", "b"]]], "sets"),
        ([[[1, 2], [2]]], "sets"),
        ([[["a", "b", "c"], ["b", "a", "c"]], [["a", "c"], ["a", "c"]]], "rankings"),
        ([[["a", ["b", "c"]], ["b", "a", "c"]]], "rankings"),
        ([[[[0, 3]], [[0, 3, "drug"], [5, 6]]], [[], [[1, 2]]]], "spans"),
        ([[[{"start": 1, "end": 2, "label": "x"}], []]], "spans"),
        ([[[[0, 3, 5, 9.5]], [[0, 3, 4, 8, "cat"]]]], "boxes"),
        ([[[{"x": 0, "y": 0, "width": 1, "height": 1}], []]], "boxes"),
        ([[{"a": 1}, {"a": 2}]], "any"),
        ([[[None], ["a"]]], "any"),
        ([[[True], [False]]], "any"),
        ([[[[]], ["a"]]], "any"),
        ([[LONG.format(n), LONG.format(n) + " again"] for n in range(6)], "text"),
        ([[LONG.format(n) for n in range(3)]], "text"),
        ([[LONG.format(1)] * 3], "choice"),
        ([[LONG.format(n % 2)] * 3 for n in range(6)], "choice"),
    ],
)  # fmt: skip
def test_shapes(labels: list[list[Any]], shape: str) -> None:
    assert shape_of(table_of(labels)) == shape


def test_declared_categories_are_choices() -> None:
    table = Judgements.from_columns({"item": [1, 1], "annotator": ["a", "b"], "label": ["left", "right"]})
    assert shape_of(table) == "comparisons"
    assert shape_of(table.with_categories(["left", "right"])) == "choice"
    assert shape_of(Judgements.from_records([])) == "choice"


@pytest.mark.parametrize("name", [name for name in kind.names() if name in SHAPES])
def test_what_is_simulated_is_recognised(name: str) -> None:
    for seed in range(5):
        assert shape_of(simulate_answers(name, seed=seed).table) == name


def test_row_order_and_items_without_judgements_say_nothing() -> None:
    table = table_of([[["a", "b"], ["b", "a"]], [["c"]]])
    assert shape_of(table) == "rankings"
    assert shape_of(table.take(np.array([True, True, False]))) == "rankings"


def test_every_shape_has_a_method() -> None:
    assert set(DEFAULT_METHODS) == set(SHAPES)
    for shape in SHAPES:
        assert DEFAULT_METHODS[shape] in methods_for(shape)
        assert "medoid" in methods_for(shape)
    assert set().union(*map(methods_for, SHAPES)) == set(consensus.names())


def test_the_method_is_that_of_the_shape() -> None:
    assert infer_consensus(table_of([["cat", "dog"], ["cat", "cat"]])).method == "dawid-skene"
    assert infer_consensus(table_of([[1.5, 2.5], [3.0, 3.0]])).method == "mean"
    assert infer_consensus(table_of([[["a"], ["a", "b"]]])).method == "medoid"
    assert infer_consensus(table_of([[LONG.format(n), LONG.format(n)] for n in range(4)])).method == "medoid"
