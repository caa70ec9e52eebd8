"""A project's comparisons and rankings as training pairs, and the files of them.

The responses are the fields that a question compares; the prompt is every other field that can be read. Only
judgements that count are taken: no gold, no practice, nothing that was taken back.

What people say in a blind comparison (`blind`) stays in its own project, and trains no model of this one. It is the
check: a model that had learned from it would be held against prompts that it has seen, and whoever said it could not
judge in the next round, which needs people who taught nothing. Who wants to learn where people and the reward part
brings these pairs in as items, to be judged here.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements.columns import objects
from goldwork.services import jobs
from goldwork.services.forms import current_form
from goldwork.services.media import KINDS
from goldwork.services.tables import PAGE, last_seq, read_submits, read_table
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import item
from goldwork.tasks.compare import Compare
from goldwork.tasks.conversation import read_turns
from goldwork.tasks.questions import ProjectForm
from goldwork.tasks.rank import Rank

if TYPE_CHECKING:
    from goldwork.preference.pairs import Pairs

EXPORT = "export-pairs"
PROMPT = "prompt"
Rows = Literal["preference", "conversational", "unpaired"]
FileFormat = Literal["jsonl", "parquet"]

_ITEMS = (
    sa.select(item.c.id, item.c.external_id, item.c.payload)
    .where(item.c.project == bind("project"))
    .order_by(item.c.id)
)


class Request(msgspec.Struct, frozen=True):
    """Which file of a question's pairs to write."""

    question: str
    rows: Rows = "preference"
    format: FileFormat = "jsonl"


def comparing(form: ProjectForm) -> dict[str, tuple[str, ...]]:
    """The questions that compare texts, and the fields that each compares."""
    shows = form.shows()
    tasks = {name: task for name, task in form.tasks().items() if isinstance(task, Compare | Rank)}
    return {
        name: tuple(task.fields)
        for name, task in tasks.items()
        if not any(shows.get(field) in KINDS for field in task.fields)
    }


def chosen_question(form: ProjectForm, question: str | None) -> str:
    """The question that is asked for, or the first that compares texts. Raises InputError."""
    there = comparing(form)
    if not there:
        raise InputError(
            "no question of this project compares or ranks texts, so there is nothing to learn a preference from."
        )
    if question is not None and question not in there:
        raise InputError(f"must be a question that compares texts: {', '.join(there)}. Got {question!r}.")
    return question or next(iter(there))


def read_pairs(connection: Connection, project_id: int, question: str, through: int) -> Pairs:
    """The pairs of a question's judgements through a seq. Raises InputError saying why there are none."""
    from goldwork.preference.pairs import build_pairs

    form = current_form(connection, project_id)
    fields = comparing(form)[chosen_question(form, question)]
    table = read_table(connection, project_id, read_submits(connection, project_id, through), form).humans()
    if question not in set(table.questions.tolist()):
        raise InputError("nobody has compared anything yet: collect some judgements first.")
    table = table.about(question)
    items, names = _read_items(connection, project_id, form, fields, set(table.items.tolist()))
    pairs = build_pairs(table, items, fields=fields, prompt=PROMPT)
    return dataclasses.replace(pairs, item=objects([names[of] for of in pairs.item.tolist()]))


def _read_items(
    connection: Connection, project_id: int, form: ProjectForm, fields: tuple[str, ...], wanted: set[int]
) -> tuple[Items, dict[int, str]]:
    """The judged items, and what they are called; what stands around the compared fields is the prompt."""
    shows, names = form.shows(), {}
    columns: dict[str, list[Any]] = {"id": [], PROMPT: []}
    texts: dict[str, list[str]] = {name: [] for name in fields}
    rows = connection.execute(_ITEMS, {"project": project_id}, execution_options={"yield_per": PAGE})
    for row in rows:
        if row.id not in wanted:
            continue
        names[row.id] = row.external_id
        payload: Mapping[str, Any] = msgspec.json.decode(row.payload)
        around = [name for name in shows or payload if name not in fields and shows.get(name) not in KINDS]
        said = [_text(payload.get(name), shows.get(name)) for name in around]
        columns["id"].append(row.id)
        columns[PROMPT].append("\n\n".join(text for text in said if text))
        for name in fields:
            texts[name].append(_text(payload.get(name), shows.get(name)))
    if PROMPT in texts:  # a compared field may be called so
        raise InputError(f"a compared field is called {PROMPT!r}. Give it another name.")
    return Items.from_columns(columns | texts), names


def _text(value: Any, show: str | None) -> str:
    """A field as text; a conversation as its turns, each under its role."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if show != "chat" or not text:
        return text
    try:
        return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in read_turns(text))
    except InputError:
        return text


# The files.


def start_export(connection: Connection, database: Database, project_id: int, request: Request) -> jobs.Job:
    """Add the job that writes pairs."""
    made = jobs.add(connection, database, EXPORT, project_id, msgspec.to_builtins(request))
    assert made is not None
    return made


def run_export(work: Work) -> Steps:
    """Write the pairs of all judgements that there are now, in one step."""
    yield
    from goldwork.io.exchange import trl_rows
    from goldwork.preference.rows import training_rows

    request = msgspec.convert(work.body, Request)
    with work.database.read() as connection:
        pairs = read_pairs(connection, work.project, request.question, last_seq(connection, work.project))
    folder = work.home.exports / str(work.project)
    folder.mkdir(mode=0o700, exist_ok=True)
    stored = f"{work.held.id}.{request.format}"
    work.save(phase="writing", total=len(pairs))
    trl_rows.write(folder / stored, training_rows(pairs, request.rows))
    size = (folder / stored).stat().st_size
    return {"file": f"{request.rows}.{request.format}", "stored": stored, "rows": len(pairs), "bytes": size}
