"""Cohen's kappa: agreement of two annotators beyond what their own habits would give by chance.

For two annotators, kappa = (p_o - p_e) / (1 - p_e): p_o is the share of items on which they agree, p_e the share
expected if each drew labels independently with the frequencies that they used on those items (Cohen 1960,
Educational and Psychological Measurement 20, 37-46).

For more annotators it is the mean of the pairs' kappas, each weighted by n (1 - p_e), n being the items that the
pair shares: sum n (p_o - p_e) / sum n (1 - p_e). An annotator's habits are the frequencies of their labels on all
items that somebody else judged too, so pairs that share few items do no harm. With complete data this is Conger's
kappa (Conger 1980, Psychological Bulletin 88, 322-328), the exact form of Fleiss's.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 3, 3, 4, 4], "annotator": ["a", "b"] * 4, "label": [*"xxxyyyxx"]
    ... })
    >>> round(measure_agreement(table, "cohen").value, 3)  # p_o = 3/4, p_e = 3/4 * 1/2 + 1/4 * 1/2 = 1/2
    0.5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement import Formula, Scale, Sums, coefficient
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

UNDEFINED = "All annotators used one and the same label only, so chance would agree fully too and kappa is undefined."
BLOCK_CELLS = 4_000_000


@coefficient("cohen")
def cohen(table: Judgements, scale: Scale) -> Sums:
    """Cohen's kappa, unweighted; the pair-weighted mean for more than two annotators. Nominal only."""
    from scipy.sparse import csr_array, hstack

    if scale.level != "nominal":
        raise InputError(
            f"cohen counts equal labels only, so level must be nominal. Got {scale.level!r}; alpha has it."
        )
    codes, categories = table.coded()
    items, annotators, k = len(table.items), len(table.annotators), max(len(categories), 1)
    one, two = table.pairs()
    met = table.annotator[one] * np.int64(annotators) + table.annotator[two]
    pairs, pair = np.unique(met, return_inverse=True)
    agrees = np.bincount(table.item[one], codes[one] == codes[two], items)
    habit = table.annotator * np.int64(k) + codes
    rows = hstack([
        csr_array(agrees[:, None]),
        csr_array((np.ones(len(pair)), (table.item[one], pair)), shape=(items, len(pairs))),
        csr_array((np.ones(len(habit)), (table.item, habit)), shape=(items, annotators * k)),
    ], format="csr")  # fmt: skip
    formula = _formula(pairs // annotators, pairs % annotators, annotators, k)
    return Sums(rows, formula, len(table), _meaning(annotators), UNDEFINED)


def _formula(first: npt.NDArray[Any], second: npt.NDArray[Any], annotators: int, k: int) -> Formula:
    """From agreeing pairs, judgements by pair of annotators, and labels by annotator, to kappa."""
    count = len(first)

    def block(totals: Floats) -> Floats:
        shared, habits = totals[:, 1 : 1 + count], totals[:, 1 + count :].reshape(-1, annotators, k)
        judged = habits.sum(axis=2, keepdims=True)
        habits = np.divide(habits, judged, out=np.zeros_like(habits), where=judged > 0)
        chance = np.einsum("bp,bpk,bpk->b", shared, habits[:, first], habits[:, second])
        size = shared.sum(axis=1)
        room = size - chance
        value = np.full_like(size, np.nan)
        return np.asarray(np.divide(totals[:, 0] - chance, room, out=value, where=room > 1e-12 * size))

    def formula(totals: Floats) -> Floats:
        step = max(1, BLOCK_CELLS // max(1, count * k))
        return np.concatenate([block(totals[start : start + step]) for start in range(0, len(totals), step)])

    return formula


def _meaning(annotators: int) -> Callable[[float], str]:
    who = "The two annotators" if annotators == 2 else "Pairs of annotators"

    def meaning(value: float) -> str:
        if value <= 0:
            return f"{who} agree no better than chance would, given how often each uses each label"
        return f"{who} agree {value:.0%} of the way from chance, given how often each uses each label, to perfect"

    return meaning
