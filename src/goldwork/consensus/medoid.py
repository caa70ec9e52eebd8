"""Medoid: of an item's answers the one nearest to the others, by a distance, reliable annotators counting more.

It needs nothing of a kind of answers but a distance, so that every kind has a consensus on its first day. An item's
answer is always one that somebody gave. How much annotators count is learned from the distances (see
`goldwork.consensus.race`), and the confidence of an answer is the probability that none of the item's answers is
nearer to the truth. Answers at distance 0 are one answer. A tie is said in `ties`; it goes to the wording given most
often, then to the first category. The plain medoid, which all annotators count for alike, is also called the smallest
average distance (Braylan and Lease 2020, The Web Conference, 1807-1818).

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": label}
    ...     for annotator, labels in {
    ...         "ann": [["cat"], ["dog", "fox"], ["cow"]],
    ...         "bob": [["cat", "dog"], ["dog", "fox"], ["cow"]],
    ...         "cam": [["cat"], ["cow"], ["cat", "cow"]],
    ...     }.items()
    ...     for item, label in enumerate(labels)
    ... )
    >>> consensus = infer_consensus(table, "medoid", distance="jaccard")
    >>> consensus.labels.tolist()
    [['cat'], ['dog', 'fox'], ['cow']]
    >>> consensus.state["distance"]
    'jaccard'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.nearness import describe_nearness
from goldwork.consensus.race import Apart, checked, race
from goldwork.consensus.result import TIE
from goldwork.distances import Distance, distances_between
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects
from goldwork.judgements.shapes import Shape, shape_of

DISTANCES: Mapping[Shape, str] = {
    "choice": "nominal",
    "comparisons": "nominal",
    "numbers": "difference",
    "sets": "jaccard",
    "rankings": "kendall",
    "spans": "spans",
    "boxes": "boxes",
    "text": "words",
    "any": "nominal",
}
"""The distance by what the labels look like. `difference`, see `_difference`, is of this method alone."""


@consensus("medoid", answers="any")
def medoid(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    distance: str | Distance | None = None,
    shape: float | None = None,
    prior: float = 5.0,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """The weighted medoid by EM. Options:

    - `distance`: a registered name, or a function of two answers to a number in [0, 1], 0 where they are the same; by
      default what fits the labels (DISTANCES), and `state` says which
    - `shape`: the power of distances that is taken for exponential, .1 or more; by default as they vary, from 1 to 3
    - `prior`: how many judgements the prior of an annotator's rate is worth, .1 or more
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`: whether to work out annotators' nearness and its interval
    - `start`: an earlier result of medoid or rover, whose rates of annotators are those to begin with
    """
    of = DISTANCES[shape_of(table)] if distance is None else distance
    apart = measure(table, gold, _difference(table.numbers()) if of == "difference" else of)
    raced = race(apart, shape=shape, prior=prior, max_iterations=max_iterations, tolerance=tolerance, start=start)
    probabilities = apart.together(raced.fitted.probabilities)
    chosen, ties = apart.best(probabilities, TIE)
    labels = table.labels()[chosen]
    for place in np.flatnonzero(apart.known).tolist():
        labels[place] = gold[place]
    return Consensus.of_answers(
        "medoid",
        table,
        labels,
        np.where(apart.known, 1.0, np.minimum(probabilities[chosen], 1.0)),
        apart.known,
        ties=ties & ~apart.known,
        annotators=describe_nearness(raced) if intervals else None,
        converged=raced.fitted.converged,
        iterations=len(raced.fitted.objective),
        objective=raced.fitted.objective,
        state={**raced.state, "distance": of if isinstance(of, str) else getattr(of, "__name__", "")},
        warnings=(*_said(ties & ~apart.known), *raced.fitted.warnings),
    )


def measure(table: Judgements, gold: npt.NDArray[Any], of: str | Distance) -> Apart:
    """The distances within items and from gold, each two different answers measured once."""
    codes, values = table.coded()
    first, second = table.pairs()
    known = np.array([answer is not None for answer in gold.tolist()], bool)
    judged = np.flatnonzero(known[table.item])
    gold_code = len(values) + np.cumsum(known) - 1
    measured = checked(
        distances_between(
            of,
            objects([*values.tolist(), *gold[known].tolist()]),
            np.r_[codes[first], codes[judged]],
            np.r_[codes[second], gold_code[table.item[judged]]],
        )
    )
    from_gold = np.full(len(table), np.nan)
    from_gold[judged] = measured[len(first) :]
    return Apart(table, first, second, measured[: len(first)], known, from_gold)


def _difference(numbers: npt.NDArray[np.float64]) -> Distance:
    """Of numbers that differ by x, x over x + the standard deviation of all: an outlier leaves the rest apart."""
    unit = float(np.abs(numbers).max(initial=0)) or 1.0  # so that nothing overflows
    scale = float((numbers / unit).std()) if len(numbers) else 0.0

    def between(first: Any, second: Any) -> float:
        apart = abs(float(first) / unit - float(second) / unit)
        return apart / (apart + scale) if apart else 0.0

    return between


def _said(ties: npt.NDArray[np.bool_]) -> list[str]:
    if not ties.any():
        return []
    return [f"{ties.sum():,} of {len(ties):,} items are ties; they went to the answer given most often in its words."]
