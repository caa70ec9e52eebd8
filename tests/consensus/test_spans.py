"""Spans: majority by its definition, HMM-Crowd against enumeration of every hidden chain, and simulated crowds."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Annotators, Consensus, infer_consensus
from goldwork.consensus.chain import Chain
from goldwork.consensus.span_model import Model
from goldwork.consensus.span_units import units_of
from goldwork.consensus.spans_majority import votes
from goldwork.consensus.tokens import tokens
from goldwork.distances.spans import spans as apart
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.testing.kinds import simulate_answers

METHODS = ("spans-majority", "hmm-crowd")


def of(*answers: Any, item: Any = 1) -> Judgements:
    """One item, an annotator for each answer."""
    return Judgements.from_columns({
        "item": [item] * len(answers), "annotator": list(range(len(answers))), "label": objects(list(answers))
    })  # fmt: skip


def known(made: Consensus) -> Annotators:
    assert made.annotators is not None
    return made.annotators


lists_of_spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(["", "a", "b"])), max_size=4
).map(lambda drawn: [[start, start + size, label] if label else [start, start + size] for start, size, label in drawn])


@given(st.lists(lists_of_spans, min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_majority_marks_what_more_than_half_marked(said: list[list[list[Any]]]) -> None:
    made = infer_consensus(of(*said), "spans-majority", overlapping=True).labels[0]
    for place, label in itertools.product(range(20), ["", "a", "b"]):
        marked = [any(s[0] <= place < s[1] and (*s, "")[2] == label for s in spans) for spans in said]
        answered = any(s[0] <= place < s[1] and (*s, "")[2] == label for s in made)
        assert answered == (sum(marked) > len(said) / 2)


def test_votes_are_weighed() -> None:
    table = Judgements.from_columns({
        "item": [1, 1, 1], "annotator": [1, 2, 3], "label": objects([[[0, 4]], [], []]), "weight": [3.0, 1.0, 1.0]
    })  # fmt: skip
    assert infer_consensus(table, "spans-majority").labels.tolist() == [[[0, 4]]]


def test_half_is_not_most_and_is_said() -> None:
    made = infer_consensus(of([[0, 4]], []), "spans-majority")
    assert made.labels.tolist() == [[]]
    assert made.ties.tolist() == [True]
    assert any("exactly half" in warning for warning in made.warnings)


@pytest.mark.parametrize("method", METHODS)
def test_spans_that_touch_stay_two_where_most_began_anew(method: str) -> None:
    two, one = [[0, 4, "a"], [4, 9, "a"]], [[0, 9, "a"]]
    assert infer_consensus(of(two, two, one), method).labels.tolist() == [two]
    assert infer_consensus(of(two, one, one), method).labels.tolist() == [one]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "said",
    [
        [[2, 5], [7, 9]],
        [[2, 5, "x"], [7, 9]],
        [{"start": 2, "end": 5, "label": "x"}, {"start": 7, "end": 9, "label": "y"}],
        [{"start": 2, "end": 5}],
    ],
)
def test_answers_have_the_form_of_the_judgements(method: str, said: list[Any]) -> None:
    made = infer_consensus(of(said, said, said), method)
    assert made.labels.tolist() == [said]
    asked = infer_consensus(of(said, said, said), method, with_confidence=True).labels[0]
    assert all(isinstance(span, dict) and 0.5 < span["confidence"] <= 1 for span in asked)


@pytest.mark.parametrize("method", METHODS)
def test_nested_spans_of_different_labels_are_both_kept(method: str) -> None:
    said = [[0, 20, "sentence"], [3, 8, "name"], [10, 14, "name"]]
    made = infer_consensus(of(said, said, said), method)
    assert sorted(made.labels[0]) == sorted(said)


@pytest.mark.parametrize("method", METHODS)
def test_texts_make_spans_whole_tokens(method: str) -> None:
    text = "take aspirin, 5mg 毎日"
    said = ([[6, 10], [18, 19]], [[4, 12], [18, 19]], [[5, 11], [18, 19]])
    for items in ({1: text}, Items.from_records([{"id": 1, "text": text}])):
        assert infer_consensus(of(*said), method, items=items).labels[0] == [[5, 12], [18, 19]]
    other = Items.from_records([{"id": 1, "body": text}])
    assert infer_consensus(of(*said), method, items=other, text="body").labels[0] == [[5, 12], [18, 19]]
    with pytest.raises(InputError, match="no field 'text'.*body"):
        infer_consensus(of(*said), method, items=other)
    with pytest.raises(InputError, match="none of the judged items has a text: 7"):
        infer_consensus(of(*said), method, items={7: text})
    with pytest.raises(InputError, match="must be text. Got 5"):
        infer_consensus(of(*said), method, items={1: 5})


def test_tokens_cover_all_but_spaces() -> None:
    text = "Ünïcode_1: 日本語, ไทย  l'été 😀!"
    found = tokens(text)
    assert "".join(text[a:b] for a, b in found) == "".join(text.split())
    assert [text[a:b] for a, b in found][:6] == ["Ünïcode_1", ":", "日", "本", "語", ","]


def test_places_count_code_points() -> None:
    text = "😀😀 aspirin"
    assert infer_consensus(of([[3, 10]]), "spans-majority", items={1: text}).labels[0] == [[3, 10]]


chains = st.tuples(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(2, 3), st.integers(0, 2**31))


@given(chains)
@settings(max_examples=40, deadline=None)
def test_the_chain_is_what_enumeration_says(drawn: tuple[list[int], int, int]) -> None:
    lengths, k, seed = drawn
    rng = np.random.default_rng(seed)
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    evidence = rng.normal(0, 2, (len(sequence), k))
    pi, rho = rng.dirichlet(np.ones(k)), float(rng.uniform(0.05, 0.95))
    made = Chain(sequence).smooth(evidence, pi, rho)
    first = 0
    stayed, fresh = 0.0, np.zeros(k)
    for number, length in enumerate(lengths):
        paths = list(itertools.product(range(k), repeat=length))
        joint, stays, drawn_anew = [], [], []
        for path in paths:
            value = pi[path[0]] * math.exp(evidence[first, path[0]])
            stay, anew = 0.0, np.eye(k)[path[0]]
            for step in range(1, length):
                to = path[step]
                kept = rho * (to == path[step - 1])
                move = kept + (1 - rho) * pi[to]
                value *= move * math.exp(evidence[first + step, to])
                stay += kept / move
                anew = anew + np.eye(k)[to] * (1 - kept / move)
            joint.append(value)
            stays.append(stay)
            drawn_anew.append(anew)
        share = np.array(joint) / sum(joint)
        assert math.isclose(made.evidence[number], math.log(sum(joint)), rel_tol=1e-9, abs_tol=1e-9)
        for step in range(length):
            for state in range(k):
                expected = sum(p for p, path in zip(share, paths, strict=True) if path[step] == state)
                assert math.isclose(made.probabilities[first + step, state], expected, abs_tol=1e-9)
        stayed += float(share @ np.array(stays))
        fresh += share @ np.array(drawn_anew)
        first += length
    assert math.isclose(made.stayed, stayed, abs_tol=1e-9)
    assert np.allclose(made.fresh, fresh)


def test_the_objective_is_the_log_posterior() -> None:
    """Every hidden chain of two small items written out, with the priors."""
    table = Judgements.from_columns({
        "item": [1, 1, 2, 2, 2], "annotator": ["a", "b", "a", "b", "c"],
        "label": objects([[[0, 4, "x"]], [[2, 4, "x"], [5, 6, "y"]], [], [[1, 3, "y"]], [[1, 2, "x"], [2, 3, "x"]]]),
    })  # fmt: skip
    made = infer_consensus(table, "hmm-crowd", max_iterations=3)
    state = made.state
    units = units_of(table, objects([None, None]), None, "text", None)
    theta, psi, noise = state["tables"], state["confusions"], state["noise"]
    pi, rho = state["prevalence"], state["persistence"]
    total = 0.0
    for item in range(2):
        mine = np.flatnonzero(units.item == item)
        paths = []
        for path in itertools.product(range(3), repeat=len(mine)):
            value = math.log(pi[path[0]])
            for step in range(1, len(path)):
                value += math.log(rho * (path[step] == path[step - 1]) + (1 - rho) * pi[path[step]])
            for row in np.flatnonzero(table.item == item):
                held = -1
                for unit, truth in zip(mine, path, strict=True):
                    said = (units.row == row) & (units.unit == unit)
                    label = int(units.label[said][0]) if said.any() else -1
                    begins = bool(units.begins[said][0]) if said.any() else False
                    who = table.annotator[row]
                    kind = 0 if truth == 0 else 1 if held in (-1, truth - 1) else 2
                    act = (1 if label >= 0 else 0) if held < 0 else (2 if label < 0 else 3 if begins else 4)
                    value += math.log(theta[who, kind, act])
                    if begins:
                        value += math.log(noise[label] if truth == 0 else psi[who, truth - 1, label])
                    held = label
            paths.append(value)
        total += float(np.logaddexp.reduce(paths))
    pooling, least = 5.0, 1e-9
    total += float(((pooling * state["crowd_tables"] + least) * np.log(theta)).sum())
    total += float(((pooling * state["crowd_confusions"] + least) * np.log(psi)).sum())
    total += float(np.log(noise).sum() + np.log(pi).sum()) + math.log(rho) + 9 * math.log(1 - rho)
    assert math.isclose(total, made.objective[-1], rel_tol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_both_fits_rise(seed: int) -> None:
    table = simulate_answers("spans", items=40, seed=seed).table
    units = units_of(table, objects([None] * 40), None, "text", None)
    model = Model(table, units, 5.0)
    made = model.fit(votes(table, units), None, max_iterations=200, tolerance=1e-6)
    assert made.converged
    assert np.diff(made.objective).min() >= -1e-9 * abs(made.objective[-1])


def micro(simulated: Any, made: Consensus, *, odd: bool = True) -> float:
    """F1 by character and label against the truth, with or without the items of odd numbers."""
    both = size = 0
    for item, answer in zip(made.items.tolist(), made.labels.tolist(), strict=True):
        if odd or item % 2 == 0:
            true, said = (
                {(place, span[2]) for span in spans for place in range(span[0], span[1])}
                for spans in (simulated.truth[item], answer)
            )
            both, size = both + len(true & said), size + len(true) + len(said)
    return 2 * both / size


@pytest.mark.parametrize("per_item", [5, 8])
def test_the_model_beats_the_majority(per_item: int) -> None:
    gain = []
    for seed in range(3):
        simulated = simulate_answers("spans", items=100, annotators=10, per_item=per_item, seed=seed)
        scores = [micro(simulated, infer_consensus(simulated.table, method)) for method in METHODS[::-1]]
        gain.append(scores[0] - scores[1])
    assert np.mean(gain) > 0.01


def test_poor_annotators_are_known() -> None:
    simulated = simulate_answers("spans", items=100, annotators=10, per_item=6, skill=(2, 1), seed=3)
    about = known(infer_consensus(simulated.table, "hmm-crowd"))
    assert np.corrcoef(about.skill, simulated.skill)[0, 1] > 0.9
    assert about.measure == "agreement"
    for name in ("recall", "precision"):
        assert (about.more[f"{name}_low"] <= about.more[name]).all()
        assert (about.more[name] <= about.more[f"{name}_high"]).all()


def test_gold_teaches_about_annotators() -> None:
    """Half of the items known: the others come out better, and annotators are known better."""
    gain = []
    for seed in range(4):
        simulated = simulate_answers("spans", items=120, annotators=6, per_item=3, skill=(2, 2), seed=seed)
        gold = {item: spans for item, spans in simulated.truth.items() if item % 2}
        bare, helped = (infer_consensus(simulated.table, "hmm-crowd", gold=g) for g in (None, gold))
        assert helped.confidence[helped.known].min() == 1
        gain.append([
            micro(simulated, helped, odd=False) - micro(simulated, bare, odd=False),
            np.corrcoef(known(helped).skill, simulated.skill)[0, 1]
            - np.corrcoef(known(bare).skill, simulated.skill)[0, 1],
        ])  # fmt: skip
    assert (np.mean(gain, axis=0) > 0.01).all()


def test_gold_of_nothing_is_nothing() -> None:
    said = [[0, 5, "a"]]
    for method in METHODS:
        made = infer_consensus(of(said, said), method, gold={1: []})
        assert made.labels.tolist() == [[]]


def test_an_empty_answer_is_as_sure_as_its_emptiness() -> None:
    columns = {"item": [1] * 5 + [2] * 5, "annotator": [*range(5)] * 2, "label": objects([[[0, 5]]] * 5 + [[]] * 5)}
    sure = infer_consensus(Judgements.from_columns(columns), "hmm-crowd").confidence[1]
    columns["label"][-1] = [[0, 5]]
    less = infer_consensus(Judgements.from_columns(columns), "hmm-crowd")
    assert less.labels[1] == []
    assert sure > 0.9
    assert less.confidence[1] < sure


def test_it_goes_on_from_an_earlier_fit() -> None:
    simulated = simulate_answers("spans", items=80, annotators=8, seed=6)
    columns = simulated.columns
    early = columns["item"] < 60
    first = infer_consensus(Judgements.from_columns({k: v[early] for k, v in columns.items()}), "hmm-crowd")
    cold = infer_consensus(simulated.table, "hmm-crowd")
    warm = infer_consensus(simulated.table, "hmm-crowd", start=first)
    assert np.mean([apart(a, b) for a, b in zip(cold.labels, warm.labels, strict=True)]) < 0.05
    newcomers = dict(columns) | {
        "annotator": np.where(columns["item"] == 79, columns["annotator"] + 100, columns["annotator"])
    }
    assert infer_consensus(Judgements.from_columns(newcomers), "hmm-crowd", start=first).converged
    with pytest.raises(InputError, match="earlier result of hmm-crowd"):
        infer_consensus(simulated.table, "hmm-crowd", start=infer_consensus(simulated.table, "spans-majority"))
    with pytest.raises(InputError, match="start has the labels"):
        infer_consensus(of([[0, 3, "other"]]), "hmm-crowd", start=first)


def test_options_out_of_bounds_are_refused() -> None:
    for option, value in (("threshold", 1.5), ("pooling", -1), ("max_iterations", 0), ("tolerance", float("nan"))):
        with pytest.raises(InputError, match=option):
            infer_consensus(of([[0, 3]]), "hmm-crowd", **{option: value})


def test_a_higher_threshold_marks_less() -> None:
    table = simulate_answers("spans", items=40, seed=2).table
    sizes = [
        sum(s[1] - s[0] for spans in infer_consensus(table, "hmm-crowd", threshold=t).labels for s in spans)
        for t in (0.1, 0.5, 0.9)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.slow
@pytest.mark.parametrize(("items", "annotators", "per_item"), [(60, 5, 5), (60, 8, 8)])
def test_intervals_cover(items: int, annotators: int, per_item: int) -> None:
    """What an annotator's agreement is on many more items of the same crowd lies within, 93 to 98 times of 100."""
    inside: list[Any] = []
    for crowd in range(2):
        simulated = simulate_answers(
            "spans", items=items * 9, annotators=annotators, per_item=per_item, seed=500 + crowd
        )
        columns = simulated.columns
        whole = known(infer_consensus(simulated.table, "hmm-crowd"))
        for block in range(9):
            rows = columns["item"] // items == block
            part = Judgements.from_columns({name: column[rows] for name, column in columns.items()})
            about = known(infer_consensus(part, "hmm-crowd"))
            inside.append((about.low <= whole.skill) & (whole.skill <= about.high))
            for name in ("recall", "precision"):
                long_run = whole.more[name]
                inside.append((about.more[f"{name}_low"] <= long_run) & (long_run <= about.more[f"{name}_high"]))
    assert 0.92 <= np.mean(inside) <= 0.99


@pytest.mark.slow
def test_time_is_linear_in_judgements() -> None:
    """Eight times the items take no more than about eight times as long."""
    best = []
    for items in (200, 1600):
        table = simulate_answers("spans", items=items, annotators=30, per_item=4, seed=1).table
        took = []
        for _ in range(2):
            start = time.process_time()
            infer_consensus(table, "hmm-crowd", max_iterations=10, tolerance=0)
            took.append(time.process_time() - start)
        best.append(min(took))
    assert best[1] < 20 * best[0]
