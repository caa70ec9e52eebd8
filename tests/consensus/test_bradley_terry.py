"""Bradley-Terry: closed forms, the objective written out, and intervals that cover."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import Consensus, Options, infer_consensus
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements

WEAK = 1e4


def compared(rows: list[tuple[str, str, str, float]], name: str = "bradley-terry", **options: Any) -> Consensus:
    """Of rows (left, right, answer, weight)."""
    left, right, label, weight = zip(*rows, strict=True)
    ids = list(range(len(rows)))
    table = Judgements.from_columns({"item": ids, "annotator": ["ann"] * len(rows), "label": label, "weight": weight})
    return infer_consensus(table, name, items=Items.from_columns({"id": ids, "left": left, "right": right}), **options)


def scores(made: Consensus) -> dict[str, float]:
    assert made.options is not None
    return dict(zip(made.options.names.tolist(), made.options.score.tolist(), strict=True))


def known(made: Consensus) -> Options:
    assert made.options is not None
    return made.options


def test_two_options_have_the_log_odds() -> None:
    """Seven wins to three: the difference is log(7/3), with the variance 1/7 + 1/3."""
    made = compared([("x", "y", "left", 7.0), ("x", "y", "right", 3.0)], prior=WEAK)
    apart = scores(made)["x"] - scores(made)["y"]
    assert math.isclose(apart, math.log(7 / 3), rel_tol=1e-6)
    wide = (known(made).high - known(made).low)[0]
    assert math.isclose(wide, 2 * 1.959964 * math.sqrt(1 / 7 + 1 / 3) / 2, rel_tol=1e-5)
    assert np.allclose(made.confidence, 0.7)
    assert made.labels.tolist() == ["left", "left"]


def test_a_tie_is_half_a_win_or_an_answer() -> None:
    """Davidson: the ratio of strengths is that of the wins for two options, and the tie rate follows from the ties."""
    rows = [("x", "y", "left", 6.0), ("x", "y", "right", 2.0), ("x", "y", "tie", 4.0)]
    half = scores(compared(rows, prior=WEAK))
    assert math.isclose(half["x"] - half["y"], math.log(8 / 4), rel_tol=1e-6)
    made = compared(rows, prior=WEAK, ties="davidson")
    apart = scores(made)["x"] - scores(made)["y"]
    # Three free shares, two parameters and one pair: the fit is exact.
    assert math.isclose(apart, math.log(6 / 2), rel_tol=2e-2)
    z = np.exp(apart / 2) + np.exp(-apart / 2) + np.exp(made.state["tie"][0])
    assert np.allclose([np.exp(apart / 2) / z, np.exp(-apart / 2) / z], [6 / 12, 2 / 12], atol=0.005)


def test_a_round_robin_of_equals_is_level() -> None:
    rows = [(a, b, side, 1.0) for a, b in (("x", "y"), ("y", "z"), ("x", "z")) for side in ("left", "right")]
    made = compared(rows)
    assert np.abs(known(made).score).max() < 1e-9
    assert made.ties.all()
    assert set(made.labels.tolist()) == {"tie"}
    assert made.confidence.tolist() == [0.5] * 6


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(1, 4), st.sampled_from(["left", "right", "tie"]), st.sampled_from([0.5, 1, 3])
    ),
    min_size=1,
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(ROWS, st.sampled_from(["half", "davidson"]), st.booleans(), st.sampled_from([0.5, 3.0]))
def test_the_objective_is_the_log_posterior_at_its_top(rows: Any, ties: str, position: bool, prior: float) -> None:
    """Against the posterior written out, from which no step leads up; and it never falls."""
    named = [(f"o{a}", f"o{(a + b) % 5}", label, float(weight)) for a, b, label, weight in rows]
    made = compared(named, ties=ties, position=position, prior=prior)
    assert made.converged
    assert np.diff(made.objective).min(initial=0) >= 0
    names = made.state["options"]
    davidson = "tie" in made.state

    def posterior(score: Any, lean: float, t: float) -> float:
        total = -float((score**2).sum()) / prior**2 / 2 - lean**2 / 18 - (t**2 / 18 if davidson else 0)
        for one, two, label, weight in named:
            h = score[names.index(one)] - score[names.index(two)] + lean
            win, lose = np.exp(h / 2), np.exp(-h / 2)
            if davidson:
                tie = np.exp(t)
                total += weight * math.log({"left": win, "right": lose, "tie": tie}[label] / (win + lose + tie))
            else:
                share = {"left": (1, 0), "right": (0, 1), "tie": (0.5, 0.5)}[label]
                total += weight * (share[0] * math.log(win) + share[1] * math.log(lose) - math.log(win + lose))
        return total

    lean, t = (float(made.state.get(name, [0.0])[0]) for name in ("position", "tie"))
    top = posterior(made.state["score"], lean, t)
    assert math.isclose(top, made.objective[-1], rel_tol=1e-9, abs_tol=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(10):
        step = rng.normal(0, 1e-2, len(names) + 2)
        assert posterior(made.state["score"] + step[2:], lean + position * step[0], t + davidson * step[1]) < top + 1e-9


def test_unbeaten_options_and_groups_apart_are_finite_and_said() -> None:
    made = compared([("x", "y", "left", 5.0), ("v", "w", "left", 5.0), ("v", "w", "right", 1.0)])
    assert np.isfinite(known(made).score).all()
    assert any("2 groups that were never compared" in warning for warning in made.warnings)
    assert any("2 of 4 options always won or always lost" in warning for warning in made.warnings)
    wide = dict(zip(known(made).names.tolist(), (known(made).high - known(made).low).tolist(), strict=True))
    assert wide["x"] > wide["v"]


def test_a_position_effect_is_taken_out() -> None:
    """Two equal options, the left side of the screen wins four times of five, and x stands there more often."""
    rng = np.random.default_rng(0)
    size = 2000
    at_left = rng.random(size) < 0.8
    won = np.where(rng.random(size) < 0.8, at_left, ~at_left)
    table = Judgements.from_columns({
        "item": np.arange(size), "annotator": ["ann"] * size, "label": np.where(won, "left", "right"),
        "shown": np.where(at_left, "left", "right"),
    })  # fmt: skip
    items = Items.from_columns({"id": np.arange(size), "left": ["x"] * size, "right": ["y"] * size})
    blind = scores(infer_consensus(table, "bradley-terry", items=items))
    seeing = infer_consensus(table, "bradley-terry", items=items, position=True)
    assert blind["x"] - blind["y"] > 0.6
    assert abs(scores(seeing)["x"] - scores(seeing)["y"]) < 0.25
    assert math.isclose(seeing.state["position"][0], math.log(4), abs_tol=0.15)


def test_an_earlier_fit_is_where_it_starts() -> None:
    rng = np.random.default_rng(0)
    left = rng.integers(0, 30, 2000)
    right = (left + rng.integers(1, 30, 2000)) % 30
    rows = [(f"o{a}", f"o{b}", "left" if a < b else "right", 1.0) for a, b in zip(left, right, strict=True)]
    first = compared(rows[:1900])
    again, cold = compared(rows, start=first), compared(rows)
    assert again.iterations < cold.iterations
    assert np.allclose(known(again).score, known(cold).score, atol=1e-6)
    with pytest.raises(InputError, match="an earlier result of the same method. Got one of majority"):
        compared(
            rows,
            start=infer_consensus(Judgements.from_columns({"item": [1], "annotator": [1], "label": ["x"]}), "majority"),
        )


def test_large_fields_are_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals above the bound for inverses: near to the exact ones, on a well-knit field and on a chain."""
    rng = np.random.default_rng(1)
    left = rng.integers(0, 150, 3000)
    knit = [(int(a), int((a + b) % 150)) for a, b in zip(left, rng.integers(1, 150, 3000), strict=True)]
    chain = [(a, a + 1) for a in range(150) for _ in range(8)]
    for pairs in (knit, chain):
        rows = [(f"o{a:03}", f"o{b:03}", "left" if rng.random() < 0.6 else "right", 1.0) for a, b in pairs]
        exact = known(compared(rows))
        with monkeypatch.context() as patch:
            patch.setattr("goldwork.consensus.uncertainty.MAX_EXACT", 20)
            patch.setattr("goldwork.consensus.strength_fit.MAX_EXACT", 20)
            probed = known(compared(rows))
        ratio = (probed.high - probed.low) / (exact.high - exact.low)
        assert np.allclose(probed.score, exact.score)
        assert 0.98 < ratio.mean() < 1.02
        assert 0.9 < ratio.min() < ratio.max() < 1.1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ties": "none"}, "ties must be one of half, davidson"),
        ({"prior": 0}, "prior must be above 0"),
        ({"prior": float("nan")}, "prior must be above 0"),
        ({"max_iterations": 0}, "max_iterations must be 1 or more"),
        ({"gold_weight": -1.0}, "gold_weight must be above 0"),
    ],
)
def test_options_are_checked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compared([("x", "y", "left", 1.0)], **options)


@pytest.mark.parametrize(("options", "size", "tie"), [(10, 100, None), (20, 400, 0.0)])
def test_intervals_cover(options: int, size: int, tie: float | None) -> None:
    inside = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        true = rng.normal(0, 1, options)
        left = rng.integers(0, options, size)
        right = (left + rng.integers(1, options, size)) % options
        half = (true[left] - true[right]) / 2
        three = np.stack([np.exp(half), np.exp(-half), np.full(size, 0.0 if tie is None else math.exp(tie))])
        draw = rng.random(size) * three.sum(axis=0)
        label = np.where(draw < three[0], "left", np.where(draw < three[:2].sum(axis=0), "right", "tie"))
        table = Judgements.from_columns({"item": np.arange(size), "annotator": ["ann"] * size, "label": label})
        items = Items.from_columns({"id": np.arange(size), "left": left, "right": right})
        about = known(infer_consensus(table, "bradley-terry", items=items, ties="half" if tie is None else "davidson"))
        at = (true - true.mean())[about.names.astype(int)]
        inside.append((about.low <= at) & (at <= about.high))
    assert 0.93 <= np.concatenate(inside).mean() <= 0.97
