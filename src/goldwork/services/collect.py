"""Submits: answers, skips and undos, stored and stepped in one transaction.

A submit carries its client's id. The same id with the same body is answered with the stored receipt, with another
body it is refused: a retry is harmless. An answer fills its assignment's slot; where the lease lapsed and every slot
is taken meanwhile it is *surplus*: kept, paid, used in consensus, never in quotas.

**Invariant: a receipt exists exactly when its submit, judgements, event and state are durable.**
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, GoldworkError, InputError, NotFoundError
from goldwork.services import codes as coding
from goldwork.services import reviewing
from goldwork.services.known import COMPARED, Feedback, Known
from goldwork.services.log import Log, encode
from goldwork.services.media import shown_many
from goldwork.services.slots import TAKE, unused, used_slots
from goldwork.store.database import Database
from goldwork.store.schema import annotator, assignment, form, item, judgement, review, submit
from goldwork.tasks import NOTHING, TaskType
from goldwork.tasks.questions import ProjectForm, draw_lots, read_form

MAX_CLIENT_ID = 64
MAX_SECONDS = 86_400.0
SLOTTED = ("work", "import")
"""Purposes for which people's answers fill an item's slots, or are surplus."""


class Submit(msgspec.Struct, frozen=True):
    """What an annotator sent about one assignment. `seconds`: active time, as measured by the client.

    `at`, for imports alone: when the judgement was made, where that is known.
    """

    project: int
    annotator: int
    id: str
    assignment: str
    kind: Literal["answer", "skip", "undo"]
    form_version: int
    guideline_version: int
    answers: dict[str, Any] = {}
    seconds: float | None = None
    at: int | None = None

    def digest(self) -> bytes:
        """What makes two bodies the same."""
        return hashlib.blake2b(encode(self), digest_size=16).digest()


class Receipt(msgspec.Struct, frozen=True):
    """The acknowledgement. `leased_until` is the new lease after an undo. `feedback`: after every training item; after
    gold where the project tells at once, else as after any other item: none."""

    id: str
    assignment: str
    kind: str
    seq: int
    surplus: bool
    leased_until: int | None = None
    feedback: Feedback | None = None


_KNOWN = sa.select(submit.c.annotator, submit.c.client_id, submit.c.body_hash, submit.c.response).where(
    submit.c.client_id.in_(bind("ids", expanding=True))
)
"""By the client's id alone, which few share: for pairs SQLite would read the whole table."""
_ASSIGNMENTS = (
    sa.select(
        assignment.c.id,
        assignment.c.project,
        assignment.c.item,
        assignment.c.annotator,
        assignment.c.purpose,
        assignment.c.slot,
        assignment.c.state,
        assignment.c.current,
        assignment.c.leased_until,
        assignment.c.suggestion,
        assignment.c.suggested,
        assignment.c.subject,
        review.c.author,
        annotator.c.kind.label("by"),
    )
    .select_from(
        assignment.join(annotator, annotator.c.id == assignment.c.annotator).outerjoin(
            review, (review.c.project == assignment.c.project) & (review.c.subject == assignment.c.subject)
        )
    )
    .where(assignment.c.id.in_(bind("ids", expanding=True)))
)
_PAYLOADS = sa.select(item.c.id, item.c.payload).where(item.c.id.in_(bind("items", expanding=True)))
_EARLIER = sa.select(submit.c.kind, submit.c.supersedes).where(
    submit.c.project == bind("project"), submit.c.seq == bind("seq")
)
_FORM = sa.select(form.c.body).where(form.c.project == bind("project"), form.c.version == bind("version"))
_MOVE = (
    sa.update(assignment)
    .where(assignment.c.id == bind("of"))
    .values(
        state=bind("to_state"), slot=bind("to_slot"), current=bind("to_current"), leased_until=bind("to_leased_until")
    )
)


class Held(msgspec.Struct):
    """An assignment as the group's submits change it, one after the other."""

    id: str
    project: int
    item: int
    annotator: int
    purpose: str
    slot: int | None
    state: str
    current: int | None
    leased_until: int
    suggestion: str | None
    suggested: int | None
    subject: int | None
    author: int | None
    by: str

    @property
    def slotted(self) -> bool:
        """Whether answers fill the item's slots, or are surplus: what a model predicts does neither."""
        return self.by == "human" and self.purpose in SLOTTED

    @property
    def taken(self) -> bool:
        """Whether it is being done or done."""
        return self.state in ("leased", "done")

    @property
    def fills(self) -> bool:
        """Whether an answer of it counts for its item."""
        return self.state == "done" and self.slot is not None


class Asked(NamedTuple):
    """One version of a project's form: the fields on which it depends whether answers fit, those that are shuffled,
    the questions that are answered in words."""

    form: ProjectForm
    tasks: Mapping[str, TaskType]
    reads: frozenset[str]
    shuffled: Mapping[str, tuple[str, ...]]
    codes: coding.Codes
    written: frozenset[str]


class Collector:
    """Stores submits of one database. Keeps parsed forms, which never change under their version."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._forms: dict[tuple[int, int], Asked] = {}

    def submit_many(self, connection: Connection, requests: Sequence[Submit]) -> list[Receipt | Exception]:
        """Store what can be stored, in the order of the requests; a receipt or an error for each."""
        group = _Group(self, connection, requests)
        answers = [group.answer(request) for request in requests]
        group.flush()
        return answers

    def asked(self, connection: Connection, project: int, version: int) -> Asked:
        """A project's form at a version. Raises NotFoundError where there is none."""
        key = (project, version)
        if key not in self._forms:
            body = connection.execute(_FORM, {"project": project, "version": version}).scalar_one_or_none()
            if body is None:
                raise NotFoundError(f"there is no form {version}.")
            read = read_form(msgspec.json.decode(body))
            codes = coding.read_codes(connection, project, version)
            tasks = read.tasks()
            written = frozenset(name for name, task in tasks.items() if reviewing.is_written(task))
            self._forms[key] = Asked(read, tasks, read.reads(), read.shuffled(), codes, written)
        return self._forms[key]


class _Group:
    """One transaction's submits: read together, decided one by one, written together."""

    def __init__(self, collector: Collector, connection: Connection, requests: Sequence[Submit]) -> None:
        self.collector = collector
        self.connection = connection
        self.logs: dict[int, Log | GoldworkError] = {}
        for project in sorted({request.project for request in requests}):
            try:
                self.logs[project] = Log(connection, collector.database, project)
            except NotFoundError as error:
                self.logs[project] = error
        ids = sorted({request.id for request in requests if is_plain(request.id)})
        self.known = {
            (row.annotator, row.client_id): (row.body_hash, row.response)
            for row in connection.execute(_KNOWN, {"ids": ids})
        }
        names = sorted({request.assignment for request in requests if is_plain(request.assignment)})
        self.held = {row.id: Held(**row._mapping) for row in connection.execute(_ASSIGNMENTS, {"ids": names})}
        for project, log in self.logs.items():
            if isinstance(log, Log):
                mine = [held for held in self.held.values() if held.project == project]
                authors = {held.author for held in mine if held.author is not None}
                log.load({held.item for held in mine}, {held.annotator for held in mine} | authors)
        self.beforehand = Known(connection, self.held.values())
        self._used: dict[int, set[int]] | None = None
        self._items: dict[int, dict[int, dict[str, Any]]] = {}
        self._submits: list[dict[str, Any]] = []
        self._judgements: list[dict[str, Any]] = []
        self._taken: list[dict[str, int]] = []
        self._moved: dict[str, Held] = {}
        self._reviews: Counter[tuple[int, int]] = Counter()
        """Reviews taken (or given up) of each text."""

    def answer(self, request: Submit) -> Receipt | Exception:
        try:
            return self._repeated(request) or self._store(request)
        except GoldworkError as error:
            return error

    def _repeated(self, request: Submit) -> Receipt | None:
        """The receipt of an earlier submit under the same id and body."""
        if (known := self.known.get((request.annotator, request.id))) is None:
            return None
        body_hash, response = known
        if bytes(body_hash) != request.digest():
            message = "this id was used for another submit. Send a new one under a new id."
            raise ConflictError(message, reason="id_reused")
        return msgspec.json.decode(response, type=Receipt)

    def _store(self, request: Submit) -> Receipt:
        log = self.logs[request.project]
        if not isinstance(log, Log):
            raise log
        held = self.held.get(request.assignment)
        if held is None or held.annotator != request.annotator or held.project != request.project:
            raise NotFoundError("there is no such assignment.")
        _check_open(log, request, held)
        answers = self._checked(log, request, held)
        before, taken = held.fills, held.taken
        if request.kind == "answer":
            self._fill(held, "done")
        elif request.kind == "skip":
            self._release(held, "skipped")
        else:
            self._fill(held, "leased")
            held.leased_until = log.now + log.policy().lease_ms
        if held.subject is not None:
            self._reviews[log.id, held.subject] += held.taken - taken
        return self._write(log, request, held, answers, fills=held.fills - before)

    def _checked(self, log: Log, request: Submit, held: Held) -> Mapping[str, Any]:
        """Canonical answers of a submit that fits the assignment's state."""
        if not is_plain(request.id):
            message = f"must be 1 to {MAX_CLIENT_ID} letters, digits or signs. Got {request.id[:100]!r}."
            raise InputError(message, where="id")
        if request.seconds is not None and not 0 <= request.seconds <= MAX_SECONDS:
            raise InputError(f"must be 0 to {MAX_SECONDS:.0f}. Got {request.seconds}.", where="seconds")
        if not 1 <= request.guideline_version <= log.guideline_version:
            raise InputError(f"there is no guideline {request.guideline_version}.", where="guideline_version")
        if request.kind == "undo":
            if held.state not in ("done", "skipped") or held.current is None:
                raise ConflictError("there is nothing to undo here.", reason="nothing_to_undo")
            if held.subject is None and reviewing.has_seen(self.connection, held.item, held.annotator):
                message = "you have been shown somebody else's answer to this item since: yours stands."
                raise ConflictError(message, reason="seen_others")
            return {}
        if held.state in ("done", "skipped"):
            raise ConflictError("this item was answered already. Undo that answer first.", reason="already_answered")
        if request.kind == "skip":
            if held.purpose == "practice":  # or one could skip past the training
                message = "training items are answered: a wrong answer here only shows what is right."
                raise ConflictError(message, reason="no_skip")
            return {}
        if held.subject is not None:
            return reviewing.check_review(log.policy().rubric, request.answers)
        asked = self.collector.asked(self.connection, log.id, request.form_version)
        shown = self._shown(log.id, asked)[held.item] if asked.reads else NOTHING
        return asked.form.check(request.answers, shown, partial=held.by == "model")

    def _shown(self, project: int, asked: Asked) -> dict[int, dict[str, Any]]:
        """What is shown of the group's items of a project."""
        if project not in self._items:
            mine = sorted({held.item for held in self.held.values() if held.project == project})
            rows = self.connection.execute(_PAYLOADS, {"items": mine})
            payloads = {row.id: msgspec.json.decode(row.payload) for row in rows}
            self._items[project] = shown_many(self.connection, project, payloads, asked.form)
        return self._items[project]

    def _fill(self, held: Held, state: str) -> None:
        """Move to `state` with the slot held so far, else a free one, else none (surplus)."""
        if held.slot is None and held.slotted:
            used = self._used_of(held.item)
            log = self.logs[held.project]
            assert isinstance(log, Log)
            if free := unused(log.wanted(held.item), used):
                held.slot = free[0]
                used.add(held.slot)
                self._taken.append({"of_item": held.item, "more": 1})
        held.state = state
        self._moved[held.id] = held

    def _release(self, held: Held, state: str) -> None:
        if held.slot is not None:
            self._used_of(held.item).discard(held.slot)
            self._taken.append({"of_item": held.item, "more": -1})
            held.slot = None
        held.state = state
        self._moved[held.id] = held

    def _used_of(self, item_id: int) -> set[int]:
        """The item's slots that are held, as the group has left them."""
        if self._used is None:
            self._used = used_slots(self.connection, {held.item for held in self.held.values()})
        return self._used[item_id]

    def _write(self, log: Log, request: Submit, held: Held, answers: Mapping[str, Any], fills: int) -> Receipt:
        salt = secrets.token_bytes(16)
        seconds = None if request.seconds is None else round(request.seconds, 3)
        surplus = request.kind == "answer" and held.slot is None and held.slotted
        body = {
            "annotator": held.annotator,
            "assignment": held.id,
            "digest": hashlib.blake2b(salt + encode(answers), digest_size=16).hexdigest(),
            "fills": fills,
            "form": request.form_version,
            "guideline": request.guideline_version,
            "item": held.item,
            "kind": request.kind,
            "ms": round((seconds or 0.0) * 1000),
            "purpose": held.purpose,
            "supersedes": held.current,
            "surplus": surplus,
        }
        asked = self.collector.asked(self.connection, log.id, request.form_version)
        if held.subject is not None:
            body |= {"subject": held.subject, "author": held.author}
            if request.kind == "answer":
                body["scores"] = reviewing.scores(log.policy().rubric, answers)
        elif request.kind == "answer":
            body["said"] = coding.say(answers, asked.tasks, asked.codes, log.secret)
            body |= self._scored(log, held, answers, asked)
        if request.at is not None:
            body["at"] = request.at
        if held.by != "human":
            body["annotator_kind"] = held.by
        if held.suggestion is not None:
            body |= {"suggestion": held.suggestion, "suggested": held.suggested}
        drawn = asked.shuffled and held.purpose != "import" and held.subject is None
        shown = draw_lots(asked.shuffled, held.id) if drawn else None
        if shown is not None:
            body["shown"] = shown
        before = log.annotator(held.annotator)
        seq = log.add("submit", body)
        leased_until = held.leased_until if request.kind == "undo" else None
        told = None
        if request.kind == "answer":
            told = self.beforehand.told(log, held, answers, asked.tasks, before)
        receipt = Receipt(request.id, held.id, request.kind, seq, surplus, leased_until, told)
        body_hash, response = request.digest(), msgspec.json.encode(receipt).decode()
        self._submits.append(
            {
                "project": log.id,
                "seq": seq,
                "annotator": held.annotator,
                "client_id": request.id,
                "body_hash": body_hash,
                "assignment": held.id,
                "item": held.item,
                "kind": request.kind,
                "supersedes": held.current,
                "form_version": request.form_version,
                "guideline_version": request.guideline_version,
                "seconds": seconds,
                "surplus": surplus,
                "shown": None if shown is None else encode(shown).decode(),
                "suggestion": held.suggestion,
                "said": encode(body["said"]).decode() if "said" in body else None,
                "subject": held.subject,
                "response": response,
                "salt": salt,
                "submitted_at": log.now if request.at is None else request.at,
            }
        )
        self._judgements += [
            {"project": log.id, "seq": seq, "question": question, "value": encode(value).decode()}
            for question, value in answers.items()
        ]
        self.known[held.annotator, request.id] = (body_hash, response)
        held.current = seq
        return receipt

    def _scored(self, log: Log, held: Held, answers: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        """How right answers are that are compared with what is known; of others, how many peers are to review them."""
        if held.purpose in COMPARED:
            first = not self._answered_before(log, held)
            return self.beforehand.scored(held, answers, asked.tasks, asked.codes, log.secret, first=first)
        is_text = held.slotted and not asked.written.isdisjoint(answers)
        if is_text and reviewing.drawn(log, held.item, held.annotator):
            return {"reviews": log.policy().reviews}
        return {}

    def _answered_before(self, log: Log, held: Held) -> bool:
        """Whether the assignment was answered already, and the answer was taken back: back through its submits."""
        written = {row["seq"]: (row["kind"], row["supersedes"]) for row in self._submits if row["project"] == log.id}
        seq = held.current
        while seq is not None:
            if seq not in written:
                row = self.connection.execute(_EARLIER, {"project": log.id, "seq": seq}).one()
                written[seq] = (row.kind, row.supersedes)
            kind, seq = written[seq]
            if kind == "answer":
                return True
        return False

    def flush(self) -> None:
        run = self.connection.execute
        if self._submits:
            run(sa.insert(submit), self._submits)
        if self._judgements:
            run(sa.insert(judgement), self._judgements)
        if self._moved:
            freed_first = sorted(self._moved.values(), key=lambda held: held.slot is not None)
            run(_MOVE, [_moved(held) for held in freed_first])
        if self._taken:
            run(TAKE, self._taken)
        if moved := {text: more for text, more in self._reviews.items() if more}:
            run(reviewing.TAKE, reviewing.moves(moved))
        for log in self.logs.values():
            if isinstance(log, Log):
                log.flush()


def is_plain(name: str) -> bool:
    """Whether a client's name for something can be one: short, without spaces and control characters."""
    return 1 <= len(name) <= MAX_CLIENT_ID and name.isascii() and name.isprintable() and " " not in name


def _check_open(log: Log, request: Submit, held: Held) -> None:
    if log.state == "paused" and held.purpose != "import":
        raise ConflictError("the project is paused. Your answer is kept; send it when work goes on.", reason="paused")
    if log.state == "closed":
        raise ConflictError("the project is closed and takes no more answers.", reason="closed")
    if request.form_version != log.form_version:
        message = "the questions have changed since this item was shown. Judge it anew."
        raise ConflictError(message, reason="form_changed")


def _moved(held: Held) -> dict[str, Any]:
    return {
        "of": held.id,
        "to_state": held.state,
        "to_slot": held.slot,
        "to_current": held.current,
        "to_leased_until": held.leased_until,
    }
