"""Export: judgements with their provenance, the consensus, the items; what is exported imports again to the same.

Judgements are paged by `seq <= s`, s being the log's end when the job began, so that an export is one moment of the
project however long it takes. The file appears in the home's exports folder whole or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork import io
from goldwork.errors import NotFoundError
from goldwork.io.columns import Kind
from goldwork.services import groups, jobs, media, peer_reviews
from goldwork.services.forms import current_form
from goldwork.services.ingest import SAY_EVERY
from goldwork.services.tables import iso, last_seq, read_stood
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import annotator, assignment, batch, consensus, item, judgement, submit
from goldwork.tasks.questions import ProjectForm

KINDS = ("export", "export-exchange", "export-pairs")
"""Kinds of job that leave a file."""
PAGE = 2_000
"""Submits, items or rows read from the database at a time."""

What = Literal["judgements", "consensus", "items", "groups", "reviews"]
FileFormat = Literal["csv", "jsonl", "parquet"]
Page = dict[str, list[Any]]

JUDGEMENTS: Mapping[str, Kind] = {
    "item": "text",
    "annotator": "text",
    "question": "text",
    "label": "json",
    "seconds": "number",
    "submitted_at": "text",
    "batch": "text",
    "form_version": "integer",
    "guideline_version": "integer",
    "seq": "integer",
    "surplus": "truth",
    "purpose": "text",
    "kind": "text",
    "shown": "text",
    "suggestion": "text",
}
"""Columns of exported judgements. `kind` is the annotator's: human, model or gold. `shown`: what stood where on the
screen, as the long table says it; empty where nothing was drawn by lot. `suggestion`: whether a model's answer was
shown beforehand or hidden; empty where there was none. `purpose`: work and import are ordinary judgements; gold,
practice, repeat and adjudication are no opinions about the item among others, and are left out where they are read."""
CONSENSUS: Mapping[str, Kind] = {
    "item": "text",
    "question": "text",
    "label": "json",
    "confidence": "number",
    "judgements": "integer",
    "tie": "truth",
    "ambiguity": "number",
    "votes": "json",
    "settled": "integer",
}
"""Columns of the exported consensus. `settled`: by how many experts, whose answer then is the label."""
REVIEWS: Mapping[str, Kind] = {
    "item": "text",
    "text": "integer",
    "author": "text",
    "reviewer": "text",
    "criterion": "text",
    "value": "json",
    "seconds": "number",
    "submitted_at": "text",
    "seq": "integer",
}
"""Columns of exported reviews, one row for each criterion. `text`: the seq of the answer that was reviewed, as exported
judgements have it; `seq`: the review's own. A reviewer's words stand under the criterion `comment`."""

_later = submit.alias("later")
# The page is chosen on `submit` alone, in the order of its key, before anything is joined: no planner can do worse.
_page = (
    sa.select(submit)
    .where(
        submit.c.project == bind("project"),
        submit.c.seq > bind("seq"),
        submit.c.seq <= bind("through"),
        submit.c.kind == "answer",
        submit.c.subject.is_(None),
        ~sa.exists().where(
            _later.c.project == submit.c.project, _later.c.supersedes == submit.c.seq, _later.c.seq <= bind("through")
        ),
    )
    .order_by(submit.c.seq)
    .limit(bind("size"))
    .subquery("page")
)
_JUDGEMENTS = (
    sa.select(
        _page.c.seq,
        item.c.external_id,
        annotator.c.pseudonym,
        annotator.c.kind,
        judgement.c.question,
        judgement.c.value,
        _page.c.seconds,
        _page.c.submitted_at,
        batch.c.name,
        _page.c.form_version,
        _page.c.guideline_version,
        _page.c.surplus,
        _page.c.shown,
        _page.c.suggestion,
        assignment.c.purpose,
    )
    .select_from(
        _page.join(judgement, (judgement.c.project == _page.c.project) & (judgement.c.seq == _page.c.seq))
        .join(item, item.c.id == _page.c.item)
        .join(batch, batch.c.id == item.c.batch)
        .join(annotator, annotator.c.id == _page.c.annotator)
        .join(assignment, assignment.c.id == _page.c.assignment)
    )
    .order_by(_page.c.seq, judgement.c.question)
)
_CONSENSUS = (
    sa.select(
        consensus.c.question,
        consensus.c.external_id,
        consensus.c.item,
        consensus.c.label,
        consensus.c.confidence,
        consensus.c.judgements,
        consensus.c.tie,
        consensus.c.ambiguity,
        consensus.c.votes,
        consensus.c.settled,
    )
    .where(
        consensus.c.project == bind("project"),
        sa.tuple_(consensus.c.question, consensus.c.external_id, consensus.c.item)
        > sa.tuple_(bind("question"), bind("external_id"), bind("item")),
    )
    .order_by(consensus.c.question, consensus.c.external_id, consensus.c.item)
    .limit(PAGE)
)
_BATCHES = (
    sa.select(batch.c.id).where(batch.c.project == bind("project"), batch.c.state == "published").order_by(batch.c.id)
)
_ITEMS = (
    sa.select(item.c.id, item.c.external_id, item.c.payload)
    .where(item.c.batch == bind("in_batch"), item.c.id > bind("after"))
    .order_by(item.c.id)
    .limit(bind("size"))
)


class Request(msgspec.Struct, frozen=True):
    """What to export, and as what."""

    what: What
    format: FileFormat = "csv"


def start(connection: Connection, database: Database, project_id: int, request: Request) -> jobs.Job:
    """Add the job that writes an export."""
    made = jobs.add(connection, database, "export", project_id, msgspec.to_builtins(request))
    assert made is not None
    return made


def find_export(connection: Connection, home: Home, project_id: int, job_id: int) -> tuple[Path, str]:
    """A finished export and the name to give it. Raises NotFoundError."""
    found = jobs.find_job(connection, project_id, job_id)
    if found.kind not in KINDS or found.result is None:
        raise NotFoundError("there is no such export.")
    path = home.exports / str(project_id) / found.result["stored"]
    if not path.exists():
        raise NotFoundError("this export was removed after a week. Export again.")
    return path, found.result["file"]


def run(work: Work) -> Steps:
    """Write the file, in one step; it stops where the job is cancelled."""
    yield
    request = msgspec.convert(work.body, Request)
    folder = work.home.exports / str(work.project)
    folder.mkdir(mode=0o700, exist_ok=True)
    stored = f"{work.held.id}.{request.format}"
    rows = write(work.database, work.project, request.what, folder / stored, request.format, said=Progress(work).say)
    size = (folder / stored).stat().st_size
    return {"file": f"{request.what}.{request.format}", "stored": stored, "rows": rows, "bytes": size}


class Progress:
    """Says now and then how many rows were written."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.at = 0.0

    def say(self, rows: int) -> None:
        """So many are written."""
        if time.monotonic() - self.at > SAY_EVERY:
            self.at = time.monotonic()
            self.work.save(done=rows, phase="writing")


def write(
    database: Database, project_id: int, what: What, path: Path, format: str | None = None, said: Any = None
) -> int:
    """Write one kind of export to `path`. Returns how many rows it has."""
    with database.read() as connection:
        form = current_form(connection, project_id)
        through = last_seq(connection, project_id)
    kinds: dict[str, Kind]
    if what == "judgements":
        kinds, pages = _with_labels(JUDGEMENTS, form), judgement_pages(database, project_id, through, form)
    elif what == "consensus":
        kinds, pages = _with_labels(CONSENSUS, form), _consensus(database, project_id)
    elif what == "reviews":
        kinds, pages = dict(REVIEWS), _reviews(database, project_id)
    elif what == "groups":
        kinds, pages = _with_labels(groups.COLUMNS, form), groups.pages(database, project_id)
    else:
        names = [field.name for field in form.fields] or _payload_names(database, project_id)
        images = {field.name for field in form.fields if field.show in media.KINDS}
        by = "id" if "id" not in names else "external_id"
        kinds, pages = {by: "text", **dict.fromkeys(names, "text")}, _items(database, project_id, by, names, images)
    rows = 0

    def counted() -> Iterator[Page]:
        nonlocal rows
        for page in pages:
            yield page
            rows += len(next(iter(page.values())))
            if said is not None:
                said(rows)

    io.write_chunks(path, kinds, counted(), name=format)
    return rows


def _with_labels(columns: Mapping[str, Kind], form: ProjectForm) -> dict[str, Kind]:
    """Labels are text where every question is answered by one of its keys; else they are JSON."""
    if all(task.kind == "choice" for task in form.tasks().values()):
        return {**columns, "label": "text"}
    return dict(columns)


def judgement_pages(database: Database, project_id: int, through: int, form: ProjectForm) -> Iterator[Page]:
    """The judgements in force through a seq, in the order of submits."""
    after, fields = 0, form.shuffled()
    while True:
        where = {"project": project_id, "through": through, "seq": after, "size": PAGE}
        with database.read() as connection:
            rows = connection.execute(_JUDGEMENTS, where).all()
        if not rows:
            return
        after = rows[-1].seq
        yield {
            "item": [row.external_id for row in rows],
            "annotator": [row.pseudonym for row in rows],
            "question": [row.question for row in rows],
            "label": [msgspec.json.decode(row.value) for row in rows],
            "seconds": [row.seconds for row in rows],
            "submitted_at": [iso(row.submitted_at) for row in rows],
            "batch": [row.name for row in rows],
            "form_version": [row.form_version for row in rows],
            "guideline_version": [row.guideline_version for row in rows],
            "seq": [row.seq for row in rows],
            "surplus": [bool(row.surplus) for row in rows],
            "purpose": [row.purpose for row in rows],
            "kind": [row.kind for row in rows],
            "shown": [read_stood(row.shown, row.question, fields) for row in rows],
            "suggestion": [row.suggestion for row in rows],
        }


def _consensus(database: Database, project_id: int) -> Iterator[Page]:
    place: dict[str, Any] = {"question": "", "external_id": "", "item": 0}
    while True:
        with database.read() as connection:
            rows = connection.execute(_CONSENSUS, {"project": project_id} | place).all()
        if not rows:
            return
        place = {"question": rows[-1].question, "external_id": rows[-1].external_id, "item": rows[-1].item}
        yield {
            "item": [row.external_id for row in rows],
            "question": [row.question for row in rows],
            "label": [msgspec.json.decode(row.label) for row in rows],
            "confidence": [row.confidence for row in rows],
            "judgements": [row.judgements for row in rows],
            "tie": [bool(row.tie) for row in rows],
            "ambiguity": [row.ambiguity for row in rows],
            "votes": [msgspec.json.decode(row.votes) for row in rows],
            "settled": [row.settled for row in rows],
        }


def _reviews(database: Database, project_id: int) -> Iterator[Page]:
    for rows in peer_reviews.export_rows(database, project_id):
        yield {
            "item": [row.external_id for row in rows],
            "text": [row.subject for row in rows],
            "author": [row.author for row in rows],
            "reviewer": [row.reviewer for row in rows],
            "criterion": [row.question for row in rows],
            "value": [msgspec.json.decode(row.value) for row in rows],
            "seconds": [row.seconds for row in rows],
            "submitted_at": [iso(row.submitted_at) for row in rows],
            "seq": [row.seq for row in rows],
        }


def _items(database: Database, project_id: int, by: str, names: list[str], images: set[str]) -> Iterator[Page]:
    for rows in item_pages(database, project_id):
        with database.read() as connection:
            payloads = read_payloads(connection, project_id, rows, images)
        page: Page = {by: [row.external_id for row in rows]}
        for name in names:
            page[name] = [payload.get(name, "") for payload in payloads]
        yield page


def read_payloads(
    connection: Connection, project_id: int, rows: Sequence[Any], images: set[str]
) -> list[dict[str, Any]]:
    """The fields of items, with images by the names of their files where they have some."""
    payloads: list[dict[str, Any]] = [msgspec.json.decode(row.payload) for row in rows]
    hashes = [payload[name] for payload in payloads for name in images if name in payload]
    called = media.names(connection, project_id, hashes) if hashes else {}
    for payload in payloads:
        payload |= {name: called.get(payload[name], payload[name]) for name in images if name in payload}
    return payloads


def item_pages(database: Database, project_id: int) -> Iterator[Sequence[Any]]:
    """The published items, batch by batch, in the order they came in."""
    with database.read() as connection:
        batches = connection.execute(_BATCHES, {"project": project_id}).scalars().all()
    for of in batches:
        after = 0
        while True:
            with database.read() as connection:
                rows = connection.execute(_ITEMS, {"in_batch": of, "after": after, "size": PAGE}).all()
            if not rows:
                break
            after = rows[-1].id
            yield rows


def _payload_names(database: Database, project_id: int) -> list[str]:
    """The fields of items where the form does not list them: those of the first items."""
    rows = next(item_pages(database, project_id), [])
    return list(dict.fromkeys(name for row in rows for name in msgspec.json.decode(row.payload)))
