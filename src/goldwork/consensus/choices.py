"""From a fitted model of choices to its result: what is the same for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.ambiguity import ambiguity_of
from goldwork.consensus.hidden import Fit, best_of
from goldwork.consensus.result import Annotators, Consensus
from goldwork.errors import InputError
from goldwork.judgements import Codes, Judgements
from goldwork.judgements.blocks import count

Floats = npt.NDArray[np.float64]

MAX_CELLS = 100_000_000
"""Annotators times categories squared: .8 GB of confusions."""
LEAST_AGREEMENT = 0.7
"""A result that agrees with the majority on a smaller share of the items warns."""


def few_classes(method: str, table: Judgements) -> None:
    """Raise InputError where there are more classes than a confusion for each annotator can hold."""
    k = len(table.coded()[1])
    if len(table.annotators) * k * k > MAX_CELLS:
        raise InputError(
            f"{k:,} different labels are too many: {method} learns {k:,} x {k:,} figures for each of "
            f"{len(table.annotators):,} annotators. Is this free text? Otherwise majority will do."
        )


def finish(
    method: str,
    table: Judgements,
    gold: Codes,
    fitted: Fit[Any],
    prevalence: Floats,
    annotators: Annotators,
    state: Mapping[str, Any],
    *,
    ambiguity: bool,
) -> Consensus:
    """The consensus of a fit whose annotators have confusions."""
    confusion = annotators.confusion
    assert confusion is not None, "a model of choices has confusions"
    shares = fitted.probabilities
    return Consensus.of(
        method,
        table,
        shares,
        prevalence,
        gold,
        ambiguity=ambiguity_of(table, shares, prevalence, confusion) if ambiguity else None,
        annotators=annotators,
        prevalence=prevalence,
        converged=fitted.converged,
        iterations=len(fitted.objective),
        objective=fitted.objective,
        state=state,
        warnings=(*fitted.warnings, *_doubts(method, table, fitted, confusion)),
    )


def adopt_rows(table: Judgements, state: Mapping[str, Any], name: str) -> Floats | None:
    """What an earlier fit knew of each annotator, [A, ...]; the mean for who is new; None for other categories."""
    if name not in state or state["categories"].tolist() != table.coded()[1].tolist():
        return None
    earlier = np.asarray(state[name])
    place = {annotator: at for at, annotator in enumerate(state["annotators"].tolist())}
    mean = earlier.mean(axis=0)
    rows = [earlier[place[one]] if one in place else mean for one in table.annotators.tolist()]
    return np.stack(rows) if rows else None


def _doubts(method: str, table: Judgements, fitted: Fit[Any], confusion: Floats) -> list[str]:
    """What speaks against the fit: classes that changed places, and little agreement with the majority."""
    shares = fitted.probabilities
    if not shares.size or shares.shape[1] < 2:
        return []
    found = []
    typical = np.average(confusion, axis=0, weights=count(table.annotator, len(confusion)))
    if switched := int((typical.argmax(axis=1) != np.arange(len(typical))).sum()):
        found.append(
            f"In {switched} of {len(typical)} categories the typical annotator says something else most often: "
            "categories may have changed places. Gold on a few items settles it."
        )
    same = float((best_of(shares) == fitted.majority).mean())
    if same < LEAST_AGREEMENT:
        found.append(f"{method} agrees with the majority on {same:.0%} of the items only. Check it against gold.")
    return found
