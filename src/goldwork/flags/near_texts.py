"""Texts of one item that are nearly the same, as one answer: what copying of free text is told by.

Two texts are nearly the same where their sets of three-word sequences, in small letters without signs, have a Jaccard
index of at least .8 (Broder 1997, Compression and Complexity of Sequences, 21-29); shorter texts where their words are.

    >>> same("The cat sat on the old mat all day, and slept.", "the cat sat on the old mat all day and slept")
    True
    >>> same("The cat sat on the old mat all day.", "A dog lay beside the road.")
    False
"""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np

from goldwork.judgements import Judgements

NEAR = 0.8
WORDS = re.compile(r"\w+")


def together(table: Judgements) -> Judgements:
    """The same judgements, each text replaced by the first of its item that is nearly the same."""
    labels = table.labels().tolist()
    kept = np.empty(len(labels), object)
    bounds = np.searchsorted(table.item, np.arange(len(table.items) + 1)).tolist()
    for begin, end in itertools.pairwise(bounds):
        known: list[tuple[frozenset[tuple[str, ...]], str]] = []
        # In the order of the texts, so that it does not hang on who wrote them.
        for row in sorted(range(begin, end), key=lambda row: str(labels[row])):
            mine = _pieces(str(labels[row]))
            first = next((text for theirs, text in known if _jaccard(mine, theirs) >= NEAR), None)
            if first is None:
                first = str(labels[row])
                known.append((mine, first))
            kept[row] = first
    return dataclasses.replace(table, value=kept, categories=None, declared=False)


def same(one: str, other: str) -> bool:
    """Whether two texts are nearly the same."""
    return _jaccard(_pieces(one), _pieces(other)) >= NEAR


def _pieces(text: str) -> frozenset[tuple[str, ...]]:
    words = WORDS.findall(text.casefold())
    return frozenset(zip(words, words[1:], words[2:], strict=False)) if len(words) > 2 else frozenset([tuple(words)])


def _jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / max(len(one | other), 1)
