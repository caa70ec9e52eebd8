"""Pairs whose options occur once: answers about the options, habits by the side of the screen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Annotators, Consensus, infer_consensus
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements

NAME = "comparison-two-coin"
WORDS = np.array(["left", "right", "tie"])


def simulate(seed: int, items: int, annotators: int, per_item: int, k: int) -> tuple[Judgements, Any, Any, Any]:
    """The table, the truths, how often everybody sees them, and what they say if not (by side of the screen)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, items)
    sees, says = rng.beta(6, 4, annotators), rng.dirichlet(np.r_[6.0, np.full(k - 1, 4.0)], annotators)
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item, swapped = np.repeat(np.arange(items), per_item), rng.random(items * per_item) < 0.5
    guess = (rng.random(len(item))[:, None] > says.cumsum(axis=1)[who]).sum(axis=1).clip(max=k - 1)
    guess = np.where(swapped & (guess < 2), 1 - guess, guess)
    answer = np.where(rng.random(len(item)) < sees[who], truth[item], guess)
    table = Judgements.from_columns({"item": item, "annotator": who, "label": WORDS[answer], "shown": swapped})
    return table, WORDS[truth], sees, says


def about(made: Consensus) -> Annotators:
    assert made.annotators is not None
    return made.annotators


def swap(table: Judgements, items: Any) -> Judgements:
    """The same judgements with the options of some items in the opposite order."""
    columns = dict(table.to_columns())
    turned = np.isin(columns["item"], items)
    other = {"left": "right", "right": "left", "tie": "tie"}
    label = [other[label] if t else label for label, t in zip(columns["label"], turned, strict=True)]
    shown = [bool(s) != bool(t) for s, t in zip(columns["shown"], turned, strict=True)]
    return Judgements.from_columns({**columns, "label": label, "shown": shown})


def test_which_option_is_called_left_means_nothing() -> None:
    """With the options of half the items turned round, answers turn round and annotators stay."""
    table = simulate(0, 200, 10, 4, 3)[0]
    turned = np.arange(0, 200, 2)
    one, other = infer_consensus(table, NAME), infer_consensus(swap(table, turned), NAME)
    back = np.where(np.isin(one.items, turned)[:, None], other.probabilities[:, [1, 0, 2]], other.probabilities)
    assert np.allclose(one.probabilities, back, atol=1e-6)
    assert np.allclose(about(one).skill, about(other).skill, atol=1e-6)
    assert np.allclose(about(one).more["position"], about(other).more["position"], atol=1e-6)


def test_a_habit_of_the_left_side_is_no_opinion() -> None:
    """Three who always take the left side against two who look: answers follow those who look."""
    rng = np.random.default_rng(0)
    truth, swapped = rng.integers(0, 2, 300), rng.random(300) < 0.5
    left_side = np.where(swapped, 1, 0)
    looks = [np.where(rng.random(300) < 0.95, truth, 1 - truth) for _ in range(2)]
    table = Judgements.from_columns({
        "item": np.tile(np.arange(300), 5), "annotator": np.repeat(np.arange(5), 300),
        "label": WORDS[np.concatenate([left_side, left_side, left_side, *looks])], "shown": np.tile(swapped, 5),
    })  # fmt: skip
    made = infer_consensus(table, NAME)
    assert (made.labels == WORDS[truth]).mean() > 0.93
    assert (infer_consensus(table, "majority").labels == WORDS[truth]).mean() < 0.8
    assert about(made).more["position_low"][:3].min() > 0.9
    assert np.abs(about(made).more["position"][3:]).max() < 0.1
    assert about(made).low[3:].min() > 0.8 > 0.6 > about(made).high[:3].max()


def test_answers_may_name_the_options() -> None:
    items = Items.from_columns({"id": [1, 2], "left": ["x1", "x2"], "right": ["y1", "y2"]})
    rows = {"item": [1, 1, 1, 2, 2, 2], "annotator": [*"abc"] * 2, "label": ["x1", "x1", "x1", "y2", "y2", "tie"]}
    made = infer_consensus(Judgements.from_columns(rows), NAME, items=items)
    assert made.labels.tolist() == ["x1", "y2"]
    without = infer_consensus(Judgements.from_columns(rows), NAME)
    assert without.labels.tolist() == ["x1", "y2"]
    assert without.categories.tolist() == ["left", "right", "tie"]


CELLS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2), st.booleans(), st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=30,
    unique_by=lambda cell: cell[:2],
)


@settings(deadline=None, max_examples=60)
@given(
    CELLS,
    st.sampled_from(["even", "symmetric", "free"]),
    st.dictionaries(st.integers(0, 5), st.integers(0, 2), max_size=2),
)
def test_the_probabilities_are_bayes_and_the_objective_never_falls(
    cells: Any, prevalence: str, gold: dict[int, int]
) -> None:
    """Bayes' rule written out at the fitted parameters; gold takes all."""
    item, annotator, answer, swapped, weight = zip(*cells, strict=True)
    table = Judgements.from_columns({
        "item": item, "annotator": annotator, "label": WORDS[list(answer)], "shown": swapped, "weight": weight
    })  # fmt: skip
    known = {i: str(WORDS[g]) for i, g in gold.items() if i in item}
    made = infer_consensus(table, NAME, gold=known, prevalence=prevalence)
    assert np.diff(made.objective).min(initial=0) >= -1e-9 * max(1, abs(made.objective[-1]))
    names, k = made.state["annotators"], len(made.state["prevalence"])
    for place, name in enumerate(made.items.tolist()):
        joint = np.log(made.state["prevalence"])
        for i, a, said, turned, w in cells:
            if i == name:
                who = names.index(a)
                side = 1 - said if turned and said < 2 else said
                sees, blind = made.state["sees"][who], made.state["says"][who][side]
                hit = np.arange(k) == said
                joint = joint + w * np.log(sees * hit + (1 - sees) * blind)
        expected = np.exp(joint - np.logaddexp.reduce(joint))
        if name in known:
            expected = (WORDS[:k] == known[name]).astype(float)
        assert np.allclose(made.probabilities[place], expected, atol=1e-9)


def test_classes_are_even_or_as_they_turn_out() -> None:
    table = simulate(1, 300, 10, 4, 3)[0]
    assert infer_consensus(table, NAME).prevalence.tolist() == [1 / 3] * 3
    symmetric = infer_consensus(table, NAME, prevalence="symmetric").prevalence
    assert symmetric[0] == symmetric[1] != symmetric[2]
    free = infer_consensus(table, NAME, prevalence="free").prevalence
    assert len(set(free.tolist())) == 3
    with pytest.raises(InputError, match="prevalence must be one of even, symmetric, free"):
        infer_consensus(table, NAME, prevalence="flat")


def test_gold_teaches_about_annotators() -> None:
    table, truth, sees, says = simulate(5, 300, 6, 2, 3)
    gold = {item: str(truth[item]) for item in range(0, 300, 2)}
    bare, helped = infer_consensus(table, NAME), infer_consensus(table, NAME, gold=gold)
    right = sees + (1 - sees) * says.mean(axis=1)
    error = [np.abs(about(made).skill - right).mean() for made in (bare, helped)]
    assert error[1] < error[0]
    assert (helped.labels[1::2] == truth[1::2]).mean() >= (bare.labels[1::2] == truth[1::2]).mean()
    assert (helped.labels[::2] == truth[::2]).all()


def test_it_starts_from_an_earlier_fit() -> None:
    table = simulate(2, 600, 20, 4, 3)[0]
    first = infer_consensus(table.take(np.arange(2200)).compact(), NAME)
    cold, again = infer_consensus(table, NAME), infer_consensus(table, NAME, start=first)
    assert again.iterations < cold.iterations
    assert np.allclose(cold.probabilities, again.probabilities, atol=0.01)
    with pytest.raises(InputError, match="an earlier result of the same method"):
        infer_consensus(table, NAME, start=infer_consensus(table, "majority"))


def test_large_crowds_are_described_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    table = simulate(3, 600, 15, 8, 3)[0]
    whole = about(infer_consensus(table, NAME))
    monkeypatch.setattr("goldwork.consensus.side_information.MAX_EXACT", 10)
    blocks = about(infer_consensus(table, NAME))
    ratio = (blocks.high - blocks.low) / (whole.high - whole.low)
    assert 0.85 < ratio.mean() <= 1.001


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "annotators", "per_item", "k"), [(100, 5, 5, 2), (300, 12, 4, 3), (300, 5, 3, 3), (400, 80, 3, 2)]
)
def test_intervals_cover(items: int, annotators: int, per_item: int, k: int) -> None:
    """Accuracies and leanings, with a dozen judgements each too."""
    inside: dict[str, list[Any]] = {"accuracy": [], "position": []}
    crowds = 60 if annotators < 50 else 8
    for seed in range(crowds):
        table, _, sees, says = simulate(seed, items, annotators, per_item, k)
        found = about(infer_consensus(table, NAME))
        who = found.names.astype(int)
        right = (sees + (1 - sees) * says.mean(axis=1))[who]
        lean = ((1 - sees) * (says[:, 0] - says[:, 1]))[who]
        inside["accuracy"].append((found.low <= right) & (right <= found.high))
        inside["position"].append((found.more["position_low"] <= lean) & (lean <= found.more["position_high"]))
    noise = 2 * math.sqrt(0.05 * 0.95 / (crowds * annotators))
    for part, held in inside.items():
        assert 0.93 - noise / 2 <= np.concatenate(held).mean() <= 0.97 + noise, part
