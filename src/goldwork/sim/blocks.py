"""Where gold stands among a person's items: one at a random place of every block.

Blocks are short in a first session and while somebody is watched, and long otherwise. A block keeps the length that it
began with; so gold comes neither at a fixed distance, which people would learn, nor rarely by bad luck.

    >>> blocks = Blocks(seed="ann")
    >>> turns = [blocks.next(5) for _ in range(20)]
    >>> [sum(turns[begin : begin + 5]) for begin in range(0, 20, 5)]
    [1, 1, 1, 1]
"""

from __future__ import annotations

import random


class Blocks:
    """One person's blocks."""

    def __init__(self, seed: str) -> None:
        self._draw = random.Random(f"{seed}/blocks")
        self._left = 0
        self._until = 0

    def next(self, length: int) -> bool:
        """Whether the next item is to be gold; `length` is that of a block that begins now."""
        if not self._left:
            self._left = length
            self._until = self._draw.randrange(length)
        self._left -= 1
        self._until -= 1
        return self._until == -1
