"""Every behaviour answers as its file states; the crowd is what its mix says."""

from __future__ import annotations

import dataclasses
import math
import random
import statistics
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare, kstest, norm

from goldwork.errors import InputError, UnknownNameError
from goldwork.sim import Annotator, Answer, Moment, Stimulus, make_annotator, make_crowd
from goldwork.sim.behaviours import START, behaviour
from goldwork.sim.crowd import DOZEN, FULL, share_out

UNLIKELY = 1e-4
"""Below so small a p-value the figures are not those stated. Seeds are fixed, so a pass is a pass."""


def person(kind: str, classes: int = 4, **options: object) -> Annotator:
    return make_annotator(kind, classes=classes, name=f"simulated {kind} 1", seed=3, **options)


def tally(somebody: Annotator, stimuli: list[Stimulus]) -> np.ndarray:
    choices = [somebody.answer(stimulus).choice for stimulus in stimuli]
    return np.bincount(choices, minlength=somebody.character.classes)


def check_row(counts: np.ndarray, expected: np.ndarray) -> None:
    possible = expected > 0
    assert counts[~possible].sum() == 0
    if possible.sum() > 1:
        assert chisquare(counts[possible], expected[possible] * counts.sum()).pvalue > UNLIKELY


@pytest.mark.parametrize("kind", behaviour.names())
def test_answers_follow_the_confusion_of_two_classes(kind: str) -> None:
    somebody = person(kind, 2)
    for truth in range(2):
        counts = tally(somebody, [Stimulus(f"item {i}", truth) for i in range(1000)])
        check_row(counts, somebody.character.confusion[truth])


@pytest.mark.parametrize("kind", behaviour.names())
def test_confusion_is_a_confusion(kind: str) -> None:
    for classes in (2, 3, 10, 50):
        confusion = person(kind, classes).character.confusion
        assert confusion.shape == (classes, classes)
        assert (confusion >= 0).all()
        np.testing.assert_allclose(confusion.sum(axis=1), 1)


def coin(accuracy: float) -> np.ndarray:
    return np.where(np.eye(4), accuracy, (1 - accuracy) / 3)


def class_two(share: float) -> np.ndarray:
    return share * np.array([0, 0, 1, 0]) + np.zeros((4, 4))


STATED: dict[str, tuple[dict[str, Any], Moment, np.ndarray]] = {
    "expert": ({"accuracy": 0.97}, START, coin(0.97)),
    "average": ({"accuracy": 0.88}, START, coin(0.88)),
    "careless": ({"attention": 0.6}, START, 0.6 * coin(0.9) + 0.1),
    "biased": ({"favourite": 2, "pull": 0.4}, START, 0.6 * coin(0.9) + class_two(0.4)),
    "random": ({}, START, np.full((4, 4), 0.25)),
    "one-class": ({"favourite": 2}, START, class_two(1)),
    "position": ({"favourite": 2, "pull": 0.8}, START, 0.2 * coin(0.9) + class_two(0.8)),
    "position, turned": (
        {"favourite": 0, "pull": 0.8}, Moment(shown=(2, 0, 3, 1)), 0.2 * coin(0.9) + class_two(0.8)
    ),
    "fast": ({"rush": 0.5}, START, 0.5 * coin(0.88) + 0.125),
    "tired, rested": ({"accuracy": 0.95}, Moment(400, 0), coin(0.95)),
    "tired, half": ({"accuracy": 0.95}, Moment(400, 50), coin(0.75)),
    "tired, wholly": ({"accuracy": 0.95}, Moment(400, 130), coin(0.55)),
    "drifting, before": ({"accuracy": 0.95}, Moment(119, 119), coin(0.95)),
    "drifting, after": ({"accuracy": 0.95}, Moment(120, 0), coin(0.5)),
    "colluding": ({"together": 0.8}, START, 0.8 * coin(0.6) + 0.2 * coin(0.75)),
    "norm": ({"accuracy": 0.9}, START, coin(0.9)),
    "slow-honest": ({"accuracy": 0.95}, START, coin(0.95)),
    "learner, first": ({"accuracy": 0.65, "quickness": 0.5}, START, coin(0.65)),
    "learner, twice": ({"accuracy": 0.65, "quickness": 0.5}, Moment(taught=2), coin(0.86)),
}  # fmt: skip
"""What behaviours' docstrings say, worked out by hand for four classes: options, moment, confusion."""


def test_every_behaviour_is_worked_out() -> None:
    assert {name.partition(",")[0] for name in STATED} == set(behaviour.names())


@pytest.mark.parametrize("name", STATED)
def test_confusion_is_the_stated_one_and_answers_follow_it(name: str) -> None:
    options, moment, expected = STATED[name]
    somebody = person(name.partition(",")[0], **options)
    np.testing.assert_allclose(somebody.character.confusion_at(moment), expected)
    for truth in range(4):
        choices = [somebody.answer(Stimulus(f"item {i}", truth), moment=moment).choice for i in range(800)]
        check_row(np.bincount(choices, minlength=4), expected[truth])


PACES: dict[str, tuple[dict[str, Any], Moment, list[tuple[float, float, float]]]] = {
    "average": ({}, START, [(1, 1, 0.4)]),
    "expert": ({}, START, [(1, 1.2, 0.35)]),
    "biased": ({}, START, [(1, 0.9, 0.4)]),
    "careless": ({}, START, [(1, 0.7, 0.6)]),
    "random": ({}, START, [(1, 0.5, 0.3)]),
    "one-class": ({}, START, [(1, 0.4, 0.3)]),
    "position": ({"pull": 0.8}, START, [(0.8, 0.3, 0.3), (0.2, 0.9, 0.4)]),
    "fast": ({"rush": 0.5}, START, [(0.5, 0.15, 0.3), (0.5, 0.8, 0.4)]),
    "tired, rested": ({}, Moment(400, 0), [(1, 1, 0.4)]),
    "tired, half": ({}, Moment(400, 50), [(1, 1.25, 0.4)]),
    "tired, wholly": ({}, Moment(400, 100), [(1, 1.5, 0.4)]),
    "drifting, before": ({}, START, [(1, 1, 0.4)]),
    "drifting, after": ({}, Moment(120), [(1, 0.6, 0.4)]),
    "colluding": ({"together": 0.8}, START, [(0.8, 0.3, 0.3), (0.2, 1, 0.4)]),
    "norm": ({}, START, [(1, 1, 0.4)]),
    "slow-honest": ({}, START, [(1, 2.5, 0.5)]),
    "learner": ({}, START, [(1, 1.2, 0.4)]),
}
"""Options, moment, and the manners as (share, pace, spread); an average person's pace is drawn and left out."""


@pytest.mark.parametrize("name", PACES)
def test_times_are_log_normal_at_the_stated_pace(name: str) -> None:
    options, moment, manners = PACES[name]
    somebody = person(name.partition(",")[0], **options)
    drawn = somebody.character.manners(moment)[0].pace if name == "average" else 1.0
    seconds = [somebody.answer(Stimulus(f"item {i}", 0, seconds=5), moment=moment).seconds for i in range(2000)]

    def below(logs: np.ndarray) -> np.ndarray:
        return sum(share * norm.cdf((logs - math.log(5 * pace * drawn)) / spread) for share, pace, spread in manners)

    assert kstest(np.log(seconds), below).pvalue > UNLIKELY


def test_every_pace_is_worked_out() -> None:
    assert {name.partition(",")[0] for name in PACES} == set(behaviour.names())


def test_the_fast_clicker_is_wrong_where_the_time_is_short() -> None:
    somebody = person("fast", rush=0.5)
    answers = [somebody.answer(Stimulus(f"item {i}", 0, seconds=5)) for i in range(2000)]
    short = [answer.choice == 0 for answer in answers if answer.seconds < 5 * 0.15 * 1.5]
    long = [answer.choice == 0 for answer in answers if answer.seconds > 5 * 0.5]
    assert statistics.mean(short) < 0.4
    assert statistics.mean(long) > 0.8


def ring_answers(ring: str, name: str, **options: Any) -> list[int]:
    somebody = make_annotator("colluding", classes=4, name=name, seed=3, ring=ring, **options)
    return [somebody.answer(Stimulus(f"item {i}", i % 4, 0.2), repeat=i % 3).choice for i in range(400)]


def test_a_ring_has_one_answer() -> None:
    first = ring_answers("ring", "simulated 1", together=1.0)
    assert ring_answers("ring", "simulated 2", together=1.0) == first
    other = ring_answers("another", "simulated 2", together=1.0)
    same = statistics.mean(a == b for a, b in zip(first, other, strict=True))
    assert same < 0.6


def test_members_of_a_ring_who_look_for_themselves_do_so_alone() -> None:
    first, second = (ring_answers("ring", f"simulated {n}", together=0.0, accuracy=0.25) for n in (1, 2))
    assert statistics.mean(a == b for a, b in zip(first, second, strict=True)) < 0.35


def test_another_norm_reads_what_is_left_open_in_its_own_way() -> None:
    somebody = person("norm", accuracy=0.9)
    ordinary = person("average", accuracy=0.9)
    left_open = Stimulus("item", 0, difficulty=0.2, alternatives={2: 1}, other=1)
    np.testing.assert_allclose(somebody.probabilities(left_open), 0.8 * coin(0.9)[1] + 0.2 * coin(0.9)[2])
    np.testing.assert_allclose(ordinary.probabilities(left_open), 0.8 * coin(0.9)[0] + 0.2 * coin(0.9)[2])
    many = [dataclasses.replace(left_open, item=f"item {i}") for i in range(1500)]
    check_row(tally(somebody, many), somebody.probabilities(left_open))


def test_the_people_of_a_full_crowd_are_honest_or_not() -> None:
    assert set(FULL) == set(behaviour.names())
    honest = {name for name in FULL if behaviour.facts(name)["honest"]}
    assert honest == {"expert", "average", "slow-honest", "norm", "learner", "tired"}
    assert sum(FULL[name] for name in honest) == 24
    assert sum(FULL.values()) == 38
    mine = make_crowd(classes=3, size=38, mix=FULL, seed=2)
    assert {kind: sum(one.behaviour == kind for one in mine) for kind in FULL} == FULL


def test_drawn_people_differ_within_the_stated_ranges() -> None:
    def accuracies(kind: str) -> list[float]:
        people = [make_annotator(kind, classes=4, name=f"simulated {i}", seed=1) for i in range(200)]
        return [float(somebody.character.confusion[0, 0]) for somebody in people]

    ranges = {
        "expert": (0.95, 0.99),
        "average": (0.82, 0.93),
        "slow-honest": (0.9, 0.97),
        "norm": (0.88, 0.96),
        "learner": (0.6, 0.7),
        "tired": (0.9, 0.96),
        "drifting": (0.9, 0.96),
    }
    for kind, (low, high) in ranges.items():
        drawn = accuracies(kind)
        assert low <= min(drawn) < low + 0.01 < high - 0.01 < max(drawn) <= high, kind


def test_a_hard_item_is_mistaken_for_its_alternatives_first() -> None:
    somebody = person("average", accuracy=0.9)
    looks = np.array([0.6, 0.0, 0.1, 0.3])
    hard = [Stimulus(f"item {i}", 0, difficulty=0.4, alternatives={2: 1, 3: 3}) for i in range(4000)]
    expected = looks @ somebody.character.confusion
    np.testing.assert_allclose(somebody.probabilities(hard[0]), expected)
    check_row(tally(somebody, hard), expected)


def test_without_named_alternatives_all_others_are_alike() -> None:
    np.testing.assert_allclose(Stimulus("item", 1, difficulty=0.3).looks_like(4), [0.1, 0.7, 0.1, 0.1])


def test_difficulty_does_not_change_who_does_not_look() -> None:
    np.testing.assert_allclose(person("random").probabilities(Stimulus("item", 1, difficulty=0.9)), 0.25)


def test_choice_and_time_come_from_draws_of_their_own() -> None:
    somebody = person("average", accuracy=0.5)
    answers = [somebody.answer(Stimulus(f"item {i}", 0)) for i in range(3000)]
    right = [answer.seconds for answer in answers if answer.choice == 0]
    wrong = [answer.seconds for answer in answers if answer.choice != 0]
    assert abs(statistics.median(right) / statistics.median(wrong) - 1) < 0.06


@pytest.mark.parametrize("kind", behaviour.names())
def test_same_seed_same_answers_whatever_comes_between(kind: str) -> None:
    stimuli = [Stimulus(f"item {i}", i % 4, difficulty=0.2) for i in range(100)]
    first = {stimulus.item: person(kind).answer(stimulus) for stimulus in stimuli}
    random.Random(5).shuffle(stimuli)
    again = person(kind)
    assert {stimulus.item: again.answer(stimulus) for stimulus in stimuli} == first
    other = make_annotator(kind, classes=4, name=f"simulated {kind} 1", seed=4)
    assert {stimulus.item: other.answer(stimulus) for stimulus in stimuli} != first


def test_a_repeat_is_a_new_draw() -> None:
    somebody = person("random")
    choices = {somebody.answer(Stimulus("item", 0), repeat=repeat).choice for repeat in range(50)}
    assert choices == {0, 1, 2, 3}


def test_answers_stay_the_same_from_release_to_release() -> None:
    """A figure once published from a seed can be computed again."""
    somebody = person("careless")
    answers = [somebody.answer(Stimulus(f"item {i}", i % 4, difficulty=0.1)) for i in range(12)]
    assert [answer.choice for answer in answers] == [0, 1, 2, 3, 0, 1, 2, 1, 3, 1, 3, 0]
    assert [round(answer.seconds, 6) for answer in answers[:3]] == [1.247407, 7.685223, 2.565969]


def test_the_crowd_is_a_dozen_with_the_stated_mix() -> None:
    crowd = make_crowd(classes=10, seed=1)
    kinds = [member.behaviour for member in crowd]
    assert {kind: kinds.count(kind) for kind in kinds} == DOZEN
    assert len({member.name for member in crowd}) == 12
    assert all(member.name.startswith("simulated ") for member in crowd)
    assert len({float(member.character.confusion[0, 0]) for member in crowd}) > 8


def test_two_crowds_of_one_seed_are_one() -> None:
    def answers(seed: int) -> list[Answer]:
        return [member.answer(Stimulus("item", 1)) for member in make_crowd(classes=3, size=30, seed=seed)]

    assert answers(1) == answers(1) != answers(2)


@pytest.mark.parametrize(
    ("size", "mix", "expected"),
    [
        (12, DOZEN, DOZEN),
        (0, DOZEN, {"expert": 0, "average": 0, "careless": 0, "biased": 0, "random": 0}),
        (7, {"expert": 1, "random": 1}, {"expert": 4, "random": 3}),
        (3, {"expert": 0.2, "average": 0.5, "random": 0.3}, {"expert": 1, "average": 1, "random": 1}),
        (2, {"expert": 1, "random": 0}, {"expert": 2, "random": 0}),
    ],
)
def test_shares_are_whole_and_sum_up(size: int, mix: dict[str, float], expected: dict[str, int]) -> None:
    assert share_out(size, mix) == expected


@pytest.mark.parametrize("mix", [{}, {"expert": 0}, {"expert": 2, "random": -1}])
def test_a_mix_without_weights_is_refused(mix: dict[str, float]) -> None:
    with pytest.raises(InputError, match="weights above 0"):
        share_out(12, mix)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("expert", {"accuracy": 1.2}, "accuracy must be 0 to 1. Got 1.2."),
        ("careless", {"attention": -0.1}, "attention must be 0 to 1"),
        ("biased", {"favourite": 4}, "favourite must be 0 to 3. Got 4."),
        ("biased", {"pull": 2}, "pull must be 0 to 1"),
        ("one-class", {"favourite": -1}, "favourite must be 0 to 3. Got -1."),
        ("position", {"favourite": 4}, "favourite must be 0 to 3. Got 4."),
        ("position", {"pull": 1.5}, "pull must be 0 to 1"),
        ("fast", {"rush": 1.5}, "rush must be 0 to 1"),
        ("tired", {"low": 1.5}, "low must be 0 to 1"),
        ("tired", {"lasts": 0}, "lasts must be 1 or more. Got 0."),
        ("drifting", {"after": -1}, "after must be 0 or more. Got -1."),
        ("colluding", {"together": 1.5}, "together must be 0 to 1"),
        ("learner", {"quickness": 1.5}, "quickness must be 0 to 1"),
    ],
)
def test_an_option_out_of_range_is_refused(kind: str, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        person(kind, **options)


def test_an_unknown_behaviour_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"no behaviour is called 'lazy'. There are: average, biased"):
        person("lazy")


def test_one_class_is_no_choice() -> None:
    with pytest.raises(InputError, match=r"2 or more classes. Got 1."):
        person("expert", classes=1)


@pytest.mark.parametrize(
    "stimulus",
    [
        Stimulus("item", 4),
        Stimulus("item", 0, difficulty=1.5),
        Stimulus("item", 0, difficulty=0.5, alternatives={7: 1}),
        Stimulus("item", 0, difficulty=0.5, alternatives={1: -1}),
        Stimulus("item", 0, difficulty=0.5, alternatives={1: 0}),
    ],
)
def test_an_item_that_does_not_fit_is_refused(stimulus: Stimulus) -> None:
    with pytest.raises(InputError):
        person("expert").answer(stimulus)
