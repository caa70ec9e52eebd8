"""Majority: shares, ties, gold, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.consensus import consensus, infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.errors import InputError, UnknownNameError
from goldwork.judgements import Judgements

VOTES = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), min_size=1, max_size=8)


def table_of(votes: list[Any], **more: Any) -> Judgements:
    rows = [(i, a, v) for i, row in enumerate(votes) for a, v in enumerate(row)]
    columns = {"item": [r[0] for r in rows], "annotator": [r[1] for r in rows], "label": [r[2] for r in rows]}
    return Judgements.from_columns(columns | more)


@given(VOTES)
def test_shares_and_ties(votes: list[list[str]]) -> None:
    made = infer_consensus(table_of(votes), "majority")
    overall = [v for row in votes for v in row]
    for row, label, confidence, tie in zip(votes, made.labels, made.confidence, made.ties, strict=True):
        most = max(row.count(v) for v in row)
        first = sorted({v for v in row if row.count(v) == most}, key=lambda v: (-overall.count(v), v))
        assert label == first[0]
        assert confidence == pytest.approx(most / len(row))
        assert tie == (len(first) > 1)
    assert any("ties" in warning for warning in made.warnings) == bool(made.ties.any())


def test_weights_are_votes() -> None:
    made = infer_consensus(table_of(["aab"], weight=[1.0, 0.5, 2.0]), "majority")
    assert made.labels.tolist() == ["b"]
    assert made.confidence.tolist() == [2 / 3.5]


def test_records_and_columns() -> None:
    made = infer_consensus(table_of(["aab", "b"]), "majority")
    assert made.to_records() == [
        {"item": 0, "label": "a", "confidence": 2 / 3, "judgements": 3, "tie": False},
        {"item": 1, "label": "b", "confidence": 1.0, "judgements": 1, "tie": False},
    ]
    assert list(made.to_columns()) == ["item", "label", "confidence", "judgements", "tie"]
    assert (made.ambiguity, made.annotators, made.prevalence) == (None, None, None)
    assert "1 of 2 items have a single judgement." in made.warnings


def test_structured_answers_have_a_majority_too() -> None:
    made = infer_consensus(table_of([[["x"], ["x"], []]]), "majority")
    assert made.labels.tolist() == [["x"]]


def test_expected_accuracy_counts_ties_by_chance() -> None:
    made = infer_consensus(table_of(["ab", "aab", "abc", "c"]), "majority")
    score = expected_accuracy(made, {0: "a", 1: "a", 2: "b", 3: "d", 4: "a"})
    assert score.value == pytest.approx((1 / 2 + 1 + 1 / 3 + 0) / 4)
    assert score.items == 4
    assert 0 < score.low < float(score) < score.high < 1
    with pytest.raises(InputError, match="no item of the consensus has a truth .* Items are called 0, truths 'x'"):
        expected_accuracy(made, {"x": "a"})


def test_gold_comes_as_a_mapping_or_a_table() -> None:
    votes = table_of(["aab", "bba", "aaa"])
    gold = Judgements.from_columns({"item": [0, 2], "annotator": ["key", "key"], "label": ["b", "b"]})
    for known in ({0: "b", 2: "b"}, gold):
        made = infer_consensus(votes, "majority", gold=known)
        assert made.labels.tolist() == ["b", "b", "b"]
        assert made.known.tolist() == [True, False, True]
    twice = Judgements.from_columns({"item": [0, 0], "annotator": ["key", "other"], "label": ["a", "b"]})
    with pytest.raises(InputError, match="item 0 has two gold answers, 'a' and 'b'"):
        infer_consensus(votes, gold=twice)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gold": {0: "z"}}, "gold for item 0 is 'z', which nobody chose. The labels are: 'a', 'b'. Declare"),
        ({"gold": {"0": "a"}}, "gold is about none of the items: '0' where items are called 0"),
        ({"question": "colour"}, "no question 'colour'"),
        ({"smoothing": 1}, "majority has no option 'smoothing'. It has: none"),
        ({"method": "dawid-skene", "smooth": 1}, "no option 'smooth'. It has: smoothing, max_iterations, tolerance"),
        ({"method": "dawid-skene", "smoothing": -1}, "smoothing must be 0 or more. Got -1"),
        ({"method": "dawid-skene", "smoothing": float("nan")}, "smoothing must be 0 or more. Got nan"),
        ({"method": "dawid-skene", "max_iterations": 0}, "max_iterations must be 1 or more. Got 0"),
    ],
)
def test_errors_name_the_value(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        infer_consensus(table_of(["aab", "b"]), **({"method": "majority"} | options))


def test_free_text_by_mistake_is_refused() -> None:
    texts = table_of([[f"text {i} {a}" for a in range(3)] for i in range(3000)])
    with pytest.raises(InputError, match="9,000 different labels are too many: dawid-skene .* Is this free text?"):
        infer_consensus(texts)
    many = table_of([[f"text {i} {a}" for a in range(2)] for i in range(20_000)])
    with pytest.raises(InputError, match="20,000 items with 40,000 different labels are too many"):
        infer_consensus(many, "majority")


def test_names() -> None:
    assert {"dawid-skene", "majority"} <= set(consensus.names())
    with pytest.raises(UnknownNameError, match="no consensus is called 'vote'. There are: "):
        infer_consensus(table_of(["ab"]), "vote")
