"""What is known of an annotator, as whole numbers, and what an answer of theirs says.

A state counts an annotator's answers by the class that was right, as far as that is known: an answer on an item whose
classes have the probabilities q counts q_k under every class k. Counts are integers at `SCALE`, so that they do not
depend on the order of additions. The crowd's own state, `pooled`, is the sum of all of them, with the classes of gold
beside it.

**What an answer says.** With n_kl the annotator's answers l where k was right, n_k their sum, and the pooled p_kl,

    P(l | k) = (n_kl + CELLS b_kl) / (n_k + CELLS)
    b_kk = a,   b_kl = (1 - a) p_kl / (p_k - p_kk)   for l other than k
    a = (n_hits + OWN p) / (n + OWN),   p = p_hits / p_all

A confusion matrix of one's own is shrunken to a base of one's own accuracy `a` and the direction of everybody's errors,
which a handful of answers can tell; `a` itself is shrunken to the crowd's accuracy. Above `FULL` classes the base is
all there is: a state is then two numbers.

*Source:* confusion matrices by Dawid and Skene 1979, Applied Statistics 28, 20-28; shrinking them to what the crowd
has in common: Kim and Ghahramani 2012, Bayesian Classifier Combination, AISTATS, 619-627, and Moreno, Artes-Rodriguez,
Teh and Perez-Cruz 2015, Journal of Machine Learning Research 16, 1607-1627.

    >>> crowd = Pooled(2, fresh_pool(2))
    >>> [round(math.exp(log), 2) for log in says(fresh(2), crowd, 1)]  # nothing is known yet
    [0.2, 0.8]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SCALE = 1 << 20
FULL = 20
"""Up to so many classes annotators have a whole confusion matrix."""
OWN = 8.0
"""How many answers the crowd's accuracy counts as in an annotator's own."""
CELLS = 8.0
"""How many answers of a class the base counts as in a row of an annotator's confusion matrix."""
BEGIN, ASSUMED = 20.0, {2: 0.8}
"""How many answers count as what is assumed of a crowd of which nothing is known; how often it is right, else .7."""
ABOVE = 0.1
"""What a crowd is at least better than chance."""
EVEN = 40.0
"""How many gold items the assumption that all classes are as common counts as."""
HITS, ALL, ROWS = 0, 1, 2
"""A state's places: answers that were right, all answers; of a whole matrix the rows' sums, then the rows."""


class Pooled(NamedTuple):
    """The crowd's state: how many classes there are, and `counts`, of the length `fresh_pool` has.

    `counts`: as an annotator's with a whole matrix, then how many gold items drawn at random have each class.
    """

    classes: int
    counts: list[int]


def fresh(classes: int) -> list[int]:
    """The state of somebody of whom nothing is known."""
    return [0] * (ROWS + classes + classes * classes if classes <= FULL else ROWS)


def fresh_pool(classes: int) -> list[int]:
    """The counts of a crowd of which nothing is known."""
    return [0] * (ROWS + 2 * classes + classes * classes)


def accuracy(pooled: Pooled) -> float:
    """How often the crowd is right: at least `ABOVE` more than by chance, or a few bad ones would turn a newcomer's
    answers into their opposites."""
    assumed = ASSUMED.get(pooled.classes, 0.7)
    found = (pooled.counts[HITS] / SCALE + BEGIN * assumed) / (pooled.counts[ALL] / SCALE + BEGIN)
    return max(found, 1 / pooled.classes + ABOVE)


def own_accuracy(state: Sequence[int], crowd: float) -> float:
    """How often an annotator is right, where the whole crowd is so with a share of `crowd`."""
    return (state[HITS] / SCALE + OWN * crowd) / (state[ALL] / SCALE + OWN)


def says(state: Sequence[int], pooled: Pooled, answer: int, crowd: float | None = None) -> list[float]:
    """What an annotator with this state says by `answer`: log P(answer | class) for every class, [K].

    `crowd`: the crowd's accuracy, where the caller has it.
    """
    classes, counts = pooled
    right = own_accuracy(state, accuracy(pooled) if crowd is None else crowd)
    wrong, first = (1 - right) * CELLS * SCALE, ROWS + classes
    others, whole, cells = (classes - 1) * SCALE, len(state) > ROWS, CELLS * SCALE
    log, logs = math.log, []
    for k, row in enumerate(range(first, first + classes * classes, classes)):
        cell = row + answer
        if k == answer:
            base = right * cells
        else:
            base = wrong * (counts[cell] + SCALE) / (counts[ROWS + k] - counts[row + k] + others)
        logs.append(log((state[cell] + base) / (state[ROWS + k] + cells)) if whole else log(base / cells))
    return logs


def frequencies(pooled: Pooled) -> list[float]:
    """How common every class is among items, [K], as gold drawn at random has it.

    Judgements are not asked: an EM algorithm that learns frequencies from few of them drifts to one class.
    """
    classes, counts = pooled
    seen = counts[ROWS + classes + classes * classes :]
    even = EVEN * SCALE / classes
    total = sum(seen) + EVEN * SCALE
    return [(one + even) / total for one in seen]


def resized(counts: Sequence[int], classes: int) -> list[int]:
    """An annotator's state where there are now so many classes: what was counted stays where it was.

    An empty one is a fresh one. A whole matrix that has become too large keeps hits and all.
    """
    made = fresh(classes)
    if not counts or len(counts) == len(made):
        return list(counts) or made
    made[:ROWS] = counts[:ROWS]
    before = _classes(len(counts) - ROWS, 1)
    if classes <= FULL and len(counts) > ROWS:
        _move(counts, made, before, classes)
    return made


def resized_pool(counts: Sequence[int], classes: int) -> list[int]:
    """The crowd's counts where there are now so many classes."""
    made = fresh_pool(classes)
    if not counts or len(counts) == len(made):
        return list(counts) or made
    made[:ROWS] = counts[:ROWS]
    before = _classes(len(counts) - ROWS, 2)
    _move(counts, made, before, classes)
    for k in range(before):
        made[ROWS + classes + classes * classes + k] = counts[ROWS + before + before * before + k]
    return made


def _classes(places: int, rows: int) -> int:
    """K of K K + rows K places."""
    return (math.isqrt(rows * rows + 4 * places) - rows) // 2


def _move(counts: Sequence[int], made: list[int], before: int, classes: int) -> None:
    """Copy a confusion matrix and the sums of its rows from one layout to a larger one."""
    for k in range(before):
        made[ROWS + k] = counts[ROWS + k]
        here, there = ROWS + before + k * before, ROWS + classes + k * classes
        made[there : there + before] = counts[here : here + before]
