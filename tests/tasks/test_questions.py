"""A project's form as data."""

from __future__ import annotations

from typing import Any

import pytest

from goldwork.errors import AnswerError, InputError
from goldwork.tasks.questions import MAX_QUESTIONS, draw_form, read_form, write_form

CHOICE = {"type": "choice", "classes": [{"value": "a"}, {"value": "b", "key": "x"}]}


def question(**more: Any) -> dict[str, Any]:
    return {"name": "kind", "title": "Which kind?", "task": CHOICE} | more


def test_a_form_is_written_as_it_was_read() -> None:
    form = read_form({"fields": [{"name": "picture", "show": "image"}], "questions": [question()]})
    assert read_form(write_form(form)) == form


def test_what_is_drawn_has_no_settings() -> None:
    [drawn] = draw_form(read_form({"questions": [question(help="look closely")]}))["questions"]
    assert drawn["form"]["primitives"][0]["primitive"] == "keys"
    assert (drawn["help"], "task" in drawn) == ("look closely", False)


def classes(*values: str, **more: str) -> dict[str, Any]:
    return {"type": "choice", "classes": [{"value": value, **more} for value in values]}


def aspects(number: int) -> dict[str, Any]:
    return {"type": "compare", "fields": ["a", "b"], "attributes": [{"name": f"n{n}"} for n in range(number)]}


def box_attributes(number: int, *options: str) -> dict[str, Any]:
    listed = [{"name": f"n{n}", "options": ["yes", *(options or ("no",))]} for n in range(number)]
    return {"type": "boxes", "field": "f", "classes": [{"value": "a"}], "attributes": listed}


def marks(place: float, label: str) -> dict[str, Any]:
    anchor = {"value": place, "label": label}
    return {"type": "chat", "field": "f", "mode": "rate", "low": 1, "high": 5, "anchors": [anchor]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "form: Expected `object`"),
        ({}, "form: Object missing required field `questions`"),
        ({"questions": []}, "a form needs 1 to 50 questions. Got 0"),
        ({"questions": [question(name=f"q{n}") for n in range(MAX_QUESTIONS + 1)]}, "Got 51"),
        ({"questions": [question(), question()]}, "question 'kind' stands twice"),
        ({"questions": [question(name=" ")]}, "needs a name and a title"),
        ({"questions": [question(title="")]}, "needs a name and a title"),
        ({"questions": [question(task={"type": "telepathy"})]}, "form, question kind: Invalid value 'telepathy'"),
        ({"questions": [question(task=CHOICE | {"classes": [{"value": "a"}]})]}, "a choice needs 2 to 1000 classes"),
        (
            {"questions": [question(name="e\u0301"), question(name="\u00e9")]},
            r"questions 'e\\u0301' and '\\xe9' look the same",
        ),
        ({"questions": [question(name=" kind")]}, "without spaces around. Got ' kind'"),
        ({"questions": [question(title="a\0")]}, "form, questions 1, title: must be text of up to 20,000"),
        ({"questions": [question(help="h" * 20_001)]}, "form, questions 1, help: .* Got 20,001 characters"),
        ({"questions": [question(help="\ud800")]}, "form, questions 1, help: must be text"),
        ({"questions": [question(task=classes("a", "b\u200b", "b"))]}, r"classes 'b\\u200b' and 'b' look the same"),
        ({"questions": [question(task=classes("a", "b\0"))]}, "holds no control characters"),
        ({"questions": [question(task=classes("a", "b\u202ec"))]}, "holds no control characters and turns no text"),
        ({"questions": [question(task=classes("a", "b", label="l\0"))]}, "task, classes 1, label: must be text"),
        ({"questions": [question(task={"type": "rating", "low": 0, "high": 1e-8, "step": 1e-9})]}, "steps of 1e-06 or"),
        ({"questions": [question(task={"type": "rating", "low": 1e16, "high": 1e16 + 10})]}, "lies within -1e.09 and"),
        ({"questions": [question()], "fields": [{"name": "f" * 101}]}, "a line of up to 100 characters"),
        ({"questions": [question()], "fields": [{"name": "a\nb"}]}, r"a line of up to 100 characters. Got 'a\\nb'"),
        ({"questions": [question()], "fields": [{"name": "o\u0308"}, {"name": "\u00f6"}]}, "fields .* look the same"),
        ({"questions": [question(task=aspects(51))]}, "a comparison has up to 50 attributes. Got 51"),
        ({"questions": [question(task=box_attributes(51))]}, "a box has up to 50 attributes. Got 51"),
        ({"questions": [question(task=box_attributes(1, ""))]}, "attribute 'n0' needs 2 to 1000 options that differ"),
        ({"questions": [question(task=marks(99, "x"))]}, "an anchor needs a name and a place on the scale"),
        ({"questions": [question(task=marks(1, " "))]}, "an anchor needs a name and a place on the scale"),
        ({"questions": [question()], "fields": [{"name": "x", "show": "hologram"}]}, "Invalid enum value 'hologram'"),
    ],
)
def test_errors_say_what_does_not_fit(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_form(value)


def test_answers_are_checked_question_by_question() -> None:
    form = read_form({"questions": [question(), question(name="other")]})
    assert form.check({"kind": "a", "other": "b"}) == {"kind": "a", "other": "b"}
    with pytest.raises(AnswerError, match="question other: an answer is missing"):
        form.check({"kind": "a"})
    with pytest.raises(AnswerError, match="no question is called 'third'. There are: kind, other"):
        form.check({"kind": "a", "other": "b", "third": "a"})
    with pytest.raises(AnswerError, match="question other: must be one of a, b. Got 'c'"):
        form.check({"kind": "a", "other": "c"})


@pytest.mark.parametrize(
    "task", [CHOICE | {"clases": []}, {"type": "choice", "classes": [{"value": "a", "colour": "c1"}]}]
)
def test_a_setting_that_there_is_not_is_refused(task: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="unknown field `(clases|colour)`"):
        read_form({"questions": [question(task=task)]})


@pytest.mark.parametrize("more", [{"optionl": True}, {"show": "text"}])
def test_what_a_question_has_not_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="unknown field"):
        read_form({"questions": [question(**more)]})
