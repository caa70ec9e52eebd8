"""The fit behind bias-precision: a linear-Gaussian model of ratings by variational Bayes.

Judgement j of annotator a on item i, standardised, is

    y_j = mu_i + b_a + e_j,   e_j ~ N(0, s_a / lambda_i),   mu_i ~ N(m, tau),   b_a ~ N(c, beta)
    s_a ~ Inverse-Gamma(p/2, p s_0/2),   lambda_i ~ Gamma(q/2, q/2)

(s, tau, beta and s_0 are variances; p is `annotator_prior`, q `item_prior`). The posterior is approximated by
independent normal, inverse-gamma and gamma distributions of mu, b, s and lambda; each is updated in turn, and m, tau,
c and s_0 are set to their best. What biases have in common, c, only gold can tell: without gold it is 0, with gold
c ~ N(0, gamma), gamma being the variance of judgements around items. beta and gamma come from the moments of the table
beforehand: independence would shrink beta to nothing where overlap is thin. Every step raises the objective, the lower
bound of the log evidence

    E[log p(y, mu, b, s, lambda)] - E[log q(mu, b, s, lambda)]

(Bishop 2006, Pattern Recognition and Machine Learning, sections 10.1 and 10.3; free-form updates of conjugate models:
Attias 2000, Advances in Neural Information Processing Systems 12, 209-215). All biases up and all items down by the
same amount fits almost as well, and updates in turn would crawl along that way: one step goes to its best at once.
A judgement of weight w counts as w judgements: its log likelihood is taken w times.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.ratings import spread_of
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

LEAST = 1e-6
"""The least variance of errors, as a share of the variance of all judgements: where all agree it would be 0."""
TINY = 1e-12


@dataclasses.dataclass
class Belief:
    """What is believed, on the standardised scale.

    - `mu`, `mu_variance`: [I]; `bias`, `bias_variance`: [A]
    - `precision`: [A], the expected 1 / s; `log_variance`: [A], the expected log s
    - `ease`: [I], the expected lambda; `log_ease`: [I], the expected log lambda
    - `middle`, `spread`: m and tau; `common`: c; `noise`: s_0
    """

    mu: Floats
    mu_variance: Floats
    bias: Floats
    bias_variance: Floats
    precision: Floats
    log_variance: Floats
    ease: Floats
    log_ease: Floats
    middle: float
    spread: float
    noise: float
    common: float = 0.0


class Ratings:
    """The model over one table."""

    def __init__(self, table: Judgements, gold: Floats, annotator_prior: float, item_prior: float) -> None:
        numbers = table.numbers()
        self.item, self.annotator, self.weights = table.item, table.annotator, table.weights()
        self.items, self.annotators = len(table.items), len(table.annotators)
        self.centre = float(np.average(numbers, weights=self.weights)) if len(numbers) else 0.0
        scale = float(np.sqrt(np.average((numbers - self.centre) ** 2, weights=self.weights))) if len(numbers) else 1.0
        self.scale = scale if scale > TINY * (1 + abs(self.centre)) else 1.0
        self.y = (numbers - self.centre) / self.scale
        self.gold = (gold - self.centre) / self.scale
        self.known = ~np.isnan(gold)
        self.p, self.q = annotator_prior, item_prior
        self.lean, self.lean_freedom, self.shared = self._leanings(table)
        self.by_annotator = np.bincount(self.annotator, self.weights, self.annotators)
        self.by_item = np.bincount(self.item, self.weights, self.items)

    def _leanings(self, table: Judgements) -> tuple[float, float, float]:
        """Beta by moments, its degrees of freedom, and gamma.

        Beta is at least two of its standard errors, up to what chance makes biases seem. It is the difference of what
        biases seem and what chance does, so its degrees of freedom are fewer than the biases (Satterthwaite 1946).
        """
        found, a = spread_of(table), self.annotators
        if not found.variance > 0:
            variance = 1.0 if np.isnan(found.variance) else LEAST
            return variance, 1.0, variance if self.known.any() else 0.0
        chance = found.within * a / float(self.weights.sum())
        lean = max(found.between, chance * min(1.0, 2 * math.sqrt(2 / a)), LEAST * self.scale**2)
        freedom = max((a - 1) * (lean / (lean + chance)) ** 2, 1.0)
        return lean / self.scale**2, freedom, found.variance / self.scale**2 if self.known.any() else 0.0

    def start(self, state: Mapping[str, Any], names: npt.NDArray[Any]) -> Belief:
        """From the items' means; annotators whom an earlier fit knows begin with what it learned."""
        mu = sums(self.item, self.weights * self.y, self.items) / np.maximum(self.by_item, TINY)
        rest = float(self.weights @ (self.y - mu[self.item]) ** 2) / max(float(self.weights.sum()), TINY)
        noise, spread = max(rest, 0.1), max(1 - rest, 0.1)
        nothing, none = np.zeros(self.annotators), np.zeros(self.items)
        precision = np.full(self.annotators, 1 / noise)
        belief = Belief(
            mu, none + noise, nothing, nothing.copy(), precision, -np.log(precision), none + 1, none, 0.0, spread,
            noise,
        )  # fmt: skip
        if state:
            self._resume(belief, state, names)
        return belief

    def _resume(self, belief: Belief, state: Mapping[str, Any], names: npt.NDArray[Any]) -> None:
        earlier = {name: place for place, name in enumerate(state["annotators"].tolist())}
        ours = [place for place, name in enumerate(names.tolist()) if name in earlier]
        theirs = [earlier[names[place]] for place in ours]
        square = self.scale**2
        belief.middle = (state["middle"] - self.centre) / self.scale
        belief.spread, belief.noise = state["spread"] / square, state["noise"] / square
        belief.precision[:] = 1 / belief.noise
        belief.bias[ours] = state["bias"][theirs] / self.scale
        belief.precision[ours] = state["precision"][theirs] * square

    def step(self, belief: Belief) -> None:
        """Every part in turn, each to its best given the others."""
        self._items(belief)
        self._biases(belief)
        self._shift(belief)
        self._errors(belief)

    def _items(self, belief: Belief) -> None:
        weight = self.weight(belief)
        precision = 1 / belief.spread + sums(self.item, weight, self.items)
        pull = sums(self.item, weight * (self.y - belief.bias[self.annotator]), self.items)
        belief.mu = np.where(self.known, self.gold, (belief.middle / belief.spread + pull) / precision)
        belief.mu_variance = np.where(self.known, 0.0, 1 / precision)
        self._spread(belief)

    def _spread(self, belief: Belief) -> None:
        belief.middle = float(belief.mu.mean())
        belief.spread = max(float(((belief.mu - belief.middle) ** 2 + belief.mu_variance).mean()), TINY)

    def _biases(self, belief: Belief) -> None:
        weight = self.weight(belief)
        precision = 1 / self.lean + sums(self.annotator, weight, self.annotators)
        pull = sums(self.annotator, weight * (self.y - belief.mu[self.item]), self.annotators)
        belief.bias = (belief.common / self.lean + pull) / precision
        belief.bias_variance = 1 / precision
        if self.shared:
            belief.common = float(belief.bias.sum()) / (self.annotators + self.lean / self.shared)

    def _shift(self, belief: Belief) -> None:
        """All biases up, all items that are not known down, by the best amount."""
        if self.shared:
            told = self.known[self.item]
            weight = self.weight(belief)[told]
            rest = self.y[told] - belief.mu[self.item[told]] - belief.bias[self.annotator[told]]
            away = float((belief.mu[self.known] - belief.middle).sum()) / belief.spread
            pull = float(weight @ rest) - away - belief.common / self.shared
            by = pull / (float(weight.sum()) + float(self.known.sum()) / belief.spread + 1 / self.shared)
            belief.common += by
        else:
            by = -float(belief.bias.mean())
        belief.bias = belief.bias + by
        belief.mu = np.where(self.known, belief.mu, belief.mu - by)
        belief.middle -= by
        self._spread(belief)

    def _errors(self, belief: Belief) -> None:
        from scipy.special import digamma

        squares = self.weights * self.squares(belief)
        shape = (self.p + self.by_annotator) / 2
        size = (self.p * belief.noise + sums(self.annotator, squares * belief.ease[self.item], len(shape))) / 2
        belief.precision, belief.log_variance = shape / size, np.log(size) - digamma(shape)
        belief.noise = max(1 / float(belief.precision.mean()), LEAST)
        if math.isfinite(self.q):
            shape = (self.q + self.by_item) / 2
            size = (self.q + sums(self.item, squares * belief.precision[self.annotator], len(shape))) / 2
            belief.ease, belief.log_ease = shape / size, digamma(shape) - np.log(size)

    def objective(self, belief: Belief) -> float:
        """The lower bound of the log evidence, in the unit of the judgements."""
        weighted = self.weight(belief) * self.squares(belief)
        likelihood = -0.5 * (
            float(weighted.sum())
            + float(self.by_annotator @ belief.log_variance)
            - float(self.by_item @ belief.log_ease)
            + float(self.weights.sum()) * math.log(2 * math.pi * self.scale**2)
        )
        away = ((belief.mu - belief.middle) ** 2 + belief.mu_variance) / belief.spread
        free = belief.mu_variance[~self.known]
        items = -0.5 * float((away + math.log(2 * math.pi * belief.spread)).sum())
        items += 0.5 * float(np.log(2 * math.pi * math.e * free).sum())
        lean = ((belief.bias - belief.common) ** 2 + belief.bias_variance) / self.lean
        biases = -0.5 * float((lean + math.log(self.lean) - 1 - np.log(belief.bias_variance)).sum())
        if self.shared:
            biases -= 0.5 * (belief.common**2 / self.shared + math.log(2 * math.pi * self.shared))
        return likelihood + items + biases + self._errors_bound(belief)

    def _errors_bound(self, belief: Belief) -> float:
        """What the priors of s and lambda, and the entropies of their posteriors, add to the objective."""
        shape, prior = (self.p + self.by_annotator) / 2, self.p / 2
        rate = shape / belief.precision
        bound = (
            _log_gamma(prior, prior * belief.noise)
            - (prior + 1) * belief.log_variance
            - prior * belief.noise * belief.precision
            - _log_gamma(shape, rate)
            + (shape + 1) * belief.log_variance
            + shape
        )
        total = float(bound.sum())
        if math.isfinite(self.q):
            shape, prior = (self.q + self.by_item) / 2, self.q / 2
            bound = (
                _log_gamma(prior, prior)
                + (prior - 1) * belief.log_ease
                - prior * belief.ease
                - _log_gamma(shape, shape / belief.ease)
                - (shape - 1) * belief.log_ease
                + shape
            )
            total += float(bound.sum())
        return total

    def weight(self, belief: Belief) -> Floats:
        """The expected precision of every judgement, [n]."""
        return np.asarray(self.weights * belief.ease[self.item] * belief.precision[self.annotator])

    def squares(self, belief: Belief) -> Floats:
        """The expected square of every error, [n]."""
        errors = self.y - belief.mu[self.item] - belief.bias[self.annotator]
        return np.asarray(errors**2 + belief.mu_variance[self.item] + belief.bias_variance[self.annotator])


def sums(by: npt.NDArray[np.int32], values: Floats, size: int) -> Floats:
    """The sum of `values` by code, [size]."""
    return np.asarray(np.bincount(by, values, size), np.float64)


def _log_gamma(shape: Any, rate: Any) -> Any:
    """The log of the constant of a gamma or an inverse-gamma distribution."""
    from scipy.special import gammaln

    return shape * np.log(rate) - gammaln(shape)
