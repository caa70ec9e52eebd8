"""How somebody's own work goes, for their own page: accuracy on gold, agreement with others, pace, praise, one advice.

All of it counts what was sent until the end of the last session, and gold in closed lots of ten. So nobody who looks
after every answer learns which of them was gold, nor whether others said the same while it can still be changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality import advice
from goldwork.quality.advice import Advice, Confused, Facts
from goldwork.quality.fatigue import tired
from goldwork.quality.items import CLOSED
from goldwork.quality.people import PAUSE, SCORE
from goldwork.quality.policy import Policy
from goldwork.services import sessions
from goldwork.services.access import Member
from goldwork.services.figures import Interval, wilson
from goldwork.services.forms import current_form
from goldwork.services.questions import options
from goldwork.services.sessions import Week
from goldwork.store.schema import (
    annotator,
    assignment,
    gold,
    gold_result,
    item_state,
    judgement,
    project,
    submit,
)
from goldwork.tasks import TaskType

LOT = 10
"""Gold items in a lot: a figure moves when one is full."""
FINISHED = 1000
"""The latest finished items on which somebody is compared with others."""
PRACTISED = 500
ITEMS = 500


class Lot(msgspec.Struct, frozen=True):
    """Ten gold items, one after the other: the share that was right, and when the last was sent."""

    accuracy: Interval
    at: int


class Alike(msgspec.Struct, frozen=True):
    """How often others gave the same answer, over so many finished items."""

    share: Interval
    items: int


class Growth(msgspec.Struct, frozen=True):
    """`accuracy` over all closed `lots`, None before the first; `asked`: the accuracy that the project asks for.
    `agreement`: None for projects that collect views, and where nothing is finished. `praise`: empty where nothing can
    be said that is true."""

    asked: float
    accuracy: Interval | None
    lots: list[Lot]
    agreement: Alike | None
    weeks: list[Week]
    praise: str
    advice: Advice


_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))
_RESULTS = (
    sa.select(gold_result.c.seq, gold_result.c.score, submit.c.submitted_at.label("at"))
    .join(submit, (submit.c.project == gold_result.c.project) & (submit.c.seq == gold_result.c.seq))
    .where(
        gold_result.c.project == bind("project"),
        gold_result.c.annotator == bind("annotator"),
        submit.c.submitted_at < bind("before"),
    )
    .order_by(gold_result.c.seq)
)
_GOLD_SAID = (
    sa.select(judgement.c.question, judgement.c.value, gold.c.answers)
    .join(gold_result, (gold_result.c.project == judgement.c.project) & (gold_result.c.seq == judgement.c.seq))
    .join(gold, gold.c.item == gold_result.c.item)
    .where(
        gold_result.c.project == bind("project"),
        gold_result.c.annotator == bind("annotator"),
        gold_result.c.seq <= bind("through"),
    )
)
_PRACTICE_SAID = (
    sa.select(judgement.c.question, judgement.c.value, gold.c.answers)
    .join(submit, (submit.c.project == judgement.c.project) & (submit.c.seq == judgement.c.seq))
    .join(assignment, assignment.c.id == submit.c.assignment)
    .join(gold, gold.c.item == assignment.c.item)
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        assignment.c.purpose == "practice",
        submit.c.submitted_at < bind("before"),
    )
    .order_by(submit.c.submitted_at.desc())
    .limit(PRACTISED)
)
_GIVEN = (
    sa.select(sa.func.count())
    .select_from(judgement.join(submit, (submit.c.project == judgement.c.project) & (submit.c.seq == judgement.c.seq)))
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        submit.c.submitted_at < bind("before"),
        judgement.c.question == bind("question"),
        judgement.c.value == bind("value"),
    )
)
_FINISHED = (
    sa.select(submit.c.item, submit.c.said)
    .join(assignment, assignment.c.id == submit.c.assignment)
    .join(item_state, item_state.c.item == submit.c.item)
    .where(
        submit.c.project == bind("project"),
        submit.c.annotator == bind("annotator"),
        submit.c.submitted_at < bind("before"),
        submit.c.said.is_not(None),
        assignment.c.current == submit.c.seq,
        assignment.c.state == "done",
        assignment.c.purpose.in_(("work", "import")),
        item_state.c.status.in_(CLOSED),
    )
    .order_by(submit.c.submitted_at.desc())
    .limit(FINISHED)
)
_OTHERS = (
    sa.select(assignment.c.item, submit.c.said)
    .join(submit, (submit.c.project == assignment.c.project) & (submit.c.seq == assignment.c.current))
    .join(annotator, annotator.c.id == assignment.c.annotator)
    .where(
        assignment.c.item.in_(bind("items", expanding=True)),
        assignment.c.annotator != bind("annotator"),
        assignment.c.state == "done",
        assignment.c.purpose.in_(("work", "import")),
        annotator.c.kind == "human",
        submit.c.said.is_not(None),
    )
)


def describe(connection: Connection, mine: Member, now: int) -> Growth:
    """How the member's work goes, through the end of their last session."""
    policy = msgspec.json.decode(connection.execute(_POLICY, {"project": mine.project}).scalar_one(), type=Policy)
    latest = sessions.latest(connection, mine)
    running = bool(latest) and now - latest[-1][-1].at <= PAUSE
    where = {"project": mine.project, "annotator": mine.person.annotator}
    where |= {"before": latest[-1][0].at if running else now + 1}
    closed = latest[:-1] if running else latest
    judged = policy.paradigm == "prescriptive"
    results = list(connection.execute(_RESULTS, where)) if judged else []
    results = results[: len(results) // LOT * LOT]
    lots = [_lot(results[begin : begin + LOT]) for begin in range(0, len(results), LOT)]
    alike = _agreement(connection, where) if judged else None
    weeks = sessions.weeks(latest)
    facts = Facts(
        floor=policy.floor,
        gold=_share(_accuracy(results), len(results)) if results else None,
        lots=[one.accuracy.value or 0.0 for one in lots],
        confused=_confusions(connection, mine, where, results[-1].seq if results else 0) if judged else (),
        agreement=_share(alike.share, alike.items) if alike else None,
        pace=[(week.seconds, week.answers) for week in weeks],
        tired_after=_tired_after(closed),
        longest_minutes=sessions.longest_stretch(closed[-1]) if closed else 0,
    )
    return Growth(
        asked=policy.floor / 10_000,
        accuracy=_accuracy(results) if results else None,
        lots=lots,
        agreement=alike,
        weeks=weeks,
        praise=advice.praise(facts),
        advice=advice.advise(facts),
    )


def _accuracy(results: Sequence[Any]) -> Interval:
    return wilson(sum(row.score for row in results) / SCORE / len(results), len(results))


def _lot(results: Sequence[Any]) -> Lot:
    return Lot(_accuracy(results), results[-1].at)


def _share(interval: Interval, of: int) -> advice.Share:
    return advice.Share((interval.value or 0.0) * of, of, interval.low or 0.0)


def _tired_after(closed: Sequence[Sequence[Any]]) -> int:
    """After how many items of the last closed session a break would have been suggested; 0 where none would."""
    if not closed:
        return 0
    *earlier, last = (sessions.answers(one) for one in closed)
    said = tired(last, earlier)
    return said.after if said else 0


def _agreement(connection: Connection, where: Mapping[str, Any]) -> Alike | None:
    """On each finished item, the share of the others who gave the same classes; Wilson's interval of their mean, with
    items as independent: for shares it is wider than it need be."""
    rows = connection.execute(_FINISHED, where).all()
    said = {row.item: _classes(row.said) for row in rows}
    same: dict[int, list[bool]] = {}
    ids = sorted(one for one, classes in said.items() if classes)
    for begin in range(0, len(ids), ITEMS):
        slice_of = {"items": ids[begin : begin + ITEMS], "annotator": where["annotator"]}
        for row in connection.execute(_OTHERS, slice_of):
            other = _classes(row.said)
            own = said[row.item]
            same.setdefault(row.item, []).extend(own[name] == other[name] for name in own.keys() & other.keys())
    shares = [sum(one) / len(one) for one in same.values() if one]
    return Alike(wilson(sum(shares) / len(shares), len(shares)), len(shares)) if shares else None


def _classes(said: str) -> dict[str, int]:
    """The codes of the questions that have classes: of others it is not known how near two answers are."""
    return {name: code for name, (code, classes) in msgspec.json.decode(said).items() if classes}


def _confusions(connection: Connection, mine: Member, where: Mapping[str, Any], through: int) -> list[Confused]:
    """Classes that the member took for another on training items and in closed lots of gold."""
    tasks = {
        name: task for name, task in current_form(connection, mine.project).tasks().items() if task.kind == "choice"
    }
    trained = list(connection.execute(_PRACTICE_SAID, where))
    tested = list(connection.execute(_GOLD_SAID, dict(where) | {"through": through})) if through else []
    found = _count(trained, tasks, hidden=False)
    for one, value in _count(tested, tasks, hidden=True):
        given = connection.execute(_GIVEN, dict(where) | {"question": one.question, "value": value}).scalar_one()
        found.append((msgspec.structs.replace(one, given=int(given)), value))
    return [one for one, _ in found]


def _count(rows: Iterable[Any], tasks: Mapping[str, TaskType], *, hidden: bool) -> list[tuple[Confused, str]]:
    """Confusions with the stored value of what was said, those worth telling."""
    pairs: Counter[tuple[str, Any, str]] = Counter()
    of: Counter[tuple[str, Any]] = Counter()
    for row in rows:
        acceptable = msgspec.json.decode(row.answers).get(row.question, ())
        if row.question not in tasks or len(acceptable) != 1:
            continue
        task = tasks[row.question]
        right, said = task.value(acceptable[0]), task.value(msgspec.json.decode(row.value))
        of[row.question, right] += 1
        if said is not None and said != right:
            pairs[row.question, right, row.value] += 1
    found = []
    for (question, right, value), times in sorted(pairs.items(), key=repr):
        if times < advice.CONFUSED:
            continue
        number = of[question, right]
        words, said = options(tasks[question]), tasks[question].value(msgspec.json.decode(value))
        right, said = (words.get(one) or str(one) for one in (right, said))
        given = 0 if hidden else None
        found.append((Confused(question, right, said, times, number, given), value))
    return found
