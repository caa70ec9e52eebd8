"""Two coins a class: sets of classes from annotators who overlook some and imagine others.

Every class is a question of its own, does it hold or not, and every annotator has a sensitivity and a specificity for
it, which `goldwork.consensus.coins` learns together with the answers. The answer is the most probable set within the
limits, classes being taken as independent, and confidence the probability of the whole set; `probabilities` are each
class's own. Two coins: Raykar et al. 2010, Journal of Machine Learning Research 11, 1297-1322, section 2; several
classes at once: Duan et al. 2014, Separate or joint? Estimation of multiple labels from crowdsourced annotations,
Expert Systems with Applications 41, 5723-5732.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing.kinds import simulate_answers
    >>> simulated = simulate_answers("sets", items=100, seed=1)
    >>> consensus = infer_consensus(simulated.table, "sets-two-coin")
    >>> consensus.labels[0], simulated.truth[0], consensus.converged
    (['fox'], ['fox'], True)
    >>> round(simulated.nearness(consensus.items, consensus.labels), 2)
    0.84
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.set_coins import Coins, TwoCoins
from goldwork.consensus.set_intervals import describe
from goldwork.consensus.sets import Limits, answer, choices
from goldwork.errors import InputError
from goldwork.judgements import Judgements


@consensus("sets-two-coin", answers="sets")
def sets_two_coin(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    exclusive: Sequence[Any] = (),
    least: int = 0,
    most: int | None = None,
    annotator_prior: float = 1.0,
    class_prior: float = 1.0,
    smoothing: float = 0.5,
    max_iterations: int = 300,
    tolerance: float = 1e-6,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Two coins a class by EM. Options:

    - `exclusive`: classes that stand alone, such as "none of these"; `least`, `most`: how many classes an answer has
    - `annotator_prior`: the standard deviation of an annotator's part of the log odds, over annotators
    - `class_prior`: the same for what is the annotator's own with a class, beyond the annotator's and the class's part
    - `smoothing`: what the prior adds to the items with and without each class
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`: whether to work those out
    - `start`: an earlier result, whose annotators and classes begin with what it learned
    """
    _check(annotator_prior, class_prior, smoothing, max_iterations, tolerance, start)
    limits = Limits(exclusive, least, most)
    limits.check()
    chosen = choices(table, gold)
    model = TwoCoins(chosen, annotator_prior, class_prior, smoothing)
    probabilities, coins = model.start(start.state if start else {})
    objective: list[float] = []
    converged = False
    while len(table) and len(objective) < max_iterations and not converged:
        model.maximise(probabilities, coins)
        probabilities, value = model.expect(coins)
        objective.append(value)
        converged = len(objective) > 1 and value - objective[-2] < tolerance * len(table)
    said = f"The fit had not converged after {len(objective)} iterations. Allow more with max_iterations."
    return answer(
        "sets-two-coin",
        chosen,
        probabilities,
        limits,
        None,
        prevalence=coins.prevalence,
        annotators=describe(model, coins, probabilities, intervals=intervals) if len(table) else None,
        converged=converged or not len(table),
        iterations=len(objective),
        objective=np.array(objective),
        state=_state(model, coins),
        warnings=() if converged or not len(table) else (said,),
    )


def _check(
    annotator_prior: float,
    class_prior: float,
    smoothing: float,
    max_iterations: int,
    tolerance: float,
    start: Consensus | None,
) -> None:
    for name, value in (("annotator_prior", annotator_prior), ("class_prior", class_prior), ("smoothing", smoothing)):
        if not 0 < value < np.inf:
            raise InputError(f"{name} must be above 0. Got {value!r}.")
    if max_iterations < 1:
        raise InputError(f"max_iterations must be 1 or more. Got {max_iterations!r}.")
    if not np.isfinite(tolerance) or tolerance < 0:
        raise InputError(f"tolerance must be 0 or more. Got {tolerance!r}.")
    if start is not None and start.method != "sets-two-coin":
        raise InputError(f"start must be a result of sets-two-coin. Got one of {start.method}.")


def _state(model: TwoCoins, coins: Coins) -> dict[str, Any]:
    return {
        "annotators": model.chosen.table.annotators,
        "classes": model.chosen.classes,
        "prevalence": coins.prevalence,
        "sensitivity": coins.sensitivity,
        "specificity": coins.specificity,
    }
