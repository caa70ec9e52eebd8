"""The paradoxes are named where they occur, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from goldwork.agreement import measure_agreement
from goldwork.judgements import Judgements


def of_counts(both_yes: int, yes_no: int, no_yes: int, both_no: int) -> Judgements:
    """Two annotators' answers to items, by how often each pair occurred."""
    one = ["yes"] * (both_yes + yes_no) + ["no"] * (no_yes + both_no)
    two = ["yes"] * both_yes + ["no"] * yes_no + ["yes"] * no_yes + ["no"] * both_no
    items = np.arange(len(one))
    return Judgements.from_columns(
        {"item": [*items, *items], "annotator": ["a"] * len(one) + ["b"] * len(one), "label": one + two}
    )


@pytest.mark.parametrize("name", ["alpha", "cohen", "conger", "fleiss", "scott"])
def test_skewed_prevalence_is_named(name: str) -> None:
    """Gwet 2008's kind of table: 118 yes-yes, 5 and 2 that differ, none no-no: they agree in 94 %, kappa is below 0."""
    made = measure_agreement(of_counts(118, 5, 2, 0), name)
    assert made.value < 0
    [said] = [warning for warning in made.warnings if warning.startswith("Skewed prevalence")]
    assert "97% of the answers are 'yes'" in said
    assert "although 94% agree" in said
    assert "AC1, which takes guesses to be rare, is 0.94" in said


def test_skewed_prevalence_is_not_named_where_it_is_not() -> None:
    for name in ("gwet", "percent", "brennan-prediger"):
        assert not measure_agreement(of_counts(118, 5, 2, 0), name).warnings
    assert not measure_agreement(of_counts(45, 5, 5, 45), "cohen").warnings


def test_habits_that_differ_are_named() -> None:
    """Feinstein and Cicchetti 1990, tables of 100: with marginals 60/40 and 30/70, kappa is above pi."""
    uneven = measure_agreement(of_counts(25, 35, 5, 35), "cohen")
    [said] = [warning for warning in uneven.warnings if "habits differ" in warning]
    assert "Scott's pi, which takes their habits together, is 0.19" in said
    assert uneven.value == pytest.approx(0.259, abs=1e-3)
    assert not measure_agreement(of_counts(45, 15, 25, 15), "cohen").warnings


def test_few_judgements_tell_little_of_habits() -> None:
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(100), 3)
    label = rng.integers(0, 2, 300)
    table = Judgements.from_columns({"item": item, "annotator": np.arange(300) % 150, "label": label})
    assert any("habits" in warning for warning in measure_agreement(table, "cohen").warnings)
    assert not any("habits" in warning for warning in measure_agreement(table, "fleiss").warnings)
