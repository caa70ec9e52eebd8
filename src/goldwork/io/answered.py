"""The judgements in other tools' files as the long table, for whoever has no use for the items."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goldwork import io
from goldwork.errors import InputError
from goldwork.io.exchange import exchange, sniff
from goldwork.io.roles import assign
from goldwork.io.source import Source
from goldwork.io.tables import Reading
from goldwork.judgements import Duplicates, Judgements
from goldwork.tasks.questions import read_form

NOBODY = "annotator 1"
"""Who answered where a file does not say it."""
COLUMNS = ("item", "annotator", "label", "kind", "submitted_at", "seconds")


def tool_of(path: Path, name: str | None, given: Mapping[str, str | None]) -> str | None:
    """The exchange format of a file that is no long table, else None. `given`: columns that were named by role."""
    if name in exchange.names():
        return name
    if name is not None or any(given.get(role) for role in ("item", "annotator", "label")):
        return None
    if path.is_dir():
        return sniff(path)
    if (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower() in (".csv", ".tsv"):
        return None
    try:
        found = sniff(path)
    except InputError:
        return None
    return None if _is_long_table(Source(path)) else found


def _is_long_table(source: Source) -> bool:
    name = io.sniff(source)
    if name in io.ANY_TEXT:
        return False
    try:
        chunk = next(io.scan(source, name), None)
        return chunk is not None and bool(assign(list(chunk.columns), {}, ""))
    except InputError:
        return False


def read(path: Path, name: str, question: str | None, duplicates: Duplicates) -> Reading:
    """The answers to one question, as task types have them merged and compared.

    Raises InputError where the file answers several and none is named.
    """
    format_ = exchange.get(name)
    form = read_form(format_.form(path))
    tasks = form.tasks()
    if question is None and len(tasks) > 1:
        raise InputError(f"it answers {len(tasks)} questions. Name one of: {', '.join(tasks)}.", where=path.name)
    asked = next(iter(tasks)) if question is None else question
    if asked not in tasks:
        raise InputError(f"it answers no question {asked!r}. It answers: {', '.join(tasks)}.", where=path.name)
    columns: dict[str, list[Any]] = {column: [] for column in COLUMNS}
    for example in format_.read(path):
        for one in example.answered:
            if asked in one.answers and (value := tasks[asked].value(one.answers[asked])) is not None:
                row = (example.id, one.annotator or NOBODY, value, one.kind, one.submitted_at, one.seconds)
                for column, cell in zip(COLUMNS, row, strict=True):
                    columns[column].append(cell)
    for column in ("submitted_at", "seconds"):
        if not any(cell is not None for cell in columns[column]):
            del columns[column]
    table = Judgements.from_columns(
        columns, item="item", annotator="annotator", value="label", kind="kind", duplicates=duplicates, where=path.name
    )
    roles = {"item": "item", "annotator": "annotator", "label": asked}
    return Reading(table, path.name, name, roles, ())
