"""Calibration: probabilities that come true as often as they say.

Models of judgements take annotators' errors for independent, and are too sure where they are not. Dividing the
logarithms of an item's probabilities by a temperature T and normalising again mends most of it and changes no answer
(Guo et al. 2017, On Calibration of Modern Neural Networks, ICML, 1321-1330). T maximises the probability of the gold
answers of items that are a simple random sample, times a lognormal prior around 2.5 with a spread of .7, which is where
it lies on crowds of three to forty judgements an item. The probabilities of a gold item come from fits that did not
know its answer: gold is held out in parts.

    >>> rng = np.random.default_rng(1)
    >>> true = rng.dirichlet([0.3, 0.3, 0.3], 400)
    >>> codes = np.array([rng.choice(3, p=p) for p in true])
    >>> found = fit_temperature(tempered(true, 1 / 3.0), codes)
    >>> found.low < 3.0 < found.high
    True
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.result import Consensus, Temperature
from goldwork.errors import InputError
from goldwork.judgements import Codes

Floats = npt.NDArray[np.float64]

LEAST_GOLD = 20
"""Fewer gold items leave the temperature to its prior."""
PRIOR = (math.log(2.5), 0.7)
FLOOR = 1e-9
PARTS = 5
Z = 1.959964


@dataclasses.dataclass(frozen=True)
class Reliability:
    """How often answers of each confidence are right: bins of equally many items, the least confident first.

    - `confidence`, `accuracy` [B]: means of the bins, `low` and `high` [B] Wilson's 95 % interval of the accuracy
    - `items` [B]
    - `error`: the expected calibration error, the mean of |accuracy - confidence| over items
    - `null`: what it would be for perfectly calibrated confidences on so many items
    - `excess`: `error` - `null`, between `excess_low` and `excess_high` (95 %, bootstrap over items)
    """

    confidence: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    items: npt.NDArray[np.int64]
    error: float
    null: float
    excess: float
    excess_low: float
    excess_high: float

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        size = f"{int(self.items.sum()):,} items"
        if self.excess_low > 0:
            return f"Confidences are off by {self.excess:.3f} beyond chance ({size}): do not take them at their word."
        return f"Confidences are off by {max(self.excess, 0):.3f} beyond chance ({size}), which chance may explain."


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Probabilities [n, K] to the power of 1 / temperature, normalised."""
    logs = np.log(np.maximum(probabilities, 1e-300)) / temperature
    shares = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def fit_temperature(probabilities: Floats, codes: npt.NDArray[Any]) -> Temperature:
    """The temperature from items with probabilities [n, K] and true classes [n]. Raises InputError below LEAST_GOLD."""
    from scipy.optimize import minimize_scalar

    if len(codes) < LEAST_GOLD:
        raise InputError(f"calibration needs {LEAST_GOLD} gold items or more, drawn at random. Got {len(codes)}.")
    place = np.arange(len(codes))

    def loss(log_t: float) -> float:
        told = np.log(np.maximum(tempered(probabilities, math.exp(log_t))[place, codes], FLOOR)).sum()
        return float(-told + (log_t - PRIOR[0]) ** 2 / (2 * PRIOR[1] ** 2))

    best = float(minimize_scalar(loss, bounds=(-2.0, 5.0), method="bounded").x)
    step = 0.05
    curve = (loss(best + step) - 2 * loss(best) + loss(best - step)) / step**2
    half = Z / math.sqrt(max(curve, 1 / PRIOR[1] ** 2))
    return Temperature(math.exp(best), math.exp(best - half), math.exp(best + half), len(codes))


def held_out(infer: Callable[[Codes], Floats], gold: Codes, rng: np.random.Generator) -> Floats:
    """Probabilities [known, K] of the items with gold, each from a call of `infer` that did not know its answer.

    `infer` takes gold [I] and gives probabilities [I, K]. Raises InputError for gold on fewer items than parts.
    """
    known = np.flatnonzero(gold >= 0)
    if len(known) < PARTS:
        raise InputError(f"gold on {PARTS} items or more is needed to hold some of it out. Got {len(known)}.")
    part = rng.permutation(len(known)) % PARTS
    found: Floats | None = None
    for held in range(PARTS):
        without = gold.copy()
        without[known[part == held]] = -1
        shares = infer(without)
        found = np.zeros((len(known), shares.shape[1])) if found is None else found
        found[part == held] = shares[known[part == held]]
    assert found is not None, "there is gold"
    return found


def calibrated(made: Consensus, temperature: Temperature) -> Consensus:
    """The consensus with its probabilities tempered; what gold says stays certain."""
    _, codes, probabilities = made.choices()
    shares = np.where(made.known[:, None], probabilities, tempered(probabilities, temperature.value))
    confidence = shares[np.arange(len(codes)), codes]
    return dataclasses.replace(made, probabilities=shares, confidence=confidence, temperature=temperature)


def measure_reliability(
    made: Consensus, truth: Mapping[Any, Any], *, bins: int = 10, resamples: int = 200, seed: int = 0
) -> Reliability:
    """How far a consensus's confidences come true on items whose `truth` is known and was not given as gold.

    Raises InputError where there are fewer such items than bins.
    """
    rows = [row for row, item in enumerate(made.items.tolist()) if item in truth and not made.known[row]]
    right = np.array([made.labels[row] == truth[made.items[row]] for row in rows], np.float64)
    confidence = made.confidence[rows]
    return reliability(confidence, right, bins=bins, resamples=resamples, seed=seed)


def reliability(
    confidence: Floats, right: npt.NDArray[Any], *, bins: int = 10, resamples: int = 200, seed: int = 0
) -> Reliability:
    """How far confidences [n] come true: `right` [n] says which did.

    Raises InputError where there are fewer than bins.
    """
    if bins < 1 or len(confidence) < bins:
        raise InputError(f"{bins} bins need as many items with a truth. Got {len(confidence)}.")
    rng = np.random.default_rng(seed)
    order = np.argsort(confidence, kind="stable")
    confidence, right = confidence[order], np.asarray(right, np.float64)[order]
    error, null = calibration_error(confidence, right, bins), null_error(confidence, bins, rng, resamples)
    drawn = [np.sort(rng.integers(0, len(confidence), len(confidence))) for _ in range(resamples)]
    # A resample repeats items, which alone adds to the error what a second draw from the same truth would.
    excess = np.array([calibration_error(confidence[at], right[at], bins) for at in drawn])
    spread = float(excess.std())
    parts = np.array_split(np.arange(len(confidence)), bins)
    size = np.array([len(part) for part in parts])
    accuracy = np.array([right[part].mean() for part in parts])
    low, high = wilson(accuracy, size)
    return Reliability(
        confidence=np.array([confidence[part].mean() for part in parts]),
        accuracy=accuracy,
        low=low,
        high=high,
        items=size,
        error=error,
        null=null,
        excess=error - null,
        excess_low=error - null - Z * spread,
        excess_high=error - null + Z * spread,
    )


def calibration_error(confidence: npt.NDArray[Any], right: npt.NDArray[Any], bins: int) -> float:
    """The mean over bins of equal size of |accuracy - confidence|; `confidence` in order."""
    cuts = np.linspace(0, len(confidence), bins + 1).astype(int)
    gaps = np.add.reduceat(right - confidence, cuts[:-1])
    return float(np.abs(gaps).sum() / len(confidence))


def null_error(confidence: Floats, bins: int, rng: np.random.Generator, draws: int) -> float:
    """What `calibration_error` is on average where confidences are right: the mean of `draws` simulations."""
    drawn = [(rng.random(len(confidence)) < confidence) * 1.0 for _ in range(draws)]
    return float(np.mean([calibration_error(confidence, right, bins) for right in drawn]))


def wilson(share: Floats, size: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Wilson's interval of shares (1927)."""
    scale = 1 + Z * Z / size
    middle = (share + Z * Z / (2 * size)) / scale
    half = Z * np.sqrt(share * (1 - share) / size + Z * Z / (4 * size * size)) / scale
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)
