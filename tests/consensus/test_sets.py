"""Sets: reading, limits, the two coins' objective, and intervals that cover."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Annotators, infer_consensus
from goldwork.consensus.sets import Limits
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.testing.kinds import simulate_answers

METHODS = ("sets-majority", "sets-two-coin")
SETS = st.lists(st.sampled_from("abc"), max_size=3)
CELLS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), SETS, st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=30,
    unique_by=lambda cell: cell[:2],
)


def table_of(cells: Any) -> Judgements:
    item, annotator, label, weight = zip(*cells, strict=True)
    return Judgements.from_columns({"item": item, "annotator": annotator, "label": objects(label), "weight": weight})


def logistic(odds: Any) -> Any:
    return 1 / (1 + np.exp(-odds))


def known(made: Any) -> Annotators:
    assert made.annotators is not None
    return made.annotators  # type: ignore[no-any-return]


def crowd(rng: np.random.Generator, size: tuple[int, int, int, int]) -> tuple[Judgements, Any, Any, Any, Any]:
    """Judgements by annotators with two coins a class; truth [I, K], both coins [A, K], prevalence [K]."""
    items, annotators, per_item, k = size
    prevalence = rng.uniform(0.1, 0.5, k)
    truth = rng.random((items, k)) < prevalence
    coins = [
        logistic(
            rng.normal(centre, 0.5, k) + rng.normal(0, 0.8, annotators)[:, None] + rng.normal(0, 0.7, (annotators, k))
        )
        for centre in (1, 2)
    ]
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    chance = np.where(truth[item], coins[0][who], 1 - coins[1][who])
    names = np.array([f"c{place}" for place in range(k)])
    labels = objects([names[row].tolist() for row in rng.random(chance.shape) < chance])
    return Judgements.from_columns({"item": item, "annotator": who, "label": labels}), truth, *coins, prevalence


@settings(deadline=None)
@given(CELLS)
def test_the_majority_is_what_half_chose(cells: Any) -> None:
    """Order and repetition within a set mean nothing; weights count."""
    made = infer_consensus(table_of(cells), "sets-majority")
    for place, name in enumerate(made.items.tolist()):
        own = [(set(v), w) for i, _, v, w in cells if i == name]
        total = sum(w for _, w in own)
        share = {c: sum(w for v, w in own if c in v) / total for c in "abc"}
        assert made.labels[place] == [c for c in "abc" if share[c] >= 0.5 - 1e-12]
        held = set(made.labels[place])
        near = [(len(v & held) / len(v | held) if v | held else 1.0) * w for v, w in own]
        assert np.isclose(made.confidence[place], sum(near) / total)
        assert made.ties[place] == any(abs(part - 0.5) < 1e-12 for part in share.values())


@settings(deadline=None)
@given(CELLS, st.dictionaries(st.integers(0, 5), SETS, max_size=2))
def test_the_objective_is_the_log_posterior_and_never_falls(cells: Any, gold: dict[int, list[str]]) -> None:
    """Against the posterior written out; with weights, gold and tiny tables."""
    fitting = {i: v for i, v in gold.items() if i in {cell[0] for cell in cells}}
    made = infer_consensus(table_of(cells), "sets-two-coin", gold=fitting, tolerance=0, max_iterations=25)
    assert np.diff(made.objective).min(initial=0) >= -1e-9 * max(1, abs(made.objective[-1]))
    assert made.categories is not None
    classes, who, state = made.categories.tolist(), known(made).names.tolist(), made.state
    coins = [state[name] for name in ("sensitivity", "specificity")]
    sensitivity, specificity = (logistic(coin.class_[None, :] + coin.annotator[:, None] + coin.both) for coin in coins)
    total = 0.5 * float((np.log(state["prevalence"]) + np.log(1 - state["prevalence"])).sum())
    for coin, centre in zip(coins, (1.0, 2.0), strict=True):
        total -= 0.5 * float(((coin.class_ - centre) ** 2).sum() + (coin.annotator**2).sum() + (coin.both**2).sum())
    for name, (k, class_) in itertools.product(made.items.tolist(), enumerate(classes)):
        yes, no = math.log(state["prevalence"][k]), math.log(1 - state["prevalence"][k])
        for i, a, v, w in cells:
            if i == name:
                se, sp = sensitivity[who.index(a), k], specificity[who.index(a), k]
                yes += w * math.log(se if class_ in v else 1 - se)
                no += w * math.log(1 - sp if class_ in v else sp)
        if name in fitting or not any(class_ in v for _, _, v, _ in cells):
            total += yes if class_ in fitting.get(name, []) else no
        else:
            total += float(np.logaddexp(yes, no))
    if classes:
        assert math.isclose(total, made.objective[-1], rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.02, 0.98), min_size=4, max_size=4),
    st.sampled_from([(), ("d",), ("c", "d")]),
    st.integers(0, 2),
    st.sampled_from([None, 1, 2, 3]),
)
def test_limits_take_the_most_probable_set_allowed(odds: Any, exclusive: Any, least: int, most: int | None) -> None:
    """Against all sets."""
    if most is not None and most < max(least, 1):
        return
    classes, shares = np.array([*"abcd"], object), np.array(odds)
    chosen = Limits(exclusive, least, most).decide(classes, shares[None])[0]

    def probability(held: Any) -> float:
        return float(np.where(held, shares, 1 - shares).prod())

    allowed = []
    for held in itertools.product([False, True], repeat=4):
        names = classes[np.array(held)].tolist()
        alone = not set(names) & set(exclusive) or len(names) == 1
        if alone and least <= len(names) <= (4 if most is None else most):
            allowed.append(probability(np.array(held)))
    assert np.isclose(probability(chosen), max(allowed))


def test_a_class_that_stands_alone() -> None:
    labels = [["none"], ["none"], ["cat", "none"], ["cat", "dog"], ["cat", "none"], ["cat"]]
    columns = {"item": [1, 1, 1, 2, 2, 2], "annotator": ["ann", "bob", "cam"] * 2, "label": objects(labels)}
    table = Judgements.from_columns(columns)
    for name in METHODS:
        assert infer_consensus(table, name, exclusive=["none"]).labels.tolist() == [["none"], ["cat"]]
    assert infer_consensus(table, "sets-majority", least=2).labels.tolist() == [["cat", "none"], ["cat", "dog"]]
    assert infer_consensus(table, "sets-majority", most=1).labels.tolist() == [["none"], ["cat"]]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"least": -1}, "least must be 0 or more"),
        ({"most": 0}, "most must be at least 1"),
        ({"least": 3, "most": 2}, "no less than least"),
        ({"exclusive": "none"}, "exclusive must be a list"),
    ],
    ids=str,
)
def test_limits_are_checked(name: str, options: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        infer_consensus(simulate_answers("sets").table, name, **options)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["cat", "dog"], "'cat' is no list"),
        ([1.5, 2], "is no list"),
        ([["cat", ["dog"]]] * 2, "which is no class"),
    ],
    ids=str,
)
def test_other_answers_are_refused_by_name(name: str, labels: Any, said: str) -> None:
    table = Judgements.from_columns({"item": [1, 1], "annotator": ["ann", "bob"], "label": objects(labels)})
    with pytest.raises(InputError, match=said):
        infer_consensus(table, name)


@pytest.mark.parametrize("name", METHODS)
def test_empty_sets_are_answers_and_gold_may_name_what_nobody_chose(name: str) -> None:
    labels = objects([[], [], ["cat"], ["cat"], ["cat"], []])
    table = Judgements.from_columns({"item": [1, 1, 2, 2, 3, 3], "annotator": ["ann", "bob"] * 3, "label": labels})
    made = infer_consensus(table, name, gold={3: ["owl", "cat", "owl"]})
    assert made.labels.tolist() == [[], ["cat"], ["cat", "owl"]]
    assert made.categories is not None
    assert made.categories.tolist() == ["cat", "owl"]
    assert made.confidence[2] == 1
    nothing = infer_consensus(table.take(table.item == 0).compact(), name)
    assert nothing.labels.tolist() == [[]]


def test_two_coins_beat_the_majority() -> None:
    """More classes right, and probabilities that mean more."""
    right, surprise = np.zeros((6, 2)), np.zeros((6, 2))
    for seed in range(6):
        table, truth, *_ = crowd(np.random.default_rng(seed), (400, 20, 5, 6))
        for place, name in enumerate(METHODS):
            made = infer_consensus(table, name).probabilities
            assert made is not None
            right[seed, place] = ((made >= 0.5) == truth).mean()
            surprise[seed, place] = -np.log(np.where(truth, made, 1 - made).clip(1e-6)).mean()
    assert (right[:, 1] > right[:, 0] + 0.01).all()
    assert (surprise[:, 1] < 0.7 * surprise[:, 0]).all()


def test_probabilities_are_calibrated() -> None:
    """Of the classes given about p, about p hold."""
    said, held = [], []
    for seed in range(5):
        table, truth, *_ = crowd(np.random.default_rng(seed), (400, 20, 4, 6))
        said.append(infer_consensus(table, "sets-two-coin").probabilities)
        held.append(truth)
    p, t = np.concatenate(said).ravel(), np.concatenate(held).ravel()
    for low, high in ((0.0, 0.1), (0.1, 0.4), (0.4, 0.6), (0.6, 0.9), (0.9, 1.0)):
        rows = (p >= low) & (p <= high)
        assert abs(p[rows].mean() - t[rows].mean()) < 0.1


@pytest.mark.parametrize(
    ("size", "repeats"), [((100, 5, 5, 5), 30), ((200, 10, 3, 4), 20), ((60, 5, 5, 3), 40)], ids=str
)
def test_intervals_cover(size: tuple[int, int, int, int], repeats: int) -> None:
    rng = np.random.default_rng(13)
    held = np.zeros((repeats, 3))
    for row in range(repeats):
        table, _, sensitivity, specificity, prevalence = crowd(rng, size)
        found = known(infer_consensus(table, "sets-two-coin"))
        who, more = found.names.astype(int), found.more
        one = (sensitivity @ (prevalence / prevalence.sum()))[who]
        other = (specificity @ ((1 - prevalence) / (1 - prevalence).sum()))[who]
        held[row] = [
            ((low <= true) & (true <= high)).mean()
            for low, true, high in (
                (found.low, (one + other) / 2, found.high),
                (more["sensitivity_low"], one, more["sensitivity_high"]),
                (more["specificity_low"], other, more["specificity_high"]),
            )
        ]
    cover, noise = held.mean(axis=0), 2 * held.std(axis=0) / repeats**0.5
    assert (cover + noise >= 0.93).all(), cover
    assert (cover - noise <= 0.97).all(), cover


def test_many_annotators_are_taken_alone() -> None:
    table = crowd(np.random.default_rng(3), (300, 12, 3, 4))[0]
    together = known(infer_consensus(table, "sets-two-coin"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("goldwork.consensus.set_intervals.MAX_PARAMETERS", 0)
        alone = known(infer_consensus(table, "sets-two-coin"))
    ratio = (alone.high - alone.low) / (together.high - together.low)
    assert 0.5 < ratio.mean() < 1.0


def test_weights_count_as_so_many_judgements() -> None:
    """A weight of four halves the intervals, and makes the truth surer, which narrows them further."""
    table = crowd(np.random.default_rng(9), (200, 8, 4, 4))[0]
    heavy = Judgements.from_columns(dict(table.to_columns()) | {"weight": np.full(len(table), 4.0)})
    one, four = (known(infer_consensus(made, "sets-two-coin")) for made in (table, heavy))
    assert 0.25 < ((four.high - four.low) / (one.high - one.low)).mean() < 0.6


def test_gold_tells_of_annotators() -> None:
    """Where most overlook a class, gold on some items makes the others better."""
    table, truth, *_ = crowd(np.random.default_rng(7), (300, 10, 4, 3))
    kept = objects([[c for c in label if c != "c0" or place % 4 == 0] for place, label in enumerate(table.labels())])
    shy = Judgements.from_columns(dict(table.to_columns()) | {"label": kept})
    gold = {item: [f"c{k}" for k in np.flatnonzero(truth[item])] for item in range(150)}
    right = [
        ((infer_consensus(shy, "sets-two-coin", gold=told).probabilities[150:, 0] >= 0.5) == truth[150:, 0]).mean()  # type: ignore[index]
        for told in (None, gold)
    ]
    assert right[1] >= right[0]
    assert known(infer_consensus(shy, "sets-two-coin", gold=gold)).more["sensitivity"].mean() < 0.8


def test_a_start_is_quicker_and_ends_there() -> None:
    table = crowd(np.random.default_rng(8), (300, 12, 4, 5))[0]
    earlier = infer_consensus(table.take(table.annotator < 10).compact(), "sets-two-coin")
    cold = infer_consensus(table, "sets-two-coin", tolerance=1e-10, max_iterations=2000)
    warm = infer_consensus(table, "sets-two-coin", tolerance=1e-10, max_iterations=2000, start=earlier)
    assert cold.probabilities is not None
    assert warm.probabilities is not None
    assert np.allclose(cold.probabilities, warm.probabilities, atol=1e-2)
    again = infer_consensus(table, "sets-two-coin", start=infer_consensus(table, "sets-two-coin"))
    assert again.iterations < infer_consensus(table, "sets-two-coin").iterations
    with pytest.raises(InputError, match="start must be a result of sets-two-coin"):
        infer_consensus(table, "sets-two-coin", start=infer_consensus(table, "sets-majority"))


@pytest.mark.parametrize(
    "options",
    [{"annotator_prior": 0}, {"class_prior": -1}, {"smoothing": 0}, {"max_iterations": 0}, {"tolerance": -1}],
    ids=str,
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(options))} must be"):
        infer_consensus(simulate_answers("sets").table, "sets-two-coin", **options)
