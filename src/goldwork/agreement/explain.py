"""Where disagreement comes from: what each item adds, how each annotator agrees with the others, and each pair.

>>> from goldwork.judgements import Judgements
>>> table = Judgements.from_records(
...     {"item": item, "annotator": annotator, "label": label}
...     for annotator, labels in {"ann": "aabbab", "bob": "aabbab", "cam": "aabbba"}.items()
...     for item, label in enumerate(labels)
... )
>>> found = explain_agreement(table)
>>> found.items.share.round(2).tolist()
[0.0, 0.0, 0.0, 0.0, 0.5, 0.5]
>>> found.annotators.with_others.round(2).tolist(), found.annotators.without.round(2).tolist()
([0.68, 0.68, 0.36], [0.39, 0.39, 1.0])
>>> [(row["first"], row["second"], round(row["agreement"], 2)) for row in found.pairs.to_records()]
[('ann', 'bob', 1.0), ('ann', 'cam', 0.67), ('bob', 'cam', 0.67)]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.adaptive import Overlap
from goldwork.agreement.bootstrap import dense
from goldwork.agreement.jackknife import CELLS, STACKED, stack, without_each
from goldwork.agreement.measure import Measured, Weighting, ask, measured, result
from goldwork.agreement.result import Agreement
from goldwork.agreement.sums import coefficient as registry
from goldwork.agreement.weighting import weighting_of, weights_between
from goldwork.judgements import Judgements
from goldwork.judgements.columns import to_records

if TYPE_CHECKING:
    from goldwork.distances import Distance

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[Any]

Z = 1.959964


class _Columns:
    """Arrays of equal length, as columns and as records."""

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name."""
        raise NotImplementedError

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a row, with the names of `to_columns`."""
        return to_records(self.to_columns())

    def __len__(self) -> int:
        return len(next(iter(self.to_columns().values())))


@dataclasses.dataclass(frozen=True, eq=False)
class ItemContributions(_Columns):
    """For each item, its `share` of all observed disagreement; the shares add up to 1 where there is any."""

    names: npt.NDArray[Any]
    judgements: npt.NDArray[np.int64]
    share: Floats

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """item, judgements, share."""
        return {"item": self.names, "judgements": self.judgements, "share": self.share}


@dataclasses.dataclass(frozen=True, eq=False)
class AnnotatorContributions(_Columns):
    """For each annotator, the coefficient of their pairs `with_others`, each pair on an item being an item of its own,
    and the value of everything `without` them; nan where it is undefined."""

    names: npt.NDArray[Any]
    judgements: npt.NDArray[np.int64]
    with_others: Floats
    without: Floats

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """annotator, judgements, with_others, without."""
        return {
            "annotator": self.names,
            "judgements": self.judgements,
            "with_others": self.with_others,
            "without": self.without,
        }


@dataclasses.dataclass(frozen=True, eq=False)
class PairContributions(_Columns):
    """For each two annotators who met, on how many `items`, and their `agreement` there, between `low` and `high`.

    Where answers are equal or not, or weighted, that is the mean agreement, with Wilson's interval (1927, Journal of
    the American Statistical Association 22, 209-212); at other levels 1 minus the pair's mean distance over the one
    expected by chance, with a t interval, nan on a single
    item. Both at 95 %.
    """

    first: npt.NDArray[Any]
    second: npt.NDArray[Any]
    items: npt.NDArray[np.int64]
    agreement: Floats
    low: Floats
    high: Floats

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """first, second, items, agreement, low, high."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True, eq=False)
class Contributions:
    """Where a figure comes from: the `agreement` itself (without an interval), by items, annotators and pairs."""

    agreement: Agreement
    items: ItemContributions
    annotators: AnnotatorContributions
    pairs: PairContributions


def explain_agreement(
    table: Judgements,
    coefficient: str = "alpha",
    *,
    level: str | None = None,
    weighting: Weighting | None = None,
    distance: Distance | str | None = None,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
    overlap: Overlap = "auto",
    slice: Iterable[Any] | None = None,
) -> Contributions:
    """What each item, annotator and pair of annotators adds to a figure; options as in `measure_agreement`.

    Memory and time grow with the pairs of judgements that met on an item.
    """
    asked = ask(
        table, question=question, kinds=kinds, level=level, weighting=weighting, distance=distance, overlap=overlap,
        slice=slice,
    )  # fmt: skip
    made = measured(asked, coefficient)
    counted = asked.table
    people = len(counted.annotators)
    function = registry.get(coefficient)
    left = without_each(counted, function, asked.scale, np.arange(people), people)
    return Contributions(
        agreement=result(made, np.nan, np.nan, over="items", resamples=0),
        items=_items(made),
        annotators=AnnotatorContributions(
            counted.annotators,
            np.bincount(counted.annotator, minlength=people).astype(np.int64),
            _with_others(made),
            left.values,
        ),
        pairs=_pairs(made),
    )


def _items(made: Measured) -> ItemContributions:
    table = made.question.table
    parts = made.sums.disagreement
    if parts is None:
        share = np.full(len(table.items), np.nan)
    else:
        parts = np.maximum(parts[: len(table.items)], 0)
        share = parts / parts.sum() if parts.sum() > 0 else np.zeros(len(parts))
    return ItemContributions(table.items, table.per_item(), share)


def _with_others(made: Measured) -> Floats:
    """The coefficient of each annotator's pairs, [annotators]."""
    from scipy.sparse import csr_array

    table = made.question.table
    one, two = table.pairs()
    people = len(table.annotators)
    values = np.full(people, np.nan)
    who = table.annotator[np.r_[one, two]]
    order = np.argsort(who, kind="stable")
    who, pair = who[order], np.tile(np.arange(len(one)), 2)[order]
    function = registry.get(made.name)
    for part in _parts(who, STACKED // 2):
        here, place = np.unique(who[part], return_inverse=True)
        sums = function(_paired(table, one[pair[part]], two[pair[part]]), made.question.scale)
        count = len(place)
        gather = csr_array((np.ones(count), (place, np.arange(count))), shape=(len(here), count))
        totals = gather @ sums.rows[len(table.items) :]
        step = max(1, CELLS // max(1, totals.shape[1]))
        values[here] = np.concatenate([
            sums.formula(dense(totals[start : start + step])) for start in range(0, len(here), step)
        ])  # fmt: skip
    return values


def _parts(who: Places, size: int) -> Iterator[slice]:
    """Slices of about `size`, no annotator in two of them; `who` is in order."""
    start = 0
    while start < len(who):
        stop = int(np.searchsorted(who, who[min(start + size, len(who)) - 1], side="right"))
        yield slice(start, stop)
        start = stop


def _paired(table: Judgements, one: Places, two: Places) -> Judgements:
    """The table and, after its own items, one for each pair of its judgements."""
    rows = np.stack([one, two], axis=1).ravel()
    return stack(table, rows, np.repeat(np.arange(len(one)), 2), len(one))


def _pairs(made: Measured) -> PairContributions:
    """Agreement by pair of annotators."""
    table = made.question.table
    one, two = table.pairs()
    people = max(len(table.annotators), 1)
    names = table.annotator[one] * np.int64(people) + table.annotator[two]
    pairs, pair = np.unique(names, return_inverse=True)
    scale, plain = made.question.scale, made.question.scale.weighting is not None
    if plain or scale.level == "nominal":
        codes, between = table.coded()[0], weights_between(table, weighting_of(scale))
        agree = (codes[one] == codes[two]) * 1.0 if between is None else between[codes[one], codes[two]]
        interval = _wilson
    else:
        agree, interval = 1 - _distances(made, one, two), _student
    u = table.weights()[one] * table.weights()[two]
    weight, squares, total, spread = (
        np.bincount(pair, w, len(pairs)) for w in (u, u**2, u * agree, u * agree**2)
    )  # fmt: skip
    mean = total / weight
    low, high = interval(mean, np.maximum(spread / weight - mean**2, 0), weight**2 / squares)
    met = np.bincount(pair, minlength=len(pairs)).astype(np.int64)
    first, second = table.annotators[pairs // people], table.annotators[pairs % people]
    return PairContributions(first, second, met, mean, low, high)


def _distances(made: Measured, one: Places, two: Places) -> Floats:
    """The distance of each pair of judgements over the one expected by chance; nan where that is unknown."""
    table, sums = made.question.table, made.sums
    if sums.disagreement is None or np.isnan(made.value):
        return np.full(len(one), np.nan)
    stacked = registry.get(made.name)(_paired(table, one, two), made.question.scale).disagreement
    items, weights = len(table.items), table.weights()
    if stacked is None or made.value >= 1:
        return np.zeros(len(one))
    each = weights / weights.max()
    expected = float(stacked[:items].sum()) / float(each.sum()) / (1 - made.value)
    return np.asarray(stacked[items:] / (each[one] + each[two]) / expected)


def _wilson(mean: Floats, variance: Floats, count: Floats) -> tuple[Floats, Floats]:
    middle = mean + Z**2 / (2 * count)
    half = Z * np.sqrt(mean * (1 - mean) / count + Z**2 / (4 * count**2))
    return np.minimum((middle - half) / (1 + Z**2 / count), mean), np.maximum(
        (middle + half) / (1 + Z**2 / count), mean
    )


def _student(mean: Floats, variance: Floats, count: Floats) -> tuple[Floats, Floats]:
    from scipy.special import stdtrit

    df = np.maximum(count - 1, 1e-9)
    half = np.where(count > 1, stdtrit(np.maximum(df, 0.5), 0.975) * np.sqrt(variance / df), np.nan)
    return mean - half, np.minimum(mean + half, 1.0)
