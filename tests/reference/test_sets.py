"""Sets on real judgements: relations between medical terms, against experts and CrowdTruth's own scores."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from goldwork.consensus import Consensus, infer_consensus
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from tests.reference.conftest import rows

MERGED = {"CAUSES": "cause", "SYMPTOM": "cause", "MANIFESTATION": "cause", "TREATS": "treat", "PREVENTS": "treat"}
"""The experts' questions are wider than the crowd's classes: CrowdTruth's published scores are those of these sums."""


@pytest.fixture(scope="module")
def fitted(data: Callable[[str], Path]) -> dict[str, Consensus]:
    path = data("medrelex_crowdflower") / "labels.csv.gz"
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    sets = [sorted({MERGED.get(name, name) for name in row["relations"].split("|")}) for row in read]
    columns = {"item": [row["item"] for row in read], "annotator": [row["annotator"] for row in read]}
    table = Judgements.from_columns(columns | {"label": objects(sets)}, duplicates="repeat")
    assert (len(table), len(table.items), len(table.annotators)) == (25848, 1629, 448)
    return {name: infer_consensus(table, name) for name in ("sets-majority", "sets-two-coin")}


@pytest.mark.parametrize("relation", ["cause", "treat"])
@pytest.mark.parametrize("truth", ["expert", "test_partition"])
def test_two_coins_are_above_the_vote_share_and_crowdtruth(
    truth: str, relation: str, fitted: dict[str, Consensus], data: Callable[[str], Path]
) -> None:
    told = [
        row
        for row in rows(data("medrelex_crowdflower") / "truth.csv")
        if row["relation"] == relation and row[truth] in ("1", "-1")
    ]
    holds = np.array([row[truth] == "1" for row in told])
    theirs = np.array([float(row["crowdtruth_score"]) for row in told])
    area, share = {"crowdtruth": roc_auc_score(holds, theirs)}, {}
    for name, made in fitted.items():
        assert made.categories is not None
        assert made.probabilities is not None
        place = {item: row for row, item in enumerate(made.items.tolist())}
        ours = made.probabilities[[place[row["item"]] for row in told], made.categories.tolist().index(relation)]
        area[name], share[name] = roc_auc_score(holds, ours), f1_score(holds, ours >= 0.5)
    assert area["sets-two-coin"] > max(area["sets-majority"], area["crowdtruth"])
    assert share["sets-two-coin"] > share["sets-majority"] + 0.05


def test_the_fit_converges_and_never_falls(fitted: dict[str, Consensus]) -> None:
    made = fitted["sets-two-coin"]
    assert made.converged
    assert np.diff(made.objective).min() > 0
