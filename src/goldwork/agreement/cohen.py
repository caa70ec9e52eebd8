"""Cohen's kappa: agreement of two annotators beyond what their own habits would give by chance.

For two annotators, kappa = (p_o - p_e) / (1 - p_e): p_o is the share of items on which they agree, p_e the share
expected if each drew labels independently with the frequencies that they used on those items (Cohen 1960,
Educational and Psychological Measurement 20, 37-46).

For more annotators it is the mean of the pairs' kappas, each weighted by n (1 - p_e), n being the items that the
pair shares: sum n (p_o - p_e) / sum n (1 - p_e). With complete data this is Conger's kappa (Conger 1980,
Psychological Bulletin 88, 322-328; Schouten 1982, Statistica Neerlandica 36, 45-61).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement import Formula, Sums, coefficient
from goldwork.judgements import Judgements

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]

UNDEFINED = (
    "Every pair of annotators used one and the same label, so chance would agree fully too and kappa is undefined."
)
FEW_SHARED = 20
"""Where pairs share fewer items than this, on average over the comparisons made, kappa leans towards 0."""


@coefficient("cohen")
def cohen(table: Judgements, level: str) -> Sums:
    """Cohen's kappa, unweighted; the pair-weighted mean for more than two annotators."""
    codes, categories = table.coded()
    one, two = table.pairs()
    swap = table.annotator[one] > table.annotator[two]
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    k = np.int64(max(len(categories), 1))
    _, pair = np.unique(
        table.annotator[one] * np.int64(len(table.annotators)) + table.annotator[two], return_inverse=True
    )
    cells, cell = np.unique((pair * k + codes[one]) * k + codes[two], return_inverse=True)
    rows = _indicator(table.item[one], cell, (len(table.items), len(cells)))
    shared = np.bincount(pair)
    warnings = []
    if len(shared) and (mean := float((shared**2).sum() / shared.sum())) < FEW_SHARED:
        warnings.append(
            f"Two annotators who meet share {mean:.1f} items on average; below {FEW_SHARED} Cohen's kappa leans "
            "towards 0. Krippendorff's alpha does not."
        )
    return Sums(rows, _formula(cells, k), len(table), _meaning(len(table.annotators)), UNDEFINED, tuple(warnings))


def _formula(cells: npt.NDArray[Any], k: np.int64) -> Formula:
    """From counts of (pair, first label, second label) to kappa."""
    pair, left, right = cells // (k * k), cells // k, cells // (k * k) * k + cells % k
    agrees = (left % k == right % k).astype(np.float64)
    of_pair = _groups(pair)
    lefts, rights = np.unique(left), np.unique(right)
    of_left, of_right = _groups(left), _groups(right)
    both, at_left, at_right = np.intersect1d(lefts, rights, assume_unique=True, return_indices=True)
    to_pair = _indicator(
        np.arange(len(both)), np.searchsorted(np.unique(pair), both // k), (len(both), of_pair.shape[1])
    )

    def formula(totals: Floats) -> Floats:
        shared = totals @ of_pair
        chance = ((totals @ of_left)[:, at_left] * (totals @ of_right)[:, at_right]) @ to_pair
        expected = np.divide(chance, shared, out=np.zeros_like(shared), where=shared > 0).sum(axis=1)
        size = totals.sum(axis=1)
        room = size - expected
        with np.errstate(divide="ignore", invalid="ignore"):
            value: Floats = np.where(room > 1e-12 * size, (totals @ agrees - expected) / room, np.nan)
        return value

    return formula


def _groups(codes: npt.NDArray[Any]) -> csr_array[np.float64]:
    """[cells, groups]: which cell belongs to which distinct code."""
    distinct, group = np.unique(codes, return_inverse=True)
    return _indicator(np.arange(len(codes)), group, (len(codes), len(distinct)))


def _indicator(rows: npt.NDArray[Any], columns: npt.NDArray[Any], shape: tuple[int, int]) -> csr_array[np.float64]:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def _meaning(annotators: int) -> Any:
    who = "The two annotators" if annotators == 2 else "Pairs of annotators"
    return lambda value: f"{who} agree {value:.0%} of the way from chance, given their own habits, to perfect"
