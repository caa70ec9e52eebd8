"""Bias and precision: numbers from annotators who lean and scatter each in their own way.

Annotator a says of item i

    y = mu_i + b_a + e,   e ~ N(0, s_a / lambda_i),   mu_i ~ N(m, tau),   b_a ~ N(0, beta)

with a bias b_a, a precision 1 / s_a and, for items on which all scatter more, an ease lambda_i. Precisions and eases
are shrunk: their priors count as `annotator_prior` judgements of a middling annotator and `item_prior` of a middling
item.
`goldwork.consensus.gaussian` has the fit by variational Bayes, `goldwork.consensus.gaussian_intervals` the intervals.
Errors whose variance is each annotator's own: Grubbs 1948, Journal of the American Statistical Association 43, 243-264;
annotators with bias and precision: Raykar et al. 2010, Journal of Machine Learning Research 11, 1297-1322.

    >>> from goldwork.testing.kinds import simulate_answers
    >>> from goldwork.consensus import infer_consensus
    >>> consensus = infer_consensus(simulate_answers("numbers", seed=1).table, "bias-precision")
    >>> consensus.labels[:3].round(1).tolist(), consensus.converged
    ([-8.3, -3.0, 18.7], True)
    >>> sorted(consensus.annotators.to_records()[0])[:5]
    ['annotator', 'bias', 'bias_high', 'bias_low', 'error']
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, consensus
from goldwork.consensus.gaussian import Belief, Ratings
from goldwork.consensus.gaussian_intervals import bias_errors, error_variances, item_errors
from goldwork.consensus.ratings import NO_OVERLAP, around, numbers_of, tolerable
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


@consensus("bias-precision", answers="numbers")
def bias_precision(
    table: Judgements,
    *,
    gold: Floats,
    seed: int,
    annotator_prior: float = 20,
    item_prior: float = 30,
    within: float | None = None,
    max_iterations: int = 500,
    tolerance: float = 1e-7,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Bias and precision by variational Bayes. Options:

    - `annotator_prior`: how many judgements the prior of a precision counts as, above 0
    - `item_prior`: the same for an item's ease; `math.inf` takes all items to be as hard
    - `within`: confidence is the probability that the truth lies so near, in the judgements' unit
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`: whether to work those out; without them confidence takes what was learned of annotators as known
    - `start`: an earlier result, whose annotators begin with what it learned
    """
    _check(annotator_prior, item_prior, max_iterations, tolerance, start)
    numbers_of(table, gold)
    near = tolerable(table, within)
    if not len(table):
        return Consensus.of_answers("bias-precision", table, np.zeros(0), np.zeros(0), np.zeros(0, bool))
    model = Ratings(table, gold, float(annotator_prior), float(item_prior))
    belief = model.start(start.state if start else {}, table.annotators)
    objective, converged = _fit(model, belief, max_iterations, tolerance * len(table))
    parts = table.parts()
    error, freedom = item_errors(model, belief, parts) if intervals else (np.sqrt(belief.mu_variance), np.array(1e6))
    labels = np.where(model.known, gold, model.centre + model.scale * belief.mu)
    alone = not (table.per_item() > 1).any() and not model.known.any()
    error = np.where(alone & ~model.known, np.nan, error)
    low, high, confidence = around(labels, error * model.scale, np.broadcast_to(freedom, error.shape), near)
    middling = belief.ease / belief.noise
    return Consensus.of_answers(
        "bias-precision",
        table,
        labels,
        confidence,
        model.known,
        low=low if intervals else None,
        high=high if intervals else None,
        difficulty=_beyond(near / model.scale, middling),
        annotators=_annotators(table, model, belief, parts, intervals=intervals and not alone),
        converged=converged,
        iterations=len(objective),
        objective=objective,
        state=_state(table, model, belief),
        warnings=(*([NO_OVERLAP] if alone else []), *_said(objective, converged=converged)),
    )


def _check(
    annotator_prior: float, item_prior: float, max_iterations: int, tolerance: float, start: Consensus | None
) -> None:
    for name, value in (("annotator_prior", annotator_prior), ("item_prior", item_prior)):
        if not value > 0 or (name == "annotator_prior" and math.isinf(value)):
            raise InputError(f"{name} must be above 0. Got {value!r}.")
    if max_iterations < 1:
        raise InputError(f"max_iterations must be 1 or more. Got {max_iterations!r}.")
    if not np.isfinite(tolerance) or tolerance < 0:
        raise InputError(f"tolerance must be 0 or more. Got {tolerance!r}.")
    if start is not None and start.method != "bias-precision":
        raise InputError(f"start must be a result of bias-precision. Got one of {start.method}.")


def _fit(model: Ratings, belief: Belief, max_iterations: int, tolerance: float) -> tuple[Floats, bool]:
    """The objective at every iteration, and whether it stopped gaining."""
    objective: list[float] = []
    while len(objective) < max_iterations:
        model.step(belief)
        objective.append(model.objective(belief))
        if len(objective) > 1 and objective[-1] - objective[-2] < tolerance:
            return np.array(objective), True
    return np.array(objective), False


def _said(objective: Floats, *, converged: bool) -> list[str]:
    if converged:
        return []
    return [f"The fit had not converged after {len(objective)} iterations. Allow more with max_iterations."]


def _beyond(near: float, precision: Floats) -> Floats:
    """The probability that a normal error of this precision exceeds `near`."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-near * np.sqrt(precision)))


def _annotators(
    table: Judgements, model: Ratings, belief: Belief, parts: npt.NDArray[np.int32], *, intervals: bool
) -> Annotators:
    """Precision, error (its standard deviation) and bias of everybody, in the judgements' unit."""
    from scipy.special import stdtrit

    nothing = np.full(model.annotators, np.nan)
    variance, low, high = 1 / belief.precision, nothing, nothing
    reach = nothing
    if intervals:
        variance, low, high = error_variances(model, belief)
        error, freedom = bias_errors(model, belief, parts)
        reach = stdtrit(freedom, 0.975) * error * model.scale
    square = model.scale**2
    bias = model.scale * belief.bias
    return Annotators(
        names=table.annotators,
        judgements=np.bincount(table.annotator, minlength=model.annotators),
        skill=1 / (variance * square),
        low=1 / (high * square),
        high=1 / (low * square),
        measure="precision",
        more={
            "error": np.sqrt(variance) * model.scale,
            "error_low": np.sqrt(low) * model.scale,
            "error_high": np.sqrt(high) * model.scale,
            "bias": bias,
            "bias_low": bias - reach,
            "bias_high": bias + reach,
        },
    )


def _state(table: Judgements, model: Ratings, belief: Belief) -> dict[str, Any]:
    """What a later fit may start from, in the judgements' unit."""
    square = model.scale**2
    return {
        "annotators": table.annotators,
        "bias": belief.bias * model.scale,
        "precision": belief.precision / square,
        "middle": model.centre + model.scale * belief.middle,
        "spread": belief.spread * square,
        "noise": belief.noise * square,
    }
