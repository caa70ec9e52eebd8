"""coverage: the items with the fewest judgements first, so that all have one before any has two."""

from __future__ import annotations

from goldwork.quality.strategies import Candidates, Floats, strategy


@strategy("coverage")
def coverage(candidates: Candidates, seed: int) -> Floats:
    """How many judgements an item has."""
    return candidates.judgements.astype(float)
