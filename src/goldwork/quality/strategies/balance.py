"""balance: what is collected becomes even over the groups of annotators on an item, and over classes.

First the items on which fewest of the person's own group have judged; where groups are not known all are equal. Among
these by (n + 1) s, with n the item's judgements and s = sum over k of q_k c_k / c, where c_k of c judgements made so
far were on items of class k. So an item whose probable class is half as common among judgements gets twice as many, and
none waits for ever. It does not make answers surer on the whole: use it where every class, or every group's view, has
to be there in numbers.
"""

from __future__ import annotations

import numpy as np

from goldwork.quality.strategies import Candidates, Floats, strategy


@strategy("balance", aim="balance")
def balance(candidates: Candidates, seed: int) -> Floats:
    """How often the person's group has judged an item, and within that its judgements by how common its classes are."""
    collected = candidates.collected + 1
    own = (candidates.judgements + 1) * (candidates.probabilities @ (collected / collected.sum()))
    if candidates.group is None:
        return np.asarray(own)
    return np.asarray(candidates.groups[:, candidates.group] + own / (1 + own))
