"""spans: how much of what two annotators marked only one of them marked, by character.

1 - 2 |A and B| / (|A| + |B|), A and B being the sets of (character, label) that the spans cover (Dice 1945, Ecology 26,
297-302; the same as one minus the F1 of one annotator against the other). Where nothing is marked by either, 0. Spans
of one label that overlap or touch count as their union, and a span of no characters says nothing.

    >>> spans([[0, 10, "drug"]], [{"start": 5, "end": 15, "label": "drug"}])
    0.5
    >>> spans([[0, 10, "drug"]], [[0, 10, "dose"]])
    1.0
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from goldwork.distances import distance
from goldwork.distances.geometry import read_spans

Ranges = list[tuple[int, int]]
"""Ranges of characters in order, none touching the next."""


@dataclasses.dataclass(frozen=True)
class Marked:
    """What is marked: ranges by label, and how many (character, label) they hold."""

    ranges: Mapping[str, Ranges]
    size: int


def read_marked(value: Any) -> Marked:
    """The union of the spans by label."""
    read = read_spans(value)
    ranges: dict[str, Ranges] = {}
    for (start, end), label in sorted(zip(read.bounds.tolist(), read.labels, strict=True)):
        if start == end:
            continue
        of_label = ranges.setdefault(label, [])
        if of_label and start <= of_label[-1][1]:
            of_label[-1] = (of_label[-1][0], max(end, of_label[-1][1]))
        else:
            of_label.append((start, end))
    return Marked(ranges, sum(end - start for of_label in ranges.values() for start, end in of_label))


def _shared(one: Ranges, two: Ranges) -> int:
    """How many characters two lists of ranges share, in one sweep over both."""
    i = j = shared = 0
    while i < len(one) and j < len(two):
        (start, end), (other_start, other_end) = one[i], two[j]
        shared += max(0, min(end, other_end) - max(start, other_start))
        if end <= other_end:
            i += 1
        else:
            j += 1
    return shared


def _apart(first: Marked, second: Marked) -> float:
    both = first.size + second.size
    if not both:
        return 0.0
    shared = sum(_shared(ranges, second.ranges.get(label, [])) for label, ranges in first.ranges.items())
    return 1 - 2 * shared / both


@distance(
    "spans",
    read=read_marked,
    between=_apart,
    metric=False,
    examples=([], [[0, 3]], [[0, 3, "a"]], [[0, 5, "a"], {"start": 8, "end": 9, "label": "b"}], [[4, 9], [2, 5]]),
)
def spans(first: Any, second: Any) -> float:
    """One minus Dice's coefficient of what two lists of spans cover, by character and label."""
    return _apart(read_marked(first), read_marked(second))
