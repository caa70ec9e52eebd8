"""The fit behind sets-two-coin: each class holds or not, and each annotator has two coins for it.

Class k holds on an item with probability pi_k. If it holds, annotator a chooses it with the sensitivity se_ak; if not,
leaves it out with the specificity sp_ak. Each coin has log odds

    logit se_ak = alpha_k + beta_a + delta_ak,   beta_a ~ N(0, v),   delta_ak ~ N(0, w),   alpha_k ~ N(m, 1)

(and the same, with its own parameters, for sp): an annotator with few judgements of a class is taken to be as the
annotator and the class are elsewhere. EM with the truth hidden (Dempster, Laird and Rubin 1977, Journal of the Royal
Statistical Society B 39, 1-38); the M-step takes one Newton step in each of alpha, beta and delta, halved until it does
not lower the expected log posterior, so that the objective, the log posterior of the parameters, never falls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.sets import Chosen

Floats = npt.NDArray[np.float64]

SENSITIVE, SPECIFIC = 1.0, 2.0
"""The prior's log odds of a class's sensitivity (.73) and specificity (.88), with a standard deviation of 1."""
HALVINGS = 10


@dataclasses.dataclass
class Coin:
    """Log odds in parts: `class_` [K], `annotator` [A], `both` [A, K]; the prior's `centre` of the first."""

    centre: float
    class_: Floats
    annotator: Floats
    both: Floats

    def odds(self) -> Floats:
        """The log odds [A, K]."""
        return self.class_ + self.annotator[:, None] + self.both


@dataclasses.dataclass
class Coins:
    """Parameters: prevalence [K], and the two coins."""

    prevalence: Floats
    sensitivity: Coin
    specificity: Coin


class TwoCoins:
    """The model over one table. `annotator_prior`, `class_prior`: the standard deviations of beta and delta."""

    def __init__(self, chosen: Chosen, annotator_prior: float, class_prior: float, smoothing: float) -> None:
        from scipy.sparse import csr_array

        table = chosen.table
        self.chosen, self.k, self.annotators = chosen, len(chosen.classes), len(table.annotators)
        self.own, self.cell, self.smoothing = annotator_prior, class_prior, smoothing
        self.weights = table.weights()
        self.item, self.who = table.item[chosen.row], table.annotator[chosen.row]
        self.of_choice = self.weights[chosen.row]
        starts = np.r_[0, np.cumsum(table.per_item())].astype(np.int32)
        shape = (len(table.items), self.annotators)
        self.judged = csr_array((self.weights, table.annotator, starts), shape=shape)
        self.by_annotator = self.judged.T.tocsr()
        self.count = np.asarray(self.by_annotator.sum(axis=1), np.float64).reshape(-1, 1)
        self.choices = chosen.sums(self.who, self.of_choice, self.annotators)

    def start(self, state: Mapping[str, Any]) -> tuple[Floats, Coins]:
        """From the shares; annotators and classes that an earlier fit knows begin with what it learned."""
        made = Coins(np.full(self.k, 0.5), self._coin(SENSITIVE), self._coin(SPECIFIC))
        if not state:
            return self.chosen.shares(), made
        ours, theirs = _shared(self.chosen.classes, state["classes"])
        us, them = _shared(self.chosen.table.annotators, state["annotators"])
        made.prevalence[ours] = state["prevalence"][theirs]
        for coin, name in ((made.sensitivity, "sensitivity"), (made.specificity, "specificity")):
            coin.class_[ours] = state[name].class_[theirs]
            coin.annotator[us] = state[name].annotator[them]
            coin.both[np.ix_(us, ours)] = state[name].both[np.ix_(them, theirs)]
        return self.expect(made)[0], made

    def _coin(self, centre: float) -> Coin:
        shape = (self.annotators, self.k)
        return Coin(centre, np.full(self.k, centre), np.zeros(self.annotators), np.zeros(shape))

    def expect(self, coins: Coins) -> tuple[Floats, float]:
        """The probability that each class holds [I, K], and the log posterior of the parameters."""
        yes, no = coins.sensitivity.odds(), coins.specificity.odds()
        left_out = _log_of(-yes), _log_of(no)
        extra = _log_of(yes) - left_out[0], _log_of(-no) - left_out[1]
        prevalence = np.log(coins.prevalence), np.log1p(-coins.prevalence)
        logs = []
        for out, more, prior in zip(left_out, extra, prevalence, strict=True):
            of_choice = self.of_choice * more[self.who, self.chosen.class_]
            chose = self.chosen.sums(self.item, of_choice, len(self.chosen.known))
            logs.append(np.asarray(self.judged @ out) + chose + prior)
        odds = logs[0] - logs[1]
        evidence = np.logaddexp(*logs)
        evidence = np.where(self.chosen.fixed, np.where(self.chosen.gold, *logs), evidence)
        total = float(evidence.sum()) + self.smoothing * float(sum(prior.sum() for prior in prevalence))
        total += self._prior(coins.sensitivity) + self._prior(coins.specificity)
        return self.chosen.clamp(1 / (1 + np.exp(-odds.clip(-700, 700)))), total

    def maximise(self, probabilities: Floats, coins: Coins) -> None:
        """Better parameters given the probabilities, in place."""
        items = len(probabilities)
        coins.prevalence = (probabilities.sum(axis=0) + self.smoothing) / (items + 2 * self.smoothing)
        asked, hits = self.counts(probabilities)
        self._climb(coins.sensitivity, hits, asked)
        self._climb(coins.specificity, self.count - asked - (self.choices - hits), self.count - asked)

    def counts(self, probabilities: Floats) -> tuple[Floats, Floats]:
        """How many judgements of each annotator met each class, and how many of those chose it, [A, K]."""
        asked = np.asarray(self.by_annotator @ probabilities)
        of_choice = self.of_choice * probabilities[self.item, self.chosen.class_]
        return asked, self.chosen.sums(self.who, of_choice, self.annotators)

    def _prior(self, coin: Coin) -> float:
        squares = ((coin.class_ - coin.centre) ** 2).sum() + ((coin.annotator / self.own) ** 2).sum()
        return -0.5 * float(squares + ((coin.both / self.cell) ** 2).sum())

    def _climb(self, coin: Coin, hits: Floats, asked: Floats) -> None:
        """A Newton step in each part of the log odds."""

        def along(part: Floats, centre: float, sd: float, axis: int | None) -> Floats:
            base = coin.odds()

            def value(by: Floats) -> Floats:
                moved = base + (by[:, None] if axis == 1 else by)
                each = hits * _log_of(moved) + (asked - hits) * _log_of(-moved)
                each = each if axis is None else each.sum(axis=axis)
                return np.asarray(each - 0.5 * ((part + by - centre) / sd) ** 2)

            share = 1 / (1 + np.exp(-base))
            pull, bend = hits - asked * share, asked * share * (1 - share)
            if axis is not None:
                pull, bend = pull.sum(axis=axis), bend.sum(axis=axis)
            step = (pull - (part - centre) / sd**2) / (bend + sd**-2)
            return part + _halved(step.clip(-2, 2), value)

        coin.class_ = along(coin.class_, coin.centre, 1.0, 0)
        coin.annotator = along(coin.annotator, 0.0, self.own, 1)
        coin.both = along(coin.both, 0.0, self.cell, None)


def _halved(step: Floats, value: Callable[[Floats], Floats]) -> Floats:
    """Each step halved until its value does not fall, else 0."""
    least = value(np.zeros_like(step))
    for _ in range(HALVINGS):
        fallen = ~(value(step) >= least)
        if not fallen.any():
            return step
        step = np.where(fallen, step / 2, step)
    return np.where(value(step) >= least, step, 0)


def _log_of(odds: Floats) -> Floats:
    """The log of the share with these log odds."""
    return np.asarray(-np.logaddexp(0, -odds))


def _shared(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> tuple[list[int], list[int]]:
    """Places of the names that both have."""
    place = {name: at for at, name in enumerate(theirs.tolist())}
    both = [(at, place[name]) for at, name in enumerate(ours.tolist()) if name in place]
    return [one for one, _ in both], [other for _, other in both]
