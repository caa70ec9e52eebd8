"""Climbing to the top of a log posterior by Newton's method, for models with thousands of parameters.

Every step solves *information times step = gradient* by conjugate gradients with the diagonal as preconditioner, only
as exactly as the distance from the top warrants (truncated Newton: Dembo, Eisenstat and Steihaug 1982, SIAM Journal on
Numerical Analysis 19, 400-408). Where the information is not the objective's own curvature, what the last MEMORY steps
taught about the difference corrects the step (L-BFGS with the information inside: Liu and Nocedal 1989, Mathematical
Programming 45, 503-528). The step is halved until the objective has risen enough. So the objective never falls. The
information, observed or expected (Fisher scoring), is positive definite through the prior and enters by its products
with vectors alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MAX_SOLVE = 2000
"""Steps of conjugate gradients."""
MEMORY = 8
HALVINGS = 40
RISE = 1e-4
"""The share of what the gradient promises that a step must bring (Armijo)."""


@dataclasses.dataclass(frozen=True)
class Information:
    """A symmetric positive definite matrix: its products with vectors [P] or columns [P, m], and its diagonal [P].

    `exact`: it is the objective's own curvature, so there is nothing to learn about it.
    """

    times: Callable[[Floats], Floats]
    diagonal: Floats
    exact: bool = True


class Hill(Protocol):
    """What is climbed: the objective, its gradient and the information, at parameters [P]."""

    def value(self, at: Floats) -> float:
        """The log posterior without constants."""

    def slope(self, at: Floats) -> tuple[Floats, Information]:
        """The gradient [P], and the information."""


@dataclasses.dataclass(frozen=True)
class Climb:
    """Where it ended, and the objective from the start on."""

    at: Floats
    objective: Floats
    converged: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say where it did not converge."""
        if self.converged:
            return ()
        return (
            f"The fit had not converged after {len(self.objective) - 1} iterations. Allow more with max_iterations.",
        )


def climb(hill: Hill, start: Floats, *, max_iterations: int, tolerance: float) -> Climb:
    """Climb until the next step promises less than `tolerance`, at most `max_iterations` steps."""
    at, objective = start, [hill.value(start)]
    converged = not len(start)
    taught: list[tuple[Floats, Floats]] = []
    last: tuple[Floats, Floats] | None = None
    while not converged and len(objective) <= max_iterations:
        gradient, information = hill.slope(at)
        if last is not None and not information.exact:
            taught = [*taught[1 - MEMORY :], (at - last[0], last[1] - gradient)]
        last = at, gradient
        length = math.sqrt(float(gradient @ (gradient / information.diagonal)))
        step = _step(information, gradient, min(0.1, length), taught)
        promised = float(gradient @ step)
        # What double precision can tell apart bounds what can be asked for.
        converged = promised / 2 <= max(tolerance, 1e-14 * abs(objective[-1]))
        size = 1.0
        for _ in range(HALVINGS):
            value = hill.value(at + size * step)
            if value >= objective[-1] + RISE * size * promised or (converged and value >= objective[-1]):
                at = at + size * step
                objective.append(value)
                break
            size /= 2
        else:
            converged = converged or promised <= 1e-9 * abs(objective[-1])
            break
    return Climb(at, np.array(objective), converged)


def _step(information: Information, gradient: Floats, tolerance: float, taught: list[tuple[Floats, Floats]]) -> Floats:
    """The information's step, corrected by earlier steps and how the gradient fell along them."""
    useful = [(move, fall, float(move @ fall)) for move, fall in taught if float(move @ fall) > 0]
    rest, shares = gradient, []
    for move, fall, product in reversed(useful):
        shares.append(float(move @ rest) / product)
        rest = rest - shares[-1] * fall
    step = solve(information, rest, tolerance)
    for (move, fall, product), share in zip(useful, reversed(shares), strict=True):
        step = step + (share - float(fall @ step) / product) * move
    return step if float(gradient @ step) > 0 else solve(information, gradient, tolerance)


def solve(information: Information, target: Floats, tolerance: float) -> Floats:
    """The vectors that the information turns into `target`, [P] or columns [P, m].

    The residual of every column, in the preconditioner's norm, ends below `tolerance` times what it began with.
    """
    scale = 1 / information.diagonal
    if target.ndim == 2:
        scale = scale[:, None]
    found = np.zeros_like(target)
    residual = target.copy()
    toward = scale * residual
    direction = toward
    size = (residual * toward).sum(axis=0)
    enough = tolerance**2 * size
    for _ in range(MAX_SOLVE):
        if (size <= enough).all():
            break
        turned = information.times(direction)
        curvature = (direction * turned).sum(axis=0)
        step = np.divide(size, curvature, out=np.zeros_like(size), where=curvature > 0)
        found += step * direction
        residual -= step * turned
        toward = scale * residual
        before, size = size, (residual * toward).sum(axis=0)
        direction = toward + np.divide(size, before, out=np.zeros_like(size), where=before > 0) * direction
    return found
