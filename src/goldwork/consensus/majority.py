"""Majority: the answer that most annotators gave.

The probability of an answer is its share of the item's judgements. A tie is said in `ties` and goes to the answer
that is more frequent in the whole table, then to the first category; nothing is random. Score a result with
`goldwork.consensus.scoring.expected_accuracy`, which counts a tie by the chance of breaking it right.
"""

from __future__ import annotations

import numpy as np

from goldwork.consensus import Consensus, consensus, vote_shares
from goldwork.consensus.result import decide
from goldwork.judgements import Codes, Judgements


@consensus("majority")
def majority(table: Judgements, *, gold: Codes, seed: int) -> Consensus:
    """The most frequent answer of every item; gold overrules."""
    shares = vote_shares(table)
    known = gold >= 0
    shares[known] = np.eye(shares.shape[1])[gold[known]]
    codes, ties = decide(shares, np.bincount(table.coded()[0], minlength=shares.shape[1]).astype(np.float64))
    warnings = []
    if ties.any():
        warnings.append(f"{int(ties.sum()):,} of {len(ties):,} items are ties.")
    return Consensus(
        method="majority",
        question=table.questions[0] if len(table.questions) else None,
        items=table.items,
        categories=table.coded()[1],
        codes=codes,
        probabilities=shares,
        confidence=shares[np.arange(len(codes)), codes],
        judgements=table.per_item(),
        ties=ties,
        warnings=tuple(warnings),
        frame=table.frame,
    )
