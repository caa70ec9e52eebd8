"""Ambiguity: the items' own, apart from annotators' errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from goldwork.consensus import infer_consensus
from goldwork.judgements import Judgements


def world(share: float, seed: int) -> tuple[Judgements, Any]:
    """600 items, 20 annotators of very different skill, 7 judgements each; a share of the items has two readings."""
    rng = np.random.default_rng(seed)
    truth, other = rng.integers(0, 3, 600), rng.integers(1, 3, 600)
    ambiguous = rng.random(600) < share
    who = np.argsort(rng.random((600, 20)), axis=1)[:, :7]
    skill = rng.choice([0.6, 0.95], 20)
    second = ambiguous[:, None] & (rng.random((600, 7)) < 0.5)
    seen = (truth[:, None] + second * other[:, None]) % 3
    answer = np.where(rng.random((600, 7)) < skill[who], seen, rng.integers(0, 3, (600, 7)))
    table = Judgements.from_columns({
        "item": np.repeat(np.arange(600), 7), "annotator": who.ravel(), "label": answer.ravel()
    })  # fmt: skip
    return table, ambiguous


def entropy(probabilities: Any) -> Any:
    return -(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=1)


def test_it_finds_ambiguous_items_better_than_either_entropy() -> None:
    """Vote entropy mistakes poor annotators for ambiguous items; the posterior's is low where many judged."""
    found: dict[str, list[float]] = {"ambiguity": [], "votes": [], "posterior": []}
    for seed in range(4):
        table, ambiguous = world(0.2, seed)
        made = infer_consensus(table, intervals=False)
        scores = {
            "ambiguity": made.ambiguity,
            "votes": entropy(infer_consensus(table, "majority").probabilities),
            "posterior": entropy(made.probabilities),
        }
        for name, score in scores.items():
            found[name].append(float(roc_auc_score(ambiguous, score)))
    mean = {name: np.mean(values) for name, values in found.items()}
    assert mean["ambiguity"] > mean["votes"] + 0.05
    assert mean["ambiguity"] > mean["posterior"]
    assert mean["ambiguity"] > 0.85


def test_errors_alone_make_no_ambiguity() -> None:
    """Without ambiguous items, splits are the annotators' own: on average under .02 of error-free ones would differ."""
    table, _ = world(0.0, 1)
    made = infer_consensus(table, intervals=False)
    assert made.ambiguity is not None
    assert made.ambiguity.mean() < 0.02
    assert entropy(infer_consensus(table, "majority").probabilities).mean() > 0.3


def test_it_is_a_share() -> None:
    for share in (0.0, 0.5):
        ambiguity = infer_consensus(world(share, 3)[0], intervals=False).ambiguity
        assert ambiguity is not None
        assert ambiguity.min() >= 0
        assert ambiguity.max() <= 0.5


def test_good_annotators_who_split_tell_more_than_poor_ones() -> None:
    columns: dict[str, list[Any]] = {"item": [], "annotator": [], "label": []}
    rng = np.random.default_rng(0)
    for item in range(200):
        truth = item % 2
        for annotator in range(8):
            good = annotator < 4
            right = rng.random() < (0.97 if good else 0.6)
            columns["item"].append(item)
            columns["annotator"].append(annotator)
            columns["label"].append(truth if right else 1 - truth)
    for item, split in ((1000, range(4)), (1001, range(4, 8))):
        for place, annotator in enumerate(split):
            columns["item"].append(item)
            columns["annotator"].append(annotator)
            columns["label"].append(place % 2)
    made = infer_consensus(Judgements.from_columns(columns))
    assert made.ambiguity is not None
    good, poor = made.ambiguity[-2:]
    assert good > 0.2 > 0.05 > poor
