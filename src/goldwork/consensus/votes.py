"""Votes: each category's share of an item's judgements."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Codes, Judgements


def vote_shares(table: Judgements, gold: Codes) -> npt.NDArray[np.float64]:
    """[items, categories], by weight; gold takes all."""
    votes = np.asarray(table.tally(weighted=True).toarray(), np.float64)
    votes /= votes.sum(axis=1, keepdims=True)
    return clamp(votes, gold)


def clamp(probabilities: npt.NDArray[np.float64], gold: Codes) -> npt.NDArray[np.float64]:
    """The same array, with all probability on the gold category of the items that have one."""
    known = np.flatnonzero(gold >= 0)
    probabilities[known] = 0
    probabilities[known, gold[known]] = 1
    return probabilities
