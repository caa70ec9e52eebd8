"""Class bias and position bias of single people."""

from __future__ import annotations

import json

import numpy as np
import pytest

from goldwork.bias import class_bias, position_bias
from goldwork.errors import InputError
from goldwork.judgements import Judgements


def test_class_bias_by_hand() -> None:
    table = Judgements.from_records(
        {"item": item, "annotator": who, "label": label}
        for item, labels in {1: "xxy", 2: "xyy", 3: "xyx"}.items()
        for who, label in zip("abc", labels, strict=True)
    )
    [x] = [one for one in class_bias(table).to_records() if (one["annotator"], one["outcome"]) == ("a", "x")]
    # others say x in 1/2, 0 and 1/2 of the cases
    assert (x["judgements"], x["share"], x["expected"]) == (3, 1.0, pytest.approx(1 / 3))
    assert x["difference"] == pytest.approx(2 / 3)
    half = 4.302653 * np.std([0.5, 1, 0.5], ddof=1) / np.sqrt(3)
    assert (x["low"], x["high"]) == pytest.approx((2 / 3 - half, 2 / 3 + half), rel=1e-6)


def test_items_of_one_person_do_not_count_and_one_item_has_no_interval() -> None:
    table = Judgements.from_records(
        {"item": item, "annotator": who, "label": label}
        for item, who, label in [(1, "a", "x"), (2, "a", "x"), (2, "b", "y")]
    )
    records = class_bias(table).to_records()
    assert {one["judgements"] for one in records} == {1}
    assert all(np.isnan(one["low"]) for one in records)
    assert len(class_bias(Judgements.from_records([]))) == 0


def test_class_bias_covers() -> None:
    """About these peers on these items, at thirty judgements a person, rare classes too."""
    shares, covered, told = np.array([0.6, 0.25, 0.1, 0.05]), np.zeros(4), np.zeros(4)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        people, items, each = 20, 200, 3
        logits = np.log(shares) + rng.normal(0, 1.5, (items, 1, 4)) + rng.normal(0, 0.5, (people, 4))
        chance = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        person = np.concatenate([rng.choice(people, each, replace=False) for _ in range(items)])
        item = np.repeat(np.arange(items), each)
        said = (rng.random(len(item))[:, None] > chance[item, person].cumsum(axis=1)).sum(axis=1)
        table = Judgements.from_columns({"item": item, "annotator": person, "label": [*np.array([*"abcd"])[said]]})
        own = chance[item, person]
        total = np.stack([np.bincount(item, own[:, c], items) for c in range(4)], axis=1)[item]
        more = own - (total - own) / (each - 1)
        for one in class_bias(table).to_records():
            at, mine = "abcd".index(one["outcome"]), person == one["annotator"]
            if not np.isnan(one["low"]):
                covered[at] += one["low"] <= more[mine, at].mean() <= one["high"]
                told[at] += 1
    assert told.min() > 300
    assert ((covered / told > 0.92) & (covered / told < 0.98)).all(), covered / told


def test_position_bias_of_lists_and_sides() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for item in range(300):
        order = [str(option) for option in rng.permutation(["x", "y", "z"])]
        rows.append({"item": item, "annotator": "first", "label": order[0] if rng.random() < 0.5 else "y"})
        rows.append({"item": item, "annotator": "fair", "label": "xyz"[int(rng.integers(3))]})
        for row in rows[-2:]:
            row["shown"] = json.dumps(order)
    found = {
        (one["annotator"], one["outcome"]): one for one in position_bias(Judgements.from_records(rows)).to_records()
    }
    assert found["first", 1]["low"] > 0.2
    assert found["first", 1]["expected"] == pytest.approx(1 / 3)
    assert found["fair", 1]["low"] < 0 < found["fair", 1]["high"]

    sides = Judgements.from_records(
        {"item": n, "annotator": "a", "label": side, "shown": shown}
        for n, (side, shown) in enumerate([("left", "left"), ("left", "right"), ("right", "right"), ("tie", "left")])
    )
    [first, second] = position_bias(sides).to_records()
    assert (first["judgements"], first["share"]) == (3, pytest.approx(2 / 3))
    assert second["difference"] == pytest.approx(1 / 3 - 1 / 2)


def test_position_bias_covers() -> None:
    covered = 0
    rng = np.random.default_rng(2)
    for lean in rng.uniform(0, 0.5, 300):
        at = np.where(rng.random(60) < lean, 0, rng.integers(0, 2, 60))
        table = Judgements.from_columns({
            "item": np.arange(60), "annotator": ["a"] * 60, "label": ["left"] * 60,
            "shown": np.where(at == 0, "left", "right").tolist(),
        })  # fmt: skip
        [one] = [row for row in position_bias(table).to_records() if row["outcome"] == 1]
        covered += one["low"] <= lean / 2 <= one["high"]
    assert 0.92 <= covered / 300 <= 0.98


@pytest.mark.parametrize(
    ("column", "message"), [(None, "the column shown is needed"), ("?", "neither sides nor lists")]
)
def test_places_have_to_be_known(column: str | None, message: str) -> None:
    row = {"item": 1, "annotator": "a", "label": "x"} | ({} if column is None else {"shown": column})
    with pytest.raises(InputError, match=message):
        position_bias(Judgements.from_records([row]))
