"""A word network: the answers to an item aligned token by token, so that they can vote on every place.

Answers are aligned one after the other with what stands so far (Fiscus 1997, IEEE Workshop on Automatic Speech
Recognition and Understanding, 347-354). A place holds votes by token, and votes for no token at all. Putting a token at
a place costs NEW times the share of votes there for anything else, and REPLACE where nobody said it; saying nothing at
a place costs NEW times the share of votes for a token; a new place costs NEW.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

NEW, REPLACE = 3_000_000, 4_000_000
"""What a new place costs, and a token that nobody said at a place; 3 and 4 in NIST's sclite. Costs are whole numbers,
so that which of two alignments is cheaper does not hang on the order in which votes were added up."""
NOTHING = ""
"""Stands for no token."""


@dataclasses.dataclass(slots=True)
class Place:
    """`votes` by token, summing to the weight of all answers aligned so far; `forms`: how each token was written."""

    votes: dict[str, float]
    forms: dict[str, dict[str, float]]

    def add(self, token: str, form: str, weight: float) -> None:
        """One answer's vote."""
        self.votes[token] = self.votes.get(token, 0.0) + weight
        if token:
            forms = self.forms.setdefault(token, {})
            forms[form] = forms.get(form, 0.0) + weight


@dataclasses.dataclass(frozen=True)
class Said:
    """One answer: its tokens, as they are compared and as they were written, and its weight."""

    tokens: tuple[str, ...]
    forms: tuple[str, ...]
    weight: float


def align(answers: Sequence[Said]) -> list[Place]:
    """The network of answers, aligned in this order. Answers with the same tokens are aligned once."""
    groups: dict[tuple[str, ...], list[Said]] = {}
    for answer in answers:
        groups.setdefault(answer.tokens, []).append(answer)
    places: list[Place] = []
    total = 0.0
    for tokens, group in groups.items():
        path = [(-1, at) for at in range(len(tokens))] if not total else list(_path(tokens, places, total))
        places = [places[place] if place >= 0 else Place({NOTHING: total} if total else {}, {}) for place, _ in path]
        for answer in group:
            for place, (_, at) in zip(places, path, strict=True):
                place.add(NOTHING if at < 0 else tokens[at], "" if at < 0 else answer.forms[at], answer.weight)
            total += answer.weight
    return places


def _path(tokens: Sequence[str], places: Sequence[Place], total: float) -> Iterator[tuple[int, int]]:
    """The cheapest alignment: pairs of place and token, -1 where a token has no place or a place no token.

    Where all said the same as these tokens at the beginning or the end, nothing else can be cheaper.
    """
    start, end = 0, min(len(tokens), len(places))
    while start < end and len(places[start].votes) == 1 and tokens[start] in places[start].votes:
        start += 1
    end -= start
    back = 0
    while back < end and len(places[-1 - back].votes) == 1 and tokens[-1 - back] in places[-1 - back].votes:
        back += 1
    yield from ((at, at) for at in range(start))
    size, width = len(tokens) - back - start, len(places) - back - start
    middle = _cheapest(tokens[start : start + size], places[start : start + width], total)
    yield from ((place + start if place >= 0 else -1, at + start if at >= 0 else -1) for place, at in middle)
    yield from ((start + width + at, start + size + at) for at in range(back))


def _cheapest(tokens: Sequence[str], places: Sequence[Place], total: float) -> list[tuple[int, int]]:
    """The alignment by dynamic programming. Of equally cheap steps a pairing comes first, then a place left empty."""
    costs = [{token: round(NEW * (1 - vote / total)) for token, vote in place.votes.items()} for place in places]
    empty = [cost.get(NOTHING, NEW) for cost in costs]
    above = [0]
    for cost_empty in empty:
        above.append(above[-1] + cost_empty)
    steps = []
    for token in tokens:
        left = above[0] + NEW
        row, taken = [left], [2]
        for place, cost in enumerate(costs):
            pair = above[place] + cost.get(token, REPLACE)
            skip, new = left + empty[place], above[place + 1] + NEW
            if pair <= skip and pair <= new:
                left = pair
                taken.append(0)
            elif skip <= new:
                left = skip
                taken.append(1)
            else:
                left = new
                taken.append(2)
            row.append(left)
        steps.append(taken)
        above = row
    at, place = len(tokens), len(places)
    path = []
    while at or place:
        step = 1 if not at else steps[at - 1][place]
        at -= step != 1
        place -= step != 2
        path.append((-1 if step == 2 else place, -1 if step == 1 else at))
    return path[::-1]
