"""compare: which of two is better, and perhaps by how much.

The two are fields of the item. Left and right on the screen are drawn by lot for every assignment and kept with the
answer; answers say first and second, by the order of the settings, whatever stood where. With `strength` 0 the answer
is first, second, tie or bad (both are); with a strength s a number from -s to s, below 0 for the first. With further
`attributes` it is an object with `overall` and each of these. What is compared and merged is the overall preference;
that both are bad says, of which is better, a tie.

    >>> pair = Compare(fields=("a", "b"), strength=3)
    >>> pair.distance(-3, 0), pair.distance(-3, 3)
    (0.5, 1.0)
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks.form import Anchor, Form, Keys, Option, Panes, Scale
from goldwork.tasks.traps import Trap, same_texts

STRONGEST = 3
MOST_ATTRIBUTES = 50
OVERALL = "overall"
BAD = "bad"
WORDS = {1: "slightly better", 2: "better", 3: "much better"}
PLACES = {"first": -1.0, "tie": 0.0, "second": 1.0}


class Aspect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One more comparison of the same two. Empty `title`: its name is read."""

    name: str
    title: str = ""


@task_type("compare")
class Compare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="compare"):
    """Settings: the two fields; how strong a preference may be; whether there is a middle, and "both are bad"."""

    fields: tuple[str, str]
    strength: Annotated[int, msgspec.Meta(ge=0, le=STRONGEST)] = 0
    tie: bool = True
    both_bad: bool = False
    attributes: tuple[Aspect, ...] = ()

    kind: ClassVar[str] = "comparisons"
    consensus: ClassVar[str] = "comparison-two-coin"

    def __post_init__(self) -> None:
        if len(set(self.fields)) < 2 or not all(self.fields):
            raise InputError(f"a comparison needs two different fields. Got {list(self.fields)}.")
        names = [OVERALL, *(aspect.name for aspect in self.attributes)]
        if len(self.attributes) > MOST_ATTRIBUTES:
            raise InputError(f"a comparison has up to {MOST_ATTRIBUTES} attributes. Got {len(self.attributes)}.")
        for name in names[1:]:
            if not name.strip() or names.count(name) > 1:
                raise InputError(f"attributes need names that differ, and not {OVERALL!r}. Got {name!r}.")

    @property
    def level(self) -> str:
        return "ordinal" if self.strength else "nominal"

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if not self.attributes:
            self._check(answer, "")
            return
        names = [OVERALL, *(aspect.name for aspect in self.attributes)]
        if not isinstance(answer, dict) or set(answer) != set(names):
            raise AnswerError(f"must be an object with {', '.join(names)}. Got {answer!r}.")
        for name in names:
            self._check(answer[name], f"{name}: ")

    def canonical(self, answer: Any) -> Any:
        if self.attributes:
            return {name: _whole(answer[name]) for name in sorted(answer)}
        return _whole(answer)

    def value(self, answer: Any) -> Any:
        overall = answer[OVERALL] if self.attributes else answer
        if overall == BAD:
            return 0 if self.strength else "tie"
        return overall

    def distance(self, first: Any, second: Any) -> float:
        if self.strength:
            return float(abs(first - second)) / (2 * self.strength)
        return abs(PLACES[first] - PLACES[second]) / 2

    def form(self) -> Form:
        if not self.attributes:
            return Form(primitives=(Panes(self.fields), self._primitive()))
        asked = [Aspect(OVERALL, "Overall"), *self.attributes]
        return Form(
            primitives=(Panes(self.fields), *(self._primitive(one.name, one.title or one.name) for one in asked))
        )

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """The two trade places, and the preference with them; none where nothing was preferred."""
        one, other = self.fields
        if one not in item or other not in item or same_texts(item, {one: other}):
            return None
        new = {name: _turned(value) for name, value in answer.items()} if self.attributes else _turned(answer)
        what = "The two have traded places: what was first is second."
        return None if new == answer else Trap(what, new, moved={one: other, other: one})

    def _primitive(self, name: str = "", title: str = "") -> Keys | Scale:
        besides = (Option(BAD, "Both are bad"),) if self.both_bad else ()
        if self.strength:
            s = self.strength
            anchors = tuple(
                Anchor(float(n), WORDS[abs(n)] if n else "equal") for n in range(-s, s + 1) if n or self.tie
            )
            return Scale(
                float(-s), float(s), 1.0, anchors, mirror=True, middle=self.tie, besides=besides, name=name, title=title
            )
        middle = (Option("tie", "Equal"),) if self.tie else ()
        words = (Option("first", "First is better"), *middle, Option("second", "Second is better"), *besides)
        return Keys(words, name=name, title=title, mirror=True)

    def _check(self, value: Any, where: str) -> None:
        if self.both_bad and value == BAD:
            return
        if self.strength:
            s = self.strength
            whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
            if not whole or not -s <= value <= s or (not value and not self.tie):
                raise AnswerError(
                    f"{where}must be a whole number {-s} to {s}{'' if self.tie else ', not 0'}. Got {value!r}."
                )
        elif not isinstance(value, str) or value not in PLACES or (value == "tie" and not self.tie):
            words = ["first", "second", *(["tie"] if self.tie else []), *([BAD] if self.both_bad else [])]
            raise AnswerError(f"{where}must be one of {', '.join(words)}. Got {value!r}.")


def _turned(value: Any) -> Any:
    return -value if isinstance(value, int) else {"first": "second", "second": "first"}.get(value, value)


def _whole(value: Any) -> Any:
    return value if isinstance(value, str) else int(value)
