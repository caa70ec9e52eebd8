"""Kendall's W: how far annotators order the same items alike.

W = 12 S / (k ** 2 (n ** 3 - n) - k T): S is the sum of squares of the items' rank sums about their mean, k annotators
having ranked n items with mean ranks for ties, and T the sum of t ** 3 - t over each annotator's groups of t ties
(Kendall and Babington Smith 1939, Annals of Mathematical Statistics 10, 275-287; Kendall and Gibbons 1990, Rank
Correlation Methods, 5th edition, chapter 6). 1 is one and the same order; orders at random give 1 / k on average.

W = (1 + (k - 1) r) / k with r the mean of the annotators' rank correlations in pairs (Spearman's, with the variance of
both pooled). So it is computed: every two annotators are ranked on the items that both judged, r is the sum of their
covariances over the sum of their variances, of ranks over the number of items, and k is the mean number of judgements
of an item. With a complete table that is Kendall's W, ties included. With judgement weights u an item counts u_a u_b
for the pair.

On n shared items a rank correlation is ((n - 2) rho + 3 tau) / (n + 1) on average, rho and tau being Spearman's and
Kendall's over all items that there might be (Kendall and Gibbons 1990, chapter 9). Where pairs share few items W is
therefore somewhat low, and a warning says so.

In a resample of items the ranks change too. An item's row holds what it adds to the covariances of its pairs with that
change to the first order (Hoeffding 1948, Annals of Mathematical Statistics 19, 293-325), so that sums of rows will do.

    >>> from goldwork.agreement import measure_agreement
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": rank}
    ...     for annotator, ranks in {"x": [1, 6, 3, 2, 5, 4], "y": [1, 5, 6, 4, 2, 3], "z": [6, 3, 2, 5, 4, 1]}.items()
    ...     for item, rank in enumerate(ranks)
    ... )  # Siegel 1956, Nonparametric Statistics for the Behavioral Sciences, chapter 9
    >>> round(measure_agreement(table, "kendall").value, 2)
    0.16
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import Sample, Spread, total_of
from goldwork.agreement.scale import Scale
from goldwork.agreement.sums import Sums, coefficient
from goldwork.agreement.unseen import own
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

UNDEFINED = "Kendall's W is undefined: no two annotators share two items that either of them tells apart."
CAVEAT = "It is about the order alone: who gives twice the points, or ten more, in the same order agrees fully."
FEW_SHARED = 10
"""Where two annotators share fewer items than this on average the result warns."""
FEWEST_SHARED = 3
"""Where they share fewer there is no interval: ranks of one or two items say next to nothing of others."""
FLOOR = 1e-6
"""How near W comes to 0."""


@coefficient("kendall", level="ordinal")
def kendall(table: Judgements, scale: Scale) -> Sums:
    """Kendall's W of numbers, or of categories declared in order."""
    if scale.level == "distance" or scale.weighting is not None:
        raise InputError("kendall is of an order: it takes no distance and no weighting.")
    values = table.value.astype(np.float64) if table.declared else table.numbers()
    covariance, variance, shared = _of_pairs(table, values)
    judged = table.per_item().astype(np.float64)
    rows = np.stack([covariance, variance, judged, np.ones(len(judged))], axis=1)
    return Sums(
        rows=rows,
        formula=_formula,
        judgements=len(table),
        meaning=_meaning(float(judged[np.unique(table.item[own(table)])].mean()) if len(table) else 2.0),
        undefined=UNDEFINED,
        warnings=_warnings(shared),
        bounds=(0.0, 1.0),
        over=_unknown if shared < FEWEST_SHARED else None,
        disagreement=variance - covariance,
        caveat=CAVEAT,
    )


def _formula(totals: Floats) -> Floats:
    covariance, variance, judged, items = totals.T
    r = np.divide(covariance, variance, out=np.full_like(variance, np.nan), where=variance > 1e-12 * items)
    k = np.divide(judged, items, out=np.full_like(items, np.nan), where=items > 0)
    return np.asarray(np.clip((1 + (k - 1) * r) / k, FLOOR, 1))


def _meaning(k: float) -> Callable[[float], str]:
    def meaning(value: float) -> str:
        r = (k * value - 1) / (k - 1)
        return (
            f"Two annotators order the items that both judged with a correlation of {r:.2f} on average (W {value:.2f})"
        )

    return meaning


def _unknown(sample: Sample, resamples: int, seed: int) -> Spread:
    """No interval."""
    value = float(_formula(total_of(sample.rows))[0]) if len(sample.rows) else np.nan
    return Spread(value, np.nan, len(sample.rows) - 1, sample.bounds)


def _warnings(shared: float) -> tuple[str, ...]:
    if not 1 < shared < FEW_SHARED:
        return ()
    few = f"Two annotators share {shared:.1f} items on average"
    said = f"{few}: rank correlations on so few are somewhat low, and not to be compared with those on many."
    none = f" There is no interval where they share fewer than {FEWEST_SHARED}; more common items would give one."
    return (said + (none if shared < FEWEST_SHARED else ""),)


def _of_pairs(table: Judgements, values: Floats) -> tuple[Floats, Floats, float]:
    """What each item adds to the covariances of its pairs of annotators, and to the means of their two variances; and
    how many items a pair shares, mean over shared judgements.

    For a pair let F and G be the mid-ranks of its items over their number and a = F - 1/2, b = G - 1/2. The mean of
    a b changes with item i by a_i b_i and, as i moves the ranks of those above it, by the mean of b over the items
    above x_i and that of a over those above y_i; over the items, each of these has the mean of a b itself.
    """
    one, two = table.pairs()
    people = np.int64(max(len(table.annotators), 1))
    _, pair = np.unique(table.annotator[one] * people + table.annotator[two], return_inverse=True)
    given = table.weights()
    weight = given[one] * given[two]
    own_weight = weight * own(table)[one]
    total = np.bincount(pair, own_weight)[pair] if len(pair) else np.zeros(0)
    share = np.divide(own_weight, total, out=np.zeros_like(weight), where=total > 0)
    first, second = _below(pair, values[one]), _below(pair, values[two])
    a, b = first(share) - 0.5, second(share) - 0.5

    def adds(x: Floats, y: Floats) -> Floats:
        """What every entry adds to the mean of x y, a or b each."""
        moved = (first if x is a else second)(share * y) + (first if y is a else second)(share * x)
        return x * y - moved - 2 * np.bincount(pair, share * x * y)[pair]

    items = len(table.items)
    both = weight * (total > 0)
    if not len(pair):
        return np.zeros(items), np.zeros(items), 0.0
    covariance = np.bincount(table.item[one], both * adds(a, b), items)
    variance = np.bincount(table.item[one], both * (adds(a, a) + adds(b, b)) / 2, items)
    shared = np.bincount(pair, own(table)[one])
    return covariance.astype(np.float64), variance.astype(np.float64), float((shared**2).sum() / max(shared.sum(), 1))


def _below(pair: Places, values: Floats) -> Callable[[Floats], Floats]:
    """For each entry the sum over the entries of its pair with lower values, and half of that over equal ones."""
    order = np.lexsort((values, pair))
    starts = np.r_[True, (np.diff(pair[order]) != 0) | (np.diff(values[order]) != 0)][: len(order)]
    block = np.cumsum(starts) - 1
    pair_of_block = pair[order][starts]
    first = np.searchsorted(pair_of_block, pair_of_block)

    def below(of: Floats) -> Floats:
        sums = np.bincount(block, of[order])
        before = np.cumsum(sums) - sums
        made = np.empty(len(order))
        made[order] = (before - before[first] + sums / 2)[block]
        return made

    return below
