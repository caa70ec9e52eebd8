"""How good a reward model is: held against single people, beside what they can reach themselves.

People do not agree, so no model can predict all their votes. Three figures say how far this one is:

- *parity*: how often it agrees with a vote, over how often a second person agrees with it, on the same pairs. At 1 the
  model predicts somebody as well as another person does
- *ceiling*: the best share of votes that anything could predict lies between two figures: the majority of the other
  votes on the pair, which errs where these are few, and the majority of all, which has seen the vote
- the same of length alone and of style alone: a model that does not beat them has learned form

Intervals are over prompts drawn again (bootstrap), 95 %: votes about one prompt stand and fall together.

*Source:* agreement of a model and of people with the same votes, Bai et al. 2022, arXiv:2204.05862, section 3; the
position and length coefficients are a logistic regression of votes beside the model's own prediction, with errors
clustered by prompt (White 1980, Econometrica 48, 817-838; Liang and Zeger 1986, Biometrika 73, 13-22).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from goldwork.consensus.calibration import Reliability, reliability, wilson
from goldwork.errors import InputError
from goldwork.preference.pairs import Ballots, Pairs

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

DRAWS = 1000
BINS = 10
MANY = 20
"""Prompts from which on drawing them again tells how far a figure may be off."""
WORST = 10
LEAST_VOTES = 10
"""Votes on a prompt from which on it is listed among the worst."""
GOOD, POOR = 0.95, 0.9
"""Parity from which on a model is held to be good enough to optimise against, and below which it is not."""
Z = 1.959964


@dataclasses.dataclass(frozen=True)
class Figure:
    """An estimate with its 95 % interval over so many prompts."""

    value: float
    low: float
    high: float
    prompts: int


@dataclasses.dataclass(frozen=True)
class Worst:
    """A prompt on which the model agrees least with people: the share of its votes, with Wilson's interval."""

    prompt: str
    accuracy: float
    low: float
    high: float
    votes: int


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A reward model against votes.

    - `votes`, `majority`: the share of decided votes, and of pairs with a majority, that it predicts
    - `people`: how often a second person agrees with a vote; `parity`: the model's over it, on pairs of several votes
    - `ceiling_low`, `ceiling_high`: between them lies the best share of votes that anything could predict
    - `length`, `style`: votes predicted by length alone, by style alone
    - `reliability`: how often its probabilities come true, on single votes
    - `position`: what standing at the left is worth to people, in log odds; None where nobody knows what stood there
    - `length_left`: what a standard deviation more in log words is worth to people beside the model's reward; below 0:
      the model pays too much for length
    - `worst`: prompts on which it agrees least; `ballots`, `pairs`: how many decided votes, on how many pairs
    """

    votes: Figure
    majority: Figure
    people: Figure | None
    parity: Figure | None
    ceiling_low: float | None
    ceiling_high: float
    length: Figure
    style: Figure
    reliability: Reliability
    position: Figure | None
    length_left: Figure
    worst: tuple[Worst, ...]
    ballots: int
    pairs: int
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """ "good", "fair" or "poor": whether it may be optimised against."""
        beyond = self.votes.low > self.length.value
        if self.parity is None:
            return "fair" if beyond else "poor"
        if self.parity.value < POOR or (not beyond and self.votes.value <= self.length.value):
            return "poor"
        return "good" if self.parity.low >= POOR and self.parity.value >= GOOD and beyond else "fair"

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        said = f"It predicts {self.votes.value:.0%} of single votes ({self.votes.low:.0%} to {self.votes.high:.0%})"
        if self.people is not None:
            said += f", where a second person predicts {self.people.value:.0%}"
        said += f" and length alone {self.length.value:.0%}. "
        return (
            said
            + {
                "good": "It is good enough to optimise against, and people should check what comes of it.",
                "fair": "Use it to choose among few candidates, and have people check what it chooses.",
                "poor": "It is not good enough to optimise against: what it rewards is hardly what people prefer.",
            }[self.verdict]
        )


def evaluate(
    pairs: Pairs, difference: Floats, temperature: float, *, length: Floats | None = None, style: Floats | None = None
) -> Evaluation:
    """Hold `difference` [n], the first response's reward less the second's, against the pairs' votes.

    `temperature` makes differences probabilities; `length` and `style` [n] are the differences by baselines, by
    default the difference of log words for both. Raises InputError where no vote is for one of the two.
    """
    votes = pairs.ballots.decided()
    if not len(votes):
        raise InputError("no vote is for one of the two: there is nothing to hold the model against.")
    words = np.array([np.log1p(len(text.split())) for text in pairs.responses.tolist()])
    longer = words[pairs.first] - words[pairs.second]
    by_prompt = _ByPrompt(pairs.prompt)
    right = {
        "votes": _right(difference, votes),
        "length": _right(longer if length is None else length, votes),
        "style": _right(longer if style is None else style, votes),
    }
    of = pairs.prompt[votes.pair]
    ones = np.ones(len(votes))
    told = {name: by_prompt.ratio(of, hits, ones) for name, hits in right.items()}
    lead = pairs.votes[:, 0] - pairs.votes[:, 1]
    led = lead != 0
    majority = by_prompt.ratio(pairs.prompt[led], _agrees(difference[led], np.sign(lead[led])), np.ones(int(led.sum())))
    people, parity, low = _people(pairs, votes, right["votes"], by_prompt)
    chance = expit(difference[votes.pair] / temperature)
    sure = np.where(chance >= 0.5, chance, 1 - chance)
    shown = pairs.ballots.shown.any()
    rows = difference[votes.pair] / temperature
    return Evaluation(
        votes=told["votes"],
        majority=majority,
        people=people,
        parity=parity,
        ceiling_low=low,
        ceiling_high=float(pairs.votes[:, :2].max(axis=1).sum() / len(votes)),
        length=told["length"],
        style=told["style"],
        reliability=reliability(sure, (chance >= 0.5) == (votes.outcome > 0), bins=min(BINS, len(votes))),
        position=_coefficient(rows, votes.shown.astype(float), votes.outcome > 0, of) if shown else None,
        length_left=_coefficient(rows, _unit(longer)[votes.pair], votes.outcome > 0, of, slope=True),
        worst=_worst(pairs, of, right["votes"]),
        ballots=len(votes),
        pairs=len(np.unique(votes.pair)),
        warnings=() if by_prompt.number >= MANY else (f"{by_prompt.number} prompts: the intervals are too narrow.",),
    )


class _ByPrompt:
    """Ratios of sums over votes, with prompts drawn again."""

    def __init__(self, prompt: Places) -> None:
        self.names = np.unique(prompt)
        self.number = len(self.names)
        rng = np.random.default_rng(0)
        self.drawn = rng.multinomial(self.number, np.full(self.number, 1 / self.number), DRAWS)

    def sums(self, of: Places, values: Floats) -> Floats:
        """By prompt."""
        return np.bincount(np.searchsorted(self.names, of), values, minlength=self.number).astype(np.float64)

    def ratio(self, of: Places, above: Floats, below: Floats) -> Figure:
        """Sum of `above` over sum of `below`."""
        over, under = self.sums(of, above), self.sums(of, below)
        return self.figure(
            over.sum() / max(under.sum(), 1e-12), (self.drawn @ over) / np.maximum(self.drawn @ under, 1e-12)
        )

    def figure(self, value: Any, drawn: Floats) -> Figure:
        low, high = np.quantile(drawn, (0.025, 0.975))
        return Figure(float(value), float(low), float(high), self.number)


def _right(difference: Floats, votes: Ballots) -> Floats:
    return _agrees(difference[votes.pair], votes.outcome)


def _agrees(difference: Floats, outcome: Any) -> Floats:
    """1 where the difference has the outcome's sign, one half where it has none."""
    return np.asarray(0.5 + 0.5 * np.sign(difference) * outcome)


def _people(
    pairs: Pairs, votes: Ballots, right: Floats, by_prompt: _ByPrompt
) -> tuple[Figure | None, Figure | None, float | None]:
    """How often a second person agrees; the model's parity; what the majority of the others predicts; on pairs of two
    votes or more."""
    first, second = (pairs.votes[:, side].astype(float) for side in (0, 1))
    number = first + second
    many = number > 1
    if not many.any():
        return None, None, None
    agree = (first * (first - 1) + second * (second - 1)) / np.maximum(number - 1, 1)
    of = pairs.prompt[many]
    people = by_prompt.ratio(of, agree[many], number[many])
    model = np.bincount(votes.pair, right, minlength=len(pairs))
    theirs, mine = by_prompt.sums(of, agree[many]), by_prompt.sums(of, model[many])
    ratio = (by_prompt.drawn @ mine) / np.maximum(by_prompt.drawn @ theirs, 1e-12)
    parity = by_prompt.figure(mine.sum() / max(theirs.sum(), 1e-12), ratio)
    mine_of = np.where(votes.outcome > 0, first[votes.pair], second[votes.pair]) - 1
    against = np.where(votes.outcome > 0, second[votes.pair], first[votes.pair])
    low = _agrees(mine_of - against, 1)[many[votes.pair]].mean()
    return people, parity, float(low)


def _coefficient(rows: Floats, beside: Floats, first: Any, of: Places, *, slope: bool = False) -> Figure:
    """What `beside` is worth in log odds, beside the model's own; with `slope` those have a slope of their own."""
    design = np.column_stack([beside, rows] if slope else [beside])
    offset = 0.0 if slope else rows
    beta = np.zeros(design.shape[1])
    target = np.asarray(first, float)
    for _ in range(50):
        chance = expit(design @ beta + offset)
        information = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(len(beta))
        step = np.linalg.solve(information, design.T @ (target - chance))
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    names, code = np.unique(of, return_inverse=True)
    pull = design * (target - expit(design @ beta + offset))[:, None]
    by_prompt = np.column_stack([np.bincount(code, column, minlength=len(names)) for column in pull.T])
    spread = np.linalg.solve(information, np.linalg.solve(information, by_prompt.T @ by_prompt).T)
    error = float(np.sqrt(max(spread[0, 0] * len(names) / max(len(names) - 1, 1), 0)))
    return Figure(float(beta[0]), float(beta[0] - Z * error), float(beta[0] + Z * error), len(names))


def _unit(values: Floats) -> Floats:
    return np.asarray(values / max(float(values.std()), 1e-12))


def _worst(pairs: Pairs, of: Places, right: Floats) -> tuple[Worst, ...]:
    number = np.bincount(of, minlength=len(pairs.prompts))
    hits = np.bincount(of, right, minlength=len(pairs.prompts))
    known = np.flatnonzero(number >= LEAST_VOTES)
    order = known[np.argsort(hits[known] / number[known], kind="stable")][:WORST]
    share = hits[order] / number[order]
    rows = zip(order.tolist(), share.tolist(), *(end.tolist() for end in wilson(share, number[order])), strict=True)
    return tuple(Worst(str(pairs.prompts[one]), value, low, high, int(number[one])) for one, value, low, high in rows)
