"""The compiled pass where there are few states: an item's numbers stay in registers, in half the time.

They are a tuple, whose length the compiler knows, and not an array. It is the pass of `kernel` otherwise.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from goldwork.consensus.kernel import EXACT, LEAST, SMALL, by_logarithms

STATES = 8
"""Up to so many states it is faster."""


@functools.cache
def block() -> Any:
    """The pass over a block of items; its `x` is a tuple of zeros, one a state."""
    import numba
    from numba.cpython.unsafe.tuple import tuple_setitem
    from numba.extending import register_jitable

    globals()["_put"] = tuple_setitem  # numba takes it for what it is only from here
    register_jitable(by_logarithms)
    return numba.njit(nogil=True, cache=True, fastmath=EXACT, error_model="numpy")(_pass)


def _put(x: Any, s: int, value: float) -> Any:
    """The tuple with a value at place s."""
    return (*x[:s], value, *x[s + 1 :])


def _pass(starts, rows, table, prior, known, classes, x, out, begin, end, counts, totals):  # type: ignore[no-untyped-def]
    logs, sums = np.empty(len(x)), x
    product, evidence = 1.0, 0.0
    for i in range(begin, end):
        first, last, gold = starts[i], starts[i + 1], known[i]
        for s in range(len(x)):
            x = _put(x, s, prior[s])
        for j in range(first, last):
            row = rows[j]
            for s in range(len(x)):
                x = _put(x, s, x[s] * table[row, s])
        if gold >= 0:
            for s in range(len(x)):
                x = _put(x, s, x[s] if classes[s] == gold else 0.0)
        size = 0.0
        for s in range(len(x)):
            size += x[s]
        if size > SMALL:
            if product < LEAST:  # a product of sizes needs one logarithm where each size would need its own
                evidence += np.log(product)
                product = 1.0
            product *= size
        else:
            top, size = by_logarithms(rows[first:last], table, prior, gold, classes, logs)
            evidence += np.log(size) + top
            for s in range(len(x)):
                x = _put(x, s, logs[s])
        inverse = 1.0 / size
        for s in range(len(x)):
            x = _put(x, s, x[s] * inverse)
            sums = _put(sums, s, sums[s] + x[s])
        if len(out):
            for s in range(len(x)):
                out[i, s] = x[s]
        for j in range(first, last):
            row = rows[j]
            for s in range(len(x)):
                counts[row, s] += x[s]
    for s in range(len(x)):
        totals[s] += sums[s]
    return evidence + np.log(product)
