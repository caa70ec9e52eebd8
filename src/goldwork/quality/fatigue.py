"""When a break would do somebody good: told to the annotator alone, never kept, never held against anybody.

Whenever 20 more answers of a session are there, its last 40 are compared with those before: how much slower they are
(the median logarithm of the seconds an answer took), and how much more often an answer was taken back (R, as
sqrt(R + 3/8), whose spread is about 1/2 whatever its mean). Both are changes within one session, so that a hard batch
or a slow day is nobody's fatigue: d. One's own earlier sessions say what that change is usually like at the same place:
with their mean m and spread s over n of them, today's

    t = (d - m) / (s sqrt(1 + 1/n))

is beyond Student's quantile with n - 1 degrees of freedom with the probability stated, if today is a session like
those. A sign is believed at .006, after 200 answers at .006 (200 / answers)^2, so that over a whole session about one
in 20 at most brings a suggestion that nothing called for: by simulation 1 to 4 in 100 of sessions of 200 answers, 3 to
6 in 100 of 600, where pace wanders within a session and hangs together.

With fewer than five earlier sessions of that length nothing is suggested: there is no curve yet to be compared with.
Somebody who slows down in every session alike is at their usual pace; for that there are session limits.

*Sources:* Student's prediction interval of one further value, Hahn and Meeker 1991, Statistical Intervals, 4.5; the
root of counts, Anscombe 1948, Biometrika 35, 246-254; slowing and slips with time on task, Mackworth 1948, Quarterly
Journal of Experimental Psychology 1, 6-21.

    >>> steady = [Answer(10.0 + n % 7) for n in range(80)]
    >>> slower = steady[:40] + [Answer(25.0) for _ in range(40)]
    >>> earlier = [[Answer(one.seconds * (1 + n / 50)) for one in steady] for n in range(8)]
    >>> tired(slower, earlier)
    Tired(after=40, slower=0.923, taken_back=0)
    >>> tired(steady, earlier) is None
    True
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

STEP, LAST, FIRST = 20, 40, 3
LEAST = 5
"""Earlier sessions that reached the same place."""
LEVEL = 0.006
LONG = 10
"""Steps after which a sign has to be clearer, the more the longer a session is."""
SPREADS = (0.05, 0.5)
"""The least spread that is believed of log seconds and of roots of counts: few sessions may be alike by chance."""


T = TypeVar("T")


class Answer(NamedTuple):
    """One answer of a session: the active seconds it took (0: not known), and whether it was taken back in it."""

    seconds: float
    taken_back: bool = False


class Tired(NamedTuple):
    """What speaks for a break: since `after` answers they take the share `slower` more time than is usual for this
    person at this place, and `taken_back` of the last 40 were taken back."""

    after: int
    slower: float
    taken_back: int


Session = Sequence[Answer]


def tired(session: Session, earlier: Sequence[Session]) -> Tired | None:
    """Whether the end of a session calls for a break, by one's own earlier sessions."""
    place = len(session) // STEP - 1
    if place < FIRST:
        return None
    known = [changes(one, place) for one in earlier if len(one) >= (place + 1) * STEP]
    if len(known) < LEAST:
        return None
    now, usual = changes(session, place), list(zip(*known, strict=True))
    level = LEVEL * min(1.0, (LONG / (place + 1)) ** 2)
    signs = [_beyond(*parts) < level for parts in zip(now, usual, SPREADS, strict=True)]
    if not any(signs):
        return None
    _, last = _parts(session, place)
    slower = math.exp(now[0] - statistics.fmean(usual[0])) - 1 if signs[0] else 0.0
    after = (place + 1) * STEP - len(last)
    return Tired(after, round(slower, 3), sum(one.taken_back for one in last) if signs[1] else 0)


def changes(session: Session, place: int) -> tuple[float, float]:
    """How much slower the last answers up to a place are than those before, in log seconds, and how many more were
    taken back, in roots of counts for as many answers."""
    first, last = _parts(session, place)
    return _slow(last) - _slow(first), _slips(last) - _slips(first)


def alternated(hardest_first: Sequence[T]) -> list[T]:
    """The same items, hard and easy by turns: a row of nothing but hard ones tires.

    >>> alternated([1, 2, 3, 4, 5])
    [1, 5, 2, 4, 3]
    """
    last = len(hardest_first) - 1
    return [hardest_first[last - turn // 2 if turn % 2 else turn // 2] for turn in range(last + 1)]


def _parts(session: Session, place: int) -> tuple[Session, Session]:
    end = (place + 1) * STEP
    return session[: end - LAST], session[end - LAST : end]


def _slow(window: Session) -> float:
    """The median log seconds; 0 where no time is known."""
    return statistics.median([math.log(one.seconds) for one in window if one.seconds > 0] or [0.0])


def _slips(window: Session) -> float:
    return math.sqrt(LAST * sum(one.taken_back for one in window) / len(window) + 0.375)


def _beyond(now: float, usual: Sequence[float], least: float) -> float:
    """How probable it is that a further session like the usual ones has at least this value."""
    from scipy.special import stdtr

    spread = max(statistics.stdev(usual), least) * math.sqrt(1 + 1 / len(usual))
    return float(stdtr(len(usual) - 1, (statistics.fmean(usual) - now) / spread))
