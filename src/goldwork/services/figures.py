"""The figures of a dashboard, from a project's submits: pure functions over columns.

Shares come with Wilson's 95 % interval; times are milliseconds UTC, days are UTC days.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from goldwork.agreement import Agreement
from goldwork.consensus import Consensus
from goldwork.distances import Distance, distances_between
from goldwork.judgements import Judgements
from goldwork.services.tables import KINDS, Submits

MINUTE = 60_000
DAY = 86_400_000
PEOPLE = 500
"""Annotators listed: the most active."""
DAYS = 366
Z = 1.959964
ANSWER, SKIP = KINDS.index("answer"), KINDS.index("skip")


class Interval(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval; null where there is none."""

    value: float | None
    low: float | None
    high: float | None


class Quality(msgspec.Struct, frozen=True):
    """Agreement on one question, with what it says in words."""

    value: float | None
    low: float | None
    high: float | None
    coefficient: str
    items: int
    judgements: int
    sentence: str
    warnings: list[str]


class Merged(msgspec.Struct, frozen=True):
    """How the consensus on one question was inferred, and how far it is from the majority."""

    method: str
    converged: bool
    iterations: int
    items: int
    mean_confidence: float | None
    warnings: list[str]
    majority_agrees: float | None


class Activity(msgspec.Struct, frozen=True):
    """What one annotator did, skips and surplus included; `judged` and `skipped` are what stands."""

    annotator: int
    judged: int
    skipped: int
    surplus: int
    median_seconds: float | None
    agreement_with_others: Interval | None
    last_at: int


class Count(msgspec.Struct, frozen=True):
    """One class of a question: how many judgements chose it, how many items it is the consensus of."""

    value: Any
    label: str
    judgements: int
    consensus_items: int


class Suggested(msgspec.Struct, frozen=True):
    """What suggestions did on one question.

    `shown` and `hidden` are numbers of answers. `accepted` and `alone`: the share of them that are the model's answer.
    `near_shown` and `near_hidden`: 1 - the mean distance to it, where answers have a distance. `sway` is in shares.
    """

    shown: int
    hidden: int
    annotators: int
    accepted: Interval
    alone: Interval
    near_shown: float | None
    near_hidden: float | None
    sway: Interval
    clustered: bool
    sentence: str
    note: str


class Figures(msgspec.Struct, frozen=True):
    """Everything of the dashboard that the worker computes."""

    through_seq: int
    items_started: int
    judgements: int
    answers: int
    filled: int
    annotators: int
    week: int
    week_since: int | None
    minutes: list[tuple[int, int]]
    by_day: list[tuple[str, int]]
    people: list[Activity]
    agreement: dict[str, Quality]
    consensus: dict[str, Merged]
    classes: dict[str, list[Count]]
    suggestions: dict[str, Suggested] = {}


def wilson(share: float, count: float, quantile: float = Z) -> Interval:
    """Wilson's 95 % interval of a share (1927) of `count` answers, which need not be a whole number."""
    if not count or math.isnan(share):
        return Interval(None, None, None)
    square = quantile * quantile
    middle = share + square / (2 * count)
    half = quantile * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    scale = 1 + square / count
    return Interval(share, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def quality(made: Agreement) -> Quality:
    """An agreement as it is stored."""
    return Quality(
        _number(made.value),
        _number(made.low),
        _number(made.high),
        made.coefficient,
        made.items,
        made.judgements,
        made.sentence,
        list(made.warnings),
    )


def merged(made: Consensus, plain: Consensus | None) -> Merged:
    """A consensus as it is stored, and how often a plain method says the same, where there is one."""
    agrees = None
    if plain is not None and len(made):
        pairs = zip(made.labels.tolist(), plain.labels.tolist(), strict=True)
        agrees = sum(one == other for one, other in pairs) / len(made)
    mean = float(made.confidence.mean()) if len(made) else None
    return Merged(made.method, made.converged, made.iterations, len(made), mean, list(made.warnings), agrees)


def agreement_with_others(table: Judgements, distance: Distance | None) -> dict[int, Interval]:
    """For each annotator, how near their answers are to those of the others on an item: 1 - the mean distance.

    Without a distance, the mean share of the others who gave the same answer. The interval is Wilson's with items as
    independent; for distances between 0 and 1 it is wider than it need be.
    """
    if not len(table):
        return {}
    near = _same(table) if distance is None else _near(table, distance)
    others = np.bincount(table.item, minlength=len(table.items))[table.item] - 1
    counted = others > 0
    share, who = near[counted] / others[counted], table.annotator[counted]
    number = np.bincount(who, minlength=len(table.annotators))
    mean = np.bincount(who, weights=share, minlength=len(table.annotators))
    return {
        int(name): wilson(float(mean[code] / number[code]), int(number[code]))
        for code, name in enumerate(table.annotators.tolist())
        if number[code]
    }


def _same(table: Judgements) -> npt.NDArray[np.float64]:
    """For each judgement, how many others of its item say the same."""
    codes, categories = table.coded()
    cells = table.item.astype(np.int64) * len(categories) + codes
    _, place, same = np.unique(cells, return_inverse=True, return_counts=True)
    return np.asarray(same[place] - 1, np.float64)


def _near(table: Judgements, distance: Distance) -> npt.NDArray[np.float64]:
    """For each judgement, the sum over the others of its item of how near they are."""
    codes, values = table.coded()
    first, second = table.pairs()
    near = 1 - distances_between(distance, values, codes[first], codes[second])
    return np.asarray(np.bincount(first, near, len(table)) + np.bincount(second, near, len(table)), np.float64)


def activity(submits: Submits, agreeing: Mapping[int, Interval]) -> list[Activity]:
    """What everybody did, most active first."""
    standing = submits.in_force()
    people, code = np.unique(submits.annotator, return_inverse=True)
    size = len(people)

    def count(mask: npt.NDArray[np.bool_]) -> list[int]:
        return [int(n) for n in np.bincount(code[mask], minlength=size)]

    answered = standing & (submits.kind == ANSWER)
    judged, skipped = count(answered), count(standing & (submits.kind == SKIP))
    surplus = count(answered & submits.surplus)
    last = np.zeros(size, np.int64)
    np.maximum.at(last, code, submits.at)
    medians = _medians(code[answered], submits.seconds[answered], size)
    rows = [
        Activity(int(name), judged[i], skipped[i], surplus[i], medians[i], agreeing.get(int(name)), int(last[i]))
        for i, name in enumerate(people.tolist())
    ]
    return sorted(rows, key=lambda row: (-row.judged, row.annotator))[:PEOPLE]


def _medians(code: npt.NDArray[Any], seconds: npt.NDArray[np.float64], size: int) -> list[float | None]:
    known = ~np.isnan(seconds)
    order = np.lexsort((seconds[known], code[known]))
    parts = np.split(seconds[known][order], np.cumsum(np.bincount(code[known], minlength=size))[:-1])
    return [round(float(np.median(part)), 2) if len(part) else None for part in parts]


def by_day(at: npt.NDArray[np.int64]) -> list[tuple[str, int]]:
    """Judgements of each day that has any, oldest first."""
    days, number = np.unique(at // DAY, return_counts=True)
    dates = [dt.datetime.fromtimestamp(day * DAY / 1000, dt.UTC).date().isoformat() for day in days.tolist()]
    return list(zip(dates, number.tolist(), strict=True))[-DAYS:]


def last_minutes(at: npt.NDArray[np.int64], now: int) -> list[tuple[int, int]]:
    """Judgements in each minute of the hour before `now`, by minutes since 1970."""
    recent = at[(at > now - 60 * MINUTE) & (at <= now)] // MINUTE
    minutes, number = np.unique(recent, return_counts=True)
    return list(zip(minutes.tolist(), number.tolist(), strict=True))


def last_week(at: npt.NDArray[np.int64], now: int) -> tuple[int, int | None]:
    """Judgements of the seven days before `now`, and since when: their first one, if work began within them."""
    recent = at[(at > now - 7 * DAY) & (at <= now)]
    if not len(recent):
        return 0, None
    began = bool((at > now - 7 * DAY).all())
    return len(recent), int(recent.min()) if began else now - 7 * DAY


def days_left(open_slots: int, judgements: int, since: int | None, now: int) -> float | None:
    """Days until every slot is filled, if it goes on as since then; None where nobody judged."""
    if since is None or not judgements:
        return None
    elapsed = max(now - since, 60 * MINUTE) / DAY
    return round(open_slots / (judgements / elapsed), 1)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
