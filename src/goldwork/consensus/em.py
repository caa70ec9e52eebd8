"""Expectation maximisation: the loop that every model with a hidden answer per item shares.

A model says how to start, expect and maximise. The objective is the log posterior of the parameters (log
likelihood plus log prior, both without constants), computed at the parameters that gave the probabilities; EM
never lowers it, and the loop checks that (Dempster, Laird and Rubin 1977).
"""

from __future__ import annotations

import dataclasses
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Parameters = TypeVar("Parameters")


class Model(Protocol[Parameters]):
    """What EM needs of a model. Probabilities are [items, categories]."""

    def start(self) -> Floats:
        """Probabilities to begin with."""

    def maximise(self, probabilities: Floats) -> Parameters:
        """The most probable parameters given the probabilities."""

    def expect(self, parameters: Parameters) -> tuple[Floats, float]:
        """The probabilities given the parameters, and the objective at the parameters."""


@dataclasses.dataclass(frozen=True)
class Fit(Generic[Parameters]):
    """Where EM ended."""

    probabilities: Floats
    parameters: Parameters
    objective: Floats
    converged: bool

    @property
    def iterations(self) -> int:
        return len(self.objective)

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.converged:
            return ()
        gain = self.objective[-1] - self.objective[-2] if self.iterations > 1 else float("nan")
        return (
            f"The fit had not converged after {self.iterations} iterations (the last one gained {gain:.3g}); "
            "allow more with max_iterations.",
        )


def fit(model: Model[Parameters], *, max_iterations: int, tolerance: float) -> Fit[Parameters]:
    """Iterate until the objective gains less than `tolerance`, at most `max_iterations` times."""
    probabilities = model.start()
    objective: list[float] = []
    converged = False
    parameters = model.maximise(probabilities)
    while len(objective) < max_iterations and not converged:
        if objective:
            parameters = model.maximise(probabilities)
        probabilities, value = model.expect(parameters)
        converged = bool(objective) and value - objective[-1] < tolerance
        objective.append(value)
    return Fit(probabilities, parameters, np.array(objective), converged)


def normalise(logs: Floats) -> tuple[Floats, Floats]:
    """Rows of log weights to probabilities, in place, and the log of each row's sum."""
    top = logs.max(axis=1, keepdims=True)
    logs -= top
    np.exp(logs, out=logs)
    total = logs.sum(axis=1, keepdims=True)
    logs /= total
    return logs, (np.log(total) + top)[:, 0]
