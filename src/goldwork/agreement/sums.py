"""What a coefficient is: rows of sums per item, and a formula of their total; and the registry of coefficients."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.bootstrap import Rows, Sample, Spread
from goldwork.agreement.scale import Scale
from goldwork.judgements import Judgements
from goldwork.registry import Registry

Floats = npt.NDArray[np.float64]

Formula = Callable[[Floats], Floats]
"""Sums of rows [b, p] to values [b]; nan where the value is undefined."""

DENSE = 64
"""Rows with at most so many columns are a numpy array."""


@dataclasses.dataclass(frozen=True)
class Sums:
    """What a coefficient makes of a table.

    - `rows`: [items, p], dense or scipy.sparse: each item's sufficient statistics; only items that count
    - `formula`: from sums of rows to the value
    - `judgements`: how many of them entered
    - `meaning`: what a value says, as a clause
    - `undefined`: why the value is nan, where it is
    - `advice`: what an interval's ends mean for a reader, as a sentence
    - `bounds`: between which the value lies, practically
    - `disagreement`: [items], what each item adds to the observed disagreement; None where the coefficient has none
    - `caveat`: what the figure does not say, as a sentence
    - `over`: from rows, resamples and seed to the spread over items, where the coefficient knows it better than plain
      resamples tell; None where it does not
    - `both`: from rows, resamples and seed to the spread over items and annotators together, where the coefficient
      knows it better than leaving out annotators tells; None where it does not
    """

    rows: Rows
    formula: Formula
    judgements: int
    meaning: Callable[[float], str]
    undefined: str = ""
    warnings: tuple[str, ...] = ()
    advice: Callable[[float, float], str] | None = None
    bounds: tuple[float, float] = (-1.0, 1.0)
    disagreement: Floats | None = None
    caveat: str = ""
    over: Callable[[Sample, int, int], Spread | None] | None = None
    both: Callable[[Sample, int, int], Spread | None] | None = None


CoefficientFunction = Callable[[Judgements, Scale], Sums]

coefficient: Registry[CoefficientFunction] = Registry("coefficient", "goldwork.agreement")


def beyond_chance(observed: Floats, chance: Floats) -> Floats:
    """(observed - chance) / (1 - chance), nan where chance agrees fully."""
    room = 1 - chance
    value = np.full_like(room, np.nan)
    return np.asarray(np.divide(observed - chance, room, out=value, where=room > 1e-12))


def one_minus(observed: Floats, expected: Floats) -> Floats:
    """1 - observed / expected, nan where nothing is expected."""
    share = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 0)
    return np.asarray(1 - share, np.float64)


def per(total: Floats, count: Floats) -> Floats:
    """A total over a count, nan where that is 0. `total` may have a further axis."""
    count = count.reshape(count.shape + (1,) * (total.ndim - count.ndim))
    return np.asarray(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def beside(*parts: Any) -> Rows:
    """Matrices, and columns, side by side; dense where that is small."""
    from scipy.sparse import csr_array, hstack

    columns = [part[:, None] if part.ndim == 1 else part for part in parts]
    if sum(part.shape[1] for part in columns) <= DENSE:
        plain = [part if isinstance(part, np.ndarray) else part.toarray() for part in columns]
        return np.concatenate(plain, axis=1, dtype=np.float64)
    return hstack([csr_array(part) for part in columns], format="csr")
