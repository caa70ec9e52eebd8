"""Import of another tool's file: its items as one batch, and then what people answered about them.

The file is read as a whole and checked against the project; what it says is written as two tables, and these go through
the imports of items and of judgements. So nothing is written where anything is wrong, and a worker that died is
followed by one that goes on.
"""

from __future__ import annotations

import itertools
import logging
import re
import secrets
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from goldwork.errors import AnswerError, InputError
from goldwork.io.exchange import Answered, Example, exchange
from goldwork.services import ingest, jobs, labels, media
from goldwork.services.collect import MAX_SECONDS
from goldwork.services.exchange_match import GOLD, PSEUDONYM, Match, Names, counted, match
from goldwork.services.forms import current_form
from goldwork.services.rows import MAX_ID
from goldwork.services.tables import from_iso
from goldwork.services.uploads import Upload, find_upload, remove_upload
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import annotator
from goldwork.tasks.questions import ProjectForm, read_form

CHUNK = 500
"""Items looked at between two steps."""

encode = msgspec.json.Encoder(order="sorted").encode
_INVENTED = re.compile(rf"{PSEUDONYM} (\d{{1,9}})")


class Request(msgspec.Struct, frozen=True):
    """What to import: an upload in the exchange format `format`. `names`: whether annotators keep their names."""

    file: str
    format: str
    batch: str = ""
    existing: Literal["error", "skip"] = "error"
    names: bool = False


class Prepared(msgspec.Struct, frozen=True):
    """The two tables of a file: uploads by their ids; "" where there are no judgements."""

    items: str
    judgements: str
    id: str
    fields: dict[str, str]
    answers: int
    left: list[str]


def start(
    connection: Connection,
    database: Database,
    home: Home,
    project_id: int,
    request: Request,
    by: int | None = None,
    prepared: Prepared | None = None,
) -> jobs.Job:
    """Add the job. `prepared`: what `prepare` made of a file of this machine. Raises NotFoundError, InputError."""
    if prepared is None:
        exchange.get(request.format)
        request = msgspec.structs.replace(
            request, batch=request.batch.strip() or str(find_upload(home, project_id, request.file))
        )
    if len(request.batch) > ingest.MAX_BATCH_NAME or "\0" in request.batch:
        raise InputError(f"a batch's name has up to {ingest.MAX_BATCH_NAME} characters.", where="batch")
    body = msgspec.to_builtins(request) | {"by": by, "seed": secrets.randbits(31)}
    body["prepared"] = None if prepared is None else msgspec.to_builtins(prepared)
    made = jobs.add(connection, database, "import-exchange", project_id, body)
    assert made is not None
    return made


# The job.


class _Part(Work):
    """A job within the job: with a body of its own, and its own place in the checkpoint."""

    def __init__(self, work: Work, name: str, body: dict[str, Any]) -> None:
        super().__init__(work.held, work.database, work.writer, work.home)
        self._name, self._body = name, body

    @property
    def body(self) -> dict[str, Any]:
        return self._body

    @property
    def checkpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = self.held.checkpoint.setdefault(self._name, {})
        return found

    def save(self, *given: Any, **options: Any) -> None:
        """Once the items are there, nothing is cancelled any more."""
        super().save(*given, **options | ({"cancellable": False} if self._name == "judgements" else {}))


def run(work: Work) -> Steps:
    """Read and check, then items, then judgements."""
    state, body = work.checkpoint, work.body
    if "prepared" not in state:
        state["prepared"] = body["prepared"] or msgspec.to_builtins((yield from _prepare(work)))
        work.save(phase="checking")
    prepared = msgspec.convert(state["prepared"], Prepared)
    result = (yield from ingest.run(_items_part(work, prepared))) or {}
    result |= {"submits": 0, "annotators": 0, "left": prepared.left}
    if prepared.judgements:
        given: dict[str, Any] = {"file": prepared.judgements, "fields": {}, "id": None, "format": "jsonl"}
        try:
            result |= (yield from labels.run(_Part(work, "judgements", given))) or {}
        except InputError as error:
            raise InputError(f"the items came in, and their answers did not: {error.message}", **_told(error)) from None
    if body["file"]:
        remove_upload(work.home, work.project, body["file"])
    return result


def undo(work: Work) -> Iterator[None]:
    """Delete what is staged, and the tables."""
    if "prepared" not in work.checkpoint:
        return
    prepared = msgspec.convert(work.checkpoint["prepared"], Prepared)
    yield from ingest.undo(_items_part(work, prepared))
    for file in (prepared.items, prepared.judgements):
        remove_upload(work.home, work.project, file)


def _items_part(work: Work, prepared: Prepared) -> _Part:
    body = {
        "file": prepared.items, "fields": prepared.fields, "id": prepared.id, "format": "jsonl",
        **{name: work.body[name] for name in ("batch", "existing", "by", "seed")},
    }  # fmt: skip
    return _Part(work, "items", body)


def _told(error: InputError) -> dict[str, Any]:
    return {"where": error.where, **error.details}


def _prepare(work: Work) -> Generator[None, None, Prepared]:
    source = find_upload(work.home, work.project, work.body["file"])
    request = msgspec.convert({name: work.body[name] for name in Request.__struct_fields__}, Request)
    steps = prepare(work.home, work.database, work.project, source.path, request, called=str(source))
    while True:
        try:
            done = next(steps)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]
        work.save(done=done, phase="checking")
        yield


# Reading a file.


def prepare(
    home: Home, database: Database, project_id: int, path: Path, request: Request, called: str = ""
) -> Generator[int, None, Prepared]:
    """Check a file against the project and write its two tables. Yields how many items were read.

    Raises InputError, and then leaves nothing.
    """
    reader = _Reader(home, database, project_id, path, request, called or path.name)
    try:
        with said() as sentences:
            yield from reader.read()
        return reader.finish(sentences)
    except BaseException:
        reader.abort()
        raise


class _Reader:
    """Reads a file into its two tables."""

    def __init__(
        self, home: Home, database: Database, project_id: int, path: Path, request: Request, called: str
    ) -> None:
        self.database, self.project, self.path, self.request = database, project_id, path, request
        self.called, self.format = called, exchange.get(request.format)
        with database.read() as connection:
            self.form: ProjectForm = current_form(connection, project_id)
            self.names = Names(keep=request.names, first=_first_free(connection, project_id))
        self.match: Match = match(self.form, read_form(self.format.form(path)))
        self.id = next(name for name in ("id", "item", "identifier", "item id") if name not in self.match.fields)
        self.left: Counter[str] = Counter()
        self.answers = 0
        self.kept: set[tuple[str, str]] = set()
        self.kinds: dict[str, str] = {}
        self.uploads = [Upload(home, project_id, f"{called} {name}.jsonl") for name in ("items", "answers")]

    def read(self) -> Iterator[int]:
        done = 0
        given = self.format.read(self.path)
        while part := list(itertools.islice(given, CHUNK)):
            payloads = dict(enumerate(map(self.match.item, part)))
            with self.database.read() as connection:
                images = _images(connection, self.project, payloads, self.form)
                shown = media.shown_many(connection, self.project, images, self.form)
            for number, example in enumerate(part):
                self.uploads[0].write(encode({self.id: example.id, **payloads[number]}) + b"\n")
                self._answers(example, shown[number])
            done += len(part)
            yield done

    def finish(self, sentences: list[str]) -> Prepared:
        with self.database.read() as connection:
            labels.refuse_taken(connection, self.project, self.kept, self.kinds)
        files = [upload.finish() for upload in self.uploads]
        fields = {name: name for name in self.match.fields}
        left = [*self.match.left, *counted(self.left), *sentences]
        return Prepared(files[0], files[1] if self.answers else "", self.id, fields, self.answers, left)

    def abort(self) -> None:
        for upload in self.uploads:
            upload.abort()

    def _answers(self, example: Example, shown: Any) -> None:
        where = f"{self.called}{f', line {example.line}' if example.line else ''}, item {example.id[:80]}"
        seen: set[tuple[str, str]] = set()
        for answered in example.answered:
            if answered.kind == "gold":
                self.left[GOLD] += 1
                continue
            answers = self.match.answers(answered)
            if not answers:
                continue
            try:
                self._check(answered, answers, shown)
                who = self._name(answered)
            except (AnswerError, InputError) as error:
                raise InputError(str(error), where=where) from None
            if seen & {(who, question) for question in answers}:
                raise InputError(f"{who!r} answered the same question twice. Keep one of the two.", where=where)
            seen |= {(who, question) for question in answers}
            self._write(example.id, who, answered, answers)

    def _check(self, answered: Answered, answers: dict[str, Any], shown: Any) -> None:
        self.form.check(answers, shown, partial=answered.kind == "model")
        if answered.seconds is not None and not 0 <= answered.seconds <= MAX_SECONDS:
            raise InputError(f"seconds must be 0 to {MAX_SECONDS:.0f}. Got {answered.seconds}.")
        if answered.submitted_at:
            try:
                from_iso(answered.submitted_at)
            except (ValueError, OverflowError):
                raise InputError(
                    f"a time such as 2026-03-01T12:00:00Z is needed. Got {answered.submitted_at[:80]!r}."
                ) from None

    def _name(self, answered: Answered) -> str:
        model = answered.kind == "model"
        name = self.names.of_model(answered.annotator) if model else self.names.of(answered.annotator)
        if self.kinds.setdefault(name, answered.kind) != answered.kind:
            raise InputError(f"{name[:80]!r} is a person and a model. Import without keeping names.")
        if len(name) > MAX_ID or not name.isprintable():
            raise InputError(f"an annotator's name has 1 to {MAX_ID} printable characters. Got {name[:80]!r}.")
        return name

    def _write(self, item: str, who: str, answered: Answered, answers: dict[str, Any]) -> None:
        self.answers += 1
        if self.request.names or answered.kind == "model":
            self.kept.add((item, who))
        context: dict[str, Any] = {"item": item, "annotator": who, "kind": answered.kind}
        context |= {"seconds": answered.seconds} if answered.seconds is not None else {}
        context |= {"submitted_at": answered.submitted_at} if answered.submitted_at else {}
        for question, answer in answers.items():
            self.uploads[1].write(encode(context | {"question": question, "label": answer}) + b"\n")


def _images(
    connection: Connection, project_id: int, payloads: dict[int, dict[str, Any]], form: ProjectForm
) -> dict[int, dict[str, Any]]:
    """The payloads as the store has them: with images by their hashes."""
    names = [name for name, show in form.shows().items() if show == "image"]
    wanted = {payload[name] for payload in payloads.values() for name in names if isinstance(payload.get(name), str)}
    have = media.resolve(connection, project_id, wanted)
    return {
        number: payload | {name: have[of].hash for name in names if (of := str(payload[name])) in have}
        for number, payload in payloads.items()
    }


def _first_free(connection: Connection, project_id: int) -> int:
    """The number of the first annotator to be: nobody becomes somebody of an earlier import."""
    names = connection.execute(
        sa.select(annotator.c.pseudonym).where(
            annotator.c.project == project_id, annotator.c.pseudonym.like(f"{PSEUDONYM} %")
        )
    ).scalars()
    return 1 + max((int(found[1]) for name in names if (found := _INVENTED.fullmatch(name))), default=0)


class _Said(logging.Handler):
    def __init__(self, sentences: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.sentences, self.thread = sentences, threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.sentences.append(record.getMessage())


@contextmanager
def said() -> Iterator[list[str]]:
    """What formats say, in this thread, of what they leave out."""
    sentences: list[str] = []
    handler, logger = _Said(sentences), logging.getLogger("goldwork")
    logger.addHandler(handler)
    try:
        yield sentences
    finally:
        logger.removeHandler(handler)
