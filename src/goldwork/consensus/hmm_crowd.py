"""HMM-Crowd: the marked text is a hidden chain, and every annotator errs in a way of their own that remembers.

Each text is cut where anybody began or ended a span. Between two cuts it is truly nothing or one label: a chain that
keeps its state with probability rho and else draws it anew from pi. What an annotator does at a unit (pass, begin,
end, begin again, go on) depends on the truth there and on what they have in hand, so that a span missed or marked too
long is one error and not one for each word. With theta_a(s, h, o) the probability of act o given the truth s and the
span in hand h, and psi_a(l, m) that of beginning label m where l is true,

    P(data) = sum over z of prod_t P(z_t | z_(t-1)) prod_a theta_a(z_t, h_at, o_at) psi_a(z_t, m_at)

First one crowd with a single theta and psi is fitted, then each annotator's own with Dirichlet priors worth
`pooling` acts around those. Both are fitted by EM with forward-backward; `objective` is the second's log posterior.
After Nguyen, Wallace, Li, Nenkova and Lease 2017, ACL, 299-309 (a hidden Markov chain with a confusion for each
annotator) and Simpson and Gurevych 2019, EMNLP, 1093-1104 (confusions that depend on the annotator's previous label).
Units instead of words, and a chain that cannot alternate, are goldwork's own: with every word a unit, acts within a
span outweigh all else and the fit drifts to a hidden state for where spans begin.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing.kinds import simulate_answers
    >>> made = infer_consensus(simulate_answers("spans", items=80, seed=1).table, "hmm-crowd")
    >>> made.converged, made.annotators.measure, made.annotators.skill.round(1).tolist()
    (True, 'agreement', [0.7, 0.8, 0.7, 0.6, 0.7, 0.5, 0.3, 0.6])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.shapes import check_numbers, form_of
from goldwork.consensus.span_answers import expected_f1, spans_of
from goldwork.consensus.span_answers import threshold as best_threshold
from goldwork.consensus.span_model import Model, state_of
from goldwork.consensus.span_skill import describe
from goldwork.consensus.span_units import units_of
from goldwork.consensus.spans_majority import votes
from goldwork.items import Items
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]


@consensus("hmm-crowd", answers="spans")
def hmm_crowd(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    items: Items | Mapping[Any, Any] | None = None,
    text: str = "text",
    overlapping: bool | None = None,
    threshold: float | None = None,
    with_confidence: bool = False,
    pooling: float = 5.0,
    max_iterations: int = 200,
    tolerance: float = 1e-5,
    start: Consensus | None = None,
) -> Consensus:
    """HMM-Crowd by EM. Options:

    - `items`: Items whose field `text` holds the texts, or a mapping from items to texts: spans go by token
    - `overlapping`: whether spans of different labels may overlap; None for as the annotators did
    - `threshold`: the probability above which a unit is marked; None for the one with the greatest expected F1
    - `with_confidence`: write into every span the mean probability of its characters
    - `pooling`: how many acts the crowd's table is worth in an annotator's, 0 or more
    - `max_iterations` of each fit, and `tolerance`: the gain of the objective per unit below which it has converged
    - `start`: an earlier result of hmm-crowd, from whose crowd and annotators to go on

    `confidence` is the expected F1 of the item's answer by character; of an empty one, the probability that nothing
    is there.
    """
    check_numbers(
        threshold=(0.5 if threshold is None else threshold, 0, 1), pooling=(pooling, 0, np.inf),
        max_iterations=(max_iterations, 1, np.inf), tolerance=(tolerance, 0, np.inf),
    )  # fmt: skip
    units = units_of(table, gold, items, text, overlapping)
    model = Model(table, units, pooling)
    scale = max(len(units), 1)
    end = model.fit(votes(table, units), start, max_iterations=max_iterations, tolerance=tolerance * scale)
    seen = np.bincount(units.unit, minlength=len(units)) > 0
    probabilities = np.where(seen[:, None], end.probabilities[:, 1:], 0)  # what nobody marked cannot be in the answer
    inside = probabilities.sum(axis=1)
    best = probabilities.argmax(axis=1) if len(units) else np.zeros(0, np.int64)
    top = probabilities[np.arange(len(units)), best]
    least = best_threshold(units, top, inside) if threshold is None else threshold
    chosen = np.where(seen & (top > least), units.layer if units.layered else best, -1)
    form = form_of(table.labels().tolist(), with_confidence=with_confidence)
    known = np.array([value is not None for value in gold.tolist()], bool)
    confidence = expected_f1(units, chosen, top, inside, model.nothing(end.parameters))
    return Consensus.of_answers(
        "hmm-crowd",
        table,
        spans_of(units, chosen, top, table.weights(), form, gold),
        np.where(known, 1.0, confidence),
        known,
        annotators=describe(table, units, probabilities),
        converged=end.converged,
        iterations=len(end.objective),
        objective=end.objective,
        state=state_of(end.parameters, model.crowd, table, units) | {"threshold": least},
        warnings=end.warnings,
    )
