"""Boxes: matching, majority, the two-coin model against its formula, places, and simulated crowds."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Annotators, Consensus, infer_consensus
from goldwork.consensus.box_clusters import clusters_of
from goldwork.distances.boxes import boxes as apart
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.testing.kinds import simulate_answers

METHODS = ("boxes-majority", "boxes-two-coin")


def of(*answers: Any) -> Judgements:
    """One item, an annotator for each answer."""
    return Judgements.from_columns({
        "item": [1] * len(answers), "annotator": list(range(len(answers))), "label": objects(list(answers))
    })  # fmt: skip


def known(made: Consensus) -> Annotators:
    assert made.annotators is not None
    return made.annotators


drawn_boxes = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 8), st.integers(0, 8), st.sampled_from("ab")),
    max_size=6,
).map(lambda drawn: [[x, y, x + w, y + h, label] for x, y, w, h, label in drawn])


@given(st.lists(drawn_boxes, min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_a_cluster_has_one_box_of_each_judgement(said: list[list[list[Any]]]) -> None:
    clusters = clusters_of(of(*said), objects([None]), 0.3)
    assert len(clusters.cluster) == sum(map(len, said))
    pairs = list(zip(clusters.cluster.tolist(), clusters.row.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert clusters.drawn.tolist() == np.bincount(clusters.cluster).tolist()
    made = infer_consensus(of(*said), "boxes-majority", share=0).labels[0]
    assert len(made) == len(clusters)


def test_the_greatest_overlap_is_joined_first() -> None:
    """Two boxes of one annotator compete for one of another's: the nearer gets it."""
    clusters = clusters_of(of([[0, 0, 10, 10], [2, 0, 12, 10]], [[3, 0, 13, 10]]), objects([None]), 0.3)
    groups = sorted(clusters.corners[clusters.cluster == c, 0].tolist() for c in range(len(clusters)))
    assert groups == [[0.0], [2.0, 3.0]]


def test_labels_keep_objects_apart_unless_they_lie_together() -> None:
    near = of([[0, 0, 10, 10, "a"]], [[1, 0, 11, 10, "b"]], [[0, 0, 10, 11, "a"]])
    assert infer_consensus(near, "boxes-majority").labels[0] == [[0.0, 0.0, 10.0, 10.0, "a"]]
    far = of([[0, 0, 10, 10, "a"]], [[4, 0, 14, 10, "b"]], [[0, 0, 10, 10, "a"]])
    assert len(clusters_of(far, objects([None]), 0.3)) == 2
    both = [[0, 0, 10, 10, "a"], [0, 0, 10, 10, "b"]]
    for method in METHODS:
        assert infer_consensus(of(both, both, both), method).labels[0] == both


def test_majority_counts_all_who_judged_the_item() -> None:
    box = [[0, 0, 10, 10]]
    assert infer_consensus(of(box, box, [], []), "boxes-majority").labels[0] == box
    made = infer_consensus(of(box, [], []), "boxes-majority")
    assert made.labels[0] == []
    assert math.isclose(made.confidence[0], 2 / 3)
    weighed = Judgements.from_columns({
        "item": [1, 1, 1], "annotator": [1, 2, 3], "label": objects([box, [], []]), "weight": [4.0, 1.0, 1.0]
    })  # fmt: skip
    assert infer_consensus(weighed, "boxes-majority").labels[0] == box


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "said",
    [
        [[0, 0, 10, 10], [20, 20, 30, 35]],
        [[0, 0, 10, 10, "cat"], [20, 20, 30, 35]],
        [{"x": 1, "y": 2, "width": 3, "height": 4, "label": "cat"}],
        [{"x": 1, "y": 2, "width": 3, "height": 4}],
    ],
)
def test_answers_have_the_form_of_the_judgements(method: str, said: list[Any]) -> None:
    assert infer_consensus(of(said, said, said), method).labels[0] == said
    asked = infer_consensus(of(said, said, said), method, with_confidence=True).labels[0]
    assert all(isinstance(box, dict) and 0.5 < box["confidence"] <= 1 for box in asked)


def test_the_objective_is_the_log_posterior() -> None:
    """The likelihood of the point process, written out cluster by cluster and item by item, with the priors."""
    simulated = simulate_answers("boxes", items=12, annotators=4, per_item=3, seed=5)
    table = simulated.table
    made = infer_consensus(table, "boxes-two-coin", max_iterations=4)
    state = made.state
    s, phi, rates, c = state["draws"], state["invents"], state["objects"], state["coincidence"]
    clusters = clusters_of(table, objects([None] * 12), 0.3)
    total = 0.0
    for item in range(len(table.items)):
        judges = table.annotator[table.item == item].tolist()
        for cluster in np.flatnonzero(clusters.item == item):
            drew = {int(table.annotator[row]) for row in clusters.row[clusters.cluster == cluster]}
            density = sum(phi[a] for a in drew) * c ** (len(drew) - 1) * (1 - c) ** (len(judges) - len(drew))
            for kind in range(2):
                density += rates[kind] * math.prod(s[a, kind] if a in drew else 1 - s[a, kind] for a in judges)
            total += math.log(density)
        for kind in range(2):
            total -= rates[kind] * (1 - math.prod(1 - s[a, kind] for a in judges))
        total -= sum(phi[a] for a in judges)
    crowd, rate, pooling, least = state["crowd_draws"][0], state["crowd_invents"][0], 5.0, 1e-6
    total += float(((pooling * crowd + least) * np.log(s) + (pooling * (1 - crowd) + least) * np.log(1 - s)).sum())
    total += float(((pooling * rate + least) * np.log(phi) - (pooling + least) * phi).sum())
    total += 0.1 * float((np.log(rates) - rates).sum()) + math.log(c) + 30 * math.log(1 - c)
    assert math.isclose(total, made.objective[-1], rel_tol=1e-9)


def test_what_is_drawn_alone_is_doubted_where_others_agree() -> None:
    simulated = simulate_answers("boxes", items=100, annotators=8, per_item=6, seed=1)
    made = infer_consensus(simulated.table, "boxes-two-coin", threshold=0, with_confidence=True)
    found = [
        (item, box) for item, boxes in zip(made.items.tolist(), made.labels.tolist(), strict=True) for box in boxes
    ]
    sure = np.array([box["confidence"] for _, box in found])
    true = np.array(
        [any(apart([{**box, "label": ""}], [real[:4]]) < 0.5 for real in simulated.truth[item]) for item, box in found]
    )
    assert np.corrcoef(sure, true)[0, 1] > 0.8
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1.01)):
        there = (sure >= low) & (sure < high)
        assert abs(sure[there].mean() - true[there].mean()) < 0.15


def f1(simulated: Any, made: Consensus) -> float:
    hits = size = 0
    for item, answer in zip(made.items.tolist(), made.labels.tolist(), strict=True):
        true = simulated.truth[item]
        size += len(true) + len(answer)
        hits += sum(any(apart([box], [t]) < 0.5 for box in answer) for t in true)
    return 2 * hits / size


@pytest.mark.parametrize("per_item", [3, 6])
def test_the_model_beats_the_majority(per_item: int) -> None:
    gain = []
    for seed in range(3):
        simulated = simulate_answers("boxes", items=150, annotators=10, per_item=per_item, skill=(2, 2), seed=seed)
        scores = [f1(simulated, infer_consensus(simulated.table, method)) for method in METHODS]
        gain.append(scores[1] - scores[0])
    assert np.mean(gain) > 0.02


def test_careful_annotators_place_boxes() -> None:
    """Two who are exact, three who are not: nearer to the truth than the median."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[Any]] = {"item": [], "annotator": [], "label": []}
    truth = {}
    for item in range(60):
        left, top = rng.uniform(0, 400, 2)
        truth[item] = [left, top, left + 60, top + 80]
        for who, scale in enumerate((1, 1, 12, 12, 12)):
            rows["item"].append(item)
            rows["annotator"].append(who)
            rows["label"].append([(np.array(truth[item]) + rng.normal(0, scale, 4)).tolist()])
    table = Judgements.from_columns(rows | {"label": objects(rows["label"])})
    errors = []
    for method in METHODS:
        made = infer_consensus(table, method)
        errors.append(
            np.mean([np.abs(np.array(boxes[0]) - truth[i]) for i, boxes in zip(made.items, made.labels, strict=True)])
        )
    assert errors[1] < 0.6 * errors[0]
    scale = known(infer_consensus(table, "boxes-two-coin")).more["place_error"]
    assert scale[:2].max() < 0.5 * scale[2:].min()


def test_gold_is_taken_and_teaches() -> None:
    gain = []
    for seed in range(3):
        simulated = simulate_answers("boxes", items=120, annotators=6, per_item=3, skill=(2, 2), seed=seed)
        gold = {item: boxes for item, boxes in simulated.truth.items() if item % 2}
        bare, helped = (infer_consensus(simulated.table, "boxes-two-coin", gold=g) for g in (None, gold))
        assert [helped.labels[row] for row in np.flatnonzero(helped.known)] == list(gold.values())
        error = [np.abs(known(made).skill - simulated.skill).mean() for made in (bare, helped)]
        gain.append(error[0] - error[1])
    assert np.mean(gain) > 0
    box = [[0, 0, 10, 10]]
    assert infer_consensus(of(box, box), "boxes-two-coin", gold={1: []}).labels[0] == []


def test_it_goes_on_from_an_earlier_fit() -> None:
    simulated = simulate_answers("boxes", items=80, annotators=8, seed=6)
    early = simulated.columns["item"] < 60
    columns = {name: column[early] for name, column in simulated.columns.items()}
    first = infer_consensus(Judgements.from_columns(columns), "boxes-two-coin")
    cold = infer_consensus(simulated.table, "boxes-two-coin")
    warm = infer_consensus(simulated.table, "boxes-two-coin", start=first)
    assert np.mean([apart(a, b) for a, b in zip(cold.labels, warm.labels, strict=True)]) < 0.05
    with pytest.raises(InputError, match="earlier result of boxes-two-coin"):
        infer_consensus(simulated.table, "boxes-two-coin", start=infer_consensus(simulated.table, "boxes-majority"))


def test_options_out_of_bounds_are_refused() -> None:
    for option, value in (("overlap", 2), ("threshold", -0.1), ("pooling", -1), ("max_iterations", 0)):
        with pytest.raises(InputError, match=option):
            infer_consensus(of([[0, 0, 3, 3]]), "boxes-two-coin", **{option: value})


def test_two_judgements_an_item_give_no_intervals() -> None:
    """Nor do they with a few items of three; with gold for half they do."""
    simulated = simulate_answers("boxes", items=40, annotators=6, per_item=2, seed=3)
    made = infer_consensus(simulated.table, "boxes-two-coin")
    assert np.isnan(known(made).low).all()
    assert np.isnan(known(made).more["invented_high"]).all()
    assert any("Three an item, or gold" in warning for warning in made.warnings)
    told = infer_consensus(simulated.table, "boxes-two-coin", gold={i: simulated.truth[i] for i in range(20)})
    assert np.isfinite(known(told).low).all()
    assert not told.warnings


@pytest.mark.slow
@pytest.mark.parametrize(("items", "annotators", "per_item"), [(100, 5, 5), (100, 20, 5), (100, 5, 3), (60, 8, 8)])
def test_intervals_cover(items: int, annotators: int, per_item: int) -> None:
    """Sensitivities and rates of invention lie in their intervals 93 to 97 times of 100."""
    draws, invents = [], []
    for seed in range(16):
        simulated = simulate_answers("boxes", items=items, annotators=annotators, per_item=per_item, seed=100 + seed)
        about = known(infer_consensus(simulated.table, "boxes-two-coin"))
        truth = simulated.skill[about.names.astype(int)]
        draws.append((about.low <= truth) & (truth <= about.high))
        rate = 1.5 * (1 - truth)
        invents.append((about.more["invented_low"] <= rate) & (rate <= about.more["invented_high"]))
    noise = 2 * math.sqrt(0.05 * 0.95 / (16 * annotators))
    for inside in (draws, invents):
        assert 0.93 - noise <= np.concatenate(inside).mean() <= 0.97 + noise


@pytest.mark.slow
def test_time_is_linear_in_judgements() -> None:
    """Eight times the items take no more than about eight times as long."""
    best = []
    for items in (200, 1600):
        table = simulate_answers("boxes", items=items, annotators=30, per_item=4, seed=1).table
        took = []
        for _ in range(2):
            start = time.process_time()
            infer_consensus(table, "boxes-two-coin", max_iterations=10, tolerance=0)
            took.append(time.process_time() - start)
        best.append(min(took))
    assert best[1] < 20 * best[0]
