"""The reward model: one number for a response, whose differences say which of two people prefer.

P(first is better) = sigmoid(r(first) - r(second)), with r linear in style and words (Bradley and Terry 1952, Biometrika
39, 324-345, with features; the head of Christiano et al. 2017, NeurIPS 30). Fitted to the pairs' probabilities by
penalised likelihood; the penalty is chosen by cross-validation in which whole prompts are left out, for what counts is
how it judges prompts it has not seen. Five more fits to prompts drawn again (bootstrap) say how much it would differ:
where they part, its number is a guess.

    >>> from goldwork.preference.pairs import build_pairs
    >>> from goldwork.testing import simulate_preferences
    >>> simulated = simulate_preferences(seed=1)
    >>> model = train(build_pairs(simulated.table, simulated.items)).model
    >>> scores = model.score(["Why?"] * 2, ["First measure, then cut. Store it dry and dark.", "It really depends."])
    >>> bool(scores.reward[0] > scores.reward[1])
    True
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from goldwork.errors import InputError
from goldwork.features import Weights, count_words
from goldwork.preference.pairs import Pairs
from goldwork.preference.rows import prompt_key
from goldwork.preference.style import NAMES, style

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

PENALTIES = (100.0, 30.0, 10.0, 3.0)
FOLDS = 5
MEMBERS = 5
LEAST_PROMPTS = 2
MOST_WORDS = 2048
"""Words and pairs of words that are looked at: the commonest. More do no better on pairs of other debates."""
FORMAT = 1


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """For n responses: `reward` [n], and `spread` [n], the standard deviation of the ensemble's members."""

    reward: Floats
    spread: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class RewardModel:
    """A linear reward.

    - `middle`, `size` [S] standardise the style; `words` weighs the rest
    - `coefficients` [1 + M, S + d] are those of the model and of the ensemble's members
    - `temperature` divides a difference so that it says how often a single person prefers the first
    - `penalty` was chosen; `pairs`: how many it was trained on; `keys` [P]: what stands for each prompt it has seen
    """

    middle: Floats
    size: Floats
    words: Weights
    coefficients: Floats
    temperature: float
    penalty: float
    pairs: int
    keys: npt.NDArray[np.uint64]

    def has_seen(self, prompts: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of the prompts [P] it was trained on: they cannot tell how good it is."""
        return np.isin(_keys(prompts), self.keys)

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> Scores:
        """Score responses, each to the prompt beside it. Only differences within a prompt have a meaning."""
        if len(prompts) != len(responses):
            raise InputError(f"there are {len(prompts)} prompts for {len(responses)} responses.")
        form = (style(prompts, responses) - self.middle) / self.size
        known = self.words.apply(count_words(list(responses)))
        split = len(self.middle)
        every = form @ self.coefficients[:, :split].T + known @ self.coefficients[:, split:].T
        return Scores(every[:, 0], every[:, 1:].std(axis=1, ddof=1))

    def preference(self, first: Floats, second: Floats) -> Floats:
        """How probable it is that a single person prefers the first, from two rewards."""
        return np.asarray(expit((first - second) / self.temperature))

    @property
    def style(self) -> dict[str, tuple[float, float, float]]:
        """What a standard deviation more of each feature of style is worth; and at least and at most, to it and to the
        ensemble's members. That is how much it owes to the prompts that were drawn, and no interval: what is
        regularised is drawn to 0."""
        worth = self.coefficients[:, : len(NAMES)]
        rows = np.column_stack([worth[0], worth.min(axis=0), worth.max(axis=0)]).tolist()
        return {name: (row[0], row[1], row[2]) for name, row in zip(NAMES, rows, strict=True)}

    def save(self, path: Path) -> None:
        """Write the model; whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(self.to_bytes())
        part.replace(path)

    def to_bytes(self) -> bytes:
        """The model as a .npz file. Nothing in it is code."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            format=FORMAT,
            middle=self.middle,
            size=self.size,
            columns=self.words.columns,
            rarity=self.words.rarity,
            coefficients=self.coefficients.astype(np.float32),
            keys=self.keys,
            scalars=np.array([self.temperature, self.penalty, self.pairs]),
        )
        return file.getvalue()

    @classmethod
    def load(cls, path: Path) -> RewardModel:
        """Read what `save` wrote. Raises InputError for another file."""
        try:
            return cls.from_bytes(path.read_bytes(), where=str(path))
        except FileNotFoundError:
            raise InputError("there is no such file.", where=str(path)) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}.", where=str(path)) from None

    @classmethod
    def from_bytes(cls, content: bytes, *, where: str = "") -> RewardModel:
        """Read what `to_bytes` made. Raises InputError for anything else."""
        try:
            with np.load(io.BytesIO(content)) as file:
                if int(file["format"]) != FORMAT:
                    raise InputError(
                        f"is a reward model of format {file['format']}, and this reads {FORMAT}.", where=where
                    )
                temperature, penalty, pairs = file["scalars"].tolist()
                words = Weights(file["columns"], file["rarity"])
                coefficients = file["coefficients"].astype(np.float64)
                return cls(
                    file["middle"], file["size"], words, coefficients, temperature, penalty, int(pairs), file["keys"]
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"is no reward model: {error}.", where=where) from None


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A reward model, and for each pair the difference of rewards by models that had not seen its prompt: `unseen`
    [n]; the same of length alone and of style alone: what the model has to beat."""

    model: RewardModel
    unseen: Floats
    length_only: Floats
    style_only: Floats
    warnings: tuple[str, ...] = ()


def train(pairs: Pairs, *, seed: int = 0, progress: Callable[[str, int, int], None] | None = None) -> Trained:
    """Train on pairs. `progress(phase, done, of)` is told how far it is.

    Raises InputError where there are not two prompts with pairs, or the pairs do not say which of any two is better.
    """
    tell = progress or (lambda *_: None)
    used = np.unique(pairs.prompt)
    if len(used) < LEAST_PROMPTS:
        raise InputError(
            f"a reward model needs pairs of {LEAST_PROMPTS} prompts, to be held against one it has not seen. "
            f"Got {len(used)}."
        )
    if not (np.abs(pairs.probability - 0.5) > 1e-6).any():
        raise InputError("no pair says which of two responses is better: all are ties, or votes that cancel out.")
    warnings = list(pairs.warnings)
    if len(used) < FOLDS:
        warnings.append(f"there are {len(used)} prompts: how it judges others is hardly known.")
    tell("features", 0, 1)
    form, middle, size = _standard(style(pairs.prompts[pairs.of_prompt].tolist(), pairs.responses.tolist()))
    counts = count_words(pairs.responses.tolist())
    words = Weights.of(counts, most=MOST_WORDS)
    design = _Design(form, words.apply(counts))
    part = _folds(pairs, seed)
    unseen, penalty = _choose(design, pairs, part, tell)
    total = MEMBERS + 1
    coefficients = []
    for member, weight in enumerate(_members(pairs, seed)):
        coefficients.append(design.fit(pairs, pairs.weight * weight, penalty))
        tell("ensemble", member + 1, total)
    keys = _keys(pairs.prompts[used])
    temperature = _temperature(unseen, pairs)
    model = RewardModel(middle, size, words, np.array(coefficients), temperature, penalty, len(pairs), keys)
    length = _Design(form[:, :1]).left_out(pairs, part, PENALTIES[-1])
    plain = _Design(form).left_out(pairs, part, PENALTIES[-1])
    return Trained(model, unseen, length, plain, tuple(warnings))


class _Design:
    """What the responses differ in, [R, d]: style, and words beside it.

    A fit begins where the last one to the same fold ended. Never where one to other pairs did: it would remember those
    that it is to be judged by.
    """

    def __init__(self, form: Floats, words: Any = None) -> None:
        from scipy import sparse

        self.rows: Any = form if words is None else sparse.hstack([sparse.csr_matrix(form), words], format="csr")
        self.across: Any = self.rows.T if words is None else sparse.csr_matrix(self.rows.T)
        self._last: dict[int, Floats] = {}

    def fit(self, pairs: Pairs, weight: Floats, penalty: float, fold: int = -1) -> Floats:
        """The most probable weights under a normal prior of precision `penalty`.

        Rewards are worked out by response and compared by pair, which costs as much as there are responses, not pairs.
        """
        used = weight > 0
        first, second = pairs.first[used], pairs.second[used]
        probability, weight = pairs.probability[used], weight[used]

        def loss(beta: Floats) -> tuple[float, Floats]:
            reward = np.asarray(self.rows @ beta)
            z = reward[first] - reward[second]
            pull = weight * (expit(z) - probability)
            by_response = np.bincount(first, pull, len(reward)) - np.bincount(second, pull, len(reward))
            value = float(weight @ (np.logaddexp(0, z) - probability * z)) + penalty * float(beta @ beta) / 2
            return value, np.asarray(self.across @ by_response) + penalty * beta

        start = self._last.get(fold, np.zeros(self.rows.shape[1]))
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-6})
        self._last[fold] = np.asarray(found.x)
        return self._last[fold]

    def left_out(self, pairs: Pairs, part: Places, penalty: float) -> Floats:
        """Differences of rewards [n] by fits to the other folds."""
        found = np.zeros(len(pairs))
        for fold in np.unique(part).tolist():
            rest = part == fold
            reward = np.asarray(self.rows @ self.fit(pairs, np.where(rest, 0.0, pairs.weight), penalty, fold))
            found[rest] = (reward[pairs.first] - reward[pairs.second])[rest]
        return found


def _keys(prompts: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    return np.array([prompt_key(str(prompt)) for prompt in prompts.tolist()], np.uint64)


def _standard(rows: Floats) -> tuple[Floats, Floats, Floats]:
    middle, size = rows.mean(axis=0), rows.std(axis=0)
    size = np.where(size > 1e-9, size, 1.0)
    return (rows - middle) / size, middle, size


def _folds(pairs: Pairs, seed: int) -> Places:
    """A fold for each pair: whole prompts, and about equally many pairs in each."""
    number = np.bincount(pairs.prompt)
    fold, filled = np.zeros(len(number), np.intp), np.zeros(FOLDS)
    order = np.random.default_rng(seed).permutation(len(number))
    for prompt in order[np.argsort(-number[order], kind="stable")].tolist():
        fold[prompt] = int(filled.argmin())
        filled[fold[prompt]] += number[prompt]
    return np.asarray(fold[pairs.prompt])


def _choose(design: _Design, pairs: Pairs, part: Places, tell: Callable[[str, int, int], None]) -> tuple[Floats, float]:
    """The penalty with the best likelihood of prompts left out, each at its best temperature; and what it says."""
    best: tuple[float, Floats, float] | None = None
    for done, penalty in enumerate(PENALTIES):
        unseen = design.left_out(pairs, part, penalty)
        lost = _loss(unseen / _scale(unseen, pairs.probability, pairs.weight), pairs.probability, pairs.weight)
        if best is None or lost < best[0]:
            best = (lost, unseen, penalty)
        tell("cross-validation", done + 1, len(PENALTIES))
    assert best is not None
    return best[1], best[2]


def _members(pairs: Pairs, seed: int) -> list[Floats]:
    """How often each pair counts: once for the model, and by prompts drawn again for the members."""
    rng = np.random.default_rng(seed)
    used = np.unique(pairs.prompt)
    drawn = [np.bincount(rng.choice(used, len(used)), minlength=len(pairs.prompts)) for _ in range(MEMBERS)]
    return [np.ones(len(pairs)), *(one[pairs.prompt].astype(float) for one in drawn)]


def _temperature(unseen: Floats, pairs: Pairs) -> float:
    """What divides a difference so that it says how often single people prefer the first; from prompts unseen."""
    decided = pairs.votes[:, :2].sum(axis=1)
    share = np.divide(pairs.votes[:, 0], decided, out=np.full(len(pairs), 0.5), where=decided > 0)
    return _scale(unseen, share, decided.astype(float))


def _scale(unseen: Floats, probability: Floats, weight: Floats) -> float:
    found = minimize_scalar(
        lambda log: _loss(unseen / np.exp(log), probability, weight), bounds=(np.log(0.1), np.log(50)), method="bounded"
    )
    return float(np.exp(found.x))


def _loss(z: Floats, probability: Floats, weight: Floats) -> float:
    return float(weight @ (np.logaddexp(0, z) - probability * z) / max(weight.sum(), 1e-12))
