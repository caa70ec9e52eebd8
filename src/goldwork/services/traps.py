"""Traps made of items whose answer is known: an item once more, changed so that another answer is right.

What is right of the item is known from gold, from an expert who settled it, or from people who are nearly all of one
mind; whoever makes the trap looks at both. The trap is an item of its own, which stands at audits' places and nowhere
else, and of which only its keepers know what it was made of.

A change is told by its seed: whoever asks again with the same one gets the same, for as long as the item and its answer
are the same.
"""

from __future__ import annotations

import contextlib
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, GoldworkError, InputError, TooLargeError
from goldwork.services import gold as keeping
from goldwork.services import media
from goldwork.services.access import Member
from goldwork.services.forms import current_form
from goldwork.services.gold import Book
from goldwork.services.gold_items import Answers, by_name, check_answers, write_items
from goldwork.services.gold_list import find_item
from goldwork.services.log import decode
from goldwork.services.media import KINDS, Medium, shown_many
from goldwork.services.mirror import mirror
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import consensus, gold, item
from goldwork.tasks import Shown
from goldwork.tasks.questions import ProjectForm, check_texts
from goldwork.tasks.traps import Trap, perturb

Found = Literal["gold", "settled", "consensus"]

SURE = 0.9
"""How sure a consensus must be."""
TRIES = 60
"""Seeds that are looked through for another change."""
MOST = 100
"""Traps that are made at once."""

_GOLD = sa.select(gold.c.kind, gold.c.state, gold.c.answers).where(gold.c.item == bind("item"))
_SAID = sa.select(consensus.c.question, consensus.c.label, consensus.c.confidence).where(
    consensus.c.project == bind("project"), consensus.c.item == bind("item"), consensus.c.confidence >= SURE
)
_made = gold.alias("made")
_SOURCES = (
    sa.select(item.c.id, item.c.external_id, item.c.payload, gold.c.answers)
    .join(gold, gold.c.item == item.c.id)
    .where(
        gold.c.project == bind("project"),
        gold.c.state == "active",
        gold.c.kind == "gold",
        item.c.id.in_(bind("items", expanding=True)),
    )
    .order_by(item.c.id)
)
_FREE = sa.select(gold.c.item).where(
    gold.c.project == bind("project"),
    gold.c.state == "active",
    gold.c.kind == "gold",
    ~sa.exists(
        sa.select(_made.c.item).where(
            _made.c.project == gold.c.project, _made.c.source == gold.c.item, _made.c.state == "active"
        )
    ),
)
_SAME = (
    sa.select(item.c.payload)
    .join(gold, gold.c.item == item.c.id)
    .where(gold.c.project == bind("project"), gold.c.source == bind("source"), gold.c.state == "active")
)


class Source(NamedTuple):
    """An item and what is known to be right of it; `confidence`: of a consensus."""

    item: int
    external_id: str
    payload: Mapping[str, Any]
    answers: Answers
    found: Found
    confidence: float | None = None


class Change(NamedTuple):
    """A change to an item, and what is right then, of the questions of which that is certain."""

    trap: Trap
    right: dict[str, list[Any]]
    seed: int


class Proposal(msgspec.Struct, frozen=True):
    """A trap that could be made. `fields` and `answers`: the item and what is right of it, `found` by whom;
    `confidence`: of a consensus.

    `what` was changed to the fields `changed`; `mirrored` are pictures. `right`: what is right then, as far as that is
    certain. `next`: the seed of another change, where there is one.
    """

    external_id: str
    fields: dict[str, Any]
    answers: dict[str, list[Any]]
    found: Found
    confidence: float | None
    what: str
    changed: dict[str, Any]
    mirrored: list[str]
    right: dict[str, list[Any]]
    seed: int
    next: int | None


class Making(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trap to make of the item `item` by the change `seed`. `answers`: what is right of it, by question; `texts`: by
    field, a text that was changed by hand; `reason`: why that is right."""

    item: str
    seed: int
    answers: dict[str, list[Any]]
    texts: dict[str, str] = {}
    reason: str = ""


class Ready(NamedTuple):
    """A trap that only has to be written."""

    source: Source
    payload: dict[str, Any]
    answers: Answers
    reason: str
    media: list[Medium]


def propose(connection: Connection, mine: Member, name: str, seed: int) -> Proposal:
    """A change to an item of the project, told by its own id. Raises NotFoundError, ConflictError, InputError."""
    form = current_form(connection, mine.project)
    source = find_source(connection, mine, form, name)
    shown = shown_many(connection, mine.project, {0: source.payload}, form)[0]
    change = _found(find_change(form, shown, source.answers, seed))
    further = find_change(form, shown, source.answers, change.seed + 1, unlike=change.trap)
    return Proposal(
        external_id=source.external_id,
        fields=dict(source.payload),
        answers={name: list(those) for name, those in source.answers.items()},
        found=source.found,
        confidence=source.confidence,
        what=change.trap.what,
        changed=change.trap.changed(source.payload),
        mirrored=list(change.trap.mirrored),
        right=change.right,
        seed=change.seed,
        next=None if further is None else further.seed,
    )


def _found(change: Change | None) -> Change:
    if change is None:
        raise InputError("nothing can be changed of this item that would make another answer right.", where="item")
    return change


def find_source(connection: Connection, mine: Member, form: ProjectForm, name: str) -> Source:
    """What is known of an item: gold, else what an expert has settled, else what nearly everybody says."""
    found = find_item(connection, mine, name)
    of = (found.item, found.external_id, found.fields)
    if found.state is not None:
        row = connection.execute(_GOLD, {"item": found.item}).one()
        if (row.kind, row.state) != ("gold", "active"):
            message = (
                f"item {name[:50]!r} is {row.kind}, {row.state}: a trap is made of gold in use, or of other items."
            )
            raise ConflictError(message, reason="no_source")
        return Source(*of, answers=decode(row.answers), found="gold")
    if settled := keeping.settled(connection, mine.project, [name]):
        return Source(*of, answers=settled[name], found="settled")
    tasks = form.tasks()
    rows = connection.execute(_SAID, {"project": mine.project, "item": found.item}).all()
    said = {row.question: [decode(row.label)] for row in rows if row.question in tasks}
    if not said:
        message = f"it is not known what is right of item {name[:50]!r}: make it gold, or have an expert settle it."
        raise ConflictError(message, reason="no_source")
    return Source(*of, answers=said, found="consensus", confidence=min(row.confidence for row in rows))


def find_change(
    form: ProjectForm, shown: Shown, answers: Answers, seed: int, *, unlike: Trap | None = None, blindly: bool = False
) -> Change | None:
    """The first change from a seed on, of each question in turn, that is `unlike` another one; `blindly`: that nobody
    has to look at first. None where there is no such."""
    tasks, known = form.tasks(), _fitting(form, shown, answers)
    asked = list(known)
    for number in range(seed, seed + TRIES) if asked else ():
        turn, at = divmod(number, len(asked))
        trap = perturb(tasks[asked[at]], shown, known[asked[at]][0], turn)
        if trap is None or (unlike is not None and _alike(trap, unlike)):
            continue
        if not blindly or (trap.is_certain and not trap.texts):
            return Change(trap, _right(form, shown, known, trap, turn), number)
    return None


def _fitting(form: ProjectForm, shown: Shown, answers: Answers) -> dict[str, list[Any]]:
    """The answers that fit the item and the questions as they are asked now; a consensus may say less than one."""
    found: dict[str, list[Any]] = {}
    for name, task in form.tasks().items():
        for one in answers.get(name, ()):
            try:
                task.validate(one, shown)
            except GoldworkError:
                continue
            found.setdefault(name, []).append(one)
    return found


def _alike(one: Trap, other: Trap) -> bool:
    return (one.texts, one.moved, one.mirrored) == (other.texts, other.moved, other.mirrored)


def _right(form: ProjectForm, shown: Shown, answers: Answers, trap: Trap, seed: int) -> dict[str, list[Any]]:
    """What is right after a change: of questions that make the same one, and where things only moved, of those that
    look at other fields."""
    touched = {*trap.moved, *trap.mirrored}
    right: dict[str, list[Any]] = {}
    for name, task in form.tasks().items():
        those = answers.get(name, ())
        same = [perturb(task, shown, one, seed) for one in those]
        new = [one.answer for one in same if one is not None and one.is_certain and _alike(one, trap)]
        fields = task.form().fields().keys()
        if those and len(new) == len(those):
            right[name] = new
        elif those and fields and not trap.texts and not fields & touched:
            right[name] = list(those)
    return right


# What is read and drawn before anything is written.


def prepare(connection: Connection, home: Home, mine: Member, asked: Making) -> Ready:
    """One trap as somebody wants it; its pictures are in the home. Raises NotFoundError, ConflictError, InputError."""
    form = current_form(connection, mine.project)
    source = find_source(connection, mine, form, asked.item)
    shown = shown_many(connection, mine.project, {0: source.payload}, form)[0]
    trap = _found(find_change(form, shown, source.answers, asked.seed)).trap
    payload = trap.changed(source.payload) | _by_hand(form, source.payload, asked.texts)
    return _ready(connection, home, mine, source, trap, payload, asked.answers, asked.reason or trap.what)


def draw(connection: Connection, home: Home, mine: Member, count: int) -> list[Ready]:
    """Traps of active gold drawn at random, by changes whose answer is certain; none where there are no such.

    Texts are not changed so: whether one still makes sense, a person looks first.
    """
    mine.require("adjudicator")
    form, lots = current_form(connection, mine.project), random.SystemRandom()
    free = list(connection.execute(_FREE, {"project": mine.project}).scalars())
    lots.shuffle(free)
    found: list[Ready] = []
    for source in _sources(connection, mine.project, free):
        if len(found) >= min(count, MOST):
            break
        shown = shown_many(connection, mine.project, {0: source.payload}, form)[0]
        change = find_change(form, shown, source.answers, lots.randrange(TRIES), blindly=True)
        if change is None or not change.right:
            continue
        trap, payload = change.trap, change.trap.changed(source.payload)
        with contextlib.suppress(InputError, TooLargeError):  # a picture that moves, or becomes too large
            found.append(_ready(connection, home, mine, source, trap, payload, change.right, trap.what))
    return found


def _sources(connection: Connection, project: int, items: Sequence[int]) -> Iterator[Source]:
    for begin in range(0, len(items), MOST):
        some = items[begin : begin + MOST]
        rows = {row.id: row for row in connection.execute(_SOURCES, {"project": project, "items": some})}
        for row in (rows[one] for one in some):
            yield Source(row.id, row.external_id, decode(row.payload), decode(row.answers), "gold")


def _by_hand(form: ProjectForm, payload: Mapping[str, Any], texts: dict[str, str]) -> dict[str, str]:
    """Texts that somebody has written over, of fields that are texts."""
    shows = form.shows()
    for name in texts:
        if name not in (shows or payload) or shows.get(name) in KINDS:
            raise InputError(f"there is no text {name[:50]!r} to change.", where="texts")
    check_texts(texts, "texts")
    return texts


def _ready(
    connection: Connection, home: Home, mine: Member, source: Source, trap: Trap, payload: dict[str, Any],
    answers: Answers, reason: str,
) -> Ready:  # fmt: skip
    made = []
    for name in trap.mirrored:
        data = mirror(home.media_file(str(payload[name])).read_bytes())
        medium = media.check(data)
        media.keep(home, data, medium)
        made.append(medium)
        payload[name] = medium.hash
    there = [
        decode(row) for row in connection.execute(_SAME, {"project": mine.project, "source": source.item}).scalars()
    ]
    if payload == source.payload or payload in there:
        message = "the item is as it was" if payload == source.payload else "there is such a trap already"
        raise InputError(f"{message}. Change something.", where="texts")
    return Ready(source, payload, answers, reason, made)


# What is written.


def add(connection: Connection, database: Database, mine: Member, ready: Sequence[Ready]) -> int:
    """Make traps, all of them or none. Returns how many. Raises ConflictError, InputError."""
    if not ready:
        return 0
    book = Book(connection, database, mine)
    payloads = {f"trap-{secrets.token_hex(6)}": one for one in ready}
    batch = write_items(book.log, {name: one.payload for name, one in payloads.items()})
    for one in ready:
        media.record(connection, database, mine.project, one.media, batch)
    rows = {row.external_id: row for row in by_name(connection, mine.project, list(payloads))}
    for name, one in payloads.items():
        if one.source.found == "gold":
            now = connection.execute(_GOLD, {"item": one.source.item}).one_or_none()
            if now is None or now.state != "active" or decode(now.answers) != one.source.answers:
                raise ConflictError("what is right of the item was changed meanwhile. Look again.", reason="changed")
        answers = check_answers(
            connection, book.form, mine.project, rows[name].payload, one.source.external_id, one.answers
        )
        reason = keeping.check_reason(one.reason)
        book.make(rows[name].id, "trap", answers, reason, aside=True, source=one.source.item)
    book.note("gold-added", how="perturbed", gold="trap", items=len(ready))
    book.log.flush()
    return len(ready)
