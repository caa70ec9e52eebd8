"""How well annotators draw: how many of the objects, how many that are none, and how exactly.

Sensitivity is the probability of drawing an object drawn at random, the mean over plain and hard objects. The
information that judgements give about each kind is that of the clusters known to be such objects: where it is
uncertain whether a cluster is one, it tells in proportion to the square of that probability (`information` does the
same for choices). The interval is that of a beta distribution with that much information under Jeffreys' prior. For
invented boxes by item it is that of a gamma distribution.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus.box_model import KINDS, Model, Parameters
from goldwork.consensus.result import Annotators

Floats = npt.NDArray[np.float64]


def describe(model: Model, probabilities: Floats, parameters: Parameters, scale: Floats) -> Annotators:
    """Sensitivity, and as more invented boxes by item and the scale of errors of place, of each annotator."""
    share = parameters.objects / parameters.objects.sum()
    sensitivity = parameters.draws @ share
    low, high = _sensitivity(model, probabilities, parameters, share)
    few, many = _invented(model, probabilities)
    return Annotators(
        names=model.table.annotators,
        judgements=model.judged,
        skill=sensitivity,
        low=np.minimum(low, sensitivity),
        high=np.maximum(high, sensitivity),
        measure="sensitivity",
        more={
            "invented": parameters.invents,
            "invented_low": np.minimum(few, parameters.invents),
            "invented_high": np.maximum(many, parameters.invents),
            "place_error": scale,
        },
    )


def _sensitivity(model: Model, probabilities: Floats, parameters: Parameters, share: Floats) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    table, item = model.table, model.clusters.item
    told = np.zeros((model.annotators, KINDS))
    for kind in range(KINDS):
        squares = np.bincount(item, probabilities[:, 1 + kind] ** 2, model.items)
        told[:, kind] = np.bincount(table.annotator, table.weights() * squares[table.item], model.annotators)
    told += model.pooling + 1
    draws = parameters.draws
    variance = (share**2 * draws * (1 - draws) / told).sum(axis=1)
    mean = draws @ share
    size = np.clip(mean * (1 - mean) / np.maximum(variance, 1e-300), 0, told.sum(axis=1))
    ones, others = mean * size + 0.5, (1 - mean) * size + 0.5
    return np.asarray(betaincinv(ones, others, 0.025)), np.asarray(betaincinv(ones, others, 0.975))


def _invented(model: Model, probabilities: Floats) -> tuple[Floats, Floats]:
    from scipy.special import gammaincinv

    share = model.inventors(probabilities[:, 0])
    count = np.bincount(model.who, share, model.annotators)
    told = np.divide(
        np.bincount(model.who, share**2, model.annotators), count, out=np.ones(model.annotators), where=count > 0
    )
    rate = model.crowd.invents if model.crowd is not None else model.rates
    shape = told * (count + model.pooling * rate) + 0.5
    size = told * (model.judged + model.pooling)
    size = np.maximum(size, 1e-9)
    return np.asarray(gammaincinv(shape, 0.025) / size), np.asarray(gammaincinv(shape, 0.975) / size)
