"""Long columns in blocks: numpy makes eight bytes of every code that it looks up or counts by, twice the column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK = 1 << 18


def blocks(size: int) -> Iterator[slice]:
    """Slices that cover `size` rows."""
    return (slice(begin, min(begin + BLOCK, size)) for begin in range(0, size, BLOCK))


def gather(values: npt.NDArray[Any], places: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """values[places], [n]."""
    found = np.empty(len(places), values.dtype)
    for part in blocks(len(places)):
        found[part] = values[places[part]]
    return found


def count(codes: npt.NDArray[Any], size: int) -> npt.NDArray[np.int64]:
    """How often each code below `size` occurs, [size]."""
    found = np.zeros(size, np.int64)
    for part in blocks(len(codes)):
        low, high = int(codes[part].min()), int(codes[part].max())
        if high - low < BLOCK:
            found[low : high + 1] += np.bincount(codes[part] - low)
        else:
            np.add.at(found, codes[part], 1)
    return found
