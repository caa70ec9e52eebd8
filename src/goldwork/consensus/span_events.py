"""What each annotator did at each unit, given what they did just before: the data of `hmm-crowd`.

Having nothing in hand they pass or begin; within a span they end it, begin another, or go on: five acts. How likely
an act is depends on the truth, and within a span on whether that span's label is the true one. So every annotator has
a table of three rows (the truth is nothing; the span in hand is right, or there is none; it has another label) of
2 + 3 probabilities, and a confusion of labels that says which label they begin with where a label is true.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.span_units import Units
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]
Sparse = Any  # scipy.sparse.csr_array, which is imported late

PASS, BEGIN, END, BEGIN_AGAIN, GO_ON = range(5)
ACTS = 5
FREE, HELD = slice(0, 2), slice(2, 5)
NOTHING, RIGHT, OTHER = range(3)


@dataclasses.dataclass(frozen=True)
class Parameters:
    """`tables`: [A, 3, 5]; `confusions`: [A, L true, L begun]; `noise`: [L], labels begun where nothing is;
    `pi`: [1 + L], nothing and the labels; `rho`."""

    tables: Floats
    confusions: Floats
    noise: Floats
    pi: Floats
    rho: float


class Events:
    """Sparse counts of acts: by unit and annotator; by unit, label in hand and annotator; and of labels begun."""

    def __init__(self, table: Judgements, units: Units) -> None:
        from scipy.sparse import csr_array

        self.labels = 1 if units.layered else len(units.labels)
        self.annotators, self.units = len(table.annotators), len(units)
        row, unit, act, held, begun = acts(table, units, self.labels)
        who, weight = table.annotator[row].astype(np.int64), table.weights()[row]
        size = self.annotators * ACTS
        self.acts: Sparse = csr_array((weight, (unit, who * ACTS + act)), shape=(self.units, size))
        within = np.flatnonzero(held >= 0)
        place = unit[within] * self.labels + held[within]
        at = (weight[within], (place, who[within] * ACTS + act[within]))
        self.in_hand: Sparse = csr_array(at, shape=(self.units * self.labels, size))
        new = np.flatnonzero(begun >= 0)
        at = (weight[new], (unit[new], who[new] * self.labels + begun[new]))
        self.begun: Sparse = csr_array(at, shape=(self.units, self.annotators * self.labels))
        self.turned = tuple(part.T.tocsr() for part in (self.acts, self.in_hand, self.begun))

    def evidence(self, parameters: Parameters) -> Floats:
        """Log likelihood of what was done at each unit, [U, 1 + L]."""
        logs = np.log(parameters.tables)
        made = np.empty((self.units, 1 + self.labels))
        made[:, 0] = self.acts @ logs[:, NOTHING].ravel()
        other = logs[:, OTHER].copy()
        other[:, FREE] = logs[:, RIGHT, FREE]
        made[:, 1:] = (self.acts @ other.ravel())[:, None]
        gained = self.in_hand @ (logs[:, RIGHT] - other).ravel()
        made[:, 1:] += gained.reshape(self.units, self.labels)
        if self.labels > 1:
            made[:, 0] += self.begun @ np.tile(np.log(parameters.noise), self.annotators)
            by_begun = np.log(parameters.confusions).transpose(0, 2, 1).reshape(-1, self.labels)
            made[:, 1:] += self.begun @ by_begun
        return made

    def counts(self, probabilities: Floats) -> tuple[Floats, Floats, Floats]:
        """Expected acts [A, 3, 5], confusions [A, L, L] and labels begun where nothing is [L]."""
        acts, in_hand, begun = self.turned
        inside = probabilities[:, 1:]
        made = np.zeros((self.annotators, 3, ACTS))
        made[:, NOTHING] = (acts @ probabilities[:, 0]).reshape(-1, ACTS)
        every = (acts @ inside.sum(axis=1)).reshape(-1, ACTS)
        right = (in_hand @ inside.ravel()).reshape(-1, ACTS)
        made[:, RIGHT] = right
        made[:, RIGHT, FREE] = every[:, FREE]
        made[:, OTHER, HELD] = np.maximum(every - right, 0)[:, HELD]
        confusions = (begun @ inside).reshape(self.annotators, self.labels, self.labels).transpose(0, 2, 1)
        noise = (begun @ probabilities[:, 0]).reshape(self.annotators, self.labels).sum(axis=0)
        return made, confusions, noise


def acts(table: Judgements, units: Units, labels: int) -> tuple[npt.NDArray[np.int64], ...]:
    """For each judgement and each unit of its item: row, unit, act, the label in hand (or -1), the label begun (or -1).

    In layers every label is 0.
    """
    first = np.searchsorted(units.item, np.arange(len(table.items)))
    count = np.bincount(units.item, minlength=len(table.items))
    span = count[table.item]
    offset = np.cumsum(span) - span
    row = np.repeat(np.arange(len(table)), span)
    unit = np.arange(len(row)) - np.repeat(offset - first[table.item], span)
    label, begins = np.full(len(row), -1, np.int64), np.zeros(len(row), bool)
    said = units.row >= 0
    place = offset[units.row[said]] + units.unit[said] - first[table.item[units.row[said]]]
    label[place] = units.label[said] if labels > 1 else 0
    begins[place] = units.begins[said]
    held = np.r_[-1, label[:-1]] if len(label) else label
    fresh = np.r_[True, np.diff(units.sequence) > 0] if len(units) else np.zeros(0, bool)
    held = np.where(fresh[unit], -1, held)
    inside = np.where(label < 0, END, np.where(begins, BEGIN_AGAIN, GO_ON))
    act = np.where(held < 0, np.where(label < 0, PASS, BEGIN), inside)
    return row, unit, act, held, np.where(begins, label, -1)
