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
