"""Where a log could have stopped: against the truth, at its ends, and what it refuses."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.quality import hindsight as module
from goldwork.quality.hindsight import SAME, Looked, hindsight, look, sampled, stop_of
from goldwork.quality.pilot import judged
from goldwork.quality.resync import Judged
from goldwork.testing import simulate_crowd


def log(seed: int = 0, items: int = 120, per_item: int = 5) -> tuple[Judged, np.ndarray]:
    crowd = simulate_crowd(items=items, annotators=12, per_item=per_item, skill=(6.0, 2.5), seed=seed)
    table = judged(crowd.table, crowd.truth)
    return dataclasses.replace(table, gold=np.full(items, -1), drawn=np.zeros(items, bool)), table.gold


def with_gold(table: Judged, truth: np.ndarray, number: int, seed: int) -> Judged:
    known = np.full(len(truth), -1)
    chosen = np.random.default_rng(seed).permutation(len(truth))[:number]
    known[chosen] = truth[chosen]
    return dataclasses.replace(table, gold=known, drawn=known >= 0)


def end(value: float) -> float:
    return math.inf if math.isnan(value) else value


@pytest.mark.parametrize("target", [0.8, None])
def test_the_interval_has_the_stop_19_times_in_20(target: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three logs, a hundred gold samples of each."""
    inside = []
    for seed in range(3):
        table, truth = log(seed)
        looked = look(table, seed)
        monkeypatch.setattr(module, "look", lambda *given, known=looked: known)
        true = end(stop_of(looked, truth, target))
        for draw in range(100):
            found = hindsight(with_gold(table, truth, 40, draw), target)
            inside.append(end(found.low) <= true <= end(found.high))
    assert np.mean(inside) >= 0.92


def test_all_gold_is_the_truth() -> None:
    table, truth = log()
    found = hindsight(with_gold(table, truth, len(truth), 0), 0.8)
    true = stop_of(look(table, 0), truth, 0.8)
    assert found.low == found.stop == found.high == true
    assert found.accuracy_low == pytest.approx(found.accuracy, abs=1e-4)
    assert list(found.per_item) == [1, 2, 3, 4, 5]
    assert found.gold == found.items == 120


def test_between_whole_numbers_some_items_get_one_more() -> None:
    """Of ten items one more is right with each judgement: .75 lies half way between two and three judgements."""
    answers = np.zeros((5, 6, 10), np.int64)
    for place in range(5):
        answers[place, :, : 5 - place] = 1
    assert stop_of(Looked(np.arange(1.0, 6.0), answers), np.zeros(10, np.int64), 0.75) == pytest.approx(3.5)
    assert stop_of(Looked(np.arange(1.0, 6.0), answers), np.zeros(10, np.int64)) == pytest.approx(4.9)
    assert math.isnan(stop_of(Looked(np.arange(1.0, 6.0), answers), np.zeros(10, np.int64), 0.95))


def test_without_gold_it_tells_when_answers_stopped_changing() -> None:
    table, _ = log()
    found = hindsight(table)
    assert found.gold == 0
    assert 1 <= found.low <= found.stop <= found.high <= 5
    assert found.accuracy[-1] == 1
    place = np.interp(found.stop, found.per_item, found.accuracy)
    assert place == pytest.approx(SAME, abs=0.003)
    with pytest.raises(InputError, match="20 gold items"):
        hindsight(table, 0.9)


def test_what_all_agree_on_could_have_stopped_at_once() -> None:
    table, truth = log(items=40)
    sure = dataclasses.replace(table, answer=truth[table.item])
    assert hindsight(sure).high == 1
    found = hindsight(with_gold(sure, truth, 30, 0), 0.8)
    assert found.stop == found.low == found.high == 1
    assert hindsight(with_gold(sure, truth, 30, 0)).stop == 1


def test_the_same_seed_and_other_names_give_the_same() -> None:
    crowd = simulate_crowd(items=50, annotators=8, per_item=4, seed=3)
    table = judged(crowd.table)
    assert hindsight(table, seed=4) == hindsight(table, seed=4)
    assert hindsight(table, seed=4) != hindsight(table, seed=5)


def test_a_large_log_is_sampled_and_items_without_judgements_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table, truth = log(items=60)
    monkeypatch.setattr(module, "MOST_ITEMS", 25)
    part = sampled(with_gold(table, truth, 60, 0), 1)
    assert (len(part.gold), len(part.item), int(part.item.max())) == (25, 125, 24)
    given = {tuple(sorted(part.answer[part.item == item].tolist())) for item in range(25)}
    assert given <= {tuple(sorted(table.answer[table.item == item].tolist())) for item in range(60)}
    excluded = dataclasses.replace(table, weight=(table.item != 3) * 1.0)
    assert len(sampled(excluded, 0).gold) == 25
    with pytest.raises(InputError, match="no judgements"):
        hindsight(dataclasses.replace(table, weight=np.zeros(len(table.item))))
    with pytest.raises(InputError, match="above 0"):
        hindsight(table, 1.0)


def test_a_table_of_choices_is_taken_and_others_are_refused() -> None:
    rows = [{"item": i, "annotator": who, "label": "ab"[i % 2]} for i in range(3) for who in "xy"]
    found = judged(Judgements.from_records(rows), {0: "a", 1: "c", 9: "a"})
    assert (found.classes, found.annotators, found.gold.tolist()) == (3, 2, [0, 2, -1])
    listed = [row | {"label": [1, 2]} for row in rows]
    with pytest.raises(InputError, match="choices"):
        judged(Judgements.from_records(listed))
    with pytest.raises(InputError, match="no judgements"):
        judged(Judgements.from_records(rows).take(np.array([], np.int64)))
