"""The medoid: its likelihood by hand, what it learns, and what it says of itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Consensus, infer_consensus
from goldwork.consensus.medoid import DISTANCES, measure
from goldwork.consensus.race import Race, shape_of_distances
from goldwork.distances import distance as distances
from goldwork.errors import InputError, UnknownNameError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.testing import simulate_answers
from goldwork.testing.kinds import kind

SETS = {
    "ann": [["a"], ["b", "c"], ["a", "c"]],
    "bob": [["a", "b"], ["b"], ["c"]],
    "cam": [["a"], ["a"], ["a", "b", "c"]],
}


def table_of(labels: dict[str, list[Any]], **more: Any) -> Judgements:
    """Labels by annotator, one an item, None where there is none."""
    rows = [
        (item, name, label) for name, said in labels.items() for item, label in enumerate(said) if label is not None
    ]
    items, annotators, values = zip(*rows, strict=True)
    columns = {"item": list(items), "annotator": list(annotators), "label": objects(list(values))}
    return Judgements.from_columns(columns | more)


def nothing_known(table: Judgements) -> Any:
    return objects([None] * len(table.items))


def by_the_formula(table: Judgements, of: str, shape: float, rates: Any, prior: float, gold: dict[int, Any]) -> float:
    """The log posterior of the rates as the docstring of `race` has it, item by item."""
    far = distances.get(of)
    said: dict[int, list[tuple[float, Any]]] = {}
    for item, annotator, label in zip(
        table.item.tolist(), table.annotator.tolist(), table.labels().tolist(), strict=True
    ):
        said.setdefault(item, []).append((float(rates[annotator]), label))
    total, pairs = 0.0, []
    for item, answers in said.items():
        if item in gold:
            total += sum(math.log(rate) - rate * far(label, gold[item]) ** shape for rate, label in answers)
        else:
            total += math.log(sum(
                rate / sum(r for r, _ in answers) * math.prod(
                    r * math.exp(-r * far(other, label) ** shape) for b, (r, other) in enumerate(answers) if b != z
                )
                for z, (rate, label) in enumerate(answers)
            ))  # fmt: skip
        pairs += [far(x, y) ** shape for at, (_, x) in enumerate(answers) for _, y in answers[:at]]
    scale = float(np.mean(pairs)) / 2
    return total + prior * sum(math.log(rate) - scale * rate for rate in rates)


@pytest.mark.parametrize("gold", [{}, {1: ["b"]}])
@pytest.mark.parametrize("shape", [1.0, 1.7])
def test_the_objective_is_the_log_posterior(shape: float, gold: dict[int, Any]) -> None:
    table = table_of(SETS)
    known = objects([gold.get(item) for item in range(3)])
    model = Race(measure(table, known, "jaccard"), shape, 2.0)
    for rates in (np.array([1.0, 1.0, 1.0]), np.array([0.3, 5.0, 2.0])):
        expected = by_the_formula(table, "jaccard", shape, rates, 2.0, gold)
        assert model.expect(rates)[1] == pytest.approx(expected, abs=1e-12)


def test_the_fit_is_a_maximum() -> None:
    """No rate can be moved to a higher objective."""
    table = simulate_answers("sets", items=40, seed=3).table
    made = infer_consensus(table, "medoid", tolerance=1e-12, max_iterations=5000)
    model = Race(measure(table, nothing_known(table), "jaccard"), made.state["shape"], 5.0)
    best = model.expect(made.state["rates"])[1]
    assert best == pytest.approx(made.objective[-1])
    for annotator in range(len(table.annotators)):
        for factor in (0.98, 1.02):
            moved = made.state["rates"].copy()
            moved[annotator] *= factor
            assert model.expect(moved)[1] < best


options = st.lists(st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(sorted), min_size=4, max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.lists(options, min_size=2, max_size=5), st.sampled_from([None, 1.0, 2.5]), st.booleans())
def test_the_objective_never_falls(labels: list[list[Any]], shape: float | None, known: bool) -> None:
    table = table_of({f"w{at}": said for at, said in enumerate(labels)})
    made = infer_consensus(table, "medoid", shape=shape, gold={0: ["a"]} if known else None, distance="jaccard")
    assert np.diff(made.objective).min(initial=0) >= -1e-9 * np.abs(made.objective).max()
    given = [said[2] for said in labels]
    assert made.labels[2] in given


def test_equal_answers_are_one() -> None:
    """Two say a, each further from nothing: the answer's confidence is the sum of both."""
    made = infer_consensus(table_of({"ann": [["a"]], "bob": [["a"]], "cam": [["b"]]}), "medoid")
    assert made.labels.tolist() == [["a"]]
    rate, shape = made.state["rates"], made.state["shape"]
    assert shape == 1
    one, two = math.exp(-rate[2]), math.exp(-rate[0] - rate[1])  # Jaccard's distance is 1
    assert made.confidence[0] == pytest.approx(2 * one / (2 * one + two))


def test_ties_and_lonely_answers_are_said() -> None:
    made = infer_consensus(table_of({"ann": [["b"], ["c"]], "bob": [["a"], None]}), "medoid")
    assert made.ties.tolist() == [True, False]
    assert made.labels.tolist() == [["a"], ["c"]]
    assert made.confidence.tolist() == [pytest.approx(0.5), 1.0]
    assert any("1 of 2 items are ties" in warning for warning in made.warnings)


def test_the_wording_given_most_often_stands_for_what_is_the_same() -> None:
    """Sets in another order are at distance 0."""
    table = table_of({"ann": [["b", "a"]], "bob": [["b", "a"]], "cam": [["a", "b"]], "dot": [["c"]]})
    made = infer_consensus(table, "medoid", distance="jaccard")
    assert made.labels.tolist() == [["b", "a"]]
    assert not made.ties[0]


def test_one_reliable_annotator_outweighs_two_who_guess() -> None:
    """On items where all three differ, the one who mostly agrees with others is taken."""
    rng = np.random.default_rng(1)
    truth = [str(rng.integers(4)) for _ in range(60)]
    labels: dict[str, list[Any]] = {
        name: [value if rng.random() < skill else str(rng.integers(4)) for value in truth]
        for name, skill in {"ann": 0.95, "bob": 0.95, "cam": 0.2, "dot": 0.2}.items()
    }
    labels["ann"] += ["0"]
    labels["bob"] += [None]
    labels["cam"] += ["1"]
    labels["dot"] += ["2"]
    made = infer_consensus(table_of(labels), "medoid", distance="nominal")
    assert made.labels[-1] == "0"
    assert made.confidence[-1] > 0.5
    assert made.annotators is not None
    near = dict(zip(made.annotators.names.tolist(), made.annotators.skill.tolist(), strict=True))
    assert min(near["ann"], near["bob"]) > 0.8 > 0.5 > max(near["cam"], near["dot"])


def test_gold_informs() -> None:
    """Gold against the many: their answers to other items lose."""
    labels = {"ann": [["a"]] * 9, "bob": [["b"]] * 9, "cam": [["b"]] * 9}
    assert infer_consensus(table_of(labels), "medoid").labels[8] == ["b"]
    made = infer_consensus(table_of(labels), "medoid", gold={item: ["a"] for item in range(8)})
    assert made.labels.tolist() == [["a"]] * 9
    assert made.known.tolist() == [True] * 8 + [False]
    assert made.annotators is not None
    assert made.annotators.skill[0] > 0.8
    assert made.annotators.skill[1] < 0.2


def test_gold_that_nobody_gave_is_taken() -> None:
    made = infer_consensus(table_of(SETS), "medoid", gold={2: ["z"]})
    assert made.labels[2] == ["z"]
    assert made.confidence[2] == 1


def test_a_weight_counts_as_so_many_judgements() -> None:
    weighted = table_of(
        {"ann": [["a"], ["a"]], "bob": [["b"], ["a"]], "cam": [["a", "b"], ["b"]]}, weight=[2, 2, 1, 1, 1, 1]
    )
    columns = weighted.to_columns()
    rows = np.r_[np.arange(6), np.flatnonzero(weighted.weights() == 2)]
    twice = {name: columns[name][rows] for name in ("item", "annotator", "label")}
    repeated = Judgements.from_columns(twice, duplicates="repeat")
    rates = np.array([3.0, 1.0, 2.0])
    found = []
    for table in (weighted, repeated):
        apart = measure(table, nothing_known(table), "jaccard")
        probabilities, value = Race(apart, 1.5, 0.0).expect(rates)
        found.append((value, *apart.together(probabilities)[apart.best(probabilities, 0)[0]]))
    assert np.allclose(*found, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in kind.names() if name in DISTANCES])
def test_every_kind_has_a_distance(name: str) -> None:
    """What is simulated of a kind is recognised, and comes nearer to the truth than a single annotator."""
    simulated = simulate_answers(name, items=120, annotators=10, per_item=5, seed=2)
    made = infer_consensus(simulated.table, "medoid")
    assert made.state["distance"] == DISTANCES[name]  # type: ignore[index]
    alone = [
        simulated.kind.near(simulated.truth[item], label)
        for item, label in zip(*(simulated.columns[column].tolist() for column in ("item", "label")), strict=True)
    ]
    assert simulated.nearness(made.items, made.labels) > np.mean(alone) + 0.03


@pytest.mark.parametrize(
    ("labels", "distance"),
    [
        ({"ann": [[[0, 4, 10, 12]]], "bob": [[[0, 4, 10, 13]]], "cam": [[]]}, "boxes"),
        ({"ann": [[[0, 4]]], "bob": [[{"start": 0, "end": 5}]], "cam": [[[7, 9, "x"]]]}, "spans"),
        ({"ann": [["x", "y", "z"]], "bob": [["x", "z", "y"]], "cam": [["z", "y", "x"]]}, "kendall"),
        ({"ann": ["left"], "bob": ["left"], "cam": ["right"]}, "nominal"),
        ({"ann": [1.5], "bob": [1.25], "cam": [9.0]}, "difference"),
        ({"ann": [{"x": 1}], "bob": [{"x": 1}], "cam": [{"y": 1}]}, "nominal"),
    ],
)
def test_the_first_two_are_nearest(labels: dict[str, list[Any]], distance: str) -> None:
    made = infer_consensus(table_of(labels), "medoid")
    assert made.state["distance"] == distance
    assert made.labels[0] in (labels["ann"][0], labels["bob"][0])


def test_a_function_is_a_distance() -> None:
    def length(first: Any, second: Any) -> float:
        return abs(len(first) - len(second)) / 10

    made = infer_consensus(table_of({"ann": ["a"], "bob": ["bb"], "cam": ["dddddddd"]}), "medoid", distance=length)
    assert made.state["distance"] == "length"
    assert made.labels[0] in ("a", "bb")
    with pytest.raises(InputError, match="must lie between 0 and 1. Got 2"):
        infer_consensus(table_of(SETS), "medoid", distance=lambda _, __: 2.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prior": 0}, "prior must be a number from 0.1 on. Got 0"),
        ({"shape": 0}, "shape must be"),
        ({"max_iterations": 0}, "max_iterations must be"),
        ({"tolerance": math.nan}, "tolerance must be"),
        ({"distance": "words"}, "this needs text"),
    ],
)
def test_bad_options(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        infer_consensus(table_of(SETS), "medoid", **options)


def test_an_unknown_distance_and_a_start_that_is_none() -> None:
    with pytest.raises(UnknownNameError, match="no distance is called 'no'"):
        infer_consensus(table_of(SETS), "medoid", distance="no")
    with pytest.raises(InputError, match="start is a result of majority"):
        infer_consensus(table_of(SETS), "medoid", start=infer_consensus(table_of(SETS), "majority"))


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    """Sooner, although an annotator is new."""
    simulated = simulate_answers("sets", items=200, annotators=8, skill=(2, 2), seed=4)
    cold = infer_consensus(simulated.table, "medoid", tolerance=1e-9, max_iterations=2000)
    before = simulated.table.take(simulated.table.annotator != 3).compact()
    warm = infer_consensus(
        simulated.table, "medoid", tolerance=1e-9, max_iterations=2000, start=infer_consensus(before, "medoid")
    )
    assert warm.iterations < cold.iterations
    assert np.allclose(warm.state["rates"], cold.state["rates"], rtol=0.02)
    assert warm.labels.tolist() == cold.labels.tolist()


@pytest.mark.parametrize(("power", "low", "high"), [(1.0, 1.0, 1.4), (0.5, 1.6, 2.4), (0.1, 2.9, 3.0)])
def test_the_shape_is_that_of_the_distances(power: float, low: float, high: float) -> None:
    """Distances from the middle are (an exponential's)^power: its shape is 1 / power, between the ends."""
    rng = np.random.default_rng(0)
    far = np.minimum(rng.exponential(0.15, (400, 6)) ** power, 1.0)
    far[:, 0] = 0  # the middle

    def between(first: Any, second: Any) -> float:
        (item, a), (_, b) = (map(int, value.split()) for value in (first, second))
        return float(abs(far[item, a] - far[item, b])) if 0 in (a, b) else float(min(far[item, a] + far[item, b], 1.0))

    table = table_of({f"w{a}": [f"{item} {a}" for item in range(400)] for a in range(6)})
    assert low <= shape_of_distances(measure(table, nothing_known(table), between)) <= high


def drawn(skills: Any, items: int, rng: np.random.Generator) -> Consensus:
    """A consensus of simulated sets, everybody having judged everything."""
    sets = kind.get("sets")()
    truth = [sets.truth(rng, item) for item in range(items)]
    labels = {str(a): [sets.err(rng, truth[i], float(skills[a]), i) for i in range(items)] for a in range(len(skills))}
    return infer_consensus(table_of(labels), "medoid", distance="jaccard")


def test_nearness_is_covered_by_its_interval() -> None:
    """Five annotators; what their nearness is with a hundred times the items is inside in 93 to 97 of 100 intervals."""
    rng = np.random.default_rng(11)
    inside = []
    for _ in range(8):
        skills = rng.beta(4, 2, 5)
        limit = drawn(skills, 3000, rng).annotators
        assert limit is not None
        for _ in range(12):
            made = drawn(skills, 40, rng).annotators
            assert made is not None
            inside.append((made.low <= limit.skill) & (limit.skill <= made.high))
    assert 0.92 <= np.mean(inside) <= 0.98  # 480 intervals: one standard error is .01
