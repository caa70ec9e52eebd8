"""budget: the items first where a judgement, for what it costs, adds most to the accuracy of the whole.

For every number m of further answers, up to `AHEAD`: how much more probable is it, in expectation, that the item's
answer is right, by answer and cost. The best m counts. One answer alone often changes nothing, where two would.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy
from goldwork.quality.strategies.gain import after_answers, worth

AHEAD = 5
"""So many answers are looked ahead."""


@strategy("budget")
def budget(candidates: Candidates, seed: int) -> Floats:
    """The best expected gain an answer and unit of cost, negative."""
    weight = worth(candidates.judgements, candidates.correlation)
    accuracy = float(candidates.crowd.mean()) if len(candidates.crowd) else 0.0
    left = candidates.wanted - candidates.judgements
    best = np.zeros(len(candidates))
    for answers in range(1, AHEAD + 1):
        gain = after_answers(candidates.probabilities, accuracy, weight, answers) / answers
        best = np.where(left >= answers, np.maximum(best, gain), best)
    return -best / candidates.cost
