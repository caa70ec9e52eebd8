"""entropy: items first over whose classes a model's probabilities are spread most.

*Source:* Settles 2009, Active Learning Literature Survey, University of Wisconsin, TR 1648, section 3.1.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy


@strategy("entropy", model=True)
def entropy(candidates: Candidates, seed: int) -> Floats:
    """The entropy, negative."""
    shares = np.maximum(candidates.predicted, 1e-300)
    return np.asarray((shares * np.log(shares)).sum(axis=1))
