"""Kappas of pairs of annotators put together, each pair's chance from the two annotators' habits.

A pair of annotators that share items has the weight n_ab = sum of u_a u_b over them (their number, where all judgement
weights u are equal), agreement p_o and chance p_e; the figure is sum n (p_o - p_e) / sum n (1 - p_e), the mean of the
pairs' kappas weighted by n (1 - p_e). An annotator's habits are the frequencies of their answers on all items that
somebody else judged too, so pairs that share few items do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import Rows
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Formula, beside, per
from goldwork.agreement.weighting import weighting_of, weights_between
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

UNDEFINED = "All annotators used one and the same answer only, so chance would agree fully too and {} is undefined."
CAVEAT = "It does not say that the answers are right, and where one of them is rare it is low however often all agree."
BLOCK_CELLS = 4_000_000
NOTHING = 1e-12


def habit_rows(table: Judgements) -> Rows:
    """The weight with which each annotator gave each answer to each item, sparse [items, annotators * K]."""
    from scipy.sparse import csr_array

    codes, categories = table.coded()
    k = max(len(categories), 1)
    habit = table.annotator * np.int64(k) + codes
    shape = (len(table.items), len(table.annotators) * k)
    return csr_array((scaled_weights(table), (table.item, habit)), shape=shape)


def scaled_weights(table: Judgements) -> Floats:
    """The judgements' weights, [n], the largest of all being 1."""
    weights = table.weights()
    return weights / weights.max() if len(table) else weights


def habits(totals: Floats, annotators: int) -> Floats:
    """Sums of habit rows [b, annotators * K] as frequencies [b, annotators, K]; 0 for who judged nothing."""
    used = totals.reshape(len(totals), annotators, -1)
    judged = used.sum(axis=2)
    judged[judged < NOTHING * judged.sum(axis=1, keepdims=True)] = 0  # what rounding leaves of who was left out
    return np.asarray(np.nan_to_num(per(used, judged)))


def of_pairs(table: Judgements, scale: Scale, *, own: float) -> tuple[Rows, Formula, Floats]:
    """Rows, formula and each item's disagreement of a kappa of pairs.

    With frequencies p, q and weighting W, a pair's chance is (1 - 2 own) p'Wq + own (p'Wp + q'Wq).
    """
    from scipy.sparse import csr_array

    between = weights_between(table, weighting_of(scale))
    codes, annotators = table.coded()[0], len(table.annotators)
    one, two = table.pairs()
    u = scaled_weights(table)
    met = u[one] * u[two]
    agrees = (codes[one] == codes[two]) if between is None else between[codes[one], codes[two]]
    agreed, whole = (np.bincount(table.item[one], w, len(table.items)) for w in (met * agrees, met))
    names = table.annotator[one] * np.int64(annotators) + table.annotator[two]
    pairs, pair = np.unique(names, return_inverse=True)
    weight = csr_array((met, (table.item[one], pair)), shape=(len(table.items), len(pairs)))
    rows = beside(agreed, weight, habit_rows(table))
    formula = _formula(pairs // max(annotators, 1), pairs % max(annotators, 1), annotators, between, own)
    return rows, formula, np.asarray(whole - agreed, np.float64)


def _formula(
    first: npt.NDArray[Any], second: npt.NDArray[Any], annotators: int, between: Floats | None, own: float
) -> Formula:
    """From agreement, weights by pair of annotators, and answers by annotator, to kappa."""
    from scipy.sparse import csr_array

    count = len(first)
    starts = np.searchsorted(first, np.arange(annotators + 1))  # pairs are in order of the first

    def chance(shared: Floats, used: Floats) -> float:
        """The pairs' chances [pairs], each times its weight, summed; `used` [annotators, K]."""
        turned = used if between is None else used @ between.T
        links = csr_array((shared, second, starts), shape=(annotators, annotators))
        crossed = float((used * (links @ turned)).sum())
        if not own:
            return crossed
        alone = (used * turned).sum(axis=1)
        return (1 - 2 * own) * crossed + own * float(shared @ (alone[first] + alone[second]))

    def block(totals: Floats) -> Floats:
        shared, used = totals[:, 1 : 1 + count], habits(totals[:, 1 + count :], annotators)
        by_chance = np.array([chance(*one) for one in zip(shared, used, strict=True)])
        size = shared.sum(axis=1)
        room = size - by_chance
        value = np.full_like(size, np.nan)
        return np.asarray(np.divide(totals[:, 0] - by_chance, room, out=value, where=room > 1e-12 * size))

    def formula(totals: Floats) -> Floats:
        step = max(1, BLOCK_CELLS // max(1, totals.shape[1]))
        return np.concatenate([block(totals[start : start + step]) for start in range(0, len(totals), step)])

    return formula


def kappa_meaning(annotators: int, chance: str) -> Callable[[float], str]:
    """What a kappa of pairs says; `chance` says what gives it."""
    who = "The two annotators" if annotators == 2 else "Pairs of annotators"

    def meaning(value: float) -> str:
        if value <= 0:
            return f"{who} agree no better than chance would, given {chance}"
        return f"{who} agree {value:.0%} of the way from chance, given {chance}, to perfect"

    return meaning
