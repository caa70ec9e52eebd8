"""The order of the long table: question, item and annotator of a row in one number, sorted together with its place."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.judgements.blocks import blocks
from goldwork.judgements.columns import Codes

Sizes = tuple[int, int, int]
"""How many questions, items and annotators there are."""
BITS = 63


def pack(question: Codes, item: Codes, annotator: Codes, sizes: Sizes) -> npt.NDArray[np.int64]:
    """One number for each row, [n]: larger is later."""
    key = question.astype(np.int64)
    key *= sizes[1]
    key += item
    key *= sizes[2]
    key += annotator
    return key


@dataclasses.dataclass(frozen=True)
class Keys:
    """Rows in order: `ordered` [n], what was packed, and `places` [n], where each row stood."""

    ordered: npt.NDArray[np.int64]
    places: npt.NDArray[Any]
    sizes: Sizes

    @classmethod
    def sort(cls, key: npt.NDArray[np.int64], sizes: Sizes) -> Keys:
        """Sort what `pack` made, in its own memory where key and place fit into one number."""
        bits = max(len(key) - 1, 1).bit_length()
        if (sizes[0] * sizes[1] * sizes[2]).bit_length() + bits > BITS:
            order = np.argsort(key)
            return cls(key[order], order, sizes)
        for part in blocks(len(key)):
            key[part] <<= bits
            key[part] |= np.arange(part.start, part.stop)
        key.sort()
        places = np.empty(len(key), np.int32 if bits < 32 else np.intp)
        for part in blocks(len(key)):
            places[part] = key[part] & ((1 << bits) - 1)
            key[part] >>= bits
        return cls(key, places, sizes)

    def take(self, rows: npt.NDArray[np.bool_]) -> Keys:
        """Some of the rows."""
        return Keys(self.ordered[rows], self.places[rows], self.sizes)

    def codes(self) -> tuple[Codes, Codes, Codes]:
        """Question, item and annotator of each row."""
        size, (questions, items, annotators) = len(self.ordered), self.sizes
        question = zeros(size) if questions == 1 else np.empty(size, np.int32)
        item, annotator = np.empty(size, np.int32), np.empty(size, np.int32)
        for part in blocks(size):
            of, annotator[part] = np.divmod(self.ordered[part], annotators)
            if questions == 1:
                item[part] = of
            else:
                question[part], item[part] = np.divmod(of, items)
        return question, item, annotator

    def at(self, row: int) -> tuple[int, int]:
        """Item and annotator of one row."""
        of, annotator = divmod(int(self.ordered[row]), self.sizes[2])
        return of % self.sizes[1], annotator


def zeros(size: int) -> Codes:
    """A column of zeros, [n], that takes no memory."""
    return np.broadcast_to(np.int32(0), size)
