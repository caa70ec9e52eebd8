"""What becomes of the judgements in force when a project's form changes.

A change is taken exactly when every answer in force to a question that stays still fits it, and still means what it
meant: the question is of the same type and works on the same fields. Answers to a question that goes stay stored and
exported, and leave the figures. Nothing is rewritten: judgements are append-only.

A question that reads nothing of the item is checked once for every different answer; the others answer by answer, some
hundred at a time.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError
from goldwork.services.forms import current_form
from goldwork.services.media import shown_many
from goldwork.store.schema import item, judgement, project, submit
from goldwork.tasks import NOTHING, TaskType
from goldwork.tasks.form import Panes
from goldwork.tasks.questions import ProjectForm, Question

CHUNK = 500
EXAMPLES = 5
SHOWN = 80
"""Characters of an answer that are repeated."""
COMPARED = 40
"""Different answers whose distances are compared under the old and the new settings."""
NEAR = 1e-9


class Unfit(msgspec.Struct, frozen=True):
    """An answer that would no longer fit: whose item, what was answered, and why not."""

    item: str
    answer: str
    why: str


class QuestionChange(msgspec.Struct, frozen=True):
    """What becomes of one question. `answers`: in force; `unfit`: of these, how many would not fit, with `examples`.

    `settings`: the names of those that change. `says`: all of it in a sentence or two.
    """

    name: str
    title: str
    state: Literal["same", "changed", "new", "gone"]
    answers: int
    unfit: int
    examples: list[Unfit]
    settings: list[str]
    says: str


class FormChange(msgspec.Struct, frozen=True):
    """What another form would do. `fits`: it may be taken. `judged`: submits in force, through the event `through_seq`
    of the log. `fields_new`, `fields_gone` and `fields_changed` are names. `took_ms`: how long it took to find out.
    """

    form_version: int
    through_seq: int
    fits: bool
    judged: int
    unfit: int
    questions: list[QuestionChange]
    fields_new: list[str]
    fields_gone: list[str]
    fields_changed: list[str]
    took_ms: int


class _Found(NamedTuple):
    unfit: int
    examples: list[Unfit]
    restated: bool


_later = submit.alias("later")
_STANDS = (
    (submit.c.project == bind("project"))
    & (submit.c.kind == "answer")
    & (submit.c.seq > bind("after"))
    & ~sa.exists().where(_later.c.project == submit.c.project, _later.c.supersedes == submit.c.seq)
)
_judged = judgement.join(submit, (submit.c.project == judgement.c.project) & (submit.c.seq == judgement.c.seq))
_COUNT = sa.select(sa.func.count()).select_from(submit).where(_STANDS)
_BY_QUESTION = (
    sa.select(judgement.c.question, sa.func.count()).select_from(_judged).where(_STANDS).group_by(judgement.c.question)
)
_VALUES = (
    sa.select(judgement.c.value, sa.func.count().label("number"), sa.func.min(submit.c.seq).label("seq"))
    .select_from(_judged)
    .where(_STANDS, judgement.c.question == bind("question"))
    .group_by(judgement.c.value)
)
_ANSWERS = (
    sa.select(submit.c.seq, judgement.c.value, item.c.id, item.c.external_id, item.c.payload)
    .select_from(_judged.join(item, item.c.id == submit.c.item))
    .where(_STANDS, judgement.c.question == bind("question"))
    .order_by(submit.c.seq)
    .limit(CHUNK)
)
_ITEM_OF = (
    sa.select(submit.c.seq, item.c.external_id)
    .select_from(submit.join(item, item.c.id == submit.c.item))
    .where(submit.c.project == bind("project"), submit.c.seq.in_(bind("seqs", expanding=True)))
)
_AT = sa.select(project.c.seq, project.c.form_version).where(project.c.id == bind("project"))


def review(connection: Connection, project_id: int, new: ProjectForm, after: int = 0) -> FormChange:
    """What `new` would do to the answers in force whose seq is beyond `after`."""
    begun = time.monotonic()
    old = current_form(connection, project_id)
    at = connection.execute(_AT, {"project": project_id}).one()
    where = {"project": project_id, "after": after}
    judged = connection.execute(_COUNT, where).scalar_one()
    counts = {row[0]: row[1] for row in connection.execute(_BY_QUESTION, where)}
    before = {question.name: question for question in old.questions}
    changes = []
    for question in new.questions:
        was, number = before.pop(question.name, None), counts.get(question.name, 0)
        changes.append(_change(connection, where, new, was, question, number, judged))
    changes += [_gone(question, counts.get(question.name, 0)) for question in before.values()]
    unfit = sum(change.unfit for change in changes)
    was_shown, shown = ({field.name: field for field in form.fields} for form in (old, new))
    return FormChange(
        form_version=at.form_version,
        through_seq=at.seq,
        fits=not unfit,
        judged=judged,
        unfit=unfit,
        questions=changes,
        fields_new=[name for name in shown if name not in was_shown],
        fields_gone=[name for name in was_shown if name not in shown],
        fields_changed=[name for name in shown if name in was_shown and shown[name] != was_shown[name]],
        took_ms=round((time.monotonic() - begun) * 1000),
    )


def refuse_unfit(change: FormChange) -> None:
    """Raise ConflictError `answers_unfit` where answers would no longer fit, with how many of which question."""
    if change.fits:
        return
    unfit = {one.name: one.unfit for one in change.questions if one.unfit}
    name, first = next((one.name, one.examples[0]) for one in change.questions if one.unfit)
    raise ConflictError(
        f"{_answers(change.unfit)} would no longer fit; question {name!r}, item {first.item!r}: {first.why} "
        "Keep what was answered possible, or begin a new project.",
        reason="answers_unfit",
        unfit=unfit,
    )


def _gone(question: Question, answers: int) -> QuestionChange:
    says = f"{_answers(answers)} to it stay stored and exported, and leave the figures."
    return QuestionChange(
        question.name, question.title, "gone", answers, 0, [], [], says if answers else "Nobody has answered it."
    )


def _change(
    connection: Connection,
    where: dict[str, Any],
    form: ProjectForm,
    was: Question | None,
    now: Question,
    answers: int,
    judged: int,
) -> QuestionChange:
    if was is None and not answers:
        says = "It is asked from now on."
        if judged:
            says += f" {_items(judged)} judged already are not asked again: they have no answer to it."
        return QuestionChange(now.name, now.title, "new", 0, 0, [], [], says)
    # Taken up again after it was gone: its answers of then come back, and have to fit.
    same = was is not None and was.task == now.task
    found = _Found(0, [], False)
    if answers and not same:
        found = _look(connection, where, form, was.task if was else None, now)
    settings = [] if was is None else _settings(was, now)
    state: Literal["same", "changed"] = "same" if was == now else "changed"
    says = _say(found, answers, judged if was and was.optional and not now.optional else answers)
    return QuestionChange(now.name, now.title, state, answers, found.unfit, found.examples, settings, says)


def _say(found: _Found, answers: int, asked: int) -> str:
    if found.unfit:
        return f"{found.unfit:,} of {_answers(answers)} would no longer fit."
    said = f"{_answers(answers)} to it stay." if answers else "Nobody has answered it yet."
    if found.restated:
        said += " By the new settings they lie nearer or further apart: agreement and consensus will change."
    if asked > answers:
        said += f" {_items(asked - answers)} without an answer to it are not asked again."
    return said


def _settings(was: Question, now: Question) -> list[str]:
    """The names of what changes: of the question itself, and of its task's settings."""
    names = [name for name in ("title", "help", "optional") if getattr(was, name) != getattr(now, name)]
    if type(was.task) is not type(now.task):
        return [*names, "type"]
    fields = was.task.__struct_fields__
    return names + [name for name in fields if getattr(was.task, name) != getattr(now.task, name)]


def _look(
    connection: Connection, where: dict[str, Any], form: ProjectForm, was: TaskType | None, question: Question
) -> _Found:
    """How many of a question's answers would not fit, and whether the others lie otherwise to each other."""
    task: TaskType = question.task
    other = "" if was is None else _another(was, task)
    asked = where | {"question": question.name}
    unfit, examples, fitting = 0, list[Unfit](), list[Any]()
    several = _by_item(connection, asked, form, task) if task.form().fields() else _by_value(connection, asked, task)
    pending: dict[int, Unfit] = {}
    for number, said, answer, why in several:
        if not (why := other or why):
            if len(fitting) < COMPARED:
                fitting.append(answer)
            continue
        unfit += number
        if len(examples) + len(pending) < EXAMPLES:
            example = Unfit("" if isinstance(said, int) else said, _cut(answer), why)
            if isinstance(said, int):
                pending[said] = example
            else:
                examples.append(example)
    if pending:
        rows = connection.execute(_ITEM_OF, {"project": where["project"], "seqs": list(pending)})
        names = {row[0]: row[1] for row in rows}
        examples = [msgspec.structs.replace(one, item=names.get(seq, "")) for seq, one in pending.items()]
    return _Found(unfit, examples, was is not None and not other and _restated(was, task, fitting))


Looked = tuple[int, int | str, Any, str]
"""How many answers, the seq of one's submit or its item, the answer, and why it does not fit ("": it does)."""


def _by_value(connection: Connection, asked: dict[str, Any], task: TaskType) -> Iterator[Looked]:
    for row in connection.execute(_VALUES, asked, execution_options={"yield_per": CHUNK}):
        answer = msgspec.json.decode(row.value)
        yield row.number, row.seq, answer, _why(task, answer, NOTHING)


def _by_item(connection: Connection, asked: dict[str, Any], form: ProjectForm, task: TaskType) -> Iterator[Looked]:
    while rows := connection.execute(_ANSWERS, asked).all():
        payloads = {row.id: msgspec.json.decode(row.payload) for row in rows}
        shown = shown_many(connection, asked["project"], payloads, form)
        for row in rows:
            answer = msgspec.json.decode(row.value)
            yield 1, row.external_id, answer, _why(task, answer, shown[row.id])
        asked = asked | {"after": rows[-1].seq}


def _why(task: TaskType, answer: Any, shown: Any) -> str:
    try:
        task.validate(answer, shown)
    except InputError as error:
        return error.message
    return ""


def _another(was: TaskType, now: TaskType) -> str:
    """Why answers to the one say nothing about the other, whatever they look like."""
    if type(was) is not type(now):
        return "it was another type of question. Give the new one a name of its own."
    before, after = _works_on(was), _works_on(now)
    if before != after:
        return f"it was asked about {', '.join(before)}, which would be {', '.join(after)}."
    return ""


def _works_on(task: TaskType) -> list[str]:
    """The fields it works on, in the order of the settings where answers go by that."""
    form = task.form()
    return list(form.fields()) if any(isinstance(one, Panes) for one in form.primitives) else sorted(form.fields())


def _restated(was: TaskType, now: TaskType, answers: list[Any]) -> bool:
    """Whether two of the answers are further apart, or nearer, than they were."""
    values = [value for answer in answers if (value := now.value(answer)) is not None]
    pairs = itertools.combinations(values, 2)
    return any(abs(was.distance(first, second) - now.distance(first, second)) > NEAR for first, second in pairs)


def _answers(number: int) -> str:
    return f"{number:,} answer{'s' if number != 1 else ''}"


def _items(number: int) -> str:
    return f"{number:,} submit{'s' if number != 1 else ''}"


def _cut(answer: Any) -> str:
    said = answer if isinstance(answer, str) else msgspec.json.encode(answer).decode()
    return said if len(said) <= SHOWN else said[:SHOWN] + "…"
