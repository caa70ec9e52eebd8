"""The contract of a consensus method for answers that are no choices: numbers, sets, rankings, boxes and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from goldwork.consensus import Consensus, consensus, infer_consensus
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.testing.crowds import refusal, renamed, reversed_names, shuffled
from goldwork.testing.kinds import Answers, simulate_answers
from goldwork.testing.results import same_bytes, well_formed

LIKE_ANY = "sets"
"""What a method for any answers is tried on."""


def _simulate(name: str, **how: Any) -> Answers:
    answers = consensus.facts(name)["answers"]
    return simulate_answers(LIKE_ANY if answers == "any" else answers, **how)


def _infer(simulated: Answers, name: str, columns: Mapping[str, Any] | None = None, **options: Any) -> Consensus:
    table = Judgements.from_columns(simulated.columns if columns is None else columns)
    return infer_consensus(table, name, **simulated.kind.options(table.items), **options)


def results_are_well_formed(name: str) -> None:
    """Shapes, intervals and objective are what they should be."""
    simulated = _simulate(name)
    made = _infer(simulated, name)
    well_formed(made)
    assert made.items.tolist() == list(simulated.truth), "every judged item must have an answer"


def perfect_agreement_is_followed(name: str) -> None:
    """What all say is the answer."""
    simulated = _simulate(name)
    said = objects([simulated.truth[item] for item in simulated.columns["item"].tolist()])
    made = _infer(simulated, name, dict(simulated.columns) | {"label": said})
    well_formed(made)
    assert simulated.nearness(made.items, made.labels) > 0.999, "all said otherwise"


def good_crowds_are_used(name: str) -> None:
    """On simulated crowds its answers come nearer to the truth than a single annotator's."""
    gain = []
    for seed in range(3):
        simulated = _simulate(name, items=100, annotators=10, per_item=5, seed=seed)
        made = _infer(simulated, name)
        alone = [
            simulated.kind.near(simulated.truth[item], label)
            for item, label in zip(*(simulated.columns[column].tolist() for column in ("item", "label")), strict=True)
        ]
        gain.append(simulated.nearness(made.items, made.labels) - np.mean(alone))
    assert np.mean(gain) > 0, f"a single annotator comes nearer by {-np.mean(gain):.3f}"


def row_order_means_nothing(name: str) -> None:
    """The same rows in another order give the same result, to the byte."""
    simulated = _simulate(name)
    same_bytes(_infer(simulated, name), _infer(simulated, name, shuffled(simulated.columns, 3)))


def same_seed_same_bytes(name: str) -> None:
    """A seed fixes everything."""
    simulated = _simulate(name)
    same_bytes(_infer(simulated, name, seed=5), _infer(simulated, name, seed=5))


def names_mean_nothing(name: str) -> None:
    """Other names of annotators give the same answers."""
    simulated = _simulate(name)
    made = _infer(simulated, name)
    names = reversed_names(simulated.columns["annotator"])
    other = _infer(simulated, name, renamed(simulated.columns, annotator=names))
    assert np.allclose(other.confidence, made.confidence, atol=1e-6), "renaming annotators changed confidences"
    near = [simulated.kind.near(a, b) for a, b in zip(made.labels.tolist(), other.labels.tolist(), strict=True)]
    assert np.mean(np.array(near) > 0.999) > 0.97, "renaming annotators changed answers"


def unbearable_tables_are_said(name: str) -> None:
    """Nothing, one annotator, no overlap: a result with a warning."""
    simulated = _simulate(name, per_item=1)
    columns = simulated.columns
    alone = dict(columns) | {"annotator": np.zeros(len(columns["item"]), int)}
    nothing: dict[str, Any] = {"item": [], "annotator": [], "label": []}
    for bad in (nothing, columns, alone):
        made = _infer(simulated, name, bad)
        well_formed(made)
        assert made.warnings, "so bad a table must be warned of"


def few_rows_are_borne(name: str) -> None:
    """One to three items, two to three annotators."""
    for items, annotators in ((1, 2), (2, 2), (3, 3)):
        simulated = _simulate(name, items=items, annotators=annotators, per_item=2)
        well_formed(_infer(simulated, name))


def gold_is_taken_as_given(name: str) -> None:
    """Where gold says the answer, it is the answer; gold about nothing there is, is an error."""
    simulated = _simulate(name)
    gold = {item: answer for item, answer in simulated.truth.items() if item % 3 == 0}
    made = _infer(simulated, name, gold=gold)
    well_formed(made)
    assert made.items[made.known].tolist() == list(gold), "items with gold must be marked as known"
    near = [
        simulated.kind.near(gold[i], label)
        for i, label in zip(made.items[made.known].tolist(), made.labels[made.known].tolist(), strict=True)
    ]
    assert min(near) > 0.999, "gold must be the answer"
    assert refusal(partial(_infer, simulated, name, gold={"nobody": gold[0]})), "gold on no item must be refused"


def only_what_counts_enters(name: str) -> None:
    """Judgements of weight 0, and of models, are left out."""
    simulated = _simulate(name)
    made = _infer(simulated, name)
    columns, size = simulated.columns, len(simulated.columns["item"])
    wrong = objects([*columns["label"].tolist(), *columns["label"][-50:].tolist()])
    more = {
        "item": np.r_[columns["item"], columns["item"][:50]],
        "annotator": np.r_[columns["annotator"], columns["annotator"][:50] + 1000],
        "label": wrong,
    }
    weighted = dict(more) | {"weight": np.r_[np.ones(size), np.zeros(50)]}
    by_model = dict(more) | {"kind": ["human"] * size + ["model"] * 50}
    for columns_with_more in (weighted, by_model):
        other = _infer(simulated, name, columns_with_more)
        assert np.allclose(other.confidence, made.confidence, atol=1e-9), "what must not count did"


def repeats_are_borne(name: str) -> None:
    """An annotator's repeated judgements of an item are used or left out, without failing."""
    simulated = _simulate(name)
    twice = {key: np.concatenate([column, column[:50]]) for key, column in simulated.columns.items()}
    table = Judgements.from_columns(twice, duplicates="repeat")
    well_formed(infer_consensus(table, name, **simulated.kind.options(table.items)))


def groups_that_share_nothing_are_said(name: str) -> None:
    """Where the annotators fall into groups that share no item, the result warns."""
    simulated = _simulate(name)
    columns = simulated.columns
    half = columns["item"] % 2
    apart = dict(columns) | {"annotator": columns["annotator"] + 1000 * half}
    assert any("group" in warning for warning in _infer(simulated, name, apart).warnings), "groups apart must be said"


def unfit_answers_are_refused(name: str) -> None:
    """Answers of another kind are an error that says so."""
    simulated = _simulate(name)
    unfit = simulated.kind.unfit
    if unfit and consensus.facts(name)["answers"] != "any":
        columns = {"item": [0, 0, 1, 1], "annotator": ["a", "b"] * 2, "label": objects(list(unfit))}
        assert refusal(partial(_infer, simulated, name, columns)), "answers of another kind must be refused"


def unknown_options_are_refused(name: str) -> None:
    """An option that the method does not have is an error that lists those it has."""
    said = refusal(partial(_infer, _simulate(name), name, no_such_option=1))
    assert "no_such_option" in said, "an unknown option must be refused by its name"


ANSWER_CHECKS: tuple[Callable[[str], None], ...] = (
    results_are_well_formed,
    perfect_agreement_is_followed,
    good_crowds_are_used,
    row_order_means_nothing,
    same_seed_same_bytes,
    names_mean_nothing,
    unbearable_tables_are_said,
    few_rows_are_borne,
    gold_is_taken_as_given,
    only_what_counts_enters,
    repeats_are_borne,
    groups_that_share_nothing_are_said,
    unfit_answers_are_refused,
    unknown_options_are_refused,
)
