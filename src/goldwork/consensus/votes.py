"""Votes: each category's share of an item's judgements."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from goldwork.judgements import Codes, Judgements
from goldwork.judgements.blocks import blocks


def vote_shares(table: Judgements, gold: Codes) -> npt.NDArray[np.float64]:
    """[items, categories], by weight; gold takes all."""
    codes, categories = table.coded()
    k, weights = len(categories), table.context.get("weight")
    votes = np.zeros((len(table.items), k))
    for part in blocks(len(table)):  # rows of an item follow each other: a block is about few items
        low, high = int(table.item[part].min()), int(table.item[part].max()) + 1
        cells = (table.item[part] - low) * np.int64(k) + codes[part]
        given = np.bincount(cells, None if weights is None else weights[part], (high - low) * k)
        votes[low:high] += given.reshape((high - low, k))
    votes /= np.einsum("ik->i", votes)[:, None]  # the same as votes.sum, which is slow along short rows
    return clamp(votes, gold)


def clamp(probabilities: npt.NDArray[np.float64], gold: Codes) -> npt.NDArray[np.float64]:
    """The same array, with all probability on the gold category of the items that have one."""
    known = np.flatnonzero(gold >= 0)
    probabilities[known] = 0
    probabilities[known, gold[known]] = 1
    return probabilities
