"""Comparison two-coin: pairs whose options occur once, judged by annotators who lean towards a side of the screen.

The truth of item i is that its left option is better, its right one, or, where ties are an answer, that neither is. An
annotator has two coins. The first says whether they see the truth, with probability a; if not, the second, with as many
sides as there are answers, says what they answer: the left side *of the screen*, the right one, or a tie, with
probabilities g. So a habit of saying "left" is learned as such, whichever option stood there, and the answer is about
the options. With two answers this is any pair of hit rates above chance; with three it keeps pairs on which a crowd
splits apart from those that it calls a tie. All classes are equally probable beforehand unless `prevalence` says
otherwise: how often pairs are ties, and how often annotators say so for want of an opinion, can hardly be told apart.

a has a Beta prior and g a Dirichlet prior around the whole crowd's, learned beforehand and worth `prior` judgements. EM
finds the most probable parameters (two coins: Raykar et al. 2010, Journal of Machine Learning Research 11, 1297-1322;
seeing or guessing: Hovy et al. 2013, NAACL, 1120-1130; sides of the screen: goldwork's own).

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
from goldwork.consensus.side_information import Sides, describe_sides, seen
from goldwork.consensus.strength_fit import at_least, one_of
from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import objects

Floats = npt.NDArray[np.float64]
Parameters = tuple[Floats, Floats, Floats]
"""Prevalence [K] of the options' classes, how often each annotator sees the truth [A], what they say if not [A, K]."""

OUTCOMES = (1, -1, 0)
"""The classes: the left option, the right one, neither."""
SEES = 0.6
"""How often the crowd sees the truth before anything is known, with the weight of CROWD_WEIGHT judgements."""
CROWD_WEIGHT = 4.0
TINY = 1e-300
PARTS = ("prevalence", "sees", "says")


@consensus("comparison-two-coin", answers="comparisons")
def comparison_two_coin(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    items: Items | None = None,
    strength: bool = False,
    prevalence: str = "even",
    prior: float = 2.0,
    max_iterations: int = 500,
    tolerance: float = 1e-7,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Two coins an annotator, by EM. Options:

    - `items`: the pairs, with the columns `left` and `right`; not needed where answers are sides
    - `strength`: whether the size of numbers (-3 to 3) counts as a weight
    - `prevalence`: "even", all classes being equally probable beforehand; "symmetric", left and right being so, and
      ties as frequent as they turn out; "free", all as they turn out
    - `prior`: how many judgements of each class the crowd's habits are worth, for every annotator
    - `max_iterations`, and `tolerance`: the gain of the objective per judgement below which it has converged
    - `intervals`: whether to work them out
    - `start`: an earlier result whose crowd and annotators are the start, by name
    """
    one_of(("even", "symmetric", "free"), prevalence=prevalence)
    at_least(0, prior=prior, tolerance=tolerance)
    at_least(1, max_iterations=max_iterations)
    pairs = read_comparisons(table, items, strength=strength, by_item=True)
    known = pairs.outcomes(gold, table.items)
    sides = read_sides(pairs, known)
    bound = tolerance * max(len(table), 1)
    even = np.full((1, sides.k), CROWD_WEIGHT / sides.k)
    model = Coins(sides.as_one(), CROWD_WEIGHT * np.array([[SEES, 1 - SEES]]), even, prevalence, None)
    alike = fit(model, max_iterations=max_iterations, tolerance=bound).parameters
    sees = prior * np.stack([alike[1], 1 - alike[1]], axis=1)
    says = prior * alike[2]
    model = Coins(sides, sees, says, prevalence, _begin(start, sides, alike, table.annotators))
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
        annotators=_annotators(table, sides, fitted, prior, intervals=intervals),
        converged=fitted.converged,
        iterations=len(fitted.objective),
        objective=fitted.objective,
        state={**dict(zip(PARTS, fitted.parameters, strict=True)), "annotators": list(table.annotators)},
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
    """The model over one table. `sees` [A or 1, 2] and `says` [A or 1, K]: what the priors add to the counts."""

    def __init__(self, sides: Sides, sees: Floats, says: Floats, prevalence: str, begin: Parameters | None) -> None:
        self.sides, self.sees, self.says, self.prevalence = sides, sees, says, prevalence
        self.begin = begin or (
            np.full(sides.k, 1 / sides.k), sees[:, 0] / sees.sum(axis=1), says / says.sum(axis=1, keepdims=True)
        )  # fmt: skip
        self.known = np.flatnonzero(sides.gold >= 0)
        self.parameters = self.begin
        # The class of options that each answer claims.
        self.claim = sides.side()[np.arange(len(sides.item)), sides.answer]

    def start(self) -> Floats:
        """What the start says."""
        return self.expect(self.begin)[0]

    def maximise(self, probabilities: Floats) -> Parameters:
        """Expected counts and the priors', as shares."""
        sides, k = self.sides, self.sides.k
        saw = probabilities[sides.item, self.claim] * seen(sides, *self.parameters[1:])
        told = np.bincount(sides.annotator, sides.weight * saw, sides.annotators)
        cell = sides.annotator * k + sides.answer
        guessed = np.bincount(cell, sides.weight * (1 - saw), sides.annotators * k).reshape((-1, k))
        sees = told + self.sees[:, 0]
        says = guessed + self.says
        prevalence = probabilities.sum(axis=0) + 1
        if self.prevalence == "even":
            prevalence[:] = 1
        elif self.prevalence == "symmetric":
            prevalence[:2] = prevalence[:2].mean()
        return (
            prevalence / prevalence.sum(),
            sees / (sees + guessed.sum(axis=1) + self.sees[:, 1]),
            says / says.sum(axis=1, keepdims=True),
        )

    def expect(self, parameters: Parameters) -> tuple[Floats, float]:
        """Bayes' rule for every item, and the log posterior of the parameters."""
        self.parameters = parameters
        prevalence, sees, says = parameters
        sides = self.sides
        guess = (1 - sees[sides.annotator]) * says[sides.annotator, sides.answer]
        blind = np.log(np.maximum(guess, TINY))
        gain = np.log(np.maximum(guess + sees[sides.annotator], TINY)) - blind
        cell = sides.item * sides.k + self.claim
        joint = np.bincount(cell, sides.weight * gain, len(sides.gold) * sides.k).reshape((-1, sides.k)).astype(float)
        joint += np.bincount(sides.item, sides.weight * blind, len(sides.gold))[:, None]
        joint += np.log(prevalence)
        given = joint[self.known, sides.gold[self.known]]
        probabilities, evidence = normalise(joint)
        evidence[self.known] = given
        probabilities[self.known] = 0
        probabilities[self.known, sides.gold[self.known]] = 1
        coins = np.stack([sees, 1 - sees], axis=1)
        prior = sum(
            float((add * np.log(np.maximum(of, TINY))).sum()) for add, of in ((self.sees, coins), (self.says, says))
        )
        return probabilities, float(evidence.sum() + np.log(prevalence).sum()) + prior


def _begin(start: Consensus | None, sides: Sides, alike: Parameters, names: npt.NDArray[Any]) -> Parameters:
    """The crowd's habits for everybody; for those whom an earlier result knows, what it says of them."""
    prevalence, sees, says = alike
    own = np.repeat(sees, len(names)), np.repeat(says, len(names), axis=0)
    if start is None:
        return prevalence, *own
    if any(part not in start.state for part in PARTS):
        raise InputError(f"start must be an earlier result of the same method. Got one of {start.method}.")
    if len(start.state["prevalence"]) == sides.k:
        prevalence = start.state["prevalence"]
        place = {name: row for row, name in enumerate(start.state["annotators"])}
        before = np.array([place.get(name, -1) for name in names.tolist()], np.intp)
        for mine, part in zip(own, PARTS[1:], strict=True):
            mine[before >= 0] = start.state[part][before[before >= 0]]
    return prevalence, *own


def _annotators(
    table: Judgements, sides: Sides, fitted: Fit[Parameters], prior: float, *, intervals: bool
) -> Annotators:
    """Accuracies, and how far everyone leans to what stands at the left (below 0: at the right)."""
    about = describe_sides(sides, fitted.probabilities, fitted.parameters, prior, intervals=intervals)
    return Annotators(
        names=table.annotators,
        judgements=np.bincount(table.annotator, minlength=len(table.annotators)),
        skill=about["accuracy"],
        low=about["accuracy_low"],
        high=about["accuracy_high"],
        more={name: column for name, column in about.items() if not name.startswith("accuracy")},
    )
