"""Bradley-Terry: every option has a strength of its own, and the stronger one wins more often.

Option i wins against j with probability 1 / (1 + exp(s_j - s_i)). The scores s, log-strengths, have a normal prior
around 0 with the standard deviation `prior`: so options that always won, and groups that were never compared, have
finite scores. With ties="half" a tie is half a win for either side; with ties="davidson" it is an answer of its own
whose rate is learned, most frequent between equals. Newton's method finds the most probable scores. They are centred
at 0; their intervals come from the observed information (Bradley and Terry 1952, Biometrika 39, 324-345; Davidson
1970, Journal of the American Statistical Association 65, 317-328; the prior as in Caron and Doucet 2012, Journal of
Computational and Graphical Statistics 21, 174-196, but normal).

The answer of an item is the more probable outcome of one more comparison, and its confidence that probability.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.items import Items
    >>> from goldwork.judgements import Judgements
    >>> items = Items.from_columns({"id": [1, 2, 3], "left": ["x", "y", "x"], "right": ["y", "z", "z"]})
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": label}
    ...     for annotator, labels in {"ann": ["left", "left", "left"], "bob": ["left", "left", "tie"]}.items()
    ...     for item, label in enumerate(labels, 1)
    ... )
    >>> consensus = infer_consensus(table, "bradley-terry", items=items)
    >>> consensus.options.names.tolist(), consensus.labels.tolist()
    (['x', 'y', 'z'], ['left', 'left', 'left'])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.comparing import read_comparisons
from goldwork.consensus.strength_fit import (
    answers_of,
    at_least,
    fit_strengths,
    limits_of,
    one_of,
    options_of,
    spreads,
    state_of,
)
from goldwork.consensus.strengths import Design
from goldwork.items import Items
from goldwork.judgements import Judgements


@consensus("bradley-terry", answers="comparisons")
def bradley_terry(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    items: Items | None = None,
    ties: str = "half",
    position: bool = False,
    strength: bool = False,
    prior: float = 3.0,
    gold_weight: float = 10.0,
    max_iterations: int = 100,
    tolerance: float = 1e-9,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Bradley-Terry by Newton's method. Options:

    - `items`: the pairs, with the columns `left` and `right`; without, answers must name the winners
    - `ties`: "half" or "davidson"
    - `position`: whether the side on which an option was shown may matter, in the same way for all
    - `strength`: whether the size of numbers (-3 to 3) counts as a weight
    - `prior`: the standard deviation of the scores that is expected beforehand
    - `gold_weight`: how many comparisons the gold of an item is worth
    - `max_iterations`, and `tolerance`: the promised gain of the objective below which it has converged
    - `intervals`: whether to work them out
    - `start`: an earlier result to start from, by the names of options
    """
    one_of(("half", "davidson"), ties=ties)
    at_least(0, prior=prior, gold_weight=gold_weight, tolerance=tolerance)
    at_least(1, max_iterations=max_iterations)
    pairs = read_comparisons(table, items, strength=strength)
    known = pairs.outcomes(gold, table.items)
    design = Design(
        prior=float(prior),
        position="crowd" if position else "",
        tie="crowd" if ties == "davidson" and (pairs.outcome == 0).any() else "",
    )
    fitted = fit_strengths(
        pairs, design, known, gold_weight,
        given={}, start=start, names=table.annotators, max_iterations=max_iterations, tolerance=tolerance,
    )  # fmt: skip
    outcome, confidence, shared = answers_of(fitted, known)
    errors = spreads(fitted) if intervals else np.full(fitted.model.size, np.nan)
    return Consensus.of_answers(
        "bradley-terry",
        table,
        pairs.answers(outcome),
        confidence,
        ~np.isnan(known),
        ties=shared,
        options=options_of(fitted, errors),
        converged=fitted.climb.converged,
        iterations=len(fitted.climb.objective) - 1,
        objective=fitted.climb.objective,
        state=state_of(fitted, table.annotators),
        warnings=(*limits_of(pairs), *fitted.climb.warnings),
    )
