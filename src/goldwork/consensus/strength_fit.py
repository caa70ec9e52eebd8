"""Fitting strengths: the spread of the annotators, the climb, and what the result says of options and annotators."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.consensus.climbing import Climb, climb
from goldwork.consensus.comparing import Comparisons
from goldwork.consensus.result import TIE, Annotators, Consensus, Options
from goldwork.consensus.strengths import PARTS, Design, Strengths, shares
from goldwork.consensus.uncertainty import MAX_EXACT, centre, inverse, variances
from goldwork.errors import InputError

Floats = npt.NDArray[np.float64]

Z = 1.959964
EXPECTED_SPREAD = {"slope": 0.5, "position": 0.3, "tie": 0.5}
"""How far annotators lie apart before anything is known, with the weight of so many annotators."""
SPREAD_WEIGHT = 1.0
ROUNDS = 12
TOLD = 1.0
"""Annotators whom the judgements determine: with fewer, nobody has an interval who is known by the spread alone."""
SETTLED = 0.02
"""Relative change below which a spread has settled."""


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A model at its top. `scale`: the mean slope of a judgement, by which scores are multiplied, slopes divided."""

    model: Strengths
    climb: Climb
    scale: float

    @property
    def at(self) -> Floats:
        return self.climb.at

    def part(self, name: str) -> Floats:
        """A part of the parameters as fitted."""
        return self.at[self.model.at[name]]

    @property
    def scores(self) -> Floats:
        """Centred at 0, in the log-odds of an annotator with the mean slope; [O]."""
        score = self.part("score")
        return (score - score.mean()) * self.scale if len(score) else score


def fit_strengths(
    pairs: Comparisons,
    design: Design,
    gold: Floats,
    gold_weight: float,
    *,
    given: dict[str, float | None],
    start: Consensus | None,
    names: npt.NDArray[Any],
    max_iterations: int,
    tolerance: float,
) -> Fitted:
    """Climb to the top. A spread that is not `given` is learned first; the objective is that of the last climb.

    A spread is the one that makes the judgements most probable, approximately (MacKay 1992, Neural Computation 4,
    415-447: squares of the deviations over how many of them the judgements determine).
    """
    stored = {} if start is None else dict(start.state.get("spread", {}))
    spread = {
        part: float(given.get(part) or stored.get(part, EXPECTED_SPREAD[part]))
        for part in PARTS[1:]
        if getattr(design, part) == "annotator"
    }
    design = dataclasses.replace(design, spread=spread)
    model = Strengths(pairs, design, gold, gold_weight)
    begin = at = _begin(model, start, names)
    free = [part for part in spread if given.get(part) is None]
    for _ in range(ROUNDS if free and len(pairs) else 0):
        at = climb(model, at, max_iterations=max_iterations, tolerance=1e-4 * len(pairs)).at
        learned = {part: value if part in free else spread[part] for part, value in _spreads(model, at).items()}
        settled = all(abs(np.log(learned[part] / spread[part])) < SETTLED for part in free)
        spread = learned
        model = Strengths(pairs, dataclasses.replace(design, spread=spread), gold, gold_weight)
        if settled:
            break
    if model.value(at) < model.value(begin):
        at = begin
    top = climb(model, at, max_iterations=max_iterations, tolerance=tolerance)
    return Fitted(model, top, _scale(model, top.at)[0])


def _spreads(model: Strengths, at: Floats) -> dict[str, float]:
    """The next guess at how far annotators lie apart."""
    blocks = np.linalg.inv(model.own_information(model.rows(at)))
    made = {}
    for place, part in enumerate(model.own()):
        mean = 1.0 if part == "slope" else float(at[model.at[f"{part} mean"]][0])
        squares = float(((at[model.at[part]] - mean) ** 2).sum())
        before = model.design.spread[part]
        told = float((1 - blocks[:, place, place] / before**2).sum())
        prior = SPREAD_WEIGHT * EXPECTED_SPREAD[part] ** 2
        made[part] = float(np.sqrt((squares + prior) / (max(told, 0.0) + SPREAD_WEIGHT)))
    return made


def _begin(model: Strengths, start: Consensus | None, names: npt.NDArray[Any]) -> Floats:
    """Where to begin: at an earlier result's parameters, by the names of options and annotators."""
    at = model.start()
    if start is None:
        return at
    if "score" not in start.state:
        raise InputError(f"start must be an earlier result of the same method. Got one of {start.method}.")
    for part, called in (("score", model.pairs.options), *((part, names) for part in PARTS[1:])):
        own, mean = at[model.at[part]], model.at_mean(part, at)  # views
        mean[:] = start.state.get(f"{part} mean", mean)
        own[:] = start.state.get(f"{part} mean", own)
        before = start.state.get(part, ())
        whose = start.state["options" if part == "score" else "annotators"]
        if len(before) == len(whose):  # not the crowd's alone
            known = dict(zip(whose, before, strict=True))
            if part == "score" or len(own) == len(names):
                own[:] = [known.get(name, value) for name, value in zip(called.tolist(), own.tolist(), strict=True)]
    return at


def _scale(model: Strengths, at: Floats) -> tuple[float, Floats]:
    """The mean slope of a judgement, and how it changes with the slopes.

    Where annotators contradict each other the mean says little, and it is at least half the root mean square.
    """
    slope = at[model.at["slope"]]
    if not len(slope):
        return 1.0, slope
    share = np.bincount(model.pairs.annotator, model.pairs.weight, len(slope)).astype(np.float64)
    share /= max(float(share.sum()), 1e-300)
    mean, root = float(share @ slope), float(np.sqrt(share @ slope**2))
    if mean >= root / 2 > 0:
        return mean, share
    return (root / 2, share * slope / (2 * root)) if root > 0 else (1.0, np.zeros_like(share))


def state_of(fitted: Fitted, names: npt.NDArray[Any]) -> dict[str, Any]:
    """What a later fit may start from."""
    parts = {name: fitted.at[place].copy() for name, place in fitted.model.at.items() if place.stop > place.start}
    spread = dict(fitted.model.design.spread)
    return {"options": list(fitted.model.pairs.options), "annotators": list(names), "spread": spread, **parts}


def spreads(fitted: Fitted) -> Floats:
    """The standard errors of the parameters as reported: scores centred and scaled, slopes scaled; [P].

    Up to MAX_EXACT parameters together. Above, those of the scores take the annotators as known, and those of the
    annotators the scores.
    """
    model, at, scale = fitted.model, fitted.at, fitted.scale
    score, slope = model.at["score"], model.at["slope"]
    if not len(model.pairs.options):
        return np.full(model.size, np.nan)
    if model.size <= MAX_EXACT:
        share = _scale(model, at)[1]
        centred = at[score] - at[score].mean()

        def view(columns: Floats) -> Floats:
            made = columns.copy()
            stretch = share @ columns[slope]
            made[score] = scale * (columns[score] - columns[score].mean(axis=0)) + np.outer(centred, stretch)
            made[slope] = columns[slope] / scale - np.outer(at[slope] / scale**2, stretch)
            return made

        whole = _inverse(model, at)
        return np.asarray(np.sqrt(np.maximum(np.diag(view(view(whole).T)), 0.0)))
    made = np.full(model.size, np.nan)
    made[score] = scale * np.sqrt(variances(model.score_information(at), centre, centre))
    if model.own():
        blocks = np.linalg.inv(model.own_information(model.rows(at)))
        for place, part in enumerate(model.own()):
            made[model.at[part]] = np.sqrt(blocks[:, place, place]) / (scale if part == "slope" else 1.0)
    return made


def _inverse(model: Strengths, at: Floats) -> Floats:
    """Of the observed information; of the expected one where a fit that stopped early is no maximum."""
    try:
        return inverse(model.observed(at))
    except np.linalg.LinAlgError:
        return inverse(model.slope(at)[1].times(np.eye(model.size)))


def options_of(fitted: Fitted, errors: Floats) -> Options:
    """The options, the best first; equal ones by name."""
    pairs, score = fitted.model.pairs, fitted.scores
    half = Z * errors[fitted.model.at["score"]]
    count = np.bincount(np.r_[pairs.first, pairs.second], minlength=len(pairs.options))
    order = np.lexsort((np.arange(len(score)), -score))
    return Options(pairs.options[order], count[order], score[order], (score - half)[order], (score + half)[order])


def annotators_of(fitted: Fitted, errors: Floats, names: npt.NDArray[Any]) -> Annotators:
    """The annotators: slopes, and beside them position effects and how often they call equal options a tie."""
    model, more = fitted.model, {}
    slope = fitted.part("slope") / fitted.scale
    half = _wide(fitted, "slope", errors)
    for part in model.own()[1:]:
        value, away = fitted.part(part), _wide(fitted, part, errors)
        for end, column in (("", value), ("_low", value - away), ("_high", value + away)):
            more[f"{part}{end}"] = column if part == "position" else tie_share(column)
    return Annotators(
        names=names,
        judgements=np.bincount(model.pairs.annotator, minlength=len(names)),
        skill=slope,
        low=slope - half,
        high=slope + half,
        measure="slope",
        more=more,
    )


def _wide(fitted: Fitted, part: str, errors: Floats) -> Floats:
    """Half an interval's width for every annotator.

    How far annotators lie apart is learned from A of them. Where an annotator is known by that rather than by own
    judgements, the normal distribution is too narrow: it is a t distribution with A + 1 degrees of freedom, over the
    ratio of the standard error to the annotators' standard deviation. The rule is goldwork's own; simulation shows that
    it covers.

    Of the A the judgements determine as many as the sum of 1 - ratio ** 2 (MacKay 1992). Where that is less than TOLD
    the spread is a guess, and who is known by it rather than by own judgements has no interval: nan.
    """
    from scipy.special import stdtrit

    own = errors[fitted.model.at[part]]
    ratio = np.clip(own / fitted.model.design.spread[part], 1e-6, 1.0)
    half = own * stdtrit((len(own) + SPREAD_WEIGHT) / np.nan_to_num(ratio, nan=1.0), 0.975)
    guessed = (ratio**2 > 0.5) & ((1 - ratio**2).sum() < TOLD)
    return np.asarray(np.where(guessed, np.nan, half))


def tie_share(t: Any) -> Any:
    """How often equal options are called a tie."""
    return 1 / (1 + 2 * np.exp(-np.asarray(t)))


def answers_of(fitted: Fitted, gold: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """The outcome of every item, 1, 0 or -1, its probability, and whether another is as probable; gold overrules.

    The most probable answer of an annotator with the mean slope who sees no positions. Items of which one option only
    is known go to that one, with a confidence of a half.
    """
    pairs, t = fitted.model.pairs, fitted.model.tie(fitted.at)
    score = np.append(fitted.scores, 0.0)
    known = (pairs.left >= 0) & (pairs.right >= 0)
    h = np.where(known, score[pairs.left] - score[pairs.right], 0.0)
    lean, tied, either = shares(h, np.full(len(h), t) if fitted.model.design.davidson else None)
    three = np.stack([(either + lean) / 2, tied, (either - lean) / 2], axis=1)
    top = three.max(axis=1)
    first = three >= top[:, None] - TIE
    shared = first.sum(axis=1) > 1
    outcome = 1.0 - np.argmax(first, axis=1)
    outcome[first[:, 0] & first[:, 2]] = 0
    alone = (pairs.left >= 0) & (pairs.right < 0)
    outcome[alone] = 1
    top = np.where(known, top, 0.5)
    told = ~np.isnan(gold)
    outcome[told] = gold[told]
    return outcome, np.where(told, 1.0, top), shared & ~told


def at_least(least: float, **options: float) -> None:
    """Raises InputError for an option that is no number at or above `least`; 0 itself is not enough where it is 0."""
    for name, value in options.items():
        if not np.isfinite(value) or value < least or value <= 0:
            raise InputError(f"{name} must be {'above 0' if least == 0 else f'{least} or more'}. Got {value!r}.")


def one_of(known: tuple[str, ...], **options: str) -> None:
    """Raises InputError for an option that is none of the known ones."""
    for name, value in options.items():
        if value not in known:
            raise InputError(f"{name} must be one of {', '.join(known)}. Got {value!r}.")


def limits_of(pairs: Comparisons) -> list[str]:
    """What limits any scores of these comparisons."""
    found = []
    alone = int(((pairs.left < 0) | (pairs.right < 0)).sum())
    if alone:
        found.append(
            f"{alone:,} of {len(pairs.left):,} items name one option or none: nothing is learned from them. "
            "Give items= with the columns left and right."
        )
    if not len(pairs):
        return found
    parts = _groups(pairs)
    if parts > 1:
        found.append(
            f"The options fall into {parts:,} groups that were never compared: scores of different groups are "
            "compared by the prior alone."
        )
    options = len(pairs.options)
    won = np.bincount(np.where(pairs.outcome > 0, pairs.first, pairs.second), pairs.outcome != 0, options)
    lost = np.bincount(np.where(pairs.outcome > 0, pairs.second, pairs.first), pairs.outcome != 0, options)
    tied = np.bincount(np.r_[pairs.first, pairs.second], np.tile(pairs.outcome == 0, 2), options)
    extreme = int(((tied == 0) & ((won == 0) != (lost == 0))).sum())
    if extreme:
        found.append(f"{extreme:,} of {options:,} options always won or always lost: the prior bounds their scores.")
    return found


def _groups(pairs: Comparisons) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(pairs.options)
    used = np.bincount(np.r_[pairs.first, pairs.second], minlength=size) > 0
    links = coo_array((np.ones(len(pairs), np.int8), (pairs.first, pairs.second)), shape=(size, size))
    return len(np.unique(connected_components(links, directed=False)[1][used]))
