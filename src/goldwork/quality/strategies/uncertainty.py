"""uncertainty: the least sure items first, as far as another answer would tell.

How unsure an item is: the entropy of its calibrated probabilities, -sum q_k log q_k. It is multiplied by how much of an
independent answer the next one counts as (`goldwork.quality.strategies.gain`): else items about which people do not
agree come first for ever. On face_sentiment, at two judgements an item, the entropy alone does worse than the lot.

*Source:* Sheng, Provost and Ipeirotis 2008, Get Another Label? KDD, 614-622.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy
from goldwork.quality.strategies.gain import worth


@strategy("uncertainty")
def uncertainty(candidates: Candidates, seed: int) -> Floats:
    """The entropy times what the next answer counts, negative."""
    shares = np.maximum(candidates.probabilities, 1e-300)
    unsure = -(shares * np.log(shares)).sum(axis=1)
    return np.asarray(-unsure * worth(candidates.judgements, candidates.correlation))
