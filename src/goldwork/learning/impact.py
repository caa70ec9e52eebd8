"""What the quality of labels is worth to a model: the same model trained on labels made in several ways.

All ways use the same items and features, and are held against the same items whose truth is known and which none was
trained on. Differences are paired: between two ways, on the items drawn again (bootstrap, 95 %).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.learning.joint import Votes, infer_jointly
from goldwork.learning.model import fit

Floats = npt.NDArray[np.float64]

DRAWS = 2000
ONE, MAJORITY, CONSENSUS, SOFT, CLEANED, JOINT = (
    "one judgement", "majority", "consensus", "soft labels", "without suspects", "annotators and model",
)  # fmt: skip
BINS = 10


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model trained in one `way` on so many `judgements` that were paid for.

    `accuracy` on the test items, between `low` and `high`; `gain` over the majority's, between its ends; `each`: the
    gain over one judgement an item, by judgement paid for beyond those, nan where none was; `error`: how far its
    probabilities are off (mean of |accuracy - confidence| over ten bins), less what chance alone gives.
    """

    way: str
    judgements: int
    accuracy: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float
    each: float
    each_low: float
    each_high: float
    error: float


def measure_impact(
    features: Any,
    votes: Votes,
    consensus: Floats,
    test: tuple[Any, npt.NDArray[Any]],
    *,
    suspects: npt.NDArray[Any] | None = None,
    seed: int = 0,
) -> list[Trained]:
    """Train in every way and hold each against `test`: features [m, d] and true classes [m].

    `features` [n, d] and `votes` of the n items; `consensus` [n, K]: their probabilities by a consensus method;
    `suspects`: codes of annotators whose data are left out in one of the ways. Raises InputError where there is no test
    item, and where a way has too few classes to train on.
    """
    seen, truth = test
    if not len(truth):
        raise InputError(
            "there is no item to hold the models against: none with a known truth is left out of training."
        )
    rng = np.random.default_rng(seed)
    made: dict[str, tuple[Floats, int]] = {}
    for way, (shares, weight, paid) in _ways(votes, consensus, suspects, rng).items():
        made[way] = fit(features, shares, weight, seed=seed).model.predict(seen), paid
    made[JOINT] = infer_jointly(features, votes, seed=seed).model.predict(seen), len(votes.item)
    draws = rng.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), DRAWS) / len(truth)
    right = {way: (shares.argmax(axis=1) == truth).astype(float) for way, (shares, _) in made.items()}

    def above(way: str, other: str) -> tuple[float, float, float]:
        """The mean difference, and its ends."""
        more = right[way] - right[other]
        low, high = np.quantile(draws @ more, (0.025, 0.975)).tolist()
        return float(more.mean()), low, high

    found = []
    for way, (shares, paid) in made.items():
        low, high = np.quantile(draws @ right[way], (0.025, 0.975)).tolist()
        gain, gain_low, gain_high = above(way, MAJORITY)
        beyond = paid - made[ONE][1]
        each, each_low, each_high = (of / beyond if beyond > 0 else float("nan") for of in above(way, ONE))
        found.append(
            Trained(
                way=way,
                judgements=paid,
                accuracy=float(right[way].mean()),
                low=low,
                high=high,
                gain=gain,
                gain_low=gain_low,
                gain_high=gain_high,
                each=each,
                each_low=each_low,
                each_high=each_high,
                error=_excess(np.asarray(shares.max(axis=1)), right[way], rng),
            )
        )
    return found


def _ways(
    votes: Votes, consensus: Floats, suspects: npt.NDArray[Any] | None, rng: np.random.Generator
) -> Mapping[str, tuple[Floats, Floats, int]]:
    """Shares, weights and judgements paid for, by way."""
    judged = np.bincount(votes.item, minlength=votes.items) > 0
    weight, paid, K = judged.astype(float), len(votes.item), votes.classes
    order = rng.permutation(paid)
    first = order[np.unique(votes.item[order], return_index=True)[1]]
    one = dataclasses.replace(
        votes, item=votes.item[first], annotator=votes.annotator[first], answer=votes.answer[first]
    )
    ways = {
        ONE: (_hard(one.shares(), rng), weight, int(judged.sum())),
        MAJORITY: (_hard(votes.shares(), rng), weight, paid),
        CONSENSUS: (np.eye(K)[consensus.argmax(axis=1)], weight, paid),
        SOFT: (consensus, weight, paid),
    }
    if suspects is not None and len(suspects):
        kept = ~np.isin(votes.annotator, suspects)
        rest = dataclasses.replace(
            votes, item=votes.item[kept], annotator=votes.annotator[kept], answer=votes.answer[kept]
        )
        left = (np.bincount(rest.item, minlength=votes.items) > 0).astype(float)
        ways[CLEANED] = (_hard(rest.shares(), rng), left, paid)
    return ways


def _hard(shares: Floats, rng: np.random.Generator) -> Floats:
    """The likeliest class; of equal ones, one by lot."""
    return np.asarray(np.eye(shares.shape[1])[(shares + 1e-6 * rng.random(shares.shape)).argmax(axis=1)])


def _excess(confidence: Floats, right: Floats, rng: np.random.Generator) -> float:
    null = np.mean(
        [_error(confidence, (rng.random(len(confidence)) < confidence).astype(np.float64)) for _ in range(100)]
    )
    return float(_error(confidence, right) - null)


def _error(confidence: Floats, right: Floats) -> float:
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split((right - confidence)[order], BINS)
    return float(sum(abs(part.sum()) for part in parts) / len(right))
