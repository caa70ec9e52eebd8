"""least_confidence: items first whose likeliest class a model gives the least probability.

*Source:* Lewis and Gale 1994, A Sequential Algorithm for Training Text Classifiers, SIGIR, 3-12.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy


@strategy("least_confidence", model=True)
def least_confidence(candidates: Candidates, seed: int) -> Floats:
    """The highest probability."""
    return np.asarray(candidates.predicted.max(axis=1, initial=0))
