"""Who disagrees with what was decided about them, and what a second person makes of it.

Whoever has work set aside, is sent home, or fails the training for good disagrees with a probability of their own,
which is larger for honest people. The decision is *mistaken* where they had never been below the project's floor on
gold. A reviewer comes every `EVERY` seconds, takes `MINUTES` for each appeal, and sees from the evidence whether the
decision is mistaken with probability `RELIABLE`; otherwise they take the one for the other. None of this was measured.

    >>> appeals = Appeals(seed=1)
    >>> made = [appeals.hear((n, 0), n, f"somebody {n}", True, "quarantine", True, 60.0 * n) for n in range(100)]
    >>> answers = [appeals.answer(one.about) for one in appeals.all]
    >>> len(appeals.all), answers.count("overruled"), appeals.mistakes
    (67, 57, 10)
"""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Literal

DISPUTED = ("quarantine", "propose", "unqualified")
"""The decisions that people disagree with."""
HONEST, OTHERS = (0.4, 0.9), (0.0, 0.5)
"""Between which probabilities honest people's own one to disagree lies, and that of others, drawn uniformly."""
RELIABLE = 0.9
EVERY = 2 * 3600.0
"""In seconds."""
MINUTES = 10.0

Verdict = Literal["upheld", "overruled"]


@dataclasses.dataclass
class Appeal:
    """One appeal. `about`: the decision's place in the log; `person`: who; `mistaken`: whether they are in the right;
    `at`, `due`: when it was made, and when the reviewer comes, in seconds; `verdict` None: not answered yet."""

    about: tuple[int, int]
    person: int
    name: str
    kind: str
    mistaken: bool
    at: float
    due: float
    verdict: Verdict | None = None


class Appeals:
    """The appeals of a project, in the order in which they were made."""

    def __init__(self, seed: int) -> None:
        self.all: list[Appeal] = []
        self._seed = seed
        self._heard: dict[int, int] = {}

    @property
    def next(self) -> Appeal | None:
        """The first that is not answered."""
        return next((one for one in self.all if one.verdict is None), None)

    @property
    def overturned(self) -> int:
        return sum(one.verdict == "overruled" for one in self.all)

    @property
    def mistakes(self) -> int:
        """How often the reviewer saw it wrongly, either way."""
        return sum(one.verdict is not None and (one.verdict == "overruled") != one.mistaken for one in self.all)

    def hear(
        self, about: tuple[int, int], person: int, name: str, honest: bool, kind: str, mistaken: bool, at: float
    ) -> Appeal | None:
        """Somebody learns of a decision about themselves. Returns their appeal, None where they let it stand."""
        self._heard[person] = number = self._heard.get(person, 0) + 1
        own = random.Random(f"{self._seed}/appeals/{name}").uniform(*(HONEST if honest else OTHERS))
        if random.Random(f"{self._seed}/appeals/{name}/{number}").random() >= own:
            return None
        due = EVERY * (math.floor(at / EVERY) + 1)
        self.all.append(Appeal(about, person, name, kind, mistaken, at, due))
        return self.all[-1]

    def answer(self, about: tuple[int, int]) -> Verdict:
        """What the reviewer says of the appeal against a decision."""
        [one] = [one for one in self.all if one.about == about]
        draw = random.Random(f"{self._seed}/reviewer/{one.name}/{one.kind}/{self.all.index(one)}")
        seen = one.mistaken == (draw.random() < RELIABLE)
        one.verdict = "overruled" if seen else "upheld"
        return one.verdict
