"""One training of a reward model, in a process of its own: `python -m goldwork.services.reward_fit FOLDER`.

The folder holds what is asked (`asked.json`) and gets what was found (`told.json`, `model.npz`); see `apart`. The
judgements are read here, from the database, for they are many.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from goldwork.errors import InputError
from goldwork.services import apart
from goldwork.services.figures import Interval
from goldwork.services.preferences import read_pairs
from goldwork.services.reward import ASKED, MODEL, TOLD, Asked, Bin, Paid, RewardEvaluation, WorstPrompt
from goldwork.store.database import Database

if TYPE_CHECKING:
    from goldwork.consensus.calibration import Reliability
    from goldwork.preference.evaluate import Evaluation, Figure
    from goldwork.preference.pairs import Pairs
    from goldwork.preference.reward import Trained

LEAST_VOTES = 10
PAID = 6
"""Features of style that are told: those that most is paid for, or taken off."""


def run(folder: Path) -> None:
    """Build pairs, train, evaluate on prompts left out. Raises InputError with why nothing can be learned."""
    from goldwork.preference.evaluate import evaluate
    from goldwork.preference.reward import train

    asked = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    tell = apart.teller(folder)
    database = Database(asked.database)
    with database.read() as connection:
        pairs = read_pairs(connection, asked.project, asked.question, asked.through)
    database.close()
    made = train(pairs, progress=tell)
    votes = len(pairs.ballots.decided())
    if votes < LEAST_VOTES:
        raise InputError(
            f"{votes} votes are for one of two responses, and a model is held against {LEAST_VOTES} at least. "
            "Let people judge more pairs."
        )
    tell("evaluation", 0, 1)
    found = evaluate(pairs, made.unseen, made.model.temperature, length=made.length_only, style=made.style_only)
    (folder / TOLD).write_bytes(msgspec.json.encode(_told(found, made, pairs)))
    (folder / MODEL).write_bytes(made.model.to_bytes())


def _told(found: Evaluation, made: Trained, pairs: Pairs) -> RewardEvaluation:
    """An evaluation as it is stored and shown."""
    bins = found.reliability
    rows = zip(
        *(column.tolist() for column in (bins.confidence, bins.accuracy, bins.low, bins.high, bins.items)), strict=True
    )
    paid = sorted(made.model.style.items(), key=lambda one: -abs(one[1][0]))[:PAID]
    verdict: Any = found.verdict
    return RewardEvaluation(
        verdict=verdict,
        sentence=found.sentence,
        votes=_interval(found.votes),
        majority=_interval(found.majority),
        people=_interval(found.people) if found.people else None,
        parity=_interval(found.parity) if found.parity else None,
        ceiling_low=found.ceiling_low,
        ceiling_high=found.ceiling_high,
        length=_interval(found.length),
        style=_interval(found.style),
        reliability=[Bin(sure, Interval(share, low, high), count) for sure, share, low, high, count in rows],
        reliability_says=_reliability(bins),
        position=_interval(found.position) if found.position else None,
        position_says=_position(found.position),
        length_left=_interval(found.length_left),
        length_says=_length(found.length_left),
        paid=[Paid(name, Interval(*worth)) for name, worth in paid],
        worst=[WorstPrompt(one.prompt, Interval(one.accuracy, one.low, one.high), one.votes) for one in found.worst],
        prompts=found.votes.prompts,
        pairs=found.pairs,
        ballots=found.ballots,
        method=pairs.method,
        warnings=list(dict.fromkeys((*made.warnings, *found.warnings))),
    )


def _interval(figure: Figure) -> Interval:
    return Interval(figure.value, figure.low, figure.high)


def _reliability(bins: Reliability) -> str:
    votes = f"{int(bins.items.sum()):,} votes"
    if bins.excess_low > 0:
        off = f"{100 * bins.excess:.1f} percentage points"
        return f"Its probabilities are off by {off} beyond chance ({votes}): do not take them at their word."
    return f"Its probabilities come true as far as {votes} can tell: what they are off by, chance may explain."


def _position(figure: Figure | None) -> str:
    if figure is None:
        return "It is not known what stood on which side of the screen."
    if figure.low <= 0 <= figure.high:
        return "No habit of choosing a side of the screen shows."
    side = "left" if figure.value > 0 else "right"
    return f"People choose what stands at the {side} more often than what it says explains."


def _length(figure: Figure) -> str:
    if figure.low <= 0 <= figure.high:
        return "Length is paid for about as much as people pay for it."
    if figure.value < 0:
        return "The model pays more for length than people do: what is optimised against it grows long."
    return "People pay more for length than the model does."


if __name__ == "__main__":
    sys.exit(apart.main(run))
