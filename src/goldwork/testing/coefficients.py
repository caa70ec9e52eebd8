"""The contract of an agreement coefficient."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from goldwork.agreement import Agreement, coefficient, measure_agreement
from goldwork.judgements import Judgements
from goldwork.testing.crowds import Crowd, refusal, renamed, reversed_names, shuffled, simulate_crowd

RESAMPLES = 200


def _labels(name: str) -> tuple[Any, ...]:
    """Three labels and one more: numbers where the coefficient always has a level that needs them."""
    return (1, 2, 3, 9) if "level" in coefficient.facts(name) else ("a", "b", "c", "z")


def _crowd(name: str, **how: Any) -> Crowd:
    return simulate_crowd(categories=_labels(name)[:3], **how)


def _measure(columns: Any, name: str, **options: Any) -> Agreement:
    table = columns if isinstance(columns, Judgements) else Judgements.from_columns(columns)
    return measure_agreement(table, name, resamples=RESAMPLES, **options)


def _said(agreement: Agreement) -> None:
    """What every result has, whatever went in."""
    assert agreement.sentence.endswith("."), "the sentence must be one"
    assert all(warning.endswith(".") for warning in agreement.warnings), "warnings must be sentences"
    if math.isnan(agreement.value):
        assert agreement.warnings, "an undefined value must be explained by a warning"
        assert math.isnan(agreement.low), "an undefined value has no interval"
    elif not math.isnan(agreement.low):
        assert agreement.low <= agreement.value <= agreement.high, "the interval must hold the value"


def perfect_agreement_is_one(name: str) -> None:
    """Who all say the same on items that differ agree fully."""
    crowd = _crowd(name, skill=(1e6, 1e-3))
    truth = np.array([crowd.truth[item] for item in crowd.columns["item"].tolist()], object)
    agreement = _measure(dict(crowd.columns) | {"label": truth}, name)
    _said(agreement)
    assert math.isclose(agreement.value, 1, abs_tol=1e-12), f"expected 1, got {agreement.value}"
    assert agreement.low < 1, "sixty items without a dissent do not prove that there is none"


def row_order_means_nothing(name: str) -> None:
    """The same rows in another order give the same result, to the byte."""
    columns = _crowd(name).columns
    assert _measure(columns, name) == _measure(shuffled(columns, 3), name)


def names_mean_nothing(name: str) -> None:
    """Other names of items, annotators and, where they are but names, categories give the same value."""
    columns = _crowd(name).columns
    value = _measure(columns, name).value
    for column in ("item", "annotator", *(() if "level" in coefficient.facts(name) else ("label",))):
        other = _measure(renamed(columns, **{column: reversed_names(columns[column])}), name).value
        assert math.isclose(value, other, rel_tol=1e-9), f"renaming {column}s changed {value} into {other}"


def same_seed_same_result(name: str) -> None:
    """A seed fixes the interval; the value does not depend on it."""
    columns = _crowd(name).columns
    one, again, other = (_measure(columns, name, seed=seed) for seed in (5, 5, 6))
    assert one == again, "the same seed must give the same result"
    assert one.value == other.value, "the value must not depend on the seed"


def unbearable_tables_are_said(name: str) -> None:
    """Empty tables, one annotator, no overlap: no figure, a warning, no exception."""
    columns = _crowd(name, per_item=1).columns
    alone = dict(columns) | {"annotator": np.zeros(len(columns["item"]), int)}
    nothing: dict[str, Any] = {"item": [], "annotator": [], "label": []}
    for bad in (nothing, columns, alone):
        agreement = _measure(bad, name)
        _said(agreement)
        assert math.isnan(agreement.value), "without an item judged twice there is nothing to measure"
        assert agreement.items == 0, "no item was judged twice"


def one_category_is_said(name: str) -> None:
    """Where everybody says the same about everything, the value is 1 or undefined, with the reason."""
    columns = _crowd(name).columns
    agreement = _measure(dict(columns) | {"label": np.full(len(columns["item"]), _labels(name)[3], object)}, name)
    _said(agreement)
    assert math.isnan(agreement.value) or agreement.value == 1, f"expected 1 or nan, got {agreement.value}"


def few_items_are_said(name: str) -> None:
    """One and two items give a figure or a reason."""
    for items in (1, 2, 3):
        agreement = _measure(_crowd(name, items=items, per_item=3).columns, name)
        _said(agreement)
        assert agreement.warnings, "so few items must be warned of"


def missing_judgements_cost_nothing(name: str) -> None:
    """Items with a single judgement, and rows without an answer, change no value."""
    columns = _crowd(name).columns
    value = _measure(columns, name).value
    more = {
        "item": [*columns["item"].tolist(), 1001, 1002, 0],
        "annotator": [*columns["annotator"].tolist(), 0, 1, 99],
        "label": [*columns["label"].tolist(), *_labels(name)[:2], None],
    }
    assert math.isclose(_measure(more, name).value, value, rel_tol=1e-12), "rows that say nothing changed the value"
    keep = np.random.default_rng(1).random(len(columns["item"])) < 0.7
    _said(_measure({key: column[keep] for key, column in columns.items()}, name))


def only_what_counts_enters(name: str) -> None:
    """Judgements of weight 0, of models and of gold, and repeats of an annotator, are left out."""
    columns = _crowd(name).columns
    size = len(columns["item"])
    value = _measure(columns, name).value
    twice = {key: np.concatenate([column, column[:50]]) for key, column in columns.items()}
    wrong = dict(twice) | {"label": np.r_[columns["label"], np.full(50, _labels(name)[3], object)]}
    weighted = dict(wrong) | {"weight": np.r_[np.ones(size), np.zeros(50)], "annotator": _others(twice, size)}
    by_model = dict(wrong) | {"kind": ["human"] * size + ["model"] * 50, "annotator": _others(twice, size)}
    for columns_with_more in (weighted, by_model):
        assert math.isclose(_measure(columns_with_more, name).value, value, rel_tol=1e-12), "what must not count did"
    repeated = Judgements.from_columns(dict(wrong) | {"submitted_at": np.arange(size + 50)}, duplicates="repeat")
    agreement = _measure(repeated, name)
    assert math.isclose(agreement.value, value, rel_tol=1e-12), "an annotator's repeat counted"
    assert any("repeat" in warning for warning in agreement.warnings), "repeats left out must be said"


def _others(columns: Any, size: int) -> Any:
    return np.r_[columns["annotator"][:size], columns["annotator"][size:] + 1000]


def groups_that_share_nothing_are_said(name: str) -> None:
    """Where the annotators fall into groups that share no item, the result warns."""
    one, two = _crowd(name, seed=1).columns, _crowd(name, seed=2).columns
    apart = {
        "item": np.r_[one["item"], two["item"] + 1000],
        "annotator": np.r_[one["annotator"], two["annotator"] + 1000],
        "label": np.r_[one["label"], two["label"]],
    }
    agreement = _measure(apart, name)
    _said(agreement)
    assert any("group" in warning for warning in agreement.warnings), "groups that share no item must be said"


def without_resamples_no_interval(name: str) -> None:
    """`resamples=0` gives the value alone."""
    table = _crowd(name).table
    bare, full = measure_agreement(table, name, resamples=0), _measure(table, name)
    assert bare.value == full.value, "the interval must not change the value"
    assert math.isnan(bare.low), "without resamples there is no interval"
    assert math.isnan(bare.high), "without resamples there is no interval"


def weights_mean_shares(name: str) -> None:
    """Judgement weights that are all equal change nothing, nor does scaling those that are not."""
    columns = _crowd(name, per_item=4).columns
    value = _measure(columns, name).value
    size = len(columns["item"])
    equal = _measure(dict(columns) | {"weight": np.full(size, 0.3)}, name)
    assert math.isclose(equal.value, value, rel_tol=1e-9), f"equal weights changed {value} into {equal.value}"
    weight = np.random.default_rng(2).uniform(0.1, 3, size)
    one, other = (_measure(dict(columns) | {"weight": factor * weight}, name) for factor in (1.0, 1e-3))
    _said(one)
    assert math.isclose(one.value, other.value, rel_tol=1e-9), "weights multiplied by a thousandth changed the value"


def bad_weights_are_refused(name: str) -> None:
    """Weights that are negative or no numbers never reach a coefficient."""
    columns = _crowd(name).columns
    for bad in (-1.0, math.nan, math.inf):
        weight = np.ones(len(columns["item"]))
        weight[3] = bad
        assert refusal(partial(_measure, dict(columns) | {"weight": weight}, name)), f"weight {bad} must be refused"


def other_annotators_and_items_are_reckoned_with(name: str) -> None:
    """Intervals over annotators, and over both, hold the value, and depend on the seed and the table alone."""
    columns = _crowd(name, items=40, annotators=6, per_item=4).columns
    for over in ("annotators", "both"):
        agreement = _measure(columns, name, over=over)
        _said(agreement)
        assert not math.isnan(agreement.low), "six annotators are enough for an interval"
        assert agreement == _measure(shuffled(columns, 3), name, over=over), "row order must mean nothing"
    two = _crowd(name, items=40, annotators=2, per_item=2).columns
    alone = _measure(two, name, over="annotators")
    assert math.isnan(alone.low), "two annotators say nothing about others"
    assert alone.warnings, "that there is no interval must be explained"


def free_text_by_mistake_is_borne(name: str) -> None:
    """Thousands of answers that are all different: a figure with its warnings, or an error that says so."""
    size = 6000
    columns = {
        "item": np.arange(size) // 3,
        "annotator": np.arange(size) % 3,
        "label": np.array([f"text {n}" for n in range(size)], object),
    }
    said = refusal(partial(_measure, columns, name))
    if not said:
        agreement = _measure(columns, name)
        _said(agreement)
        assert any("free text" in warning for warning in agreement.warnings), "so many answers must be warned of"


COEFFICIENT_CHECKS: tuple[Callable[[str], None], ...] = (
    perfect_agreement_is_one,
    row_order_means_nothing,
    names_mean_nothing,
    same_seed_same_result,
    unbearable_tables_are_said,
    one_category_is_said,
    few_items_are_said,
    missing_judgements_cost_nothing,
    only_what_counts_enters,
    groups_that_share_nothing_are_said,
    without_resamples_no_interval,
    weights_mean_shares,
    bad_weights_are_refused,
    other_annotators_and_items_are_reckoned_with,
    free_text_by_mistake_is_borne,
)


def check_coefficient(name: str) -> None:
    """Run every check on a registered coefficient."""
    for check in COEFFICIENT_CHECKS:
        check(name)
