"""A picture as its pixels and the directions of its edges.

The picture is made grey and SIDE by SIDE. Of its brightness, GRID by GRID means are kept, and of each of GRID by GRID
cells how strong the edges are in each of DIRECTIONS, shared between the two nearest. Both parts have length 1.

*Source:* Dalal and Triggs 2005, Histograms of Oriented Gradients for Human Detection, CVPR, 886-893, without overlap
of blocks; signed directions, as light on dark is not dark on light where characters are read.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SIDE = 32
GRID = 8
CELLS = 4
DIRECTIONS = 8
LENGTH = GRID * GRID + CELLS * CELLS * DIRECTIONS


def describe_picture(content: bytes) -> npt.NDArray[np.float32]:
    """The LENGTH features of a picture file that has been admitted before (`goldwork.services.media` checks sizes).

    Raises OSError for what is no picture.
    """
    from PIL import Image

    with Image.open(io.BytesIO(content)) as picture:
        grey = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    found: npt.NDArray[np.float32] = describe(np.asarray(grey, np.float64)[None] / 255)[0]
    return found


def describe(pictures: Any) -> npt.NDArray[np.float32]:
    """Features [n, LENGTH] of grey pictures [n, height, width], brightness 0 to 1, of at least GRID by GRID pixels."""
    grey = np.asarray(pictures, np.float64)
    both = (_means(grey), _edges(grey))
    return np.hstack([_unit(part.reshape(len(grey), -1)) for part in both]).astype(np.float32)


def _means(grey: Floats) -> Floats:
    rows = np.linspace(0, grey.shape[1], GRID, endpoint=False).astype(int)
    columns = np.linspace(0, grey.shape[2], GRID, endpoint=False).astype(int)
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=1), columns, axis=2)
    height = np.diff(np.append(rows, grey.shape[1]))
    width = np.diff(np.append(columns, grey.shape[2]))
    return np.asarray(sums / (height[:, None] * width))


def _edges(grey: Floats) -> Floats:
    """[n, CELLS * CELLS * DIRECTIONS]: the strength of edges in each cell and direction."""
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(right, down)
    turn = np.arctan2(down, right) / (2 * np.pi) % 1 * DIRECTIONS
    low = np.floor(turn).astype(int) % DIRECTIONS
    share = turn - np.floor(turn)
    n, height, width = grey.shape
    cell = (np.arange(height) * CELLS // height)[:, None] * CELLS + np.arange(width) * CELLS // width
    place = (np.arange(n)[:, None, None] * CELLS * CELLS + cell) * DIRECTIONS
    size = n * CELLS * CELLS * DIRECTIONS
    at_low = np.bincount((place + low).ravel(), (strength * (1 - share)).ravel(), minlength=size)
    at_high = np.bincount((place + (low + 1) % DIRECTIONS).ravel(), (strength * share).ravel(), minlength=size)
    return np.asarray((at_low + at_high).reshape(n, -1))


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, length, out=np.zeros_like(rows), where=length > 0))
