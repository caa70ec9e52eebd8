"""How near annotators come to what the others hold for best, with 95 % intervals.

For each judgement, the answers of the item's others are weighed as if this one had not been given; its nearness is one
minus the expected distance from the best of them, or from gold where that is known. An annotator's nearness is the mean
over their judgements. Nothing in it rests on the annotator's own word.

The interval is that of a beta distribution under Jeffreys' prior, worth as many judgements as their spread says (Brown,
Cai and DasGupta 2001, Statistical Science 16, 101-133). The spread is shrunk towards that of all annotators, as if
each had made PRIOR further judgements, and the t quantile allows for its being estimated. That the others' rates are
estimated too adds a share of 1 / (number of annotators) to the variance: an allowance found by simulation, which five
annotators need (docs/methods/text.md).
"""

from __future__ import annotations

import numpy as np

from goldwork.consensus.race import Floats, Raced
from goldwork.consensus.result import Annotators
from goldwork.judgements import Codes

PRIOR = 5.0


def describe_nearness(raced: Raced) -> Annotators:
    """The annotators of a fit: their nearness, and the rate that they were weighed by."""
    table = raced.model.apart.table
    near = _near_others(raced)
    there = ~np.isnan(near)
    size = len(table.annotators)
    weight = table.weights()[there]
    who = table.annotator[there]
    skill, low, high = mean_with_interval(near[there], weight, who, size)
    return Annotators(
        names=table.annotators,
        judgements=np.bincount(table.annotator, minlength=size),
        skill=skill,
        low=low,
        high=high,
        measure="nearness",
        more={"rate": raced.rates},
    )


def _near_others(raced: Raced) -> Floats:
    """Of each judgement, [n]; nan where nobody else judged the item and no gold is known."""
    model = raced.model
    apart, table = model.apart, model.apart.table
    of, to, distance = apart.each
    other = table.annotator[of] != table.annotator[to]
    of, to, distance = of[other], to[other], distance[other]
    own = model.weight * raced.rates[table.annotator]
    score = model.scores(raced.rates)[to] + own[of] * distance**model.shape  # without this judgement's say
    top = np.full(len(table), -np.inf)
    np.maximum.at(top, of, score)
    made = np.exp(score - top[of])
    total = np.bincount(of, made, len(table))
    mean = np.full(len(table), np.nan)
    np.divide(np.bincount(of, made * distance, len(table)), total, out=mean, where=total > 0)
    return 1 - np.where(model.open, mean, apart.from_gold)


def mean_with_interval(values: Floats, weight: Floats, who: Codes, size: int) -> tuple[Floats, Floats, Floats]:
    """Weighted means of values in [0, 1] by group and the ends of their intervals, [size]; nan where there is none."""
    from scipy.special import betaincinv, stdtrit

    count = np.bincount(who, weight, size)
    rows = np.bincount(who, minlength=size)
    there = rows > 0
    mean = np.divide(np.bincount(who, weight * values, size), count, out=np.full(size, np.nan), where=there)
    squares = np.bincount(who, weight * (values - mean[who]) ** 2, size)
    shrunk = np.clip((np.nan_to_num(mean) * count + 0.5) / (count + 1), 0, 1)
    bound = shrunk * (1 - shrunk)
    free = np.maximum(count - 1, 0)
    common = float(squares.sum() / max(float((bound * free)[rows > 1].sum()), 1e-12)) if (rows > 1).any() else 1.0
    common = min(max(common, 1e-3), 1.0)
    variance = (squares + PRIOR * common * bound) / (free + PRIOR)
    variance *= 1 + 1 / max(int(there.sum()), 1)
    worth = count * bound / np.maximum(variance, 1e-12)
    worth *= (1.959964 / stdtrit(free + PRIOR, 0.975)) ** 2
    middle = np.nan_to_num(mean, nan=0.5)
    ones, others = middle * worth + 0.5, (1 - middle) * worth + 0.5
    low, high = betaincinv(ones, others, 0.025), betaincinv(ones, others, 0.975)
    nothing = np.full(size, np.nan)
    return (
        mean,
        np.where(there, np.minimum(low, middle), nothing),
        np.where(there, np.maximum(high, middle), nothing),
    )
