"""Evidence: the gold results that a judgement of somebody rests on, one by one, with what each makes of E.

The engine keeps E as a state. Here it is worked out again from the results, the floors that were in force and the
places where the evidence began anew, by the same `goldwork.quality.evidence`: what is shown is what was counted.
"""

from __future__ import annotations

import bisect
import csv
import io
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.quality.evidence import Evidence
from goldwork.quality.people import SCORE
from goldwork.quality.policy import WHOLE, Policy
from goldwork.store.schema import ABOUT_PEOPLE, RULES, annotator, decision, event, gold_result, item

COLUMNS = ("annotator", "seq", "item", "score", "floor", "stratum")
"""Of the exported evidence: what `docs/methods/evidence.md` computes every E from, and where to look it up."""

_RULES = (
    sa.select(event.c.seq, event.c.kind, event.c.body)
    .where(event.c.project == bind("project"), sa.literal_column(f"event.{RULES}"))
    .order_by(event.c.seq)
)
_RESULTS = (
    sa.select(
        gold_result.c.annotator, gold_result.c.seq, gold_result.c.item, gold_result.c.score, gold_result.c.stratum
    )
    .where(gold_result.c.project == bind("project"), gold_result.c.annotator.in_(bind("annotators", expanding=True)))
    .order_by(gold_result.c.seq)
)
_EVERYBODY = sa.select(gold_result.c.annotator).where(gold_result.c.project == bind("project")).distinct()
_ANEW = (
    sa.select(decision.c.subject, decision.c.seq, decision.c.kind, decision.c.body)
    .where(
        sa.literal_column("+decision.project", sa.BigInteger) == bind("project"),  # the index of people, not the key
        sa.literal_column(f"decision.{ABOUT_PEOPLE}"),
        decision.c.kind.in_(("restored", "qualified")),
    )
    .order_by(decision.c.seq)
)
_NAMES = (
    sa.select(annotator.c.id, annotator.c.pseudonym)
    .where(annotator.c.id.in_(bind("annotators", expanding=True)))
    .order_by(annotator.c.pseudonym)
)
_IDS = sa.select(item.c.id, item.c.external_id).where(item.c.id.in_(bind("items", expanding=True)))


class Measured(NamedTuple):
    """One gold result: score and floor in shares, E after it. `period`: how often the evidence had begun anew."""

    seq: int
    item: int
    score: float
    floor: float
    stratum: str
    e: float
    period: int


class Grounds:
    """What the results of a project's annotators are measured against."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project = project_id
        self._floors: list[tuple[int, int]] = []
        self._rescored: dict[int, int] = {}
        for seq, kind, body in connection.execute(_RULES, {"project": project_id}):
            read = msgspec.json.decode(body)
            if kind == "policy":
                self._floors.append((seq, msgspec.convert(read["policy"], Policy).floor))
            elif read["gold"] == "gold":
                self._rescored |= dict.fromkeys(map(int, read["scores"]), seq)
        self._anew: dict[str, list[int]] = {}
        for subject, seq, kind, body in connection.execute(_ANEW, {"project": project_id}):
            if begins_anew(kind, msgspec.json.decode(body)):
                self._anew.setdefault(subject, []).append(seq)

    def measure(self, annotators: Sequence[int]) -> dict[int, list[Measured]]:
        """Everybody's results, in the order in which they were answered."""
        found: dict[int, list[Measured]] = {who: [] for who in annotators}
        held: dict[int, Evidence] = {}
        for row in self._connection.execute(_RESULTS, {"project": self._project, "annotators": list(annotators)}):
            mine, period = found[row.annotator], self.period(row.annotator, row.seq)
            if not mine or mine[-1].period != period:
                held[row.annotator] = Evidence()
            score, floor = row.score / SCORE, self._floor(row.annotator, row.seq) / WHOLE
            held[row.annotator] = now = held[row.annotator].add(score, floor, row.stratum)
            mine.append(Measured(row.seq, row.item, score, floor, row.stratum, now.value, period))
        return found

    def period(self, who: int, seq: int) -> int:
        """How often their evidence had begun anew before `seq`."""
        return bisect.bisect_left(self._anew.get(f"annotator {who}", []), seq)

    def _floor(self, who: int, seq: int) -> int:
        """The floor in force when a result was counted: with a corrected gold answer they are all counted again."""
        counted = max(seq, self._rescored.get(who, 0))
        place = bisect.bisect_left(self._floors, counted, key=operator.itemgetter(0))
        return self._floors[place - 1][1] if place else Policy().floor


def begins_anew(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether the evidence about somebody begins anew with a decision: they were taught, or a person overruled."""
    return (kind == "restored" and "decision" in body) or (kind == "qualified" and body["why"] == "teaching")


def present(connection: Connection, project_id: int) -> dict[str, list[Measured]]:
    """The results that everybody's present E rests on, by pseudonym."""
    people = connection.execute(_EVERYBODY, {"project": project_id}).scalars().all()
    grounds = Grounds(connection, project_id)
    measured = grounds.measure(people)
    return {
        name: [one for one in measured[who] if one.period == grounds.period(who, 2**62)]
        for who, name in connection.execute(_NAMES, {"annotators": people})
    }


def to_csv(connection: Connection, project_id: int) -> str:
    """The present evidence as a table: one row for every gold result, in the order answered."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(_rows(connection, present(connection, project_id)))
    return text.getvalue()


class PersonEvidence(msgspec.Struct, frozen=True):
    """One annotator's present evidence: E, and the results it is worked out from, as rows of `columns`."""

    annotator: str
    e: float
    results: list[tuple[str, int, str, float, float, str]]


class AllEvidence(msgspec.Struct, frozen=True):
    """Everybody's present evidence."""

    columns: tuple[str, ...]
    annotators: list[PersonEvidence]


def to_json(connection: Connection, project_id: int) -> AllEvidence:
    """The present evidence with every E."""
    found = present(connection, project_id)
    rows: dict[str, list[Any]] = {name: [] for name in found}
    for row in _rows(connection, found):
        rows[row[0]].append(row)
    return AllEvidence(
        COLUMNS, [PersonEvidence(name, found[name][-1].e if found[name] else 1.0, rows[name]) for name in found]
    )


def _rows(
    connection: Connection, found: Mapping[str, Sequence[Measured]]
) -> Iterator[tuple[str, int, str, float, float, str]]:
    ids = {one.item for results in found.values() for one in results}
    called = {row.id: row.external_id for row in connection.execute(_IDS, {"items": sorted(ids)})}
    for name, results in found.items():
        for one in results:
            yield name, one.seq, called.get(one.item, ""), one.score, one.floor, one.stratum
