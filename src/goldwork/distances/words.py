"""words: the edit distance of two texts in words, over the length of the longer one.

Insertions, deletions and replacements of words (Levenshtein 1966, Soviet Physics Doklady 10, 707-710) over the number
of words of the longer text. White space separates words and says nothing else; case and punctuation stay as they are.
Unlike the word error rate, which divides by the length of the truth, it is symmetric and at most 1.

    >>> words("the cat sat", "the cat sat down")
    0.25
"""

from __future__ import annotations

from typing import Any

from goldwork.distances import distance
from goldwork.distances.edits import Sequenced, sequenced, share_of_edits
from goldwork.errors import InputError


def read_text(value: Any) -> str:
    """The text. Raises InputError for anything else."""
    if not isinstance(value, str):
        raise InputError(f"this needs text. Got {value!r}.")
    return value


def read_words(value: Any) -> Sequenced:
    """A text's words, ready to be compared."""
    return sequenced(read_text(value).split())


EXAMPLES = ("", "a", "the cat", "The cat", "cat the", "the cat sat down", "naïve 𝒳")


@distance("words", read=read_words, between=share_of_edits, metric=False, examples=EXAMPLES)
def words(first: Any, second: Any) -> float:
    """The share of words to change between two texts."""
    return share_of_edits(read_words(first), read_words(second))
