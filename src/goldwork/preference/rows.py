"""Pairs as rows that trainers take: preferences, the same as conversations, and single responses, good or not.

Beside what TRL reads, a row says how it came about: the probability that the chosen response is the better one, how
much the pair counts, the votes, the item, and the ranking it belongs to. TRL leaves columns it does not know alone.

A prompt is in one split, for ever: its text decides, so that what was trained on never judges, whatever is added later.

*Source:* huggingface.co/docs/trl/dataset_formats.

    >>> from goldwork.preference.pairs import build_pairs
    >>> from goldwork.testing import simulate_preferences
    >>> simulated = simulate_preferences(prompts=2, seed=1)
    >>> row = next(training_rows(build_pairs(simulated.table, simulated.items), "preference"))
    >>> sorted(row)
    ['chosen', 'group', 'item', 'probability', 'prompt', 'rejected', 'split', 'votes', 'weight']
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.preference.pairs import Pairs

Kind = Literal["preference", "conversational", "unpaired"]
KINDS: tuple[Kind, ...] = ("preference", "conversational", "unpaired")
TEST = 0.1
UNDECIDED = 1e-9


def training_rows(pairs: Pairs, kind: Kind, *, test: float = TEST) -> Iterator[dict[str, Any]]:
    """A row for each pair of which one is better, or, unpaired, for each response that wins or loses on the whole.

    `test`: the share of prompts in the split "test". Raises InputError for another kind and a share outside 0 to 1.
    """
    if kind not in KINDS:
        raise InputError(f"rows are {', '.join(KINDS)}. Got {kind!r}.")
    held_out = in_test(pairs.prompts, test)
    yield from (
        _unpaired(pairs, held_out) if kind == "unpaired" else _paired(pairs, held_out, turns=kind == "conversational")
    )


def in_test(prompts: npt.NDArray[Any], share: float) -> npt.NDArray[np.bool_]:
    """Which of the prompts [P] are for tests: about `share` of them, decided by their text alone."""
    if not 0 <= share <= 1:
        raise InputError(f"the share for tests must lie between 0 and 1. Got {share}.")
    return np.array([prompt_key(str(prompt)) < share * 2**64 for prompt in prompts.tolist()], bool)


def prompt_key(prompt: str) -> int:
    """A number of 64 bits that stands for a prompt's text."""
    return int.from_bytes(hashlib.blake2b(prompt.encode(errors="surrogatepass"), digest_size=8).digest(), "big")


def _paired(pairs: Pairs, held_out: npt.NDArray[np.bool_], *, turns: bool) -> Iterator[dict[str, Any]]:
    for row in range(len(pairs)):
        probability = float(pairs.probability[row])
        if abs(probability - 0.5) < UNDECIDED or not pairs.weight[row]:
            continue
        first, second, neither = pairs.votes[row].tolist()
        better, worse, votes = pairs.first[row], pairs.second[row], (first, second)
        if probability < 0.5:
            better, worse, votes, probability = worse, better, (second, first), 1 - probability
        prompt = str(pairs.prompts[pairs.prompt[row]])
        said = {"chosen": str(pairs.responses[better]), "rejected": str(pairs.responses[worse])}
        yield {
            "prompt": _turn("user", prompt) if turns else prompt,
            **{name: _turn("assistant", text) if turns else text for name, text in said.items()},
            "probability": round(probability, 6),
            "weight": round(float(pairs.weight[row]), 6),
            "votes": (*votes, neither),
            "item": str(pairs.item[row]),
            "group": int(pairs.group[row]),
            "split": _split(held_out[pairs.prompt[row]]),
        }


def _unpaired(pairs: Pairs, held_out: npt.NDArray[np.bool_]) -> Iterator[dict[str, Any]]:
    """By response, the weighted mean of how probably it is the better one."""
    size = len(pairs.responses)
    weight = np.bincount(pairs.first, pairs.weight, size) + np.bincount(pairs.second, pairs.weight, size)
    won = np.bincount(pairs.first, pairs.weight * pairs.probability, size)
    won += np.bincount(pairs.second, pairs.weight * (1 - pairs.probability), size)
    share = np.divide(won, weight, out=np.full(size, 0.5), where=weight > 0)
    for row in np.flatnonzero(np.abs(share - 0.5) >= UNDECIDED).tolist():
        prompt = pairs.of_prompt[row]
        yield {
            "prompt": str(pairs.prompts[prompt]),
            "completion": str(pairs.responses[row]),
            "label": bool(share[row] > 0.5),
            "probability": round(float(share[row]), 6),
            "weight": round(float(weight[row]), 6),
            "split": _split(held_out[prompt]),
        }


def _turn(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def _split(test: Any) -> str:
    return "test" if test else "train"
