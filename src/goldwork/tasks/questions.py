"""A project's form: the fields of an item that are shown, and the questions asked about it.

The form is data: versioned JSON, `{"fields": [...], "questions": [...]}`.

    >>> form = read_form({"questions": [{"name": "kind", "title": "Which kind?",
    ...     "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]}}]})
    >>> form.check({"kind": "a"})
    {'kind': 'a'}
"""

from __future__ import annotations

import functools
import operator
from typing import Any, Literal, cast

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks import TaskType, task_type

MAX_QUESTIONS = 50


class Field(msgspec.Struct, frozen=True):
    """One field of an item's payload and how it is shown."""

    name: str
    show: Literal["text", "markdown", "image"] = "text"


class Question(msgspec.Struct, frozen=True):
    """One question: `name` is the column in exports, `title` and `help` are read by annotators."""

    name: str
    title: str
    task: Any
    help: str = ""


class ProjectForm(msgspec.Struct, frozen=True):
    """What annotators see. Without fields, every field of the payload is shown as text."""

    questions: tuple[Question, ...]
    fields: tuple[Field, ...] = ()

    def check(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Canonical answers by question. Raises AnswerError naming the question that is missing, unknown or unfit."""
        names = {question.name for question in self.questions}
        if unknown := sorted(set(answers) - names):
            raise AnswerError(f"no question is called {unknown[0]!r}. There are: {', '.join(sorted(names))}.")
        checked = {}
        for question in self.questions:
            if question.name not in answers:
                raise AnswerError("an answer is missing.", where=f"question {question.name}")
            task = cast(TaskType, question.task)
            try:
                task.validate(answers[question.name])
            except AnswerError as error:
                raise AnswerError(error.message, where=f"question {question.name}") from None
            checked[question.name] = task.canonical(answers[question.name])
        return checked


@functools.cache
def _task_settings() -> Any:
    """The union of every registered task type's settings, told apart by `type`."""
    return functools.reduce(operator.or_, (task_type.get(name) for name in task_type.names()))


def read_form(value: Any) -> ProjectForm:
    """A ProjectForm from JSON-like data. Raises InputError saying what does not fit, and where."""
    try:
        form = msgspec.convert(value, ProjectForm)
        questions = tuple(msgspec.structs.replace(question, task=_read_task(question)) for question in form.questions)
    except msgspec.ValidationError as error:
        raise InputError(str(error), where="form") from None
    names = [question.name for question in questions]
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise InputError(f"a form needs 1 to {MAX_QUESTIONS} questions. Got {len(questions)}.", where="form")
    for question in questions:
        if not question.name.strip() or not question.title.strip():
            raise InputError("every question needs a name and a title.", where="form")
        if names.count(question.name) > 1:
            raise InputError(f"question {question.name!r} stands twice. Names must differ.", where="form")
    return msgspec.structs.replace(form, questions=questions)


def _read_task(question: Question) -> Any:
    try:
        return msgspec.convert(question.task, _task_settings())
    except msgspec.ValidationError as error:
        raise InputError(str(error), where=f"form, question {question.name}") from None


def write_form(form: ProjectForm) -> dict[str, Any]:
    """The JSON-like data that `read_form` reads back to the same form."""
    return cast(dict[str, Any], msgspec.to_builtins(form))


def draw_form(form: ProjectForm) -> dict[str, Any]:
    """What the front end draws: the form with each question's primitives instead of its settings."""
    return {
        "fields": msgspec.to_builtins(form.fields),
        "questions": [
            {
                "name": question.name,
                "title": question.title,
                "help": question.help,
                "form": msgspec.to_builtins(cast(TaskType, question.task).form()),
            }
            for question in form.questions
        ],
    }
