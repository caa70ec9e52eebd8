"""One choice of a policy, in a process of its own: `python -m goldwork.services.improve_fit FOLDER`.

The folder holds what is asked (`asked.json`) and gets what was found (`told.json`, `chosen.json.gz`); see `apart`.
Model and candidates are read here, from the database.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from goldwork.errors import InputError
from goldwork.preference.policy import best_of, improve
from goldwork.preference.reward import RewardModel
from goldwork.services import apart, reward
from goldwork.services.improve import ASKED, CHOSEN, TOLD, Asked, Choice, Request, candidate_texts, choices
from goldwork.services.packed import pack
from goldwork.store.database import Database


def run(folder: Path) -> None:
    """Choose. Raises InputError, NotFoundError for a model or policy that is not there."""
    asked = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    database, against = Database(asked.database), asked.request.against
    with database.read() as connection:
        model = RewardModel.from_bytes(reward.content(connection, asked.project, asked.model))
        there = candidate_texts(connection, asked.project, asked.candidates)
        replaced = choices(connection, asked.project, against) if against else []
    database.close()
    made, told = choose(model, there, asked.request, seed=asked.seed, before={one.prompt: one.new for one in replaced})
    (folder / TOLD).write_bytes(msgspec.json.encode(told))
    (folder / CHOSEN).write_bytes(pack(made))


def choose(
    model: RewardModel, there: Mapping[str, Sequence[str]], request: Request, *, seed: int, before: Mapping[str, str]
) -> tuple[list[Choice], dict[str, Any]]:
    """The choices, and what is told of them. `before`: what is replaced, by prompt; where it is empty, a draw from
    the candidates."""
    if request.best_of is not None and request.best_of < 2:
        raise InputError(f"the best is of two or more. Got {request.best_of}.", where="best_of")
    if before:
        there = {prompt: texts for prompt, texts in there.items() if prompt in before}
        if not there:
            raise InputError("the policy that is to be replaced knows none of these prompts.")
    part = request.best_of if request.way == "best" else None
    among = {prompt: list(texts[:part]) for prompt, texts in there.items()}
    if request.way == "best":
        made = best_of(model, among, caution=request.caution)
    else:
        made = improve(model, among, limit=request.limit, caution=request.caution, seed=seed)
    lots = random.Random(seed)
    old = [before[one.prompt] if before else lots.choice(among[one.prompt]) for one in made]
    was = model.score([one.prompt for one in made], old).reward
    now = np.array([one.reward for one in made])
    expected = model.preference(now, was)
    found = [
        Choice(one.prompt, text, one.response, float(after - earlier), float(chance))
        for one, text, after, earlier, chance in zip(made, old, now, was, expected, strict=True)
    ]
    differ = [one for one in found if one.old != one.new]
    return found, {
        "way": request.way,
        "best_of": part,
        "limit": request.limit,
        "caution": request.caution,
        "prompts": len(found),
        "differ": len(differ),
        "seen": int(model.has_seen(np.array([one.prompt for one in found], object)).sum()),
        "before": float(was.mean() if before else np.mean([one.before for one in made])),
        "after": float(np.mean([one.after for one in made])),
        "nats": float(np.mean([one.divergence for one in made])),
        "expected": float(np.mean([one.expected for one in differ])) if differ else None,
    }


if __name__ == "__main__":
    sys.exit(apart.main(run))
