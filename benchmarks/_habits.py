"""A crowd with known habits, at work on items that come by lot: what flags are tried on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.items import Items
from goldwork.judgements import Judgements

Columns = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Crowd:
    """What was made, and what only its maker knows: the accuracy that each row's person had for its item (of whoever
    looks), how many answers they had given before, whether they gave this one unseen, and all of each item."""

    table: Judgements
    gold: dict[int, int]
    items: Items
    truth: npt.NDArray[np.int64]
    rival: npt.NDArray[np.int64]
    hard: npt.NDArray[np.bool_]
    key: npt.NDArray[np.int64]
    accuracy: npt.NDArray[np.float64]
    place: npt.NDArray[np.int64]
    unseen: npt.NDArray[np.bool_]


def make(
    kinds: list[str], *, each: int = 150, overlap: int = 5, classes: int = 3, session: int = 50, seed: int = 0
) -> tuple[Judgements, dict[int, int], Items]:
    """The table, gold on a tenth of the items, and the items of `crowd`."""
    made = crowd(kinds, each=each, overlap=overlap, classes=classes, session=session, seed=seed)
    return made.table, made.gold, made.items


def crowd(
    kinds: list[str], *, each: int = 150, overlap: int = 5, classes: int = 3, session: int = 50, seed: int = 0
) -> Crowd:
    """People at work; gold on a tenth of the items. Somebody of kind "fast" is called fast7.

    Honest people (good, slow, quick, and poor at .8 of the others' accuracy) are right with Beta(18, 2.5), three
    quarters of that on the 15 % hard items; errors fall mostly on one class an item. Of the others,

    - fast guesses every other answer within two seconds; random guesses all
    - run begins, with probability .06, to give one answer twelve times; const gives class 1 in .45 of cases
    - pos takes what stands first in half of the cases; copy gives the answer of the copy before in .6 (by twos)
    - ring takes .6 of the answers from a key that all of that kind share, and that is right in .7 and else by lot
    - fatigue falls by .4 over a session; drift is right in .55 of cases from the middle on
    - norm gives class 2 in .8 of the cases where others give 1
    """
    rng = np.random.default_rng(seed)
    items = len(kinds) * each // overlap
    truth, length, hard = rng.integers(0, classes, items), rng.integers(20, 200, items), rng.random(items) < 0.15
    rival = rng.integers(1, classes, items)
    slots = np.concatenate([rng.permutation(items) for _ in range(overlap + 1)])
    turn = rng.permutation(len(kinds))
    apart = np.random.default_rng([seed, 1])
    key = np.where(apart.random(items) < 0.7, truth, apart.integers(0, classes, items))
    work = [list(dict.fromkeys(slots[n * each : (n + 1) * each].tolist())) for n in turn.tolist()]
    rows: list[tuple[Any, ...]] = []
    known: dict[tuple[int, str], tuple[float, int, bool]] = {}
    before: dict[int, int] | None = None
    for who, kind in enumerate(kinds):
        if kind == "copy" and before is not None:
            work[who] = list(before)
        person = _Person(kind, rng, classes, each, session)
        given: dict[int, int] = {}
        at = rng.random() * 1e5
        for place, item in enumerate(work[who]):
            accuracy = person.accuracy * (0.75 if hard[item] else 1.0)
            answer, seconds = person.answer(int(truth[item]), int(rival[item]), accuracy, place, float(length[item]))
            if kind == "copy" and before is not None and rng.random() < 0.6:
                answer = before[item]
            if kind == "ring" and rng.random() < 0.6:
                answer = int(key[item])
            shown = rng.permutation(classes).tolist()
            if kind == "pos" and rng.random() < 0.5:
                answer = shown[0]
            given[item] = answer
            known[item, f"{kind}{who}"] = person.applied, place, person.unseen
            at += seconds + 1 + (86_400 if place and place % session == 0 else 0)
            rows.append((item, f"{kind}{who}", answer, seconds, at, shown, f"{who}-{place // session}"))
        before = given if kind == "copy" and before is None else None
    titles = ("item", "annotator", "label", "seconds", "submitted_at", "shown", "session")
    columns = {name: [row[n] for row in rows] for n, name in enumerate(titles)}
    gold = {int(item): int(truth[item]) for item in np.flatnonzero(rng.random(items) < 0.1)}
    texts = [{"id": item, "text": "x" * int(length[item])} for item in range(items)]
    table = Judgements.from_columns(columns)
    names = zip(table.items[table.item].tolist(), table.annotators[table.annotator].tolist(), strict=True)
    accuracy, places, unseen = (np.array(one) for one in zip(*(known[name] for name in names), strict=True))
    return Crowd(table, gold, Items.from_records(texts), truth, rival, hard, key, accuracy, places, unseen)


class _Person:
    def __init__(self, kind: str, rng: np.random.Generator, classes: int, each: int, session: int) -> None:
        self.kind, self.rng, self.classes, self.each, self.session = kind, rng, classes, each, session
        self.accuracy = float(rng.beta(18, 2.5)) * (0.8 if kind == "poor" else 1.0)
        self.pace = float(np.exp(rng.normal(0, 0.25))) * {"slow": 2.5, "quick": 0.35}.get(kind, 1.0)
        self.run, self.stuck = 0, 0
        self.applied, self.unseen = self.accuracy, False

    def answer(self, truth: int, rival: int, accuracy: float, place: int, length: float) -> tuple[int, float]:
        seconds = self.pace * float(np.exp(0.2 + 0.55 * np.log(length) + self.rng.normal(0, 0.45)))
        guess = int(self.rng.integers(self.classes))
        self.applied, self.unseen = accuracy, True
        if self.kind == "random":
            return guess, seconds
        if self.kind == "fast" and self.rng.random() < 0.5:
            return guess, float(np.exp(self.rng.normal(0.3, 0.3)))
        if self.kind == "const" and self.rng.random() < 0.45:
            return 1, seconds
        if self.kind == "run":
            if self.run <= 0 and self.rng.random() < 0.06:
                self.run, self.stuck = 12, guess
            if self.run > 0:
                self.run -= 1
                return self.stuck, seconds
        self.unseen = False
        if self.kind == "fatigue":
            accuracy = max(1 / self.classes, accuracy - 0.4 * (place % self.session) / self.session)
        if self.kind == "drift" and place >= self.each // 2:
            accuracy = 0.55
        self.applied = accuracy
        answer = truth
        if self.rng.random() >= accuracy:
            answer = (
                truth + (rival if self.rng.random() < 0.7 else int(self.rng.integers(1, self.classes)))
            ) % self.classes
        if self.kind == "norm" and truth == answer == 1 and self.rng.random() < 0.8:
            answer = 2
        return answer, seconds


def kind_of(subject: Any) -> str:
    """What somebody of a made crowd is."""
    return str(subject).rstrip("0123456789")
