"""How well a two-coin fit knows its annotators: 95 % intervals for sensitivities and specificities over classes.

For each class the information in the items' scores, sum over items of score score' for all annotators' two log odds and
the prevalence's (Berndt, Hall, Hall and Hausman 1974, Annals of Economic and Social Measurement 3, 653-665), and the
priors, which tie classes of an annotator and annotators of a class together, are inverted as one matrix. Figures that
follow get their intervals by their slopes, on the logit scale, with the t quantile of 4 (A - 1) degrees of freedom,
which covers in simulation also with few annotators. Above MAX_PARAMETERS each annotator is taken alone, which is too
narrow where items have three judgements.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Annotators
from goldwork.consensus.set_coins import Coin, Coins, TwoCoins

Floats = npt.NDArray[np.float64]

MAX_PARAMETERS = 1500
LEAST = 1e-300


def describe(model: TwoCoins, coins: Coins, probabilities: Floats, *, intervals: bool) -> Annotators:
    """Sensitivity and specificity of everybody, over classes as they occur, and the mean of the two."""
    prevalence, a = coins.prevalence, model.annotators
    shares = [_shares(coins.sensitivity), _shares(coins.specificity)]
    weights = [part / max(float(part.sum()), LEAST) for part in (prevalence, 1 - prevalence)]
    pooled = [share @ weight for share, weight in zip(shares, weights, strict=True)]
    slopes = np.stack([share * (1 - share) * weight for share, weight in zip(shares, weights, strict=True)])
    variance = np.full((a, 2, 2), np.nan)
    if intervals:
        whole = (2 * a + 1) * model.k <= MAX_PARAMETERS
        variance = (_whole if whole else _apart)(model, shares, prevalence, probabilities, slopes)
    ends = [_ends(pooled[c], np.sqrt(variance[:, c, c]), a) for c in range(2)]
    balanced = (pooled[0] + pooled[1]) / 2
    low, high = _ends(balanced, np.sqrt(variance.sum(axis=(1, 2)).clip(0)) / 2, a)
    return Annotators(
        names=model.chosen.table.annotators,
        judgements=np.bincount(model.chosen.table.annotator, minlength=a),
        skill=balanced,
        low=low,
        high=high,
        measure="balanced_accuracy",
        more={
            "sensitivity": pooled[0],
            "sensitivity_low": ends[0][0],
            "sensitivity_high": ends[0][1],
            "specificity": pooled[1],
            "specificity_low": ends[1][0],
            "specificity_high": ends[1][1],
        },
    )


def _whole(model: TwoCoins, shares: list[Floats], prevalence: Floats, probabilities: Floats, slopes: Floats) -> Floats:
    """Covariances of everybody's two pooled shares, [A, 2, 2], from one matrix of everything."""
    a, k = model.annotators, model.k
    size = a * k
    precision = np.zeros((2 * size + k, 2 * size + k))
    same_class, same_annotator = np.tile(np.eye(k), (a, a)), np.kron(np.eye(a), np.ones((k, k)))
    prior = np.linalg.inv(same_class + model.own**2 * same_annotator + model.cell**2 * np.eye(size))
    for coin in range(2):
        precision[coin * size : (coin + 1) * size, coin * size : (coin + 1) * size] = prior
    for class_ in range(k):
        places = np.r_[np.arange(a) * k + class_, size + np.arange(a) * k + class_, 2 * size + class_]
        precision[np.ix_(places, places)] += _information(model, shares, prevalence, probabilities, class_)
    precision[np.arange(2 * size, 2 * size + k), np.arange(2 * size, 2 * size + k)] += model.smoothing
    covariance = np.linalg.inv(precision)
    own = np.arange(size).reshape((a, k)) + size * np.arange(2)[:, None, None]  # [2, A, K]
    made = np.empty((a, 2, 2))
    for one in range(2):
        for other in range(2):
            block = covariance[own[one][:, :, None], own[other][:, None, :]]
            made[:, one, other] = np.einsum("ak,akl,al->a", slopes[one], block, slopes[other])
    return made


def _information(
    model: TwoCoins, shares: list[Floats], prevalence: Floats, probabilities: Floats, class_: int
) -> Floats:
    """The sum over items of score score' for one class, [2 A + 1, 2 A + 1]."""
    from scipy.sparse import csr_array

    a, table = model.annotators, model.chosen.table
    items = len(probabilities)
    said = np.zeros(len(table))
    said[model.chosen.row[model.chosen.class_ == class_]] = 1
    holds, who = probabilities[table.item, class_], table.annotator
    weights = np.sqrt(model.weights)  # squared they count as so many judgements
    scores = weights * np.stack(
        [holds * (said - shares[0][who, class_]), (1 - holds) * (1 - said - shares[1][who, class_])]
    )
    places = np.r_[table.item, table.item, np.arange(items)], np.r_[who, who + a, np.full(items, 2 * a)]
    values = np.r_[scores.ravel(), probabilities[:, class_] - prevalence[class_]]
    of_item = csr_array((values, places), shape=(items, 2 * a + 1))
    return np.asarray((of_item.T @ of_item).toarray(), np.float64)


def _apart(model: TwoCoins, shares: list[Floats], prevalence: Floats, probabilities: Floats, slopes: Floats) -> Floats:
    """The same with each annotator and coin alone; the classes' parts are taken as known."""
    told, hits = model.counts(probabilities**2)
    others, false = model.counts((1 - probabilities) ** 2)
    made = np.zeros((model.annotators, 2, 2))
    common = model.own**2 / model.cell**2 / (model.cell**2 + model.k * model.own**2)
    for coin, (asked, right) in enumerate(((told, hits), (others, others - false))):
        information = right * (1 - shares[coin]) ** 2 + (asked - right) * shares[coin] ** 2
        stiff = information + model.cell**-2
        left = 1 - common * (1 / stiff).sum(axis=1)
        tied = common * (slopes[coin] / stiff).sum(axis=1) ** 2 / left
        made[:, coin, coin] = (slopes[coin] ** 2 / stiff).sum(axis=1) + tied
    return made


def _shares(coin: Coin) -> Floats:
    return np.asarray(1 / (1 + np.exp(-coin.odds())), np.float64)


def _ends(share: Floats, error: Floats, annotators: int) -> tuple[Floats, Floats]:
    """The interval of shares with these standard errors, formed on the logit scale."""
    from scipy.special import stdtrit

    inside = share.clip(1e-12, 1 - 1e-12)
    reach = stdtrit(max(4 * annotators - 4, 1), 0.975) * error / (inside * (1 - inside))
    place = np.log(inside / (1 - inside))
    low, high = (1 / (1 + np.exp(-np.clip(end, -700, 700))) for end in (place - reach, place + reach))
    return np.minimum(low, share), np.maximum(high, share)
