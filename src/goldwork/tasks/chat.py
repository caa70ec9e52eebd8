"""chat: a demonstration, or a rating of every turn.

The conversation is a field of the item: a list of turns with role and content. One may `write` the turns that come
next, `edit` turns in place (the original stays in the item), or `rate` them one by one. Written and edited turns are as
far apart as their words are; ratings as the mean of their differences. The most central answer stands for several.

    >>> chat = Chat(field="talk", mode="write")
    >>> chat.canonical([{"role": "assistant", "content": " Yes. "}])
    [{'role': 'assistant', 'content': 'Yes.'}]
    >>> Chat(field="talk", mode="rate", low=1, high=5).distance([None, 2], [None, 4])
    0.5
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from goldwork.distances import distance
from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks.conversation import MOST_TURNS, ROLES, read_turns
from goldwork.tasks.edits import edited
from goldwork.tasks.form import Anchor, Form, Turns
from goldwork.tasks.traps import Trap


@task_type("chat")
class Chat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="chat"):
    """Settings: the field, the mode, whose turns it is about.

    `low` and `high`: how many turns are written, or the scale of ratings in whole numbers.
    """

    field: str
    mode: Literal["write", "edit", "rate"] = "write"
    roles: tuple[str, ...] = ("assistant",)
    low: int = 1
    high: int = 1
    anchors: tuple[Anchor, ...] = ()

    kind: ClassVar[str] = "any"
    level: ClassVar[str] = "distance"
    consensus: ClassVar[str] = "medoid"

    def __post_init__(self) -> None:
        if not self.field:
            raise InputError("say in which field the conversation is.")
        if not self.roles or not set(self.roles) <= set(ROLES):
            raise InputError(f"roles must be some of {', '.join(ROLES)}. Got {list(self.roles)}.")
        if self.mode == "rate" and not -100 <= self.low < self.high <= 100:
            raise InputError(f"a scale needs -100 <= low < high <= 100. Got {self.low} and {self.high}.")
        for anchor in self.anchors if self.mode == "rate" else ():
            if not self.low <= anchor.value <= self.high or anchor.value % 1 or not anchor.label.strip():
                raise InputError(
                    f"an anchor needs a name and a place on the scale. Got {anchor.label!r} at {anchor.value:g}."
                )
        if self.mode == "write" and not 1 <= self.low <= self.high <= MOST_TURNS:
            raise InputError(f"1 <= low <= high <= {MOST_TURNS} turns can be written. Got {self.low} and {self.high}.")

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        before = read_turns(item[self.field] or "[]") if self.field in item else None
        if self.mode == "rate":
            self._check_ratings(answer, before)
            return
        if not isinstance(answer, list):
            raise AnswerError(f"must be a list of turns. Got {str(answer)[:40]!r}.")
        try:
            turns = read_turns(answer)
        except InputError as error:
            raise AnswerError(f"{error.message} Got {str(answer)[:40]!r}.") from None
        old = before if self.mode == "edit" and before is not None else []
        for place, turn in enumerate(turns):
            if not turn["content"].strip() and turn not in old[place : place + 1]:
                raise AnswerError(f"turn {place + 1} is empty. Got {turn!r}.")
        if self.mode == "write":
            self._check_written(turns)
        elif before is not None:
            self._check_edited(turns, before)

    def canonical(self, answer: Any) -> Any:
        if self.mode == "rate":
            return [None if mark is None else int(mark) for mark in answer]
        return [{"role": turn["role"], "content": self._tidy(turn)} for turn in answer]

    def value(self, answer: Any) -> Any:
        return answer

    def distance(self, first: Any, second: Any) -> float:
        if first == second:
            return 0.0
        if self.mode == "rate":
            return self._marks_apart(first, second)
        one, two = (self._words(turns) for turns in (first, second))
        if one == two:  # the same words, by other roles
            return 1.0
        return distance.get("words")(one, two) or distance.get("characters")(one, two)

    def form(self) -> Form:
        return Form((Turns(self.field, self.mode, self.roles, self.low, self.high, self.anchors),))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """A change within a conversation that is rated, after which a person says the marks; else none."""
        return edited(item, seed) if self.mode == "rate" else None

    def _tidy(self, turn: dict[str, str]) -> str:
        return turn["content"].strip() if turn["role"] in self.roles else turn["content"]

    def _words(self, turns: list[dict[str, str]]) -> str:
        """What was written: all of it, or the turns that may be edited."""
        return "\n".join(turn["content"] for turn in turns if self.mode == "write" or turn["role"] in self.roles)

    def _marks_apart(self, first: list[Any], second: list[Any]) -> float:
        pairs = [(a, b) for a, b in zip(first, second, strict=False) if a is not None or b is not None]
        alone = abs(len(first) - len(second))
        apart = sum(1.0 if a is None or b is None else abs(a - b) / (self.high - self.low) for a, b in pairs)
        return (apart + alone) / (len(pairs) + alone) if pairs or alone else 0.0

    def _check_ratings(self, answer: Any, before: list[dict[str, str]] | None) -> None:
        if not isinstance(answer, list):
            raise AnswerError(f"must be a list with a mark or null for every turn. Got {str(answer)[:40]!r}.")
        if before is not None and len(answer) != len(before):
            raise AnswerError(f"the conversation has {len(before)} turns. Got {len(answer)} marks.")
        for place, mark in enumerate(answer):
            if mark is not None and (
                type(mark) not in (int, float) or mark != mark // 1 or not self.low <= mark <= self.high
            ):
                raise AnswerError(f"turn {place + 1}: must be a whole number {self.low} to {self.high}. Got {mark!r}.")
            if before is not None and (mark is None) == (before[place]["role"] in self.roles):
                wanted = "a mark is missing" if mark is None else f"only turns of {', '.join(self.roles)} are rated"
                raise AnswerError(f"turn {place + 1}: {wanted}. Got {mark!r}.")

    def _check_written(self, turns: list[dict[str, str]]) -> None:
        if not self.low <= len(turns) <= self.high:
            raise AnswerError(f"write {self.low} to {self.high} turns. Got {len(turns)}.")
        for place, turn in enumerate(turns):
            if turn["role"] != (wanted := self.roles[place % len(self.roles)]):
                raise AnswerError(f"turn {place + 1} is the {wanted}'s. Got {turn['role']!r}.")

    def _check_edited(self, turns: list[dict[str, str]], before: list[dict[str, str]]) -> None:
        if len(turns) != len(before):
            raise AnswerError(f"the conversation has {len(before)} turns. Got {len(turns)}.")
        for place, (turn, old) in enumerate(zip(turns, before, strict=True), 1):
            changed = turn["role"] != old["role"] or turn["content"] != old["content"]
            if changed and (turn["role"] != old["role"] or old["role"] not in self.roles):
                raise AnswerError(f"turn {place}: only turns of {', '.join(self.roles)} may be edited. Got {turn!r}.")
