"""The fit of `hmm-crowd`: expectation maximisation over a crowd, then over its annotators."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.chain import Chain, Smoothed
from goldwork.consensus.em import Fit, fit
from goldwork.consensus.result import Consensus
from goldwork.consensus.span_events import FREE, HELD, Events, Parameters
from goldwork.consensus.span_units import Units
from goldwork.errors import InputError
from goldwork.judgements import Judgements

Floats = npt.NDArray[np.float64]

SMOOTHING = 1.0
"""What the prior adds to each count of the crowd's tables, of pi and of the noise."""
STAYS, LEAVES = 1.0, 9.0
"""The prior of rho, as steps that stayed and steps that did not: units are cut where something changes."""
UNSURE = 0.02
"""Votes are taken for probabilities to begin with, this far from 0 and 1."""
LEAST = 1e-9
MAX_CELLS = 50_000_000


class Model:
    """HMM-Crowd over one table. It is a model for `em.fit`: of the whole crowd first, then of each annotator."""

    def __init__(self, table: Judgements, units: Units, pooling: float) -> None:
        self.table, self.units, self.pooling = table, units, pooling
        labels = 1 if units.layered else len(units.labels)
        if len(table.annotators) * labels**2 > MAX_CELLS or len(units) * labels > MAX_CELLS:
            raise InputError(
                f"{labels:,} different labels are too many for hmm-crowd with {len(table.annotators):,} annotators. "
                "Merge some, or pass overlapping=True so that each label is taken by itself."
            )
        self.events, self.chain = Events(table, units), Chain(units.sequence)
        self.crowd: Parameters | None = None
        self.begun: Floats = np.zeros((0, 0))
        self.smoothed: Smoothed | None = None
        self.ruled_out = _ruled_out(units, labels)

    def fit(self, shares: Floats, start: Consensus | None, *, max_iterations: int, tolerance: float) -> Fit[Parameters]:
        """From the `shares` of votes [U, L], or from where an earlier result ended."""
        self.begun = self._first(shares)
        if start is None:
            together = fit(self, max_iterations=max_iterations, tolerance=tolerance)
            self.crowd, self.begun = together.parameters, together.probabilities
        else:
            self.crowd, own = _earlier(start, self.table, self.units, self.events.labels)
            self.begun = self.expect(own)[0]
        return fit(self, max_iterations=max_iterations, tolerance=tolerance)

    def _first(self, shares: Floats) -> Floats:
        inside = np.clip(shares.sum(axis=1, keepdims=True), UNSURE, 1 - UNSURE)
        even = np.full_like(shares, 1 / max(shares.shape[1], 1))
        total = shares.sum(axis=1, keepdims=True)
        label = np.divide(shares, total, out=even, where=total > 0)
        return np.hstack([1 - inside, inside * ((1 - UNSURE) * label + UNSURE / max(shares.shape[1], 1))])

    def start(self) -> Floats:
        """Probabilities [U, 1 + L] to begin with."""
        self.smoothed = None
        return self.begun

    def maximise(self, probabilities: Floats) -> Parameters:
        """Expected counts with their priors, as shares."""
        tables, confusions, noise = self.events.counts(probabilities)
        fresh, stayed = probabilities.sum(axis=0), 0.0
        if self.smoothed is not None:
            fresh, stayed = self.smoothed.fresh, self.smoothed.stayed
        if self.crowd is None:
            tables = np.broadcast_to(tables.sum(axis=0) + SMOOTHING, tables.shape)
            confusions = np.broadcast_to(confusions.sum(axis=0) + SMOOTHING, confusions.shape)
        else:
            tables = tables + self.pooling * self.crowd.tables + LEAST
            confusions = confusions + self.pooling * self.crowd.confusions + LEAST
        steps = self.chain.transitions + STAYS + LEAVES
        return Parameters(
            np.concatenate([_shares(tables[..., FREE]), _shares(tables[..., HELD])], axis=2),
            _shares(confusions),
            _shares(noise + SMOOTHING),
            _shares(fresh + SMOOTHING),
            (stayed + STAYS) / steps,
        )

    def expect(self, parameters: Parameters) -> tuple[Floats, float]:
        """The probability of every unit's truth, and the log posterior of the parameters."""
        evidence = self.events.evidence(parameters)
        evidence[self.ruled_out] = -np.inf
        self.smoothed = self.chain.smooth(evidence, parameters.pi, parameters.rho)
        value = float(self.smoothed.evidence.sum()) + self._prior(parameters)
        return self.smoothed.probabilities, value

    def _prior(self, parameters: Parameters) -> float:
        tables, confusions = np.log(parameters.tables), np.log(parameters.confusions)
        if self.crowd is None:
            own = SMOOTHING * float(tables[:1].sum() + confusions[:1].sum())
        else:
            own = float(((self.pooling * self.crowd.tables + LEAST) * tables).sum())
            own += float(((self.pooling * self.crowd.confusions + LEAST) * confusions).sum())
        shared = SMOOTHING * float(np.log(parameters.noise).sum() + np.log(parameters.pi).sum())
        return own + shared + STAYS * float(np.log(parameters.rho)) + LEAVES * float(np.log1p(-parameters.rho))

    def nothing(self, parameters: Parameters) -> Floats:
        """The probability that nothing is true anywhere in an item, [I]."""
        evidence = self.events.evidence(parameters)
        evidence[self.ruled_out] = -np.inf
        whole = self.chain.smooth(evidence, parameters.pi, parameters.rho).evidence
        sequence, units = self.units.sequence, self.units
        on = np.log(parameters.rho + (1 - parameters.rho) * parameters.pi[0])
        length = np.bincount(sequence, minlength=len(whole))
        path = np.bincount(sequence, evidence[:, 0], len(whole)) + np.log(parameters.pi[0]) + (length - 1) * on
        item = units.item[np.searchsorted(sequence, np.arange(len(whole)))]
        return np.exp(np.minimum(np.bincount(item, path - whole, len(self.table.items)), 0))


def state_of(parameters: Parameters, crowd: Parameters | None, table: Judgements, units: Units) -> dict[str, Any]:
    """What a later fit may start from."""
    assert crowd is not None, "the crowd is fitted before its annotators"
    annotators = slice(0, 1)
    return {
        "labels": units.labels,
        "layered": units.layered,
        "annotators": table.annotators,
        "tables": parameters.tables,
        "confusions": parameters.confusions,
        "noise": parameters.noise,
        "prevalence": parameters.pi,
        "persistence": parameters.rho,
        "crowd_tables": crowd.tables[annotators],
        "crowd_confusions": crowd.confusions[annotators],
    }


def _earlier(start: Consensus, table: Judgements, units: Units, labels: int) -> tuple[Parameters, Parameters]:
    """The crowd's and the annotators' parameters of an earlier fit; who is new has the crowd's."""
    state = start.state
    if start.method != "hmm-crowd" or not state:
        raise InputError(f"start must be an earlier result of hmm-crowd. Got one of {start.method}.")
    if tuple(state["labels"]) != units.labels or state["layered"] != units.layered:
        raise InputError(f"start has the labels {list(state['labels'])}, and these are {list(units.labels)}.")
    place = {name: row for row, name in enumerate(state["annotators"].tolist())}
    size = len(table.annotators)
    tables = np.repeat(state["crowd_tables"], size, axis=0)
    confusions = np.repeat(state["crowd_confusions"], size, axis=0)
    shared = (state["noise"], state["prevalence"], state["persistence"])
    crowd = Parameters(tables, confusions, *shared)
    own = Parameters(tables.copy(), confusions.copy(), *shared)
    for row, name in enumerate(table.annotators.tolist()):
        if name in place:
            own.tables[row] = state["tables"][place[name]]
            own.confusions[row] = state["confusions"][place[name]]
    return crowd, own


def _ruled_out(units: Units, labels: int) -> npt.NDArray[np.bool_]:
    """[U, 1 + L]: what gold excludes."""
    golden = units.row < 0
    truth = np.zeros(len(units), np.int64)
    truth[units.unit[golden]] = 1 if units.layered else 1 + units.label[golden]
    return np.asarray(units.known[:, None] & (np.arange(1 + labels) != truth[:, None]))


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))
