"""E-values by likelihood: what the best explanation by an honest annotator leaves over.

The answers of a person are l_1, l_2, ... An alternative gives each a probability from what came before, and so do the
honest explanations in a set H. With weights w that sum to at most 1,

    E_n = sum over alternatives j of w_j prod_{i <= n} p_j(l_i)  /  max over h in H of prod_{i <= n} p_h(l_i)

is at most the likelihood ratio against whichever h is true, so it is an e-value at any time: universal inference
(Wasserman, Ramdas and Balakrishnan 2020, PNAS 117, 16880-16890; Ramdas et al. 2023, Statistical Science 38, 576-601).
It holds as far as H describes honest people. H is made wide for that: whoever it has room for is left in peace.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Judgements
from goldwork.judgements.columns import moments

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

LEAST = 20
"""Nobody is tested on fewer judgements."""
LARGEST = 1e12
"""E-values are cut here: nothing is surer."""


def log_path(alternatives: Floats, honest: Floats, *, ordered: bool, weights: Floats | None = None) -> Floats:
    """The logarithm of the e-value of one person's answers, after each where they are `ordered` in time, else at last.

    `alternatives` [J, n] and `honest` [H, n] are log probabilities of the answers; `weights` [J] (none: equal parts).
    """
    share = np.full(len(alternatives), 1 / len(alternatives)) if weights is None else weights
    against = _reached(alternatives, ordered=ordered) + np.log(share)[:, None]
    left = np.logaddexp.reduce(against, axis=0) - _reached(honest, ordered=ordered).max(axis=0)
    return np.asarray(left)


def _reached(logs: Floats, *, ordered: bool) -> Floats:
    return np.asarray(np.cumsum(logs, axis=1) if ordered else logs.sum(axis=1, keepdims=True))


def largest(path: Floats) -> float:
    """The largest e-value of a path of logarithms, between 0 and LARGEST."""
    return min(LARGEST, math.exp(min(float(path.max()), 50.0))) if len(path) else 1.0


def people(table: Judgements) -> Iterator[tuple[int, Rows]]:
    """Each annotator's code with the rows of their judgements, in the order of time where there is one."""
    order = np.lexsort((np.arange(len(table)), np.nan_to_num(moments_of(table), nan=-1.0), table.annotator))
    bounds = np.searchsorted(table.annotator[order], np.arange(len(table.annotators) + 1))
    for code in range(len(table.annotators)):
        rows = order[bounds[code] : bounds[code + 1]]
        if len(rows):
            yield code, rows


def in_time(table: Judgements) -> bool:
    """Whether it is known in which order everybody worked."""
    return "submitted_at" in table.context and not bool(np.isnan(moments_of(table)).any())


def moments_of(table: Judgements) -> Floats:
    """[n]: when each answer came, seconds since 1970; nan where that is not known. Raises InputError for no time."""
    if table not in _MOMENTS:
        column = table.context.get("submitted_at")
        found = np.full(len(table), np.nan) if column is None else moments(column.tolist(), "submitted_at")
        _MOMENTS[table] = found
    return _MOMENTS[table]


_MOMENTS: weakref.WeakKeyDictionary[Judgements, Floats] = weakref.WeakKeyDictionary()
"""Times may be text, which takes long to read: once a table."""


def own_habit(codes: npt.NDArray[np.integer], categories: int) -> Floats:
    """[n]: how probable each answer was by the person's earlier answers alone (Krichevsky and Trofimov's rule)."""
    before = np.arange(len(codes))
    return np.asarray((earlier(codes) + 0.5) / (before + categories / 2))


def earlier(codes: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """[n]: how often the same code stood before each place."""
    order = np.argsort(codes, kind="stable")
    of = codes[order]
    first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    found = np.empty(len(codes), np.intp)
    found[order] = np.arange(len(codes)) - np.repeat(first, np.diff(np.r_[first, len(codes)]))
    return found


def wilson(hits: float, trials: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (1927, Journal of the American Statistical Association 22, 209-212)."""
    if trials <= 0:
        return 0.0, 1.0
    z, share = 1.959963984540054, hits / trials
    middle, width = share + z * z / (2 * trials), z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return max(0.0, (middle - width) / (1 + z * z / trials)), min(1.0, (middle + width) / (1 + z * z / trials))
