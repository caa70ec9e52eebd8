"""Bradley-Terry with annotators: how closely each follows the scores, which side they favour, how often they see ties.

Annotator k, who sees options i and j, of which i at the left where d = 1 and at the right where d = -1, answers by

    h = a_k (s_i - s_j) + d b_k,   P(i), P(j), P(tie) in the ratio exp(h / 2) : exp(-h / 2) : exp(t_k)

The slope a is 1 for the crowd on average, 0 for somebody who guesses, below 0 for somebody who turns things round; the
position effect b is above 0 for somebody who favours what stands at the left; t makes ties. So annotators are modelled
by what they saw, and scores belong to the options wherever these stood. Slopes, position effects and tie rates have
normal priors around the crowd's mean, with standard deviations learned from the crowd unless they are given.

A slope is how the annotators of Bock and Jones 1968, The Measurement and Prediction of Judgment and Choice, differ. The
alternative that they follow the scores with some probability and else err or guess (Chen, Bennett, Collins-Thompson and
Horvitz 2013, WSDM, 193-202) predicts judgements held out worse on all three real crowds tried: see
docs/methods/comparisons.md.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing import simulate_answers
    >>> simulated = simulate_answers("comparisons", items=60, annotators=6, per_item=6, seed=1)
    >>> consensus = infer_consensus(simulated.table, "crowd-bradley-terry", **simulated.kind.options(range(60)))
    >>> consensus.converged, consensus.annotators.measure
    (True, 'slope')
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Annotators, Consensus, consensus
from goldwork.consensus.comparing import Comparisons, read_comparisons
from goldwork.consensus.strength_fit import (
    Fitted,
    annotators_of,
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

FEW = 3
"""Judgements an option below which annotators and options can hardly be told apart."""


@consensus("crowd-bradley-terry", answers="comparisons")
def crowd_bradley_terry(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    items: Items | None = None,
    ties: str = "davidson",
    position: str = "annotator",
    strength: bool = False,
    prior: float = 3.0,
    slope_spread: float | None = None,
    position_spread: float | None = None,
    tie_spread: float | None = None,
    gold_weight: float = 10.0,
    max_iterations: int = 200,
    tolerance: float = 1e-9,
    intervals: bool = True,
    start: Consensus | None = None,
) -> Consensus:
    """Bradley-Terry with annotators by Fisher scoring. Options, besides those of `bradley-terry`:

    - `ties`: "davidson", with a tie rate for every annotator, or "half" a win for either side
    - `position`: whether the side on which an option was shown may matter, by "annotator", alike for the whole "crowd",
      or not at all ("none")
    - `slope_spread`, `position_spread`, `tie_spread`: standard deviations between annotators; learned where not given
    """
    one_of(("half", "davidson"), ties=ties)
    one_of(("annotator", "crowd", "none"), position=position)
    given = {"slope": slope_spread, "position": position_spread, "tie": tie_spread}
    at_least(0, prior=prior, gold_weight=gold_weight, tolerance=tolerance)
    at_least(0, **{f"{part}_spread": value for part, value in given.items() if value is not None})
    at_least(1, max_iterations=max_iterations)
    pairs = read_comparisons(table, items, strength=strength)
    known = pairs.outcomes(gold, table.items)
    design = Design(
        prior=float(prior),
        slope="annotator",
        position="" if position == "none" else position,
        tie="annotator" if ties == "davidson" and (pairs.outcome == 0).any() else "",
    )
    fitted = fit_strengths(
        pairs, design, known, gold_weight,
        given=given, start=start, names=table.annotators, max_iterations=max_iterations, tolerance=tolerance,
    )  # fmt: skip
    outcome, confidence, shared = answers_of(fitted, known)
    errors = spreads(fitted) if intervals else np.full(fitted.model.size, np.nan)
    about = annotators_of(fitted, errors, table.annotators)
    return Consensus.of_answers(
        "crowd-bradley-terry",
        table,
        pairs.answers(outcome),
        confidence,
        ~np.isnan(known),
        ties=shared,
        options=options_of(fitted, errors),
        annotators=about,
        converged=fitted.climb.converged,
        iterations=len(fitted.climb.objective) - 1,
        objective=fitted.climb.objective,
        state=state_of(fitted, table.annotators),
        warnings=(
            *limits_of(pairs),
            *_thin(pairs),
            *_turned(fitted),
            *(_guessed(about) if intervals else ()),
            *fitted.climb.warnings,
        ),
    )


def _thin(pairs: Comparisons) -> list[str]:
    """Where there is too little to tell annotators from options."""
    options = len(pairs.options)
    if not len(pairs) or 2 * len(pairs) >= FEW * options:
        return []
    each = 2 * len(pairs) / options
    said = f"There are {each:.1f} judgements an option: options hardly repeat, and annotators cannot be told from them."
    return [f"{said} comparison-two-coin is made for that."]


def _turned(fitted: Fitted) -> list[str]:
    """Where the crowd seems to answer the wrong way round."""
    turned = int((fitted.part("slope") < 0).sum())
    if 2 * turned <= len(fitted.part("slope")):
        return []
    return [f"{turned:,} annotators contradict the others: the order of the options may be the wrong way round."]


def _guessed(about: Annotators) -> list[str]:
    """Where annotators have no interval."""
    lows = {
        "slope": about.low,
        "position effect": about.more.get("position_low"),
        "tie rate": about.more.get("tie_low"),
    }
    counts = {what: int(np.isnan(low).sum()) for what, low in lows.items() if low is not None}
    return [
        f"{count:,} of {len(about):,} annotators have no interval for their {what}: it would rest on how far "
        "annotators lie apart, which these judgements do not tell. More judgements of each would."
        for what, count in counts.items()
        if count
    ]
