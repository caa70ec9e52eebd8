"""A project in memory that asks, learns and decides by the engine's formulas: for replays of recorded judgements."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from goldwork.quality.calibrating import Look, fit, looks
from goldwork.quality.posterior import Credit, Given, add, credit, learn, posterior, tempered
from goldwork.quality.resync import Judged, resync
from goldwork.quality.skill import Pooled, fresh, fresh_pool, says


class Project:
    """What is known after the judgements that were taken so far.

    `gold`: known classes of items drawn at random; `alone`: items may stop at one judgement.
    """

    def __init__(
        self, classes: int, annotators: int, items: int, gold: Mapping[int, int], seed: int, *, alone: bool = False
    ) -> None:
        self.classes = classes
        self.gold = gold
        self.given: list[list[Given]] = [[] for _ in range(items)]
        self.calibration = fit([])
        self._states = {code: fresh(classes) for code in range(annotators)}
        self._pooled = Pooled(classes, fresh_pool(classes))
        self._plain = [[1 / classes] * classes for _ in range(items)]
        self._credits = [Credit()] * items
        self._seed, self._alone = seed, alone

    def take(self, item: int, one: Given) -> None:
        """One judgement: the item's posterior anew, and what it teaches."""
        given = self.given[item]
        given.append(one)
        self._plain[item] = posterior(given, self._states, self._pooled)
        after = self._credit(item)
        lesson = learn(self._credits[item], after, self.classes)
        self._credits[item] = after
        for who, changes in lesson.annotators.items():
            add(self._states[who], changes)
        add(self._pooled.counts, lesson.pooled)

    def synchronise(self) -> None:
        """Full inference over all judgements so far, then the calibration from gold."""
        rows = [(item, *one) for item, given in enumerate(self.given) for one in given]
        item, who, answer, weight = (np.array(column) for column in zip(*rows, strict=True))
        gold = np.full(len(self.given), -1)
        for place, known in self.gold.items():
            gold[place] = known
        judged = Judged(item, who, answer, weight.astype(float), gold, gold >= 0, len(self._states), self.classes)
        found = resync(judged, alone=self._alone)
        self._states = dict(enumerate(found.states))
        self._pooled = found.pooled
        self._plain = found.shares.tolist()
        self._credits = [self._credit(item) for item in range(len(self.given))]
        self.calibration = fit([look for item in self.gold for look in self._looks(item)])

    def probabilities(self, item: int) -> list[float]:
        """The calibrated probabilities of an item's classes, [K]."""
        number = sum(one.weight for one in self.given[item])
        return tempered(self._plain[item], self.calibration.of(number))

    def answer(self, item: int) -> int:
        """The most probable class."""
        shares = self._plain[item]
        return shares.index(max(shares))

    def accuracies(self, who: int | None) -> list[float]:
        """How often an annotator finds each class, [K]; None for somebody of whom nothing is known."""
        state = fresh(self.classes) if who is None else self._states[who]
        return [math.exp(says(state, self._pooled, k)[k]) for k in range(self.classes)]

    def _credit(self, item: int) -> Credit:
        return credit(self.given[item], self._plain[item], self.gold.get(item), drawn=True, alone=self._alone)

    def _looks(self, item: int) -> Iterable[Look]:
        return looks(
            self.given[item], self.gold[item], self._credits[item], self._states, self._pooled, self._seed + item
        )
