"""Alpha by distance on real sets, spans, boxes, rankings and texts: in time, and as NLTK has it by way of Crowd-Kit."""

from __future__ import annotations

import csv
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from crowdkit.metrics.data import alpha_krippendorff

from goldwork.agreement import measure_agreement
from goldwork.distances import distance as registry
from goldwork.judgements import Judgements


def lines(path: Path) -> Iterator[Any]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file) if ".jsonl" in path.name else csv.DictReader(file)


def table_of(path: Path, label: Callable[[Any], Any]) -> Judgements:
    records = [{"item": row["item"], "annotator": row["annotator"], "label": label(row)} for row in lines(path)]
    return Judgements.from_records(records, duplicates="repeat")


def errors(row: Any) -> list[Any]:
    return [[*error["span"], error["category"]] for error in row["errors"] if error.get("span")]


SETS: dict[str, tuple[str, Callable[[Any], Any], str, float, float]] = {
    # file, its answers, the distance, alpha, seconds at most (several times what was measured)
    "medrelex_crowdflower": ("labels.csv.gz", lambda row: row["relations"].split("|"), "masi", 0.246, 6),
    "pico_spans": ("labels.jsonl", lambda row: row["spans"], "spans", 0.457, 3),
    "mqm23_ende": ("labels.jsonl.gz", errors, "spans", 0.253, 4),
    "boxes_crowd": ("labels.jsonl", lambda row: row["boxes"], "boxes", 0.434, 15),
    "crowdspeech_dev_clean": ("labels.csv.gz", lambda row: row["text"], "words", 0.668, 20),
}


@pytest.mark.parametrize("name", SETS)
def test_alpha_of_every_kind_of_answer(name: str, data: Callable[[str], Path]) -> None:
    file, label, measure, value, seconds = SETS[name]
    table = table_of(data(name) / file, label)
    start = time.process_time()
    made = measure_agreement(table, distance=measure, resamples=1000)
    assert time.process_time() - start < seconds
    assert made.value == pytest.approx(value, abs=0.002)
    assert made.low < made.value < made.high
    assert made.high - made.low < 0.1


def best_first(wins: dict[str, int]) -> list[list[str]]:
    """Those with equally many wins tie."""
    return [
        sorted(system for system in wins if wins[system] == count) for count in sorted({*wins.values()}, reverse=True)
    ]


def test_alpha_of_rankings(data: Callable[[str], Path]) -> None:
    """Translations of a sentence, ranked by several judges with ties: out of the pairs that the file holds."""
    better: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in lines(data("wmt15_fre_eng") / "comparisons.csv.gz"):
        wins = better.setdefault((row["segment"], row["annotator"], row["ranking"]), {})
        sign = {"left": 1, "tie": 0, "right": -1}[row["choice"]]
        for system, win in ((row["left"], sign), (row["right"], -sign)):
            wins[system] = wins.get(system, 0) + win
    records = [
        {"item": segment, "annotator": annotator, "label": best_first(wins)}
        for (segment, annotator, _), wins in better.items()
    ]
    start = time.process_time()
    made = measure_agreement(Judgements.from_records(records, duplicates="repeat"), distance="kendall")
    assert time.process_time() - start < 8
    assert made.value == pytest.approx(0.189, abs=0.002)
    assert 0.15 < made.low < made.value < made.high < 0.23


@pytest.mark.parametrize("measure", ["jaccard", "masi"])
def test_alpha_of_sets_is_nltks(measure: str, data: Callable[[str], Path]) -> None:
    """Crowd-Kit hands the table to NLTK, which takes any distance; here ours. On the first 150 sentences."""
    file, label, *_ = SETS["medrelex_crowdflower"]
    whole = table_of(data("medrelex_crowdflower") / file, label)
    table = whole.take((whole.item < 150) & (whole.repeat == 0)).compact()
    names = {"item": "task", "annotator": "worker", "label": "label"}
    frame = pd.DataFrame({names[name]: column for name, column in table.to_columns().items() if name in names})
    frame["label"] = frame["label"].map(frozenset)
    theirs = alpha_krippendorff(frame, distance=registry.get(measure))
    assert measure_agreement(table, distance=measure, resamples=0).value == pytest.approx(theirs, abs=1e-9)
