"""Ordinal: ordered classes, judged by annotators who lean up or down and scatter.

Where Dawid-Skene learns K (K - 1) figures for every annotator, this learns two, a bias and an error, and so needs
fewer judgements each. The classes' order is that of the categories: as declared, or by number.
`goldwork.consensus.thresholds` has the model and its fit, `goldwork.consensus.thresholds_intervals` the intervals.
Ordered probit with annotators' bias and spread: Johnson 1996, Journal of the American Statistical Association 91,
42-51; Lakshminarayanan and Teh 2013, Inferring ground truth from multi-annotator ordinal data, arXiv:1305.0015.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> crowd = {"ann": "1234512334512", "bob": "1234522334512", "cam": "2345523445523", "dot": "1234511234522"}
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": int(label)}
    ...     for annotator, labels in crowd.items()
    ...     for item, label in enumerate(labels)
    ... )
    >>> consensus = infer_consensus(table, "ordinal")
    >>> consensus.labels.tolist()
    [1, 2, 3, 4, 5, 1, 2, 3, 3, 4, 5, 1, 2]
    >>> [record["annotator"] for record in consensus.annotators.to_records() if record["bias"] > 0.8]
    ['cam']
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.ambiguity import ambiguity_of
from goldwork.consensus.thresholds import Ordered, Scale
from goldwork.consensus.thresholds_intervals import describe
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements
from goldwork.judgements.columns import is_number

Floats = npt.NDArray[np.float64]

LOSSES = ("exact", "absolute")
STEPS = ("even", "free")
MAX_CELLS = 100_000_000
"""Annotators times classes squared: .8 GB of confusions."""


@consensus("ordinal")
def ordinal(
    table: Judgements,
    *,
    gold: Codes,
    seed: int,
    loss: str = "exact",
    steps: str = "even",
    bias_prior: float = 0.5,
    error_prior: float = 0.5,
    guess: float = 0.02,
    smoothing: float = 0.1,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    intervals: bool = True,
    ambiguity: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """The ordinal model by EM. Options:

    - `loss`: exact takes the most probable class; absolute the posterior's median, which is off by the fewest steps
    - `steps`: even puts the thresholds halfway between classes, so that a class is what an annotator without bias and
      error calls it; free learns them, which describes answers better where steps are uneven and much used
    - `bias_prior`: the standard deviation of biases, in steps between classes
    - `error_prior`: the standard deviation of the logarithm of annotators' errors
    - `guess`: the share of answers that are given at random, from 0 to below 1
    - `smoothing`: what the prior adds to each class's count
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`, `ambiguity`: whether to work those out
    - `start`: an earlier result, whose annotators begin with what it learned
    """
    _check(table, loss, steps, start)
    _check_amounts(
        bias_prior=bias_prior,
        error_prior=error_prior,
        guess=guess,
        smoothing=smoothing,
        max_iterations=max_iterations,
        tolerance=tolerance,
    )
    if not len(table):
        return Consensus.of("ordinal", table, np.zeros((0, len(table.coded()[1]))), np.zeros(0), gold)
    model = Ordered(
        table,
        gold,
        bias_prior=bias_prior,
        error_prior=error_prior,
        guess=guess,
        smoothing=smoothing,
        free=steps == "free",
    )
    fitted = _fit(model, start, max_iterations, tolerance * len(table))
    made = _consensus(model, *fitted, intervals=intervals, ambiguity=ambiguity)
    return made if loss == "exact" else _medians(made)


def _consensus(
    model: Ordered,
    probabilities: Floats,
    scale: Scale,
    objective: Floats,
    converged: bool,
    *,
    intervals: bool,
    ambiguity: bool,
) -> Consensus:
    """What the fit says, with the most probable classes as answers."""
    table, prevalence, confusion = model.table, scale.prevalence, model.confusion(scale)
    return Consensus.of(
        "ordinal",
        table,
        probabilities,
        prevalence,
        model.gold,
        ambiguity=ambiguity_of(table, probabilities, prevalence, confusion) if ambiguity else None,
        annotators=describe(model, scale, probabilities, intervals=intervals),
        prevalence=prevalence,
        converged=converged,
        iterations=len(objective),
        objective=objective,
        state=_state(table, scale),
        warnings=(*_order(table), *_said(objective, converged=converged)),
    )


def _check(table: Judgements, loss: str, steps: str, start: Consensus | None) -> None:
    if loss not in LOSSES:
        raise InputError(f"loss must be one of {', '.join(LOSSES)}. Got {loss!r}.")
    if steps not in STEPS:
        raise InputError(f"steps must be one of {', '.join(STEPS)}. Got {steps!r}.")
    if start is not None and start.method != "ordinal":
        raise InputError(f"start must be a result of ordinal. Got one of {start.method}.")
    k = len(table.coded()[1])
    if len(table.annotators) * k * k > MAX_CELLS:
        raise InputError(
            f"{k:,} different labels are too many for ordinal with {len(table.annotators):,} annotators. "
            "Are these numbers? Then bias-precision will do."
        )


def _check_amounts(**amounts: float) -> None:
    for name, value in amounts.items():
        if name == "guess" and not 0 <= value < 1:
            raise InputError(f"guess must be at least 0 and below 1. Got {value!r}.")
        if name.endswith("_prior") and not 0 < value < math.inf:
            raise InputError(f"{name} must be above 0. Got {value!r}.")
        least = 1 if name == "max_iterations" else 0
        if not least <= value < math.inf:
            raise InputError(f"{name} must be {least} or more. Got {value!r}.")


def _fit(
    model: Ordered, start: Consensus | None, max_iterations: int, tolerance: float
) -> tuple[Floats, Scale, Floats, bool]:
    """Probabilities that follow from the parameters, the objective at every iteration, whether it stopped gaining."""
    probabilities, scale = model.start(start.state if start else {})
    objective: list[float] = []
    while len(objective) < max_iterations:
        model.maximise(probabilities, scale)
        probabilities, value = model.expect(scale)
        objective.append(value)
        if len(objective) > 1 and value - objective[-2] < tolerance:
            return probabilities, scale, np.array(objective), True
    return probabilities, scale, np.array(objective), False


def _said(objective: Floats, *, converged: bool) -> list[str]:
    if converged:
        return []
    return [f"The fit had not converged after {len(objective)} iterations. Allow more with max_iterations."]


def _order(table: Judgements) -> list[str]:
    """A warning where the order of the classes is a guess."""
    categories = table.coded()[1].tolist()
    if table.declared or len(categories) < 3 or all(is_number(category) for category in categories):
        return []
    listed = ", ".join(map(str, categories[:10]))
    return [f"The classes are taken to be in this order: {listed}. Declare another with with_categories."]


def _medians(made: Consensus) -> Consensus:
    """The same result with the median of every item's posterior as its answer."""
    categories, _, probabilities = made.choices()
    if not len(made):
        return made
    codes = (probabilities.cumsum(axis=1) >= 0.5 - 1e-9).argmax(axis=1).astype(np.int32)
    return dataclasses.replace(
        made,
        labels=categories[codes],
        codes=codes,
        confidence=probabilities[np.arange(len(codes)), codes],
        ties=np.zeros(len(codes), bool),
    )


def _state(table: Judgements, scale: Scale) -> dict[str, Any]:
    return {
        "annotators": table.annotators,
        "categories": table.coded()[1],
        "prevalence": scale.prevalence,
        "thresholds": scale.thresholds,
        "bias": scale.bias,
        "log_error": scale.log_error,
        "middling": scale.middling,
    }
