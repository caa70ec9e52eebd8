"""ROVER: alignments by hand and by exhaustive search, votes, forms."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.consensus import infer_consensus
from goldwork.consensus.network import NEW, NOTHING, REPLACE, Place, Said, _path, align
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.testing import simulate_answers

texts = st.lists(st.sampled_from("abc"), max_size=6).map(tuple)


def table_of(*answers: str) -> Judgements:
    """Answers of as many annotators to one item."""
    return Judgements.from_columns(
        {"item": [1] * len(answers), "annotator": [*range(len(answers))], "label": [*answers]}
    )


def said(tokens: tuple[str, ...], weight: float = 1.0) -> Said:
    return Said(tokens, tokens, weight)


def cost_of(path: list[tuple[int, int]], tokens: tuple[str, ...], places: list[Place], total: float) -> float:
    """What an alignment costs, step by step."""
    cost = 0.0
    for place, at in path:
        if place < 0:
            cost += NEW
        elif (token := tokens[at] if at >= 0 else NOTHING) in places[place].votes:
            cost += NEW * (1 - places[place].votes[token] / total)
        else:
            cost += REPLACE if at >= 0 else NEW
    return cost


def least_cost(tokens: tuple[str, ...], places: list[Place], total: float) -> float:
    """Of all alignments, by recursion."""

    @functools.cache
    def least(at: int, place: int) -> float:
        ends = []
        if at and place:
            ends.append(least(at - 1, place - 1) + cost_of([(place - 1, at - 1)], tokens, places, total))
        if place:
            ends.append(least(at, place - 1) + cost_of([(place - 1, -1)], tokens, places, total))
        if at:
            ends.append(least(at - 1, place) + NEW)
        return min(ends, default=0.0)

    return least(len(tokens), len(places))


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), texts)
def test_no_alignment_is_cheaper(answers: list[tuple[str, ...]], tokens: tuple[str, ...]) -> None:
    places = align([said(answer) for answer in answers])
    path = list(_path(tokens, places, len(answers)))
    assert [at for _, at in path if at >= 0] == list(range(len(tokens)))
    assert [place for place, _ in path if place >= 0] == list(range(len(places)))
    total = float(len(answers))
    assert cost_of(path, tokens, places, total) == pytest.approx(least_cost(tokens, places, total), abs=100)


@settings(deadline=None)
@given(st.lists(st.tuples(texts, st.sampled_from([0.5, 1.0, 3.0])), min_size=1, max_size=5))
def test_everybody_votes_on_every_place(answers: list[tuple[tuple[str, ...], float]]) -> None:
    places = align([said(*answer) for answer in answers])
    total = sum(weight for _, weight in answers)
    assert all(sum(place.votes.values()) == pytest.approx(total) for place in places)
    for token in "abc":
        spoken = sum(tokens.count(token) * weight for tokens, weight in answers)
        assert sum(place.votes.get(token, 0) for place in places) == pytest.approx(spoken)


@pytest.mark.parametrize(
    ("answers", "consensus"),
    [
        (["the cat sat", "the cat sat", "a cat sat"], "the cat sat"),
        (["the cat sat on mat", "the cat on the mat", "cat sat on the mat"], "the cat sat on the mat"),
        (["one two three"], "one two three"),
        (["a b", "a x b", "a x b"], "a x b"),
        (["a x b", "a b", "a b"], "a b"),
    ],
)
def test_votes(answers: list[str], consensus: str) -> None:
    made = infer_consensus(table_of(*answers), "rover")
    assert made.labels.tolist() == [consensus]
    assert 0.5 < made.confidence[0] <= 1


def test_case_and_punctuation_are_folded_and_their_form_is_voted_on() -> None:
    answers = ["Well, he said.", "well he said", "Well, he sat."]
    assert infer_consensus(table_of(*answers), "rover").labels[0] == "Well, he said."
    assert infer_consensus(table_of("Yes!", "yes", "no"), "rover").labels[0] in ("Yes!", "yes")
    unfolded = infer_consensus(table_of("Yes!", "yes", "no", "no"), "rover", fold=False)
    assert unfolded.labels[0] == "no"
    assert infer_consensus(table_of("a - b", "a - b", "a b"), "rover").labels[0] == "a - b"


def test_characters_for_languages_without_spaces() -> None:
    answers = ["今日は天気がいい", "今日は天気かいい", "今日は天気がいいね"]
    made = infer_consensus(table_of(*answers), "rover", tokens="characters")
    assert made.labels[0] == "今日は天気がいい"


def test_a_tie_is_said_and_the_answer_nearest_to_all_stays() -> None:
    made = infer_consensus(table_of("a b c", "a b d"), "rover")
    assert made.ties.tolist() == [True]
    assert made.labels[0] in ("a b c", "a b d")
    assert any("tie" in warning for warning in made.warnings)


def test_reliable_annotators_outvote_others() -> None:
    """Two who transcribe well against three who do not."""
    simulated = simulate_answers("text", items=60, annotators=5, per_item=5, skill=(9, 1), seed=2)
    columns = {name: column.copy() for name, column in simulated.columns.items()}
    rng = np.random.default_rng(3)
    for row in np.flatnonzero(columns["annotator"] > 1).tolist():  # three of five leave out half of the words
        kept = [word for word in columns["label"][row].split() if rng.random() < 0.5]
        columns["label"][row] = " ".join(kept) or "plain"
    made = infer_consensus(Judgements.from_columns(columns), "rover")
    alike = infer_consensus(Judgements.from_columns(columns), "rover", prior=1e9)
    near, near_alike = (simulated.nearness(result.items, result.labels) for result in (made, alike))
    assert near > 0.9 > near_alike
    assert made.annotators is not None
    rates = made.annotators.more["rate"]
    assert rates[:2].min() > 2 * rates[2:].max()


def test_gold_and_bad_input() -> None:
    table = table_of("a b", "a c")
    made = infer_consensus(table, "rover", gold={1: "z z"})
    assert (made.labels[0], made.confidence[0], made.ties[0]) == ("z z", 1, False)
    for options, message in (({"tokens": "lines"}, "tokens must be"), ({"gold": {1: 7}}, "rover needs text. Got 7")):
        with pytest.raises(InputError, match=message):
            infer_consensus(table, "rover", **options)  # type: ignore[arg-type]
    numbers: dict[str, Any] = {"item": [1, 1], "annotator": ["a", "b"], "label": [1, 2]}
    with pytest.raises(InputError, match="rover needs text. Got 1"):
        infer_consensus(Judgements.from_columns(numbers), "rover")
