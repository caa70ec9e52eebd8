"""Calibration from gold: how far an item's probabilities are to be believed after one judgement, two, or many.

Gold items that are a simple random sample of all items are looked at after their first judgement, their second, and so
on, in several orders, each time without what the item itself taught about those who judged it. t and r of

    T(n) = t (1 + (n - 1) r)

maximise the mean log probability of the gold answers times the number of gold items (looks at one item are not
independent), plus priors: log t and log r have Student's distribution with three degrees of freedom, which a few gold
items hardly move and which many overrule. Its places are those of crowds with one to five judgements an item, which is
where stopping is decided: t around 1.05 and r around .22, with spreads of .3. The middles were chosen on the sets
product (t 1.1, r .19) and labelme (1.0, .5) and on ten kinds of simulated crowds (.94 to 1.20, .07 to .17).

*Source:* temperature scaling: Guo et al. 2017, On Calibration of Modern Neural Networks, ICML, 1321-1330; design
effect: Kish 1965, Survey Sampling, 162.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from goldwork.quality.posterior import USUAL, Calibration, Credit, Given, add, learn, normalised
from goldwork.quality.skill import Pooled, frequencies, says

PRIORS = ((math.log(USUAL.temperature), 0.3), (math.log(USUAL.correlation), 0.3))
FREEDOM = 3.0
ORDERS = 4


class Look(NamedTuple):
    """A gold item after so many judgements: its untempered probabilities, the answer, and how much the look counts."""

    judgements: int
    probabilities: Sequence[float]
    gold: int
    weight: float


def looks(
    given: Sequence[Given], gold: int, credited: Credit, states: Mapping[int, Sequence[int]], pooled: Pooled, seed: int
) -> Iterator[Look]:
    """A gold item after every number of its judgements in `ORDERS` orders, as if it had taught nothing yet."""
    lesson = learn(credited, Credit(), pooled.classes)
    without = {who: _with(states[who], lesson.annotators.get(who, {})) for who, *_ in given}
    crowd = Pooled(pooled.classes, _with(pooled.counts, lesson.pooled))
    told = {one: says(without[one.annotator], crowd, one.answer) for one in given}
    begin = [math.log(share) for share in frequencies(crowd)]
    random, order = Random(seed), list(given)
    for _ in range(ORDERS):
        random.shuffle(order)
        logs = begin
        for number, one in enumerate(order, 1):
            logs = [log + one.weight * more for log, more in zip(logs, told[one], strict=True)]
            yield Look(number, normalised(logs), gold, 1 / (ORDERS * len(order)))


def _with(counts: Sequence[int], changes: Mapping[int, int]) -> list[int]:
    changed = list(counts)
    add(changed, changes)
    return changed


def fit(seen: Sequence[Look]) -> Calibration:
    """The calibration that makes the gold answers most probable; without any gold that of the priors."""
    from scipy.optimize import minimize

    start = [PRIORS[0][0], PRIORS[1][0]]
    if not seen:
        return Calibration(*map(math.exp, start))
    logs = np.log(np.maximum([look.probabilities for look in seen], 1e-12))
    number = np.array([look.judgements for look in seen])
    place, gold = np.arange(len(seen)), np.array([look.gold for look in seen])
    weight = np.array([look.weight for look in seen])

    def loss(at: npt.NDArray[np.float64]) -> float:
        scaled = logs / (math.exp(at[0]) * (1 + (number - 1) * math.exp(at[1])))[:, None]
        top = scaled.max(axis=1)
        told = scaled[place, gold] - top - np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        off = [(value - middle) / spread for value, (middle, spread) in zip(at, PRIORS, strict=True)]
        prior = sum((FREEDOM + 1) / 2 * math.log(1 + z * z / FREEDOM) for z in off)
        return float(prior - weight @ told)

    found = minimize(loss, start, method="L-BFGS-B", bounds=[(-2, 4), (-6, 2)]).x
    return Calibration(math.exp(found[0]), math.exp(found[1]))
