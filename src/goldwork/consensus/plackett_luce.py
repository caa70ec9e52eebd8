"""Plackett-Luce: a ranking is a row of choices, each of the best of what is left.

Of the options that are left, i comes next with probability exp(s_i) over the sum of theirs. The scores s have a normal
prior around 0 with the standard deviation `prior`. Options that a ranking does not tell apart may have come in any
order, and their probability is the sum over all of them; so the best of many, `["b", ["a", "c"]]`, is a single choice,
and a tie tells what came before and after it. Newton's method finds the most probable scores, the only maximum there
is; they are centred at 0, and their intervals come from the observed information (Plackett 1975, Applied Statistics
24, 193-202; Luce 1959, Individual Choice Behavior; Hunter 2004, The Annals of Statistics 32, 384-406; groups: as in
the exact handling of ties by Kalbfleisch and Prentice 1973, Biometrika 60, 267-278).

The answer of an item is the order of its options by score. Its confidence is the mean, over pairs of options, of the
probability that another ranking puts the pair in this order.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records([
    ...     {"item": 1, "annotator": "ann", "label": ["b", "a", "c"]},
    ...     {"item": 1, "annotator": "bob", "label": ["b", ["a", "c"]]},
    ...     {"item": 1, "annotator": "cam", "label": ["a", "b"]},
    ... ])
    >>> infer_consensus(table, "plackett-luce").labels.tolist()
    [['b', 'a', 'c']]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.climbing import climb
from goldwork.consensus.orders import Orders
from goldwork.consensus.ranking import Rankings, ranked_options, read_rankings, write_orders
from goldwork.consensus.strength_fit import Z, at_least
from goldwork.consensus.uncertainty import centre, variances
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


@consensus("plackett-luce", answers="rankings")
def plackett_luce(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    pooled: bool = False,
    prior: float = 3.0,
    gold_weight: float = 10.0,
    max_iterations: int = 100,
    tolerance: float = 1e-9,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Plackett-Luce by Newton's method. Options:

    - `pooled`: whether options of the same name are the same in all items, such as systems, on one scale. Else every
      item has a scale of its own, and `options` calls them (item, option)
    - `prior`: the standard deviation of the scores that is expected beforehand
    - `gold_weight`: how many rankings the gold of an item is worth
    - `max_iterations`, and `tolerance`: the promised gain of the objective below which it has converged
    - `intervals`: whether to work them out
    - `start`: an earlier result to start from, by the names of options
    """
    at_least(0, prior=prior, gold_weight=gold_weight, tolerance=tolerance)
    at_least(1, max_iterations=max_iterations)
    rankings = read_rankings(table, gold, gold_weight)
    place = rankings.option if pooled else np.arange(len(rankings.item))
    size = len(rankings.distinct) if pooled else len(place)
    whose = np.zeros(size, np.intp) if pooled else rankings.item
    names = _names(rankings, pooled, table)
    hill = Orders(rankings.blocks, place, size, float(prior))
    top = climb(hill, _begin(start, names), max_iterations=max_iterations, tolerance=tolerance)
    score = top.at - (np.bincount(whose, top.at) / np.maximum(np.bincount(whose), 1))[whose]
    error = _errors(hill, top.at, whose, pooled) if intervals and size else np.full(size, np.nan)
    labels, ties, rank = write_orders(rankings, score[place])
    return Consensus.of_answers(
        "plackett-luce",
        table,
        labels,
        _confidence(rankings, score[place], rank),
        np.isin(np.arange(len(table.items)), list(rankings.known)),
        ties=ties,
        options=ranked_options(rankings, names, pooled, score, Z * error),
        converged=top.converged,
        iterations=len(top.objective) - 1,
        objective=top.objective,
        state={"options": names.tolist(), "score": top.at.copy()},
        warnings=(*_apart(rankings, place, size, whose, pooled), *top.warnings),
    )


def _names(rankings: Rankings, pooled: bool, table: Judgements) -> npt.NDArray[Any]:
    """The options' names; with scales of their own, those of item and option."""
    if pooled:
        return rankings.distinct
    made = np.empty(len(rankings.item), object)
    made[:] = list(zip(table.items[rankings.item].tolist(), rankings.names.tolist(), strict=True))
    return made


def _begin(start: Consensus | None, names: npt.NDArray[Any]) -> Floats:
    """Equal scores, or those of an earlier result."""
    if start is None:
        return np.zeros(len(names))
    if "score" not in start.state or "options" not in start.state:
        raise InputError(f"start must be an earlier result of the same method. Got one of {start.method}.")
    known = dict(zip(start.state["options"], start.state["score"].tolist(), strict=True))
    return np.array([known.get(name, 0.0) for name in names.tolist()], np.float64)


def _errors(hill: Orders, at: Floats, whose: npt.NDArray[np.intp], pooled: bool) -> Floats:
    """The standard errors of the scores, centred within their scale."""
    if pooled:
        return np.asarray(np.sqrt(variances(hill.slope(at)[1], centre, centre)))
    matrix = hill.information(at, np.zeros(len(at)))[0].tocoo()
    count = np.bincount(whose)
    first = np.r_[0, np.cumsum(count)]
    begin = np.r_[0, np.cumsum(count**2)]
    row, column = matrix.coords
    item = whose[row]
    cell = begin[item] + (row - first[item]) * count[item] + column - first[item]
    flat = np.bincount(cell, matrix.data, int(begin[-1]))
    error = np.zeros(len(at))
    for options in np.unique(count[count > 0]).tolist():
        items = np.flatnonzero(count == options)
        blocks = flat[begin[items][:, None] + np.arange(options**2)].reshape((-1, options, options))
        centre_of = np.eye(options) - 1 / options
        spread = np.einsum("xi,kij,xj->kx", centre_of, np.linalg.inv(blocks), centre_of)
        error[first[items][:, None] + np.arange(options)] = np.sqrt(np.maximum(spread, 0))
    return error


def _confidence(rankings: Rankings, score: Floats, rank: npt.NDArray[np.intp]) -> Floats:
    """The mean probability of an item's pairs of options to come in its order again; 1 where gold says it."""
    count = np.bincount(rankings.item, minlength=rankings.items)
    first = np.r_[0, np.cumsum(count)]
    made = np.ones(rankings.items)
    for options in np.unique(count[count > 1]).tolist():
        items = np.flatnonzero(count == options)
        rows = first[items][:, None] + np.arange(options)
        away = score[rows][:, :, None] - score[rows][:, None, :]
        same = rank[rows][:, :, None] == rank[rows][:, None, :]
        one, two = np.triu_indices(options, 1)
        made[items] = np.where(same, 0.5, 1 / (1 + np.exp(-np.abs(away))))[:, one, two].mean(axis=1)
    made[list(rankings.known)] = 1
    return made


def _apart(
    rankings: Rankings, place: npt.NDArray[np.intp], size: int, whose: npt.NDArray[np.intp], pooled: bool
) -> list[str]:
    """Where options were never compared, not even round about."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = [place[block.place] for block in rankings.blocks if len(block.sizes) > 1]
    if not size or not ends:
        return ["No ranking tells any two options apart."] if size else []
    one = np.concatenate([rows[:, :-1].ravel() for rows in ends])
    two = np.concatenate([rows[:, 1:].ravel() for rows in ends])
    links = coo_array((np.ones(len(one), np.int8), (one, two)), shape=(size, size))
    group = connected_components(links, directed=False)[1]
    parts = np.unique(np.stack([whose, group], axis=1), axis=0)[:, 0]
    apart = int((np.bincount(parts) > 1).sum())
    if not apart:
        return []
    where = "The options fall" if pooled else f"In {apart:,} of {rankings.items:,} items the options fall"
    return [
        f"{where} into groups that were never compared: scores of different groups are compared by the prior alone."
    ]
