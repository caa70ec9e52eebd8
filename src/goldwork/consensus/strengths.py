"""Strengths of options from comparisons: Bradley and Terry's model with ties, position effects and annotators.

Annotator k compares options i and j, of which i stands at the left of the screen where d is 1, at the right where it is
-1. With the scores s (log-strengths), the annotator's slope a, position effect b and tie rate t,

    h = a_k (s_i - s_j) + d b_k
    P(i) = exp(h / 2) / z,   P(j) = exp(-h / 2) / z,   P(tie) = exp(t_k) / z

(Bradley and Terry 1952, Biometrika 39, 324-345; Davidson 1970, Journal of the American Statistical Association 65,
317-328; Davidson and Beaver 1977, Biometrics 33, 693-702). Where ties are counted as half a win for either side there
is no t, and P(i) = 1 / (1 + exp(-h)). Everything has a normal prior: scores around 0, slopes around 1, position
effects and tie rates around the crowd's mean, which has a wide prior itself.

What every annotator has is integrated out, not maximised: with many annotators of few judgements the joint maximum
takes their chance deviations for real and stretches the scores (by a sixth with ten judgements each). The objective is
the log posterior less half the log determinant of each annotator's information, Laplace's approximation (Tierney and
Kadane 1986, Journal of the American Statistical Association 81, 82-86), and also the free energy, to second order, of
normal distributions around the annotators' parameters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from goldwork.consensus.climbing import Information
from goldwork.consensus.comparing import Comparisons

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

PARTS = ("score", "slope", "position", "tie")
MEANS = {"position": 3.0, "tie": 3.0}
"""How far a crowd's mean position effect and tie rate are expected to lie from 0."""


@dataclasses.dataclass(frozen=True)
class Design:
    """What is learned: of nobody (""), of the crowd ("crowd"), or of every annotator ("annotator").

    `davidson`: ties are an answer of their own, else half a win for either side. `prior`: the scores' standard
    deviation. `spread`: how far annotators' slopes, position effects and tie rates lie from the crowd's mean.
    """

    prior: float
    slope: str = ""
    position: str = ""
    tie: str = ""
    spread: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def davidson(self) -> bool:
        return bool(self.tie)


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """What every row is at some parameters, [n] each.

    - `steep`: the slope; `apart`: the difference of scores; `h`, `t`: the predictors
    - `lean`: P(first) - P(second); `tied`: P(tie); `left`: P(first) + P(second)
    - `of_h`, `cross`, `of_t`: what the row tells about h, about h with t, and about t, by weight
    """

    steep: Floats
    apart: Floats
    h: Floats
    t: Floats
    lean: Floats
    tied: Floats
    left: Floats
    of_h: Floats
    cross: Floats
    of_t: Floats


class Strengths:
    """The log posterior of one table's comparisons. `gold` [I] is 1, 0, -1 or nan, and counts `gold_weight` times.

    Gold is read as answers of an annotator with slope 1 and no position effect. Parameters lie one after another:
    scores [O], slopes [A] or none, position effects [A], [1] or none, tie rates likewise, and the crowd's mean of those
    that every annotator has.
    """

    def __init__(self, pairs: Comparisons, design: Design, gold: Floats, gold_weight: float) -> None:
        told = np.flatnonzero(~np.isnan(gold) & (pairs.left >= 0) & (pairs.right >= 0))
        nobody = np.full(len(told), pairs.annotators)
        self.design, self.pairs = design, pairs
        self.first = np.r_[pairs.first, pairs.left[told]]
        self.second = np.r_[pairs.second, pairs.right[told]]
        self.outcome = np.r_[pairs.outcome, gold[told]]
        self.shown = np.r_[pairs.shown, np.zeros(len(told))]
        self.weight = np.r_[pairs.weight, np.full(len(told), gold_weight)]
        self.annotator = np.r_[pairs.annotator, nobody].astype(np.intp)
        annotators = pairs.annotators
        sizes = {"": 0, "crowd": 1, "annotator": annotators}
        self.at: dict[str, slice] = {}
        self.size = 0
        for part, size in (
            ("score", len(pairs.options)),
            *((part, sizes[getattr(design, part)]) for part in PARTS[1:]),
            *((f"{part} mean", int(getattr(design, part) == "annotator")) for part in MEANS),
        ):
            self.at[part] = slice(self.size, self.size + size)
            self.size += size

    def start(self) -> Floats:
        """Equal scores, slopes of 1, no position effect, ties as often as either side."""
        at = np.zeros(self.size)
        at[self.at["slope"]] = 1
        return at

    def at_mean(self, part: str, at: Floats) -> Floats:
        """The crowd's mean of a part, as a view of the parameters; empty where there is none."""
        return at[self.at.get(f"{part} mean", slice(0, 0))]

    def rows(self, at: Floats) -> Rows:
        """What the rows are at these parameters."""
        score = at[self.at["score"]]
        apart = score[self.first] - score[self.second]
        steep = self._of("slope", at, 1.0)
        h = steep * apart
        if self.design.position:
            h += self.shown * self._of("position", at, 0.0)
        t = self._of("tie", at, self.tie(at)) if self.design.davidson else np.zeros(0)
        lean, tied, left = shares(h, t if self.design.davidson else None)
        of_h = self.weight * (left - lean**2) / 4
        cross, of_t = -self.weight * tied * lean / 2, self.weight * tied * (1 - tied)
        return Rows(steep, apart, h, t, lean, tied, left, of_h, cross, of_t)

    def value(self, at: Floats) -> float:
        """The log posterior of scores and the crowd's means, without constants."""
        rows = self.rows(at)
        away = np.abs(rows.h) / 2
        if self.design.davidson:
            z = np.logaddexp(away + np.log1p(np.exp(-2 * away)), rows.t)
            logs = np.where(self.outcome == 0, rows.t, self.outcome * rows.h / 2) - z
        else:
            logs = self.outcome * rows.h / 2 - away - np.log1p(np.exp(-2 * away))
        volume = np.linalg.slogdet(self.own_information(rows))[1].sum() if self.own() else 0.0
        return float(self.weight @ logs) + self._prior(at) - float(volume) / 2

    def slope(self, at: Floats) -> tuple[Floats, Information]:
        """The gradient, and the expected information with that of the prior."""
        rows = self.rows(at)
        by_h = self.weight * (self.outcome - rows.lean) / 2
        by_t = self.weight * ((self.outcome == 0) - rows.tied)

        def times(vector: Floats) -> Floats:
            if vector.ndim == 2:
                return np.stack([times(column) for column in vector.T], axis=1)
            dh, dt = self._forward(rows, vector)
            if not self.design.davidson:
                return self._back(rows, rows.of_h * dh, dt) + self._prior_times(vector)
            by_h, by_t = rows.of_h * dh + rows.cross * dt, rows.cross * dh + rows.of_t * dt
            return self._back(rows, by_h, by_t) + self._prior_times(vector)

        gradient = self._prior_slope(at)
        if self.own():
            more_h, more_t, more_apart = self._volume_slope(rows)
            by_h, by_t = by_h - more_h / 2, by_t - more_t / 2
            gradient[self.at["score"]] -= self._net(more_apart) / 2
        return self._back(rows, by_h, by_t) + gradient, Information(times, self._diagonal(rows), not self.own())

    def _volume_slope(self, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """How the log determinants change with each row's h and t, and with its difference of scores apart from h."""
        parts = self.own()
        inverse = np.linalg.inv(self.own_information(rows))
        inverse = np.concatenate([inverse, np.zeros((1, len(parts), len(parts)))])  # gold's rows have no annotator

        def entry(one: str, other: str) -> Floats | float:
            if one not in parts or other not in parts:
                return 0.0
            return np.asarray(inverse[:, parts.index(one), parts.index(other)][self.annotator])

        apart, shown, lean, tied = rows.apart, self.shown, rows.lean, rows.tied
        across = shown * entry("slope", "position")
        toward = apart * entry("slope", "slope") + across
        hh = apart * (toward + across) + shown**2 * entry("position", "position")
        hhh = (tied * lean / 2 - lean * (rows.left - lean**2)) / 4
        if not self.design.davidson:
            return self.weight * hhh * hh, np.zeros_like(lean), 2 * rows.of_h * toward
        ht = apart * entry("slope", "tie") + shown * entry("position", "tie")
        tt = entry("tie", "tie")
        hht = -tied * (rows.left - 2 * lean**2) / 4
        htt = -tied * lean * (1 - 2 * tied) / 2
        ttt = tied * (1 - tied) * (1 - 2 * tied)
        return (
            self.weight * (hhh * hh + 2 * hht * ht + htt * tt),
            self.weight * (hht * hh + 2 * htt * ht + ttt * tt),
            2 * (rows.of_h * toward + rows.cross * entry("slope", "tie")),
        )

    def observed(self, at: Floats) -> Floats:
        """The observed information of the parameters together, [P, P]: the expected one less what is left unexplained.

        Only slopes times scores bend: where rows have residuals r, moving a slope and a score together explains more.
        """
        made = self.slope(at)[1].times(np.eye(self.size))
        if self.design.slope:
            rest = self.weight * (self.outcome - self.rows(at).lean) / 2
            options, annotators = len(self.pairs.options), self.pairs.annotators + 1
            cell = self.annotator * options
            size = options * annotators
            net = np.bincount(cell + self.first, rest, size) - np.bincount(cell + self.second, rest, size)
            bend = net.reshape((annotators, options))[:-1]
            made[self.at["slope"], self.at["score"]] -= bend
            made[self.at["score"], self.at["slope"]] -= bend.T
        return made

    def score_information(self, at: Floats) -> Information:
        """That of the scores alone, everything else taken as known, as a sparse matrix of options."""
        from scipy.sparse import csr_array, diags_array

        rows = self.rows(at)
        of_h = rows.of_h * rows.steep**2
        options = len(self.pairs.options)
        ends = np.r_[self.first, self.second], np.r_[self.second, self.first]
        links = csr_array((np.r_[of_h, of_h], ends), shape=(options, options))
        links.sum_duplicates()
        diagonal = np.bincount(ends[0], np.r_[of_h, of_h], options) + self.design.prior**-2
        whole = csr_array(diags_array(diagonal) - links)
        return Information(lambda vector: np.asarray(whole @ vector), np.asarray(whole.diagonal()))

    def own(self) -> list[str]:
        """Which parts every annotator has."""
        return [part for part in PARTS[1:] if getattr(self.design, part) == "annotator"]

    def own_information(self, rows: Rows) -> Floats:
        """That of each annotator's own parameters, the scores and the crowd's means taken as known, [A, m, m]."""
        moves = {"slope": rows.apart, "position": self.shown}
        parts, annotators = self.own(), self.pairs.annotators
        made = np.zeros((annotators, len(parts), len(parts)))
        for row, one in enumerate(parts):
            for column, other in enumerate(parts[: row + 1]):
                if other == "tie":
                    each = rows.of_t
                elif one == "tie":
                    each = rows.cross * moves[other]
                else:
                    each = rows.of_h * moves[one] * moves[other]
                made[:, row, column] = np.bincount(self.annotator, each, annotators + 1)[:-1]
                made[:, column, row] = made[:, row, column]
            made[:, row, row] += self.design.spread[one] ** -2
        return made

    def _of(self, part: str, vector: Floats, nobody: float) -> Floats:
        """A part of the parameters for every row; gold's rows have `nobody`."""
        own = vector[self.at[part]]
        kind = getattr(self.design, part)
        if kind == "annotator":
            return np.asarray(np.append(own, nobody)[self.annotator])
        return np.full(len(self.first), own[0] if kind else nobody)

    def tie(self, at: Floats) -> float:
        """The crowd's mean tie rate t; minus infinity where ties are no answer."""
        if not self.design.davidson:
            return -np.inf
        return float(at[self.at["tie mean" if self.design.tie == "annotator" else "tie"]][0])

    def _forward(self, rows: Rows, step: Floats) -> tuple[Floats, Floats]:
        """How h and t change along a step."""
        score = step[self.at["score"]]
        dh = score[self.first] - score[self.second]
        if self.design.slope:
            dh = rows.steep * dh + self._of("slope", step, 0.0) * rows.apart
        if self.design.position:
            dh += self.shown * self._of("position", step, 0.0)
        return dh, self._of("tie", step, self.tie(step)) if self.design.davidson else np.zeros(0)

    def _back(self, rows: Rows, by_h: Floats, by_t: Floats) -> Floats:
        """The transpose of `_forward`."""
        made = np.zeros(self.size)
        made[self.at["score"]] = self._net(by_h * rows.steep if self.design.slope else by_h)
        if self.design.slope:
            self._gather(made, "slope", by_h * rows.apart)
        if self.design.position:
            self._gather(made, "position", by_h * self.shown)
        if self.design.davidson:
            self._gather(made, "tie", by_t)
        return made

    def _net(self, rows: Floats) -> Floats:
        """Sums of rows over the options that come first, less those over the second."""
        options = len(self.pairs.options)
        return np.asarray(np.bincount(self.first, rows, options) - np.bincount(self.second, rows, options), np.float64)

    def _gather(self, made: Floats, part: str, rows: Floats) -> None:
        """Sums of rows by whose parameter they touch; gold's rows touch the crowd's mean, where there is one."""
        if getattr(self.design, part) == "crowd":
            made[self.at[part]] += rows.sum()
            return
        sums = np.bincount(self.annotator, rows, self.pairs.annotators + 1)
        made[self.at[part]] += sums[:-1]
        if part == "tie":
            made[self.at["tie mean"]] += sums[-1]

    def _diagonal(self, rows: Rows) -> Floats:
        made = self._prior_diagonal()
        options = len(self.pairs.options)
        scaled = rows.of_h * rows.steep**2
        made[self.at["score"]] += np.bincount(self.first, scaled, options) + np.bincount(self.second, scaled, options)
        if self.design.slope:
            self._gather(made, "slope", rows.of_h * rows.apart**2)
        if self.design.position:
            self._gather(made, "position", rows.of_h * self.shown**2)
        if self.design.davidson:
            self._gather(made, "tie", rows.of_t)
        return made

    def _prior(self, at: Floats) -> float:
        away = self._away(at)
        return -0.5 * float(away @ (self._precision() * away)) - 0.5 * sum(
            float((at[self.at[f"{part} mean"]] ** 2).sum()) / wide**2 for part, wide in MEANS.items()
        )

    def _away(self, at: Floats, slope: float = 1.0) -> Floats:
        """How far the parameters lie from where their prior has its middle; the crowd's means count as none."""
        away = at.copy()
        away[self.at["slope"]] -= slope
        for part in MEANS:
            mean = self.at[f"{part} mean"]
            if getattr(self.design, part) == "annotator":
                away[self.at[part]] -= at[mean]
            away[mean] = 0
        return away

    def _precision(self) -> Floats:
        precision = np.zeros(self.size)
        precision[self.at["score"]] = self.design.prior**-2
        for part in PARTS[1:]:
            kind = getattr(self.design, part)
            if kind == "annotator":
                precision[self.at[part]] = self.design.spread[part] ** -2
            elif kind:
                precision[self.at[part]] = MEANS[part] ** -2
        return precision

    def _prior_slope(self, at: Floats) -> Floats:
        return -self._pull(self._away(at), at)

    def _prior_times(self, step: Floats) -> Floats:
        return self._pull(self._away(step, slope=0.0), step)

    def _pull(self, away: Floats, at: Floats) -> Floats:
        made = self._precision() * away
        for part, wide in MEANS.items():
            mean = self.at[f"{part} mean"]
            if getattr(self.design, part) == "annotator":
                made[mean] = at[mean] / wide**2 - made[self.at[part]].sum()
        return made

    def _prior_diagonal(self) -> Floats:
        made = self._precision()
        for part, wide in MEANS.items():
            if getattr(self.design, part) == "annotator":
                made[self.at[f"{part} mean"]] = wide**-2 + made[self.at[part]].sum()
        return made


def shares(h: Floats, t: Floats | None) -> tuple[Floats, Floats, Floats]:
    """P(left) - P(right), P(tie) and P(left) + P(right); without `t` there is no tie."""
    if t is None:
        return np.tanh(h / 2), np.zeros_like(h), np.ones_like(h)
    top = np.maximum(np.abs(h) / 2, t)
    one, two, three = np.exp(h / 2 - top), np.exp(-h / 2 - top), np.exp(t - top)
    z = one + two + three
    return (one - two) / z, three / z, (one + two) / z
