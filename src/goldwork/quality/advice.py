"""One piece of praise and one of advice for an annotator's own page: true, specific, and always the same for the same
state.

Everything is said from facts that may be known to the person: items of training, and lots of gold that are closed.
**Invariant: nothing said here tells which item is gold, or what the answer to one is.** A confusion seen on gold is
told only where the person has given that answer so often that it points to none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from goldwork.quality.policy import WHOLE

CONFUSED = 3
"""So often a confusion has to be seen before it is told, and in at least `SHARE` of the items of that class."""
SHARE = 0.2
HIDDEN = 5
"""The answer was given at least so many times as often, over all of one's work, as it was seen to be wrong on gold."""
HASTE = 0.7
"""Less than this share of the time one usually takes."""
MANY = 20
"""Items from which on a share is worth saying."""
ALIKE = 0.8


class Confused(msgspec.Struct, frozen=True):
    """Where `right` was right, `said` was answered `times` of `of`; `given`: how often the person said `said` in all,
    None where every one of these items was training."""

    question: str
    right: str
    said: str
    times: int
    of: int
    given: int | None = None


class Share(msgspec.Struct, frozen=True):
    """`right` of `of` items, and the lower end of the 95 % interval of that share."""

    right: float
    of: int
    low: float


class Facts(msgspec.Struct, frozen=True):
    """What there is to say something about. `lots`: closed lots of gold, oldest first; `pace`: median seconds by week,
    oldest first, with how many answers; `floor`: the share on gold that the project asks for, in 10,000."""

    floor: int
    gold: Share | None = None
    lots: Sequence[float] = ()
    confused: Sequence[Confused] = ()
    agreement: Share | None = None
    pace: Sequence[tuple[float, int]] = ()
    tired_after: int = 0
    longest_minutes: int = 0


Kind = Literal["confusion", "break", "haste", "long", "none"]


class Advice(msgspec.Struct, frozen=True):
    """One sentence or two, and what they are about."""

    kind: Kind
    text: str


def advise(facts: Facts) -> Advice:
    """The one thing that is most worth changing, confusions before breaks before haste."""
    told = [one for one in facts.confused if _may_be_told(one)]
    if told:
        one = min(told, key=lambda one: (-one.times, -one.times / one.of, one.question, one.right, one.said))
        where = f"Where “{one.right}” was right you answered “{one.said}” {one.times} times out of {one.of}."
        return Advice("confusion", f"{where} Read in the guideline what tells the two apart.")
    if facts.tired_after:
        text = (
            f"In your last session you became slower after about {facts.tired_after} items. Take a break before that."
        )
        return Advice("break", text)
    if _hurried(facts):
        now, before = facts.pace[-1][0], _usual(facts)
        text = f"You took {now:.1f} s an item lately, where you usually take {before:.1f} s; and more test items were"
        return Advice("haste", f"{text} wrong. Take the time an item needs.")
    if facts.longest_minutes > 90:
        text = f"You worked {facts.longest_minutes} minutes without a break."
        return Advice("long", f"{text} Ten minutes off every hour keep your eye fresh.")
    return Advice("none", "Nothing in your work asks for a change: go on as you do.")


def praise(facts: Facts) -> str:
    """What went well, in one sentence; empty where nothing can be said yet that is true."""
    gold, alike = facts.gold, facts.agreement
    if facts.lots and facts.lots[-1] == 1.0:
        return "Every test item of your last ten was right."
    if gold is not None and gold.low * WHOLE >= facts.floor:
        right = f"{gold.right / gold.of:.0%} of your {gold.of} test items were right"
        return f"{right}: surely above the {facts.floor / WHOLE:.0%} asked for."
    if len(facts.lots) > 1 and facts.lots[-1] > facts.lots[-2]:
        return "Your last ten test items went better than the ten before."
    if alike is not None and alike.of >= MANY and alike.right / alike.of >= ALIKE:
        return f"Others gave the same answer as you in {alike.right / alike.of:.0%} of {alike.of} finished items."
    return ""


def _may_be_told(one: Confused) -> bool:
    hidden = one.given is None or one.given >= HIDDEN * one.times
    return one.times >= CONFUSED and one.times >= SHARE * one.of and hidden


def _usual(facts: Facts) -> float:
    """The time an item usually took before the last week: the median of the weeks, each as often as it has answers."""
    weeks = sorted(facts.pace[:-1])
    half, seen = sum(answers for _, answers in weeks) / 2, 0
    for seconds, answers in weeks:
        seen += answers
        if seen >= half:
            return seconds
    return 0.0


def _hurried(facts: Facts) -> bool:
    """Quick alone is no fault; quicker than usual while more goes wrong is."""
    if len(facts.pace) < 2 or len(facts.lots) < 2 or facts.pace[-1][1] < MANY:
        return False
    return facts.pace[-1][0] < HASTE * _usual(facts) and facts.lots[-1] < facts.lots[-2]
