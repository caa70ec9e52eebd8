"""The models of choices: their objectives written out, their priors, warm starts, restarts, warnings, intervals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from goldwork.consensus import Consensus, infer_consensus
from goldwork.consensus.hidden import Answers
from goldwork.consensus.hierarchical import Around
from goldwork.consensus.scoring import expected_accuracy
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd

EM = ["dawid-skene", "hierarchical-dawid-skene", "two-coin", "one-coin", "mace", "dawid-skene-vb", "ebcc", "glad"]


def evidence(table: Judgements, confusion: Any, prevalence: Any) -> float:
    """The log likelihood with the hidden class summed out, item by item."""
    total = 0.0
    for item in range(len(table.items)):
        at = np.flatnonzero(table.item == item)
        joint = prevalence * np.prod(confusion[table.annotator[at], :, table.coded()[0][at]], axis=0)
        total += math.log(joint.sum())
    return total


def known(made: Consensus) -> Any:
    assert made.annotators is not None
    return made.annotators


@pytest.mark.parametrize("name", ["dawid-skene", "one-coin", "two-coin", "mace", "hierarchical-dawid-skene"])
def test_the_objective_rises_to_the_log_posterior(name: str) -> None:
    """The last objective is the evidence of the fitted parameters plus the prior, which is the same written out."""
    table = simulate_crowd(items=50, seed=2).table
    made = infer_consensus(table, name, tolerance=1e-10, max_iterations=3000)
    told = evidence(table, known(made).confusion, made.prevalence)
    around = Around(Answers(table, np.full(len(table.items), -1, np.int32)), 2.0)
    assert np.allclose(around.prior.sum(axis=2), 2 + 3 * 0.01)
    prior = {
        "dawid-skene": lambda: 0.1 * (np.log(known(made).confusion).sum() + np.log(made.prevalence).sum()),
        "one-coin": lambda: np.sum(1.4 * np.log(made.state["hits"]) + 0.6 * np.log(1 - made.state["hits"])),
        "two-coin": lambda: (
            (1.4 * np.log(made.state["hits"]) + 0.6 * np.log(1 - made.state["hits"])).sum()
            + np.log(made.state["direction"][~np.eye(3, dtype=bool)]).sum()
        ),
        "mace": lambda: (
            0.5 * np.log(made.state["competence"] * (1 - made.state["competence"])).sum()
            + 0.1 * np.log(made.state["habit"]).sum()
        ),
        "hierarchical-dawid-skene": lambda: (
            (around.prior * np.log(known(made).confusion)).sum() + 0.1 * np.log(made.prevalence).sum()
        ),
    }
    assert (np.diff(made.objective) >= -1e-9 * abs(made.objective[0])).all()
    assert math.isclose(made.objective[-1], told + float(prior[name]()), rel_tol=1e-9)


def test_the_variational_bound_is_below_the_evidence() -> None:
    """On four items the evidence is a sum over all their classes of Dirichlet-multinomial probabilities."""
    columns = {"item": [0, 0, 1, 1, 2, 2, 3, 3], "annotator": [0, 1] * 4, "label": [*"aabbabba"]}
    table = Judgements.from_columns(columns)
    made = infer_consensus(table, "dawid-skene-vb", tolerance=1e-12, max_iterations=5000)
    total = -np.inf
    for truth in itertools.product(range(2), repeat=4):
        prior = np.full((2, 2), 1.0) + np.eye(2)
        counts = np.zeros((2, 2, 2))
        np.add.at(counts, (table.annotator, np.array(truth)[table.item], table.value), 1)
        classes = np.bincount(truth, minlength=2)
        log = _beta(1 + classes) - _beta(np.ones(2))
        log += sum(_beta(prior[t] + counts[a, t]) - _beta(prior[t]) for a in range(2) for t in range(2))
        total = np.logaddexp(total, log)
    assert made.objective[-1] < total
    assert made.objective[-1] > total - 2


def _beta(weights: Any) -> float:
    return float(sum(math.lgamma(weight) for weight in weights) - math.lgamma(weights.sum()))


def test_one_subtype_is_variational_dawid_skene() -> None:
    crowd = simulate_crowd(items=200, annotators=12, per_item=5)
    one = infer_consensus(crowd.table, "ebcc", subtypes=1, right=2.0, tolerance=1e-10)
    plain = infer_consensus(crowd.table, "dawid-skene-vb", tolerance=1e-10)
    assert np.abs(one.choices()[2] - plain.choices()[2]).max() < 0.05  # the prevalence has another prior


def test_subtypes_find_annotators_who_err_together() -> None:
    """On a third of the items half the crowd makes the same mistake: others' judgements on it are worth more."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 400)
    hard = rng.random(400) < 0.3
    labels = np.array([
        [1 - t if h and a < 3 else (t if rng.random() < 0.85 else 1 - t) for a in range(6)]
        for t, h in zip(truth, hard, strict=True)
    ])  # fmt: skip
    columns = {"item": np.repeat(np.arange(400), 6), "annotator": np.tile(np.arange(6), 400), "label": labels.ravel()}
    table, right = Judgements.from_columns(columns), dict(enumerate(truth.tolist()))
    score = {name: expected_accuracy(infer_consensus(table, name), right).value for name in ("one-coin", "ebcc")}
    assert score["ebcc"] >= score["one-coin"] - 0.01
    assert infer_consensus(table, "ebcc").confidence.mean() < infer_consensus(table, "one-coin").confidence.mean()


@pytest.mark.parametrize("name", EM)
def test_a_warm_start_goes_on_where_the_last_fit_ended(name: str) -> None:
    """A few judgements more, two of them by somebody new: sooner done, and the same answers."""
    crowd = simulate_crowd(items=300, annotators=12, per_item=5)
    first = infer_consensus(crowd.table, name)
    more = {
        "item": np.r_[crowd.columns["item"], [0, 1]],
        "annotator": np.r_[crowd.columns["annotator"], [99, 99]],
        "label": np.r_[crowd.columns["label"], ["a", "b"]].astype(object),
    }
    table = Judgements.from_columns(more)
    cold, warm = infer_consensus(table, name), infer_consensus(table, name, start=first)
    assert warm.iterations <= cold.iterations
    assert (warm.labels == cold.labels).mean() > 0.98
    assert warm.objective[-1] > cold.objective[-1] - 1e-3 * abs(cold.objective[-1])


def test_a_start_over_other_categories_is_left_alone() -> None:
    table = simulate_crowd().table
    other = infer_consensus(simulate_crowd(categories=("x", "y")).table)
    assert infer_consensus(table, start=other).objective[0] == infer_consensus(table).objective[0]


def test_restarts_differ_and_the_best_is_kept() -> None:
    """One annotator in two lies: from the votes on, EM may end in the mirrored solution."""
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 2, 120)
    flip = np.array([0, 0, 0, 1, 1, 1, 1])
    said = (truth[:, None] ^ flip) ^ (rng.random((120, 7)) < 0.15)
    columns = {"item": np.repeat(np.arange(120), 7), "annotator": np.tile(np.arange(7), 120), "label": said.ravel()}
    table = Judgements.from_columns(columns | {"label": said.ravel().astype(int)})
    best = [infer_consensus(table, "dawid-skene", restarts=n, seed=1).objective[-1] for n in (0, 5)]
    assert best[1] >= best[0]
    random = [infer_consensus(table, "ebcc", seed=seed).objective[-1] for seed in range(4)]
    assert len(set(random)) > 1


def test_liars_are_told_from_the_categories_names() -> None:
    """Most annotators say the opposite: the fit warns that categories may have changed places; gold settles it."""
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 200, p=[0.5, 0.3, 0.2])
    columns: dict[str, Any] = {"item": np.repeat(np.arange(200), 5), "annotator": np.tile(np.arange(5), 200)}
    wrong = (truth[:, None] + (rng.random((200, 5)) < 0.9)) % 3
    table = Judgements.from_columns(columns | {"label": wrong.ravel()})
    gold = {item: int(truth[item]) for item in range(60)}
    made = infer_consensus(table, gold=gold)
    assert any("changed places" in warning for warning in made.warnings)
    assert any("majority on" in warning for warning in made.warnings)
    assert expected_accuracy(made, dict(enumerate(truth.tolist()))).value > 0.9


def test_hard_items_are_told_from_easy_ones() -> None:
    rng = np.random.default_rng(4)
    truth, ease = rng.integers(0, 3, 300), np.exp(rng.normal(0.5, 1, 300))
    ability = rng.normal(1.2, 0.5, 15)
    hit = rng.random((300, 15)) < 1 / (1 + np.exp(-ease[:, None] * ability))
    said = np.where(hit, truth[:, None], (truth[:, None] + rng.integers(1, 3, (300, 15))) % 3)
    columns = {"item": np.repeat(np.arange(300), 15), "annotator": np.tile(np.arange(15), 300), "label": said.ravel()}
    made = infer_consensus(Judgements.from_columns(columns), "glad")
    assert made.difficulty is not None
    assert np.corrcoef(made.difficulty, 1 / (1 + np.exp(ease * 1.2)))[0, 1] > 0.75
    assert np.corrcoef(known(made).more["ability"], ability)[0, 1] > 0.8


@pytest.mark.parametrize(
    ("name", "crowd"),
    [
        ("one-coin", {"items": 200, "annotators": 10, "per_item": 4}),
        ("one-coin", {"items": 100, "annotators": 5, "per_item": 5}),
        ("two-coin", {"items": 200, "annotators": 10, "per_item": 4}),
        ("two-coin", {"items": 150, "annotators": 5, "per_item": 5}),
    ],
)
def test_accuracies_intervals_cover(name: str, crowd: dict[str, int]) -> None:
    """On crowds of two classes drawn from the model: 90 % or more of 25 crowds' annotators, 95 % being aimed at."""
    covered = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        items, annotators, per_item = crowd["items"], crowd["annotators"], crowd["per_item"]
        truth = rng.integers(0, 2, items)
        hits = rng.beta(12, 4, (annotators, 1 if name == "one-coin" else 2)) * np.ones((1, 2))
        who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
        item = np.repeat(np.arange(items), per_item)
        right = rng.random(len(item)) < hits[who, truth[item]]
        columns = {"item": item, "annotator": who, "label": np.where(right, truth[item], 1 - truth[item])}
        made = infer_consensus(Judgements.from_columns(columns), name)
        share = np.bincount(truth, minlength=2) / items
        covered.append((known(made).low <= hits @ share) & (hits @ share <= known(made).high))
    assert 0.90 < np.mean(covered) < 0.995


@pytest.mark.parametrize(
    ("crowd", "adaptive"),
    [
        ({"items": 400, "annotators": 20, "per_item": 5}, False),
        ({"items": 150, "annotators": 5, "per_item": 5}, False),
        ({"items": 600, "annotators": 12, "per_item": 5}, True),
    ],
    ids=["twenty", "five", "adaptive"],
)
@pytest.mark.parametrize("name", EM)
def test_accuracies_intervals_cover_what_dawid_and_skene_draw(name: str, crowd: Any, adaptive: bool) -> None:
    """Crowds of three classes, 200 annotators or more, also where an item stops once its first two judgements agree."""
    covered = []
    for seed in range(200 // crowd["annotators"] + 2):
        drawn = simulate_crowd(seed=seed, **crowd)
        columns = drawn.columns
        if adaptive:
            labels = columns["label"].reshape((-1, 5))
            stay = np.ones(labels.shape, bool)
            stay[labels[:, 0] == labels[:, 1], 2:] = False
            columns = {key: column[stay.ravel()] for key, column in columns.items()}
        about = known(infer_consensus(Judgements.from_columns(columns), name))
        accuracy = np.einsum("t,att->a", drawn.prevalence, drawn.confusion)
        covered.append((about.low <= accuracy) & (accuracy <= about.high))
    assert np.concatenate(covered).mean() > 0.90


def test_weighted_votes_pass_over_those_at_chance() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 300)
    good = (rng.random((300, 3)) < 0.85) == truth[:, None]
    chance = rng.integers(0, 2, (300, 4))
    said = np.concatenate([np.where(good, 1, 0), chance], axis=1)
    columns = {"item": np.repeat(np.arange(300), 7), "annotator": np.tile(np.arange(7), 300), "label": said.ravel()}
    table, right = Judgements.from_columns(columns), dict(enumerate(truth.tolist()))
    plain, weighted = (infer_consensus(table, name) for name in ("majority", "weighted-majority"))
    assert expected_accuracy(weighted, right).value > expected_accuracy(plain, right).value + 0.02
    assert known(weighted).skill[:3].min() > known(weighted).skill[3:].max()


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("one-coin", "strength", -1),
        ("two-coin", "accuracy", float("nan")),
        ("mace", "habit", -0.1),
        ("ebcc", "subtypes", 0),
        ("ebcc", "right", 0),
        ("dawid-skene-vb", "wrong", 0),
        ("dawid-skene", "restarts", -1),
        ("hierarchical-dawid-skene", "strength", float("inf")),
        ("glad", "max_iterations", 0),
    ],
)
def test_options_out_of_range_are_refused(name: str, option: str, value: float) -> None:
    with pytest.raises(InputError, match=option):
        infer_consensus(simulate_crowd().table, name, **{option: value})


@pytest.mark.parametrize("name", ["dawid-skene", "one-coin", "two-coin", "mace", "ebcc", "auto"])
def test_free_text_by_mistake_is_refused(name: str) -> None:
    size = 4000
    columns = {"item": np.arange(size) // 2, "annotator": np.arange(size) % 50, "label": [f"t{n}" for n in range(size)]}
    table = Judgements.from_columns(columns, duplicates="repeat")
    if name == "auto":
        assert "majority" in infer_consensus(table, name).warnings[-2]
    else:
        with pytest.raises(InputError, match="free text"):
            infer_consensus(table, name)
