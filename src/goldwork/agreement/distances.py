"""Krippendorff's alpha for answers of which only a distance is known: sets, spans, boxes, rankings, text.

alpha = 1 - D_o / D_e as ever: D_o is the mean distance of judgements of the same item, D_e that of any two judgements
(Krippendorff 2019, Content Analysis, 4th edition, chapter 12; for sets Passonneau 2006, LREC, 831-836). The distance is
taken as it is: who wants alpha at interval level gives the squared difference.

D_o needs the pairs within items, which are linear in the judgements. D_e would need all pairs:

- Where the different answers are few, their distances form a matrix, and the expected distance is a quadratic form in
  how often each was given: exact, in every resample.
- Else it is replaced by its first-order projection (Hoeffding 1948, Annals of Mathematical Statistics 19, 293-325):
  with f_j the mean distance of judgement j to all others, D_e of a resample is twice its mean of f_j minus the mean of
  f_j in the table. In the table itself that is D_e, and what is left out is of the order 1 / items. The f_j come from a
  fixed number of other judgements in a balanced design, in which every judgement takes part equally often (Blom 1976,
  Biometrika 63, 573-580; Lee 1990, U-Statistics, chapter 4): the judgements, put into one random order, are each paired
  with the next few. With few judgements these are all pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.alpha import beside, one_minus
from goldwork.agreement.scale import Scale
from goldwork.distances import Distance, distances_between
from goldwork.errors import InputError
from goldwork.judgements import Judgements

if TYPE_CHECKING:
    from goldwork.agreement import Formula
    from goldwork.agreement.bootstrap import Rows

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[Any]

MEASURED = 50_000
"""So many distances are measured for the expected one, or FEWEST times the judgements where that is more."""
FEWEST = 8
"""Every judgement is compared with at least twice so many others."""
LARGEST = 2_000
"""The matrix of distances has at most so many rows."""


def distance_sums(table: Judgements, scale: Scale) -> tuple[Rows, Formula]:
    """Rows and formula of alpha by `scale.distance`. Raises InputError for answers that it cannot read."""
    codes, values = table.coded()
    k, measure = len(values), scale.distance
    if measure is None:
        raise InputError("alpha at the level of distances needs a distance. Got none.")
    one, two = table.pairs()
    if k <= LARGEST and k * (k - 1) / 2 <= max(MEASURED, FEWEST * len(table)):
        first, second = np.triu_indices(k)  # with each and itself, so that even a single answer is read
        apart = np.zeros((k, k))
        apart[first, second] = apart[second, first] = _measured(measure, values, first, second)
        return beside(table.tally(), _observed(table, one, apart[codes[one], codes[two]])), _quadratic(apart)
    first, second = _design(np.sort(codes))
    apart = _measured(measure, values, np.r_[codes[one], first], np.r_[codes[two], second])
    observed, sampled = apart[: len(one)], apart[len(one) :]
    takes_part = np.bincount(first, minlength=k) + np.bincount(second, minlength=k)
    mean = (np.bincount(first, sampled, k) + np.bincount(second, sampled, k)) / np.maximum(takes_part, 1)
    judged = table.per_item().astype(np.float64)
    expected = np.bincount(table.item, mean[codes], len(table.items))
    rows = np.stack([judged, expected, _observed(table, one, observed)], axis=1)
    return rows, _projected(float(mean[codes].mean()))


def _measured(measure: Distance | str, values: Codes, first: Codes, second: Codes) -> Floats:
    made = distances_between(measure, values, first, second)
    if (bad := np.flatnonzero(~(made >= 0))).size:
        pair = values[first[bad[0]]], values[second[bad[0]]]
        raise InputError(
            f"a distance must be a number at or above 0. Got {made[bad[0]]} between {pair[0]!r} and {pair[1]!r}."
        )
    return made


def _observed(table: Judgements, one: Codes, apart: Floats) -> Floats:
    """The item's distances, both ways, over m - 1."""
    sums = 2 * np.bincount(table.item[one], apart, len(table.items))
    return np.asarray(sums / np.maximum(table.per_item() - 1, 1))


def _design(codes: Codes) -> tuple[Codes, Codes]:
    """Pairs of judgements, as their codes: each with the next few in one random order, round about.

    The codes come sorted, so that names of items and annotators say nothing.
    """
    size = len(codes)
    if size * (size - 1) / 2 <= MEASURED:
        first, second = np.triu_indices(size, 1)
        return codes[first], codes[second]
    order = codes[np.random.default_rng(0).permutation(size)]
    steps = range(1, min(max(FEWEST, MEASURED // size), (size - 1) // 2) + 1)
    return np.tile(order, len(steps)), np.concatenate([np.roll(order, -step) for step in steps])


def _quadratic(apart: Floats) -> Formula:
    """From counts of every answer and the observed distance to alpha."""

    def formula(totals: Floats) -> Floats:
        counts = totals[:, :-1]
        expected = ((counts @ apart) * counts).sum(axis=1) / np.maximum(counts.sum(axis=1) - 1, 1)
        return one_minus(totals[:, -1], expected)

    return formula


def _projected(mean: float) -> Formula:
    """From judgements, the sum of their mean distances, and the observed distance to alpha."""

    def formula(totals: Floats) -> Floats:
        judgements, expected, observed = totals.T
        return one_minus(observed, 2 * expected - mean * judgements)

    return formula
