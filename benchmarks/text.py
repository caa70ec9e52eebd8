"""Consensus by distance and of free text on real answers, next to its peers: errors against the known truth.

`python -m benchmarks text [-- SET ...]`. The sets are those of `$GOLDWORK_DATA`, else of shared/data beside the
repository. Text is compared without case and punctuation, for every method alike; errors are

- crowdspeech_dev_clean, crowdwsa2019_j1: the word error rate; for the latter, translations, also one minus GLEU
- boxes_crowd: one minus F1 at an overlap of one half; pico_spans: one minus F1 by character
- medrelex_crowdflower: how often the answer is wrong on whether a drug treats and whether something causes
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._report import report
from goldwork.consensus import infer_consensus
from goldwork.consensus.medoid import measure
from goldwork.distances import distance
from goldwork.distances.boxes import overlaps
from goldwork.distances.edits import edits, sequenced
from goldwork.distances.geometry import read_boxes
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

DATA = Path(os.environ.get("GOLDWORK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
Answers = Mapping[Any, Any]
Error = Callable[[Answers], float]
TEXTS = ("crowdspeech_dev_clean", "crowdwsa2019_j1")
SETS = {
    **dict.fromkeys(TEXTS, "words"),
    "boxes_crowd": "boxes",
    "pico_spans": "spans",
    "medrelex_crowdflower": "jaccard",
}


def main(options: list[str]) -> None:
    """Print every method's error on every set."""
    for name in options or SETS:
        table, errors = read(DATA / name)
        for method, answer in {**BY_DISTANCE, **(OF_TEXT if name in TEXTS else {})}.items():
            began = time.perf_counter()
            answers = answer(table, SETS[name])
            took = time.perf_counter() - began
            for measured, error in errors.items():
                report(f"{name} {method}", error(answers), measured)
            report(f"{name} {method}", took, "s")


def read(folder: Path) -> tuple[Judgements, dict[str, Error]]:
    """A set's judgements, text without case and punctuation, and how to score answers by item."""
    if folder.name in TEXTS:
        return _read_text(folder)
    if folder.name == "medrelex_crowdflower":
        return _read_relations(folder)
    key = SETS[folder.name]
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    truth = {
        row["item"]: row[key]
        for row in map(json.loads, (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines())
    }
    columns = {"item": [row["item"] for row in rows], "annotator": [row["annotator"] for row in rows]}
    table = Judgements.from_columns(columns | {"label": objects([row[key] for row in rows])})
    apart = boxes_missed if key == "boxes" else distance.get("spans")

    def error(answers: Answers) -> float:
        return float(np.mean([apart(answers[item], value) for item, value in truth.items() if item in answers]))

    return table, {"1 - F1": error}


def plain(text: str) -> str:
    """Words without case and punctuation."""
    bare = re.sub(r"[^\w\s']", " ", text.lower().replace("\u2019", "'"))
    return " ".join(word for word in (part.strip("'") for part in bare.split()) if word)


def word_error_rate(answers: Answers, truth: Mapping[Any, str]) -> float:
    """Words to change in all answers over the words of the truth."""
    wrong = [edits(sequenced(plain(answers[item]).split()), sequenced(text.split())) for item, text in truth.items()]
    return sum(wrong) / sum(len(text.split()) for text in truth.values())


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="", encoding="utf-8") if path.suffix == ".gz" else path.open(newline="") as file:
        return list(csv.DictReader(file))


def _read_text(folder: Path) -> tuple[Judgements, dict[str, Error]]:
    rows = _rows(next(folder.glob("labels.csv*")))
    records = ({"item": row["item"], "annotator": row["annotator"], "label": plain(row["text"])} for row in rows)
    truth = {row["item"]: plain(row["text"]) for row in _rows(folder / "truth.csv")}
    errors: dict[str, Error] = {"word error rate": lambda answers: word_error_rate(answers, truth)}
    if folder.name == "crowdwsa2019_j1":
        errors["1 - GLEU"] = lambda answers: gleu_error(answers, truth)
    return Judgements.from_records(records, duplicates="repeat"), errors


def gleu_error(answers: Answers, truth: Mapping[Any, str]) -> float:
    """One minus Google's sentence BLEU (Wu et al. 2016), mean over items, by NLTK."""
    from nltk.translate.gleu_score import sentence_gleu

    scores = [sentence_gleu([text.split()], plain(answers[item]).split()) for item, text in truth.items()]
    return 1 - float(np.mean(scores))


def _read_relations(folder: Path) -> tuple[Judgements, dict[str, Error]]:
    rows = _rows(folder / "labels.csv.gz")
    columns = {"item": [row["item"] for row in rows], "annotator": [row["annotator"] for row in rows]}
    labels = objects([sorted(row["relations"].split("|")) for row in rows])
    asked = [row for row in _rows(folder / "truth.csv") if row["test_partition"] in ("1", "-1")]
    option = {"cause": "CAUSES", "treat": "TREATS"}

    def error(answers: Answers) -> float:
        wrong = [(option[row["relation"]] in answers[row["item"]]) != (row["test_partition"] == "1") for row in asked]
        return float(np.mean(wrong))

    return Judgements.from_columns(columns | {"label": labels}, duplicates="repeat"), {"share wrong": error}


def boxes_missed(drawn: Any, true: Any) -> float:
    """One minus F1 of boxes paired with true ones that they overlap by at least one half."""
    from scipy.optimize import linear_sum_assignment

    close = overlaps(read_boxes(drawn), read_boxes(true)) >= 0.5
    return 1 - 2 * float(close[linear_sum_assignment(close, maximize=True)].sum()) / (len(drawn) + len(true))


def _inferred(method: str, **options: Any) -> Callable[[Judgements, str], Answers]:
    def answer(table: Judgements, of: str) -> Answers:
        made = infer_consensus(table, method, **options, **({"distance": of} if method == "medoid" else {}))
        return dict(zip(made.items.tolist(), made.labels.tolist(), strict=True))

    return answer


def _best_annotator(table: Judgements, of: str) -> Answers:
    """Of every item the answer of the annotator whose answers are nearest to the others' on average."""
    apart = measure(table, objects([None] * len(table.items)), of)
    others = np.maximum(table.per_item()[table.item] - 1, 1)
    far = np.bincount(table.annotator, apart.summed(np.ones(len(table))) / others, len(table.annotators))
    chosen = apart.best(-(far / np.bincount(table.annotator))[table.annotator], 0)[0]
    return dict(zip(table.items.tolist(), table.labels()[chosen].tolist(), strict=True))


def _anybody(table: Judgements, _: str) -> Answers:
    """Of every item an answer drawn at random."""
    rng = np.random.default_rng(0)
    starts = np.cumsum(table.per_item()) - table.per_item()
    chosen = starts + rng.integers(table.per_item())
    return dict(zip(table.items.tolist(), table.labels()[chosen].tolist(), strict=True))


def crowd_kit(table: Judgements, method: str) -> Answers:
    """Crowd-Kit's ROVER or RASA; the latter on TF-IDF of two to four characters, in 256 dimensions (LSA)."""
    import pandas as pd
    from crowdkit.aggregation import ROVER, TextRASA

    columns = table.to_columns()
    frame = pd.DataFrame({"task": columns["item"], "worker": columns["annotator"], "text": columns["label"]})
    if method == "ROVER":
        return dict(ROVER(str.split, " ".join).fit_predict(frame))
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = table.coded()[1].tolist()
    counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=50_000)
    vectors = TruncatedSVD(256, random_state=0).fit_transform(counts.fit_transform(texts))
    encoded = dict(zip(texts, vectors, strict=True))
    return dict(TextRASA(encoder=encoded.__getitem__).fit_predict(frame, None))


BY_DISTANCE: dict[str, Callable[[Judgements, str], Answers]] = {
    "medoid": _inferred("medoid"),
    "medoid, all alike": _inferred("medoid", prior=1e9, shape=1),
    "best annotator": _best_annotator,
    "anybody": _anybody,
}
OF_TEXT: dict[str, Callable[[Judgements, str], Answers]] = {
    "rover": _inferred("rover"),
    "rover, all alike": _inferred("rover", prior=1e9),
    "Crowd-Kit ROVER": lambda table, _: crowd_kit(table, "ROVER"),
    "Crowd-Kit RASA": lambda table, _: crowd_kit(table, "RASA"),
}
