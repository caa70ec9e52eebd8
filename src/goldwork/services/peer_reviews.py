"""What reviews say, to whom: to the author in lots, to the manager over all texts, to the expert text by text.

An author reads the mean by criterion over all closed lots; a lot closes with the `LOT`th review of at least `TEXTS`
texts. So no figure that changes is one person's, and a comment may be any of five people's. The interval is over texts,
whose reviews are alike: the means of texts are as many independent figures (Student's t).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.agreement import measure_agreement
from goldwork.judgements import Judgements
from goldwork.quality.policy import HIGHEST, LOWEST, Criterion, Policy
from goldwork.services import figures
from goldwork.services.access import Member
from goldwork.services.figures import Interval, Quality
from goldwork.services.reviewing import COMMENT
from goldwork.store.database import Database
from goldwork.store.schema import annotator, assignment, item, judgement, project, review, submit

LOT, TEXTS = 5, 3
"""A lot has so many reviews at least, of so many texts."""
SAID = 20
"""Comments shown to an author: those of the latest lots."""
LATEST = 1_000
"""Reviews that the manager's figures are about: those of the latest texts."""
PAGE = 2_000


class CriterionMean(msgspec.Struct, frozen=True):
    """What reviewers say of one criterion, on its scale."""

    name: str
    question: str
    mean: Interval


class Reviewed(msgspec.Struct, frozen=True):
    """What an author is told: of so many of their texts, so many reviews."""

    texts: int
    reviews: int
    criteria: list[CriterionMean]
    comments: list[str]


class ReviewFigures(msgspec.Struct, frozen=True):
    """What the manager sees: over the latest reviews; `missing`: how many are due; `agreement` of reviewers on the mean
    over all criteria."""

    texts: int
    reviews: int
    missing: int
    criteria: list[CriterionMean]
    agreement: Quality


class Verdict(msgspec.Struct, frozen=True):
    """One review as an expert sees it: places by criterion, and words."""

    pseudonym: str
    scores: dict[str, int]
    comment: str


class _Given(msgspec.Struct):
    """One review in force."""

    seq: int
    text: int
    reviewer: int
    pseudonym: str
    said: dict[str, Any]


_columns = (
    assignment.c.current.label("seq"),
    assignment.c.subject.label("text"),
    assignment.c.annotator.label("reviewer"),
    annotator.c.pseudonym,
)
_OF_TEXTS = (
    sa.select(*_columns)
    .join(annotator, annotator.c.id == assignment.c.annotator)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.subject.in_(bind("texts", expanding=True)),
        sa.literal_column("assignment.subject IS NOT NULL"),
        assignment.c.state == "done",
    )
    .order_by(assignment.c.current)
)
_text = submit.alias("text")
_OWN = (
    sa.select(*_columns)
    .select_from(
        _text.join(assignment, (assignment.c.project == _text.c.project) & (assignment.c.subject == _text.c.seq)).join(
            annotator, annotator.c.id == assignment.c.annotator
        )
    )
    .where(
        _text.c.project == bind("project"),
        _text.c.annotator == bind("annotator"),
        sa.literal_column("assignment.subject IS NOT NULL"),
        assignment.c.state == "done",
    )
    .order_by(assignment.c.current)
)
_LATEST = (
    sa.select(*_columns)
    .join(annotator, annotator.c.id == assignment.c.annotator)
    .where(
        assignment.c.project == bind("project"),
        sa.literal_column("assignment.subject IS NOT NULL"),
        assignment.c.state == "done",
    )
    .order_by(assignment.c.subject.desc(), assignment.c.current)
    .limit(LATEST)
)
_MISSING = sa.select(sa.func.coalesce(sa.func.sum(review.c.wanted - review.c.taken), 0)).where(
    review.c.project == bind("project"), sa.literal_column("review.taken < review.wanted")
)
_SAID = sa.select(judgement.c.seq, judgement.c.question, judgement.c.value).where(
    judgement.c.project == bind("project"), judgement.c.seq.in_(bind("seqs", expanding=True))
)
_POLICY = sa.select(project.c.policy).where(project.c.id == bind("project"))


def of_author(connection: Connection, mine: Member) -> Reviewed | None:
    """What the member is told about their texts; None before the first lot is full."""
    rows = connection.execute(_OWN, {"project": mine.project, "annotator": mine.person.annotator}).all()
    lots = _lots(rows)
    if not lots:
        return None
    given = _read(connection, mine.project, [row for lot in lots for row in lot])
    said = [str(one.said[COMMENT]) for one in given if COMMENT in one.said]
    return Reviewed(
        texts=len({one.text for one in given}),
        reviews=len(given),
        criteria=_means(given, _policy(connection, mine.project).rubric),
        comments=sorted(said[-SAID:]),  # not in the order of the reviews
    )


def overview(connection: Connection, project_id: int) -> ReviewFigures | None:
    """The figures over a project's latest reviews; None where none are made or due."""
    given = _read(connection, project_id, connection.execute(_LATEST, {"project": project_id}).all())
    policy = _policy(connection, project_id)
    missing = int(connection.execute(_MISSING, {"project": project_id}).scalar_one()) if policy.review else 0
    if not given and not missing:
        return None
    return ReviewFigures(
        texts=len({one.text for one in given}),
        reviews=len(given),
        missing=missing,
        criteria=_means(given, policy.rubric),
        agreement=_agreement(given),
    )


def of_texts(connection: Connection, project_id: int, texts: Collection[int]) -> dict[int, list[Verdict]]:
    """The reviews in force, by the seq of what they are about."""
    rows = connection.execute(_OF_TEXTS, {"project": project_id, "texts": sorted(texts)}).all()
    found: dict[int, list[Verdict]] = {}
    for one in _read(connection, project_id, rows):
        scores = {name: place for name, place in one.said.items() if name != COMMENT}
        found.setdefault(one.text, []).append(Verdict(one.pseudonym, scores, str(one.said.get(COMMENT, ""))))
    return found


def _policy(connection: Connection, project_id: int) -> Policy:
    return msgspec.json.decode(connection.execute(_POLICY, {"project": project_id}).scalar_one(), type=Policy)


def _lots(rows: Sequence[Any]) -> list[list[Any]]:
    """Reviews in their order, cut where a lot is full; what stands behind the last full one waits."""
    lots: list[list[Any]] = []
    lot: list[Any] = []
    for row in rows:
        lot.append(row)
        if len(lot) >= LOT and len({one.text for one in lot}) >= TEXTS:
            lots.append(lot)
            lot = []
    return lots


def _read(connection: Connection, project_id: int, rows: Sequence[Any]) -> list[_Given]:
    """Reviews with what they say."""
    given = {row.seq: _Given(row.seq, row.text, row.reviewer, row.pseudonym, {}) for row in rows}
    seqs = sorted(given)
    for begin in range(0, len(seqs), PAGE):
        where = {"project": project_id, "seqs": seqs[begin : begin + PAGE]}
        for seq, name, value in connection.execute(_SAID, where):
            given[seq].said[name] = msgspec.json.decode(value)
    return list(given.values())


def _means(given: Sequence[_Given], rubric: Sequence[Criterion]) -> list[CriterionMean]:
    """Criterion by criterion of the rubric in force, what the reviews say of it."""
    found = []
    for one in rubric:
        texts: dict[int, list[int]] = {}
        for made in given:
            if one.name in made.said:
                texts.setdefault(made.text, []).append(made.said[one.name])
        found.append(CriterionMean(one.name, one.question, _mean([statistics.fmean(of) for of in texts.values()])))
    return found


def _mean(values: Sequence[float]) -> Interval:
    """The mean of texts with Student's 95 % interval, within the scale; of one text no interval is known."""
    if not values:
        return Interval(None, None, None)
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Interval(round(mean, 3), None, None)
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975)) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(round(mean, 3), round(max(LOWEST, mean - half), 3), round(min(HIGHEST, mean + half), 3))


def _agreement(given: Sequence[_Given]) -> Quality:
    """Krippendorff's alpha of the reviews' means, as numbers."""
    columns: dict[str, list[Any]] = {"item": [], "annotator": [], "label": []}
    for one in given:
        places = [place for name, place in one.said.items() if name != COMMENT]
        columns["item"].append(one.text)
        columns["annotator"].append(one.reviewer)
        columns["label"].append(statistics.fmean(places))
    return figures.quality(measure_agreement(Judgements.from_columns(columns), "alpha", level="interval"))


# Export.

_page = (
    sa.select(assignment.c.current, assignment.c.item, assignment.c.subject, assignment.c.annotator)
    .where(
        assignment.c.project == bind("project"),
        sa.literal_column("assignment.subject IS NOT NULL"),
        assignment.c.state == "done",
        sa.tuple_(assignment.c.subject, assignment.c.annotator) > sa.tuple_(bind("subject"), bind("annotator")),
    )
    .order_by(assignment.c.subject, assignment.c.annotator)
    .limit(PAGE)
    .subquery("page")
)
_author = annotator.alias("author")
_EXPORT = (
    sa.select(
        _page.c.current.label("seq"),
        _page.c.subject,
        _page.c.annotator,
        item.c.external_id,
        _author.c.pseudonym.label("author"),
        annotator.c.pseudonym.label("reviewer"),
        judgement.c.question,
        judgement.c.value,
        submit.c.seconds,
        submit.c.submitted_at,
    )
    .select_from(
        _page.join(item, item.c.id == _page.c.item)
        .join(_text, (_text.c.project == bind("project")) & (_text.c.seq == _page.c.subject))
        .join(_author, _author.c.id == _text.c.annotator)
        .join(annotator, annotator.c.id == _page.c.annotator)
        .join(submit, (submit.c.project == bind("project")) & (submit.c.seq == _page.c.current))
        .join(judgement, (judgement.c.project == bind("project")) & (judgement.c.seq == _page.c.current))
    )
    .order_by(_page.c.subject, _page.c.annotator, judgement.c.question)
)


def export_rows(database: Database, project_id: int) -> Iterator[Sequence[Any]]:
    """The reviews in force, criterion by criterion, in the order of the texts."""
    after: Mapping[str, int] = {"subject": -1, "annotator": -1}
    while True:
        with database.read() as connection:
            rows = connection.execute(_EXPORT, {"project": project_id} | dict(after)).all()
        if not rows:
            return
        yield rows
        after = {"subject": rows[-1].subject, "annotator": rows[-1].annotator}
