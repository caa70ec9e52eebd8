"""rank: an order of several, the best of several, or the best and the worst.

What is ranked are fields of the item; those that are empty are left out. The answer is a list of groups of their names,
best first; those in one group tie, and a name by itself is a group of one. Picking the best one of four leaves the
other three tied. Answers are as far apart as the share of pairs on whose order they differ (Kendall, ties by half).

    >>> rank = Rank(fields=("a", "b", "c"))
    >>> rank.distance([["a"], ["b"], ["c"]], [["b"], ["a"], ["c"]])
    0.3333333333333333
    >>> rank.validate([["a"], ["b", "c"]])
    Traceback (most recent call last):
    goldwork.errors.AnswerError: ties are not admitted: one in each place. Got ['b', 'c'].
"""

from __future__ import annotations

import random
from typing import Any, ClassVar, Literal

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks.form import Form, Order
from goldwork.tasks.traps import Trap, same_texts

MOST = 50


@task_type("rank")
class Rank(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rank"):
    """Settings: the fields; whether `all` are ordered, the `best` one picked, or both `ends`; whether ties may be."""

    fields: tuple[str, ...]
    pick: Literal["all", "best", "ends"] = "all"
    ties: bool = False

    kind: ClassVar[str] = "rankings"
    level: ClassVar[str] = "distance"
    consensus: ClassVar[str] = "plackett-luce"

    def __post_init__(self) -> None:
        if not 2 <= len(self.fields) <= MOST or len(set(self.fields)) < len(self.fields) or not all(self.fields):
            raise InputError(f"a ranking needs 2 to {MOST} different fields. Got {list(self.fields)}.")

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if not isinstance(answer, list) or not all(_is_group(group) for group in _grouped(answer)):
            raise AnswerError(f'must be a list of groups, best first, as [["a"], ["b", "c"]]. Got {answer!r}.')
        answer = _grouped(answer)
        named = [name for group in answer for name in group]
        if unknown := [name for name in named if name not in self.fields]:
            raise AnswerError(f"each must be one of {', '.join(self.fields)}. Got {unknown[0]!r}.")
        if len(set(named)) < len(named):
            raise AnswerError(f"each may have one place. Got {answer!r}.")
        there = [name for name in self.fields if item.get(name, "?") != ""]
        if missing := [name for name in there if name not in named]:
            raise AnswerError(f"{missing[0]!r} has no place. Got {answer!r}.")
        if absent := [name for name in named if name not in there]:
            raise AnswerError(f"{absent[0]!r} is empty here and has no place. Got {answer!r}.")
        self._check_shape(answer, len(named))

    def canonical(self, answer: Any) -> Any:
        return [sorted(group, key=self.fields.index) for group in _grouped(answer)]

    def value(self, answer: Any) -> Any:
        return answer

    def distance(self, first: Any, second: Any) -> float:
        return distance.get("kendall")(first, second)

    def form(self) -> Form:
        return Form(primitives=(Order(self.fields, self.pick, self.ties),))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """Two by two they trade places, drawn by lot, and the ranking with them; none where it stays the same."""
        there = [name for name in self.fields if item.get(name, "") != ""]
        lot = random.Random(seed).sample(there, len(there))
        moved: dict[str, str] = {}
        for one, other in zip(lot[::2], lot[1::2], strict=False):
            moved |= {one: other, other: one}
        if same_texts(item, moved):
            return None
        new = self.canonical([[moved.get(name, name) for name in group] for group in answer])
        what = f"{len(moved)} of them have traded places, two by two."
        return None if new == answer else Trap(what, new, moved=dict(sorted(moved.items())))

    def _check_shape(self, answer: list[list[str]], number: int) -> None:
        sizes = [len(group) for group in answer]
        if self.pick == "all":
            if not self.ties and (tied := [group for group in answer if len(group) > 1]):
                raise AnswerError(f"ties are not admitted: one in each place. Got {tied[0]!r}.")
        elif self.pick == "best" and sizes != [size for size in (1, number - 1) if size]:
            raise AnswerError(f"pick one best; the others tie. Got {answer!r}.")
        elif self.pick == "ends" and sizes != ([1] * number if number < 3 else [1, number - 2, 1]):
            raise AnswerError(f"pick one best and one worst; the others tie between. Got {answer!r}.")


def _grouped(answer: list[Any]) -> list[Any]:
    """A name that stands by itself is a group."""
    return [[place] if isinstance(place, str) else place for place in answer]


def _is_group(group: Any) -> bool:
    return isinstance(group, list) and bool(group) and all(isinstance(name, str) for name in group)
