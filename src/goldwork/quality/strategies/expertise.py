"""expertise: the items on which this person's answer says most.

What an answer is expected to say about an item: the mutual information, in nats, between its class, which has the
probabilities q, and the answer of somebody who finds class k with probability s_k,

    I = sum over k, l of q_k P(l | k) log( P(l | k) / sum_j q_j P(l | j) )

It is large where the item is open between classes that this person can tell apart, and nothing where the item is
settled or they would guess. An answer after n others counts less, as people err alike
(`goldwork.quality.strategies.gain`).

*Source:* Lindley 1956, Annals of Mathematical Statistics 27, 986-1005; for annotators of different skill Welinder and
Perona 2010, Online Crowdsourcing, CVPR Workshops, 25-32.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy
from goldwork.quality.strategies.gain import says, worth


@strategy("expertise")
def expertise(candidates: Candidates, seed: int) -> Floats:
    """The mutual information, negative."""
    told = says(candidates.accuracy, worth(candidates.judgements, candidates.correlation))
    joint = candidates.probabilities[:, None, :] * told
    answer = joint.sum(axis=2, keepdims=True)
    return -np.asarray((joint * np.log(told / np.maximum(answer, 1e-300))).sum(axis=(1, 2)))
