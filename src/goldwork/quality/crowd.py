"""What a log of judgements tells about a crowd and its items, and how little: draws from the posterior.

Person j finds the right class k of item i with probability

    P(right) = logistic(a_j + b_k + t x_i),   a_j ~ N(m, s^2),   b_k ~ N(0, LEAN^2),   x_i ~ N(0, 1)

m is the crowd's skill, s how much people differ, t how much items do; b_k is what everybody shares about a class, which
all may misread in the same way. Only gold tells that, since peers misread it too. Hard items are hard for everybody,
and those that most people get wrong are in the same distribution, so a log without gold tells t by how unanimous people
are. Where k is right, a wrong answer is l with probability d_kl; but with probability e it is the item's own most
tempting class, the same for everybody and drawn by d_kl once; so errors may agree. Classes have frequencies f. Above
`MOST_LEANS` classes b is 0 and the d_kl of a class are equal.

Gibbs sampling: (class, x_i) jointly for every item, x_i on `NODES`; a_j, b_k, log t and log s by Metropolis steps; m,
e, d and f from their conditional distributions. Priors: m ~ N(logit(assumed), 1), with the accuracy that
`goldwork.quality.skill` assumes of an unknown crowd; s and t half-normal with scales 1 and 1.5; e uniform; f and d
Dirichlet with all 1. Gold fixes classes.

*Sources:* Rasch's model with the answer key unknown: Batchelder and Romney 1988, Psychometrika 53, 71-92, and
Karabatsos and Batchelder 2003, Psychometrika 68, 373-389; with difficulties also Whitehill et al. 2009, NIPS,
2035-2043.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from goldwork.quality.resync import Floats, Judged
from goldwork.quality.skill import ASSUMED

NODES = np.linspace(-3.0, 3.0, 11)
"""The places where an item's x may be."""
BURN, THIN = 250, 3
"""How many rounds come before the first draw, and how many between draws."""
SKILL, PEOPLE, ITEMS = 1.0, 1.0, 1.5
"""The scales of the priors of m, s and t."""
LEAN = 0.7
"""How far classes are apart, in logits, where nothing is known: .7 on product, 1.1 on labelme."""
MOST_LEANS = 10
NEW = 2.0
TEMPTED = np.linspace(0.01, 0.99, 50)
"""The values that e may have."""

Whole = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class Crowd:
    """D crowds that a log may come from: `skill` m, `people` s, `items` t and `tempted` e, each [D].

    `lean` b and `common` f [D, K] and `wrong` d [D, K, K], where they were learned; else b is 0, and classes are as
    common and errors as frequent as each other.

    `known` [D, A]: where it was learned from a log, the skills a_j of the A people in it; `share` [A]: of the
    judgements each of them made. Who works much need not be like the others: on snow_rte they are less often right.
    """

    classes: int
    skill: Floats
    people: Floats
    items: Floats
    tempted: Floats
    lean: Floats | None = None
    common: Floats | None = None
    wrong: Floats | None = None
    known: Floats | None = None
    share: Floats | None = None

    def people_of(self, place: int, number: int, random: np.random.Generator) -> Floats:
        """The skills of so many people: drawn anew, or those of the log by how much each did.

        Other people might have come to the log: shares are multiplied by exponential lots (the Bayesian bootstrap,
        Rubin 1981, Annals of Statistics 9, 130-134), and as many as `NEW` of the log's people would be are drawn anew
        (a Dirichlet process around N(m, s^2): Ferguson 1973, Annals of Statistics 1, 209-230).
        """
        fresh = random.normal(self.skill[place], self.people[place], number)
        if self.known is None or self.share is None:
            return fresh
        share = self.share * len(self.share) * random.exponential(size=len(self.share))
        new = random.gamma(NEW)
        mine = self.known[place, random.choice(len(share), number, p=share / share.sum())]
        return np.where(random.random(number) < new / (new + share.sum()), fresh, mine)

    def leans(self, place: int) -> Floats:
        """How much more or less often each class is found than others, in logits, [K]."""
        return np.zeros(self.classes) if self.lean is None else np.asarray(self.lean[place])

    def frequencies(self, place: int) -> Floats:
        """How common classes are, [K]."""
        return np.full(self.classes, 1 / self.classes) if self.common is None else np.asarray(self.common[place])

    def errors(self, place: int) -> Floats:
        """Which wrong answer is given how often where a class is right, [K, K]."""
        return evenly(self.classes) if self.wrong is None else np.asarray(self.wrong[place])

    def __len__(self) -> int:
        return len(self.skill)


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """Draws of the crowd, and with each of them of every item's class: `truth` [D, items]."""

    crowd: Crowd
    truth: Whole


def learn_crowd(judged: Judged, *, draws: int = 200, seed: int = 0) -> Learned:
    """Draw `draws` crowds and truths given the judgements and the gold."""
    chain = _Chain(judged, np.random.default_rng(seed))
    rows, truths = np.zeros((draws, 4)), np.zeros((draws, len(judged.gold)), np.int64)
    known = np.zeros((draws, judged.annotators))
    lean, common = np.zeros((draws, judged.classes)), np.zeros((draws, judged.classes))
    wrong = np.zeros((draws, judged.classes, judged.classes))
    for turn in range(BURN + draws * THIN):
        chain.step()
        place, rest = divmod(turn - BURN, THIN)
        if turn >= BURN and rest == THIN - 1:
            rows[place] = chain.mean, chain.spread, chain.scale, chain.tempted
            truths[place], known[place] = chain.truth, chain.skills
            lean[place], common[place] = chain.lean, chain.common
            wrong[place] = chain.wrong
    number = np.bincount(judged.annotator, judged.weight, minlength=judged.annotators)
    skill, people, items, tempted = rows.T
    share = number / number.sum()
    return Learned(Crowd(judged.classes, skill, people, items, tempted, lean, common, wrong, known, share), truths)


def evenly(classes: int) -> Floats:
    """Every wrong answer as often as any other, [K, K]."""
    return np.asarray((1 - np.eye(classes)) / max(classes - 1, 1))


def softplus(x: Floats) -> Floats:
    """log(1 + exp(x)), also for large x."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


class _Chain:
    """The sampler's state and its steps."""

    def __init__(self, judged: Judged, random: np.random.Generator) -> None:
        use = judged.weight > 0
        self._random, self._gold, self._k = random, judged.gold, judged.classes
        self._item, self._who, self._answer = judged.item[use], judged.annotator[use], judged.answer[use]
        self._weight, self._people = judged.weight[use], judged.annotators
        self._votes = self._by_answer(self._weight)
        number = np.bincount(self._who, self._weight, minlength=self._people)
        assumed = ASSUMED.get(self._k, 0.7)
        self._prior = math.log(assumed / (1 - assumed))
        self._stride = 2.4 / np.sqrt(0.15 * number + 1)
        self.mean, self.spread, self.scale, self.tempted = self._prior, 0.5, 0.7, 0.3
        self.skills = np.full(self._people, self._prior)
        self.lean, self.wrong = np.zeros(self._k), evenly(self._k)
        self.common = np.full(self._k, 1 / self._k)
        self.truth = np.zeros(len(self._gold), np.int64)
        self._hardness = np.zeros(len(self._gold))

    def step(self) -> None:
        """One round over everything."""
        self._draw_items()
        for _ in range(2):
            self._move_people()
            self._move_lean()
        self._move_scale()
        self._draw_crowd()

    def _by_answer(self, values: Floats) -> Floats:
        size = len(self._gold) * self._k
        counts = np.bincount(self._item * self._k + self._answer, values, minlength=size)
        return np.asarray(counts, np.float64).reshape(-1, self._k)

    def _draw_items(self) -> None:
        """Class and hardness of every item, and which wrong class tempts."""
        n, base = len(self._gold), self.skills[self._who]
        logs = np.empty((n, self._k, len(NODES)))
        told = self._by_answer(self._weight * base) + self._votes * self.lean + np.log(self.common) + self._errors()
        if self._known.any():
            told[self._known] = np.where(np.eye(self._k, dtype=bool)[self._gold[self._known]], told[self._known], -1e30)
        for place, x in enumerate(NODES.tolist()):
            logs[:, :, place] = told + self._votes * self.scale * x - x * x / 2
            for lean in set(self.lean.tolist()):
                missed = np.bincount(self._item, self._weight * softplus(base + lean + self.scale * x), minlength=n)
                logs[:, self.lean == lean, place] -= missed[:, None]
        drawn = self._lot(logs.reshape(n, -1))
        self.truth, node = drawn // len(NODES), drawn % len(NODES)
        self._hardness = NODES[node]

    @property
    def _known(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._gold >= 0)

    def _lot(self, logs: Floats) -> Whole:
        """One column a row, with probabilities in proportion to exp(logs)."""
        shares = np.exp(logs - logs.max(axis=1, keepdims=True)).cumsum(axis=1)
        reached = self._random.random(len(logs)) * shares[:, -1]
        return np.asarray((shares < reached[:, None]).sum(axis=1))

    def _error_logs(self, k: int) -> tuple[Floats, Floats]:
        """The logarithms of the answers' probabilities where k is right and they are wrong, [K]: tempting, or not."""
        even = np.maximum((1 - self.tempted) * self.wrong[k], 1e-30)
        return np.log(self.tempted + even), np.log(even)

    def _errors(self) -> Floats:
        """The logarithm of P(wrong answers | class) [items, K], over all classes that may tempt."""
        found = np.zeros_like(self._votes)
        for k in range(self._k if self._k > 2 else 0):
            tempting, other = self._error_logs(k)
            others = np.arange(self._k) != k
            votes = self._votes[:, others]
            extra = np.exp(np.minimum(votes * (tempting - other)[others], 600)) @ self.wrong[k, others]
            found[:, k] = votes @ other[others] + np.log(np.maximum(extra, 1e-300))
        return found

    def _likelihood(self, logits: Floats) -> Floats:
        right = self._answer == self.truth[self._item]
        return np.asarray(self._weight * (right * logits - softplus(logits)))

    def _move_lean(self) -> None:
        """What everybody shares about a class, the crowd's mean apart."""
        if self._k > MOST_LEANS:
            return
        base, of = self.skills[self._who] + self.scale * self._hardness[self._item], self.truth[self._item]
        number = np.bincount(of, self._weight, minlength=self._k)
        after = self.lean + 2.4 / np.sqrt(0.15 * number + 1) * self._random.normal(size=self._k)
        change = self._likelihood(base + after[of]) - self._likelihood(base + self.lean[of])
        ratio = np.bincount(of, change, minlength=self._k) + (self.lean**2 - after**2) / (2 * LEAN**2)
        self.lean = np.where(np.log(self._random.random(self._k)) < ratio, after, self.lean)

    def _move_people(self) -> None:
        hard = self.scale * self._hardness[self._item] + self.lean[self.truth[self._item]]
        after = self.skills + self._stride * self._random.normal(size=self._people)
        change = self._likelihood(after[self._who] + hard) - self._likelihood(self.skills[self._who] + hard)
        ratio = np.bincount(self._who, change, minlength=self._people)
        ratio += ((self.skills - self.mean) ** 2 - (after - self.mean) ** 2) / (2 * self.spread**2)
        self.skills = np.where(np.log(self._random.random(self._people)) < ratio, after, self.skills)

    def _move_scale(self) -> None:
        base, hard = self.skills[self._who] + self.lean[self.truth[self._item]], self._hardness[self._item]
        now = float(self._likelihood(base + self.scale * hard).sum()) - self.scale**2 / (2 * ITEMS**2)
        for size in (0.4, 0.1):
            after = self.scale * math.exp(size * self._random.normal())
            then = float(self._likelihood(base + after * hard).sum()) - after**2 / (2 * ITEMS**2)
            if math.log(self._random.random()) < then - now + math.log(after / self.scale):
                self.scale, now = after, then

    def _draw_crowd(self) -> None:
        precision = self._people / self.spread**2 + 1 / SKILL**2
        middle = (self.skills.sum() / self.spread**2 + self._prior / SKILL**2) / precision
        self.mean = float(middle + self._random.normal() / math.sqrt(precision))
        squares = float(((self.skills - self.mean) ** 2).sum())

        def density(s: float) -> float:  # of log s
            return -(self._people - 1) * math.log(s) - squares / (2 * s * s) - s * s / (2 * PEOPLE**2)

        for size in (0.5, 0.2, 0.5, 0.2):
            after = self.spread * math.exp(size * self._random.normal())
            if after > 1e-3 and math.log(self._random.random()) < density(after) - density(self.spread):
                self.spread = after
        self.common = self._random.dirichlet(1 + np.bincount(self.truth, minlength=self._k))
        if self._k > 2:
            self._draw_tempted()

    def _draw_tempted(self) -> None:
        """Which wrong class tempts on each item, then how often, and which errors are made where."""
        place, k = np.arange(len(self._votes)), self._k
        tempting, other = (np.array(logs) for logs in zip(*map(self._error_logs, range(k)), strict=True))
        with np.errstate(divide="ignore"):
            logs = self._votes * (tempting - other)[self.truth] + np.log(self.wrong)[self.truth]
        chosen = self._lot(logs)
        hits = np.bincount(self.truth * k + chosen, self._votes[place, chosen], minlength=k * k).reshape(k, k)
        votes = np.stack([self._votes[self.truth == right].sum(axis=0) for right in range(k)])
        rest = votes * (1 - np.eye(k)) - hits
        even = (1 - TEMPTED[:, None, None]) * self.wrong
        told = (hits * np.log(np.maximum(TEMPTED[:, None, None] + even, 1e-30))).sum(axis=(1, 2))
        self.tempted = float(TEMPTED[self._lot((told + rest.sum() * np.log(1 - TEMPTED))[None, :])[0]])
        if k > MOST_LEANS:
            return
        by_chance = (1 - self.tempted) * self.wrong
        among = self._random.binomial(np.rint(hits).astype(int), by_chance / (self.tempted + by_chance))
        lots = np.bincount(self.truth * k + chosen, minlength=k * k).reshape(k, k)
        drawn = self._random.gamma(1 + lots + among + rest) * (1 - np.eye(k))
        self.wrong = drawn / drawn.sum(axis=1, keepdims=True)
