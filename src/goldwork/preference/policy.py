"""A better policy from stored candidates: the best of n, or candidates weighed by their reward within a limit.

Both move away from the policy that wrote the candidates, and a reward model is wrong the further one goes (Gao,
Schulman and Hilton 2023, ICML, 10835-10866). The distance is the Kullback-Leibler divergence from the old policy, in
nats, and is said with the result. `caution` subtracts so many standard deviations of the ensemble: what the model only
guesses is not sought out (Coste et al. 2024, ICLR).

*Source:* best of n is at most log n - (n - 1) / n away (Beirami et al. 2024, arXiv:2401.01879); weights
exp(reward / beta) are the best policy within their divergence (Korbak et al. 2022, Findings of EMNLP, 1083-1091).

    >>> weights = reweigh(np.array([1.0, 0.0, 0.0, -1.0]), limit=0.2)
    >>> weights.round(2).tolist(), round(divergence(weights), 2)
    ([0.52, 0.2, 0.2, 0.08], 0.2)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from goldwork.errors import InputError
from goldwork.preference.reward import RewardModel

Floats = npt.NDArray[np.float64]

LIMIT = 1.0
CAUTION = 1.0
SHARPNESS = (1e-9, 1e9)
"""1 / beta is looked for between these, over the range of the rewards."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a policy makes of one prompt: the `chosen` candidate's place and text, its reward and the ensemble's spread,
    every candidate's `weight`, the mean reward of all before and after, and the `divergence` in nats."""

    prompt: str
    chosen: int
    response: str
    reward: float
    spread: float
    weights: tuple[float, ...]
    before: float
    after: float
    divergence: float


def best_of(model: RewardModel, candidates: Mapping[str, Sequence[str]], *, caution: float = CAUTION) -> list[Choice]:
    """The best of each prompt's candidates; of equal ones the first. Raises InputError for a prompt without any."""
    return [
        _choice(prompt, texts, reward, spread, np.eye(len(texts))[int((reward - caution * spread).argmax())], best=True)
        for prompt, texts, reward, spread in _scored(model, candidates)
    ]


def improve(
    model: RewardModel,
    candidates: Mapping[str, Sequence[str]],
    *,
    limit: float = LIMIT,
    caution: float = CAUTION,
    seed: int = 0,
) -> list[Choice]:
    """A draw from each prompt's candidates, weighed by reward within `limit` nats of all being equally likely."""
    rng = np.random.default_rng(seed)
    found = []
    for prompt, texts, reward, spread in _scored(model, candidates):
        weights = reweigh(reward - caution * spread, limit)
        found.append(_choice(prompt, texts, reward, spread, weights, drawn=int(rng.choice(len(texts), p=weights))))
    return found


def reweigh(reward: Floats, limit: float) -> Floats:
    """Weights proportional to exp(reward / beta), with the smallest beta whose divergence is at most `limit` nats."""
    if limit < 0 or not np.isfinite(limit):
        raise InputError(f"the limit must be a number of nats from 0 on. Got {limit}.")
    n = len(reward)
    if n < 2 or np.ptp(reward) < 1e-12 or limit == 0:
        return np.full(n, 1 / n)
    sharpest: Floats = (reward >= reward.max() - 1e-12).astype(np.float64)
    sharpest /= sharpest.sum()
    if divergence(sharpest) <= limit:
        return sharpest
    mild, sharp = (np.log(bound / float(np.ptp(reward))) for bound in SHARPNESS)

    def beyond(log: float) -> float:
        return divergence(_soft(reward, float(np.exp(log)))) - limit

    if beyond(mild) >= 0:
        return np.full(n, 1 / n)
    found = sharp if beyond(sharp) <= 0 else brentq(beyond, mild, sharp)
    return _soft(reward, float(np.exp(found)))


def divergence(weights: Floats) -> float:
    """In nats, from all candidates being equally likely."""
    kept = weights[weights > 0]
    return float((kept * np.log(kept * len(weights))).sum())


def _soft(reward: Floats, sharpness: float) -> Floats:
    raised = np.exp(sharpness * (reward - reward.max()))
    return np.asarray(raised / raised.sum(), np.float64)


def _scored(
    model: RewardModel, candidates: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Sequence[str], Floats, Floats]]:
    prompts = [prompt for prompt, texts in candidates.items() for _ in texts]
    texts = [text for those in candidates.values() for text in those]
    scores = model.score(prompts, texts)
    begin = 0
    for prompt, those in candidates.items():
        if not those:
            raise InputError(f"prompt {prompt[:60]!r} has no candidate.")
        end = begin + len(those)
        yield prompt, those, scores.reward[begin:end], scores.spread[begin:end]
        begin = end


def _choice(
    prompt: str,
    texts: Sequence[str],
    reward: Floats,
    spread: Floats,
    weights: Floats,
    *,
    drawn: int | None = None,
    best: bool = False,
) -> Choice:
    chosen = int(weights.argmax()) if drawn is None else drawn
    n = len(texts)
    far = np.log(n) - (n - 1) / n if best else divergence(weights)
    return Choice(
        prompt, chosen, texts[chosen], float(reward[chosen]), float(spread[chosen]), tuple(weights.tolist()),
        float(reward.mean()), float(weights @ reward), float(far),
    )  # fmt: skip
