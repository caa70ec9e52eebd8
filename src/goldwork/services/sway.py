"""How much suggestions sway people: what they answer where a model's answer was shown, and where it was hidden by lot.

*Acceptance* is the share of answers that are the model's where it was shown, with Wilson's 95 % interval (1927). *Sway*
is that share minus the same share where the suggestion was hidden. As the lot depends on no item and no person,
nothing but the showing differs. The interval is Newcombe's (1998, method 10), which joins the Wilson intervals of the
two shares. People differ in how readily they follow, so with CLUSTERED or more of them who had hidden suggestions, both
shares count for as many answers as the spread between annotators says (a linearised variance of the difference with
annotators as the clusters, over that of independent answers), and Student's t with one degree fewer than there are
people replaces the normal quantile. With fewer people, answers are taken as independent, which is said.

    >>> table = Compared(shown=[True] * 90 + [False] * 30, same=[True] * 81 + [False] * 9 + [True] * 21 + [False] * 9,
    ...     near=None, annotator=[0] * 120)
    >>> made = measure(table)
    >>> [round(value, 2) for value in (made.sway.value, made.sway.low, made.sway.high)], made.clustered
    ([0.2, 0.04, 0.38], False)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from goldwork.distances import Distance, distances_between
from goldwork.services.figures import Interval, Suggested, Z, wilson

CLUSTERED = 10
"""Annotators with hidden suggestions from which on the interval allows for differences between them."""
MOST = 0.5
"""From this share of answers on, given with a suggestion in sight, merged answers lean to the model."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """Answers beside what a model suggested: was it shown, is it the same, how near [0, 1] (NaN: unknown), by whom."""

    shown: Sequence[bool] | npt.NDArray[np.bool_]
    same: Sequence[bool] | npt.NDArray[np.bool_]
    near: npt.NDArray[np.float64] | None
    annotator: Sequence[int] | npt.NDArray[np.int64]


def compare(
    shown: Sequence[bool], annotator: Sequence[int], pairs: Sequence[tuple[Any, Any]], distance: Distance | None
) -> Compared:
    """Values of answers beside the suggested ones, as `Compared`. A value None is no judgement: near to nothing."""
    same = np.array([one == other for one, other in pairs], bool)
    near = None
    if distance is not None:
        values: list[Any] = []
        places: dict[str, int] = {}
        codes = np.zeros((len(pairs), 2), np.int64)
        for row, pair in enumerate(pairs):
            for side, value in enumerate(pair):
                text = msgspec.json.encode(value).decode()
                if text not in places:
                    places[text] = len(values)
                    values.append(value)
                codes[row, side] = places[text]
        near = np.full(len(pairs), np.nan)
        known = np.array([one is not None and other is not None for one, other in pairs], bool)
        first, second = codes[known, 0], codes[known, 1]
        held = np.empty(len(values), object)
        held[:] = values
        near[known] = 1 - distances_between(distance, held, first, second)
    return Compared(np.array(shown, bool), same, near, np.array(annotator, np.int64))


def measure(table: Compared) -> Suggested:
    """Acceptance, agreement where hidden, and sway."""
    shown, same = np.asarray(table.shown, bool), np.asarray(table.same, bool)
    who = np.asarray(table.annotator)
    number, hidden = int(shown.sum()), int((~shown).sum())
    accepted, alone = _share(same[shown]), _share(same[~shown])
    sway, clustered = Interval(None, None, None), False
    if number and hidden:
        clustered = len(np.unique(who[~shown])) >= CLUSTERED
        sway = difference(shown, same, who if clustered else None)
    return Suggested(
        shown=number,
        hidden=hidden,
        annotators=len(np.unique(who)),
        accepted=accepted,
        alone=alone,
        near_shown=_mean(table.near, shown),
        near_hidden=_mean(table.near, ~shown),
        sway=sway,
        clustered=clustered,
        sentence=_sentence(number, hidden, sway),
        note=_note(sway, clustered),
    )


def difference(shown: npt.NDArray[np.bool_], same: npt.NDArray[np.bool_], who: npt.NDArray[Any] | None) -> Interval:
    """The share of `same` where shown minus that where not, with its 95 % interval; clustered by `who`, if given."""
    one, other = float(same[shown].mean()), float(same[~shown].mean())
    size, rest = int(shown.sum()), int((~shown).sum())
    effect, quantile = 1.0, Z
    if who is not None:
        effect = _design_effect(shown, same, who)
        quantile = float(stdtrit(len(np.unique(who[~shown])) - 1, 0.975))
    here, there = wilson(one, size / effect, quantile), wilson(other, rest / effect, quantile)
    low, high = here.low or 0.0, 1.0 if here.high is None else here.high
    low_other, high_other = there.low or 0.0, 1.0 if there.high is None else there.high
    gap = one - other
    return Interval(
        gap, gap - math.hypot(one - low, high_other - other), gap + math.hypot(high - one, other - low_other)
    )


def _design_effect(shown: npt.NDArray[np.bool_], same: npt.NDArray[np.bool_], who: npt.NDArray[Any]) -> float:
    """The variance of the difference with annotators as clusters, over that with independent answers."""
    one, other = float(same[shown].mean()), float(same[~shown].mean())
    size, rest = int(shown.sum()), int((~shown).sum())
    alone = one * (1 - one) / size + other * (1 - other) / rest
    if alone == 0:
        return 1.0
    pull = np.where(shown, (same - one) / size, (other - same) / rest)
    people, code = np.unique(who, return_inverse=True)
    sums = np.bincount(code, weights=pull, minlength=len(people))
    return max(float(sums @ sums) * len(people) / (len(people) - 1) / alone, 0.5)


def leans(made: Suggested, answers: int) -> str | None:
    """What is to be said beside agreement and consensus of `answers` answers that lean to the model, or None."""
    low = made.sway.low
    if low is None or low <= 0 or made.shown <= MOST * answers:
        return None
    return (
        f"{_percent(made.shown / answers)} of the answers were given with a model's suggestion in sight, and it sways "
        f"people ({_points(made.sway)} points): agreement is higher than people alone would have it, and the consensus "
        "leans to the model."
    )


def _share(same: npt.NDArray[np.bool_]) -> Interval:
    if not len(same):
        return Interval(None, None, None)
    return wilson(float(same.mean()), len(same))


def _mean(near: npt.NDArray[np.float64] | None, where: npt.NDArray[np.bool_]) -> float | None:
    if near is None:
        return None
    known = near[where & ~np.isnan(near)]
    return float(known.mean()) if len(known) else None


def _sentence(shown: int, hidden: int, sway: Interval) -> str:
    if sway.value is None or sway.low is None or sway.high is None:
        missing = "No suggestion was hidden" if not hidden else "No suggestion was shown"
        mend = "Hide a share of them" if not hidden else "Show a share of them"
        return f"{missing} so far, so how much suggestions sway people cannot be measured. {mend}, in the settings."
    what = "more" if sway.value >= 0 else "less"
    size = abs(round(100 * sway.value))
    unit = "point" if size == 1 else "points"
    said = (
        f"Where the suggestion was shown, people gave the model's answer {size} {unit} {what} often "
        f"({_points(sway)}, {shown:,} shown, {hidden:,} hidden)."
    )
    if sway.low > 0:
        return f"{said} Part of this may be the model being right and people saved from slips; compare with gold."
    if sway.high < 0:
        return f"{said} People turn from what is suggested: look at where they do."
    return f"{said} That may be chance."


def _note(sway: Interval, clustered: bool) -> str:
    if sway.value is None:
        return ""
    how = "allowing for differences between people" if clustered else "taking answers as independent of each other"
    return f"The interval is Newcombe's, {how}."


def _points(sway: Interval) -> str:
    assert sway.low is not None
    assert sway.high is not None
    return f"95 %: {_signed(sway.low)} to {_signed(sway.high)}"


def _signed(share: float) -> str:
    return f"{round(100 * share)}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"
