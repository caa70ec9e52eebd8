"""The six intraclass correlations of a complete table with the classical F intervals, as textbooks print them.

Shrout and Fleiss 1979, Psychological Bulletin 86, 420-428; McGraw and Wong 1996, Psychological Methods 1, 30-46, table
7. The intervals of icc1 and icc3 are exact where items and rest come from normal distributions, icc2's is
Satterthwaite's approximation; those of the means follow by Spearman and Brown. For other distributions and for few
annotators they cover too little or too much (docs/methods/ratings-agreement.md): rely on `measure_agreement`, compare
by these.

    >>> from goldwork.judgements import Judgements
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": rating}
    ...     for item, row in enumerate(ratings) for annotator, rating in enumerate(row)
    ... )
    >>> for form in classical_icc(table):
    ...     print(f"{form.name} {form.value:.2f} {form.low:.2f} {form.high:.2f}")
    icc1 0.17 -0.13 0.72
    icc2 0.29 0.02 0.76
    icc3 0.71 0.34 0.95
    icc1k 0.44 -0.88 0.91
    icc2k 0.62 0.07 0.93
    icc3k 0.91 0.68 0.99
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import CONFIDENCE_LEVEL
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Ends = tuple[float, float, float]
"""Value, low, high."""


@dataclasses.dataclass(frozen=True)
class ClassicalIcc:
    """One form: its value, the F interval at `CONFIDENCE_LEVEL`, and the F test of no difference between items."""

    name: str
    value: float
    low: float
    high: float
    f: float
    between: int
    within: int


def classical_icc(
    table: Judgements, *, question: Any = None, kinds: Sequence[str] = ("human",)
) -> tuple[ClassicalIcc, ...]:
    """icc1, icc2, icc3, icc1k, icc2k, icc3k of the numbers that all annotators gave to all items.

    Raises InputError where an annotator did not judge an item, where there are fewer than two of either, and where
    nothing differs within items.
    """
    y = _matrix(table, question, kinds)
    n, k = y.shape
    rest = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean()
    rows = k * float(np.var(y.mean(axis=1), ddof=1))
    columns = n * float(np.var(y.mean(axis=0), ddof=1))
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    within = float(np.var(y, axis=1, ddof=1).mean())
    if not (error > 0 and rows > 0):
        raise InputError("F intervals need annotators and items that differ. All judgements of an item are the same.")
    df = n * (k - 1), (n - 1) * (k - 1)
    one = _by_f(rows / within, n - 1, df[0], k)
    three = _by_f(rows / error, n - 1, df[1], k)
    two = _agreement(rows, columns, error, n, k)
    tests = ((rows / within, df[0]), (rows / error, df[1]), (rows / error, df[1]))
    single = [
        ClassicalIcc(name, *ends, f, n - 1, of)
        for name, ends, (f, of) in zip(("icc1", "icc2", "icc3"), (one, two, three), tests, strict=True)
    ]
    return (*single, *(_of_means(form, k) for form in single))


def _matrix(table: Judgements, question: Any, kinds: Sequence[str]) -> npt.NDArray[np.float64]:
    chosen = table.of_kinds(kinds)
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    chosen = chosen.take(chosen.repeat == 0).compact()
    n, k = len(chosen.items), len(chosen.annotators)
    if len(chosen) < n * k:
        item = int(np.argmin(chosen.per_item()))
        raise InputError(
            f"F intervals need a complete table; item {chosen.items[item]!r} has {chosen.per_item()[item]} of {k} "
            "judgements. measure_agreement takes incomplete ones."
        )
    if min(n, k) < 2:
        raise InputError(f"F intervals need two items and two annotators. Got {n} and {k}.")
    return chosen.numbers().reshape(n, k)


def _by_f(f: float, between: int, within: int, k: int) -> Ends:
    """(F - 1) / (F + k - 1) and its exact interval."""
    from scipy.special import fdtri

    tail = (1 + CONFIDENCE_LEVEL) / 2
    low, high = f / float(fdtri(between, within, tail)), f * float(fdtri(within, between, tail))
    value, low, high = ((at - 1) / (at + k - 1) for at in (f, low, high))
    return value, low, high


def _agreement(rows: float, columns: float, error: float, n: int, k: int) -> Ends:
    """ICC(2,1) with McGraw and Wong's interval."""
    from scipy.special import fdtri

    value = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    a, b = k * value / (n * (1 - value)), 1 + k * value * (n - 1) / (n * (1 - value))
    df = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    tail = (1 + CONFIDENCE_LEVEL) / 2
    lower, upper = float(fdtri(n - 1, df, tail)), float(fdtri(df, n - 1, tail))
    both = k * columns + (k * n - k - n) * error
    low = n * (rows - lower * error) / (lower * both + n * rows)
    high = n * (upper * rows - error) / (both + n * upper * rows)
    return value, low, high


def _of_means(form: ClassicalIcc, k: int) -> ClassicalIcc:
    """The reliability of means of k judgements, by Spearman and Brown."""
    value, low, high = (k * at / (1 + (k - 1) * at) for at in (form.value, form.low, form.high))
    return dataclasses.replace(form, name=f"{form.name}k", value=value, low=low, high=high)
