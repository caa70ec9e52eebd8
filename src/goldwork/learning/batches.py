"""A batch of items to ask next: those that a model can learn from, and not one of them ten times over.

Of the most informative items one after another is taken whose information times its distance from the nearest one
already taken is the largest. Without this a batch of the least sure items is often one question asked in many words.

*Source:* Sener and Savarese 2018, Active Learning for Convolutional Neural Networks: A Core-Set Approach, ICLR (the
distance, greedily); Zhdanov 2019, Diverse Mini-Batch Active Learning, arXiv:1901.05954 (weighed by the information,
over the AMONG times as many that are the most informative).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError

Floats = npt.NDArray[np.float64]

AMONG = 8


def diverse(features: Any, priority: npt.ArrayLike, number: int) -> npt.NDArray[np.int64]:
    """Up to `number` rows of features [n, d], in the order in which to ask. `priority` [n]: the smaller the sooner.

    Raises InputError for priorities that are not n numbers.
    """
    score = np.asarray(priority, np.float64)
    if score.shape != (features.shape[0],) or np.isnan(score).any():
        raise InputError(f"priority must be {features.shape[0]} numbers.")
    at_hand = np.argsort(score, kind="stable")[: AMONG * number]
    if not len(at_hand):
        return at_hand
    rows = _unit(features[at_hand])
    worth = score[at_hand].max() - score[at_hand]
    worth = 0.05 + worth / max(float(worth.max()), 1e-12)
    chosen = [0]
    far = _distance(rows, 0)
    for _ in range(min(number, len(at_hand)) - 1):
        value = worth * far
        value[chosen] = -1
        best = int(value.argmax())
        chosen.append(best)
        far = np.minimum(far, _distance(rows, best))
    return np.asarray(at_hand[chosen])


def _unit(rows: Any) -> Any:
    from sklearn.preprocessing import normalize

    return normalize(rows)


def _distance(rows: Any, one: int) -> Floats:
    """1 - the cosine to one of the rows."""
    like = rows @ rows[[one]].T
    like = like.toarray() if hasattr(like, "toarray") else like
    return np.asarray(np.maximum(1 - like[:, 0], 0))
