"""Evidence about an annotator from gold: how strongly it speaks against "accuracy at or above the floor".

For the n-th gold item let x_n in [0, 1] be the score (1 right, 0 wrong, between them partial credit) and f_n the floor
that the project states for items of its stratum. The claim under test is E[x_n | all before] >= f_n for every n. One
unit of money is bet against it; a bet of size b, 0 < b < 1, multiplies what was staked by

    1 + b (f_n - x_n) / (1 - f_n)            from 1 - b for a right answer to 1 + b f_n / (1 - f_n) for a wrong one

whose expectation is at most 1 while the claim holds. The money is split over seven sizes of bet, which are as many
guesses of how bad it may be, and over where betting begins: 1 / ((n + 1)(n + 2)) of it on a beginning
after n gold items, the rest kept. So a collapse after hundreds of good answers is seen, and one number per size of bet
is the whole state. Three quarters of the money bet on all gold together; of the last quarter 1 / (k (k + 1)) bets on
the k-th stratum alone, in which somebody may fail who does well elsewhere.

What there is in the end, E, is an e-value at any time, also when one looks after every answer and stops when one
likes: somebody at or above the floor ever reaches 1/a with probability at most a. For scores of 0 and 1 a bet is the
likelihood ratio of accuracy f (1 - b) against f.

*Sources:* Ville 1939, Étude critique de la notion de collectif; Waudby-Smith and Ramdas 2024, Journal of the Royal
Statistical Society B 86, 1-27 (betting on bounded means); Ramdas, Grünwald, Vovk and Shafer 2023, Statistical Science
38, 576-601 (e-processes and their mixtures); Shin, Ramdas and Rinaldo 2023, New England Journal of Statistics in Data
Science 2, 229-260 (mixtures over starts). Nothing but sums, products and quotients: the same bits everywhere.

    >>> random = evidence_of([0, 1, 0, 0, 0, 1, 0], floor=0.85)
    >>> round(random.value, 1), random.stage, random.since
    (63.6, 'quarantine', 1)
    >>> evidence_of([1, 1, 0, 1, 1, 1, 1, 1, 1], floor=0.85).stage
    ''
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from goldwork.errors import InputError

Stage = Literal["", "warn", "quarantine", "propose"]
STAGES: Mapping[Stage, float] = {"warn": 5.0, "quarantine": 20.0, "propose": 100.0}
"""What the engine does from which evidence on: warn and coach, set the data since aside, propose to a named person."""
BETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""The sizes of bet, in equal parts: shares of the most that may be bet."""
ALL_GOLD = 0.75
"""The share of the money that bets on all gold together; what is left bets on strata."""
RICHEST = 1e12
"""Nothing grows further. A ceiling takes evidence away, never adds any, and keeps sums finite."""


@dataclasses.dataclass(frozen=True)
class Bets:
    """One mixture: `gold` items bet on, and what each size of bet has made of its unit (the kept rest not counted)."""

    gold: int = 0
    wealth: tuple[float, ...] = (0.0,) * len(BETS)

    @property
    def value(self) -> float:
        """What a unit has become, with what is kept for later beginnings."""
        return math.fsum(self.wealth) / len(BETS) + 1 / (self.gold + 1)

    def add(self, score: float, floor: float) -> Bets:
        """After one more gold item."""
        begin = 1 / ((self.gold + 1) * (self.gold + 2))
        miss = (floor - score) / (1 - floor)
        grown = (min(RICHEST, (held + begin) * (1 + bet * miss)) for held, bet in zip(self.wealth, BETS, strict=True))
        return Bets(self.gold + 1, tuple(grown))


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The evidence about one annotator, which `add` carries on. Its size grows with the strata, not with the gold.

    - `whole`: the bets on all gold; `strata`: those on each stratum, in the order in which they were first met
    - `right`: the sum of scores
    - `highest`: the largest value there ever was
    - `since`: the gold item, counted from 1, from which on it went wrong, by the largest likelihood of a beginning;
      0 before the first. `run` is the state of that search: what a bet of .4 has made since then.
    """

    whole: Bets = Bets()
    strata: tuple[tuple[str, Bets], ...] = ()
    right: float = 0.0
    highest: float = 1.0
    since: int = 0
    run: float = 1.0

    @property
    def gold(self) -> int:
        """How many gold items it rests on."""
        return self.whole.gold

    @property
    def value(self) -> float:
        """E: 1 before anything is known."""
        rest = 1 / (len(self.strata) + 1)  # for strata not met yet: 1 - sum of 1 / (k (k + 1))
        parts = math.fsum(bets.value / (k * (k + 1)) for k, (_, bets) in enumerate(self.strata, 1))
        return ALL_GOLD * self.whole.value + (1 - ALL_GOLD) * (parts + rest)

    @property
    def stage(self) -> Stage:
        """What the present value calls for; empty where nothing."""
        return stage_of(self.value)

    def add(self, score: float, floor: float, stratum: str = "") -> Evidence:
        """After one more gold item with this score, whose stratum has this floor.

        Gold without a stratum ("") bets with the whole alone. Raises InputError for a score outside 0 to 1 or a floor
        that is not between them.
        """
        _check(score, floor)
        strata = self.strata
        if stratum:
            known = dict(strata)
            strata = tuple((known | {stratum: known.get(stratum, Bets()).add(score, floor)}).items())
        fresh = self.run <= 1
        run = min(RICHEST, (1.0 if fresh else self.run) * (1 + 0.4 * (floor - score) / (1 - floor)))
        made = Evidence(
            whole=self.whole.add(score, floor),
            strata=strata,
            right=self.right + score,
            since=self.whole.gold + 1 if fresh else self.since,
            run=run,
        )
        return dataclasses.replace(made, highest=max(self.highest, made.value))


def evidence_of(
    scores: Iterable[float],
    *,
    floor: float,
    strata: Sequence[str] | None = None,
    floors: Mapping[str, float] | None = None,
) -> Evidence:
    """The evidence from gold results in the order in which they were answered.

    `strata` names the stratum of each (none: all alike), `floors` the floors of strata that have one of their own.
    """
    evidence, own = Evidence(), floors or {}
    for place, score in enumerate(scores):
        stratum = strata[place] if strata is not None else ""
        evidence = evidence.add(score, own.get(stratum, floor), stratum)
    return evidence


def stage_of(value: float) -> Stage:
    """The last of STAGES that a value reaches; empty below the first."""
    reached: Stage = ""
    for stage, least in STAGES.items():
        if value >= least:
            reached = stage
    return reached


def _check(score: float, floor: float) -> None:
    if not 0 <= score <= 1:
        raise InputError(f"a score must be 0 to 1. Got {score!r}.")
    if not 0 < floor < 1:
        raise InputError(f"a floor must lie between 0 and 1. Got {floor!r}.")
