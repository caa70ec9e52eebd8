"""How well annotators draw: how many of the objects, how many that are none, and how exactly.

Sensitivity is the probability of drawing an object drawn at random, the mean over plain and hard objects. The
information that judgements give is that of the clusters known to be objects: where it is uncertain whether a cluster is
one, it tells in proportion to the square of that probability (`information` does the same for choices); of which kind
an object is need not be known. To that variance comes the one that all annotators share: how many of the single boxes
are objects at all, which two or three annotators an item hardly tell. It comes from the items' scores at the crowd's
parameters (Berndt, Hall, Hall and Hausman 1974, Annals of Economic and Social Measurement 3, 653-665). Intervals are
those of a beta distribution with as much information under Jeffreys' prior, and for invented boxes by item of a gamma
distribution.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus.box_model import KINDS, LEAST, Model, Parameters
from goldwork.consensus.result import Annotators

Floats = npt.NDArray[np.float64]

STEP = 1e-3
"""By which logits and logs are changed to see how the likelihood of each item changes."""


def describe(model: Model, probabilities: Floats, parameters: Parameters, scale: Floats) -> Annotators:
    """Sensitivity, and as more invented boxes by item and the scale of errors of place, of each annotator."""
    share = parameters.objects / parameters.objects.sum()
    sensitivity = parameters.draws @ share
    shared = _shared(model, parameters) if tells_apart(model) else (np.nan, np.nan)
    low, high = _sensitivity(model, probabilities, parameters, shared[0])
    few, many = _invented(model, probabilities, shared[1])
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


def _sensitivity(model: Model, probabilities: Floats, parameters: Parameters, shared: float) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    table, item, share = model.table, model.clusters.item, parameters.objects / parameters.objects.sum()
    told = np.zeros((model.annotators, KINDS))
    real = probabilities[:, 1:].sum(axis=1)
    for kind in range(KINDS):
        squares = np.bincount(item, probabilities[:, 1 + kind] * real, model.items)
        told[:, kind] = np.bincount(table.annotator, table.weights() * squares[table.item], model.annotators)
    told += model.pooling + LEAST
    draws = parameters.draws
    variance = (share**2 * draws * (1 - draws) / told).sum(axis=1)
    mean = draws @ share
    variance += (mean * (1 - mean)) ** 2 * shared
    size = np.clip(mean * (1 - mean) / np.maximum(variance, 1e-300), 0, told.sum(axis=1))
    ones, others = mean * size + 0.5, (1 - mean) * size + 0.5
    return np.asarray(betaincinv(ones, others, 0.025)), np.asarray(betaincinv(ones, others, 0.975))


def _invented(model: Model, probabilities: Floats, shared: float) -> tuple[Floats, Floats]:
    from scipy.special import gammaincinv

    share = model.inventors(probabilities[:, 0])
    count = np.bincount(model.who, share, model.annotators)
    squares = np.bincount(model.who, share**2, model.annotators)
    told = np.divide(squares, count, out=np.ones(model.annotators), where=count > 0)
    crowd = model.crowd.invents if model.crowd is not None else model.rates
    mean = (count + model.pooling * crowd + 0.5) / np.maximum(model.judged + model.pooling, 1e-9)
    shape = told * (count + model.pooling * crowd) + 0.5
    shape = shape / (1 + shape * shared)
    return np.asarray(gammaincinv(shape, 0.025) / shape * mean), np.asarray(gammaincinv(shape, 0.975) / shape * mean)


def _shared(model: Model, parameters: Parameters) -> tuple[float, float]:
    """The variance that all annotators share, of the logit of the mean sensitivity and of the log of the rate."""
    if model.crowd is None or not model.items:
        return 0.0, 0.0
    begin = np.concatenate([
        _logit(model.crowd.draws[0]), np.log(model.crowd.invents[:1]), np.log(parameters.objects),
        _logit(np.array([parameters.coincidence])),
    ])  # fmt: skip
    steps = STEP * np.eye(len(begin))
    sides = [[model.likelihood(_crowd(model, begin + sign * step))[1] for sign in (1, -1)] for step in steps]
    scores = np.stack([(up - down) / (2 * STEP) for up, down in sides], axis=1)
    inverse = np.linalg.inv(scores.T @ scores + np.eye(len(begin)))
    slope = np.array([(_mean_logit(begin + step) - _mean_logit(begin - step)) / (2 * STEP) for step in steps])
    return float(slope @ inverse @ slope), float(inverse[KINDS, KINDS])


def tells_apart(model: Model) -> bool:
    """Whether at least half of the judgements are on items with gold or with three judgements or more.

    With two an item it cannot be told whether a single box was missed by one or invented by the other: intervals are
    then hardly shorter than what is possible (98 to 100 % cover), and there are none.
    """
    telling = model.clusters.known | (model.judges >= 3)
    return bool(2 * telling[model.table.item].sum() >= len(model.table)) if len(model.table) else True


def _crowd(model: Model, place: Floats) -> Parameters:
    """Everybody with the same parameters, from their logits and logs."""
    draws = np.tile(_share(place[:KINDS]), (model.annotators, 1))
    invents = np.full(model.annotators, np.exp(place[KINDS]))
    return Parameters(draws, invents, np.exp(place[KINDS + 1 : -1]), float(_share(place[-1:])[0]))


def _mean_logit(place: Floats) -> float:
    objects = np.exp(place[KINDS + 1 : -1])
    return float(_logit(np.array([_share(place[:KINDS]) @ objects / objects.sum()]))[0])


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))


def _share(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))
