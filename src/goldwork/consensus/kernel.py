"""One pass over all judgements: what the hidden states of the items are, and how often each goes with each answer.

Two functions do the same: `by_matrix` with scipy.sparse, and `compiled`, where numba is installed, in less than a tenth
of the time. An item's weight of state s is prior[s] times the factors of its judgements' answers in s. The compiled one
multiplies factors, and goes to logarithms for an item only where the product nears the smallest number there is.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

TINY = 1e-300
"""Probabilities below are taken as this."""
SMALL = 1e-150
LEAST = 1e-150
"""An item's weight above SMALL times a product above LEAST is no less than the smallest number, 1e-308."""
BLOCKS = 2
"""Parts that the items are cut into, whatever the machine: sums then come out the same to the byte."""
BLOCK_CELLS = 1_000_000
MAX_COPIES = 16_000_000
"""Cells of all blocks' counts together; above it there is one block."""
EXACT = {"contract", "reassoc", "nsz", "arcp"}
"""The liberties that the compiler may take: all but those that would make nan and infinity undefined."""
WIDTH = 4
"""States are padded to a multiple of this: as many numbers as a processor multiplies at once."""


def by_matrix(
    answers: Callable[[int, int], csr_array[Any, tuple[int, int]]],
    items: int,
    factors: Floats,
    prior: Floats,
    banned: Callable[[int, int], npt.NDArray[np.bool_] | None],
    out: Floats | None,
) -> tuple[Floats, Floats, float]:
    """Counts [R, S], totals [S] and the log evidence. `factors`: [R, S]; `prior`: [S].

    `answers(begin, end)` are those of items, [items, R], of `items` in all; `banned(begin, end)` says which states
    those items cannot have; `out` [I, S] takes the states' probabilities.
    """
    counts, totals, evidence = np.zeros(factors.shape), np.zeros(len(prior)), 0.0
    if not len(prior):
        return counts, totals, evidence
    table, start = np.log(np.maximum(factors, TINY)), np.log(np.maximum(prior, TINY))
    step = max(1, BLOCK_CELLS // max(1, len(prior)))
    for begin in range(0, items, step):
        end = min(begin + step, items)
        part = answers(begin, end)
        logs = np.asarray(part @ table) + start
        if (never := banned(begin, end)) is not None:
            logs[never] = -np.inf
        top = logs.max(axis=1, keepdims=True)
        shares = np.exp(logs - top)
        size = shares.sum(axis=1, keepdims=True)
        shares /= size
        evidence += float((np.log(size) + top).sum())
        totals += shares.sum(axis=0)
        counts += np.asarray(part.T @ shares)
        if out is not None:
            out[begin:end] = shares
    return counts, totals, evidence


def compiled(
    starts: Ints, rows: Ints, factors: Floats, prior: Floats, known: Ints, classes: Ints, out: Floats | None
) -> tuple[Floats, Floats, float]:
    """As `by_matrix`, for judgements of weight 1: item i has rows[starts[i]:starts[i + 1]].

    `known` [I]: the class of items that have gold, else -1; `classes` [S]: the class of each state.
    """
    from goldwork.consensus import registers

    states = len(prior)
    few = states <= registers.STATES
    width = states if few else -(-states // WIDTH) * WIDTH
    block, x = (registers.block(), (0.0,) * states) if few else (_block(), width)
    table, start = np.zeros((len(factors), width)), np.zeros(width)
    table[:, :states], start[:states] = factors, prior
    items = len(starts) - 1
    blocks = BLOCKS if table.size * BLOCKS <= MAX_COPIES else 1
    counts, totals = np.zeros((blocks, *table.shape)), np.zeros((blocks, width))
    into = np.zeros((0, states)) if out is None else out

    def run(b: int) -> float:
        begin, end = items * b // blocks, items * (b + 1) // blocks
        found: float = block(starts, rows, table, start, known, classes, x, into, begin, end, counts[b], totals[b])
        return found

    with ThreadPoolExecutor(min(blocks, os.cpu_count() or 1)) as pool:
        evidence = sum(pool.map(run, range(blocks)))
    return counts.sum(axis=0)[:, :states], totals.sum(axis=0)[:states], evidence


def count(starts: Ints, rows: Ints, shares: Floats, counts: Floats) -> None:
    """Add to `counts` [R, S] the states' probabilities `shares` [I, S] of the items of each row."""
    _counting()(starts, rows, np.ascontiguousarray(shares), counts)


@functools.cache
def is_compiled() -> bool:
    """Whether numba is there."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


@functools.cache
def _block() -> Any:
    import numba

    numba.extending.register_jitable(by_logarithms)
    return numba.njit(nogil=True, cache=True, fastmath=EXACT, error_model="numpy")(_pass)


@functools.cache
def _counting() -> Any:
    import numba

    return numba.njit(nogil=True, cache=True)(_count)


def _count(starts, rows, shares, counts):  # type: ignore[no-untyped-def]
    for i in range(len(starts) - 1):
        for j in range(starts[i], starts[i + 1]):
            for s in range(shares.shape[1]):
                counts[rows[j], s] += shares[i, s]


def _pass(starts, rows, table, prior, known, classes, width, out, begin, end, counts, totals):  # type: ignore[no-untyped-def]
    states = len(classes)
    x = np.empty(width)
    product, evidence = 1.0, 0.0
    for i in range(begin, end):
        first, last, gold = starts[i], starts[i + 1], known[i]
        for s in range(width):
            x[s] = prior[s]
        for j in range(first, last):
            row = rows[j]
            for s in range(width):
                x[s] *= table[row, s]
        if gold >= 0:
            for s in range(states):
                if classes[s] != gold:
                    x[s] = 0.0
        size = 0.0
        for s in range(width):
            size += x[s]
        if size > SMALL:
            if product < LEAST:  # a product of sizes needs one logarithm where each size would need its own
                evidence += np.log(product)
                product = 1.0
            product *= size
        else:
            top, size = by_logarithms(rows[first:last], table, prior, gold, classes, x)
            evidence += np.log(size) + top
        inverse = 1.0 / size
        for s in range(width):
            x[s] *= inverse
            totals[s] += x[s]
        if len(out):
            for s in range(states):
                out[i, s] = x[s]
        for j in range(first, last):
            row = rows[j]
            for s in range(width):
                counts[row, s] += x[s]
    return evidence + np.log(product)


def by_logarithms(rows: Ints, table: Floats, prior: Floats, gold: int, classes: Ints, x: Floats) -> tuple[float, float]:
    """Fill x [width] with an item's weights over the largest, whose logarithm is returned with their sum."""
    top, size = -np.inf, 0.0
    for s in range(len(classes)):
        if gold < 0 or classes[s] == gold:
            x[s] = np.log(max(prior[s], TINY))
            for row in rows:
                x[s] += np.log(max(table[row, s], TINY))
            top = max(top, x[s])
    for s in range(len(classes)):
        x[s] = np.exp(x[s] - top) if gold < 0 or classes[s] == gold else 0.0
        size += x[s]
    return top, size
