"""Spans and boxes: character by character, pairing by pairing."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.distances import distance
from goldwork.distances.geometry import read_boxes, read_spans
from goldwork.errors import InputError

spans, boxes = distance.get("spans"), distance.get("boxes")

BOUNDS = st.tuples(st.integers(0, 20), st.integers(0, 8)).map(lambda pair: [pair[0], pair[0] + pair[1]])
LABELS = st.sampled_from(["", "a", "b"])


@st.composite
def span_lists(draw: Any) -> list[Any]:
    made: list[Any] = []
    for (start, end), label in draw(st.lists(st.tuples(BOUNDS, LABELS), max_size=5)):
        forms = [[start, end, label], {"start": start, "end": end, "label": label, "text": "ignored"}]
        made.append(draw(st.sampled_from(forms if label else [*forms, [start, end], {"start": start, "end": end}])))
    return made


def marked(value: list[Any]) -> set[tuple[int, str]]:
    """Every (character, label)."""
    found = set()
    for span in value:
        start, end, label = (
            (span["start"], span["end"], span.get("label", "")) if isinstance(span, dict) else (*span, "")[:3]
        )
        found |= {(place, label) for place in range(start, end)}
    return found


@given(span_lists(), span_lists())
def test_spans_are_compared_by_character_and_label(one: list[Any], two: list[Any]) -> None:
    first, second = marked(one), marked(two)
    wanted = 1 - 2 * len(first & second) / (len(first) + len(second)) if first or second else 0
    assert spans(one, two) == pytest.approx(wanted, abs=1e-12)
    assert spans(one, two) == spans(two, one)


@given(span_lists())
def test_the_union_of_spans_is_what_counts(one: list[Any]) -> None:
    pieces = [[place, place + 1, label] for place, label in sorted(marked(one))]
    assert spans(one, pieces) == 0


BOXES = st.lists(
    st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(0, 4)] * 2, st.sampled_from("ab")).map(
        lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3], box[4]]
    ),
    max_size=4,
)


def overlap(one: list[Any], two: list[Any]) -> float:
    """Intersection over union, by unit cells; boxes without an area are equal or apart."""
    if one == two:
        return 1.0
    cells = [set(itertools.product(range(box[0], box[2]), range(box[1], box[3]))) for box in (one, two)]
    either = len(cells[0] | cells[1])
    return len(cells[0] & cells[1]) / either if either and one[4] == two[4] else 0.0


@given(BOXES, BOXES)
def test_boxes_are_paired_as_well_as_can_be(one: list[Any], two: list[Any]) -> None:
    few, many = sorted([one, two], key=len)
    ways = itertools.permutations(many, len(few))
    best = max(sum(overlap(a, b) for a, b in zip(few, way, strict=True)) for way in ways)
    assert boxes(one, two) == pytest.approx(1 - best / len(many) if many else 0, abs=1e-9)
    assert boxes(one, two) == boxes(two, one)
    assert (boxes(one, two) == 0) == (sorted(one) == sorted(two))


@given(BOXES, BOXES, BOXES)
def test_boxes_form_a_metric(one: list[Any], two: list[Any], three: list[Any]) -> None:
    assert boxes(one, three) <= boxes(one, two) + boxes(two, three) + 1e-9


def test_every_form_is_read() -> None:
    read = read_spans([[3, 8, "drug"], {"start": 0, "end": 2.0}, (1, 1), {"start": 1, "end": 2, "label": None}])
    assert read.bounds.tolist() == [[3, 8], [0, 2], [1, 1], [1, 2]]
    assert read.labels == ("drug", "", "", "")
    boxed = read_boxes([[1, 2, 4, 6, "cat"], {"x": 1, "y": 2, "width": 3, "height": 4}])
    assert boxed.corners.tolist() == [[1, 2, 4, 6], [1, 2, 4, 6]]
    assert boxed.labels == ("cat", "")
    assert read_spans([]).bounds.shape == (0, 2)
    assert read_boxes([]).corners.shape == (0, 4)
    assert read_boxes([]).corners.dtype == np.float64


@pytest.mark.parametrize(
    "value",
    ["ab", None, {"start": 1, "end": 2}, [3, 5], [[5, 3]], [[-1, 3]], [[0, 1.5]], [[0, True]], [[0, 1, 2]], [[0]],
     [["0", "1"]], [{"start": 1}], [[0, 1, "a", "b"]], [[0, float("nan")]], [[0, 10**30]]],
)  # fmt: skip
def test_unfit_spans_are_named(value: Any) -> None:
    with pytest.raises(InputError, match="Got"):
        spans(value, [])


@pytest.mark.parametrize(
    "value",
    ["ab", None, [0, 0, 1, 1], [[2, 0, 1, 1]], [[0, 2, 1, 1]], [[0, 0, 1]], [[0, 0, 1, float("inf")]],
     [[0, 0, 1, 1, 3]], [{"x": 0, "y": 0, "width": -1, "height": 1}], [{"x": 0, "y": 0, "width": 1}]],
)  # fmt: skip
def test_unfit_boxes_are_named(value: Any) -> None:
    with pytest.raises(InputError, match="Got"):
        boxes(value, [])
