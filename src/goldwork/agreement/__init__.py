"""Agreement: how far annotators, judging the same items apart from each other, say the same.

A coefficient turns each item into a row of sufficient statistics and the (weighted) sum of all rows into one
figure. Missing judgements then cost nothing, a bootstrap over items is weights times rows, and nothing grows with
the square of the items.

    >>> from goldwork import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": label}
    ...     for annotator, labels in {"ann": "aabbbabbaa", "bob": "aabbaabbaa"}.items()
    ...     for item, label in enumerate(labels)
    ... )
    >>> agreement = measure_agreement(table)
    >>> round(agreement.value, 3), agreement.items, agreement.judgements
    (0.808, 10, 20)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import CONFIDENCE_LEVEL, Rows, Sample, interval, total_of
from goldwork.agreement.scale import LEVELS, Scale, scale_of
from goldwork.agreement.unseen import with_unseen
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.registry import Registry

if TYPE_CHECKING:
    from goldwork.distances import Distance

__all__ = [
    "LEVELS", "Agreement", "Formula", "Scale", "Sums", "coefficient", "measure_agreement"
]  # fmt: skip

Floats = npt.NDArray[np.float64]

Formula = Callable[[Floats], Floats]
"""Sums of rows [b, p] to values [b]; nan where the value is undefined."""

FEW_ITEMS = 10
"""Below so many items with two judgements the result warns."""


@dataclasses.dataclass(frozen=True)
class Sums:
    """What a coefficient makes of a table.

    - `rows`: [items, p], dense or scipy.sparse: each item's sufficient statistics; only items that count
    - `formula`: from sums of rows to the value
    - `judgements`: how many of them entered
    - `meaning`: what a value says, as a clause
    - `undefined`: why the value is nan, where it is
    - `advice`: what an interval's ends mean for a reader, as a sentence
    - `bounds`: between which the value lies, practically
    """

    rows: Rows
    formula: Formula
    judgements: int
    meaning: Callable[[float], str]
    undefined: str = ""
    warnings: tuple[str, ...] = ()
    advice: Callable[[float, float], str] | None = None
    bounds: tuple[float, float] = (-1.0, 1.0)


CoefficientFunction = Callable[[Judgements, Scale], Sums]

coefficient: Registry[CoefficientFunction] = Registry("coefficient", __name__)


@dataclasses.dataclass(frozen=True)
class Agreement:
    """A coefficient's value with its interval and what it rests on.

    - `value`: nan where it is undefined, and then `warnings` say why
    - `low`, `high`: the interval at `confidence_level` over items, for these annotators; nan where there is none
    - `items`: those with at least two judgements; `judgements`: those made on them; `annotators`: who made them
    - `warnings`: what limits the figure; `sentence`: what it says
    """

    value: float
    low: float
    high: float
    items: int
    judgements: int
    annotators: int
    warnings: tuple[str, ...]
    coefficient: str
    level: str
    confidence_level: float
    resamples: int
    sentence: str


def measure_agreement(
    table: Judgements,
    coefficient: str = "alpha",
    *,
    level: str | None = None,
    weighting: str | npt.NDArray[Any] | None = None,
    distance: Distance | str | None = None,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
    seed: int = 0,
    resamples: int = 1000,
) -> Agreement:
    """The agreement of the annotators in `table` on one question, with a bootstrap interval over items.

    `coefficient` is a registered name (alpha, cohen, percent), `level` the scale on which the labels lie: nominal
    for categories and interval for other numbers unless told otherwise. `distance` says how far apart two answers
    are where they are neither: a function, or a name of `goldwork.distances`. `kinds` says whose judgements count.
    Raises InputError for an unknown name or level, for a question that is not there or not chosen, for labels that
    are no numbers where the level needs numbers, and for lists and objects without a distance.
    """
    function = globals()["coefficient"].get(coefficient)
    if resamples < 0:
        raise InputError(f"resamples must be 0 or more. Got {resamples}.")
    chosen = table.of_kinds(kinds)
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    once = chosen.take(chosen.repeat == 0)
    overlapping = once.take(once.per_item()[once.item] >= 2).compact()
    items = len(overlapping.items)
    scale = scale_of(overlapping, level, weighting, distance)
    sums = function(with_unseen(overlapping, scale.level), scale)
    sample = Sample(sums.rows[:items], sums.rows[items:], sums.formula, sums.bounds)
    value = float(sums.formula(total_of(sample.rows))[0]) if items else float("nan")
    low, high = interval(sample, resamples=resamples, seed=seed)
    warnings = [*_warnings(chosen, once, overlapping), *sums.warnings]
    if items and np.isnan(value):
        warnings.append(sums.undefined)
    elif items and resamples and np.isnan(low):
        warnings.append("The figure rests on too few items for an interval.")
    return Agreement(
        value=value,
        low=low,
        high=high,
        items=items,
        judgements=len(overlapping),
        annotators=len(overlapping.annotators),
        warnings=tuple(warnings),
        coefficient=coefficient,
        level=scale.level,
        confidence_level=CONFIDENCE_LEVEL,
        resamples=resamples,
        sentence=_sentence(value, low, high, items, sums),
    )


def _warnings(chosen: Judgements, once: Judgements, overlapping: Judgements) -> list[str]:
    """What limits the figure, in the order in which a reader should hear it."""
    found = []
    items = len(overlapping.items)
    if not items:
        found.append("No item was judged by two annotators, so there is no agreement to measure.")
    elif items < FEW_ITEMS:
        found.append(f"Only {items} items were judged by two annotators or more; the interval is rough.")
    if items and items < len(chosen.items) / 2:
        found.append(
            f"{len(chosen.items) - items:,} of {len(chosen.items):,} items have a single judgement and do not count."
        )
    if len(chosen) > len(once):
        found.append(
            f"{len(chosen) - len(once):,} repeated judgements of the same annotator are left out: "
            "agreement is between annotators."
        )
    if not np.isin(chosen.weights(), (0.0, 1.0)).all():
        found.append("Weights other than 0 and 1 are not used: every judgement counts once.")
    if (parts := int(overlapping.parts().max(initial=0)) + 1) > 1:
        found.append(
            f"The annotators fall into {parts:,} groups that share no item; the figure says nothing about agreement "
            "between groups."
        )
    return found


def _sentence(value: float, low: float, high: float, items: int, sums: Sums) -> str:
    if np.isnan(value):
        return "There is no figure. " + (sums.undefined if items else "No item was judged by two annotators.")
    rests = f"from {items:,} items"
    if np.isnan(low):
        return f"{sums.meaning(value)} ({rests}, without an interval)."
    said = f"{sums.meaning(value)} (95 % interval {low:.2f} to {high:.2f}, {rests})."
    return said if sums.advice is None else f"{said} {sums.advice(low, high)}"
