"""Comparison two-coin: pairs whose options occur once, judged by annotators who lean towards a side of the screen.

The truth of item i is that its left option is better, its right one, or, where ties are an answer, that neither is. An
annotator has a coin for each of these *as shown*: theta_a(t, l) is the probability to answer that the option on side l
of the screen is better when that on side t is. So a habit of saying "left" is learned as such, whichever option stood
there, and the answer is about the options. Which option is called left says nothing: unless `symmetric` is off, both are
better equally often.

Each row of theta_a has a Dirichlet prior around the whole crowd's row, learned beforehand, worth `prior` judgements. EM
finds the most probable parameters (Dawid and Skene 1979, Applied Statistics 28, 20-28, for pairs; two coins as in Raykar
et al. 2010, Journal of Machine Learning Research 11, 1297-1322).

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 1, 2, 2, 2], "annotator": ["ann", "bob", "cam"] * 2,
    ...     "label": ["left", "left", "right", "right", "right", "right"],
    ...     "shown": ["left", "right", "left", "left", "left", "right"],
    ... })
    >>> infer_consensus(table, "comparison-two-coin").labels.tolist()
    ['left', 'right']
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, consensus
from goldwork.consensus.comparing import Comparisons, read_comparisons
from goldwork.consensus.em import Fit, fit, normalise
from goldwork.consensus.result import decide
from goldwork.consensus.side_information import Sides, describe_sides
from goldwork.consensus.strength_fit import at_least
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats]
"""Prevalence [K] of the options' classes, confusion [A, K, K] of the sides shown."""

OUTCOMES = (1, -1, 0)
"""The classes: the left option, the right one, neither."""
RIGHT = 0.7
"""How often the crowd is right before anything is known, with the weight of four judgements a class."""
CROWD_WEIGHT = 4.0
TINY = 1e-300


@consensus("comparison-two-coin", answers="comparisons")
def comparison_two_coin(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    items: Items | None = None,
    strength: bool = False,
    symmetric: bool = True,
    prior: float = 4.0,
    max_iterations: int = 500,
    tolerance: float = 1e-7,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Two coins an annotator, by EM. Options:

    - `items`: the pairs, with the columns `left` and `right`; not needed where answers are sides
    - `strength`: whether the size of numbers (-3 to 3) counts as a weight
    - `symmetric`: whether left and right options are taken to be better equally often
    - `prior`: how many judgements of each class the crowd's habits are worth, for every annotator
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`: whether to work them out
    - `start`: an earlier result whose crowd and annotators are the start, by name
    """
    at_least(0, prior=prior, tolerance=tolerance)
    at_least(1, max_iterations=max_iterations)
    pairs = read_comparisons(table, items, strength=strength, by_item=True)
    known = pairs.outcomes(gold, table.items)
    sides = read_sides(pairs, known)
    bound = tolerance * max(len(table), 1)
    crowd = np.zeros((1, sides.k, sides.k))
    crowd += CROWD_WEIGHT * np.where(np.eye(sides.k) > 0, RIGHT, (1 - RIGHT) / (sides.k - 1))
    alike = fit(Coins(sides.as_one(), crowd, symmetric, None), max_iterations=max_iterations, tolerance=bound)
    expected = prior * alike.parameters[1]
    model = Coins(sides, expected, symmetric, _earlier(start, sides, alike.parameters, table.annotators))
    fitted = fit(model, max_iterations=max_iterations, tolerance=bound)
    words = objects([(pairs.words or ("left", "tie", "right"))[1 - outcome] for outcome in OUTCOMES[: sides.k]])
    codes, shared = decide(fitted.probabilities, fitted.parameters[0])
    outcome = np.array(OUTCOMES)[codes]
    return Consensus.of_answers(
        "comparison-two-coin",
        table,
        pairs.answers(outcome),
        fitted.probabilities[np.arange(len(codes)), codes],
        sides.gold >= 0,
        ties=shared,
        categories=words,
        codes=codes,
        probabilities=fitted.probabilities,
        prevalence=fitted.parameters[0],
        annotators=_annotators(table, sides, fitted, expected, intervals=intervals),
        converged=fitted.converged,
        iterations=len(fitted.objective),
        objective=fitted.objective,
        state={
            "prevalence": fitted.parameters[0],
            "confusion": fitted.parameters[1],
            "annotators": list(table.annotators),
        },
        warnings=fitted.warnings,
    )


def read_sides(pairs: Comparisons, known: Floats) -> Sides:
    """The judgements as sides of the screen: 0 left, 1 right, 2 a tie; and gold as classes of options, -1 for none."""
    k = 3 if (pairs.outcome == 0).any() or (known == 0).any() else 2
    code = np.array([2, 0, 1])  # outcomes 0, 1 and -1
    shown = np.where(pairs.outcome == 0, 0, pairs.outcome * pairs.shown).astype(np.intp)
    gold = np.where(np.isnan(known), 0, known).astype(np.intp)
    return Sides(
        item=pairs.item,
        annotator=pairs.annotator,
        answer=code[shown],
        swapped=pairs.shown < 0,
        weight=pairs.weight,
        gold=np.where(np.isnan(known), -1, code[gold]).astype(np.int32),
        annotators=pairs.annotators,
        k=k,
    )


class Coins:
    """The model over one table. `expected` [A or 1, K, K]: what the prior adds to the counts, sides shown."""

    def __init__(self, sides: Sides, expected: Floats, symmetric: bool, earlier: Parameters | None) -> None:
        self.sides, self.expected, self.symmetric, self.earlier = sides, expected, symmetric, earlier
        self.known = np.flatnonzero(sides.gold >= 0)
        # The side of the screen on which each row's class of options stood, [n, K].
        self.side = sides.side()

    def start(self) -> Floats:
        """What an earlier fit says, else what follows from the prior."""
        annotators = self.sides.annotators
        even = np.full(self.sides.k, 1 / self.sides.k)
        habits = self.expected / self.expected.sum(axis=2, keepdims=True)
        parameters = self.earlier or (even, np.broadcast_to(habits, (annotators, *habits.shape[1:])))
        return self.expect(parameters)[0]

    def maximise(self, probabilities: Floats) -> Parameters:
        """Expected counts and the prior's, as shares."""
        sides, k = self.sides, self.sides.k
        counts = np.zeros((sides.annotators, k, k))
        for true in range(k):
            cell = (sides.annotator * k + self.side[:, true]) * k + sides.answer
            seen = np.bincount(cell, sides.weight * probabilities[sides.item, true], counts.size)
            counts += seen.reshape(counts.shape)
        counts += self.expected
        prevalence = probabilities.sum(axis=0) + 1
        if self.symmetric:
            prevalence[:2] = prevalence[:2].mean()
        return prevalence / prevalence.sum(), counts / counts.sum(axis=2, keepdims=True)

    def expect(self, parameters: Parameters) -> tuple[Floats, float]:
        """Bayes' rule for every item, and the log posterior of the parameters."""
        prevalence, confusion = (np.log(np.maximum(part, TINY)) for part in parameters)
        sides = self.sides
        joint = np.empty((len(sides.gold), sides.k))
        for true in range(sides.k):
            told = sides.weight * confusion[sides.annotator, self.side[:, true], sides.answer]
            joint[:, true] = prevalence[true] + np.bincount(sides.item, told, len(joint))
        given = joint[self.known, sides.gold[self.known]]
        probabilities, evidence = normalise(joint)
        evidence[self.known] = given
        probabilities[self.known] = 0
        probabilities[self.known, sides.gold[self.known]] = 1
        return probabilities, float(evidence.sum() + prevalence.sum() + (self.expected * confusion).sum())


def _earlier(
    start: Consensus | None, sides: Sides, alike: Parameters, names: npt.NDArray[Any]
) -> Parameters | None:
    """An earlier result's parameters, where it has these classes; annotators that it does not know are the crowd."""
    if start is None:
        return None
    if "confusion" not in start.state or "prevalence" not in start.state:
        raise InputError(f"start must be an earlier result of the same method. Got one of {start.method}.")
    if len(start.state["prevalence"]) != sides.k:
        return None
    known = dict(zip(start.state["annotators"], start.state["confusion"], strict=True))
    confusion = [known.get(name, alike[1][0]) for name in names.tolist()]
    return start.state["prevalence"], np.array(confusion).reshape((len(names), sides.k, sides.k))


def _annotators(
    table: Judgements, sides: Sides, fitted: Fit[Parameters], expected: Floats, *, intervals: bool
) -> Annotators:
    """Accuracies, and how far everyone leans to what stands at the left (below 0: at the right)."""
    about = describe_sides(sides, fitted.probabilities, *fitted.parameters, expected, intervals=intervals)
    return Annotators(
        names=table.annotators,
        judgements=np.bincount(table.annotator, minlength=len(table.annotators)),
        skill=about["accuracy"],
        low=about["accuracy_low"],
        high=about["accuracy_high"],
        confusion=fitted.parameters[1],
        more={name: column for name, column in about.items() if not name.startswith("accuracy")},
    )
