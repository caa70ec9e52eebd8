"""Who says a class more often than peers on the same items, and who takes one place on the screen more often than lots.

**Class bias.** With y_i 1 where the person says the class at item i and q_i the share of the item's other people who
say it, d_i = y_i - q_i: its mean over the person's items is how much more often they say it than peers on the same
items (of numbers: how much more they give). Items are the units, with Student's interval of the mean of d (1908,
Biometrika 6, 1-25). Peers are taken as they are: the interval is about these peers, and half of a crowd says any class
more often than the other half.

**Position bias.** Where options stand in an order drawn by lot, whoever looks takes each of m places in one of m cases.
Wilson's interval of the share taken less what the lot lets one expect.

    >>> table = Judgements.from_records(
    ...     {"item": n, "annotator": who, "label": "cat" if who == "cam" or n % 3 == 0 else "dog"}
    ...     for n in range(60) for who in ("ann", "bob", "cam")
    ... )
    >>> found = class_bias(table)
    >>> [(one["annotator"], round(one["difference"], 2)) for one in found.to_records() if one["outcome"] == "cat"]
    [('ann', -0.33), ('bob', -0.33), ('cam', 0.67)]
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.bias.intervals import wilson
from goldwork.bias.outcomes import Outcome, chosen, outcomes
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects, to_records
from goldwork.judgements.shown import places

Floats = npt.NDArray[np.float64]

LEAST = 2
"""Items without which there is no spread, and no interval."""
NOTHING = 1e-12
"""A spread so small is none."""


@dataclasses.dataclass(frozen=True, eq=False)
class Habits:
    """One row for each annotator and outcome (a class, the mean, or a place from 1 on).

    `share` of the `judgements` that are it (or their mean), `expected` from peers or the lot, and the `difference` from
    `low` to `high`, which are nan where a single item tells nothing.
    """

    annotator: npt.NDArray[Any]
    outcome: npt.NDArray[Any]
    judgements: npt.NDArray[np.int64]
    share: Floats
    expected: Floats
    difference: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.annotator)

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a row."""
        return to_records(self.to_columns())


def class_bias(table: Judgements) -> Habits:
    """How much more often everybody says each class than others on the same items (of numbers: how much more).

    Items that one person alone judged do not count. Raises InputError for answers that are neither choices nor numbers.
    """
    one = chosen(table)
    number = one.per_item()[one.item]
    kept = number > 1
    parts = []
    for outcome in outcomes(one) if len(one) else []:
        total = np.bincount(one.item, outcome.values, len(one.items))[one.item]
        peers = (total[kept] - outcome.values[kept]) / (number[kept] - 1)
        parts.append(_against(one.annotators, one.annotator[kept], outcome, outcome.values[kept], peers))
    return _joined(parts)


def _against(
    names: npt.NDArray[Any], person: npt.NDArray[np.integer], outcome: Outcome, own: Floats, peers: Floats
) -> Habits:
    from scipy.special import stdtrit

    def add(values: Floats) -> Floats:
        return np.asarray(np.bincount(person, values, len(names)))

    count = np.bincount(person, minlength=len(names))
    here = np.flatnonzero(count)
    n = count[here]
    mean = add(own - peers)[here] / n
    degrees = np.maximum(n - 1, 1)
    variance = np.maximum(add((own - peers) ** 2)[here] - n * mean**2, 0) / degrees
    half = stdtrit(degrees, 0.975) * np.sqrt(variance / n)
    known = (n >= LEAST) & (variance > NOTHING)
    return Habits(
        annotator=names[here],
        outcome=objects([outcome.name] * len(here)),
        judgements=n,
        share=add(own)[here] / n,
        expected=add(peers)[here] / n,
        difference=mean,
        low=np.where(known, mean - half, np.nan),
        high=np.where(known, mean + half, np.nan),
    )


def position_bias(table: Judgements) -> Habits:
    """How much more often everybody takes each place on the screen than lots let one expect.

    Raises InputError where the column `shown` is missing or does not say the places.
    """
    one = chosen(table)
    column = one.context.get("shown")
    if column is None:
        raise InputError("the column shown is needed, which says in which order the options stood.")
    at, options = places(one.labels().tolist(), column.tolist())
    known = at >= 0
    if len(one) and not known.any():
        raise InputError("the column shown holds neither sides nor lists of the options.")
    person, at, options = one.annotator[known], at[known], options[known]
    parts = []
    for place in range(int(options.max()) if len(options) else 0):
        there = options > place
        count = np.bincount(person[there], minlength=len(one.annotators))
        here = np.flatnonzero(count)
        n = count[here]
        share = np.bincount(person[there], at[there] == place, len(one.annotators))[here] / n
        expected = np.bincount(person[there], 1 / options[there], len(one.annotators))[here] / n
        low, high = wilson(share, n)
        names = one.annotators[here]
        outcome = objects([place + 1] * len(here))
        parts.append(Habits(names, outcome, n, share, expected, share - expected, low - expected, high - expected))
    return _joined(parts)


def _joined(parts: list[Habits]) -> Habits:
    """All rows, by annotator and then outcome."""
    if not parts:
        return Habits(*(np.zeros(0, kind) for kind in (object, object, np.int64, *[np.float64] * 5)))
    columns = {name: np.concatenate([part.to_columns()[name] for part in parts]) for name in parts[0].to_columns()}
    order = np.argsort(np.unique(columns["annotator"], return_inverse=True)[1], kind="stable")
    return Habits(**{name: column[order] for name, column in columns.items()})
