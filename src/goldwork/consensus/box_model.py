"""The fit of `boxes-two-coin`: which clusters are objects, who draws and who invents, by expectation maximisation.

An item has Poisson many objects of each of two kinds, the plain and the hard ones, with the rates lambda_k. Annotator
a draws an object of kind k with probability s_ak. So a cluster drawn by the set D of the item's annotators has density

    lambda_k prod_{a in D} s_ak prod_{a not in D} (1 - s_ak)

and objects that nobody drew, lambda_k prod_a (1 - s_ak) of them, are reckoned with though not seen. Besides, a invents
Poisson many boxes with the rate phi_a, and each of the others draws there, too, with a small probability c:

    sum_{a in D} phi_a c^(|D| - 1) (1 - c)^(J - |D|)

All parts are Poisson processes, so the log likelihood is the sum of the logs of the clusters' summed densities, less
the expected number of clusters (Daley and Vere-Jones 2003, An Introduction to the Theory of Point Processes, 7.1).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.box_answers import weights_of
from goldwork.consensus.box_clusters import Clusters
from goldwork.consensus.em import Fit, fit, normalise
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

KINDS = 2
RATE = 0.1
"""The prior of lambda and phi, as items with as many objects; it keeps them above 0."""
COINCIDENT, APART = 1.0, 30.0
"""The prior of c, as boxes drawn where another was invented and as others who did not: coincidences are rare."""
COIN = 1.0
"""What the prior adds to the crowd's objects drawn and missed."""
LEAST = 1e-6


@dataclasses.dataclass(frozen=True)
class Parameters:
    """`draws`: [A, 2] probabilities s; `invents`: [A] rates phi; `objects`: [2] rates lambda; `coincidence`: c."""

    draws: Floats
    invents: Floats
    objects: Floats
    coincidence: float


class Model:
    """Over one table. It is a model for `em.fit`: of the whole crowd first, then of each annotator.

    Probabilities are [C, 3]: invented, a hard object, a plain object.
    """

    def __init__(self, table: Judgements, clusters: Clusters, pooling: float) -> None:
        self.table, self.clusters, self.pooling = table, clusters, pooling
        self.items, self.annotators = len(table.items), len(table.annotators)
        drawn = clusters.row >= 0
        self.cluster = clusters.cluster[drawn]
        self.who = table.annotator[clusters.row[drawn]] if len(table) else clusters.row[drawn]
        self.weight = weights_of(table, clusters)[drawn]
        self.judges = np.bincount(table.item, minlength=self.items)
        self.judged = np.bincount(table.annotator, minlength=self.annotators)
        item = clusters.item
        self.others_drew, self.others = self._others()
        self.crowd: Parameters | None = None
        self.hidden = np.zeros((self.items, KINDS))
        self.rates = np.ones(self.annotators)
        self.begun: Floats = np.zeros((0, 1 + KINDS))
        self.open = ~clusters.known
        self.ruled_out = np.zeros((len(clusters), 1 + KINDS), bool)
        self.ruled_out[:, 0] = clusters.golden
        self.ruled_out[:, 1:] = (clusters.known[item] & ~clusters.golden)[:, None]

    def _others(self) -> tuple[Floats, Floats]:
        """By cluster, of the annotators besides the inventor: the weight of those who drew, and of all."""
        drawn, judges = self.clusters.drawn, self.judges[self.clusters.item]
        weight = np.bincount(self.cluster, self.weight, len(self.clusters))
        total = np.bincount(self.table.item, self.table.weights(), self.items)[self.clusters.item]
        return weight * (1 - 1 / np.maximum(drawn, 1)), total * (1 - 1 / np.maximum(judges, 1))

    def fit(self, start: Parameters | None, crowd: Parameters | None, **how: Any) -> Fit[Parameters]:
        """From counts on, or from an earlier fit's crowd and annotators."""
        self.begun = self._first()
        if start is None or crowd is None:
            together = fit(self, **how)
            self.crowd, self.begun = together.parameters, together.probabilities
        else:
            self.crowd = crowd
            self.begun = self.expect(start)[0]
        return fit(self, **how)

    def _first(self) -> Floats:
        """An object the more, the more of the annotators drew it; a plain one where most did."""
        share = self.clusters.drawn / np.maximum(self.judges[self.clusters.item], 1)
        real = np.where(self.clusters.drawn > 1, 0.9, 0.1)
        real = np.where(self.judges[self.clusters.item] == 1, 0.5, real)
        plain = np.where(share > 0.5, 0.9, 0.1)
        made = np.stack([1 - real, real * (1 - plain), real * plain], axis=1)
        made[self.ruled_out] = 0
        total = made.sum(axis=1, keepdims=True)
        return np.asarray(made / np.maximum(total, LEAST))

    def start(self) -> Floats:
        """Probabilities to begin with."""
        return self.begun

    def maximise(self, probabilities: Floats) -> Parameters:
        """Expected counts with their priors, as shares."""
        drawn, there = self.counts(probabilities)
        invented = self._by_annotator(self.inventors(probabilities[:, 0]))
        judged = self.judged
        if self.crowd is None:
            draws = np.broadcast_to((drawn.sum(axis=0) + COIN) / (there.sum(axis=0) + 2 * COIN), drawn.shape)
            invents = np.full(self.annotators, (invented.sum() + RATE) / (judged.sum() + RATE))
        else:
            draws = (drawn + self.pooling * self.crowd.draws + LEAST) / (there + self.pooling + 2 * LEAST)
            invents = (invented + self.pooling * self.crowd.invents + LEAST) / (judged + self.pooling + LEAST)
        objects = self._by_item(probabilities[:, 1:]).sum(axis=0) + self.hidden.sum(axis=0)
        together = float(probabilities[:, 0] @ self.others_drew) + COINCIDENT
        chances = float(probabilities[:, 0] @ self.others) + COINCIDENT + APART
        return Parameters(draws, invents, (objects + RATE) / (self.items + RATE), together / chances)

    def counts(self, probabilities: Floats) -> tuple[Floats, Floats]:
        """Objects of each kind that each annotator drew, and that there were, [A, 2] each."""
        size = (self.annotators, KINDS)
        drawn, there = np.zeros(size), np.zeros(size)
        objects = self._by_item(probabilities[:, 1:]) + self.hidden
        weights = self.table.weights()
        for kind in range(KINDS):
            drawn[:, kind] = self._by_annotator(self.weight * probabilities[self.cluster, 1 + kind])
            seen = weights * objects[self.table.item, kind]
            there[:, kind] = np.bincount(self.table.annotator, seen, self.annotators)
        return drawn, there

    def expect(self, parameters: Parameters) -> tuple[Floats, float]:
        """What every cluster is, and the log posterior of the parameters."""
        probabilities, likelihood, self.hidden = self.likelihood(parameters)
        self.rates = parameters.invents
        return probabilities, float(likelihood.sum()) + self._prior(parameters)

    def likelihood(self, parameters: Parameters) -> tuple[Floats, Floats, Floats]:
        """What every cluster is [C, 3], every item's log likelihood [I], and the objects nobody drew [I, 2]."""
        logs = self._densities(parameters)
        logs[self.ruled_out] = -np.inf
        probabilities, evidence = normalise(logs) if len(logs) else (logs, np.zeros(0))
        missed = np.exp(self.missed(parameters))
        hidden: Floats = np.where(self.open[:, None], parameters.objects * missed, 0)
        value: Floats = np.bincount(self.clusters.item, evidence, self.items).astype(np.float64)
        value -= parameters.objects.sum() - hidden.sum(axis=1)
        value -= np.bincount(self.table.item, parameters.invents[self.table.annotator], self.items)
        return probabilities, value, hidden

    def missed(self, parameters: Parameters) -> Floats:
        """The log probability that nobody draws an object, [I, 2]."""
        logs = np.log1p(-parameters.draws)[self.table.annotator] * self.table.weights()[:, None]
        return np.stack([np.bincount(self.table.item, logs[:, kind], self.items) for kind in range(KINDS)], axis=1)

    def _densities(self, parameters: Parameters) -> Floats:
        item, size = self.clusters.item, len(self.clusters)
        made = np.empty((size, 1 + KINDS))
        inventors = np.bincount(self.cluster, parameters.invents[self.who], size)
        chance = np.log(parameters.coincidence), np.log1p(-parameters.coincidence)
        made[:, 0] = np.log(np.maximum(inventors, 1e-300))
        made[:, 0] += self.others_drew * chance[0] + (self.others - self.others_drew) * chance[1]
        odds = np.log(parameters.draws) - np.log1p(-parameters.draws)
        made[:, 1:] = (np.log(parameters.objects) + self.missed(parameters))[item]
        for kind in range(KINDS):
            made[:, 1 + kind] += np.bincount(self.cluster, self.weight * odds[self.who, kind], size)
        return made

    def _prior(self, parameters: Parameters) -> float:
        draws, invents = parameters.draws, parameters.invents
        if self.crowd is None:
            own = COIN * float((np.log(draws[:1]) + np.log1p(-draws[:1])).sum())
            own += RATE * float((np.log(invents[:1]) - invents[:1]).sum())
        else:
            before = self.crowd
            ones, others = self.pooling * before.draws + LEAST, self.pooling * (1 - before.draws) + LEAST
            own = float((ones * np.log(draws) + others * np.log1p(-draws)).sum())
            rate = self.pooling * before.invents + LEAST
            own += float((rate * np.log(invents) - (self.pooling + LEAST) * invents).sum())
        own += RATE * float((np.log(parameters.objects) - parameters.objects).sum())
        c = parameters.coincidence
        return own + COINCIDENT * float(np.log(c)) + APART * float(np.log1p(-c))

    def inventors(self, invented: Floats) -> Floats:
        """Of every drawn box, the probability that its annotator invented the cluster."""
        rate = self.rates[self.who]
        total = np.bincount(self.cluster, rate, len(self.clusters))
        return np.asarray(invented[self.cluster] * rate / np.maximum(total[self.cluster], 1e-300))

    def _by_annotator(self, values: Floats) -> Floats:
        return np.bincount(self.who, values, self.annotators).astype(np.float64)

    def _by_item(self, values: Floats) -> Floats:
        item = self.clusters.item
        return np.stack([np.bincount(item, values[:, kind], self.items) for kind in range(KINDS)], axis=1)
