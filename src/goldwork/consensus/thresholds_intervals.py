"""How well an ordinal fit knows its annotators: 95 % intervals for accuracies, confusions, biases and errors.

The information in the items' scores, sum over items of score score' for all annotators' (b, log s) and the logits of
the prevalence together (Berndt, Hall, Hall and Hausman 1974, Annals of Economic and Social Measurement 3, 653-665),
plus that of the priors, is inverted. What few biases have in common is known less well than that says: theirs have
the t quantile of 2 (A - 1) degrees of freedom, which covers in simulation. Accuracies get theirs by their slopes, on
the logit scale. A cell of a confusion bends too much for that: its interval is what it takes on round the ellipse of
(b, log s) on which a straight one would reach its 95 % ends. Above MAX_PARAMETERS each annotator is taken alone, which
is too narrow where items have three judgements.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Annotators
from goldwork.consensus.thresholds import TINY, Ordered, Scale

Floats = npt.NDArray[np.float64]

MAX_PARAMETERS = 2000
BLOCK = 2_000_000
"""Judgements times classes whose scores are held at once."""
ROUND = 16
"""Points on an ellipse."""
Z = 1.959964


def describe(model: Ordered, scale: Scale, probabilities: Floats, *, intervals: bool) -> Annotators:
    """The annotators of a fit; without `intervals` their ends are nan."""
    from scipy.special import stdtrit

    shares, by_bias, by_error = model.slopes(scale)
    accuracy = np.einsum("t,att->a", scale.prevalence, shares)
    a, k = model.annotators, model.k
    covariance = np.full((a, 2 + k, 2 + k), np.nan)
    if intervals:
        covariance = _covariance(model, probabilities, scale.prevalence, _scores(model, probabilities, scale))
    slope = np.stack([by_bias, by_error], axis=-1)
    right = np.einsum("att->at", shares)
    gradient = np.c_[np.einsum("t,attx->ax", scale.prevalence, slope), scale.prevalence * (right - accuracy[:, None])]
    low, high = _logits(accuracy, np.sqrt(np.einsum("ax,axy,ay->a", gradient, covariance, gradient)))
    ends = _round(model, scale, shares, covariance[:, :2, :2])
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    reach = np.c_[stdtrit(max(2 * a - 2, 1), 0.975) * error[:, 0], Z * error[:, 1]]
    return Annotators(
        names=model.table.annotators,
        judgements=np.bincount(model.table.annotator, minlength=a),
        skill=accuracy,
        low=low,
        high=high,
        confusion=shares,
        confusion_low=ends[0],
        confusion_high=ends[1],
        more={
            "bias": scale.bias,
            "bias_low": scale.bias - reach[:, 0],
            "bias_high": scale.bias + reach[:, 0],
            "error": np.exp(scale.log_error),
            "error_low": np.exp(scale.log_error - reach[:, 1]),
            "error_high": np.exp(scale.log_error + reach[:, 1]),
        },
    )


def _scores(model: Ordered, probabilities: Floats, scale: Scale) -> Floats:
    """The expected score of every judgement for its annotator's bias and log error, [2, n]."""
    shares, *slopes = model.slopes(scale)
    by_answer = [(slope / np.maximum(shares, TINY)).transpose(0, 2, 1) for slope in slopes]
    table = model.table
    codes, weights = table.coded()[0], np.sqrt(table.weights())  # squared they count as so many judgements
    made = np.empty((2, len(table)))
    size = max(1, BLOCK // model.k)
    for first in range(0, len(table), size):
        rows = slice(first, first + size)
        who, of = table.annotator[rows], probabilities[table.item[rows]]
        for x in range(2):
            made[x, rows] = weights[rows] * np.einsum("nt,nt->n", of, by_answer[x][who, codes[rows]])
    return made


def _covariance(model: Ordered, probabilities: Floats, prevalence: Floats, scores: Floats) -> Floats:
    """The covariance of everybody's (b, log s) and of the prevalence's logits, [A, 2 + K, 2 + K]."""
    from scipy.sparse import csr_array

    a, k, table = model.annotators, model.k, model.table
    priors = np.array([model.bias_prior**-2, model.error_prior**-2])
    shared = probabilities - prevalence
    common = shared.T @ shared + np.eye(k)
    if 2 * a > MAX_PARAMETERS:
        made = np.zeros((a, 2 + k, 2 + k))
        made[:, 2:, 2:] = common
        for x in range(2):
            for y in range(2):
                made[:, x, y] = np.bincount(table.annotator, scores[x] * scores[y], a) + (x == y) * priors[x]
        return np.asarray(np.linalg.inv(made), np.float64)
    places = np.r_[table.annotator, table.annotator + a], np.r_[table.item, table.item]
    of_item = csr_array((scores.ravel(), places), shape=(2 * a, len(table.items)))
    information = np.zeros((2 * a + k, 2 * a + k))
    information[: 2 * a, : 2 * a] = np.asarray((of_item @ of_item.T).toarray())
    information[: 2 * a, 2 * a :] = np.asarray(of_item @ shared)
    information[2 * a :, : 2 * a] = information[: 2 * a, 2 * a :].T
    information[2 * a :, 2 * a :] = common
    information[np.arange(2 * a), np.arange(2 * a)] += np.repeat(priors, a)
    information[a : 2 * a, a : 2 * a] -= priors[1] / (a + 1)  # the middling error is known from a of them
    covariance = np.linalg.inv(information)
    own = np.c_[np.arange(a), np.arange(a) + a, np.tile(2 * a + np.arange(k), (a, 1))]
    return np.asarray(covariance[own[:, :, None], own[:, None, :]], np.float64)


def _round(model: Ordered, scale: Scale, shares: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """The least and the most of every cell round each annotator's ellipse."""
    if np.isnan(covariance).any():
        return np.full_like(shares, np.nan), np.full_like(shares, np.nan)
    low, high = shares, shares
    root = Z * np.linalg.cholesky(covariance)
    for angle in np.linspace(0, 2 * np.pi, ROUND, endpoint=False):
        away = root @ np.array([np.cos(angle), np.sin(angle)])
        there = model.confusion(
            dataclasses.replace(scale, bias=scale.bias + away[:, 0], log_error=scale.log_error + away[:, 1])
        )
        low, high = np.minimum(low, there), np.maximum(high, there)
    return low, high


def _logits(share: Floats, error: Floats) -> tuple[Floats, Floats]:
    """The interval of shares with these standard errors, formed on the logit scale."""
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    place, reach = np.log(inside / (1 - inside)), Z * error / (inside * (1 - inside))
    low, high = (1 / (1 + np.exp(-np.clip(end, -700, 700))) for end in (place - reach, place + reach))
    return np.minimum(low, share), np.maximum(high, share)
