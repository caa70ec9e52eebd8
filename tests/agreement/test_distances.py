"""Alpha by distance: against the definition, against the levels that have a distance, and in simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from goldwork.agreement import distances, measure_agreement
from goldwork.distances import distance as registry
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects


def crowd(items: int, rng: np.random.Generator, *, annotators: int, options: int, wrong: float, missing: float) -> Any:
    """Sets: each option true with .3, and each annotator wrong about it with `wrong`."""
    truth = rng.random((items, 1, options)) < 0.3
    said = truth ^ (rng.random((items, annotators, options)) < wrong)
    kept = rng.random((items, annotators)) >= missing
    item, annotator = np.nonzero(kept)
    labels = [[f"o{option}" for option in np.flatnonzero(row)] for row in said[kept]]
    return Judgements.from_columns({"item": item, "annotator": annotator, "label": objects(labels)})


def by_definition(table: Judgements, measure: Callable[[Any, Any], float]) -> float:
    """Krippendorff's formula, pair by pair."""
    judged = table.per_item()
    labels, item = table.labels().tolist(), table.item.tolist()
    kept = [row for row in range(len(table)) if judged[item[row]] > 1]
    observed = expected = 0.0
    for one, two in itertools.combinations(kept, 2):
        apart = measure(labels[one], labels[two])
        expected += 2 * apart / (len(kept) * (len(kept) - 1))
        if item[one] == item[two]:
            observed += 2 * apart / (judged[item[one]] - 1) / len(kept)
    return 1 - observed / expected


@pytest.mark.parametrize("name", ["jaccard", "masi", "nominal"])
def test_it_is_the_definition(name: str) -> None:
    rng = np.random.default_rng(1)
    table = crowd(40, rng, annotators=4, options=4, wrong=0.15, missing=0.3)
    made = measure_agreement(table, distance=name)
    assert made.value == pytest.approx(by_definition(table, registry.get(name)), abs=1e-12)
    assert made.low < made.value < made.high
    assert (made.level, made.coefficient) == ("distance", "alpha")


def test_equality_gives_nominal_alpha() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        item = np.repeat(np.arange(30), 3)
        columns = {"item": item, "annotator": np.tile(np.arange(3), 30), "label": rng.integers(0, 4, 90)}
        columns["label"] = np.where(rng.random(90) < 0.5, item % 4, columns["label"])
        kept = rng.random(90) < 0.8
        table = Judgements.from_columns({name: column[kept] for name, column in columns.items()})
        by_distance, nominal = measure_agreement(table, distance="nominal"), measure_agreement(table, level="nominal")
        assert by_distance.value == pytest.approx(nominal.value, abs=1e-12)


def test_squared_differences_give_interval_alpha() -> None:
    """The distance is taken as it is, not squared."""
    rng = np.random.default_rng(3)
    item = np.repeat(np.arange(60), 4)
    table = Judgements.from_columns({
        "item": item, "annotator": np.tile(np.arange(4), 60), "label": rng.normal(size=60)[item] + rng.normal(size=240)
    })  # fmt: skip
    squared = measure_agreement(table, distance=lambda first, second: (first - second) ** 2)
    interval = measure_agreement(table, level="interval")
    assert squared.value == pytest.approx(interval.value, abs=1e-12)
    assert squared.low == pytest.approx(interval.low, abs=0.01)


@pytest.mark.parametrize("rows", ["matrix", "projection"])
def test_weights_count_as_in_nominal_alpha(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if rows == "projection":
        monkeypatch.setattr(distances, "LARGEST", 0)
    rng = np.random.default_rng(7)
    item = np.repeat(np.arange(40), 3)
    label = np.where(rng.random(120) < 0.6, item % 4, rng.integers(0, 4, 120))
    columns = {"item": item, "annotator": np.tile(np.arange(3), 40), "label": label, "weight": rng.random(120) + 0.1}
    table = Judgements.from_columns(columns)
    by_distance, nominal = measure_agreement(table, distance="nominal"), measure_agreement(table, level="nominal")
    assert by_distance.value == pytest.approx(nominal.value, abs=1e-12)
    even = measure_agreement(Judgements.from_columns(columns | {"weight": np.full(120, 0.3)}), distance="nominal")
    plain = {name: column for name, column in columns.items() if name != "weight"}
    assert even.value == pytest.approx(measure_agreement(Judgements.from_columns(plain), distance="nominal").value)
    assert even.value != pytest.approx(by_distance.value, abs=1e-3)


@pytest.mark.parametrize("over", ["annotators", "both"])
def test_other_annotators_might_have_judged(over: Any) -> None:
    table = crowd(80, np.random.default_rng(8), annotators=6, options=5, wrong=0.1, missing=0.2)
    made, items = (measure_agreement(table, distance="masi", over=how) for how in (over, "items"))
    assert made.value == items.value
    assert made.low < made.value < made.high


def test_artstein_and_poesio_2008() -> None:
    """Computational Linguistics 34, section 2.6: observed .09, expected .4879, alpha .8156."""
    apart = {("Chck", "IReq"): 0.5, ("Chck", "Stat"): 0.5, ("IReq", "Stat"): 1.0}
    pairs = [("Stat", "Stat")] * 46 + [("Stat", "IReq")] * 6 + [("IReq", "IReq")] * 32
    pairs += [("Chck", "IReq")] * 6 + [("Chck", "Chck")] * 10
    table = Judgements.from_records(
        {"item": item, "annotator": annotator, "label": label}
        for item, pair in enumerate(pairs)
        for annotator, label in zip("ab", pair, strict=True)
    )
    made = measure_agreement(table, distance=lambda one, two: apart.get((min(one, two), max(one, two)), 0.0))
    assert made.value == pytest.approx(1 - 0.09 / 0.48794, abs=1e-5)
    assert round(made.value, 4) == 0.8156


def test_sampled_distances_come_close_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 300 items the projection with some 40 others each is within a fiftieth of the interval of the exact value, and
    the intervals are alike."""
    rng = np.random.default_rng(4)
    table = crowd(300, rng, annotators=4, options=12, wrong=0.1, missing=0.2)
    assert len(table.coded()[1]) > 400
    exact = by_definition(table, registry.get("jaccard"))
    monkeypatch.setattr(distances, "LARGEST", 0)  # no matrix of distances
    every = measure_agreement(table, distance="jaccard")
    monkeypatch.setattr(distances, "MEASURED", 20_000)
    sampled = measure_agreement(table, distance="jaccard")
    width = every.high - every.low
    assert abs(sampled.value - exact) < 0.02 * width
    assert sampled.high - sampled.low == pytest.approx(width, rel=0.05)
    monkeypatch.undo()
    monkeypatch.setattr(distances, "MEASURED", 10**9)  # the matrix of all, and its quadratic form in every resample
    full = measure_agreement(table, distance="jaccard")
    assert full.value == pytest.approx(exact, abs=1e-12)
    assert (every.low, every.high) == pytest.approx((full.low, full.high), abs=0.04 * width)


def test_sampling_does_not_depend_on_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "MEASURED", 500)
    monkeypatch.setattr(distances, "LARGEST", 0)
    columns = crowd(60, np.random.default_rng(5), annotators=3, options=8, wrong=0.1, missing=0).to_columns()
    other = columns | {"item": -columns["item"], "annotator": 7 - columns["annotator"]}
    values = [measure_agreement(Judgements.from_columns(each), distance="jaccard").value for each in (columns, other)]
    assert values[0] == pytest.approx(values[1], abs=1e-12)


@pytest.mark.parametrize("rows", ["matrix", "projection"])
def test_full_agreement_is_one_and_not_certain(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if rows == "projection":
        monkeypatch.setattr(distances, "LARGEST", 0)
    table = Judgements.from_records(
        {"item": item, "annotator": annotator, "label": [f"o{item}"]} for item in range(30) for annotator in range(3)
    )
    made = measure_agreement(table, distance="jaccard")
    assert made.value == 1
    assert 0.8 < made.low < 1


def test_what_cannot_be_measured_is_said() -> None:
    same = Judgements.from_records(
        {"item": item, "annotator": annotator, "label": ["a"]} for item in range(9) for annotator in "xy"
    )
    made = measure_agreement(same, distance="masi")
    assert math.isnan(made.value)
    assert any("undefined" in warning for warning in made.warnings)
    with pytest.raises(InputError, match="text"):
        measure_agreement(same, distance="words")
    apart = Judgements.from_columns({"item": [1, 1], "annotator": [1, 2], "label": [1, 2]})
    with pytest.raises(InputError, match="at or above 0. Got -1"):
        measure_agreement(apart, distance=lambda first, second: -1.0)


@pytest.mark.slow
@pytest.mark.parametrize("items", [10, 30, 100])
def test_intervals_cover_for_sets(items: int) -> None:
    """93 to 97 % over three worlds together (up to 98 at ten items), within the noise of 180 repetitions."""
    worlds: list[dict[str, Any]] = [
        {"annotators": 3, "options": 6, "wrong": 0.12, "missing": 0.0},
        {"annotators": 5, "options": 6, "wrong": 0.2, "missing": 0.3},
        {"annotators": 2, "options": 6, "wrong": 0.03, "missing": 0.0},
    ]
    rng = np.random.default_rng(items)
    held = 0
    for world in worlds:
        true = measure_agreement(crowd(8000, rng, **world), distance="jaccard", resamples=0).value
        for repetition in range(60):
            made = measure_agreement(crowd(items, rng, **world), distance="jaccard", resamples=150, seed=repetition)
            held += made.low <= true <= made.high
    noise = 2 * math.sqrt(0.95 * 0.05 / 180)
    assert 0.93 - noise <= held / 180 <= (0.97 if items > 10 else 0.98) + noise, held / 180
