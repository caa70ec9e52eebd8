"""Spans and boxes on real judgements, against known truth and simple ways of merging."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from goldwork.consensus import Consensus, infer_consensus
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

Folder = Callable[[str], Path]
Spans = list[list[Any]]
Boxes = npt.NDArray[np.float64]


def lines(path: Path) -> list[dict[str, Any]]:
    held = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in held.decode("utf-8").splitlines()]


def table(rows: Iterable[tuple[Any, Any, Any]]) -> Judgements:
    item, annotator, label = zip(*rows, strict=True)
    return Judgements.from_columns({"item": item, "annotator": annotator, "label": objects(list(label))})


def answers(made: Consensus) -> dict[Any, Any]:
    return dict(zip(made.items.tolist(), made.labels.tolist(), strict=True))


def characters(spans: Spans) -> set[tuple[Any, ...]]:
    return {(place, *span[2:]) for span in spans for place in range(span[0], span[1])}


def scores(pairs: Iterable[tuple[Spans, Spans]]) -> tuple[float, float, float]:
    """Precision, recall and F1 by character of (answer, truth), over all items together."""
    both = said = true = 0
    for one, two in pairs:
        left, right = characters(one), characters(two)
        both, said, true = both + len(left & right), said + len(left), true + len(right)
    return both / said, both / true, 2 * both / (said + true)


class Pico:
    def __init__(self, folder: Path) -> None:
        self.texts = {row["item"]: row["text"] for row in lines(folder / "items.jsonl")}
        self.rows = [(row["item"], row["annotator"], row["spans"]) for row in lines(folder / "labels.jsonl")]
        more = [(row["item"], row["annotator"], row["spans"]) for row in lines(folder / "labels_no_truth.jsonl")]
        self.more = [row for row in more if row[0] not in self.texts]
        self.truth = {row["item"]: row["spans"] for row in lines(folder / "truth.jsonl")}

    def score(self, made: Consensus) -> tuple[float, float, float]:
        found = answers(made)
        return scores((found[item], spans) for item, spans in self.truth.items())


@pytest.fixture(scope="module")
def pico(data: Folder) -> Pico:
    return Pico(data("pico_spans"))


@pytest.mark.parametrize("with_texts", [True, False])
def test_participants_in_abstracts(pico: Pico, with_texts: bool) -> None:
    """The published sanity figures (one annotator .54, majority .684), and what the model adds; the target is .72."""
    items = pico.texts if with_texts else None
    judged = table(pico.rows)
    alone = [scores([(spans, pico.truth[item])])[2] for item, _, spans in pico.rows if item in pico.truth and spans]
    assert np.mean(alone) < 0.6
    precision, recall, majority = pico.score(infer_consensus(judged, "spans-majority", items=items))
    assert (round(precision, 2), round(recall, 2), round(majority, 3)) == (0.91, 0.55, 0.684)
    made = infer_consensus(judged, "hmm-crowd", items=items)
    assert made.converged
    assert pico.score(made)[2] > 0.73
    assert pico.score(infer_consensus(judged, "hmm-crowd", items=items, threshold=0.5))[2] > 0.72


@pytest.mark.parametrize("pooling", [2, 10])
def test_participants_whatever_the_prior(pico: Pico, pooling: float) -> None:
    assert pico.score(infer_consensus(table(pico.rows), "hmm-crowd", pooling=pooling))[2] > 0.73


def test_more_judgements_of_the_same_annotators_help(pico: Pico) -> None:
    """Of abstracts without a truth: they tell about the annotators."""
    made = infer_consensus(table(pico.rows + pico.more), "hmm-crowd")
    assert pico.score(made)[2] > 0.75


@pytest.mark.parametrize("labelled", [False, True])
def test_errors_of_translations_that_a_third_rater_marks(data: Folder, labelled: bool) -> None:
    """From two raters: the model comes nearer to the third than the majority, which is what both marked."""
    folder = data("mqm23_ende")
    rows = []
    for row in lines(folder / "labels.jsonl.gz"):
        errors = [e for e in row["errors"] if e["side"] == "target" and e["span"][1] > e["span"][0]]
        rows.append(
            (row["item"], row["annotator"], [[*e["span"], *([e["severity"]] if labelled else [])] for e in errors])
        )
    texts = {row["item"]: row["target"] for row in lines(folder / "items.jsonl.gz")}
    raters: dict[str, list[str]] = {}
    for item, annotator, _ in rows:
        raters.setdefault(item, []).append(annotator)
    third = {item: sorted(names)[2] for item, names in raters.items()}
    held = {item: spans for item, annotator, spans in rows if annotator == third[item]}
    two = table(row for row in rows if row[1] != third[row[0]])
    found = {}
    for method in ("spans-majority", "hmm-crowd"):
        answered = answers(infer_consensus(two, method, items=texts))
        found[method] = scores((answered[item], spans) for item, spans in held.items())[2]
    assert found["hmm-crowd"] > found["spans-majority"] + 0.02


def overlaps(one: Boxes, two: Boxes) -> Boxes:
    sides = np.minimum(one[:, None, 2:], two[None, :, 2:]) - np.maximum(one[:, None, :2], two[None, :, :2])
    shared = np.maximum(sides, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, two)]
    return np.asarray(shared / (areas[0][:, None] + areas[1] - shared))


def hits(said: Boxes, true: Boxes) -> list[float]:
    """The overlaps of a best pairing at .5 or more."""
    from scipy.optimize import linear_sum_assignment

    if not len(said) or not len(true):
        return []
    ratio = overlaps(said, true)
    pairs = linear_sum_assignment(np.where(ratio >= 0.5, 1 + ratio, 0), maximize=True)
    return [float(value) for value in ratio[pairs] if value >= 0.5]


class Drawn:
    def __init__(self, folder: Path) -> None:
        self.rows = [(row["item"], row["annotator"], row["boxes"]) for row in lines(folder / "labels.jsonl")]
        self.truth = {row["item"]: corners(row["boxes"]) for row in lines(folder / "truth.jsonl")}

    def score(self, pairs: Iterable[tuple[Boxes, Boxes]]) -> tuple[float, float, float, float]:
        """Precision, recall and F1 at an overlap of .5, and the mean overlap of the hits."""
        listed = list(pairs)
        found = [value for said, true in listed for value in hits(said, true)]
        said, true = (sum(len(pair[side]) for pair in listed) for side in (0, 1))
        return len(found) / said, len(found) / true, 2 * len(found) / (said + true), float(np.mean(found))

    def of(self, made: Consensus) -> tuple[float, float, float, float]:
        found = answers(made)
        return self.score((corners(found[item]), true) for item, true in self.truth.items())


def corners(boxes: Any) -> Boxes:
    return np.array([box[:4] for box in boxes], np.float64).reshape(-1, 4)


@pytest.fixture(scope="module")
def drawn(data: Folder) -> Drawn:
    return Drawn(data("boxes_crowd"))


def fused(answers_of_item: list[Boxes], least: float) -> Boxes:
    """Weighted box fusion with equal scores (Solovyev, Wang and Gabruseva 2021, Image and Vision Computing 107)."""
    groups: list[list[Boxes]] = []
    for box in (box for boxes in answers_of_item for box in boxes):
        means = np.array([np.mean(group, axis=0) for group in groups]).reshape(-1, 4)
        ratio = overlaps(box[None], means)[0]
        if len(ratio) and ratio.max() > 0.55:
            groups[int(ratio.argmax())].append(box)
        else:
            groups.append([box])
    kept = [np.mean(group, axis=0) for group in groups if len(group) / len(answers_of_item) >= least]
    return np.array(kept).reshape(-1, 4)


def test_objects_that_a_crowd_drew(drawn: Drawn) -> None:
    """Above one annotator, union, intersection, majority and box fusion; 115 of 664 objects were drawn by nobody."""
    judged = table(drawn.rows)
    alone = drawn.score((corners(boxes), drawn.truth[item]) for item, _, boxes in drawn.rows)
    assert (round(alone[0], 2), round(alone[1], 2)) == (0.79, 0.51)
    by_item: dict[str, list[Boxes]] = {}
    for item, _, boxes in drawn.rows:
        by_item.setdefault(item, []).append(corners(boxes))
    nobody = sum(
        int((overlaps(true, np.concatenate(by_item[item])).max(axis=1) < 0.5).sum())
        for item, true in drawn.truth.items()
    )
    assert (nobody, sum(map(len, drawn.truth.values()))) == (115, 664)
    baselines = {"one annotator": alone[2]}
    for name, share in (("union", 0), ("majority", 0.5), ("intersection", 1)):
        baselines[name] = drawn.of(infer_consensus(judged, "boxes-majority", share=share))[2]
    for least in (0, 0.5):
        pairs = ((fused(by_item[item], least), true) for item, true in drawn.truth.items())
        baselines[f"fusion from {least}"] = drawn.score(pairs)[2]
    made = infer_consensus(judged, "boxes-two-coin")
    precision, recall, f1, overlap = drawn.of(made)
    assert made.converged
    assert f1 > max(baselines.values()) + 0.04, baselines
    assert precision > 0.87
    assert recall > 0.72
    assert overlap > 0.8


@pytest.mark.parametrize("options", [{"pooling": 2}, {"pooling": 20}, {"overlap": 0.2}, {"overlap": 0.4}])
def test_objects_whatever_the_options(drawn: Drawn, options: dict[str, float]) -> None:
    assert drawn.of(infer_consensus(table(drawn.rows), "boxes-two-coin", **options))[2] > 0.79


def test_the_probability_of_an_object_ranks_and_is_near(drawn: Drawn) -> None:
    made = infer_consensus(table(drawn.rows), "boxes-two-coin", threshold=0, with_confidence=True)
    sure, true = [], []
    for item, boxes in answers(made).items():
        said = np.array([[b["x"], b["y"], b["x"] + b["width"], b["y"] + b["height"]] for b in boxes]).reshape(-1, 4)
        near = overlaps(said, drawn.truth[item]).max(axis=1, initial=0) >= 0.5
        sure += [box["confidence"] for box in boxes]
        true += near.tolist()
    probability, real = np.array(sure), np.array(true)
    for low, high, apart in ((0, 0.2, 0.15), (0.2, 0.8, 0.15), (0.8, 0.95, 0.35), (0.95, 1.01, 0.1)):
        there = (probability >= low) & (probability < high)
        assert abs(probability[there].mean() - real[there].mean()) < apart


def test_careful_annotators_bring_boxes_nearer(drawn: Drawn) -> None:
    """On the same clusters, against the median of each edge."""
    judged = table(drawn.rows)
    weighed = drawn.of(infer_consensus(judged, "boxes-two-coin", threshold=0))
    median = drawn.of(infer_consensus(judged, "boxes-majority", share=0))
    assert weighed[3] > median[3]
