"""Ambiguity: how far the split on an item is the item's own, and not its annotators' errors.

Beforehand one item in ten is taken to be ambiguous. If it is clear, one category is true and everybody errs as their
confusion says. If it is ambiguous, an annotator without any error would give a second category, each being as likely,
with probability x, and everybody errs around that; x is spread evenly from .1 to .9. Reckoned with are the two most
probable categories of the item. Its ambiguity is the expected share of annotators without error who would contradict
the others,

    P(ambiguous | judgements) * E[min(x, 1 - x) | judgements, ambiguous], between 0 and 0.5:

high where good annotators split, low where the split is what their errors make anyway. It ranks items; as a share it
leans low, because the confusions have already taken part of the items' ambiguity for annotators' errors.

Disagreement as a property of items and not only of annotators: Aroyo and Welty 2015, AI Magazine 36, 15-24; two
readings of one item: Tian and Zhu 2012, KDD, 226-234. Below five judgements
an item the ranking is rough; with one, nothing can be told.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

GRID = np.linspace(0.1, 0.9, 9)
PRIOR = 0.1


def ambiguity_of(table: Judgements, probabilities: Floats, prevalence: Floats, confusion: Floats) -> Floats:
    """The ambiguity of every item, [I]."""
    items, k = probabilities.shape
    if k < 2 or not items:
        return np.zeros(items, np.float64)
    second, first = np.argpartition(probabilities, k - 2, axis=1)[:, -2:].T
    codes = table.coded()[0]
    answers = [confusion[table.annotator, of[table.item], codes] for of in (first, second)]
    ones, twos = (np.maximum(part, 1e-300) for part in answers)
    weights = table.weights()
    prior = np.stack([prevalence[first], prevalence[second]]) + 1e-12
    prior /= prior.sum(axis=0)
    logs = [np.bincount(table.item, weights * np.log(part), items) for part in (ones, twos)]
    clear = np.logaddexp(np.log(prior[0]) + logs[0], np.log(prior[1]) + logs[1])
    split = np.stack([_by_item(table, weights, ones, twos, x) for x in GRID])
    return _expected(split - clear - np.log(k - 1))


def _by_item(table: Judgements, weights: Floats, ones: Floats, twos: Floats, x: float) -> Floats:
    """The log likelihood of each item's judgements where the second category has the share x."""
    logs = weights * np.log((1 - x) * ones + x * twos)
    return np.asarray(np.bincount(table.item, logs, len(table.items)), np.float64)


def _expected(odds: Floats) -> Floats:
    """The ambiguity, from the log likelihood ratios [grid, items] of the shares x against a clear item."""
    ratios = np.exp(np.minimum(odds, 500))
    ratio = ratios.mean(axis=0)
    contradicting = (np.minimum(GRID, 1 - GRID)[:, None] * ratios).mean(axis=0)
    return np.asarray(PRIOR * contradicting / (1 - PRIOR + PRIOR * ratio))
