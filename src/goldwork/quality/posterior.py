"""What an item's answer is, from the judgements it has now, and what that teaches about those who gave them.

    log q_k = (log f_k + sum over judgements j of w_j log P_j(l_j | k)) / T(n) + constant,   T(n) = t (1 + (n - 1) r)

with f the classes' frequencies, P_j what the annotator's answer says (`goldwork.quality.skill`), w the judgement's
weight (excluded work weighs 0) and n the sum of weights. T is the temperature: t says how far the crowd's view of its
own skill is off, r how alike people err, on hard items and through the same misreading of a guideline, since n answers
correlated by r weigh as n / (1 + (n - 1) r) independent ones (Kish 1965, Survey Sampling, 162). It changes no answer.
`Calibration` is learned from gold (`goldwork.quality.calibrating`); learning goes by untempered probabilities.

**Learning** is the M-step of an EM algorithm over one item at a time (Neal and Hinton 1998, A View of the EM Algorithm,
in Learning in Graphical Models, 355-368): an item credits everybody who judged it with q, whole and including their own
answer, and takes back what it credited before. Leaving the own answer out would understate skill: with one to four
peers an accuracy of .90 reads as .64 to .80. An item that one person judged and that has no gold credits nobody, since
q would only repeat what is believed of that person - unless items may stop there. Then which ones go on depends on what
was said, and those left out are not like the others: doubtful items alone would speak for everybody, and people would
look worse than they are (Rubin 1976, Inference and Missing Data, Biometrika 63, 581-592: what is missing may be ignored
where it depends on nothing but what the likelihood has).

Both take time in proportion to classes times the item's judgements, and know nothing of the project's size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from goldwork.quality.skill import ALL, FULL, HITS, ROWS, SCALE, Pooled, accuracy, frequencies, says


class Given(NamedTuple):
    """One judgement of an item: who, the code of their answer, and how much it counts from 0 to 1."""

    annotator: int
    answer: int
    weight: float = 1.0


class Calibration(NamedTuple):
    """How the evidence of n judgements is tempered: divided by `temperature` (1 + (n - 1) `correlation`)."""

    temperature: float = 1.0
    correlation: float = 0.0

    def of(self, judgements: float) -> float:
        """The temperature of so many judgements, which need not be whole: they may weigh less than 1."""
        return self.temperature * (1 + max(judgements - 1, 0) * self.correlation)


PLAIN = Calibration()
USUAL = Calibration(1.05, 0.22)
"""What is assumed before gold has told: the middles of `goldwork.quality.calibrating`'s priors."""


class Credit(NamedTuple):
    """What an item taught: by whom, and the probabilities of its classes as integers at `SCALE`; () for nothing yet.

    `drawn`: its answer is known and it was drawn at random, so it tells how common classes are.
    """

    given: tuple[Given, ...] = ()
    shares: tuple[int, ...] = ()
    drawn: bool = False


class Lesson(NamedTuple):
    """What is added to the states: by annotator and for the crowd, each by place."""

    annotators: Mapping[int, Mapping[int, int]]
    pooled: Mapping[int, int]


def posterior(
    given: Sequence[Given], states: Mapping[int, Sequence[int]], pooled: Pooled, calibration: Calibration = PLAIN
) -> list[float]:
    """The probability of every class, [K], from an item's current judgements; `states` has all who gave them."""
    logs = [math.log(share) for share in frequencies(pooled)]
    number, crowd = 0.0, accuracy(pooled)
    for who, answer, weight in given:
        if weight:
            number += weight
            told = says(states[who], pooled, answer, crowd)
            logs = [log + weight * more for log, more in zip(logs, told, strict=True)]
    return normalised(logs, 1 / calibration.of(number))


def normalised(logs: Sequence[float], scale: float = 1.0) -> list[float]:
    """Probabilities [K] from their logarithms up to a constant, each times `scale`."""
    top = max(logs)
    shares = [math.exp((log - top) * scale) for log in logs]
    total = sum(shares)
    return [share / total for share in shares]


def tempered(probabilities: Sequence[float], temperature: float) -> list[float]:
    """Untempered probabilities [K] divided, as logarithms, by `temperature`."""
    top = max(probabilities)
    shares = [(share / top) ** (1 / temperature) for share in probabilities]
    total = sum(shares)
    return [share / total for share in shares]


def credit(
    given: Sequence[Given],
    probabilities: Sequence[float],
    gold: int | None = None,
    *,
    drawn: bool = False,
    alone: bool = False,
) -> Credit:
    """What an item with these probabilities, or with a known answer, has to teach about who judged it.

    `drawn`: the gold item is one of a simple random sample; `alone`: items may stop at one judgement.
    """
    counted = tuple(one for one in given if one.weight)
    if gold is not None:
        return Credit(counted, tuple(SCALE * (k == gold) for k in range(len(probabilities))), drawn)
    if len(counted) < 2 and not (alone and counted):
        return Credit()
    return Credit(counted, tuple(round(SCALE * share) for share in probabilities))


def learn(before: Credit, after: Credit, classes: int) -> Lesson:
    """What changes when an item that credited `before` credits `after`: added to the states, nothing more.

    Of judgements that were there before, in the same order, the difference alone is counted.
    """
    annotators: dict[int, dict[int, int]] = {}
    pooled: dict[int, int] = {}
    stay = 0
    for past, now in zip(before.given, after.given, strict=False):
        if past != now or now.weight != 1:
            break
        stay += 1
    more = [now - past for now, past in zip(after.shares, before.shares, strict=True)] if stay else ()
    parts = (
        (1, after.given[:stay], more),
        (-1, before.given[stay:], before.shares),
        (1, after.given[stay:], after.shares),
    )
    for sign, given, shares in parts:
        for who, answer, weight in given:
            places = _places(answer, weight, shares, classes, sign)
            for place, much in places:
                pooled[place] = pooled.get(place, 0) + much
            own = places if classes <= FULL else places[:ROWS]
            if who not in annotators:
                annotators[who] = dict(own)
                continue
            mine = annotators[who]
            for place, much in own:
                mine[place] = mine.get(place, 0) + much
    for sign, (_, shares, drawn) in ((-1, before), (1, after)):
        for k, share in enumerate(shares if drawn else ()):
            place = ROWS + classes + classes * classes + k
            pooled[place] = pooled.get(place, 0) + sign * share
    return Lesson(annotators, pooled)


def _places(answer: int, weight: float, shares: Sequence[int], classes: int, sign: int) -> list[tuple[int, int]]:
    """Where one judgement is counted in a state, each place once, and how much; `sign` -1: taken back."""
    counted = shares if sign == weight == 1 else [sign * round(weight * share) for share in shares]
    places = [(HITS, counted[answer]), (ALL, sum(counted))]
    cell = ROWS + classes + answer
    for k, share in enumerate(counted):
        if share:
            places += ((ROWS + k, share), (cell + k * classes, share))
    return places


def add(counts: list[int], changes: Mapping[int, int]) -> None:
    """Add a lesson to a state, in place."""
    for place, much in changes.items():
        counts[place] += much
