"""A whole project in memory: people come and go, get items and gold, answer; the engine's step decides.

The step is the server's (`goldwork.quality.engine`), fed with the same events in the order of the clock. What stands
around it is simpler than a server and does as one does: everybody goes round the open items in one random order, an
item is held while somebody is at it and never asked for more often than the engine wants, gold comes by blocks and
balanced by class, each gold item once a person. Every half as many judgements as there are items, everything is
inferred anew, calibrated from gold, and looked through for flags.

What people decide in a real project is decided by rule here: who is taught gets the training at once; whoever the
engine proposes, or who fails the training too often, is sent home; and some disagree (`goldwork.sim.appeals`). At the
end an expert settles what waits for one.

    >>> from goldwork.quality.policy import WHOLE, Policy
    >>> from goldwork.sim import make_crowd
    >>> setting = Setting(items=60, classes=3, gold=20, policy=Policy(overlap=2, slice=0, floor=7000), seed=1)
    >>> project = Project(make_crowd(classes=3, size=6, mix={"expert": 5, "random": 1}, seed=1), setting)
    >>> project.run()
    >>> project.share_closed, [record.kind for record in project.records if record.kind == "quarantine"]
    (1.0, ['quarantine'])
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.quality import training
from goldwork.quality.engine import Decision, Event
from goldwork.quality.items import CLOSED, is_out
from goldwork.quality.policy import WHOLE, Policy
from goldwork.quality.posterior import Given
from goldwork.quality.recorded import voted
from goldwork.quality.replay import Replay
from goldwork.sim.annotator import Annotator
from goldwork.sim.appeals import DISPUTED, Appeals
from goldwork.sim.items import make_gold, make_items, settling
from goldwork.sim.learning import Made, calibrate, flagged, infer, shares
from goldwork.sim.line import Line
from goldwork.sim.people import Held, Person, Skill, make_people

QUESTION = "answer"
TRAINING = 40
"""Training items. Whoever has been through them begins again."""
SWEEP = 0.5
"""Everything is inferred anew after so many judgements, as a share of the items."""
LEAST_SWEEP = 100
"""At least so many."""
WAITING = ("adjudicate", "audit")
"""States of the items that wait for an expert."""
CHUNK = 500
"""Items that one event is about, at most."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """A project to simulate.

    - `gold`: how many gold items there are; `policy` says how they are mixed in, and everything else
    - `learns`: whether answers are told as classes, so that the engine learns confusions; otherwise items stop early on
      exact agreement alone, and the result is the majority's
    - `calibrates`, `flags`: whether confidences are calibrated from gold, and people are looked through for flags
    - `heeds`: whether people at whom flags or peers point get more gold
    """

    items: int = 2000
    classes: int = 4
    gold: int = 100
    policy: Policy = dataclasses.field(default_factory=Policy)
    learns: bool = True
    calibrates: bool = True
    flags: bool = True
    heeds: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.items < 1:
            raise InputError(f"a project needs 1 or more items. Got {self.items}.")
        if self.gold < 1 and self.policy.gold:
            raise InputError(f"gold needs 1 or more items. Got {self.gold}.")


@dataclasses.dataclass(frozen=True)
class Record:
    """A decision about a person, and how far they were: judgements of items, gold items, seconds since the beginning.

    `lowest`: the lowest accuracy on gold that had been theirs until then.
    """

    person: int
    kind: str
    judgements: int
    gold: int
    at: float
    lowest: float
    evidence: Mapping[str, Any]


class Project:
    """A project with its people; `run` lets them work until nothing is left to do."""

    def __init__(self, crowd: Sequence[Annotator], setting: Setting) -> None:
        self.setting = setting
        self.policy = setting.policy
        self.people = make_people(crowd, setting.seed)
        self.stimuli = make_items(setting.items, classes=setting.classes, seed=setting.seed)
        self.gold = self._write("gold", setting.gold)
        self.training = self._write("training", TRAINING)
        self.skill = Skill(self.stimuli, self.gold or dict(enumerate(self.truth)), setting.classes)
        self.view = Replay()
        self.work: list[Made] = []
        self.tests: list[Made] = []
        self.records: list[Record] = []
        self.appeals = Appeals(setting.seed)
        self.ruled: set[tuple[int, int]] = set()
        self._seq = 0
        self._now = 0.0
        self._every = max(LEAST_SWEEP, round(SWEEP * setting.items))
        self._sweep = self._every
        self._learned = 0
        self._line = Line(setting.items, wanted=self.policy.overlap, seed=setting.seed)
        self._shown = dict.fromkeys(self.gold, 0)
        self._turns: list[tuple[float, int]] = []
        self._idle: set[int] = set()

    @property
    def truth(self) -> list[int]:
        return [stimulus.truth for stimulus in self.stimuli[: self.setting.items]]

    def _write(self, name: str, number: int) -> dict[int, int]:
        """Gold that experts have written, put after the items there are."""
        made, answers = make_gold(number, self.setting.classes, seed=self.setting.seed, prefix=name)
        first = len(self.stimuli)
        self.stimuli += made
        return {first + place: answer for place, answer in enumerate(answers)}

    @property
    def share_closed(self) -> float:
        """The share of the items that want no more judgements."""
        return self._line.closed

    @property
    def hours(self) -> float:
        """How long it took, from the beginning to the last judgement of an item."""
        return self.work[-1].at / 3600 if self.work else 0.0

    def run(self, progress: Callable[[float], None] = lambda _: None) -> None:
        """Let everybody work; `progress` hears now and then which share of the items is closed."""
        opened = {"batch": 1, "after": -1, "through": self.setting.items - 1, "items": self.setting.items, "judged": []}
        self._add("policy", {"policy": msgspec.to_builtins(self.policy)})
        for item, known in self.gold.items() if self.policy.gold else ():
            self._add("gold", self._written(item, known))
        self._add("opened", opened)
        self._turns = [(person.hours.now, person.number) for person in self.people]
        heapq.heapify(self._turns)
        while self._turns or self.appeals.next:
            appeal = self.appeals.next
            if appeal and not (self._turns and self._turns[0][0] < appeal.due):
                self._now = max(self._now, appeal.due)
                self._rule(appeal.about, appeal.person, appeal.kind, self.appeals.answer(appeal.about))
                self._wake()
            else:
                self._turn()
            if len(self.work) >= self._sweep or not self._turns:
                progress(self.share_closed)
                self._learn()

    def _turn(self) -> None:
        """Whoever is next hands in what they are at, or begins with something."""
        self._now, number = heapq.heappop(self._turns)
        person = self.people[number]
        if person.held is None:
            self._take(person)
        else:
            self._hand_in(person)

    def _take(self, person: Person) -> None:
        """Give somebody something to do: training, gold, an own item again, or an item."""
        state = self.view.annotator(person.number)
        if state.get("paused") or training.is_barred(state):
            self._idle.add(person.number)  # at home, until somebody says otherwise
            return
        if training.due(state, self.view.project(), self.policy):
            times, place = divmod(person.practised, len(self.training))
            item = list(self.training)[place]
            person.take("practice", item, self.stimuli[item], repeat=times)
        elif (found := self._line.next(person.judged, person.stand)) is None:
            self._idle.add(person.number)
            return
        elif (test := self._next_gold(person, state)) is not None:
            self._shown[test] += 1
            person.take("gold", test, self.stimuli[test])
        elif (own := self._next_repeat(person)) is not None:
            person.take("repeat", own, self.stimuli[own], repeat=1)
        else:
            item, person.stand = found
            self._line.hold(item)
            person.take("work", item, self.stimuli[item])
        assert person.held is not None
        heapq.heappush(self._turns, (self._now + person.held.seconds, person.number))

    def _next_gold(self, person: Person, state: Mapping[str, Any]) -> int | None:
        """The gold item to be shown now, if one is: of the class that they saw least, the least shown one."""
        policy = self.policy
        if not policy.gold:
            return None
        short = person.hours.sitting == 1 or (self.setting.heeds and state.get("watch"))
        if not person.gold.next(policy.gold_first if short else policy.gold_block):
            return None
        left = [item for item in self.gold if item not in person.tested and self._shown[item] < policy.gold_cap]
        seen = [0] * self.setting.classes
        for item in person.tested:
            seen[self.gold[item]] += 1
        return min(left, key=lambda item: (seen[self.gold[item]], self._shown[item]), default=None)

    def _next_repeat(self, person: Person) -> int | None:
        """The oldest item of their own that was not asked again, where one is due."""
        if not self.policy.audits or not person.audits.next(self.policy.audits):
            return None
        return next((item for item in person.judged if item not in person.again), None)

    def _wake(self) -> None:
        """There is something to do again."""
        for number in sorted(self._idle):
            self.people[number].hours.wait(self._now)
            heapq.heappush(self._turns, (self.people[number].hours.now, number))
        self._idle.clear()

    def _hand_in(self, person: Person) -> None:
        person.lowest = min(person.lowest, self.skill.of(person.mind, person.moment))
        sitting = person.hours.sitting
        held = person.hand_in()
        made = Made(held.item, person.number, held.choice, held.seconds, self._now, sitting, self._seq + 1)
        if held.purpose in ("gold", "work"):
            (self.tests if held.purpose == "gold" else self.work).append(made)
        self._add("submit", self._body(person, held))
        if held.purpose == "work":
            self._refresh((held.item,))
        heapq.heappush(self._turns, (person.hours.now, person.number))

    def _body(self, person: Person, held: Held) -> dict[str, Any]:
        """The event of a submit, with what a server works out: how right the answer is, where that is known."""
        body = {
            "annotator": person.number,
            "item": held.item,
            "kind": "answer",
            "ms": round(1000 * held.seconds),
            "purpose": held.purpose,
            "surplus": False,
            "said": {QUESTION: self._say(held.choice)},
        }
        if held.purpose == "repeat":
            return body | {"first": True, "score": 1000 * (held.choice == person.judged[held.item])}
        if held.purpose == "work":
            return body
        known = (self.gold if held.purpose == "gold" else self.training)[held.item]
        return body | {
            "first": True,
            "gold": held.purpose,
            "known": {QUESTION: self._say(known)},
            "score": 1000 * (held.choice == known),
            "stratum": f"{QUESTION}={known}",
            "guideline": 1,
        }

    def _written(self, item: int, known: int) -> dict[str, Any]:
        """The event of a gold item. It was drawn at random, as far as experts agreed on it."""
        before = {"was": {}, "was_drawn": False, "scores": {}, "said": {}}
        now = {"gold": "gold", "known": {QUESTION: self._say(known)}, "drawn": True, "stratum": f"{QUESTION}={known}"}
        return {"item": item, **before, **now}

    def _say(self, choice: int) -> list[int]:
        return [choice, self.setting.classes if self.setting.learns else 0]

    def _add(self, kind: str, body: Mapping[str, Any]) -> None:
        """One event, and what its decisions about people bring with them."""
        self._seq += 1
        event = Event(self._seq, kind, body, round(1000 * self._now))
        for place, decision in enumerate(self.view.step(event)):
            what, _, number = decision.subject.partition(" ")
            if what == "annotator":
                self._decided(self.people[int(number)], decision, (event.seq, place))

    def _decided(self, person: Person, decision: Decision, about: tuple[int, int]) -> None:
        done = person.done
        self.records.append(
            Record(
                person.number,
                decision.kind,
                done.get("work", 0),
                done.get("gold", 0),
                self._now,
                person.lowest,
                decision.evidence,
            )
        )
        if decision.kind in ("warn", "qualified", "unqualified"):
            person.taught += 1
        if decision.kind in ("quarantine", "qualified", "restored"):
            self._reweigh(person)
        if decision.kind == "propose":
            self._rule(about, person.number, "propose", "upheld", "pause")
        if decision.kind in DISPUTED:
            who, mistaken = person.mind.name, person.lowest >= self.policy.floor / WHOLE
            if self.appeals.hear(about, person.number, who, person.honest, decision.kind, mistaken, self._now):
                self._add("appeal", {"about": list(about), "annotator": person.number})

    def _rule(self, about: tuple[int, int], person: int, kind: str, verdict: str, action: str = "") -> None:
        """A person says of a decision whether it stands; overruled, what followed from it is taken back."""
        action = {"propose": "resume", "unqualified": "retake"}.get(kind, "") if verdict == "overruled" else action
        self.ruled.add(about)
        body = {"about": list(about), "annotator": person, "decision": kind, "verdict": verdict, "action": action}
        self._add("ruling", body)

    def settle(self) -> int:
        """An expert answers what waits for one. Returns how many items that were."""
        answer = settling(self.setting.classes, self.setting.seed)
        waiting = [item for item in range(self.setting.items) if self.view.item(item).get("status") in WAITING]
        for item in waiting:
            made = answer(self.stimuli[item])
            body = {"annotator": len(self.people), "item": item, "kind": "answer", "purpose": "adjudication"}
            said = {QUESTION: self._say(made.choice)}
            self._add("submit", body | {"ms": round(1000 * made.seconds), "surplus": False, "said": said})
        return len(waiting)

    def _reweigh(self, person: Person) -> None:
        for some in _chunks(list(person.judged)):
            self._add("reweighed", {"items": some})
            self._refresh(some)

    def _refresh(self, items: Iterable[int]) -> None:
        """Look how many judgements the engine wants of these now."""
        opened = [self._line.want(item, self.view.item(item)["wanted"]) for item in items]
        if any(opened):
            self._wake()

    def counted(self, made: Sequence[Made]) -> list[Made]:
        """Those of these judgements that are not set aside."""
        return [one for one in made if not is_out(self.view.annotator(one.annotator), one.seq)]

    def _learn(self) -> None:
        """What a server's worker does now and then, where there are judgements that it has not seen."""
        if len(self.work) == self._learned:
            return
        self._learned = len(self.work)
        self._sweep = self._learned + self._every
        setting, through = self.setting, self._seq
        work, tests = self.counted(self.work), self.tests
        if setting.learns and self.policy.paradigm == "prescriptive" and work:
            size = {"items": setting.items, "people": len(self.people), "classes": setting.classes}
            found = infer(work, tests, self.gold, **size, alone=self.policy.alone)
            if setting.calibrates and tests:
                both = calibrate(tests, self.gold, found, setting.seed)
                self._add("calibration", {"questions": {QUESTION: both}})
            for some in _chunks(sorted({one.item for one in work})):
                both_of = zip(some, shares(found, some), strict=True)
                self._add("learned", {"items": [[item, {QUESTION: own}] for item, own in both_of], "through": through})
                self._refresh(some)
        if setting.flags and self.work:
            for number, names in flagged(self.work, self.gold, self._payloads()).items():
                self._add("watch", {"annotator": number, "reasons": names})

    def _payloads(self) -> Items:
        """The items as a flag sees them: long ones take longer."""
        texts = enumerate(self.stimuli[: self.setting.items])
        return Items.from_records({"id": item, "text": "x" * round(20 * one.seconds)} for item, one in texts)

    def rights(self) -> list[float]:
        """How right the result is on every item, by the truth: 1, 0, or the chance that a tie is broken rightly."""
        truth, items = self.truth, [self.view.item(item) for item in range(self.setting.items)]
        if self.setting.learns and self.policy.paradigm == "prescriptive":
            answers = [item.get("answer", {}).get(QUESTION) for item in items]
            plain = [float(answer == known) for answer, known in zip(answers, truth, strict=True)]
        else:
            plain = majority(self.counted(self.work), truth)
        words = (item.get("known", {}).get(QUESTION) for item in items)
        all_of = zip(plain, words, truth, strict=True)
        return [right if word is None else float(word[0] == known) for right, word, known in all_of]

    def status(self, *names: str) -> int:
        """How many items are in one of these states (`CLOSED`: all that want no more)."""
        states = (self.view.item(item).get("status", "open") for item in range(self.setting.items))
        return sum(state in (names or CLOSED) for state in states)


def majority(work: Sequence[Made], truth: Sequence[int]) -> list[float]:
    """How right the majority is on every item, ties broken by lot."""
    given: list[list[Given]] = [[] for _ in truth]
    for one in work:
        given[one.item].append(Given(one.annotator, one.answer))
    return [voted(some, known) for some, known in zip(given, truth, strict=True)]


def _chunks(items: Sequence[int]) -> Iterable[list[int]]:
    return (list(items[begin : begin + CHUNK]) for begin in range(0, len(items), CHUNK))
