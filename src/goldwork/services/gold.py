"""Gold: items whose acceptable answers are known, made and kept by managers and adjudicators.

Gold comes from experts' words: written beside an item, voted by two who do not see each other's vote, or taken from an
item that an expert has settled. A split vote is an edge case and no gold until somebody decides. An item that nobody
has judged is kept out of ordinary work once it is gold. Answers are corrected and withdrawn by an event with
everybody's new scores, so that nothing stays that rested on a wrong one.

**Invariant: every change is an event; who votes sees nobody's vote, and who annotates sees none of this.**
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services import codes
from goldwork.services.access import Member
from goldwork.services.forms import current_form
from goldwork.services.gold_items import Answers, Entry, by_name, check_answers, make_items
from goldwork.services.log import Log, decode, encode
from goldwork.services.media import shown_many
from goldwork.services.once import once
from goldwork.store.database import Database
from goldwork.store.schema import assignment, gold, gold_result, gold_vote, item, judgement, submit
from goldwork.tasks.questions import ProjectForm

Kind = Literal["gold", "trap", "training"]
VOTES = 2
MAX_REASON = 2000
WAS_WRONG = "The answer of the item that it was made of was corrected."
WANT_WHY = "say why in 3 to 2,000 characters: whoever looks later has nothing else."

_ROW = (
    sa.select(gold, item.c.external_id, item.c.payload)
    .join(item, item.c.id == gold.c.item)
    .where(gold.c.project == bind("project"), gold.c.item == bind("item"))
)
_VOTES = sa.select(gold_vote).where(gold_vote.c.item == bind("item")).order_by(gold_vote.c.at, gold_vote.c.account)
_JUDGED = sa.select(assignment.c.item).where(
    assignment.c.item.in_(bind("items", expanding=True)), assignment.c.purpose.in_(("work", "import"))
)
_RESULTS = (
    sa.select(gold_result.c.annotator, gold_result.c.seq, submit.c.said)
    .join(submit, (submit.c.project == gold_result.c.project) & (submit.c.seq == gold_result.c.seq))
    .where(gold_result.c.project == bind("project"), gold_result.c.item == bind("item"))
)
_SAID = (
    sa.select(judgement.c.seq, judgement.c.question, judgement.c.value)
    .where(judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True)))
    .order_by(judgement.c.seq)
)
_SETTLED = (
    sa.select(item.c.external_id, judgement.c.question, judgement.c.value)
    .select_from(
        item.join(assignment, assignment.c.item == item.c.id).join(
            judgement, (judgement.c.project == assignment.c.project) & (judgement.c.seq == assignment.c.current)
        )
    )
    .where(
        item.c.project == bind("project"),
        item.c.external_id.in_(bind("names", expanding=True)),
        assignment.c.purpose == "adjudication",
        assignment.c.state == "done",
    )
    .order_by(assignment.c.current)
)
"""Of several experts' answers the latest comes last, and counts."""


class Book:
    """One change: the log, the form and the codes of its classes, and who makes it."""

    def __init__(self, connection: Connection, database: Database, mine: Member) -> None:
        mine.require("adjudicator")
        self.connection, self.mine = connection, mine
        self.log = Log(connection, database, mine.project)
        self.form = current_form(connection, mine.project)
        self._codes = codes.read_codes(connection, mine.project, self.log.form_version)

    def row(self, item_id: int) -> Any:
        """A gold row with its item. Raises NotFoundError."""
        found = self.connection.execute(_ROW, {"project": self.log.id, "item": item_id}).one_or_none()
        if found is None:
            raise NotFoundError("there is no such gold.")
        return found

    def known(self, answers: Answers) -> dict[str, list[int]]:
        return codes.known(answers, self.form.tasks(), self._codes, self.log.secret)

    def change(self, row: Any, **values: Any) -> None:
        """Write a gold row's new values."""
        values = {name: encode(value).decode() if name == "answers" else value for name, value in values.items()}
        self.connection.execute(sa.update(gold).where(gold.c.item == row.item).values(values))

    def make(
        self, of_item: int, kind: Kind, answers: Answers, reason: str, *, aside: bool, source: int | None = None
    ) -> None:
        """A row in use; a trap may be made of another item, its `source`."""
        made = {
            "project": self.log.id, "item": of_item, "kind": kind, "state": "active", "reason": reason,
            "answers": encode(answers).decode(), "stratum": self.stratum(kind, answers), "created_at": self.log.now,
            "source": source,
        }  # fmt: skip
        self.connection.execute(sa.insert(gold).values(made))
        self.tell(_Fresh(of_item, kind), answers, {}, drawn=False, aside=aside)

    def end_traps(self, source: int) -> None:
        """What was made of an item rests on its answer: where that was wrong, it is shown to nobody any more."""
        where = (gold.c.source == source) & (gold.c.state == "active") & (gold.c.project == self.log.id)
        ended = sa.update(gold).where(where).values(state="retired", why=WAS_WRONG)
        for of_item in sorted(self.connection.execute(ended.returning(gold.c.item)).scalars().all()):
            self.note("gold-retired", item=of_item, why=WAS_WRONG)

    def note(self, kind: str, **body: Any) -> None:
        """An event that decides nothing, with who made it."""
        self.log.add(kind, body | {"by": self.mine.person.account})

    def tell(
        self, row: Any, answers: Answers, was: Answers, *, drawn: bool, aside: bool, was_drawn: bool = False
    ) -> None:
        """The event "gold": a row's answers set, corrected or withdrawn, with the scores that follow for everybody."""
        of, kind = row.item, row.kind
        results = self._results(of) if was and kind == "gold" else []
        self.log.load({of}, {who for who, *_ in results})
        self.log.load_results({who for who, *_ in results})
        tasks = self.form.tasks()
        scores = {str(who): codes.score(given, answers, tasks) if answers else None for who, _, given in results}
        self.log.add(
            "gold",
            {
                "item": of,
                "gold": kind,
                "known": self.known(answers),
                "was": self.known(was),
                "drawn": drawn,
                "was_drawn": was_drawn,
                "stratum": self.stratum(kind, answers),
                "scores": scores,
                "said": {str(who): said for who, said, _ in results},
                "aside": aside,
                "by": self.mine.person.account,
            },
        )

    def stratum(self, kind: str, answers: Answers) -> str:
        """What gold is balanced by; traps and training are not."""
        return codes.stratum(answers, self.form) if kind == "gold" else ""

    def _results(self, item_id: int) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Who answered it: whose, the codes of what they said, and the answers themselves; the first ones alone."""
        rows = self.connection.execute(_RESULTS, {"project": self.log.id, "item": item_id}).all()
        given: dict[int, dict[str, Any]] = {}
        where = {"project": self.log.id, "seqs": [row.seq for row in rows]}
        for seq, question, value in self.connection.execute(_SAID, where):
            given.setdefault(seq, {})[question] = decode(value)
        return [(row.annotator, decode(row.said or "{}"), given.get(row.seq, {})) for row in rows]

    def judged(self, items: Sequence[int]) -> set[int]:
        """Those of items that somebody holds or has judged as work: they stay in the queue."""
        return set(self.connection.execute(_JUDGED, {"items": list(items)}).scalars())

    def checked(self, of: Any, answers: Answers) -> dict[str, list[Any]]:
        """Acceptable answers in their canonical form. Raises InputError."""
        return check_answers(self.connection, self.form, self.log.id, of.payload, of.external_id, answers)


def add(
    connection: Connection, database: Database, mine: Member, entries: Sequence[Entry], kind: Kind = "gold",
    *, found: str = "written",
) -> int:  # fmt: skip
    """Make items gold, traps or training. All of them or none. Returns how many. Raises InputError, ConflictError."""
    book = Book(connection, database, mine)
    names = [entry.item for entry in entries]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"item {twice[:50]!r} stands twice. Give all its acceptable answers at once.", where="item")
    make_items(book.log, book.form, [entry for entry in entries if entry.fields is not None])
    rows = {row.external_id: row for row in by_name(connection, mine.project, names)}
    judged = book.judged([row.id for row in rows.values()])
    for entry in entries:
        row = rows.get(entry.item)
        if row is None:
            raise InputError(f"item {entry.item[:50]!r} is not open in the project. Import it first.", where="item")
        if row.state is not None:
            message = f"item {entry.item[:50]!r} is gold already ({row.state}). Correct it there."
            raise ConflictError(message, reason="is_gold")
        answers = book.checked(row, entry.answers)
        reason = check_reason(entry.reason, needed=kind == "training")
        book.make(row.id, kind, answers, reason, aside=row.id not in judged)
    book.note("gold-added", how=found, gold=kind, items=len(entries))
    book.log.flush()
    return len(entries)


class _Fresh(msgspec.Struct, frozen=True):
    """A row that is just being made."""

    item: int
    kind: str


def add_drafts(connection: Connection, database: Database, mine: Member, items: Sequence[int]) -> int:
    """Make a simple random sample of items drafts that experts vote on. Returns how many."""
    book = Book(connection, database, mine)
    there = set(connection.execute(sa.select(gold.c.item).where(gold.c.item.in_(items))).scalars())
    fresh = [one for one in items if one not in there]
    if not fresh:
        raise InputError("no open item is left of which gold could be made. Import items first.", where="count")
    made = {"project": mine.project, "kind": "gold", "state": "draft", "drawn": True, "created_at": book.log.now}
    connection.execute(sa.insert(gold), [made | {"item": one} for one in fresh])
    book.note("gold-drawn", items=fresh)
    book.log.flush()
    return len(fresh)


def vote(
    connection: Connection, database: Database, mine: Member, item_id: int, answers: Mapping[str, Any], reason: str
) -> str:
    """What an expert holds to be a draft's answer, blind to the other's. Returns the state it is in then.

    The second vote decides: equal answers make gold, others an edge case. Raises NotFoundError, ConflictError.
    """
    book = Book(connection, database, mine)
    row = book.row(item_id)
    if row.state != "draft":
        raise ConflictError(f"this was decided already: it is {row.state}.", reason="not_draft")
    shown = shown_many(connection, mine.project, {0: decode(row.payload)}, book.form)[0]
    given = book.form.check(answers, shown)
    account, at = mine.person.account, book.log.now
    where = (gold_vote.c.item == item_id) & (gold_vote.c.account == account)
    connection.execute(sa.delete(gold_vote).where(where))
    said = {"answers": encode(given).decode(), "reason": check_reason(reason)}
    values = {"project": mine.project, "item": item_id, "account": account, "at": at} | said
    connection.execute(sa.insert(gold_vote).values(values))
    book.note("gold-voted", item=item_id)
    votes = connection.execute(_VOTES, {"item": item_id}).all()
    state = "draft"
    if len(votes) >= VOTES:
        state = _count(book, row, votes[:VOTES])
    book.log.flush()
    return state


def _count(book: Book, row: Any, votes: Sequence[Any]) -> str:
    first, second = (decode(one.answers) for one in votes)
    agreed = agree(book.form, first, second)
    if agreed is None:
        book.change(row, state="split", why="The two experts differ.")
        book.note("gold-split", item=row.item)
        return "split"
    reason = next((one.reason for one in votes if one.reason), "")
    _activate(book, row, agreed, reason)
    return "active"


def agree(form: ProjectForm, first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, list[Any]] | None:
    """What two experts both hold, by question; None where they differ, or neither can tell of any question."""
    found: dict[str, list[Any]] = {}
    for question, task in form.tasks().items():
        one, other = (task.value(votes[question]) if question in votes else None for votes in (first, second))
        if one is None and other is None:
            continue
        if one is None or other is None or task.distance(one, other) > 0:
            return None
        found[question] = [first[question]]
    return found or None


def _activate(book: Book, row: Any, answers: Answers, reason: str) -> None:
    book.change(
        row, state="active", answers=answers, reason=reason, stratum=book.stratum(row.kind, answers), why=""
    )  # fmt: skip
    aside = row.item not in book.judged([row.item])
    book.tell(row, answers, {}, drawn=bool(row.drawn), aside=aside)


def decide(
    connection: Connection, database: Database, mine: Member, item_id: int, answers: Answers, reason: str, why: str
) -> None:
    """A named person's answer to gold: decides a split or a draft, corrects what is active or retired.

    Raises NotFoundError, InputError.
    """
    book = Book(connection, database, mine)
    row = book.row(item_id)
    found, was = book.checked(row, answers), decode(row.answers)
    said = check_reason(reason, needed=row.kind == "training")
    if row.state in ("draft", "split"):
        _activate(book, row, found, said)
        book.note("gold-decided", item=item_id, why=check_reason(why))
    else:
        why = check_reason(why, needed=True)
        book.change(row, answers=found, reason=said, stratum=book.stratum(row.kind, found), state="active", why="")
        aside = item_id not in book.judged([item_id])
        drawn = bool(row.drawn)
        book.tell(row, found, was, drawn=drawn, was_drawn=drawn and bool(was), aside=aside)
        book.note("gold-corrected", item=item_id, why=why)
        if found != was:
            book.end_traps(item_id)
    book.log.flush()


def retire(
    connection: Connection, database: Database, mine: Member, item_id: int, why: str, *, withdraw: bool = False
) -> None:
    """Show it to nobody any more; withdrawn, its answer was no gold, and nobody's results on it count.

    Raises NotFoundError, InputError, ConflictError.
    """
    book = Book(connection, database, mine)
    row = book.row(item_id)
    why, was = check_reason(why, needed=True), decode(row.answers)
    if row.state == "retired" and not (withdraw and was):
        raise ConflictError("this is retired already.", reason="retired")
    if withdraw and was:
        drawn = bool(row.drawn)
        book.tell(row, {}, was, drawn=drawn, was_drawn=drawn, aside=False)
        book.change(row, state="retired", answers={}, why=why)
        book.end_traps(item_id)
    else:
        book.change(row, state="retired", why=why)
    book.note("gold-withdrawn" if withdraw else "gold-retired", item=item_id, why=why)
    book.log.flush()


def settled(connection: Connection, project: int, names: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """What experts have said of items, by question; others are left out."""
    answers: dict[str, dict[str, list[Any]]] = {}
    tasks = current_form(connection, project).tasks()
    for name, question, value in connection.execute(_SETTLED, {"project": project, "names": sorted(set(names))}):
        task, answer = tasks.get(question), decode(value)
        if task is not None and task.value(answer) is not None:
            answers.setdefault(name, {})[question] = [answer]
    return answers


def mint(connection: Connection, database: Database, mine: Member, client: str, names: Sequence[str]) -> int:
    """Make gold of items that an expert has settled: what the expert said. Never a random sample. Done once for every
    id of the client's. Returns how many. Raises InputError, ConflictError.
    """
    what = {"what": "mint", "items": list(names)}
    return once(connection, database, mine, client, what, lambda: _mint(connection, database, mine, names))


def _mint(connection: Connection, database: Database, mine: Member, names: Sequence[str]) -> int:
    answers = settled(connection, mine.project, names)
    if missing := sorted(set(names) - answers.keys()):
        raise InputError(f"no expert has settled item {missing[0][:50]!r}. Settle it first.", where="items")
    return add(connection, database, mine, [Entry(name, answers[name]) for name in answers], found="settled")


def check_reason(text: str, *, needed: bool = False) -> str:
    """A reason as it is stored. Raises InputError."""
    text = text.strip()
    if len(text) > MAX_REASON or "\0" in text or (needed and len(text) < 3):
        raise InputError(WANT_WHY, where="reason")
    return text
