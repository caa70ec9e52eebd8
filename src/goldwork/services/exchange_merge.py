"""The consensus of examples that are in no project: for formats that hold one answer about an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from goldwork.errors import AnswerError
from goldwork.io.exchange import Answered, Example, Merged
from goldwork.judgements import Judgements
from goldwork.quality.policy import Policy
from goldwork.services import questions
from goldwork.tasks import TaskType
from goldwork.tasks.questions import ProjectForm

POLICY = Policy(1, 0)


def merge(form: ProjectForm, examples: Sequence[Example]) -> tuple[list[Example], dict[str, str]]:
    """The examples with the consensus of each question, by the question's own method; and which that was.

    What a question does not take as an answer is left out.
    """
    found: dict[int, dict[str, Merged]] = {}
    methods: dict[str, str] = {}
    for name, task in form.tasks().items():
        table = _table(name, task, examples)
        if table is None:
            continue
        made = questions.merge(task, table, POLICY)
        methods[name] = made.method
        for item, label, sure in zip(made.items.tolist(), made.labels.tolist(), made.confidence.tolist(), strict=True):
            try:
                task.validate(label)
            except AnswerError:
                continue
            found.setdefault(item, {})[name] = Merged(task.canonical(label), sure)
    return [msgspec.structs.replace(one, merged=found.get(n, {})) for n, one in enumerate(examples)], methods


def only_merged(example: Example) -> Example:
    """The example with the consensus as its only answer."""
    answers = {name: one.answer for name, one in example.merged.items()}
    return msgspec.structs.replace(example, answered=(Answered(answers),) if answers else ())


def _table(name: str, task: TaskType, examples: Sequence[Example]) -> Judgements | None:
    """The long table of what people answered to a question, None where nobody did."""
    columns: dict[str, list[Any]] = {"item": [], "annotator": [], "label": []}
    for number, example in enumerate(examples):
        for one in example.answered:
            if one.kind != "human" or name not in one.answers:
                continue
            if (value := task.value(one.answers[name])) is not None:
                for column, cell in zip(columns, (number, one.annotator, value), strict=True):
                    columns[column].append(cell)
    return Judgements.from_columns(columns, duplicates="repeat") if columns["item"] else None
