"""Majority: the answer that most annotators gave.

The probability of an answer is its share of the item's judgements, by weight where there are weights. A tie is said
in `ties` and goes to the answer that is more frequent in the whole table, then to the first category; nothing is
random. `goldwork.consensus.scoring.expected_accuracy` counts a tie by the chance of breaking it right.

    >>> from goldwork.consensus import infer_consensus
    >>> from goldwork.judgements import Judgements
    >>> table = Judgements.from_columns({
    ...     "item": [1, 1, 2, 2, 2], "annotator": ["ann", "bob", "ann", "bob", "cam"], "label": [*"xyyyx"]
    ... })
    >>> consensus = infer_consensus(table, "majority")
    >>> consensus.labels.tolist(), consensus.ties.tolist()
    (['y', 'y'], [True, False])
"""

from __future__ import annotations

import dataclasses

import numpy as np

from goldwork.consensus import Consensus, consensus
from goldwork.consensus.votes import vote_shares
from goldwork.judgements import Codes, Judgements


@consensus("majority")
def majority(table: Judgements, *, gold: Codes, seed: int) -> Consensus:
    """The most frequent answer of every item; gold overrules."""
    shares = vote_shares(table, gold)
    weight = np.bincount(table.coded()[0], table.weights(), shares.shape[1]).astype(np.float64)
    made = Consensus.of("majority", table, shares, weight, gold)
    if not made.ties.any():
        return made
    said = f"{made.ties.sum():,} of {len(made):,} items are ties; they went to the label that is more frequent overall."
    return dataclasses.replace(made, warnings=(said,))
