"""Plackett-Luce and Borda: closed forms, orders counted out, and intervals that cover."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from goldwork.consensus import Consensus, Options, infer_consensus
from goldwork.consensus.orders import Orders
from goldwork.consensus.ranking import Block, read_order
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

METHODS = ["plackett-luce", "borda"]


def table(labels: list[Any], items: list[int] | None = None, **context: Any) -> Judgements:
    """One annotator a row; all of one item unless told otherwise."""
    size = len(labels)
    columns = {"item": items or [1] * size, "annotator": list(range(size)), "label": objects(labels)}
    return Judgements.from_columns({**columns, **context})


def known(made: Consensus) -> Options:
    assert made.options is not None
    return made.options


def scores(made: Consensus) -> dict[Any, float]:
    return dict(zip(known(made).names.tolist(), known(made).score.tolist(), strict=True))


def orders(rng: Any, score: Any, size: int, length: int, shape: str = "full") -> list[Any]:
    """Drawn as a race; `best` names the best alone, `ties` puts two neighbours together."""
    made = []
    for _ in range(size):
        some = rng.permutation(len(score))[:length]
        order: list[Any] = some[np.argsort(-(score[some] + rng.gumbel(size=length)))].tolist()
        if shape == "best":
            order = [order[0], order[1:]]
        elif shape == "ties":
            at = int(rng.integers(0, length - 1))
            order = [*order[:at], order[at : at + 2], *order[at + 2 :]]
        made.append(order)
    return made


def test_two_options_have_the_log_odds() -> None:
    made = infer_consensus(table([["x", "y"], ["y", "x"]], weight=[7.0, 3.0]), "plackett-luce", prior=1e4, pooled=True)
    assert math.isclose(scores(made)["x"] - scores(made)["y"], math.log(7 / 3), rel_tol=1e-6)
    assert math.isclose(known(made).high[0] - known(made).low[0], 1.959964 * math.sqrt(1 / 7 + 1 / 3), rel_tol=1e-5)
    assert made.labels.tolist() == [["x", "y"]]
    assert math.isclose(made.confidence[0], 0.7, rel_tol=1e-6)


def test_the_best_of_three_has_its_share_of_choices() -> None:
    """Best 5, 3 and 2 times of ten: strengths are in these proportions, whatever stands in the rest."""
    choices = [["x", ["y", "z"]], ["y", ["z", "x"]], ["z", ["x", "y"]]]
    made = infer_consensus(table(choices, weight=[5.0, 3.0, 2.0]), "plackett-luce", prior=1e4, pooled=True)
    strength = {name: math.exp(score) for name, score in scores(made).items()}
    total = sum(strength.values())
    assert np.allclose([strength[name] / total for name in "xyz"], [0.5, 0.3, 0.2], atol=1e-5)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 1, 2), (1, 3, 1), (3, 3), (1, 4), (2,), (1, 2, 1, 2)])
def test_a_group_is_the_sum_over_its_orders(sizes: tuple[int, ...]) -> None:
    """Every order written out; gradient and information by differences."""
    rng = np.random.default_rng(sum(sizes))
    length = sum(sizes)
    for scale in (0.3, 3.0):
        score = scale * rng.normal(0, 1, length)
        model = Orders(
            (Block(sizes, np.arange(length)[None], np.zeros(1, np.intp), np.ones(1)),), np.arange(length), length, 1e9
        )
        groups = np.split(np.arange(length), np.cumsum(sizes)[:-1])
        total = 0.0
        for parts in itertools.product(*(itertools.permutations(group) for group in groups)):
            row = list(itertools.chain(*parts))
            total += math.prod(np.exp(score[row[at]]) / np.exp(score[row[at:]]).sum() for at in range(length))
        assert math.isclose(model.value(score), math.log(total), abs_tol=1e-9)
        gradient, information = model.slope(score)
        steps = 1e-5 * np.eye(length)
        assert np.allclose(
            gradient, [(model.value(score + s) - model.value(score - s)) / 2e-5 for s in steps], atol=1e-7
        )
        bends = [(model.slope(score + s)[0] - model.slope(score - s)[0]) / 2e-5 for s in steps]
        assert np.allclose(information.times(np.eye(length)), -np.array(bends), atol=1e-7)


def test_with_pairs_it_is_bradley_terry() -> None:
    rng = np.random.default_rng(0)
    pairs = orders(rng, rng.normal(0, 1, 8), 300, 2)
    ids = list(range(300))
    ranked = infer_consensus(table([[f"o{a}", f"o{b}"] for a, b in pairs], ids), "plackett-luce", pooled=True)
    from goldwork.items import Items

    items = Items.from_columns({"id": ids, "left": [f"o{a}" for a, _ in pairs], "right": [f"o{b}" for _, b in pairs]})
    compared = infer_consensus(table(["left"] * 300, ids), "bradley-terry", items=items)
    for column in ("score", "low", "high"):
        assert np.allclose(getattr(known(ranked), column), getattr(known(compared), column), atol=1e-6)


def test_borda_points_are_those_of_the_doctest_by_hand() -> None:
    made = infer_consensus(table([["b", "a", "c"], ["b", ["a", "c"]], ["a", "b"]]), "borda")
    assert made.labels.tolist() == [["b", "a", "c"]]
    pooled = infer_consensus(table([["b", "a", "c"], ["b", ["a", "c"]], ["a", "b"]]), "borda", pooled=True)
    assert scores(pooled) == pytest.approx({"b": 2 / 3, "a": (0.5 + 0.25 + 1) / 3, "c": 0.25 / 2})
    # Of the six pairs told apart, b before a stands against once.
    assert math.isclose(made.confidence[0], 5 / 6)
    equal = infer_consensus(table([["a", "b", "c"], ["b", "a", "c"]]), "borda")
    assert equal.labels.tolist() == [[["a", "b"], "c"]]
    assert equal.ties.tolist() == [True]


@pytest.mark.parametrize("name", METHODS)
def test_items_have_scales_of_their_own_or_one(name: str) -> None:
    """A and B change places between the items; pooled, what is said more often counts for both."""
    rows = table([["A", "B"], ["A", "B"], ["B", "A"]], [1, 1, 2])
    assert infer_consensus(rows, name).labels.tolist() == [["A", "B"], ["B", "A"]]
    assert infer_consensus(rows, name, pooled=True).labels.tolist() == [["A", "B"], ["A", "B"]]
    made = infer_consensus(rows, "plackett-luce")
    assert known(made).names.tolist() == [(1, "A"), (2, "B"), (2, "A"), (1, "B")]


@pytest.mark.parametrize("name", METHODS)
def test_gold_is_the_answer_and_counts(name: str) -> None:
    rows = table([["A", "B", "C"], ["A", "C", "B"]], [1, 2])
    made = infer_consensus(rows, name, gold={1: ["C", ["A", "B"]]}, pooled=True)
    assert made.labels.tolist() == [["C", ["A", "B"]], ["C", "A", "B"]]
    assert made.known.tolist() == [True, False]
    assert made.confidence[0] == 1
    assert not made.ties[0]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("a", "'a' is no ranking. A ranking is a list"),
        ([], "is no ranking"),
        (["a", "b", "a"], "'a' stands twice"),
        (["a", ["b", "a"]], "'a' stands twice"),
        (["a", []], "an empty list stands in"),
        (["a", None], "None in .* is no name"),
        (["a", True], "True in .* is no name"),
        (["a", ["b", ["c"]]], r"\['c'\] in .* is no name"),
        ("[a, b]", "is no JSON"),
        ({"a": 1}, "is no ranking"),
    ],
)
def test_what_is_no_ranking_is_refused(label: Any, said: str) -> None:
    for name in METHODS:
        with pytest.raises(InputError, match=said):
            infer_consensus(table([label, ["a", "b"]]), name)


def test_rankings_may_be_written_as_json() -> None:
    assert read_order('["b", ["c", "a"], 3]', "here") == [["b"], ["a", "c"], [3]]
    made = infer_consensus(table(['["b", "a"]', '["b", "a"]']), "plackett-luce")
    assert made.labels.tolist() == [["b", "a"]]


def test_what_was_never_compared_is_said() -> None:
    rows = table([["a", "b"], ["c", "d"]])
    assert any(
        "In 1 of 1 items the options fall into groups" in said
        for said in infer_consensus(rows, "plackett-luce").warnings
    )
    pooled = infer_consensus(rows, "plackett-luce", pooled=True)
    assert any("The options fall into groups that were never compared" in said for said in pooled.warnings)
    for name in METHODS:
        made = infer_consensus(table([[["a", "b"]], ["c"]]), name)
        assert any("No ranking tells any two options apart" in said for said in made.warnings)
        assert made.labels.tolist() == [[["a", "b", "c"]]]
        assert made.ties.tolist() == [True]


def test_an_earlier_fit_is_where_it_starts() -> None:
    rng = np.random.default_rng(0)
    rows = orders(rng, rng.normal(0, 1, 12), 200, 4, "ties")
    first = infer_consensus(table(rows[:180]), "plackett-luce", pooled=True)
    cold = infer_consensus(table(rows), "plackett-luce", pooled=True)
    again = infer_consensus(table(rows), "plackett-luce", pooled=True, start=first)
    assert again.iterations < cold.iterations
    assert np.allclose(known(again).score, known(cold).score, atol=1e-6)
    with pytest.raises(InputError, match="an earlier result of the same method"):
        infer_consensus(table(rows), "plackett-luce", start=infer_consensus(table(rows), "borda"))


@pytest.mark.parametrize(
    ("options", "size", "length", "shape"), [(8, 40, 4, "full"), (8, 60, 4, "best"), (8, 60, 5, "ties")]
)
def test_intervals_cover(options: int, size: int, length: int, shape: str) -> None:
    inside = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        true = rng.normal(0, 1, options)
        rows = table(orders(rng, true, size, length, shape), list(range(size)))
        about = known(infer_consensus(rows, "plackett-luce", pooled=True))
        at = (true - true.mean())[about.names.astype(int)]
        inside.append((about.low <= at) & (at <= about.high))
    assert 0.93 <= np.concatenate(inside).mean() <= 0.97


def test_intervals_of_items_by_themselves_and_of_points_cover() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(0, 1, (250, 5))
    rows = [(item, order) for item in range(250) for order in orders(rng, true[item], 5, 5)]
    made = infer_consensus(table([order for _, order in rows], [item for item, _ in rows]), "plackett-luce")
    about = known(made)
    at = np.array([true[item, option] - true[item].mean() for item, option in about.names])
    assert 0.93 <= ((about.low <= at) & (at <= about.high)).mean() <= 0.97
    inside = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        score = rng.normal(0, 1, 6)
        points = ((1 / (1 + np.exp(score - score[:, None]))).sum(axis=1) - 0.5) / 5
        about = known(
            infer_consensus(table(orders(rng, score, 60, 4), [i // 2 for i in range(60)]), "borda", pooled=True)
        )
        at = points[about.names.astype(int)]
        inside.append((about.low <= at) & (at <= about.high))
    assert 0.93 <= np.concatenate(inside).mean() <= 0.97
