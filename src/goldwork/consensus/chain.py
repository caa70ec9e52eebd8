"""A hidden chain whose state lasts or is drawn anew: at each step it stays with probability rho, else comes from pi.

P(z_1 = k) = pi_k, P(z_t = k | z_(t-1) = j) = rho [j = k] + (1 - rho) pi_k. It can make states last and cannot make
them alternate. Because a fresh draw forgets the past, forward-backward (Rabiner 1989, Proceedings of the IEEE 77,
257-286) takes time linear in the number of states, not its square. All sequences step together.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Smoothed:
    """`probabilities`: [U, K] of every step's state; `fresh`: [K], how often each state was drawn, expected;
    `stayed`: how many steps kept theirs, expected; `evidence`: [S], the log likelihood of every sequence."""

    probabilities: Floats
    fresh: Floats
    stayed: float
    evidence: Floats


class Chain:
    """Sequences of steps; `sequence` [U] numbers them from 0 and is in order."""

    def __init__(self, sequence: Ints) -> None:
        self.sequence = sequence
        length = np.bincount(sequence)
        self.sequences = len(length)
        self.transitions = int((length - 1).sum()) if len(length) else 0
        step = np.arange(len(sequence)) - np.repeat(np.cumsum(length) - length, length)
        longest = np.argsort(-length, kind="stable")
        rank = np.empty_like(longest)
        rank[longest] = np.arange(len(longest))
        # By step, and within a step the longest sequence first: those that go on are the first of the step before.
        self.order = np.lexsort((rank[sequence], step))
        active = np.bincount(step)
        self.ends = np.r_[0, np.cumsum(active)].tolist()

    def smooth(self, evidence: Floats, pi: Floats, rho: float) -> Smoothed:
        """Given the log evidence [U, K] of every step for every state; -inf rules a state out."""
        top = evidence.max(axis=1, initial=-np.inf)
        likely = np.exp(evidence - top[:, None])[self.order]
        forward, scale = self._forward(likely, pi, rho)
        backward = self._backward(likely, scale, pi, rho)
        posterior = forward * backward
        stayed = np.zeros_like(posterior)
        for start, stop, before in self._steps():
            came = rho * forward[before : before + stop - start]
            stayed[start:stop] = came * likely[start:stop] * backward[start:stop] / scale[start:stop, None]
        probabilities = np.empty_like(posterior)
        probabilities[self.order] = posterior / posterior.sum(axis=1, keepdims=True)
        logs = np.log(scale) + top[self.order]
        return Smoothed(
            probabilities,
            np.maximum(posterior - stayed, 0).sum(axis=0),
            float(stayed.sum()),
            np.bincount(self.sequence[self.order], logs, self.sequences).astype(np.float64),
        )

    def _steps(self) -> list[tuple[int, int, int]]:
        """Where each step but the first begins and ends, and where the one before begins."""
        return list(zip(self.ends[1:-1], self.ends[2:], self.ends[:-2], strict=True))

    def _forward(self, likely: Floats, pi: Floats, rho: float) -> tuple[Floats, Floats]:
        forward, scale = likely * pi, np.ones(len(likely))
        for start, stop, before in [(0, self.ends[1] if len(likely) else 0, 0), *self._steps()]:
            if start:
                came = rho * forward[before : before + stop - start] + (1 - rho) * pi
                forward[start:stop] = came * likely[start:stop]
            scale[start:stop] = forward[start:stop].sum(axis=1)
            forward[start:stop] /= scale[start:stop, None]
        return forward, scale

    def _backward(self, likely: Floats, scale: Floats, pi: Floats, rho: float) -> Floats:
        backward = np.ones_like(likely)
        for start, stop, before in reversed(self._steps()):
            ahead = likely[start:stop] * backward[start:stop] / scale[start:stop, None]
            backward[before : before + stop - start] = rho * ahead + (1 - rho) * (ahead @ pi)[:, None]
        return backward
