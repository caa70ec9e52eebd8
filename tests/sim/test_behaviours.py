"""Every behaviour answers as its file states; the crowd is what its mix says."""

from __future__ import annotations

import math
import random
import statistics

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from goldwork.errors import InputError, UnknownNameError
from goldwork.sim import Annotator, Answer, Stimulus, make_annotator, make_crowd
from goldwork.sim.behaviours import behaviour
from goldwork.sim.crowd import DOZEN, share_out

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


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("kind", behaviour.names())
def test_answers_follow_the_confusion(kind: str, classes: int) -> None:
    somebody = person(kind, classes)
    for truth in range(classes):
        counts = tally(somebody, [Stimulus(f"item {i}", truth) for i in range(3000)])
        check_row(counts, somebody.character.confusion[truth])


@pytest.mark.parametrize("kind", behaviour.names())
def test_confusion_is_a_confusion(kind: str) -> None:
    for classes in (2, 3, 10, 50):
        confusion = person(kind, classes).character.confusion
        assert confusion.shape == (classes, classes)
        assert (confusion >= 0).all()
        np.testing.assert_allclose(confusion.sum(axis=1), 1)


def stated(kind: str) -> np.ndarray:
    """What a behaviour's docstring says, worked out by hand for four classes and the middle of its ranges."""
    if kind == "expert":
        return np.where(np.eye(4), 0.97, 0.01)
    if kind == "average":
        return np.where(np.eye(4), 0.88, 0.04)
    if kind == "careless":
        return np.where(np.eye(4), 0.6 * 0.9 + 0.1, 0.6 * 0.1 / 3 + 0.1)
    if kind == "biased":
        return 0.6 * np.where(np.eye(4), 0.9, 0.1 / 3) + 0.4 * np.array([0, 0, 1, 0])
    return np.full((4, 4), 0.25)


OPTIONS: dict[str, dict[str, float]] = {
    "expert": {"accuracy": 0.97},
    "average": {"accuracy": 0.88},
    "careless": {"attention": 0.6},
    "biased": {"favourite": 2, "pull": 0.4},
    "random": {},
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_confusion_is_the_stated_one(kind: str) -> None:
    np.testing.assert_allclose(person(kind, **OPTIONS[kind]).character.confusion, stated(kind))


def test_drawn_people_differ_within_the_stated_ranges() -> None:
    def accuracies(kind: str) -> list[float]:
        people = [make_annotator(kind, classes=4, name=f"simulated {i}", seed=1) for i in range(200)]
        return [float(somebody.character.confusion[0, 0]) for somebody in people]

    experts, averages = accuracies("expert"), accuracies("average")
    assert 0.95 <= min(experts) < 0.96 < 0.98 < max(experts) <= 0.99
    assert 0.82 <= min(averages) < 0.83 < 0.92 < max(averages) <= 0.93


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


@pytest.mark.parametrize("kind", behaviour.names())
def test_times_are_log_normal(kind: str) -> None:
    somebody = person(kind)
    seconds = [somebody.answer(Stimulus(f"item {i}", 0, seconds=5)).seconds for i in range(2000)]
    deviates = (np.log(seconds) - math.log(5 * somebody.character.pace)) / somebody.character.spread
    assert kstest(deviates, "norm").pvalue > UNLIKELY


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
