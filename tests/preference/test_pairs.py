"""Pairs from judgements: known shares, screen sides, rankings, and answers that compare nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.preference.pairs import build_pairs
from goldwork.preference.rows import KINDS, in_test, training_rows
from goldwork.testing import simulate_preferences

ITEMS = Items.from_records(
    [
        {"id": "a", "prompt": "p", "left": "one", "right": "two"},
        {"id": "b", "prompt": "p", "left": "two", "right": "three"},
        {"id": "c", "prompt": "q", "left": "same", "right": "same"},
    ]
)


def said(*rows: tuple[str, str, Any], **columns: Any) -> Judgements:
    items, annotators, labels = zip(*rows, strict=True)
    return Judgements.from_columns({"item": items, "annotator": annotators, "label": labels} | columns)


def test_votes_are_shares_and_ties_are_halves() -> None:
    table = said(("a", "x", "left"), ("a", "y", "right"), ("a", "z", "tie"), ("b", "x", "right"), ("b", "y", "tie"))
    pairs = build_pairs(table, ITEMS)
    assert pairs.method == "shares"
    np.testing.assert_allclose(pairs.probability, [0.5, 0.25])
    assert pairs.votes.tolist() == [[1, 1, 1], [0, 1, 1]]
    assert pairs.weight.tolist() == [3, 2]
    assert pairs.responses[pairs.first].tolist() == ["one", "two"]
    assert pairs.responses[pairs.second].tolist() == ["two", "three"]
    assert len(pairs.responses) == 4, "a response to the same prompt is one, whichever item shows it"


@pytest.mark.parametrize(("label", "first"), [("left", 1.0), ("second", 0.0), (-2, 1.0), (3, 0.0), (0, 0.5)])
def test_sides_have_many_names(label: Any, first: float) -> None:
    assert build_pairs(said(("a", "x", label)), ITEMS).probability.tolist() == [first]


def test_who_always_says_left_counts_less_where_sides_are_known() -> None:
    honest = simulate_preferences(seed=2)
    spoilt = simulate_preferences(seed=2, clickers=8)
    worth = honest.worth

    def error(simulated: Any, method: Any) -> float:
        pairs = build_pairs(simulated.table, simulated.items, method=method)
        gap = np.array([worth[text] for text in pairs.responses])
        truth = 1 / (1 + np.exp(gap[pairs.second] - gap[pairs.first]))
        return float(np.abs(pairs.probability - truth).mean())

    assert error(spoilt, "two-coin") < error(spoilt, "shares") - 0.01
    assert abs(error(honest, "two-coin") - error(honest, "shares")) < 0.02


def test_overlap_decides_how_votes_are_weighed() -> None:
    simulated = simulate_preferences(prompts=10, seed=0)
    assert build_pairs(simulated.table, simulated.items).method == "two-coin"
    few = said(("a", "x", "left"), ("b", "y", "left"))
    assert build_pairs(few, ITEMS).method == "shares"


def test_a_ranking_is_all_its_pairs_together_worth_one_less_than_it_ranks() -> None:
    items = Items.from_records([{"id": 1, "prompt": "p", "a": "A", "b": "B", "c": "C", "d": "D"}])
    table = said((1, "x", [["b"], ["a", "d"], ["c"]]))
    pairs = build_pairs(table, items, fields=("a", "b", "c", "d"))
    assert len(pairs) == 6
    assert pairs.weight.sum() == pytest.approx(3)
    assert len(set(pairs.group.tolist())) == 1
    told = dict(
        zip(
            zip(pairs.responses[pairs.first], pairs.responses[pairs.second], strict=True),
            pairs.probability,
            strict=True,
        )
    )
    assert (told["A", "B"], told["A", "C"], told["A", "D"], told["B", "D"]) == (0.0, 1.0, 0.5, 1.0)


def test_the_best_of_several_leaves_the_others_tied() -> None:
    items = Items.from_records([{"id": 1, "prompt": "p", "a": "A", "b": "B", "c": "C"}])
    pairs = build_pairs(said((1, "x", [["c"], ["a", "b"]])), items, fields=("a", "b", "c"))
    assert sorted(pairs.probability.tolist()) == [0.0, 0.0, 0.5]


def test_grades_beside_both_are_bad_are_read() -> None:
    """Where some answers are words a table holds its numbers as text."""
    pairs = build_pairs(said(("a", "x", "-3"), ("a", "y", "bad"), ("a", "z", "2"), ("b", "x", "0")), ITEMS)
    assert pairs.votes.tolist() == [[1, 1, 1], [0, 0, 1]]
    for answer in ("nan", "inf", True):
        with pytest.raises(InputError, match="does not say which of two"):
            build_pairs(said(("a", "x", answer), ("b", "x", "left")), ITEMS)


def test_contradictions_and_cycles_are_borne() -> None:
    rows = [("x", "A", "B"), ("y", "B", "C"), ("z", "C", "A")]
    items = Items.from_records([{"id": one, "prompt": "p", "left": a, "right": b} for one, a, b in rows])
    pairs = build_pairs(said(*[(one, who, "left") for one, _, _ in rows for who in "uvw"]), items)
    assert pairs.probability.tolist() == [1, 1, 1]


def test_equal_and_empty_responses_are_left_out_and_said() -> None:
    pairs = build_pairs(said(("a", "x", "left"), ("c", "x", "left")), ITEMS)
    assert pairs.item.tolist() == ["a"]
    assert "1 pairs of equal or empty responses are left out" in pairs.warnings[0]


@pytest.mark.parametrize(
    ("table", "options", "said_of_it"),
    [
        (said(("c", "x", "left")), {}, "two different responses"),
        (said(("a", "x", "blue")), {}, "'blue' does not say which of two"),
        (said(("zz", "x", "left")), {}, "'zz' is judged and is not among"),
        (said(("a", "x", "left")), {"prompt": "question"}, "no field 'question'"),
        (said(("a", "x", "left")), {"fields": ("left",)}, "two or more"),
        (said(("a", "x", "left")), {"method": "best"}, "Got 'best'"),
        (said(("a", "x", [["left"], ["up"]])), {}, "ranks 'up'"),
    ],
)
def test_what_compares_nothing_is_refused(table: Judgements, options: Any, said_of_it: str) -> None:
    with pytest.raises(InputError, match=said_of_it):
        build_pairs(table, ITEMS, **options)


@given(st.integers(0, 10_000))
def test_rows_say_what_the_pairs_do_and_a_prompt_is_in_one_split(seed: int) -> None:
    simulated = simulate_preferences(prompts=6, candidates=3, votes=2, annotators=4, seed=seed)
    pairs = build_pairs(simulated.table, simulated.items)
    rows = {kind: list(training_rows(pairs, kind, test=0.3)) for kind in KINDS}
    decided = int(((np.abs(pairs.probability - 0.5) >= 1e-9) & (pairs.weight > 0)).sum())
    assert len(rows["preference"]) == len(rows["conversational"]) == decided
    for row in rows["preference"]:
        assert row["probability"] > 0.5
        assert row["chosen"] != row["rejected"]
    for kind in ("preference", "unpaired"):
        splits: dict[str, set[str]] = {}
        for row in rows[kind]:
            splits.setdefault(row["prompt"], set()).add(row["split"])
        assert all(len(found) == 1 for found in splits.values())
    assert rows["conversational"][0]["prompt"][0]["role"] == "user"
    assert len({row["completion"] for row in rows["unpaired"]}) == len(rows["unpaired"])


def test_splits_are_about_as_large_as_asked_and_stay() -> None:
    prompts = np.array([f"prompt {n}" for n in range(2000)], object)
    drawn = in_test(prompts, 0.2)
    assert abs(drawn.mean() - 0.2) < 0.03
    np.testing.assert_array_equal(in_test(prompts[::-1], 0.2), drawn[::-1])
    with pytest.raises(InputError, match="between 0 and 1"):
        in_test(prompts, 1.5)


def test_unknown_rows_are_refused() -> None:
    pairs = build_pairs(said(("a", "x", "left")), ITEMS)
    with pytest.raises(InputError, match="Got 'dpo'"):
        next(training_rows(pairs, "dpo"))  # type: ignore[arg-type]
