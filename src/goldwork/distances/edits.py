"""Edit distance: how many insertions, deletions and replacements turn one sequence into another.

Myers 1999 (Journal of the ACM 46, 395-415) in the form of Hyyro 2003 (A Bit-Vector Algorithm for Computing Levenshtein
and Damerau Edit Distances, Nordic Journal of Computing 10, 29-39): a column of the table of prefixes is two whole
numbers of as many bits as the first sequence is long, so that a step costs a dozen operations on whole numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Sequenced:
    """A sequence, and for every symbol the places where it stands, as the bits of a number."""

    symbols: Sequence[str]
    places: Mapping[str, int]


def sequenced(symbols: Sequence[str]) -> Sequenced:
    """The sequence, ready to be compared."""
    places: dict[str, int] = {}
    for place, symbol in enumerate(symbols):
        places[symbol] = places.get(symbol, 0) | (1 << place)
    return Sequenced(symbols, places)


def edits(first: Sequenced, second: Sequenced) -> int:
    """The number of edits between two sequences."""
    size = len(first.symbols)
    if not size:
        return len(second.symbols)
    top, full = 1 << (size - 1), (1 << size) - 1
    more, less, count = full, 0, size
    where = first.places.get
    for symbol in second.symbols:
        match = where(symbol, 0)
        diagonal = (((match & more) + more) ^ more) | match | less
        right = less | (full & ~(diagonal | more))
        left = more & diagonal
        count += ((right & top) != 0) - ((left & top) != 0)
        right = ((right << 1) | 1) & full
        more = ((left << 1) & full) | (full & ~(diagonal | right))
        less = right & diagonal
    return count


def share_of_edits(first: Sequenced, second: Sequenced) -> float:
    """The number of edits over the length of the longer sequence; 0 between empty ones."""
    if first.symbols == second.symbols:
        return 0.0
    return edits(first, second) / max(len(first.symbols), len(second.symbols))
