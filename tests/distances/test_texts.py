"""Text: the plain table of edit distances, and the time that thousands of calls take."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.distances import distance, distances_between
from goldwork.distances.edits import edits, sequenced
from goldwork.errors import InputError


def by_table(one: Sequence[str], two: Sequence[str]) -> int:
    """Wagner and Fischer 1974."""
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(two, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


@given(st.text("ab ", max_size=80), st.text("ab ", max_size=80))
def test_edits_are_those_of_the_table(one: str, two: str) -> None:
    assert edits(sequenced(one), sequenced(two)) == by_table(one, two)


@given(st.text(max_size=12), st.text(max_size=12))
def test_characters_are_code_points(one: str, two: str) -> None:
    characters = distance.get("characters")
    assert characters(one, two) == by_table(one, two) / max(len(one), len(two), 1) == characters(two, one)


@given(st.lists(st.sampled_from(["the", "The", "cat"]), max_size=8), st.lists(st.just("cat"), max_size=8))
def test_words_are_separated_by_white_space(one: list[str], two: list[str]) -> None:
    words = distance.get("words")
    assert words("  ".join(one), "\n".join(two)) == by_table(one, two) / max(len(one), len(two), 1)


def test_long_texts_are_no_trouble() -> None:
    one = "abcdefghij" * 300
    assert distance.get("characters")(one, one[1:] + "x") == pytest.approx(2 / 3000)


@pytest.mark.parametrize("value", [None, 3, ["a"], {"text": "a"}])
def test_what_is_no_text_is_named(value: object) -> None:
    for name in ("words", "characters"):
        with pytest.raises(InputError, match="needs text"):
            distance.get(name)(value, "a")


def test_thousands_of_calls_are_quick() -> None:
    """10,000 pairs of sentences of 20 words: measured .1 s by word; 1,000 by character .1 s."""
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{i}" for i in range(300)])
    texts = [" ".join(vocabulary[rng.integers(0, 300, 20)]) for _ in range(500)]
    first, second = rng.integers(0, 500, (2, 10_000))
    start = time.process_time()
    distances_between("words", texts, first, second)
    assert time.process_time() - start < 1.5
    start = time.process_time()
    distances_between("characters", texts, first[:1000], second[:1000])
    assert time.process_time() - start < 1.5
