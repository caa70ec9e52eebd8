"""rating: a number on a scale, with names for some of its places.

Answers are as far apart as the numbers are, over the length of the scale. Several answers become one with each
annotator's bias and precision taken out.

    >>> stars = Rating(low=1, high=5, anchors=(Anchor(1, "poor"), Anchor(5, "excellent")))
    >>> stars.distance(1, 3)
    0.5
    >>> stars.validate(2.5)
    Traceback (most recent call last):
    goldwork.errors.AnswerError: must be 1 to 5 in steps of 1. Got 2.5.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, task_type
from goldwork.tasks.classes import says_unsure
from goldwork.tasks.edits import edited
from goldwork.tasks.form import Anchor, Form, Scale
from goldwork.tasks.traps import Trap

MOST_BUTTONS = 21
"""Places that are drawn as buttons; more are a slider."""
MOST_STEPS = 10_000
FURTHEST = 1e9
FINEST = 1e-6
"""So that a place on the scale and the next one are never the same number."""
NEAR = 1e-9


@task_type("rating")
class Rating(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rating"):
    """Settings: the scale from `low` to `high` in steps, names of places, whether it is drawn as a `slider`.

    `level`: interval where a step is worth the same everywhere, ordinal where only the order counts.
    """

    low: float = 1
    high: float = 5
    step: float = 1
    anchors: tuple[Anchor, ...] = ()
    slider: bool = False
    level: Literal["interval", "ordinal"] = "interval"
    unsure: bool = False

    kind: ClassVar[str] = "numbers"
    consensus: ClassVar[str] = "bias-precision"

    def __post_init__(self) -> None:
        numbers = (self.low, self.high, self.step)
        if (
            not all(map(math.isfinite, numbers))
            or not self.low < self.high
            or not 0 < self.step <= self.high - self.low
        ):
            raise InputError(f"a scale needs low < high and a step between. Got {_said(*numbers)}.")
        if max(abs(self.low), abs(self.high)) > FURTHEST or self.step < FINEST:
            raise InputError(f"a scale lies within {-FURTHEST:g} and {FURTHEST:g}, in steps of {FINEST:g} or more.")
        if (self.high - self.low) / self.step > MOST_STEPS:
            raise InputError(f"a scale may have {MOST_STEPS:,} steps. Got {_said(*numbers)}. Take a larger step.")
        if not self._on_grid(self.high):
            raise InputError(f"the steps must reach high. Got {_said(*numbers)}.")
        for anchor in self.anchors:
            if not self._on_grid(anchor.value) or not anchor.label.strip():
                raise InputError(
                    f"an anchor needs a name and a place on the scale. Got {anchor.label!r} at {anchor.value:g}."
                )

    def validate(self, answer: Any, item: Shown = NOTHING) -> None:
        if self.unsure and says_unsure(answer):
            return
        if isinstance(answer, bool) or not isinstance(answer, int | float) or not self._on_grid(answer):
            raise AnswerError(f"must be {self.low:g} to {self.high:g} in steps of {self.step:g}. Got {answer!r}.")

    def canonical(self, answer: Any) -> Any:
        if isinstance(answer, dict):
            return answer
        number = round(self.low + round((answer - self.low) / self.step) * self.step, 9)
        return int(number) if number == int(number) else number

    def value(self, answer: Any) -> float | None:
        return None if isinstance(answer, dict) else answer

    def distance(self, first: float, second: float) -> float:
        return abs(first - second) / (self.high - self.low)

    def form(self) -> Form:
        slider = self.slider or (self.high - self.low) / self.step >= MOST_BUTTONS
        scale = Scale(self.low, self.high, self.step, self.anchors, slider, unsure=self.unsure)
        return Form(primitives=(scale,))

    def perturb(self, item: Shown, answer: Any, seed: int) -> Trap | None:
        """A change to a text, after which a person says the answer."""
        return edited(item, seed)

    def _on_grid(self, number: float) -> bool:
        if not self.low <= number <= self.high:  # also what is no number, or too large for one
            return False
        steps = (number - self.low) / self.step
        return abs(steps - round(steps)) < NEAR * max(1.0, abs(steps))


def _said(low: float, high: float, step: float) -> str:
    return f"low {low:g}, high {high:g}, step {step:g}"
