"""What measuring agreement gives back."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Agreement:
    """A coefficient's value with its interval and what it rests on.

    - `value`: nan where it is undefined, and then `warnings` say why
    - `low`, `high`: the interval at `confidence_level` `over` items (other items, these annotators), annotators (other
      annotators, these items) or both; nan where there is none
    - `items`: those with at least two judgements; `judgements`: those made on them; `annotators`: who made them
    - `warnings`: what limits the figure; `sentence`: what it says, and what not
    - `overlap`: which judgements of an item count: all, the first so many, or those of a slice of items
    """

    value: float
    low: float
    high: float
    items: int
    judgements: int
    annotators: int
    warnings: tuple[str, ...]
    coefficient: str
    level: str
    confidence_level: float
    resamples: int
    sentence: str
    weighting: str = ""
    over: str = "items"
    overlap: str = "all"
