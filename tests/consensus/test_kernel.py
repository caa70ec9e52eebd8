"""Both passes over the judgements find the same, also where products run out of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import kernel
from goldwork.consensus.hidden import Answers
from goldwork.judgements import Judgements
from goldwork.testing import simulate_crowd


def both(table: Judgements, gold: Any, factors: Any, prior: Any, classes: Any) -> tuple[Any, Any]:
    """Counts, totals, evidence and probabilities of the pass by matrix and of the compiled one."""
    answers = Answers(table, gold)
    flat = np.ascontiguousarray(factors.reshape((-1, len(prior))))
    found = []
    for compiled in (False, True):
        out = np.zeros((len(table.items), len(prior)))
        if compiled:
            parts = kernel.compiled(answers.starts, answers.rows, flat, prior, gold, classes, out)
        else:
            parts = kernel.by_matrix(answers.matrix, len(table.items), flat, prior, answers._banned(classes), out)
        found.append((*parts, out))
    return found[0], found[1]


def same(one: Any, other: Any) -> None:
    for a, b in zip(one, other, strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 6), per_class=st.integers(1, 3), gold=st.booleans())
def test_they_are_equal(seed: int, k: int, per_class: int, gold: bool) -> None:
    rng = np.random.default_rng(seed)
    table = simulate_crowd(items=40, categories=[*"abcdef"[:k]], seed=seed).table.with_categories([*"abcdef"[:k]])
    classes = np.repeat(np.arange(k, dtype=np.int32), per_class)
    factors = rng.dirichlet(np.full(k, 0.3), (len(table.annotators), len(classes))).transpose(0, 2, 1)
    factors[rng.random(factors.shape) < 0.05] = 0
    known = np.where(rng.random(len(table.items)) < 0.2, rng.integers(0, k, len(table.items)), -1).astype(np.int32)
    known = known if gold else np.full(len(table.items), -1, np.int32)
    same(*both(table, known, factors, rng.dirichlet(np.ones(len(classes))), classes))


@pytest.mark.parametrize("judged", [50, 2000])
def test_thousands_of_judgements_an_item_leave_numbers_to_count_with(judged: int) -> None:
    rng = np.random.default_rng(0)
    rows = {"item": np.repeat([0, 1], judged), "annotator": np.tile(np.arange(judged), 2)}
    table = Judgements.from_columns(rows | {"label": rng.integers(0, 3, 2 * judged)}).with_categories([0, 1, 2])
    factors = rng.dirichlet(np.ones(3), (judged, 3)).transpose(0, 2, 1)
    one, other = both(table, np.full(2, -1, np.int32), factors, np.full(3, 1 / 3), np.arange(3, dtype=np.int32))
    same(one, other)
    assert one[2] < -2 * judged / 2
    assert np.allclose(one[3].sum(axis=1), 1)


def test_what_cannot_be_is_borne() -> None:
    """Every state of an item has probability 0: the least unlikely one is taken."""
    table = Judgements.from_columns({"item": [0, 0], "annotator": ["a", "b"], "label": ["x", "y"]})
    factors = np.zeros((2, 2, 2))
    factors[0], factors[1] = np.eye(2), np.eye(2)
    one, other = both(table, np.full(1, -1, np.int32), factors, np.full(2, 0.5), np.arange(2, dtype=np.int32))
    same(one, other)
    assert np.allclose(one[3], 0.5)


def test_blocks_do_not_hang_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    table = simulate_crowd(items=500).table
    factors = np.random.default_rng(0).dirichlet(np.ones(3), (8, 3)).transpose(0, 2, 1)
    rest = (np.full(500, -1, np.int32), factors, np.full(3, 1 / 3), np.arange(3, dtype=np.int32))
    many = both(table, *rest)[1]
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert all(np.array_equal(a, b) for a, b in zip(many, both(table, *rest)[1], strict=True))
