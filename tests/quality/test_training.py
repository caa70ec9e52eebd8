"""Training: who passes and who fails, and what is told on the way."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from goldwork.quality import training
from goldwork.quality.draft import Draft, Event
from goldwork.quality.people import practised
from goldwork.quality.policy import Policy

POLICY = Policy(quiz=True, retakes=2)


class View:
    """One person in an empty project."""

    def __init__(self, person: dict[str, Any], project: dict[str, Any], policy: Policy = POLICY) -> None:
        self._person, self._project, self._policy = person, project, policy

    def policy(self) -> Policy:
        return self._policy

    def project(self) -> dict[str, Any]:
        return self._project

    def annotator(self, annotator: int) -> dict[str, Any]:
        return self._person

    def item(self, item: int) -> dict[str, Any]:
        return {}

    def answers(self, item: int) -> tuple[()]:
        return ()

    def results(self, annotator: int) -> tuple[()]:
        return ()


def answer(
    person: dict[str, Any], score: float, project: dict[str, Any] | None = None, *, first: bool = True
) -> tuple[dict[str, Any], training.Progress | None, list[str]]:
    """One training item answered: the person's state, what is told, what was decided."""
    whole = project or {}
    draft = Draft(View(person, whole))
    body = {"annotator": 1, "kind": "answer", "first": first, "score": round(score * 1000), "guideline": 2}
    practised(draft, Event(9, "submit", body, 0))
    after = dict(draft.seen(1))
    told = training.progress(person, after, whole, POLICY, score)
    return after, told, [made.kind for made in draft.changes.decisions]


def go_through(
    scores: list[float], person: dict[str, Any], project: dict[str, Any] | None = None
) -> tuple[dict[str, Any], training.Progress, list[str]]:
    """Answers until something is decided."""
    for score in scores:
        person, told, decided = answer(person, score, project)
        assert told is not None
        if told.outcome:
            return person, told, decided
    return person, told, decided


def test_a_quiz_is_counted_and_passed() -> None:
    person, told, decided = answer({}, 1.0)
    assert (told, decided) == (training.Progress("quiz", 1, 20, 1.0, 3), [])
    person, told, decided = go_through([1.0] * 19, person)
    assert (told.outcome, told.done, told.right, decided) == ("passed", 8, 8.0, ["qualified"])
    assert training.stands(person, {}, POLICY) is None


def test_failing_leaves_two_more_tries_and_then_a_person_decides() -> None:
    person: dict[str, Any] = {}
    for left in (2, 1):
        person, told, decided = go_through([0.0] * 20, person)
        assert (told.outcome, told.tries, decided) == ("failed", left, [])
        assert training.stands(person, {}, POLICY) == training.Progress("quiz", 0, 20, 0.0, left, failed=3 - left)
    person, told, decided = go_through([0.0] * 20, person)
    assert (told.outcome, told.tries, decided) == ("failed", 0, ["unqualified"])
    assert training.is_barred(person)
    assert answer(person, 1.0)[1] is None


def test_an_answer_given_anew_counts_no_second_time() -> None:
    person, told, _ = answer({}, 0.0)
    again, told_again, _ = answer(person, 1.0, first=False)
    assert again == person
    assert told_again == told


def test_the_refresher_has_five_items() -> None:
    person, told, decided = go_through([1.0] * 5, {"answer": 7, "training": {"passed": 1}}, {"certify": 2})
    assert (told.why, told.done, told.most, told.outcome, decided) == ("refresher", 5, 5, "passed", ["qualified"])
    assert person["training"]["passed"] == 2


def test_who_never_worked_has_no_refresher_without_a_quiz() -> None:
    assert training.due({}, {"certify": 2}, Policy()) == ""
    assert training.due({"answer": 1}, {"certify": 2}, Policy()) == "refresher"


def test_teaching_comes_first_and_is_told_as_passed_under_the_same_guideline() -> None:
    taught = {"teach": 1, "out": [[3, 0, 5]], "training": {"passed": 2, "fails": 0}}
    person, told, decided = go_through([1.0] * 20, taught, {"certify": 2})
    assert (told.why, told.outcome, decided) == ("teaching", "passed", ["qualified"])
    assert "teach" not in person
    assert person["out"] == [[3, 9, 5]]


@pytest.mark.parametrize(("share", "least", "most"), [(0.95, 0.97, 1.0), (0.9, 0.9, 1.0), (0.6, 0.0, 0.16)])
def test_the_test_is_about_as_sharp_as_it_says(share: float, least: float, most: float) -> None:
    """With at most 20 items the sign decides at the end, so that a little more than 5 % of the bad pass."""
    random_ = random.Random(1)
    passed = 0
    for _ in range(2000):
        state: dict[str, Any] = {}
        outcome = ""
        while not outcome:
            state, outcome = training.after(state, float(random_.random() < share), most=20)
        passed += outcome == "passed"
    half = 3 * math.sqrt(share * (1 - share) / 2000)
    assert least - half <= passed / 2000 <= most + half
