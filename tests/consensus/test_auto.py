"""auto chooses by what the data say, says why, and stays with the majority where they say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from goldwork.consensus import infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd


def test_it_says_what_it_took_and_how_far_the_majority_is() -> None:
    made = infer_consensus(simulate_crowd(items=400, annotators=15, per_item=5).table, "auto")
    assert made.method == "auto"
    assert made.warnings[0].startswith("auto took ")
    assert "log probability of judgements held out" in made.warnings[0]
    assert "The majority gives the same answer on" in made.warnings[1]
    assert made.annotators is not None


@pytest.mark.parametrize("seed", range(4))
def test_it_is_hardly_behind_the_best_model(seed: int) -> None:
    crowd = simulate_crowd(items=500, annotators=25, per_item=4, skill=(4.0, 2.5), seed=seed)
    score = {
        name: expected_accuracy(infer_consensus(crowd.table, name), crowd.truth).value
        for name in ("auto", "majority", "dawid-skene", "two-coin", "one-coin", "mace")
    }
    assert score["auto"] > max(score.values()) - 0.015
    assert score["auto"] > score["majority"] - 0.001


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"item": [0, 0, 1, 1], "annotator": [0, 1, 0, 1], "label": [*"abab"]}, "fewer than three annotators"),
        (dict(simulate_crowd(items=12, annotators=40, per_item=3).columns), "fewer than 5 judgements"),
        (dict(simulate_crowd(items=60, per_item=2).columns), "fewer than ten items have three judgements"),
    ],
)
def test_little_data_are_left_to_the_majority(columns: dict[str, object], reason: str) -> None:
    table = Judgements.from_columns(columns)
    made, votes = infer_consensus(table, "auto"), infer_consensus(table, "majority")
    assert any(warning.startswith("auto took the majority") and reason in warning for warning in made.warnings)
    assert made.labels.tolist() == votes.labels.tolist()


def test_annotators_who_do_not_differ_are_not_told_apart() -> None:
    """Everybody errs alike and rarely judges: one confusion for all tells as much as one for each."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 300)
    item = np.repeat(np.arange(300), 3)
    label = np.where(rng.random(900) < 0.7, truth[item], (truth[item] + 1) % 4)
    table = Judgements.from_columns({"item": item, "annotator": rng.permutation(900) % 150, "label": label},
                                    duplicates="repeat")  # fmt: skip
    made = infer_consensus(table, "auto")
    assert "hierarchical" in made.warnings[0] or "majority" in made.warnings[0]


def test_gold_decides_where_there_is_enough() -> None:
    """And says so; the other items are no worse for it than the majority."""
    crowd = simulate_crowd(items=800, annotators=15, per_item=5, seed=1)
    gold = {item: crowd.truth[item] for item in range(0, 800, 4)}
    made = infer_consensus(crowd.table, "auto", gold=gold)
    assert "the 200 gold answers" in made.warnings[0]
    others = {item: label for item, label in crowd.truth.items() if item not in gold}
    assert (
        expected_accuracy(made, others).value
        > expected_accuracy(infer_consensus(crowd.table, "majority"), others).value - 0.01
    )
