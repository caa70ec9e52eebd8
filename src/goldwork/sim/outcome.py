"""How a simulated project went: who was found and when, at what cost, how right the result is, who was wronged.

Somebody is *wronged* who was honest, had been at or above the project's floor at every judgement until then, and was
warned, had work set aside, or was sent home. The floor is about gold, so their accuracy is that on the project's gold,
by the model that they answer by; no luck is in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from goldwork.quality.policy import WHOLE, Policy
from goldwork.sim.annotator import Annotator
from goldwork.sim.appeals import MINUTES, Appeals
from goldwork.sim.behaviours import START
from goldwork.sim.people import Person, Skill
from goldwork.sim.project import Project, Record, Setting

STAGES = ("watch", "warn", "quarantine", "home")
"""What may be decided about people: more gold, a warning, work set aside, sent home: proposed by the evidence or for
failing the training too often, and decided by a person."""
VOTES = (3, 5)
"""Numbers of votes whose plain majority stands beside the result."""
PURPOSES = ("work", "gold", "repeat", "practice")
_HOME = ("propose", "unqualified")


@dataclasses.dataclass(frozen=True)
class Reached:
    """When somebody first came to a stage: after how many judgements and gold items, and whether they were wronged."""

    judgements: int
    gold: int
    hours: float
    wronged: bool


@dataclasses.dataclass(frozen=True)
class Told:
    """One person. `accuracy` on gold at the beginning, `lowest` that there was; `above`: never below the floor."""

    name: str
    behaviour: str
    honest: bool
    accuracy: float
    lowest: float
    above: bool
    judgements: int
    gold: int
    set_aside: int
    stages: Mapping[str, Reached]


@dataclasses.dataclass(frozen=True)
class Disputed:
    """Appeals: how many, how many of them against a mistaken decision, upheld, overturned, answered wrongly, and the
    reviewer's hours. `ruled`: decisions that a person has ruled on, appealed or not; `rate`: overturned of these."""

    appeals: int
    mistaken: int
    upheld: int
    overturned: int
    wrongly: int
    hours: float
    ruled: int

    @property
    def rate(self) -> float | None:
        return self.overturned / self.ruled if self.ruled else None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One project.

    - `judgements` of items, `gold`, `repeats`, `training`: how many submits there were; `per_item`: all of them an item
    - `accuracy`: of the result; `expected`: what the engine itself expects of the items that it measures
    - `experts`: the share of the items that wait for an expert; `closed`: that wants nothing more, these included
    - `settled`: items that an expert answered at the end; `final`: the result's accuracy after that
    - `majority`: accuracy by number of votes, without gold, of the same crowd on the same items
    """

    items: int
    floor: float
    judgements: int
    gold: int
    repeats: int
    training: int
    accuracy: float
    expected: float | None
    experts: float
    closed: float
    hours: float
    settled: int
    final: float
    disputed: Disputed
    majority: Mapping[int, float]
    people: Sequence[Told]

    @property
    def per_item(self) -> float:
        return (self.judgements + self.gold + self.repeats + self.training) / self.items

    @property
    def gold_share(self) -> float:
        return self.gold / max(self.judgements + self.gold + self.repeats + self.training, 1)


def simulate(
    crowd: Sequence[Annotator],
    setting: Setting,
    *,
    votes: Sequence[int] = VOTES,
    progress: Callable[[float], None] = lambda _: None,
) -> Outcome:
    """Let the crowd work on a project, and on the same items under fixed overlap with no quality control at all."""
    project = Project(crowd, setting)
    project.run(progress)
    return outcome_of(project, majorities(crowd, setting, votes))


def outcome_of(project: Project, plain: Mapping[int, float]) -> Outcome:
    """What came of a project that has run; then an expert settles what waits for one."""
    whole, setting = project.view.project(), project.setting
    done = {purpose: sum(person.done.get(purpose, 0) for person in project.people) for purpose in PURPOSES}
    measured = whole.get("measured", 0)
    found = Outcome(
        items=setting.items,
        floor=setting.policy.floor / WHOLE,
        judgements=done["work"],
        gold=done["gold"],
        repeats=done["repeat"],
        training=done["practice"],
        accuracy=fmean(project.rights()),
        expected=whole["sure"] / 1e6 / measured if measured else None,
        experts=project.status("adjudicate") / setting.items,
        closed=project.share_closed,
        hours=project.hours,
        settled=0,
        final=0.0,
        disputed=disputed(project.appeals, len(project.ruled)),
        majority=plain,
        people=people_of(project),
    )
    return dataclasses.replace(found, settled=project.settle(), final=fmean(project.rights()))


def disputed(appeals: Appeals, ruled: int) -> Disputed:
    """What came of the appeals."""
    return Disputed(
        appeals=len(appeals.all),
        mistaken=sum(one.mistaken for one in appeals.all),
        upheld=sum(one.verdict == "upheld" for one in appeals.all),
        overturned=appeals.overturned,
        wrongly=appeals.mistakes,
        hours=len(appeals.all) * MINUTES / 60,
        ruled=ruled,
    )


def majorities(crowd: Sequence[Annotator], setting: Setting, votes: Sequence[int] = VOTES) -> dict[int, float]:
    """The accuracy of so many votes' majority where nothing else is done; each number is a project of its own."""
    found = {}
    for number in votes:
        bare = Policy(overlap=number, gold=False, paradigm="descriptive", floor=setting.policy.floor)
        project = Project(crowd, dataclasses.replace(setting, policy=bare, learns=False, flags=False))
        project.run()
        found[number] = fmean(project.rights())
    return found


def people_of(project: Project) -> list[Told]:
    """What came of everybody."""
    floor = project.policy.floor / WHOLE
    kept = {person.number: 0 for person in project.people}
    for one in project.counted(project.work):
        kept[one.annotator] += 1
    return [
        tell(person, project.skill, project.records, floor, len(person.judged) - kept[person.number])
        for person in project.people
    ]


def tell(person: Person, skill: Skill, records: Sequence[Record], floor: float, set_aside: int) -> Told:
    """What came of somebody."""
    mine = [record for record in records if record.person == person.number]
    return Told(
        name=person.mind.name,
        behaviour=person.mind.behaviour,
        honest=person.honest,
        accuracy=skill.of(person.mind, START),
        lowest=person.lowest,
        above=person.lowest >= floor,
        judgements=person.done.get("work", 0),
        gold=person.done.get("gold", 0),
        set_aside=set_aside,
        stages=_stages(mine, floor, person.honest),
    )


def _stages(records: Sequence[Record], floor: float, honest: bool) -> dict[str, Reached]:
    found: dict[str, Reached] = {}
    for record in records:
        stage = "home" if record.kind in _HOME else record.kind
        if stage in STAGES and stage not in found:
            wronged = honest and record.lowest >= floor and stage != "watch"
            found[stage] = Reached(record.judgements, record.gold, record.at / 3600, wronged)
    return found
