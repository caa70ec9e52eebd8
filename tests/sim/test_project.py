"""A simulated project keeps a server's promises, and its outcome tells what came of everybody."""

from __future__ import annotations

import collections
import dataclasses
import itertools
from statistics import fmean
from typing import Any

import pytest

from goldwork.errors import InputError
from goldwork.quality.policy import Policy
from goldwork.sim import Annotator, make_annotator, make_crowd
from goldwork.sim.behaviours import START
from goldwork.sim.items import settling
from goldwork.sim.learning import Made
from goldwork.sim.outcome import Outcome, majorities, outcome_of, people_of, simulate
from goldwork.sim.people import Skill
from goldwork.sim.project import Project, Record, Setting, majority

MIX = {"expert": 3, "average": 3, "slow-honest": 1, "norm": 1, "random": 2, "one-class": 1, "drifting": 1}
POLICY = Policy(overlap=2, maximum=5, target=9000, floor=7000)
SETTING = Setting(items=300, classes=4, gold=60, policy=POLICY, seed=2)


def crowd(classes: int = 4, seed: int = 2) -> list[Annotator]:
    return make_crowd(classes=classes, size=12, mix=MIX, seed=seed)


@pytest.fixture(scope="module")
def ran() -> Project:
    project = Project(crowd(), SETTING)
    project.run()
    return project


@pytest.fixture(scope="module")
def outcome(ran: Project) -> Outcome:
    return outcome_of(ran, majorities(crowd(), SETTING))


def test_nobody_judges_an_item_twice_and_nothing_is_asked_for_too_often(ran: Project) -> None:
    pairs = [(one.annotator, one.item) for one in ran.work]
    assert len(set(pairs)) == len(pairs)
    given = collections.Counter(one.item for one in ran.work)
    assert set(given) == set(range(300))
    for item, number in given.items():
        assert number == ran.view.item(item)["wanted"] or ran.share_closed < 1
    assert ran.share_closed == 1.0


def test_time_goes_on_and_a_person_does_one_thing_at_a_time(ran: Project) -> None:
    submits = sorted([*ran.work, *ran.tests], key=lambda one: one.seq)
    assert all(before.at <= after.at for before, after in itertools.pairwise(submits))
    last: dict[int, float] = {}
    for one in submits:
        assert one.at - one.seconds >= last.get(one.annotator, 0.0) - 1e-6
        last[one.annotator] = one.at
    assert ran.hours * 3600 == max(one.at for one in ran.work)


def test_gold_comes_once_a_person_one_in_every_block(ran: Project) -> None:
    tests = collections.Counter((one.annotator, one.item) for one in ran.tests)
    assert set(tests.values()) == {1}
    for person in ran.people:
        mine = sorted((one for one in [*ran.work, *ran.tests] if one.annotator == person.number), key=lambda x: x.seq)
        first = [one.item in ran.gold for one in mine if one.sitting == 1]
        blocks = [first[begin : begin + 5] for begin in range(0, len(first) - 4, 5)]
        assert [block.count(True) for block in blocks] == [1] * len(blocks)


def test_gold_is_balanced_by_class(ran: Project) -> None:
    available = collections.Counter(ran.gold.values())
    for person in ran.people:
        seen = collections.Counter(ran.gold[item] for item in person.tested)
        for code in range(4):
            assert seen[code] >= min(available[code], max(seen.values()) - 1)


def test_those_who_do_not_look_are_found_and_the_others_are_left_in_peace(outcome: Outcome) -> None:
    assert outcome.closed == 1.0
    for one in outcome.people:
        if one.behaviour in ("random", "one-class"):
            assert one.stages["quarantine"].judgements <= 100
            assert one.set_aside > 0.8 * one.judgements
            assert "home" in one.stages
        if one.honest and one.above:
            assert not any(reached.wronged for reached in one.stages.values())
            assert one.set_aside == 0
    assert outcome.accuracy > outcome.majority[3]
    assert outcome.expected == pytest.approx(outcome.accuracy, abs=0.06)


def test_costs_add_up(ran: Project, outcome: Outcome) -> None:
    assert outcome.judgements == len(ran.work) == sum(one.judgements for one in outcome.people)
    assert outcome.gold == len(ran.tests) == sum(one.gold for one in outcome.people)
    assert outcome.training == sum(person.practised for person in ran.people) > 0
    everything = outcome.judgements + outcome.gold + outcome.training
    assert outcome.per_item == everything / 300
    assert outcome.gold_share == outcome.gold / everything


def test_same_seed_same_outcome() -> None:
    small = dataclasses.replace(SETTING, items=100, gold=30)
    assert simulate(crowd(), small, votes=[3]) == simulate(crowd(), small, votes=[3])
    other = dataclasses.replace(small, seed=3)
    assert simulate(crowd(), other, votes=[]).judgements != simulate(crowd(), small, votes=[]).judgements


def test_who_is_taught_is_taught() -> None:
    """A learner is set aside, goes through the training, comes back and does better."""
    policy = Policy(overlap=3, floor=8500)
    learners = [
        make_annotator("learner", classes=4, name=f"simulated learner {n}", seed=2, accuracy=0.45, quickness=0.8)
        for n in range(4)
    ]
    people = [*learners, *make_crowd(classes=4, size=4, mix={"expert": 1}, seed=2)]
    project = Project(people, Setting(items=300, classes=4, gold=100, policy=policy, flags=False, seed=2))
    project.run()
    kinds = [record.kind for record in project.records if record.person < 4]
    assert kinds.count("warn") >= 2
    assert kinds.count("quarantine") >= 2
    for person in project.people[:4]:
        mine = [record.kind for record in project.records if record.person == person.number]
        assert person.taught == sum(kind in ("warn", "qualified", "unqualified") for kind in mine)
        now = project.skill.of(person.mind, person.moment)
        assert now > person.lowest + 0.2 if person.taught else now == person.lowest


def run(**changes: Any) -> Project:
    setting = dataclasses.replace(SETTING, items=120, gold=30)
    project = Project(crowd(), dataclasses.replace(setting, **changes))
    project.run()
    return project


def test_without_gold_nobody_is_tested_or_accused() -> None:
    project = run(policy=Policy(overlap=3, gold=False))
    assert project.tests == []
    assert {record.kind for record in project.records} <= {"watch"}
    assert len(project.work) == 360


def test_a_descriptive_project_judges_nobody_by_disagreement() -> None:
    project = run(policy=Policy(overlap=3, paradigm="descriptive", gold=False), flags=False)
    assert project.records == []
    assert project.rights() == majority(project.work, project.truth)


def test_techniques_can_be_left_out() -> None:
    def calibration(project: Project) -> Any:
        return project.view.project().get("calibration")

    assert calibration(run())
    assert not calibration(run(calibrates=False))
    blind = run(learns=False)
    assert not calibration(blind)
    assert all("skill" not in blind.view.annotator(person.number) for person in blind.people)
    reasons = [name for r in run(flags=False).records if r.kind == "watch" for name in r.evidence["reasons"]]
    assert set(reasons) <= {"peers"}


def test_an_expert_settles_what_waits() -> None:
    for learns in (True, False):
        project = run(learns=learns)
        before, answer = project.rights(), settling(4, SETTING.seed)
        waiting = {item for item in range(120) if project.view.item(item)["status"] in ("adjudicate", "audit")}
        assert project.settle() == len(waiting) > 0
        assert project.status("settled") == len(waiting)
        for item, (was, now) in enumerate(zip(before, project.rights(), strict=True)):
            stimulus = project.stimuli[item]
            assert now == (float(answer(stimulus).choice == stimulus.truth) if item in waiting else was)


def test_own_items_come_back_where_the_policy_says_so() -> None:
    project = run(policy=Policy(overlap=3, audits=10))
    done = sum(person.done.get("repeat", 0) for person in project.people)
    assert done >= 0.8 * len(project.work) / 10
    assert all(person.again <= set(person.judged) for person in project.people)


def test_the_skill_is_the_share_of_right_answers() -> None:
    project = Project(crowd(), dataclasses.replace(SETTING, gold=300))
    for person in project.people:
        right = [person.mind.answer(project.stimuli[item], 7).choice == known for item, known in project.gold.items()]
        assert fmean(right) == pytest.approx(project.skill.of(person.mind, START), abs=0.09)


def test_without_gold_items_there_is_no_skill_to_tell() -> None:
    assert Skill([], {}, 3).of(make_annotator("expert", classes=3, name="simulated 1"), START) == 0


def test_who_is_wronged_was_honest_and_never_below_the_floor() -> None:
    project = Project(crowd(), SETTING)
    by_kind = {person.mind.behaviour: person.number for person in reversed(project.people)}

    def warn(kind: str, lowest: float, stage: str = "warn") -> None:
        project.records.append(Record(by_kind[kind], stage, 10, 2, 3600.0, lowest, {}))

    warn("expert", 0.9)
    warn("expert", 0.6, "propose")
    warn("expert", 0.6, "unqualified")
    warn("slow-honest", 0.69)
    warn("norm", 0.8, "watch")
    warn("random", 0.8)
    told = {one.behaviour: one for one in people_of(project) if one.stages}
    assert told["expert"].stages["warn"].wronged
    assert told["expert"].stages["warn"].hours == 1.0
    assert set(told["expert"].stages) == {"warn", "home"}
    assert not told["expert"].stages["home"].wronged
    assert not told["slow-honest"].stages["warn"].wronged
    assert not told["norm"].stages["watch"].wronged
    assert not told["random"].stages["warn"].wronged


def test_ties_of_a_majority_are_broken_by_lot() -> None:
    made = [Made(item, who, answer, 1.0, 0.0, 1, 1) for item, who, answer in ((0, 0, 1), (0, 1, 2), (1, 0, 1))]
    assert majority(made, [1, 1, 0]) == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(
    ("changes", "message"), [({"items": 0}, "1 or more items. Got 0"), ({"gold": 0}, "gold needs 1 or more")]
)
def test_a_setting_that_makes_no_project_is_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataclasses.replace(SETTING, **changes)
