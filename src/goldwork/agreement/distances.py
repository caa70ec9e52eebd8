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

Where judgements have weights u, a pair counts u_a u_b and f_j is a weighted mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.observed import by_item
from goldwork.agreement.pairs import PairWeights, Parts, by_distances, pair_weights, weight_of_each
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Formula, beside, one_minus
from goldwork.agreement.unseen import own
from goldwork.distances import Distance, distances_between
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[Any]

MEASURED = 50_000
"""So many distances are measured for the expected one, or FEWEST times the judgements where that is more."""
FEWEST = 8
"""Every judgement is compared with at least twice so many others,"""
MOST = 4_000_000
"""as long as these are not more than so many, and with at least two others in any case."""
LARGEST = 2_000
"""The matrix of distances has at most so many rows."""


def distance_sums(table: Judgements, scale: Scale) -> Parts:
    """Rows, formula and disagreement of alpha by `scale.distance`. Raises InputError for answers it cannot read."""
    codes, values = table.coded()
    k, measure = len(values), scale.distance
    if measure is None:
        raise InputError("alpha at the level of distances needs a distance. Got none.")
    one, two = table.pairs()
    u = pair_weights(table)
    if k <= LARGEST and k * (k - 1) / 2 <= max(MEASURED, min(FEWEST * len(table), MOST)):
        first, second = np.triu_indices(k)  # with each and itself, so that even a single answer is read
        apart = np.zeros((k, k))
        apart[first, second] = apart[second, first] = _measured(measure, values, first, second)
        disagreement = _disagreement(table, u, one, two, apart[codes[one], codes[two]])
        rows = beside(u.total, u.squares, disagreement, weight_of_each(table, u.each))
        return rows, by_distances(apart), disagreement
    first, second = _design(np.flatnonzero(own(table)), codes, u.each)
    one_more, two_more = codes[first], codes[second]
    apart = _measured(measure, values, np.r_[codes[one], one_more], np.r_[codes[two], two_more])
    disagreement = _disagreement(table, u, one, two, apart[: len(one)])
    mean, expected = _mean_distances(k, (one_more, two_more), (u.each[first], u.each[second]), apart[len(one) :])
    by_each = by_item(table, u.each * mean[codes])
    mine = own(table)
    if (found := float((u.each * mean[codes])[mine].sum())) > 0:
        by_each = by_each * (expected * float(u.each[mine].sum()) / found)
    return np.stack([u.total, by_each, disagreement], axis=1), _projected(expected), disagreement


def _measured(measure: Distance | str, values: Codes, first: Codes, second: Codes) -> Floats:
    made = distances_between(measure, values, first, second)
    if (bad := np.flatnonzero(~(made >= 0))).size:
        pair = values[first[bad[0]]], values[second[bad[0]]]
        raise InputError(
            f"a distance must be a number at or above 0. Got {made[bad[0]]} between {pair[0]!r} and {pair[1]!r}."
        )
    return made


def _disagreement(table: Judgements, u: PairWeights, one: Codes, two: Codes, apart: Floats) -> Floats:
    """The weighted mean distance of each item's pairs, times the item's weight."""
    sums = np.bincount(table.item[one], u.even[one] * u.even[two] * apart, len(table.items))
    return np.asarray(2 * u.factor * sums)


def _design(rows: Codes, codes: Codes, weights: Floats) -> tuple[Codes, Codes]:
    """Pairs of the judgements at `rows`: each with the next few in one random order, round about.

    They are ordered by what they say before, so that names of items and annotators say nothing.
    """
    size = len(rows)
    if size * (size - 1) / 2 <= MEASURED:
        first, second = np.triu_indices(size, 1)
        return rows[first], rows[second]
    order = rows[np.lexsort((weights[rows], codes[rows]))][np.random.default_rng(0).permutation(size)]
    wanted = max(min(FEWEST, MOST // size), MEASURED // size, 1)
    steps = range(1, min(wanted, (size - 1) // 2) + 1)
    return np.tile(order, len(steps)), np.concatenate([np.roll(order, -step) for step in steps])


def _mean_distances(
    k: int, codes: tuple[Codes, Codes], weights: tuple[Floats, Floats], apart: Floats
) -> tuple[Floats, float]:
    """The mean distance of each of k answers to the others that it was paired with, and that of all pairs."""
    both, across = np.concatenate(codes), np.concatenate(weights[::-1])
    reached = np.bincount(both, across * np.tile(apart, 2), k)
    weight = np.bincount(both, across, k)
    pairs = weights[0] * weights[1]
    mean = np.divide(reached, weight, out=np.zeros(k), where=weight > 0)
    return mean, float((pairs * apart).sum() / pairs.sum())


def _projected(mean: float) -> Formula:
    """From weight, the weighted sum of mean distances, and disagreement to alpha."""

    def formula(totals: Floats) -> Floats:
        weight, expected, observed = totals.T
        return one_minus(observed, 2 * expected - mean * weight)

    return formula
