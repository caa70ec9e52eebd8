"""Numbers and ordered classes on real judgements: experts, and annotators who were left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldwork.consensus import infer_consensus
from goldwork.judgements import Judgements
from tests.reference.conftest import rows

MEAN = {
    # scale: correlation of the plain mean with the experts, as the set's description says
    "anger": 0.711,
    "disgust": 0.765,
    "fear": 0.699,
    "joy": 0.640,
    "sadness": 0.792,
    "surprise": 0.526,
    "valence": 0.850,
}
Data = Callable[[str], Path]


def affect(folder: Path, scale: str) -> tuple[Judgements, dict[str, float]]:
    """The judgements of one scale, and the experts' figures."""
    table = Judgements.from_records(
        {"item": row["item"], "annotator": row["annotator"], "label": float(row["score"])}
        for row in rows(folder / "labels.csv")
        if row["dimension"] == scale
    )
    assert (len(table), len(table.items)) == (1000, 100)
    return table, {row["item"]: float(row["truth"]) for row in rows(folder / "truth.csv") if row["dimension"] == scale}


def correlation(made: Any, truth: dict[str, float]) -> float:
    return float(np.corrcoef(made.labels.astype(float), [truth[item] for item in made.items.tolist()])[0, 1])


@pytest.mark.parametrize("scale", MEAN)
def test_the_mean_has_the_correlation_that_is_known(scale: str, data: Data) -> None:
    table, truth = affect(data("snow_affect"), scale)
    assert round(correlation(infer_consensus(table, "mean"), truth), 3) == MEAN[scale]


@pytest.mark.parametrize("scale", MEAN)
def test_baselines_are_scipys(scale: str, data: Data) -> None:
    """Ten judgements an item: scipy cuts two at each end, so does trimming by a fifth."""
    from scipy.stats import trim_mean

    table, _ = affect(data("snow_affect"), scale)
    by_item = [table.numbers()[table.item == item] for item in range(100)]
    assert np.allclose(infer_consensus(table, "median").labels, [np.median(own) for own in by_item])
    assert np.allclose(infer_consensus(table, "trimmed-mean").labels, [trim_mean(own, 0.2) for own in by_item])


def test_bias_precision_is_nearer_to_the_experts_on_five_scales_of_seven(data: Data) -> None:
    gain = {}
    for scale, plain in MEAN.items():
        table, truth = affect(data("snow_affect"), scale)
        made = infer_consensus(table, "bias-precision")
        assert made.converged
        gain[scale] = correlation(made, truth) - plain
    assert sum(value > 0.005 for value in gain.values()) >= 5, gain
    assert min(gain.values()) > -0.04
    assert np.mean(list(gain.values())) > 0.005


def held_out(table: Judgements, seed: int) -> tuple[Judgements, Any]:
    """Without one judgement of every item with three or more, and the places of those left out."""
    order = np.random.default_rng(seed).permutation(len(table))
    _, first = np.unique(table.item[order], return_index=True)
    out = np.sort(order[first])
    out = out[table.per_item()[table.item[out]] > 2]
    rest = np.ones(len(table), bool)
    rest[out] = False
    return table.take(rest).compact(), out


def ratings(folder: Path) -> Judgements:
    """Whole numbers, each annotator's first judgement of an item."""
    columns: dict[str, Any] = {"item": [], "annotator": [], "label": []}
    for row in rows(folder / "labels.csv"):
        columns["item"].append(row["item"])
        columns["annotator"].append(row["annotator"])
        columns["label"].append(int(float(row["rating"])))
    table = Judgements.from_columns(columns, duplicates="repeat")
    return table.take(table.repeat == 0)


@pytest.mark.parametrize("name", ["popquorn_offensiveness", "paraphrase_likert"])
def test_bias_precision_comes_nearest_to_annotators_left_out(name: str, data: Data) -> None:
    """By the root of the mean square, which means are made for."""
    table = ratings(data(name))
    away = {}
    for method in ("mean", "median", "trimmed-mean", "bias-precision"):
        squares = []
        for seed in range(3):
            rest, out = held_out(table, seed)
            made = infer_consensus(rest, method)
            answer = dict(zip(made.items.tolist(), made.labels.tolist(), strict=True))
            squares.append([(table.numbers()[row] - answer[table.items[table.item[row]]]) ** 2 for row in out.tolist()])
        away[method] = float(np.mean(squares)) ** 0.5
    assert away["bias-precision"] < min(away["mean"], away["median"], away["trimmed-mean"]) - 0.01, away


def test_ordinal_describes_annotators_left_out(data: Data) -> None:
    """The log probability of what they said, and how far off the answers are, on five classes of offensiveness."""
    table = ratings(data("popquorn_offensiveness"))
    surprise: dict[str, list[float]] = {"ordinal": [], "dawid-skene": []}
    steps: dict[str, list[float]] = {"ordinal": [], "dawid-skene": [], "majority": [], "median": []}
    for seed in range(2):
        rest, out = held_out(table, seed)
        items, annotators = (
            dict(zip(names.tolist(), range(len(names)), strict=True)) for names in (rest.items, rest.annotators)
        )
        item = np.array([items[table.items[code]] for code in table.item[out]])
        who = np.array([annotators[table.annotators[code]] for code in table.annotator[out]])
        said = table.numbers()[out]
        for method, away in steps.items():
            made = infer_consensus(rest, method)
            away.append(float(np.abs(made.labels.astype(float)[item] - said).mean()))
            if method in surprise:
                assert made.annotators is not None
                assert made.annotators.confusion is not None
                expected = np.einsum("nt,ntl->nl", made.choices()[2][item], made.annotators.confusion[who])
                surprise[method].append(-float(np.log(expected[np.arange(len(out)), said.astype(int) - 1]).mean()))
    assert np.mean(surprise["ordinal"]) < np.mean(surprise["dawid-skene"]) - 0.1, surprise
    assert np.mean(steps["ordinal"]) < min(np.mean(steps[name]) for name in ("dawid-skene", "majority", "median"))
