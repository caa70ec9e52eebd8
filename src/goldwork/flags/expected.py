"""What others' answers say of an item, and so of the next person's answer, by one model of people and items.

An item has a right answer t, a difficulty d of two, and a rival r, another answer that errors tend to. With K classes,
somebody of skill s is right with

    a = 1/K + (1 - 1/K) / (1 + exp(d + k_t - s))

where k_t says how hard class t is; an error is the rival in a share rho, else another answer by how often it is given.
What others say of the item gives, by Bayes' rule, a probability u to each (t, d, r), and with it of an answer l

    P(l) = sum over t, d of A a + B (1 - a)      A = u [t = l], B = u (rho [r = l] + (1 - rho) pi(l) / (1 - pi(t)))

summed over r. Skills (normal around the crowd's mean), k_t (normal around 0), rho and the shares of d are those under
which the table is most probable (expectation and maximization); u is taken without the row's own answer. Among the
three answers that weigh most, right ones and rivals are told apart; all others are one. Gold multiplies the odds of its
answer. Nothing is as large as items times classes.

*Sources:* Dawid and Skene 1979, Applied Statistics 28, 20-28; items' difficulties, Whitehill et al. 2009, Advances in
Neural Information Processing Systems 22, 2035-2043.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from goldwork.flags.bets import Floats

Codes = npt.NDArray[np.int64]

SLOTS = 3
LEVELS = np.array([0.0, 1.5])
"""Difficulties, in log odds."""
SKILLS = (-4.0, 6.0)
FIRST = 2.0
SPREAD = 1.0
"""Of people's skills around the crowd's mean, and of classes' difficulties around 0."""
ROUNDS = 6
AT_ONCE = 50_000
LEAST, TINY = 1e-6, 1e-12
LOWEST = -700.0


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """How probable answers are: `right` [n, T] if they are right; as errors, `drawn` [n, T, R] to a rival, with share
    rho, or `other` [n, T]."""

    right: Floats
    drawn: Floats
    other: Floats

    @property
    def wrong(self) -> Floats:
        """[n, T, R]."""
        return np.asarray(self.drawn + self.other[:, :, None])


@dataclasses.dataclass(frozen=True, eq=False)
class Expected:
    """`item`, `codes`, `who` [n]: the table's rows, by item; `slots` [items, C]: the answers told apart, -1 where there
    are fewer; `start` [items, T, R]: log probabilities of right answers and rivals before any answer but gold."""

    item: Codes
    codes: Codes
    who: Codes
    prior: Floats
    slots: Codes
    start: Floats
    skill: Floats
    hard: Floats
    level: Floats
    rival: float = 0.5

    @property
    def typical(self) -> float:
        """The skill of whoever gave the answer in the middle."""
        return float(np.median(self.skill[self.who])) if len(self.who) else FIRST

    def sees(self, skill: Floats | float, item: Codes) -> Floats:
        """[..., n, T, D]: how probably somebody of a `skill` [..., n or 1] is right about items, by the state."""
        needs = np.where(self.slots[item] >= 0, self.hard[self.slots[item]], 0.0)
        if self._lumped:
            needs = np.column_stack([needs, np.zeros(len(item))])
        least = 1 / max(len(self.prior), 2)
        beyond = needs[:, :, None] + LEVELS - np.asarray(skill)[..., None, None]
        return np.asarray(least + (1 - least) / (1 + np.exp(np.minimum(beyond, -LOWEST))))

    def terms(self, labels: Codes, rows: npt.NDArray[np.integer]) -> tuple[Floats, Floats]:
        """[rows, T, D] each: A and B of `labels`, by others' answers to the items of `rows`."""
        parts = [
            self._terms(labels[begin : begin + AT_ONCE], rows[begin : begin + AT_ONCE])
            for begin in range(0, max(len(rows), 1), AT_ONCE)
        ]
        right, wrong = zip(*parts, strict=True)
        return np.concatenate(right), np.concatenate(wrong)

    def _terms(self, labels: Codes, rows: npt.NDArray[np.integer]) -> tuple[Floats, Floats]:
        item = self.item[rows]
        state = _shares(self._total[item] - self._logs(self._answers(item, self.codes[rows]), item, self.who[rows]))
        wanted = self._answers(item, labels)
        return state.sum(axis=2) * wanted.right[:, :, None], np.einsum("ntrd,ntr->ntd", state, wanted.wrong)

    @functools.cached_property
    def _total(self) -> Floats:
        """[items, T, R, D]: the log probability of each state and of all answers to the item in it."""
        return np.concatenate([self._of_items(begin, end) for begin, end in self._parts()])

    @property
    def _lumped(self) -> bool:
        """Whether the last state is that of all answers in no slot."""
        return bool(self.start.shape[1] > self.slots.shape[1])

    def _answers(self, item: Codes, codes: Codes) -> Answers:
        slots, share = self.slots[item], self.prior[codes]
        match = (slots == codes[:, None]).astype(np.float64)
        alone = np.where(slots >= 0, self.prior[slots], 0.0)
        other = np.where(match > 0, 0.0, share[:, None] / (1 - alone))
        if self._lumped:
            rest, one = _rest(slots, self.prior)
            unseen = match.sum(axis=1) == 0
            match = np.column_stack([match, unseen * share / rest])
            other = np.column_stack([other, share * np.where(unseen, 1 - one / rest, 1.0) / (1 - one)])
        drawn = match[:, None, :] * (match == 0)[:, :, None]
        if self._lumped:
            drawn[:, -1] = match
        return Answers(match, self.rival * drawn, (1 - self.rival) * other)

    def _logs(self, answers: Answers, item: Codes, who: Codes) -> Floats:
        """[n, T, R, D]: the logarithm of how probable each answer is."""
        right = self.sees(self.skill[who], item)[:, :, None, :]
        return np.log(answers.right[:, :, None, None] * right + answers.wrong[..., None] * (1 - right) + TINY)

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Items in lots of so many answers."""
        bounds = np.searchsorted(self.item, np.arange(len(self.slots) + 1))
        begin = 0
        while begin < len(self.slots):
            end = int(np.searchsorted(bounds, bounds[begin] + AT_ONCE))
            end = min(max(end, begin + 1), len(self.slots))
            yield begin, end
            begin = end

    def _of_items(self, begin: int, end: int) -> Floats:
        rows = slice(*np.searchsorted(self.item, [begin, end]))
        item = self.item[rows]
        logs = self._logs(self._answers(item, self.codes[rows]), item, self.who[rows])
        found = self.start[begin:end, :, :, None] + np.log(self.level)
        first = np.flatnonzero(np.diff(item, prepend=-1))
        if len(first):
            found[item[first] - begin] += np.add.reduceat(logs, first, axis=0)
        return found

    def better(self) -> Expected:
        """With skills, difficulties and shares that make the table's answers more probable."""
        people, classes = _Slope(len(self.skill)), _Slope(len(self.prior))
        level, rival, errors = np.zeros(len(LEVELS)), 0.0, 0.0
        for begin, end in self._parts():
            rows = slice(*np.searchsorted(self.item, [begin, end]))
            item, who = self.item[rows], self.who[rows]
            answers, state = self._answers(item, self.codes[rows]), _shares(self._of_items(begin, end))
            level += state.sum(axis=(0, 1, 2))
            mine, hit = state[item - begin], answers.right > 0
            missed = mine.sum(axis=3) * ~hit[:, :, None]
            rival += float((missed * answers.drawn / (answers.wrong + TINY)).sum())
            errors += float(missed.sum())
            first, second = self._slopes(mine.sum(axis=2), hit, item, who)
            people.add(who, first.sum(axis=1), second.sum(axis=1))
            slots = self.slots[item]
            there, count = slots >= 0, slots.shape[1]
            classes.add(slots[there], -first[:, :count][there], second[:, :count][there])
        middle = float(np.average(self.skill, weights=people.second)) if people.second.any() else FIRST
        hard = classes.step(self.hard, 0.0)
        return dataclasses.replace(
            self,
            skill=np.clip(people.step(self.skill, middle), *SKILLS),
            hard=hard - float(self.prior @ hard),
            level=(level + 1) / (level + 1).sum(),
            rival=(rival + 1) / (errors + 2),
        )

    def _slopes(self, whole: Floats, hit: npt.NDArray[np.bool_], item: Codes, who: Codes) -> tuple[Floats, Floats]:
        """[n, T] each: the slope of the log likelihood by skill, and its expected curvature."""
        a = self.sees(self.skill[who], item)
        least = 1 / max(len(self.prior), 2)
        weight = (a - least) / ((1 - least) * a)
        first = whole * (hit[:, :, None] - a) * weight
        return first.sum(axis=2), (whole * a * (1 - a) * weight**2).sum(axis=2)


class _Slope:
    """Sums by person or class, and the step to where the likelihood is highest (Fisher's scoring)."""

    def __init__(self, size: int) -> None:
        self.first, self.second = np.zeros(size), np.zeros(size)

    def add(self, codes: Codes, first: Floats, second: Floats) -> None:
        self.first += np.bincount(codes, first, len(self.first))
        self.second += np.bincount(codes, second, len(self.second))

    def step(self, now: Floats, middle: float) -> Floats:
        """From `now`, at most by one, with a normal prior around `middle`."""
        step = (self.first - (now - middle) / SPREAD**2) / (self.second + 1 / SPREAD**2)
        return np.asarray(now + np.clip(step, -1, 1))


def _shares(logs: Floats) -> Floats:
    """[n, T, R, D]: probabilities of states."""
    made = np.exp(logs - logs.max(axis=(1, 2, 3), keepdims=True))
    return np.asarray(made / made.sum(axis=(1, 2, 3), keepdims=True))


def _rest(slots: Codes, prior: Floats) -> tuple[Floats, Floats]:
    """[items] each: the share of all answers in no slot, and of one of them."""
    rest = np.maximum(1 - np.where(slots >= 0, prior[slots], 0.0).sum(axis=1), LEAST)
    return rest, np.minimum(rest / np.maximum(len(prior) - (slots >= 0).sum(axis=1), 1), 1 - LEAST)


def fitted(rows: tuple[Codes, Codes, Codes], prior: Floats, slots: Codes, gold: Codes, golden: float) -> Expected:
    """The model of answers, as items, codes and annotators, `rows` [n] each, by item; `slots` [items, 3] those that
    weigh most; `gold` [items], -1 where there is none, with its weight in log odds."""
    k = len(prior)
    prior = np.minimum(prior, 1 - LEAST)  # with one class, another might have been
    lumped = k not in (2, 3)
    if lumped:
        slots = slots.copy()
        missing = (gold >= 0) & (slots != gold[:, None]).all(axis=1)
        slots[missing, -1] = gold[missing]
    else:
        slots = np.broadcast_to(np.arange(k), (len(slots), k))
    known = alone = np.where(slots >= 0, prior[slots], 0.0)
    if lumped:
        rest, one = _rest(slots, prior)
        known, alone = np.column_stack([known, rest]), np.column_stack([known, one])
    rival = known[:, None, :] * ~np.eye(known.shape[1], dtype=bool)
    if lumped:
        rival[:, -1, -1] = rest - one
    with np.errstate(divide="ignore"):
        truth, drawn = np.log(known), np.log(rival / (1 - alone)[:, :, None])
    truth[:, : slots.shape[1]] += golden * ((slots == gold[:, None]) & (gold >= 0)[:, None])
    start = np.maximum(truth, LOWEST)[:, :, None] + np.maximum(drawn, LOWEST)
    people = int(rows[2].max()) + 1 if len(rows[2]) else 0
    level = np.full(len(LEVELS), 1 / len(LEVELS))
    made = Expected(*rows, prior, slots, start, np.full(people, FIRST), np.zeros(k), level)
    for _ in range(ROUNDS):
        made = made.better()
    return made
