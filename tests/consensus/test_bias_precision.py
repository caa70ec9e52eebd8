"""Bias and precision: the bound, gold, the start, and intervals that cover."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from goldwork.consensus import Annotators, infer_consensus
from goldwork.consensus.crowd_prior import pooled
from goldwork.consensus.gaussian import Ratings
from goldwork.errors import InputError
from goldwork.judgements import Judgements

CELLS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(-20, 20), st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=30,
    unique_by=lambda cell: cell[:2],
)


def crowd(
    rng: np.random.Generator, size: tuple[int, int, int], lean: float = 0.5, differ: float = 0.3
) -> tuple[Judgements, Any, Any, Any]:
    """Judgements, and the truths, biases and errors behind them."""
    items, annotators, per_item = size
    truth, bias = rng.normal(3, 2, items), rng.normal(0, lean, annotators)
    error = np.exp(rng.normal(0, differ, annotators))
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item].ravel()
    item = np.repeat(np.arange(items), per_item)
    said = truth[item] + bias[who] + error[who] * rng.normal(size=len(item))
    return Judgements.from_columns({"item": item, "annotator": who, "label": said}), truth, bias, error


def known(made: Any) -> Annotators:
    assert made.annotators is not None
    return made.annotators  # type: ignore[no-any-return]


@settings(deadline=None)
@given(CELLS, st.sampled_from([1.0, 20.0]), st.sampled_from([5.0, math.inf]), st.booleans())
def test_the_objective_never_falls(cells: Any, prior: float, item_prior: float, gold: bool) -> None:
    """With weights, gold and tiny tables."""
    item, annotator, label, weight = zip(*cells, strict=True)
    columns = {"item": item, "annotator": annotator, "label": np.array(label) / 3, "weight": weight}
    made = infer_consensus(
        Judgements.from_columns(columns), "bias-precision", gold={item[0]: 1.5} if gold else None,
        annotator_prior=prior, item_prior=item_prior, tolerance=0, max_iterations=40,
    )  # fmt: skip
    assert np.diff(made.objective).min(initial=0) >= -1e-9 * np.abs(made.objective).max()


@pytest.mark.parametrize("gold", [{}, {2: 4.0, 5: -1.0}], ids=["bare", "gold"])
@pytest.mark.parametrize("item_prior", [8.0, math.inf])
def test_the_objective_is_the_bound(gold: dict[int, float], item_prior: float) -> None:
    """Against the mean of log p - log q over draws from q, by scipy's densities."""
    rng = np.random.default_rng(1)
    table = crowd(rng, (12, 4, 3))[0]
    known_ = np.array([gold.get(i, np.nan) for i in table.items.tolist()])
    model = Ratings(table, known_, 6.0, item_prior)
    belief = model.start({}, table.annotators)
    for _ in range(15):
        model.step(belief)
    draws, free = 20_000, ~model.known
    mu = np.where(free, rng.normal(belief.mu, np.sqrt(belief.mu_variance), (draws, 12)), belief.mu)
    bias = rng.normal(belief.bias, np.sqrt(belief.bias_variance), (draws, 4))
    shape = (6.0 + model.by_annotator) / 2
    rate = shape / belief.precision
    s = 1 / rng.gamma(shape, 1 / rate, (draws, 4))
    total = stats.norm.logpdf(mu, belief.middle, belief.spread**0.5).sum(axis=1)
    total -= stats.norm.logpdf(mu, belief.mu, np.sqrt(belief.mu_variance.clip(1e-300)))[:, free].sum(axis=1)
    total += stats.norm.logpdf(bias, belief.common, model.lean**0.5).sum(axis=1)
    if gold:
        total += stats.norm.logpdf(belief.common, 0, model.shared**0.5)
    total -= stats.norm.logpdf(bias, belief.bias, np.sqrt(belief.bias_variance)).sum(axis=1)
    total += stats.invgamma.logpdf(s, 3.0, scale=3.0 * belief.noise).sum(axis=1)
    total -= stats.invgamma.logpdf(s, shape, scale=rate).sum(axis=1)
    ease = np.ones((draws, 12))
    if math.isfinite(item_prior):
        shape = (item_prior + model.by_item) / 2
        ease = rng.gamma(shape, belief.ease / shape, (draws, 12))
        total += stats.gamma.logpdf(ease, item_prior / 2, scale=2 / item_prior).sum(axis=1)
        total -= stats.gamma.logpdf(ease, shape, scale=belief.ease / shape).sum(axis=1)
    i, a = table.item, table.annotator
    total += stats.norm.logpdf(model.y, mu[:, i] + bias[:, a], np.sqrt(s[:, a] / ease[:, i])).sum(axis=1)
    expected = total.mean() - len(table) * math.log(model.scale)
    assert abs(model.objective(belief) - expected) < 4 * total.std() / draws**0.5


def test_each_step_is_at_its_best() -> None:
    """Nudging any part of a converged fit lowers the objective."""
    gold = np.where(np.arange(30) < 4, 5.0, np.nan)
    model = Ratings(table := crowd(np.random.default_rng(2), (30, 5, 3))[0], gold, 6.0, 10.0)
    belief = model.start({}, table.annotators)
    for _ in range(500):
        model.step(belief)
    best = model.objective(belief)
    for name in ("mu", "bias", "bias_variance", "middle", "spread", "common", "noise"):
        for factor in (0.97, 1.03):
            value = getattr(belief, name)
            setattr(belief, name, np.where(model.known, value, value * factor) if name == "mu" else value * factor)
            assert model.objective(belief) < best, name
            setattr(belief, name, value)


def test_biases_and_errors_are_found() -> None:
    table, truth, bias, error = crowd(np.random.default_rng(3), (600, 10, 5), lean=1.5, differ=0.6)
    made = infer_consensus(table, "bias-precision", annotator_prior=2)
    more = known(made).more
    assert np.corrcoef(more["bias"], bias)[0, 1] > 0.99
    assert np.corrcoef(np.log(more["error"]), np.log(error))[0, 1] > 0.98
    assert np.allclose(known(made).skill, 1 / more["error"] ** 2)
    plain = infer_consensus(table, "mean")
    away = [float(((m.labels - truth) ** 2).mean()) for m in (made, plain)]
    assert away[0] < 0.6 * away[1]


@pytest.mark.parametrize(
    ("size", "lean", "repeats"), [((100, 5, 5), 0.5, 60), ((100, 5, 3), 0.5, 60), ((200, 12, 3), 0.5, 25),
                                  ((300, 310, 6), 0.5, 6), ((20, 5, 5), 0.3, 60), ((200, 50, 2), 0.5, 10)], ids=str,
)  # fmt: skip
def test_intervals_cover(size: tuple[int, int, int], lean: float, repeats: int) -> None:
    """Of items, biases and errors, with five annotators too, and with so many that the matrix is not inverted."""
    rng = np.random.default_rng(11)
    held = np.zeros((repeats, 3))
    for row in range(repeats):
        table, truth, bias, error = crowd(rng, size, lean)
        made = infer_consensus(table, "bias-precision")
        who, more = known(made).names.astype(int), known(made).more
        held[row] = (
            ((made.low <= truth) & (truth <= made.high)).mean(),
            ((more["bias_low"] <= bias[who]) & (bias[who] <= more["bias_high"])).mean(),
            ((more["error_low"] <= error[who]) & (error[who] <= more["error_high"])).mean(),
        )
    cover, noise = held.mean(axis=0), 2 * held.std(axis=0) / repeats**0.5
    assert (cover + noise >= 0.93).all(), cover
    assert (cover - noise <= 0.97).all(), cover
    assert 0.925 <= cover[0] <= 0.975


def test_a_crowd_tells_about_its_members() -> None:
    """Normal likelihoods on a grid: intervals of members hold 95 %, far from those of the likelihoods alone, whether
    members differ half as much as each is known, or twice, and a likelihood that says all is left as it is."""
    rng = np.random.default_rng(0)
    steps = np.linspace(-6, 6, 33)
    for apart in (0.5, 1.0, 2.0):
        held, width = [], []
        for _ in range(30):
            x = rng.normal(2, apart, 40)
            said = x + rng.normal(size=40)
            _, low, high = pooled(said[:, None] + steps, np.tile(-0.5 * steps**2, (40, 1)))
            held.append(((low <= x) & (x <= high)).mean())
            width.append((high - low).mean())
        assert 0.93 <= np.mean(held) <= 0.975
        assert 0.95 < np.mean(width) / (2 * 1.96 * apart / math.hypot(apart, 1)) < 1.3
    at = np.arange(4.0)[:, None] + steps / 100
    middle, low, high = pooled(at, np.tile(-0.5 * steps**2, (4, 1)))
    assert np.allclose(middle, np.arange(4), atol=1e-3)
    assert np.allclose(high - low, 2 * 1.96 / 100, rtol=0.05)


def test_gold_tells_a_bias_that_all_share() -> None:
    """Everybody says 3 too much: only gold can tell, and then it does."""
    table, truth, _, _ = crowd(np.random.default_rng(5), (200, 8, 4), lean=0.3)
    shifted = Judgements.from_columns(dict(table.to_columns()) | {"label": table.numbers() + 3})
    bare = infer_consensus(shifted, "bias-precision")
    told = infer_consensus(shifted, "bias-precision", gold=dict(enumerate(truth[:60].tolist())))
    assert abs((bare.labels - truth).mean()) > 2.5
    assert abs((told.labels - truth)[60:].mean()) < 0.3
    assert (known(told).more["bias"] > 2).all()


def test_a_start_from_an_earlier_fit_is_quicker_and_ends_there() -> None:
    """With more judgements, and annotators that the earlier fit did not know."""
    table = crowd(np.random.default_rng(6), (300, 12, 3))[0]
    earlier = infer_consensus(table.take(table.annotator < 10).compact(), "bias-precision")
    cold = infer_consensus(table, "bias-precision", tolerance=1e-10)
    warm = infer_consensus(table, "bias-precision", tolerance=1e-10, start=earlier)
    assert np.allclose(cold.labels, warm.labels, atol=1e-3)
    again = infer_consensus(table, "bias-precision", start=cold)
    assert again.iterations < infer_consensus(table, "bias-precision").iterations
    with pytest.raises(InputError, match="start must be a result of bias-precision"):
        infer_consensus(table, "bias-precision", start=infer_consensus(table, "mean"))


def test_an_item_on_which_all_scatter_is_difficult() -> None:
    rng = np.random.default_rng(7)
    table = crowd(rng, (60, 8, 8))[0]
    numbers = table.numbers() + np.where(table.item == 5, rng.normal(0, 8, len(table)), 0)
    made = infer_consensus(Judgements.from_columns(dict(table.to_columns()) | {"label": numbers}), "bias-precision")
    assert made.difficulty is not None
    assert made.difficulty.argmax() == 5
    same = infer_consensus(table, "bias-precision", item_prior=math.inf)
    assert np.ptp(same.difficulty) == 0  # type: ignore[arg-type]


def test_units_carry_no_meaning() -> None:
    table = crowd(np.random.default_rng(8), (50, 6, 3))[0]
    made = infer_consensus(table, "bias-precision")
    other = infer_consensus(
        Judgements.from_columns(dict(table.to_columns()) | {"label": 1e6 * table.numbers() + 4e7}), "bias-precision"
    )
    assert np.allclose(other.labels, 1e6 * made.labels + 4e7, rtol=1e-9)
    assert np.allclose(other.confidence, made.confidence)
    assert np.allclose(known(other).more["bias"], 1e6 * known(made).more["bias"], rtol=1e-6, atol=1)


@pytest.mark.parametrize(
    "options", [{"annotator_prior": 0}, {"item_prior": -1}, {"max_iterations": 0}, {"tolerance": float("nan")}], ids=str
)
def test_options_are_checked(options: dict[str, float]) -> None:
    table = crowd(np.random.default_rng(9), (10, 3, 3))[0]
    with pytest.raises(InputError, match=f"{next(iter(options))} must be"):
        infer_consensus(table, "bias-precision", **options)


def test_a_fit_that_was_cut_short_says_so() -> None:
    table = crowd(np.random.default_rng(9), (10, 3, 3))[0]
    made = infer_consensus(table, "bias-precision", max_iterations=2)
    assert not made.converged
    assert any("max_iterations" in warning for warning in made.warnings)
