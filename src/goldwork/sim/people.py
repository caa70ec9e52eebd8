"""The people of a simulated project: what each has done, and how good they are against the project's gold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from goldwork.sim.annotator import Annotator, Stimulus
from goldwork.sim.behaviours import Floats, Moment
from goldwork.sim.behaviours import behaviour as behaviours
from goldwork.sim.blocks import Blocks
from goldwork.sim.hours import Hours


@dataclasses.dataclass(frozen=True)
class Held:
    """What a person is at: an item for a purpose, and the answer that they will hand in."""

    purpose: str
    item: int
    choice: int
    seconds: float


@dataclasses.dataclass
class Person:
    """Somebody at work. `number` is their place in the crowd, by which the engine knows them.

    - `judged`: by item of ordinary work, what they answered; `tested`: gold they were shown; `again`: items repeated;
      `practised`: how many training items they were shown
    - `stand`: where in the project's order they are
    - `lowest`: the lowest accuracy on gold that was theirs at any judgement so far
    - `done`: how many submits they made, by purpose
    """

    number: int
    mind: Annotator
    hours: Hours
    gold: Blocks
    audits: Blocks
    judged: dict[int, int] = dataclasses.field(default_factory=dict)
    tested: set[int] = dataclasses.field(default_factory=set)
    again: set[int] = dataclasses.field(default_factory=set)
    practised: int = 0
    taught: int = 0
    stand: int = -1
    held: Held | None = None
    lowest: float = 1.0
    done: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def honest(self) -> bool:
        """Whether they look at every item and answer what they think."""
        return bool(behaviours.facts(self.mind.behaviour).get("honest"))

    @property
    def moment(self) -> Moment:
        return Moment(sum(self.done.values()), self.hours.place, taught=self.taught)

    def take(self, purpose: str, item: int, stimulus: Stimulus, *, repeat: int = 0) -> None:
        """Begin with an item: the answer is made up now and handed in after the seconds that it takes."""
        answer = self.mind.answer(stimulus, repeat, self.moment)
        self.held = Held(purpose, item, answer.choice, answer.seconds)
        if purpose == "gold":
            self.tested.add(item)
        if purpose == "repeat":
            self.again.add(item)
        if purpose == "practice":
            self.practised += 1

    def hand_in(self) -> Held:
        """End with the item."""
        held = self.held
        assert held is not None
        self.held = None
        self.done[held.purpose] = self.done.get(held.purpose, 0) + 1
        if held.purpose == "work":
            self.judged[held.item] = held.choice
        self.hours.work(held.seconds)
        return held


def make_people(crowd: Sequence[Annotator], seed: int) -> list[Person]:
    """One for each of the crowd."""
    return [
        Person(
            number,
            mind,
            Hours(mind.name, seed),
            Blocks(f"{seed}/gold/{mind.name}"),
            Blocks(f"{seed}/audits/{mind.name}"),
        )
        for number, mind in enumerate(crowd)
    ]


class Skill:
    """How often people are right, by the answers `known` of some items, on average over these."""

    def __init__(self, stimuli: Sequence[Stimulus], known: Mapping[int, int], classes: int) -> None:
        self._seen = [_joint(stimuli, known, classes, other_norm) for other_norm in (False, True)]

    def of(self, mind: Annotator, moment: Moment) -> float:
        """The accuracy of somebody at a moment."""
        character: Any = mind.character
        return float((self._seen[character.other_norm] * character.confusion_at(moment).T).sum())


def _joint(stimuli: Sequence[Stimulus], known: Mapping[int, int], classes: int, other_norm: bool) -> Floats:
    """[K, K]: how often an item with each known answer (first axis) looks like each class."""
    joint = np.zeros((classes, classes))
    for place, answer in known.items():
        joint[answer] += stimuli[place].looks_like(classes, other_norm=other_norm)
    return joint / max(len(known), 1)
