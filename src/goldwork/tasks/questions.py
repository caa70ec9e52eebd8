"""A project's form: the fields of an item that are shown, and the questions asked about it.

The form is data: versioned JSON, `{"fields": [...], "questions": [...]}`.

    >>> form = read_form({"questions": [{"name": "kind", "title": "Which kind?",
    ...     "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]}}]})
    >>> form.check({"kind": "a"})
    {'kind': 'a'}
"""

from __future__ import annotations

import functools
import hashlib
import operator
import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import msgspec

from goldwork.errors import AnswerError, InputError
from goldwork.tasks import NOTHING, Shown, TaskType, task_type
from goldwork.tasks.writing import alike, is_text, is_word

FORMAT = 1
"""The version of forms as data: what a file says of itself under `goldwork_form`. Without it, it is this one."""
MAX_QUESTIONS = 50
MAX_FIELDS = 100
MAX_NAME = 100
MAX_WORDS = 20_000
"""Characters of any text in a form: whoever judges reads it all."""
Show = Literal["text", "markdown", "code", "image", "audio", "chat", "link"]
NEEDS = {"boxes": ("image",), "spans": ("text",), "turns": ("chat",)}
"""How a field must be shown that a primitive works on; others draw any field."""


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field of an item's payload, how it is shown, and what stands above it (empty: its name)."""

    name: str
    show: Show = "text"
    title: str = ""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One question: `name` is the column in exports, `title` and `help` are read by annotators.

    An `optional` one may be left unanswered.
    """

    name: str
    title: str
    task: Any
    help: str = ""
    optional: bool = False


class ProjectForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What annotators see. Without fields, every field of the payload is shown as text."""

    questions: tuple[Question, ...]
    fields: tuple[Field, ...] = ()

    def check(self, answers: Mapping[str, Any], item: Shown = NOTHING, *, partial: bool = False) -> dict[str, Any]:
        """Canonical answers by question; `partial`: any of them may be missing, as where a model predicts some.

        Raises AnswerError naming the question that is missing, unknown or unfit.
        """
        names = {question.name for question in self.questions}
        if unknown := sorted(set(answers) - names):
            raise AnswerError(f"no question is called {unknown[0]!r}. There are: {', '.join(sorted(names))}.")
        checked = {}
        for question in self.questions:
            if question.name not in answers:
                if question.optional or partial:
                    continue
                raise AnswerError("an answer is missing.", where=f"question {question.name}")
            task = cast(TaskType, question.task)
            try:
                task.validate(answers[question.name], item)
                checked[question.name] = task.canonical(answers[question.name])
            except AnswerError as error:
                raise AnswerError(error.message, where=f"question {question.name}") from None
        if not checked:
            raise AnswerError("nothing was answered.")
        return checked

    def tasks(self) -> dict[str, TaskType]:
        """The task types by question."""
        return {question.name: cast(TaskType, question.task) for question in self.questions}

    def reads(self) -> frozenset[str]:
        """The fields on which it depends whether an answer fits."""
        return frozenset(name for task in self.tasks().values() for name in task.form().fields())

    def shows(self) -> dict[str, str]:
        """How each field is shown; empty where every field of the payload is shown as text."""
        return {field.name: field.show for field in self.fields}

    def shuffled(self) -> dict[str, tuple[str, ...]]:
        """By question with panes or an order, the fields whose places are drawn by lot."""
        fields = {name: task.form().shuffled() for name, task in self.tasks().items()}
        return {name: those for name, those in fields.items() if those}


def draw_lots(shuffled: Mapping[str, tuple[str, ...]], seed: str) -> dict[str, list[str]]:
    """By question, its fields as they stand on the screen of the assignment whose id is `seed`.

    Questions about the same fields show them in the same order.
    """
    orders = {}
    for name, fields in shuffled.items():
        key = hashlib.blake2b("\0".join((seed, *sorted(fields))).encode(), digest_size=8).digest()
        orders[name] = random.Random(int.from_bytes(key, "big")).sample(sorted(fields), len(fields))
    return orders


def stood(shown: Sequence[str], fields: Sequence[str] = ()) -> str:
    """How an order on the screen is written in the long table: where the first of two fields stood, `left` or `right`;
    of more, or where the question's fields are not known any more, all names in turn as JSON."""
    if len(fields) == 2:
        return "left" if list(shown) == list(fields) else "right"
    return msgspec.json.encode(shown).decode()


@functools.cache
def _task_settings() -> Any:
    """The union of every registered task type's settings, told apart by `type`."""
    return functools.reduce(operator.or_, (task_type.get(name) for name in task_type.names()))


def read_form(value: Any) -> ProjectForm:
    """A ProjectForm from JSON-like data, or a form's file. Raises InputError saying what does not fit, and where."""
    if isinstance(value, Mapping) and "goldwork_form" in value:
        said = value["goldwork_form"]
        if type(said) is not int or said != FORMAT:
            raise InputError(
                f"this goldwork reads forms of format {FORMAT}. Got {said!r}.", where="form, goldwork_form"
            )
        value = {name: part for name, part in value.items() if name != "goldwork_form"}
    try:
        form = msgspec.convert(value, ProjectForm)
        questions = tuple(msgspec.structs.replace(question, task=_read_task(question)) for question in form.questions)
    except msgspec.ValidationError as error:
        raise InputError(str(error), where="form") from None
    form = msgspec.structs.replace(form, questions=questions)
    check_texts(write_form(form))
    names = [question.name for question in questions]
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise InputError(f"a form needs 1 to {MAX_QUESTIONS} questions. Got {len(questions)}.", where="form")
    for question in questions:
        if not question.name.strip() or not question.title.strip():
            raise InputError("every question needs a name and a title.", where="form")
        if len(question.name) > MAX_NAME or not question.name.isprintable() or question.name.strip() != question.name:
            raise InputError(
                f"a name has up to {MAX_NAME} printable characters, without spaces around. Got {question.name[:50]!r}.",
                where="form",
            )
        if names.count(question.name) > 1:
            raise InputError(f"question {question.name!r} stands twice. Names must differ.", where="form")
    if same := alike(names):
        raise InputError(f"questions {same[0]!a} and {same[1]!a} look the same. Names must differ.", where="form")
    _check_fields(form)
    return form


def check_texts(value: Any, where: str = "form") -> None:
    """Raise InputError for a text in a form that is too long to be read, or none."""
    if isinstance(value, str):
        if len(value) > MAX_WORDS or not is_text(value):
            got = f"{len(value):,} characters" if len(value) > MAX_WORDS else repr(value[:50])
            raise InputError(f"must be text of up to {MAX_WORDS:,} characters, without NUL. Got {got}.", where=where)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            check_texts(inner, f"{where}, {name}")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value, 1):
            check_texts(inner, f"{where} {place}")


def _check_fields(form: ProjectForm) -> None:
    names = [field.name for field in form.fields]
    if len(names) > MAX_FIELDS:
        raise InputError(f"a form shows up to {MAX_FIELDS} fields. Got {len(names)}.", where="form")
    for name in names:
        if not name.strip() or names.count(name) > 1:
            raise InputError(f"fields need names that differ. Got {name!r}.", where="form")
        if len(name) > MAX_NAME or not is_word(name):
            raise InputError(
                f"a field's name is a line of up to {MAX_NAME} characters. Got {name[:50]!r}.", where="form"
            )
    if same := alike(names):
        raise InputError(f"fields {same[0]!a} and {same[1]!a} look the same. Names must differ.", where="form")
    shows = form.shows()
    for question in form.questions:
        where = f"form, question {question.name}"
        for name, primitive in cast(TaskType, question.task).form().fields().items():
            wanted = NEEDS.get(primitive, ())
            if not shows:
                if wanted and wanted != ("text",):
                    raise InputError(
                        f"it needs the field {name!r} shown as {wanted[0]}. List the form's fields.", where=where
                    )
            elif name not in shows:
                raise InputError(f"the form has no field {name!r}. It has: {', '.join(shows)}.", where=where)
            elif wanted and shows[name] not in wanted:
                raise InputError(
                    f"field {name!r} must be shown as {wanted[0]}. It is shown as {shows[name]}.", where=where
                )


def _read_task(question: Question) -> Any:
    try:
        return msgspec.convert(question.task, _task_settings())
    except msgspec.ValidationError as error:
        raise InputError(str(error), where=f"form, question {question.name}") from None
    except InputError as error:
        raise InputError(error.message, where=f"form, question {question.name}") from None


def write_form(form: ProjectForm) -> dict[str, Any]:
    """The JSON-like data that `read_form` reads back to the same form."""
    return cast(dict[str, Any], msgspec.to_builtins(form))


def form_file(form: ProjectForm) -> dict[str, Any]:
    """A form as its own file: what `write_form` writes, with the version of the format."""
    return {"goldwork_form": FORMAT, **write_form(form)}


def draw_form(form: ProjectForm) -> dict[str, Any]:
    """What the front end draws: the form with each question's primitives instead of its settings."""
    return {
        "fields": msgspec.to_builtins(form.fields),
        "questions": [
            {
                "name": question.name,
                "title": question.title,
                "help": question.help,
                "optional": question.optional,
                "form": msgspec.to_builtins(cast(TaskType, question.task).form()),
            }
            for question in form.questions
        ],
    }
