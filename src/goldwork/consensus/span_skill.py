"""How far annotators agree, by character and label, with what the model takes for the truth.

With both, marked and true the characters of which an annotator's marks are right, which they marked and which are
true in the items they judged, expected under the model: recall both / true, precision both / marked, and agreement,
their F1, 2 both / (marked + true). On items with gold the truth is gold's; elsewhere it is the crowd's, the annotator
being one of it, so that what a whole crowd does wrong is nobody's error.

Each is a ratio of sums over items, whose variance is that of the items' residuals (Cochran 1977, Sampling Techniques,
section 6.4) and that of the truth given the judgements. Few items give poor variances: relative to the sampling of
independent characters, an annotator's is mixed with the crowd's at the weight of `POOLED` items. The 95 % interval is
that of a beta distribution with as much information under Jeffreys' prior, shrunk by the t quantile. It says what
would come out on many more such items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Annotators
from goldwork.consensus.span_units import Units
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

POOLED = 5.0
TINY = 1e-300


def describe(table: Judgements, units: Units, probabilities: Floats) -> Annotators:
    """Agreement, and as more recall and precision, of each annotator; `probabilities` are [U, L]."""
    sums = _Sums(table, units, probabilities)
    agreement, recall, precision = (sums.ratio(*parts) for parts in ((1, 1), (0, 1), (1, 0)))
    return Annotators(
        names=table.annotators,
        judgements=np.bincount(table.annotator, minlength=len(table.annotators)),
        skill=agreement[0],
        low=agreement[1],
        high=agreement[2],
        measure="agreement",
        more={
            "recall": recall[0], "recall_low": recall[1], "recall_high": recall[2],
            "precision": precision[0], "precision_low": precision[1], "precision_high": precision[2],
        },
    )  # fmt: skip


class _Sums:
    """Characters right, marked and true, by judgement, and how uncertain the right and the true ones are."""

    def __init__(self, table: Judgements, units: Units, probabilities: Floats) -> None:
        self.table = table
        said = units.row >= 0
        row, unit = units.row[said], units.unit[said]
        label = np.zeros(len(row), np.int64) if units.layered else units.label[said]
        length = units.length[unit]
        self.both = np.bincount(row, length * probabilities[unit, label], len(table))
        self.marked = np.bincount(row, length, len(table))
        inside, items = probabilities.sum(axis=1), len(table.items)
        self.true = np.bincount(units.item, units.length * inside, items)[table.item]
        right = probabilities[unit, label]
        self.spread_true = np.bincount(units.item, units.length**2 * inside * (1 - inside), items)[table.item]
        self.spread_both = np.bincount(row, length**2 * right * (1 - right), len(table))
        self.spread_shared = np.bincount(row, length**2 * right * (1 - inside[unit]), len(table))

    def _by_annotator(self, values: npt.NDArray[Any]) -> Floats:
        return np.bincount(self.table.annotator, values, len(self.table.annotators)).astype(np.float64)

    def ratio(self, marked: float, true: float) -> tuple[Floats, Floats, Floats]:
        """`both` over the mean of `marked` and `true` that these weights make, with its interval."""
        times = marked + true
        below = marked * self.marked + true * self.true
        size = self._by_annotator(below)
        share = np.divide(times * self._by_annotator(self.both), size, out=np.full(len(size), 0.5), where=size > 0)
        share = np.minimum(share, 1)
        mine = share[self.table.annotator]
        squares: Floats = (times * self.both - mine * below) ** 2
        squares += times**2 * self.spread_both + (mine * true) ** 2 * self.spread_true
        total = self._by_annotator(squares - 2 * times * mine * true * self.spread_shared)
        simple = share * (1 - share) * size
        count = self._by_annotator(np.where(below > 0, 1.0, 0.0))
        grown = total * count / np.maximum(count - 1, 1)
        pooled = POOLED * grown.sum() / max(float(simple.sum()), TINY)
        effect = (np.maximum(count - 1, 0) * grown / np.maximum(simple, TINY) + pooled) / (
            np.maximum(count - 1, 0) + POOLED
        )
        independent = np.divide(size, effect, out=size.copy(), where=effect > 0)
        low, high = _beta(share, np.minimum(independent, size), count - 1 + POOLED)
        return share, np.minimum(low, share), np.maximum(high, share)


def _beta(share: Floats, size: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """The interval around shares that `size` independent characters gave."""
    from scipy.special import betaincinv, stdtrit

    size = size * (1.959964 / stdtrit(freedom, 0.975)) ** 2
    ones, others = share * size + 0.5, (1 - share) * size + 0.5
    return np.asarray(betaincinv(ones, others, 0.025)), np.asarray(betaincinv(ones, others, 0.975))
