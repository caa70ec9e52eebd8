"""margin: items first between whose two likeliest classes a model sees the least difference.

*Source:* Scheffer, Decomain and Wrobel 2001, Active Hidden Markov Models for Information Extraction, IDA, 309-318.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy


@strategy("margin", model=True)
def margin(candidates: Candidates, seed: int) -> Floats:
    """The highest probability less the second highest."""
    if candidates.predicted.shape[1] < 2:
        return np.ones(len(candidates))
    highest = np.partition(candidates.predicted, -2, axis=1)[:, -2:]
    return np.asarray(highest[:, 1] - highest[:, 0])
