"""What an expert looks at next: where a minute of theirs is expected to mend the most.

    value = P(wrong) (1 + lessons s / (s + SIMILAR)) / seconds,      lessons = sum over people j of OWN / (OWN + n_j)

- P(wrong) is the probability that the item's present answer is not the right one: 1 less its calibrated confidence. Of
  answers without classes there is none; of n answers the commonest of which m people gave, that one more person would
  say something else has the probability 1 - (m + 1) / (n + 2) (Laplace's rule of succession), which stands for it.
- Settling an item also teaches who of those that judged it was right. A lesson is worth the more the less is known of
  the person: n_j answers of theirs count so far, and OWN is what the crowd counts as in an annotator's accuracy
  (`goldwork.quality.skill`), so that OWN / (OWN + n_j) is the part of what is believed of them that is still
  assumed. What it teaches is of use on the s other items that wait for an answer to the same question: between the
  same two likeliest classes. With SIMILAR of them half of it counts, with none nothing.
- `seconds`: the median that items like it have taken an expert, those with the same likely answer, and where fewer than
  ENOUGH of them were settled the median of all.

The value orders the queue and means nothing else. It never falls with P(wrong), with people to learn about or with
similar items, and never rises with seconds. The form of the second factor is a choice, not derived: it says that
lessons about people matter, and never so much as to outweigh an item that is 1 + n times as likely to be wrong.

**Blind audits** stand among the others in random order: of a items that wait and b audits, the next is an audit with
probability b / (a + b), as if all were drawn from one heap. Their answers are hidden, and so as not to tell them apart
those of a random share `BLIND` of the others too.

    >>> sure, unsure = Waiting(1, 0.05, (), 0), Waiting(2, 0.45, (), 0)
    >>> value(sure, 20) < value(unsure, 20) < value(unsure, 10)
    True
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from goldwork.quality.draft import Answer, Draft, State, View
from goldwork.quality.items import MOST_CLASSES, SURE, drawn, is_out, temper
from goldwork.quality.lessons import crowd, skill
from goldwork.quality.posterior import Given, posterior, tempered
from goldwork.quality.skill import ALL, OWN, SCALE

SIMILAR = 10.0
"""So many similar items make half of what settling one teaches count."""
ENOUGH = 5
"""From so many settled items like it on, their own median of seconds is believed."""
SECONDS = 30.0
"""What an item is assumed to take before any was settled; it then orders nothing."""
BLIND = 1000
"""The share of items that wait for an expert which are shown without anybody's answers, in 10,000."""

Shares = Mapping[str, Sequence[float]]


class Waiting(NamedTuple):
    """An item that waits for an expert: how likely its answer is wrong, how many answers of each of those who judged it
    count so far, how many other items like it wait."""

    item: int
    wrong: float
    known: tuple[float, ...]
    similar: int


def value(one: Waiting, seconds: float) -> float:
    """What an expert's second is worth there."""
    lessons = sum(OWN / (OWN + answers) for answers in one.known)
    return one.wrong * (1 + lessons * one.similar / (one.similar + SIMILAR)) / seconds


def ordered(waiting: Sequence[Waiting], seconds: Mapping[int, float]) -> list[int]:
    """The items, most worth first; of equals the first that came in. `seconds`: of each."""
    return [one.item for one in sorted(waiting, key=lambda one: (-value(one, seconds[one.item]), one.item))]


def interleaved(items: Sequence[int], audits: Sequence[int], draw: random.Random) -> Iterator[int]:
    """The items in their order and the audits in a random one, as if drawn from one heap."""
    first, second = list(items), draw.sample(list(audits), len(audits))
    while first or second:
        yield (second if draw.random() * (len(first) + len(second)) < len(second) else first).pop(0)


def is_blind(item: int, status: str, *, poor: bool = False) -> bool:
    """Whether an expert sees the item without anybody's answers: never of a text whose reviews they are to look at."""
    return status == "audit" or (not poor and drawn(item, "blind", BLIND))


def weigh(view: View, items: Sequence[int]) -> list[Waiting]:
    """What is known of the items that wait."""
    found = {item: probabilities(view, item) for item in items}
    pairs = {item: _pair(shares) for item, shares in found.items()}
    alike = Counter(pair for pair in pairs.values() if pair is not None)
    return [
        Waiting(item, _wrong(view, item), _known(view, item, found[item]), alike[pair] - 1 if pair is not None else 0)
        for item, pair in pairs.items()
    ]


def seconds_of(states: Mapping[int, State], settled: Sequence[tuple[State, float]]) -> dict[int, float]:
    """How long each item is expected to take; `settled`: the states of items that were, and how long they took."""
    everything = [seconds for _, seconds in settled]
    overall = statistics.median(everything) if len(everything) >= ENOUGH else SECONDS
    alike: dict[str, list[float]] = {}
    for state, seconds in settled:
        alike.setdefault(_likeness(state), []).append(seconds)
    medians = {like: statistics.median(those) for like, those in alike.items() if len(those) >= ENOUGH}
    return {item: max(1.0, medians.get(_likeness(state), overall)) for item, state in states.items()}


def probabilities(view: View, item: int) -> dict[str, list[float]]:
    """What the engine believes of an item at present: by question the calibrated probabilities of its classes, [K]."""
    draft, found = Draft(view), {}
    counted, taught = _counted(view, item), view.item(item).get("taught", {})
    for question in sorted({name for one in counted for name in one.said}):
        said = [(one.annotator, one.said[question]) for one in counted if question in one.said]
        classes = max(of for _, (_, of) in said)
        if not 0 < classes <= MOST_CLASSES:
            continue
        if question in taught:
            plain = [share / SCALE for share in taught[question]["shares"]]
            plain += [0.0] * (classes - len(plain))
        else:
            given = [Given(who, code) for who, (code, _) in said]
            states = {who: skill(view.annotator(who), question, classes) for who, _ in said}
            plain = posterior(given, states, crowd(draft, question, classes))
        found[question] = tempered(plain, temper(view.project(), question).of(len(said)))
    return found


def _counted(view: View, item: int) -> list[Answer]:
    return [one for one in view.answers(item) if not is_out(view.annotator(one.annotator), one.seq)]


def _pair(shares: Shares) -> tuple[str, frozenset[int]] | None:
    """The least sure question, and its two likeliest classes."""
    if not shares:
        return None
    question = min(shares, key=lambda name: (max(shares[name]), name))
    likely = sorted(range(len(shares[question])), key=lambda k: -shares[question][k])
    return question, frozenset(likely[:2])


def _wrong(view: View, item: int) -> float:
    """How likely an item's answer is wrong: in its least sure question."""
    if (sure := view.item(item).get("sure")) is not None:
        return 1.0 - float(sure) / SURE
    said = [one.said for one in _counted(view, item)]
    astray = 0.0
    for question in {name for one in said for name in one}:
        codes = Counter(one[question][0] for one in said if question in one)
        astray = max(astray, 1 - (max(codes.values()) + 1) / (codes.total() + 2))
    return astray


def _known(view: View, item: int, shares: Shares) -> tuple[float, ...]:
    """How many answers of each of those who judged the item count, to its least sure question."""
    pair = _pair(shares)
    if pair is None:
        return ()
    question = pair[0]
    people = {one.annotator for one in _counted(view, item) if question in one.said}
    return tuple(skill(view.annotator(who), question, len(shares[question]))[ALL] / SCALE for who in sorted(people))


def _likeness(state: State) -> str:
    """What items have in common that take about as long: their likely answers."""
    return repr(sorted(state.get("answer", {}).items()))
