"""Weightings: how far two different categories agree, from 0 to 1 (Gwet 2014, Handbook of Inter-Rater Reliability,
4th edition, chapter 3). Equal categories agree fully. With values x (numbers as they are, categories declared in
order as 1, 2, 3...) between low and high:

- identity: 0
- linear: 1 - |x_k - x_l| / (high - low)
- quadratic: 1 - (x_k - x_l) ** 2 / (high - low) ** 2
- radical: 1 - sqrt(|x_k - x_l| / (high - low))
- ratio: 1 - ((x_k - x_l) / (x_k + x_l)) ** 2 / ((high - low) / (high + low)) ** 2
- ordinal: 1 - d (d + 1) / (K (K - 1)), d places apart among K categories, whatever their values

    >>> matrix("linear", np.array([1.0, 2.0, 5.0])).tolist()
    [[1.0, 0.75, 0.0], [0.75, 1.0, 0.25], [0.0, 0.25, 1.0]]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.agreement.ratio import ratio_distance
from goldwork.agreement.scale import Scale
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.judgements.columns import is_number

Floats = npt.NDArray[np.float64]

WEIGHTINGS = ("identity", "linear", "ordinal", "quadratic", "radical", "ratio")
AT_LEVEL = {"nominal": "identity", "ordinal": "ordinal", "interval": "quadratic", "ratio": "ratio"}
"""What a coefficient beyond chance takes where no weighting is named."""
MAX_CATEGORIES = 1_000
"""Weights between more categories than this are refused."""


def known(categories: npt.NDArray[Any]) -> int:
    """How many categories there are, without the one that stands for what nobody ever said (None, the last)."""
    return len(categories) - (len(categories) > 0 and categories[-1] is None)


def weighting_of(scale: Scale) -> str | npt.NDArray[Any]:
    """The weighting asked for, else the one of the level."""
    if scale.weighting is not None:
        return scale.weighting
    if scale.level not in AT_LEVEL:
        raise InputError("only alpha takes a distance; the others take categories and a weighting.")
    return AT_LEVEL[scale.level]


def weights_between(table: Judgements, weighting: str | npt.NDArray[Any]) -> Floats | None:
    """The weights [K, K] between the table's categories; None for identity, which needs no matrix.

    Raises InputError for an unknown weighting, a matrix that is none, categories without an order, too many of them.
    """
    if isinstance(weighting, str) and weighting not in WEIGHTINGS:
        listed = ", ".join(WEIGHTINGS)
        raise InputError(f"weighting must be one of {listed}, or a matrix. Got {weighting!r}.")
    if isinstance(weighting, str) and weighting == "identity":
        return None
    categories = table.coded()[1]
    size = known(categories)
    if size > MAX_CATEGORIES:
        raise InputError(
            f"weights between {size:,} different answers are too many (at most {MAX_CATEGORIES:,}). Numbers go by "
            "alpha at level interval or ratio; is this free text?"
        )
    made = matrix(weighting, _values(table, size)) if isinstance(weighting, str) else _own(weighting, categories[:size])
    whole = np.eye(len(categories))
    whole[:size, :size] = made
    return whole


def matrix(weighting: str, values: Floats) -> Floats:
    """The weights between `values` [K], in ascending order, by a named weighting."""
    if len(values) < 2 or weighting == "identity":
        return np.eye(len(values))
    places = np.arange(len(values), dtype=np.float64)
    apart, width = np.abs(values[:, None] - values), values[-1] - values[0]
    if weighting == "ordinal":
        steps = np.abs(places[:, None] - places)
        return np.asarray(1 - steps * (steps + 1) / (len(values) * (len(values) - 1)))
    if weighting == "ratio":
        if values[0] < 0:
            raise InputError(f"ratio needs numbers at or above 0. Got {values[0]:g}.")
        widest = (width / (values[-1] + values[0])) ** 2
        return np.asarray(1 - ratio_distance(values[:, None], values[None, :]) / widest)
    return np.asarray(1 - (apart / width) ** {"linear": 1.0, "quadratic": 2.0, "radical": 0.5}[weighting])


def _values(table: Judgements, size: int) -> Floats:
    """The categories' values: numbers as they are, others by their declared order."""
    categories = table.coded()[1][:size].tolist()
    if all(map(is_number, categories)):
        values = np.array([float(category) for category in categories])
        if (np.diff(values) > 0).all():
            return values
    elif not table.declared:
        table.numbers()  # says which one is no number
    return np.arange(1.0, size + 1)


def _own(weights: npt.NDArray[Any], categories: npt.NDArray[Any]) -> Floats:
    """A matrix of the caller's own, checked."""
    size = len(categories)
    if not size:
        return np.eye(0)
    made = np.asarray(weights, np.float64)
    if made.shape != (size, size):
        listed = ", ".join(map(repr, categories[:10].tolist())) + (" ..." if size > 10 else "")
        raise InputError(
            f"the weighting must be a matrix of {size} rows and columns, one a category ({listed}). Got shape "
            f"{made.shape}. Declare the categories (with_categories) where some are not used."
        )
    if not ((made >= 0) & (made <= 1)).all():
        raise InputError("the weighting's entries must lie between 0 and 1: how far two categories agree.")
    if (made != made.T).any() or (np.diag(made) != 1).any():
        raise InputError("the weighting must be symmetric, with 1 on its diagonal: equal answers agree fully.")
    return made
