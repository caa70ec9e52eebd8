"""Export in another tool's format: the items, and either everybody's answers or what these were merged to.

The file appears whole or not at all; a format that is a folder is packed. What the format cannot hold is said before.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Answered, Example, Exchange, Merged, exchange
from goldwork.io.exchange.dataset_card import Card
from goldwork.io.exchange.huggingface import HuggingFace
from goldwork.io.exchange.image_size import SIZE
from goldwork.services import export, jobs, media
from goldwork.services.exchange_in import said
from goldwork.services.exchange_match import Names
from goldwork.services.figures import Figures
from goldwork.services.forms import current_form
from goldwork.services.snapshot import NAME
from goldwork.services.tables import ORDINARY, last_seq
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import consensus, guideline, project, snapshot
from goldwork.tasks import NOTHING, TaskType
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.compare import Compare
from goldwork.tasks.conversation import read_turns
from goldwork.tasks.questions import ProjectForm

Answers = Literal["all", "consensus"]

_CONSENSUS = sa.select(consensus.c.item, consensus.c.question, consensus.c.label, consensus.c.confidence).where(
    consensus.c.project == bind("project"), consensus.c.item.in_(bind("items", expanding=True))
)
_CARD = (
    sa.select(project.c.name, guideline.c.body, snapshot.c.body.label("figures"))
    .select_from(
        project.join(
            guideline, (guideline.c.project == project.c.id) & (guideline.c.version == project.c.guideline_version)
        ).outerjoin(snapshot, (snapshot.c.project == project.c.id) & (snapshot.c.name == NAME))
    )
    .where(project.c.id == bind("project"))
)


class Request(msgspec.Struct, frozen=True):
    """What to write. `answers`: everybody's or the consensus; by default all where the format holds several.

    The rest stands on the card of a dataset.
    """

    format: str
    answers: Answers | None = None
    licence: str = ""
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """A format, whose answers it has by default, and what it cannot hold of the project.

    `refusal`: why it can hold nothing of it, or empty. `losses`: by whose answers one may choose.
    """

    format: str
    answers: Answers
    folder: bool
    refusal: str
    losses: dict[Answers, list[str]]


def offers(connection: Connection, project_id: int) -> list[Offer]:
    """Every format there is, those that hold something of the project first."""
    form = current_form(connection, project_id)
    made = []
    for name in exchange.names():
        answers, refusal = answers_of(name, None), ""
        lost: dict[Answers, list[str]] = {}
        try:
            for chosen in _choices(name):
                lost[chosen] = losses(form, name, chosen)
        except InputError as error:
            refusal, lost = error.message, {}
        made.append(Offer(name, answers, not exchange.get(name).suffixes, refusal, lost))
    return sorted(made, key=lambda offer: bool(offer.refusal))


def losses(form: ProjectForm, name: str, answers: Answers) -> list[str]:
    """What the format cannot hold of a project. Raises InputError where that is all of it."""
    lost = exchange.get(name).losses(merged_form(form) if answers == "consensus" else form)
    if answers == "consensus":
        lost.append("Of several answers about an item it has the consensus.")
        lost += [
            f"Question {question.name}: only the main answer is merged, without its attributes."
            for question in form.questions
            if isinstance(question.task, Boxes | Compare) and question.task.attributes
        ]
    return lost


def answers_of(name: str, asked: Answers | None) -> Answers:
    """Whose answers are written. Raises InputError where the format cannot hold them."""
    choices = _choices(name)
    if asked is not None and asked not in choices:
        why = "one answer about an item" if asked == "all" else "everybody's answers, and the consensus beside them"
        raise InputError(f"{name} holds {why}. Write {choices[0]}.", where="answers")
    return asked or choices[0]


def _choices(name: str) -> list[Answers]:
    """Whose answers a format can hold, first what it holds by default."""
    format_ = exchange.get(name)
    if isinstance(format_, HuggingFace):
        return ["all"]
    if format_.several:
        return ["all", "consensus"]
    return ["consensus", "all"] if exchange.facts(name).get("each") else ["consensus"]


def start(connection: Connection, database: Database, project_id: int, request: Request) -> jobs.Job:
    """Add the job. Raises InputError where the format holds nothing of the project."""
    losses(current_form(connection, project_id), request.format, answers_of(request.format, request.answers))
    Card(licence=request.licence, languages=request.languages, tags=request.tags)
    made = jobs.add(connection, database, "export-exchange", project_id, msgspec.to_builtins(request))
    assert made is not None
    return made


def run(work: Work) -> Steps:
    """Write the file, in one step; it stops where the job is cancelled."""
    yield
    request = msgspec.convert(work.body, Request)
    folder = work.home.exports / str(work.project)
    folder.mkdir(mode=0o700, exist_ok=True)
    suffix = (*exchange.get(request.format).suffixes, ".zip")[0]
    target = folder / f"{work.held.id}{suffix}"
    with tempfile.TemporaryDirectory(prefix=".exchange-", dir=folder) as draft:
        path = Path(draft) / f"out{suffix if suffix != '.zip' else ''}"
        rows, left = write(work.database, work.project, path, request, said_rows=export.Progress(work).say)
        if path.is_dir():
            path = _pack(path, Path(draft) / "out.zip")
        path.replace(target)
    size = target.stat().st_size
    name = f"{request.format}{suffix}"
    return {"file": name, "stored": target.name, "rows": rows, "bytes": size, "left": left}


def _pack(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder))
    shutil.rmtree(folder)
    return target


def write(
    database: Database, project_id: int, path: Path, request: Request, said_rows: Any = None
) -> tuple[int, list[str]]:
    """Write the project to `path`. Returns how many items, and what was left out as it was written."""
    format_: Exchange = exchange.get(request.format)
    answers = answers_of(request.format, request.answers)
    with database.read() as connection:
        form = current_form(connection, project_id)
        row = connection.execute(_CARD, {"project": project_id}).one()
    names = Names(keep=False) if isinstance(format_, HuggingFace) else None
    asked = merged_form(form) if answers == "consensus" else form
    rows = 0

    def counted() -> Iterator[Example]:
        nonlocal rows
        for example in examples(database, project_id, form, answers, names):
            yield example
            rows += 1
            if said_rows is not None:
                said_rows(rows)

    figures = msgspec.json.decode(row.figures, type=Figures) if row.figures else None
    methods = {name: one.method for name, one in figures.consensus.items()} if figures else {}
    left = write_examples(path, asked, counted(), request, name=row.name, guideline=row.body, methods=methods)
    return rows, left


def write_examples(
    path: Path,
    form: ProjectForm,
    examples: Iterable[Example],
    request: Request,
    *,
    name: str = "",
    guideline: str = "",
    methods: Mapping[str, str] = NOTHING,
) -> list[str]:
    """Write examples, with a card where the format has one. Returns what was left out, in sentences."""
    format_ = exchange.get(request.format)
    with said() as left:
        if isinstance(format_, HuggingFace):
            card = Card(name, guideline, request.licence, request.languages, request.tags, dict(methods))
            format_.write(path, form, examples, card)
        else:
            format_.write(path, form, examples)
    return left


def merged_form(form: ProjectForm) -> ProjectForm:
    """The form as its consensus answers it: without what is said beside an answer."""
    questions = tuple(
        msgspec.structs.replace(question, task=msgspec.structs.replace(question.task, attributes=()))
        if isinstance(question.task, Boxes | Compare)
        else question
        for question in form.questions
    )
    return msgspec.structs.replace(form, questions=questions)


def examples(
    database: Database, project_id: int, form: ProjectForm, answers: Answers, names: Names | None = None
) -> Iterator[Example]:
    """The published items with everybody's answers, or with the consensus as the only one."""
    with database.read() as connection:
        through = last_seq(connection, project_id)
    given = _by_item(export.judgement_pages(database, project_id, through, form), names) if answers == "all" else {}
    images = {name for name, show in form.shows().items() if show in media.KINDS}
    chats = [name for name, show in form.shows().items() if show == "chat"]
    tasks = merged_form(form).tasks()
    for page in export.item_pages(database, project_id):
        with database.read() as connection:
            merged = _merged(connection, project_id, [row.id for row in page], tasks)
            payloads = export.read_payloads(connection, project_id, page, images)
            stored = {row.id: msgspec.json.decode(row.payload) for row in page} if images else {}
            shown = media.shown_many(connection, project_id, stored, form)
        for row, payload in zip(page, payloads, strict=True):
            payload |= _sizes([shown[row.id].get(name) for name in images] if images else [], payload)
            payload |= {name: _turns(payload[name]) for name in chats if name in payload}
            consensus_ = merged.get(row.id, {})
            answered = tuple(given.pop(row.external_id, ()))
            if answers == "consensus" and consensus_:
                answered = (Answered({name: one.answer for name, one in consensus_.items()}),)
            yield Example(row.external_id, payload, answered, merged=consensus_)


def _sizes(images: list[Any], payload: dict[str, Any]) -> dict[str, str]:
    """The fields that say how large an item's image is, where it has one and they are not there."""
    if len(images) != 1 or not isinstance(images[0], dict) or any(payload.get(name) for name in SIZE):
        return {}
    return dict(zip(SIZE, (str(images[0][side]) for side in ("width", "height")), strict=True))


def _turns(value: Any) -> Any:
    """A conversation as turns; what is none stays."""
    try:
        return read_turns(value or [])
    except InputError:
        return value


def _by_item(pages: Iterable[export.Page], names: Names | None) -> dict[str, list[Answered]]:
    """Everybody's ordinary judgements by item, each annotator's together."""
    found: dict[str, dict[str, Answered]] = {}
    for page in pages:
        columns = ("item", "annotator", "kind", "question", "label", "seconds", "submitted_at", "purpose")
        for item, who, kind, question, label, seconds, at, purpose in zip(
            *(page[name] for name in columns), strict=True
        ):
            if purpose not in ORDINARY:
                continue
            one = found.setdefault(item, {}).setdefault(
                who, Answered({}, names.of(who) if names is not None else who, kind, seconds, at)
            )
            one.answers[question] = label
    return {item: list(of.values()) for item, of in found.items()}


def _merged(
    connection: Connection, project_id: int, items: list[int], tasks: dict[str, TaskType]
) -> dict[int, dict[str, Merged]]:
    """The consensus by item and question; what its question does not take as an answer is left out."""
    found: dict[int, dict[str, Merged]] = {}
    for row in connection.execute(_CONSENSUS, {"project": project_id, "items": items}):
        label = msgspec.json.decode(row.label)
        try:
            tasks[row.question].validate(label)
        except (KeyError, AnswerError):
            continue
        answer = tasks[row.question].canonical(label)
        found.setdefault(row.item, {})[row.question] = Merged(answer, row.confidence)
    return found
