"""The contract suite itself: plug-ins that break their contract are told so."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from goldwork.agreement import Scale, Sums, coefficient
from goldwork.consensus import Consensus, consensus
from goldwork.consensus.majority import majority
from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Example, exchange
from goldwork.io.exchange.doccano import Doccano
from goldwork.judgements import Codes, Judgements
from goldwork.tasks.choice import Choice
from goldwork.tasks.classes import Class
from goldwork.tasks.questions import ProjectForm
from goldwork.testing import (
    Sample,
    check_coefficient,
    check_consensus,
    check_exchange,
    check_task_type,
    simulate_crowd,
)


@pytest.fixture
def registered() -> Iterator[Any]:
    """Registers for one test."""
    made: list[tuple[Any, str]] = []

    def register(registry: Any, name: str, entry: Any) -> str:
        registry(name)(entry)
        made.append((registry, name))
        return name

    yield register
    for registry, name in made:
        del registry._entries[name]


def test_a_coefficient_that_looks_at_row_order_fails(registered: Any) -> None:
    def first_pair(table: Judgements, scale: Scale) -> Sums:
        names = table.items.astype(float)[:, None]
        return Sums(np.c_[names, np.ones(len(names))], lambda t: t[:, 0] / t[:, 1], len(table), str)

    with pytest.raises(AssertionError, match="expected 1, got"):
        check_coefficient(registered(coefficient, "broken", first_pair))


def test_a_method_that_ignores_gold_fails(registered: Any) -> None:
    def deaf(table: Judgements, *, gold: Codes, seed: int) -> Consensus:
        return majority(table, gold=np.full_like(gold, -1), seed=seed)

    with pytest.raises(AssertionError, match="gold must be the answer"):
        check_consensus(registered(consensus, "deaf", deaf))


def test_a_method_that_draws_lots_fails(registered: Any) -> None:
    rng = np.random.default_rng(0)

    def fickle(table: Judgements, *, gold: Codes, seed: int) -> Consensus:
        made = majority(table, gold=gold, seed=seed)
        noise = rng.random(made.probabilities.shape) * 1e-6
        return dataclasses.replace(made, probabilities=made.probabilities + noise)

    with pytest.raises(AssertionError, match="differ|add up"):
        check_consensus(registered(consensus, "fickle", fickle))


def test_a_task_type_with_a_crooked_distance_fails() -> None:
    class Crooked(Choice, frozen=True, tag="crooked"):
        def distance(self, first: str, second: str) -> float:
            return 0.1 if first < second else 0.2

    sample = Sample(Crooked((Class("a"), Class("b"), Class("c"))), ["a", "b", "c"], [None])
    with pytest.raises(AssertionError, match="registered|symmetric"):
        check_task_type(sample)


def test_a_task_type_that_breaks_on_junk_fails() -> None:
    class Fragile(Choice, frozen=True, tag="fragile"):
        def validate(self, answer: Any) -> None:
            if answer.lower() not in "abc":
                raise AnswerError(f"Got {answer!r}.")

    from goldwork.testing.task_types import junk_is_refused_politely

    with pytest.raises(AttributeError):
        junk_is_refused_politely(Sample(Fragile((Class("a"), Class("b"))), ["a"], ["z"]))


def test_simulated_crowds_are_what_they_say() -> None:
    crowd = simulate_crowd(items=2000, annotators=5, per_item=5, seed=1)
    assert len(crowd.table) == 10_000
    truth = np.array([crowd.truth[item] for item in crowd.columns["item"].tolist()])
    for annotator in range(5):
        mine = crowd.columns["annotator"] == annotator
        right = (crowd.columns["label"][mine] == truth[mine]).mean()
        assert abs(right - crowd.prevalence @ np.diag(crowd.confusion[annotator])) < 0.05
    assert simulate_crowd(seed=3).columns["label"].tolist() == simulate_crowd(seed=3).columns["label"].tolist()


class Shifted(Doccano):
    """Gives items in the wrong order of characters."""

    def read(self, path: Path) -> Iterator[Example]:
        for example in super().read(path):
            yield msgspec.structs.replace(example, fields={name: text[::-1] for name, text in example.fields.items()})


class Careless(Doccano):
    """Raises what is no InputError for an empty file."""

    def read(self, path: Path) -> Iterator[Example]:
        if not path.read_bytes():
            raise ValueError("empty")
        yield from super().read(path)


class Halting(Doccano):
    """Leaves half a file."""

    def write(self, path: Path, form: ProjectForm, examples: Iterable[Example]) -> None:
        try:
            super().write(path, form, examples)
        except InputError:
            path.write_bytes(b"{}")
            raise


class Greedy(Doccano):
    """Takes everything for its own."""

    def sniff(self, path: Path) -> bool:
        return True


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Shifted, "fields must come back"),
        (Careless, "ValueError: empty"),
        (Halting, "must leave nothing"),
        (Greedy, "must not be recognised|it is taken for"),
    ],
)
def test_an_exchange_format_that_breaks_its_contract_fails(registered: Any, broken: type[Doccano], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_exchange(registered(exchange, "aaa-broken", broken()))
