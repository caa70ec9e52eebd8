"""Blind peer review: which texts are drawn, and who reviews which of them next.

Whether a text is reviewed is drawn by a hash that is keyed with the project's secret, so no author can foresee it. The
oldest texts that are due come first. Nobody reviews a text of their own; nobody reviews a text of an item that they
might still answer: who is in the middle of it, or could still be given it. Of an item that wants answers, those review
who have answered it; of one that has enough, anybody does, and whoever never had it is given it for nothing else from
then on: the review takes their pass 0, and the store admits one. So what others wrote is seen by nobody before their
own submit, and no answer is lost for it. An expert who has had the item to settle knows who wrote: they do not review
its texts.

Reviews stand among ordinary work so that they keep up with it: each place of work brings as many as it makes due on the
average, and a quarter more. Where the work has run out all that is left is reviews.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError
from goldwork.quality import reviews
from goldwork.quality.policy import HIGHEST, LOWEST, WHOLE, Criterion, Policy
from goldwork.services.log import Log
from goldwork.services.lots import lot
from goldwork.store.schema import assignment, item_state, judgement, review, submit
from goldwork.store.schema import project as projects
from goldwork.tasks import TaskType
from goldwork.tasks.form import Anchor, Panes, Text, Turns
from goldwork.tasks.questions import ProjectForm, Question, read_form, write_form
from goldwork.tasks.rating import Rating
from goldwork.tasks.text import Text as TextTask

WINDOW = 512
"""Due texts looked at by one request: the oldest that others wrote."""
FIRST_PASS = 3
"""Reviews of somebody who has had the item before count their passes from here."""
KEEP_UP = 5, 4
"""Reviews are given so many times as fast as they become due."""
COMMENT = "comment"
"""What a reviewer may say in words; no criterion is called that."""
MAX_COMMENT = 2_000
MOST_CRITERIA = 10
MAX_WORDS = 200

_ANSWERS = ("work", "gold", "repeat", "practice")
_open = (
    sa.select(review.c.subject, review.c.item, review.c.author, (review.c.wanted - review.c.taken).label("missing"))
    .where(
        review.c.project == bind("project"),
        sa.literal_column("review.taken < review.wanted"),
        review.c.author != bind("annotator"),
    )
    .order_by(review.c.subject)
    .limit(WINDOW)
    .subquery("due")
)
_own, _mine, _busy, _past = (assignment.alias(name) for name in ("own", "mine", "busy", "past"))
_DUE = (
    sa.select(
        _open.c.subject,
        _open.c.item,
        _open.c.author,
        _open.c.missing,
        _own.c.id.label("own"),
        _mine.c.id.label("mine"),
        sa.select(sa.func.max(_past.c.pass_number))
        .where(_past.c.item == _open.c.item, _past.c.annotator == bind("annotator"))
        .scalar_subquery()
        .label("passed"),
    )
    .select_from(
        _open.join(item_state, item_state.c.item == _open.c.item)
        .outerjoin(
            _own,
            (_own.c.item == _open.c.item) & (_own.c.annotator == bind("annotator")) & (_own.c.pass_number == 0),
        )
        .outerjoin(
            _mine,
            (_mine.c.project == bind("project"))
            & (_mine.c.subject == _open.c.subject)
            & (_mine.c.annotator == bind("annotator")),
        )
    )
    .where(
        _mine.c.id.is_(None) | (_mine.c.state == "lapsed"),
        _own.c.id.is_not(None) | (item_state.c.status != "open"),
        ~sa.exists().where(
            _busy.c.item == _open.c.item,
            _busy.c.annotator == bind("annotator"),
            (_busy.c.purpose.in_(_ANSWERS) & _busy.c.state.in_(("leased", "lapsed")))
            | (_busy.c.purpose == "adjudication"),
        ),
    )
    .order_by(_open.c.subject)
)
_COUNT = sa.select(sa.func.count()).select_from(_DUE.subquery())
_POLICY = sa.select(projects.c.policy).where(projects.c.id == bind("project"))
_SEEN = sa.select(sa.literal(1)).where(
    assignment.c.item == bind("item"), assignment.c.annotator == bind("annotator"), assignment.c.subject.is_not(None)
)
_TEXTS = sa.select(submit.c.seq, submit.c.shown).where(
    submit.c.project == bind("project"), submit.c.seq.in_(bind("seqs", expanding=True))
)
_SAID = sa.select(judgement.c.seq, judgement.c.question, judgement.c.value).where(
    judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True))
)
TAKE = (
    sa.update(review)
    .where(review.c.project == bind("of_project"), review.c.subject == bind("of_subject"))
    .values(taken=review.c.taken + bind("more"))
)
"""Move a text's projection `taken`, whenever a review of it is leased or done (+1) or given up (-1)."""


class Due(NamedTuple):
    """A text that somebody may review. `mine`: the review that lapsed in their hands, if any."""

    item: int
    subject: int
    mine: str | None
    pass_number: int

    @property
    def purpose(self) -> Literal["review"]:
        return "review"


class SomebodysText(msgspec.Struct, frozen=True):
    """What is reviewed: one person's answers by question, and the order in which fields stood on their screen."""

    answers: Mapping[str, Any]
    shown: Mapping[str, list[str]] = {}


def is_written(task: TaskType) -> bool:
    """Whether a question is answered in words: a text, or a conversation that is written or edited."""
    first = next((one for one in task.form().primitives if not isinstance(one, Panes)), None)
    return isinstance(first, Text) or (isinstance(first, Turns) and first.mode != "rate")


def rubric_form(rubric: Sequence[Criterion]) -> ProjectForm:
    """A rubric as a form: a scale for each criterion, and a few words where somebody wants to say some."""

    def ends(one: Criterion) -> tuple[Anchor, ...]:
        return tuple(Anchor(at, says) for at, says in ((LOWEST, one.low), (HIGHEST, one.high)) if says)

    scales = [
        Question(one.name, one.question, Rating(LOWEST, HIGHEST, 1, ends(one), level="ordinal")) for one in rubric
    ]
    words = Question(COMMENT, "What would make it better?", TextTask(high=MAX_COMMENT), optional=True)
    return ProjectForm((*scales, words))


def check_rubric(rubric: Sequence[Criterion]) -> None:
    """Raise InputError for a rubric by which no text can be reviewed."""
    where = "quality.rubric"
    if not 1 <= len(rubric) <= MOST_CRITERIA:
        raise InputError(f"a rubric has 1 to {MOST_CRITERIA} criteria. Got {len(rubric)}.", where=where)
    for one in rubric:
        if one.name == COMMENT:
            raise InputError(f"no criterion is called {COMMENT!r}: that is what a reviewer says in words.", where=where)
        for words in (one.name, one.question, one.low, one.high):
            if len(words) > MAX_WORDS or not words.isprintable():
                raise InputError(f"up to {MAX_WORDS} printable characters. Got {words[:50]!r}.", where=where)
    try:
        read_form(write_form(rubric_form(rubric)))
    except InputError as error:
        raise InputError(error.message, where=where) from None


def drawn(log: Log, item_id: int, who: int) -> bool:
    """Whether somebody's answers to an item are among those that are reviewed."""
    return lot(log.secret, f"review/{item_id}/{who}") * WHOLE < log.policy().review * 2**64


def check_review(rubric: Sequence[Criterion], given: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical review. Raises AnswerError; ConflictError where it is by another rubric than the one in force."""
    if set(given) - {COMMENT} != {one.name for one in rubric}:
        message = "the criteria have changed since this text was shown. Review it anew."
        raise ConflictError(message, reason="form_changed")
    return rubric_form(rubric).check(given)


def scores(rubric: Sequence[Criterion], given: Mapping[str, Any]) -> dict[str, int]:
    """What a review says by criterion, in thousandths."""
    return {one.name: reviews.score(int(given[one.name])) for one in rubric}


def find(log: Log, who: int, number: int, never: Collection[int], taken: Mapping[int, int] | None = None) -> list[Due]:
    """Up to `number` texts that somebody may review, of different items; `taken`: reviews that this transaction has
    given of each."""
    found: dict[int, Due] = {}
    given = taken or {}
    for row in log.connection.execute(_DUE, {"project": log.id, "annotator": who}):
        if len(found) >= number:
            break
        if row.item not in found and row.item not in never and given.get(row.subject, 0) < row.missing:
            passed = 0 if row.own is None else max(FIRST_PASS, (row.passed or 0) + 1)
            found[row.item] = Due(row.item, row.subject, row.mine, passed)
    return list(found.values())


def turns(given: int, reviewed: int, policy: Policy, need: int, there: int) -> list[bool]:
    """Of the next `need` places, which are reviews, after so many places of work and reviews; `there`: how many can be
    had."""
    more, of = KEEP_UP
    found: list[bool] = []
    for _ in range(need):
        is_review = there > 0 and reviewed * of * WHOLE < given * policy.review * policy.reviews * more
        found.append(is_review)
        given, reviewed, there = given + (not is_review), reviewed + is_review, there - is_review
    return found


def count(connection: Connection, project: int, who: int) -> int:
    """How many texts somebody may review now, of those that are looked at; none where the project asks for no reviews
    any more."""
    policy = connection.execute(_POLICY, {"project": project}).scalar_one()
    if not msgspec.json.decode(policy, type=Policy).review:
        return 0
    return int(connection.execute(_COUNT, {"project": project, "annotator": who}).scalar_one())


def has_seen(connection: Connection, item_id: int, who: int) -> bool:
    """Whether somebody was given another's answer about an item."""
    return connection.execute(_SEEN, {"item": item_id, "annotator": who}).first() is not None


def texts(connection: Connection, project: int, seqs: Collection[int]) -> dict[int, SomebodysText]:
    """The texts by the seq of their submit."""
    where = {"project": project, "seqs": sorted(seqs)}
    answers: dict[int, dict[str, Any]] = {}
    for seq, question, value in connection.execute(_SAID, where):
        answers.setdefault(seq, {})[question] = msgspec.json.decode(value)
    return {
        row.seq: SomebodysText(answers.get(row.seq, {}), msgspec.json.decode(row.shown) if row.shown else {})
        for row in connection.execute(_TEXTS, where)
    }


def moves(more: Mapping[tuple[int, int], int]) -> list[dict[str, int]]:
    """What TAKE is executed with: by project and text, how many reviews more or less."""
    return [
        {"of_project": project, "of_subject": subject, "more": by} for (project, subject), by in sorted(more.items())
    ]
