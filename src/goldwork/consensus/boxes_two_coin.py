"""Two-coin model of boxes: which of the drawn boxes are objects, and where they are.

Boxes are matched across annotators (`goldwork.consensus.box_clusters`). Whether a cluster is an object is inferred
together with every annotator's sensitivity, for plain and for hard objects, and their rate of inventing boxes
(`goldwork.consensus.box_model`): the two coins of Raykar et al. 2010, Journal of Machine Learning Research 11,
1297-1322, for objects instead of classes, as in Branson, Van Horn and Perona 2017, CVPR, 7474-7483. The crowd's
parameters are fitted first, then each annotator's with priors worth `pooling` objects and items around them.
`objective` is the log posterior of the second fit.

The answer holds the clusters whose probability is above half the greatest F1 that can be expected, counting the
objects that nobody drew among the missed; no other threshold attains it (Lipton, Elkan and Naryanaswamy 2014, ECML
PKDD, 225-239). Each edge is a robust mean weighted by how exactly annotators draw (`goldwork.consensus.box_places`).

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.testing.kinds import simulate_answers
    >>> made = infer_consensus(simulate_answers("boxes", items=80, seed=1).table, "boxes-two-coin")
    >>> made.converged, made.annotators.skill.round(1).tolist()
    (True, [0.7, 0.8, 0.7, 0.6, 0.8, 0.6, 0.2, 0.7])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.box_answers import boxes_of, voted, weights_of
from goldwork.consensus.box_clusters import Clusters, clusters_of
from goldwork.consensus.box_model import Model, Parameters
from goldwork.consensus.box_places import places_of
from goldwork.consensus.box_skill import describe, tells_apart
from goldwork.consensus.shapes import check_numbers, form_of
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

UNTOLD = (
    "Annotators have no intervals: with two judgements an item a box that one drew was missed by the other or "
    "invented, and these do not tell. Three an item, or gold, would."
)


@consensus("boxes-two-coin", answers="boxes")
def boxes_two_coin(
    table: Judgements,
    *,
    gold: npt.NDArray[Any],
    seed: int,
    overlap: float = 0.3,
    threshold: float | None = None,
    with_confidence: bool = False,
    pooling: float = 5.0,
    max_iterations: int = 300,
    tolerance: float = 1e-6,
    start: Consensus | None = None,
) -> Consensus:
    """Two coins by EM. Options:

    - `overlap`: the least intersection over union of boxes of one label that may be one object
    - `threshold`: the probability above which a cluster is an object; None for the one with the greatest expected F1
    - `with_confidence`: write into every box the probability that there is an object
    - `pooling`: how many objects, and items, the crowd is worth in an annotator's probabilities and rates, 0 or more
    - `max_iterations` of each fit, and `tolerance`: the gain of the objective per box below which it has converged
    - `start`: an earlier result of boxes-two-coin, from whose crowd and annotators to go on

    `confidence` is the expected F1 of the item's answer; of an empty one, the probability that nothing is there.
    """
    check_numbers(
        overlap=(overlap, 0, 1), threshold=(0.5 if threshold is None else threshold, 0, 1),
        pooling=(pooling, 0, np.inf), max_iterations=(max_iterations, 1, np.inf), tolerance=(tolerance, 0, np.inf),
    )  # fmt: skip
    clusters = clusters_of(table, gold, overlap)
    weights = weights_of(table, clusters)
    model = Model(table, clusters, pooling)
    scale = max(len(clusters.row), 1)
    end = model.fit(*_earlier(start, table), max_iterations=max_iterations, tolerance=tolerance * scale)
    real = end.probabilities[:, 1:].sum(axis=1)
    least = _threshold(real, clusters, model.hidden) if threshold is None else threshold
    chosen = np.where(clusters.known[clusters.item], clusters.golden, real > least)
    corners, exactness = places_of(table, clusters, weights)
    form = form_of(table.labels().tolist(), with_confidence=with_confidence)
    return Consensus.of_answers(
        "boxes-two-coin",
        table,
        boxes_of(clusters, chosen, voted(clusters, weights), corners, real, form, gold),
        np.where(clusters.known, 1.0, _expected_f1(real, chosen, clusters, model.hidden)),
        clusters.known,
        annotators=describe(model, end.probabilities, end.parameters, exactness),
        converged=end.converged,
        iterations=len(end.objective),
        objective=end.objective,
        state=_state(end.parameters, model, least),
        warnings=(*end.warnings, *([] if tells_apart(model) else [UNTOLD])),
    )


def _threshold(real: Floats, clusters: Clusters, hidden: Floats) -> float:
    """Half the greatest expected F1, over the items without gold."""
    real = np.sort(real[~clusters.known[clusters.item]])[::-1]
    total = float(real.sum() + hidden.sum())
    if total <= 0:
        return 0.5
    return float((2 * np.cumsum(real) / (np.arange(1, len(real) + 1) + total)).max(initial=0)) / 2


def _expected_f1(real: Floats, chosen: npt.NDArray[np.bool_], clusters: Clusters, hidden: Floats) -> Floats:
    items = len(hidden)
    right = np.bincount(clusters.item, real * chosen, items)
    size = np.bincount(clusters.item, chosen, items)
    total = size + np.bincount(clusters.item, real, items) + hidden.sum(axis=1)
    none = np.bincount(clusters.item, np.log1p(-np.minimum(real, 1 - 1e-15)), items) - hidden.sum(axis=1)
    score = np.divide(2 * right, total, out=np.zeros(items), where=total > 0)
    return np.asarray(np.clip(np.where(size > 0, score, np.exp(none)), 0, 1))


def _state(parameters: Parameters, model: Model, threshold: float) -> dict[str, Any]:
    """What a later fit may start from, and the threshold that was taken."""
    assert model.crowd is not None, "the crowd is fitted before its annotators"
    return {
        "annotators": model.table.annotators,
        "draws": parameters.draws,
        "invents": parameters.invents,
        "objects": parameters.objects,
        "coincidence": parameters.coincidence,
        "crowd_draws": model.crowd.draws[:1],
        "crowd_invents": model.crowd.invents[:1],
        "threshold": threshold,
    }


def _earlier(start: Consensus | None, table: Judgements) -> tuple[Parameters, Parameters] | tuple[None, None]:
    """The annotators' and the crowd's parameters of an earlier fit; who is new has the crowd's."""
    if start is None:
        return None, None
    state = start.state
    if start.method != "boxes-two-coin" or not len(state["annotators"]):
        raise InputError(f"start must be an earlier result of boxes-two-coin with annotators. Got {start.method}.")
    size = len(table.annotators)
    draws, invents = np.repeat(state["crowd_draws"], size, axis=0), np.repeat(state["crowd_invents"], size)
    crowd = Parameters(draws, invents, state["objects"], state["coincidence"])
    own = Parameters(draws.copy(), invents.copy(), state["objects"], state["coincidence"])
    place = {name: row for row, name in enumerate(state["annotators"].tolist())}
    for row, name in enumerate(table.annotators.tolist()):
        if name in place:
            own.draws[row], own.invents[row] = state["draws"][place[name]], state["invents"][place[name]]
    return own, crowd
