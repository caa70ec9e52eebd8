"""Medoid and ROVER on real answers with known truth, against their peers. More: `python -m benchmarks text`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.text import BY_DISTANCE, OF_TEXT, SETS, crowd_kit, plain, read, word_error_rate
from goldwork.consensus import infer_consensus
from goldwork.distances import distance
from goldwork.judgements import Judgements
from goldwork.judgements.shapes import shape_of
from tests.reference.conftest import rows

read_once = functools.cache(read)

SHAPES = dict(zip(SETS, ("text", "text", "boxes", "spans", "sets"), strict=True))
ERRORS = {
    # set: which error, medoid at most, all alike, best annotator
    "crowdspeech_dev_clean": ("word error rate", 0.0545, 0.0605, 0.085),
    "crowdwsa2019_j1": ("1 - GLEU", 0.708, 0.709, 0.724),
    "boxes_crowd": ("1 - F1", 0.240, 0.2495, 0.273),
    "pico_spans": ("1 - F1", 0.297, 0.308, 0.322),
    "medrelex_crowdflower": ("share wrong", 0.148, 0.151, 0.172),
}


@pytest.mark.parametrize("name", SETS)
def test_the_medoid_beats_the_plain_one_and_the_best_annotator(name: str, data: Callable[[str], Path]) -> None:
    table, errors = read_once(data(name))
    assert shape_of(table) == SHAPES[name]
    measured, most, alike, best = ERRORS[name]
    found = {method: errors[measured](answer(table, SETS[name])) for method, answer in BY_DISTANCE.items()}
    assert found["medoid"] <= most
    assert found["medoid, all alike"] == pytest.approx(alike, abs=0.001)
    assert found["best annotator"] == pytest.approx(best, abs=0.001)
    assert found["medoid"] < found["medoid, all alike"] < found["best annotator"] < found["anybody"]


def test_rover_is_better_than_crowd_kits(data: Callable[[str], Path]) -> None:
    """Crowd-Kit's ROVER looks at every item alone, so that it may be asked of the first 250 only."""
    folder = data("crowdspeech_dev_clean")
    table, errors = read_once(folder)
    made = OF_TEXT["rover"](table, "")
    assert errors["word error rate"](made) <= 0.052
    part = some(folder, 250)
    truth = spoken(folder, part)
    theirs = word_error_rate(crowd_kit(part, "ROVER"), truth)
    assert word_error_rate(made, truth) < theirs - 0.005
    assert word_error_rate(OF_TEXT["rover, all alike"](part, ""), truth) <= theirs


def test_the_medoid_is_better_than_crowd_kits_rasa(data: Callable[[str], Path]) -> None:
    """Both learn of annotators what there is to learn from the first 150 recordings."""
    folder = data("crowdspeech_dev_clean")
    part = some(folder, 150)
    truth = spoken(folder, part)
    theirs = word_error_rate(crowd_kit(part, "RASA"), truth)
    assert word_error_rate(BY_DISTANCE["medoid"](part, "words"), truth) < theirs - 0.01


def some(folder: Path, items: int) -> Judgements:
    """The judgements of the first so many items."""
    table, _ = read_once(folder)
    return table.take(table.item < items).compact()


def spoken(folder: Path, table: Judgements) -> Mapping[Any, str]:
    """The true text of the table's items."""
    known = set(table.items.tolist())
    return {row["item"]: plain(row["text"]) for row in rows(folder / "truth.csv") if row["item"] in known}


def test_confidence_says_how_often_the_best_answer_was_chosen(data: Callable[[str], Path]) -> None:
    """On speech, where truth and answers differ for the reasons that answers differ among each other."""
    folder = data("crowdspeech_dev_clean")
    table = some(folder, 1000)
    truth, far = spoken(folder, table), distance.get("words")
    made = infer_consensus(table, "medoid")
    said: dict[Any, list[str]] = {}
    for item, label in zip(table.items[table.item].tolist(), table.labels().tolist(), strict=True):
        said.setdefault(item, []).append(label)
    hit = np.array([
        far(label, truth[item]) <= min(far(other, truth[item]) for other in said[item])
        for item, label in zip(made.items.tolist(), made.labels.tolist(), strict=True)
    ])  # fmt: skip
    assert abs(made.confidence.mean() - hit.mean()) < 0.06
    low, high = made.confidence < 0.5, made.confidence > 0.9
    assert hit[low].mean() < 0.65 < 0.85 < hit[high].mean()


def test_gold_on_a_third_does_not_harm_the_rest(data: Callable[[str], Path]) -> None:
    folder = data("crowdspeech_dev_clean")
    table = some(folder, 500)
    truth = spoken(folder, table)
    gold = {item: text for at, (item, text) in enumerate(truth.items()) if at % 3 == 0}
    others = {item: text for item, text in truth.items() if item not in gold}
    rates = [
        word_error_rate(dict(zip(made.items.tolist(), made.labels.tolist(), strict=True)), others)
        for made in (infer_consensus(table, "rover"), infer_consensus(table, "rover", gold=gold))
    ]
    assert rates[1] < rates[0] + 0.0005
