"""Requests with responses of hidden worth, for reward models: forty prompts, eight candidates each, all made up here.

A candidate is put together of what helps (one or two sentences that say something, a step to check oneself by) and of
what does not (openings and endings that say nothing). People have a hidden taste for these parts, and prefer one of two
by the logistic model: a hidden worth, seen through noise.
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
from collections.abc import Mapping
from importlib import resources

CANDIDATES = 8
OPENINGS = (("", 0.0), ("What a great question! ", -0.8), ("It depends on many things. ", -0.9), ("In short: ", 0.3))
ENDINGS = (
    ("", 0.0),
    (" I hope this helps!", -0.5),
    (" There is much more to be said about this fascinating topic, and opinions differ.", -0.9),
    (" Try it on something small first, and see whether it works.", 0.7),
    (" To check: do it once more tomorrow and compare.", 0.6),
)
SAYS = 1.1
"""What a sentence is worth that says something."""
NOTHING = "You will find the right way if you look at it from every side."


@dataclasses.dataclass(frozen=True)
class Request:
    """A prompt and its candidates, each once, with what they are worth to people."""

    prompt: str
    worth: Mapping[str, float]

    @property
    def candidates(self) -> list[str]:
        return list(self.worth)


def requests(seed: int = 1) -> list[Request]:
    """Forty requests. The same for the same seed."""
    lines = (resources.files(__package__) / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    return [_request(json.loads(line), random.Random(f"{seed}/{number}")) for number, line in enumerate(lines)]


def prefers(first: float, second: float, draw: random.Random, *, sees: float = 1.0) -> bool:
    """Whether somebody prefers the first, by what the two are worth; `sees`: how sharply they look."""
    return draw.random() < 1 / (1 + math.exp(-sees * (first - second)))


def _request(record: Mapping[str, object], draw: random.Random) -> Request:
    said = [str(sentence) for sentence in record["says"]]  # type: ignore[attr-defined]
    worth: dict[str, float] = {}
    while len(worth) < CANDIDATES:
        number = draw.choice((0, 1, 1, 2))
        (opening, before), (ending, after) = draw.choice(OPENINGS), draw.choice(ENDINGS)
        middle = " ".join(draw.sample(said, number)) or NOTHING
        worth[f"{opening}{middle}{ending}"] = SAYS * number + before + after
    return Request(str(record["prompt"]), worth)
