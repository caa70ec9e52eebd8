"""Bland and Altman's limits of agreement: by how much two annotators' numbers differ.

Of the differences d = one - other on the items that both judged: the mean, `bias`, and bias +- 1.96 standard
deviations, the limits between which 95 % of differences lie if they are normal (Bland and Altman 1986, The Lancet 327,
307-310). The limits' intervals are exact for normal differences: a limit's distance from the bias is a quantile of the
noncentral t distribution times sd / sqrt(n) (Carkeet 2015, Optometry and Vision Science 92, e71-e80). Proportional
bias, differences that grow with the size of what is judged, is the slope of d on the mean of the two (Bland and Altman
1999, Statistical Methods in Medical Research 8, 135-160).

    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": label}
    ...     for annotator, labels in {"ann": [10, 12, 15, 18, 20, 25], "bob": [11, 12, 17, 18, 23, 26]}.items()
    ...     for item, label in enumerate(labels)
    ... )
    >>> [agreement] = bland_altman(table)
    >>> round(agreement.bias, 2), round(agreement.lower, 2), round(agreement.upper, 2)
    (-1.17, -3.46, 1.12)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import CONFIDENCE_LEVEL
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

INSIDE = 0.95
"""The share of differences that lie between the limits."""
FEW_ITEMS = 10
"""Below so many items the result warns."""


@dataclasses.dataclass(frozen=True)
class BlandAltman:
    """How two annotators' numbers differ. Every `low` and `high` is an interval at 95 %, over items.

    - `bias`: the mean of one's numbers minus other's; `sd`: the standard deviation of the differences
    - `lower`, `upper`: the limits of agreement
    - `slope`: by how much the difference grows with the mean of the two; nan where the means are all the same
    """

    one: Any
    other: Any
    items: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    lower: float
    lower_low: float
    lower_high: float
    upper: float
    upper_low: float
    upper_high: float
    slope: float
    slope_low: float
    slope_high: float
    warnings: tuple[str, ...]
    sentence: str


def bland_altman(
    table: Judgements,
    one: Any = None,
    other: Any = None,
    *,
    question: Any = None,
    kinds: Sequence[str] = ("human",),
) -> tuple[BlandAltman, ...]:
    """Limits of agreement of two annotators, or of every two who share three items, in order of name.

    Of repeated judgements the first counts; those of weight 0 do not count, other weights change nothing. Raises
    InputError for an annotator who is not there, for one named without the other, for two who share fewer than three
    items, and for labels that are no numbers.
    """
    chosen = table.of_kinds(kinds)
    chosen = (chosen.only_question() if question is None else chosen.about(question)).counted()
    chosen = chosen.take(chosen.repeat == 0).compact()
    values = chosen.numbers()
    if (one is None) != (other is None):
        raise InputError(f"name both annotators or none. Got {one!r} and {other!r}.")
    first, second = chosen.pairs()
    who = np.stack([chosen.annotator[first], chosen.annotator[second]], axis=1)
    if one is not None:
        codes = [_code(chosen, name) for name in (one, other)]
        here = (who == sorted(codes)).all(axis=1)
        sides = (first[here], second[here]) if codes[0] < codes[1] else (second[here], first[here])
        if here.sum() < 3:
            raise InputError(f"limits of agreement need three items that both judged. Got {here.sum()}.")
        return (_compare(one, other, values[sides[0]], values[sides[1]]),)
    size = np.int64(max(len(chosen.annotators), 1))
    pairs, pair = np.unique(who[:, 0] * size + who[:, 1], return_inverse=True)
    order = np.argsort(pair, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(pair, minlength=len(pairs)))[:-1]) if len(pairs) else []
    names = chosen.annotators.tolist()
    return tuple(
        _compare(names[code // size], names[code % size], values[first[rows]], values[second[rows]])
        for code, rows in zip(pairs.tolist(), parts, strict=True)
        if len(rows) >= 3
    )


def _code(table: Judgements, name: Any) -> int:
    found = np.flatnonzero(table.annotators == name)
    if not len(found):
        listed = ", ".join(map(repr, table.annotators.tolist()[:10]))
        raise InputError(f"there is no annotator {name!r}. There are: {listed}.")
    return int(found[0])


def _compare(one: Any, other: Any, x: Floats, y: Floats) -> BlandAltman:
    from scipy.special import nctdtrit, ndtri, stdtrit

    d, n = x - y, len(x)
    bias, sd = float(d.mean()), float(d.std(ddof=1))
    z, tail = float(ndtri((1 + INSIDE) / 2)), (1 + CONFIDENCE_LEVEL) / 2
    reach = float(stdtrit(n - 1, tail)) * sd / math.sqrt(n)
    near, far = (float(nctdtrit(n - 1, z * math.sqrt(n), p)) * sd / math.sqrt(n) for p in (1 - tail, tail))
    slope, slope_reach = _slope((x + y) / 2, d)
    made = BlandAltman(
        one, other, n, bias, bias - reach, bias + reach, sd,
        bias - z * sd, bias - far, bias - near,
        bias + z * sd, bias + near, bias + far,
        slope, slope - slope_reach, slope + slope_reach, (), "",
    )  # fmt: skip
    return dataclasses.replace(made, warnings=tuple(_warnings(made, d)), sentence=_sentence(made))


def _slope(mean: Floats, d: Floats) -> tuple[float, float]:
    """The least-squares slope of d on the mean, and how far its interval reaches."""
    from scipy.special import stdtrit

    x = mean - mean.mean()
    spread = float(x @ x)
    if spread <= 1e-12 * float(mean @ mean):
        return math.nan, math.nan
    slope = float(x @ d) / spread
    rest = d - d.mean() - slope * x
    error = math.sqrt(float(rest @ rest) / (len(d) - 2) / spread)
    return slope, float(stdtrit(len(d) - 2, (1 + CONFIDENCE_LEVEL) / 2)) * error


def _warnings(made: BlandAltman, d: Floats) -> list[str]:
    found = []
    if made.items < FEW_ITEMS:
        found.append(f"Only {made.items} items were judged by both; the limits are rough.")
    if made.slope_low > 0 or made.slope_high < 0:
        found.append(
            f"The difference changes with what is judged, by {made.slope:.2g} for each unit: one bias and one pair of "
            "limits do not hold for all items. Ratios, or logarithms, may."
        )
    if made.sd > 0 and _far_from_normal(d):
        found.append("The differences are far from a normal distribution: more or fewer than 95 % may lie between.")
    return found


def _far_from_normal(d: Floats) -> bool:
    """Jarque and Bera's test (1987, International Statistical Review 55, 163-172) at 0.1 %."""
    z = (d - d.mean()) / d.std()
    skew, excess = float((z**3).mean()), float((z**4).mean()) - 3
    return len(d) * (skew**2 / 6 + excess**2 / 24) > 13.8


def _sentence(made: BlandAltman) -> str:
    more = "more" if made.bias > 0 else "less"
    return (
        f"{made.one} gives {abs(made.bias):.3g} {more} than {made.other} on average (95 % interval of the difference "
        f"{made.bias_low:.3g} to {made.bias_high:.3g}, from {made.items:,} items), and on 95 % of items a difference "
        f"between {made.lower:.3g} and {made.upper:.3g}. Whether that is near enough is for you to say, and neither "
        "need be right."
    )
