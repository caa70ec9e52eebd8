"""What a server's worker does beside the step: full inference, calibration from gold, flags. Each becomes an event."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from goldwork.flags import about, find_flags, flag
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.quality.calibrating import Look, fit, looks
from goldwork.quality.posterior import Given, credit
from goldwork.quality.resync import Inferred, Judged, resync
from goldwork.quality.skill import SCALE

LOOKED = 8
"""So many answers of a gold item, drawn by lot, tell how far answers are to be believed: items get no more."""


class Made(NamedTuple):
    """One judgement: of whom, about what, and how."""

    item: int
    annotator: int
    answer: int
    seconds: float
    at: float
    sitting: int
    seq: int


def infer(
    work: Sequence[Made],
    tests: Sequence[Made],
    gold: Mapping[int, int],
    *,
    items: int,
    people: int,
    classes: int,
    alone: bool,
) -> Inferred:
    """Full inference over what counts. Gold has the numbers after the items'."""
    rows = [*work, *tests]
    known = np.full(items + len(gold), -1)
    for item, answer in gold.items():
        known[item] = answer
    who, what, said = (np.array([row[place] for row in rows], dtype=np.int64) for place in (1, 0, 2))
    return resync(Judged(what, who, said, np.ones(len(rows)), known, known >= 0, people, classes), alone=alone)


def shares(found: Inferred, items: Sequence[int]) -> list[list[int]]:
    """Some items' probabilities as integers that sum to `SCALE`."""
    whole = np.rint(found.shares[list(items)] * SCALE).astype(np.int64)
    whole[np.arange(len(whole)), whole.argmax(axis=1)] += SCALE - whole.sum(axis=1)
    made: list[list[int]] = whole.tolist()
    return made


def calibrate(tests: Sequence[Made], gold: Mapping[int, int], found: Inferred, seed: int) -> list[int]:
    """Temperature and correlation at `SCALE`, from gold."""
    given: dict[int, list[Given]] = {}
    for test in tests:
        given.setdefault(test.item, []).append(Given(test.annotator, test.answer))
    calibration = fit(list(_looks(given, gold, found, seed)))
    return [round(SCALE * calibration.temperature), round(SCALE * calibration.correlation)]


def _looks(given: Mapping[int, list[Given]], gold: Mapping[int, int], found: Inferred, seed: int) -> Iterator[Look]:
    states = dict(enumerate(found.states))
    for item, mine in sorted(given.items()):
        some = random.Random(f"{seed}/{item}").sample(mine, min(LOOKED, len(mine)))
        plain = found.shares[item].tolist()
        yield from looks(some, gold[item], credit(some, plain, gold[item], drawn=True), states, found.pooled, seed)


def flagged(work: Sequence[Made], gold: Mapping[int, int], payloads: Items) -> dict[int, list[str]]:
    """Who is flagged, by which flags. Class codes stand for classes."""
    columns: dict[str, Any] = {
        "item": [row.item for row in work],
        "annotator": [row.annotator for row in work],
        "label": [f"class {row.answer}" for row in work],
        "seconds": [row.seconds for row in work],
        "submitted_at": [row.at for row in work],
        "session": [f"{row.annotator}-{row.sitting}" for row in work],
    }
    found = find_flags(
        Judgements.from_columns(columns),
        gold={item: f"class {answer}" for item, answer in gold.items()},
        items=payloads,
        names=[name for name in flag.names() if about(name) == "annotator"],
    )
    who: dict[int, list[str]] = {}
    for one in found:
        who.setdefault(int(one.subject), []).append(one.flag)
    return who
