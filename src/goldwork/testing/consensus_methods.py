"""The contract of a consensus method for choices; `answers` has that of the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from goldwork.consensus import Consensus, consensus, infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.judgements import Judgements
from goldwork.testing.answers import ANSWER_CHECKS
from goldwork.testing.crowds import refusal, renamed, reversed_names, shuffled, simulate_crowd
from goldwork.testing.results import same_bytes, well_chosen


def _infer(columns: Any, name: str, **options: Any) -> Consensus:
    table = columns if isinstance(columns, Judgements) else Judgements.from_columns(columns)
    return infer_consensus(table, name, **options)


def results_are_well_formed(name: str) -> None:
    """Shapes, probabilities, intervals and objective are what they should be."""
    well_chosen(_infer(simulate_crowd().columns, name))


def perfect_agreement_is_followed(name: str) -> None:
    """What all say is the answer."""
    crowd = simulate_crowd()
    truth = np.array([crowd.truth[item] for item in crowd.columns["item"].tolist()], object)
    made = _infer(dict(crowd.columns) | {"label": truth}, name)
    well_chosen(made)
    assert made.labels.tolist() == [crowd.truth[item] for item in made.items.tolist()], "all said otherwise"
    assert not made.ties.any(), "there is no tie where all agree"


def good_crowds_are_used(name: str) -> None:
    """On simulated crowds it is nowhere much worse than the majority."""
    for seed in range(3):
        crowd = simulate_crowd(items=300, annotators=20, per_item=5, seed=seed)
        got = expected_accuracy(_infer(crowd.columns, name), crowd.truth).value
        least = expected_accuracy(_infer(crowd.columns, "majority"), crowd.truth).value - 0.03
        assert got >= least, f"{got:.3f} of the items are right where the majority has {least + 0.03:.3f}"


def row_order_means_nothing(name: str) -> None:
    """The same rows in another order give the same result, to the byte."""
    columns = simulate_crowd().columns
    same_bytes(_infer(columns, name), _infer(shuffled(columns, 3), name))


def same_seed_same_bytes(name: str) -> None:
    """A seed fixes everything."""
    columns = simulate_crowd().columns
    same_bytes(_infer(columns, name, seed=5), _infer(columns, name, seed=5))


def names_mean_nothing(name: str) -> None:
    """Other names of items, annotators and categories give the same probabilities; nearly, where a start is random."""
    columns = simulate_crowd().columns
    made = _infer(columns, name)
    for column in ("item", "annotator", "label"):
        names = reversed_names(columns[column])
        other = _infer(renamed(columns, **{column: names}), name)
        table = other.choices()[2]
        if column == "item":  # the new names come in the opposite order
            table = table[::-1]
        if column == "label":
            table = table[:, ::-1]
        apart = np.abs(table - made.choices()[2]).max(axis=1)
        same = np.mean(apart < 0.5) > 0.95 if consensus.facts(name).get("random") else apart.max() < 1e-6
        assert same, f"renaming {column}s changed probabilities"


def unbearable_tables_are_said(name: str) -> None:
    """Nothing, one annotator, one category, no overlap: a result with a warning."""
    columns = simulate_crowd(per_item=1).columns
    alone = dict(columns) | {"annotator": np.zeros(len(columns["item"]), int)}
    same = dict(simulate_crowd().columns) | {"label": np.full(240, "x", object)}
    nothing: dict[str, Any] = {"item": [], "annotator": [], "label": []}
    for bad in (nothing, columns, alone, same):
        made = _infer(bad, name)
        well_chosen(made)
        assert made.warnings, "so bad a table must be warned of"
    assert (_infer(alone, name).labels == alone["label"]).all(), "the only answer there is must be the answer"


def gold_is_taken_as_given(name: str) -> None:
    """Gold overrules the judgements; gold that fits nothing is an error, gold on unknown items a warning."""
    crowd = simulate_crowd()
    gold: dict[Any, Any] = {item: crowd.categories[item % 3] for item in range(20)}
    made = _infer(crowd.columns, name, gold=gold)
    well_chosen(made)
    answers = dict(zip(made.items.tolist(), made.labels.tolist(), strict=True))
    assert all(answers[item] == label for item, label in gold.items()), "gold must be the answer"
    assert (made.confidence[:20] == 1).all(), "gold is certain"
    assert made.known.sum() == 20, "what gold gave must be marked"
    made = _infer(crowd.columns, name, gold=gold | {"nowhere": "a"})
    assert any("gold" in warning for warning in made.warnings), "gold on an unknown item must be said"
    for bad in ({0: "never chosen"}, {"nowhere": "a"}):
        said = refusal(partial(_infer, crowd.columns, name, gold=bad))
        assert said, f"gold {bad} fits nothing and must be refused"


def only_what_counts_enters(name: str) -> None:
    """Judgements of weight 0, of models and of gold are left out unless asked for."""
    columns = simulate_crowd().columns
    size = len(columns["item"])
    made = _infer(columns, name)
    more = {
        "item": np.r_[columns["item"], columns["item"][:50]],
        "annotator": np.r_[columns["annotator"], columns["annotator"][:50] + 1000],
        "label": np.r_[columns["label"], np.full(50, "z", object)],
    }
    weighted = dict(more) | {"weight": np.r_[np.ones(size), np.zeros(50)]}
    by_model = dict(more) | {"kind": ["human"] * size + ["model"] * 50}
    for columns_with_more in (weighted, by_model):
        other = _infer(columns_with_more, name)
        assert np.allclose(other.choices()[2], made.choices()[2], atol=1e-9), "what must not count did"


def declared_categories_stay(name: str) -> None:
    """Categories that were declared are in the result, also those that nobody chose."""
    crowd = simulate_crowd()
    made = _infer(crowd.table.with_categories(["c", "b", "a", "d"]), name)
    well_chosen(made)
    assert made.choices()[0].tolist() == ["c", "b", "a", "d"], "categories must stay as declared"
    assert expected_accuracy(made, crowd.truth).value > 0.5, "a category that nobody chose must not take over"


def repeats_are_borne(name: str) -> None:
    """An annotator's repeated judgements of an item are used or left out, without failing."""
    columns = simulate_crowd().columns
    twice = {key: np.concatenate([column, column[:50]]) for key, column in columns.items()}
    well_chosen(_infer(Judgements.from_columns(twice, duplicates="repeat"), name))


def groups_that_share_nothing_are_said(name: str) -> None:
    """Where the annotators fall into groups that share no item, the result warns."""
    one, two = simulate_crowd(seed=1).columns, simulate_crowd(seed=2).columns
    apart = {
        "item": np.r_[one["item"], two["item"] + 1000],
        "annotator": np.r_[one["annotator"], two["annotator"] + 1000],
        "label": np.r_[one["label"], two["label"]],
    }
    assert any("group" in warning for warning in _infer(apart, name).warnings), "groups apart must be said"


def unknown_options_are_refused(name: str) -> None:
    """An option that the method does not have is an error that lists those it has."""
    said = refusal(lambda: _infer(simulate_crowd().columns, name, no_such_option=1))
    assert said, "an unknown option must be refused"
    assert "no_such_option" in said, "the error must name the option"


CHOICE_CHECKS: tuple[Callable[[str], None], ...] = (
    results_are_well_formed,
    perfect_agreement_is_followed,
    good_crowds_are_used,
    row_order_means_nothing,
    same_seed_same_bytes,
    names_mean_nothing,
    unbearable_tables_are_said,
    gold_is_taken_as_given,
    only_what_counts_enters,
    declared_categories_stay,
    repeats_are_borne,
    groups_that_share_nothing_are_said,
    unknown_options_are_refused,
)


def consensus_checks(name: str) -> tuple[Callable[[str], None], ...]:
    """The checks for a registered method, by the kind of answers that it merges."""
    return CHOICE_CHECKS if consensus.facts(name).get("answers", "choice") == "choice" else ANSWER_CHECKS


def check_consensus(name: str) -> None:
    """Run every check on a registered consensus method."""
    for check in consensus_checks(name):
        check(name)
