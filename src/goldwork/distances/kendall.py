"""kendall: the share of pairs of options on whose order two rankings disagree.

A ranking is a list of options, best first; options that tie are a list within it: ["a", ["b", "c"], "d"]. A pair that
the rankings put in opposite orders counts 1, a pair that only one of them ties counts 1/2, over all pairs: Fagin,
Kumar, Mahdian, Sivakumar and Vee 2006, Comparing Partial Rankings, SIAM Journal on Discrete Mathematics 20, 628-648,
K with p = 1/2. Without ties it is (1 - Kendall's tau) / 2. For rankings of the same options it is a metric.

A ranking may leave options out. Those the other one ranks tie below all it ranks, as in top-k lists (Fagin, Kumar and
Sivakumar 2003, SIAM Journal on Discrete Mathematics 17, 134-160), and each counts as one further pair that disagrees,
so that ["a"] and ["a", "b"] are not the same answer.

    >>> kendall(["a", "b", "c"], ["c", "b", "a"]), kendall(["a", "b", "c"], [["a", "b"], "c"])
    (1.0, 0.16666666666666666)
    >>> kendall(["a"], ["a", "b"])  # the pair of a and b is in order, but b is left out
    0.5
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from goldwork.distances import distance
from goldwork.distances.sets import read_option
from goldwork.errors import InputError

Ranks = Mapping[str | int, int]


def read_ranking(value: Any) -> Ranks:
    """The rank of every option, from 0. Raises InputError unless `value` is a list of options, or of lists of those
    that tie, each option once."""
    if not isinstance(value, list | tuple):
        raise InputError(f"a ranking must be a list of options, best first. Got {value!r}.")
    ranks: dict[str | int, int] = {}
    for rank, place in enumerate(value):
        tied = place if isinstance(place, list | tuple) else [place]
        if not tied:
            raise InputError(f"options that tie must be a list of some. Got {place!r} in {value!r}.")
        for option in map(read_option, tied):
            if option in ranks:
                raise InputError(f"a ranking must hold every option once. Got {option!r} twice in {value!r}.")
            ranks[option] = rank
    return ranks


def _apart(first: Ranks, second: Ranks) -> float:
    options = [*first, *(option for option in second if option not in first)]
    alone = 2 * len(options) - len(first) - len(second)
    if not options:
        return 0.0
    one, two = (np.array([ranks.get(option, len(options)) for option in options]) for ranks in (first, second))
    signs = np.sign(one[:, None] - one) - np.sign(two[:, None] - two)
    disagree = float(np.abs(signs).sum()) / 4 + alone
    pairs = len(options) * (len(options) - 1) / 2 + alone
    return disagree / pairs if pairs else 0.0


@distance(
    "kendall",
    read=read_ranking,
    between=_apart,
    metric=False,
    examples=(
        ["a", "b", "c"],
        ["a", "c", "b"],
        ["c", "b", "a"],
        [["a", "b"], "c"],
        [["a", "b", "c"]],
        ["a"],
        ["b"],
        [],
    ),
)
def kendall(first: Any, second: Any) -> float:
    """The share of pairs in which two rankings, lists best first with ties as lists, disagree."""
    return _apart(read_ranking(first), read_ranking(second))
