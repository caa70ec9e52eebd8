"""Expectation maximisation: the loop that every model with a hidden answer per item shares.

A model says how to start, expect and maximise. The objective is the log posterior of the parameters (log likelihood
plus log prior, without constants) at the parameters that gave the probabilities. EM never lowers it (Dempster,
Laird and Rubin 1977, Journal of the Royal Statistical Society B 39, 1-38).
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
    """Where EM ended: `probabilities` follow from `parameters`; `objective` at every iteration."""

    probabilities: Floats
    parameters: Parameters
    objective: Floats
    converged: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say where it did not converge."""
        if self.converged:
            return ()
        count = len(self.objective)
        gain = f" (the last one gained {self.objective[-1] - self.objective[-2]:.2g})" if count > 1 else ""
        return (f"The fit had not converged after {count} iterations{gain}. Allow more with max_iterations.",)


def fit(model: Model[Parameters], *, max_iterations: int, tolerance: float) -> Fit[Parameters]:
    """Iterate until the objective gains less than `tolerance`, at most `max_iterations` times."""
    probabilities = model.start()
    objective: list[float] = []
    while True:
        parameters = model.maximise(probabilities)
        probabilities, value = model.expect(parameters)
        converged = bool(objective) and value - objective[-1] < tolerance
        objective.append(value)
        if converged or len(objective) >= max_iterations:
            return Fit(probabilities, parameters, np.array(objective), converged)


def normalise(logs: Floats) -> tuple[Floats, Floats]:
    """Rows of log weights made probabilities, in place, and the log of each row's sum."""
    top = logs.max(axis=1, keepdims=True, initial=-np.inf)
    logs -= top
    np.exp(logs, out=logs)
    total = logs.sum(axis=1, keepdims=True)
    logs /= total
    return logs, (np.log(total) + top)[:, 0]
