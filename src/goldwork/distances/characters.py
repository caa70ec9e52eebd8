"""characters: the edit distance of two texts in Unicode code points, over the length of the longer one.

Insertions, deletions and replacements (Levenshtein 1966, Soviet Physics Doklady 10, 707-710). Case and white space
stay as they are, and so do composed and decomposed letters.

    >>> characters("kitten", "sitting")
    0.42857142857142855
"""

from __future__ import annotations

from typing import Any

from goldwork.distances import distance
from goldwork.distances.edits import Sequenced, sequenced, share_of_edits
from goldwork.distances.words import EXAMPLES, read_text


def read_characters(value: Any) -> Sequenced:
    """A text's code points, ready to be compared."""
    return sequenced(read_text(value))


@distance("characters", read=read_characters, between=share_of_edits, metric=False, examples=EXAMPLES)
def characters(first: Any, second: Any) -> float:
    """The share of code points to change between two texts."""
    return share_of_edits(read_characters(first), read_characters(second))
