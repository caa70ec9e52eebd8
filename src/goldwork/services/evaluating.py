"""How good a model is: held against the evaluation slice, whose items people alone have judged.

The slice is drawn once at random from all items, and never trains the model. An item of it counts as soon as people are
through with it; its classes are known by the calibrated probability that their answers give.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.learning.curve import learning_curve
from goldwork.quality.draft import State
from goldwork.quality.items import SURE, temper
from goldwork.quality.posterior import tempered
from goldwork.quality.skill import SCALE
from goldwork.services.figures import Interval, wilson
from goldwork.services.fitting import Fitted
from goldwork.services.inference import Question
from goldwork.services.models import Curve, CurvePoint, ModelVersion

MOST_SLICE = 2000
"""Items of the slice that judge it."""
LEAST = 0.001
"""No smaller probability is held against a model in its log loss: people err more often than that."""
COVERED = 0.9
"""The share of those items about which a version must have said something to stand in the curve: one from before most
of them were imported was held against others."""
SURELY = 50
"""Items of the slice that people must have told before the curve says what more judgements would add."""


@dataclasses.dataclass
class Pool:
    """The items that a model reads, in the order of their ids, and one question's judgements of them."""

    question: str
    values: list[Any]
    asked: Question
    ids: list[int]
    rows: list[Any]
    states: list[State]
    held: npt.NDArray[np.bool_]
    """Of the evaluation slice."""
    project: State

    @property
    def classes(self) -> int:
        return len(self.values)


def truth_of(pool: Pool) -> dict[int, Any]:
    """By place of an item of the slice, its classes' probabilities [K] by people alone; None while they are at it."""
    found: dict[int, Any] = {}
    for at in np.flatnonzero(pool.held)[:MOST_SLICE].tolist():
        found[at] = _told(pool, pool.ids[at], pool.rows[at].status, pool.states[at])
    return found


def _told(pool: Pool, of: int, status: str | None, state: State) -> Any:
    shares = np.zeros(pool.classes)
    if of in pool.asked.known:
        shares[pool.asked.known[of]] = 1.0
        return shares
    answer = state.get("answer", {}).get(pool.question)
    if status in (None, "open") or answer is None:
        return None
    taught = state.get("taught", {}).get(pool.question)
    if taught is None:  # nobody else has judged it: how sure one answer is
        sure = (state.get("sure") or 0) / SURE
        shares[:] = (1 - sure) / max(pool.classes - 1, 1)
        shares[answer] = sure
        return shares
    plain = [share / SCALE for share in taught["shares"]]
    heated = tempered(plain, temper(pool.project, pool.question).of(len(taught["given"])))
    shares[: len(heated)] = heated
    return shares


def curve_of(versions: Sequence[tuple[int, int, Mapping[int, int]]], told: Mapping[int, Any]) -> Curve | None:
    """The versions' curve over the items of the slice that people have told. Of versions after equally many judgements
    the latest counts, and none counts that had more than a later one, or was held against few of the items."""
    kept: list[tuple[int, int, Mapping[int, int]]] = []
    items = sorted(told)
    for one in reversed(versions):
        covered = len(one[2].keys() & told.keys()) >= max(COVERED * len(told), 1)
        if covered and 1 <= one[1] < (kept[-1][1] if kept else one[1] + 1):
            kept.append(one)
    if not kept:
        return None
    kept.reverse()
    right = np.array([[told[of][said[of]] if of in said else np.nan for of in items] for _, _, said in kept])
    found = learning_curve([number for _, number, _ in kept], right)
    shares = zip(found.accuracy.tolist(), (~np.isnan(right)).sum(axis=1).tolist(), strict=True)
    drawn = [wilson(share, count) for share, count in shares]
    points = [CurvePoint(*one[:2], *_rounded(interval)) for one, interval in zip(kept, drawn, strict=True)]
    if len(told) < SURELY:
        sentence = f"What more judgements would add can be said once {SURELY} items of the slice are judged."
        return Curve(points, found.items, sentence, found.more, stop=False)
    gains = (found.gain, found.gain_low, found.gain_high)
    return Curve(
        points,
        found.items,
        found.sentence,
        found.more,
        found.stop,
        *(None if np.isnan(gain) else round(float(gain), 5) for gain in gains),
    )


def _rounded(interval: Interval) -> tuple[float, ...]:
    ends = (interval.value, interval.low, interval.high)
    return tuple(round(end, 4) for end in ends if end is not None)


def version_of(pool: Pool, fitted: Fitted, truth: Mapping[int, Any], seconds: float) -> ModelVersion:
    """What is to be told of a version, held against the items of the slice that people have told."""
    places = [at for at, shares in truth.items() if shares is not None]
    accuracy = low = high = loss = None
    if places:
        shares, said = np.array([truth[at] for at in places]), fitted.predicted[places]
        right = shares[np.arange(len(places)), said.argmax(axis=1)]
        accuracy = float(right.mean())
        loss = float(-(shares * np.log(np.maximum(said, LEAST))).sum(axis=1).mean())
        interval = wilson(accuracy, len(places))
        low, high = interval.low, interval.high
    warnings = []
    if fitted.said.few:
        few = ", ".join(f"“{pool.values[code]}”" for code in fitted.said.few)
        warnings.append(f"Few items are {few}, or none: what the model says of that is a guess.")
    if fitted.said.same:
        warnings.append(
            f"{fitted.said.same:,} judged items have the same content as an item of the evaluation slice: they trained "
            "nothing."
        )
    return ModelVersion(
        pool.question,
        pool.values,
        len(fitted.train),
        fitted.said.used,
        round(seconds, 2),
        accuracy,
        low,
        high,
        loss,
        len(places),
        warnings,
    )


def pack(said: Mapping[int, int]) -> bytes:
    """The classes of the slice's items, as an .npy file."""
    file = io.BytesIO()
    np.save(file, np.array(sorted(said.items()), np.int64).reshape(-1, 2), allow_pickle=False)
    return file.getvalue()


def unpack(content: bytes) -> dict[int, int]:
    """What `pack` made."""
    return dict(np.load(io.BytesIO(content), allow_pickle=False).tolist())
