"""The scale on which answers lie: what makes two of them near or far."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.judgements import Judgements
from goldwork.registry import Registry

if TYPE_CHECKING:
    from goldwork.distances import Distance

LEVELS = ("nominal", "ordinal", "interval", "ratio", "distance")


@dataclasses.dataclass(frozen=True, eq=False)
class Scale:
    """How near two answers are.

    - `level`: nominal, ordinal, interval, ratio; or distance, where `distance` says it
    - `weighting`: the name of a weighting or a matrix [K, K] of one's own over the categories in order; None: what
      the coefficient takes at this level
    - `distance`: a name of `goldwork.distances`, or a function of two answers to a number at or above 0, symmetric, 0
      for equal ones; as `goldwork.distances.distances_between` takes it
    """

    level: str
    weighting: str | npt.NDArray[Any] | None = None
    distance: Distance | str | None = None


def scale_of(
    table: Judgements, level: str | None, weighting: str | npt.NDArray[Any] | None, distance: Distance | str | None
) -> Scale:
    """The scale asked for; where nothing is said, the one that the answers look like.

    That is nominal for categories, interval for numbers that are not all whole, and the distance where one is given.
    Raises InputError for an unknown level or distance, and for lists and objects without a distance.
    """
    if level is not None and level not in LEVELS:
        raise InputError(f"level must be one of {', '.join(LEVELS)}. Got {level!r}.")
    if distance is not None:
        if level not in (None, "distance"):
            raise InputError(f"a distance is a level of its own: leave the level out. Got {level!r}.")
        if isinstance(distance, str):
            _registry().get(distance)
        return Scale("distance", weighting, distance)
    if level == "distance":
        raise InputError(f"level 'distance' needs a distance: a function of two answers, or one of {_names()}.")
    if level is None and table.categories is None and table.value.dtype == object and len(table):
        raise InputError(
            f"the answers are lists or objects: say how far apart two of them are by distance=, a function or one of "
            f"{_names()}; or say level='nominal' where they are equal or not."
        )
    return Scale(level or ("nominal" if table.categories is not None else "interval"), weighting)


def _registry() -> Registry[Distance]:
    from goldwork.distances import distance

    return distance


def _names() -> str:
    return ", ".join(_registry().names())
