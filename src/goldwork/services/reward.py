"""Reward models of a project: trained by the worker on its comparisons, held against prompts left out, kept by version.

What cannot be learned from (one prompt, ties alone, the same response twice) fails the job with a sentence; nothing
that was there is touched by it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError, NotFoundError
from goldwork.services import jobs
from goldwork.services.figures import Interval
from goldwork.services.forms import current_form
from goldwork.services.preferences import chosen_question, comparing, read_pairs
from goldwork.services.tables import last_seq
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import job, reward_model

if TYPE_CHECKING:
    from goldwork.consensus.calibration import Reliability
    from goldwork.preference.evaluate import Evaluation, Figure
    from goldwork.preference.pairs import Pairs
    from goldwork.preference.reward import Trained

KIND = "reward"
LISTED = 20
"""Versions in the list: the latest."""
LEAST_VOTES = 10
PAID = 6
"""Features of style that are told: those that most is paid for, or taken off."""


class Bin(msgspec.Struct, frozen=True):
    """Votes of about one probability: how often it came true, with its 95 % interval."""

    probability: float
    share: Interval
    votes: int


class Paid(msgspec.Struct, frozen=True):
    """What a standard deviation more of a feature of style adds to a reward; the ends are the least and the most of
    what it adds to it and to the ensemble's members."""

    feature: str
    worth: Interval


class WorstPrompt(msgspec.Struct, frozen=True):
    """A prompt on which the model agrees least with people: the share of its votes."""

    prompt: str
    accuracy: Interval
    votes: int


class RewardEvaluation(msgspec.Struct, frozen=True):
    """A model against single votes, on prompts it had not seen (see `goldwork.preference.evaluate`).

    `position_says`, `length_says`: what the two coefficients (in log odds) mean, in words.
    """

    verdict: Literal["good", "fair", "poor"]
    sentence: str
    votes: Interval
    majority: Interval
    people: Interval | None
    parity: Interval | None
    ceiling_low: float | None
    ceiling_high: float
    length: Interval
    style: Interval
    reliability: list[Bin]
    reliability_says: str
    position: Interval | None
    position_says: str
    length_left: Interval
    length_says: str
    paid: list[Paid]
    worst: list[WorstPrompt]
    prompts: int
    pairs: int
    ballots: int
    method: str
    warnings: list[str]


class RewardVersion(msgspec.Struct, frozen=True):
    """One trained model and how good it is. `through_seq`: the last event of the log that it has learned from."""

    version: int
    made_at: int
    through_seq: int
    question: str
    evaluation: RewardEvaluation


class RewardPage(msgspec.Struct, frozen=True):
    """The latest models, newest first. `questions`: those that compare texts. `running`: a training under way."""

    questions: list[str]
    models: list[RewardVersion]
    running: jobs.Job | None


_RUNNING = sa.select(job.c.id).where(job.c.project == bind("project"), job.c.kind == KIND, job.c.state.in_(jobs.ACTIVE))
_MODELS = (
    sa.select(
        reward_model.c.version,
        reward_model.c.made_at,
        reward_model.c.through_seq,
        reward_model.c.question,
        reward_model.c.body,
    )
    .where(reward_model.c.project == bind("project"))
    .order_by(reward_model.c.version.desc())
)
_CONTENT = sa.select(reward_model.c.content).where(
    reward_model.c.project == bind("project"), reward_model.c.version == bind("of_version")
)
_LATEST = sa.select(sa.func.coalesce(sa.func.max(reward_model.c.version), 0)).where(
    reward_model.c.project == bind("project")
)
_decode = msgspec.json.Decoder(RewardEvaluation).decode


def start(connection: Connection, database: Database, project_id: int, question: str | None = None) -> jobs.Job:
    """Add the job that trains, or return the one that does already. What cannot be learned from, the job says."""
    running = _running(connection, project_id)
    if running is not None:
        return running
    made = jobs.add(connection, database, KIND, project_id, {"question": question})
    assert made is not None
    return made


def page(connection: Connection, project_id: int) -> RewardPage:
    """The project's models."""
    return RewardPage(
        questions=list(comparing(current_form(connection, project_id))),
        models=models(connection, project_id),
        running=_running(connection, project_id),
    )


def models(connection: Connection, project_id: int) -> list[RewardVersion]:
    """The latest models, newest first."""
    rows = connection.execute(_MODELS.limit(LISTED), {"project": project_id})
    return [RewardVersion(*row[:4], evaluation=_decode(row.body)) for row in rows]


def latest(connection: Connection, project_id: int) -> int:
    """The latest model's version; 0 where there is none."""
    return int(connection.execute(_LATEST, {"project": project_id}).scalar_one())


def content(connection: Connection, project_id: int, version: int) -> bytes:
    """A model as a .npz file. Raises NotFoundError."""
    found = connection.execute(_CONTENT, {"project": project_id, "of_version": version}).scalar_one_or_none()
    if found is None:
        raise NotFoundError("there is no such reward model.")
    return bytes(found)


def _running(connection: Connection, project_id: int) -> jobs.Job | None:
    found = connection.execute(_RUNNING, {"project": project_id}).scalars().first()
    return None if found is None else jobs.find_job(connection, project_id, found)


# The job.


def run(work: Work) -> Steps:
    """Build pairs, train, evaluate on prompts left out, store a version. Ends between any two fits when cancelled."""
    from goldwork.preference.evaluate import evaluate
    from goldwork.preference.reward import train

    if "version" in work.checkpoint:  # stored by a worker that died before it said so
        return {"version": work.checkpoint["version"]}
    work.save(phase="reading the judgements")
    yield
    with work.database.read() as connection:
        question = chosen_question(current_form(connection, work.project), work.body["question"])
        through = last_seq(connection, work.project)
        pairs = read_pairs(connection, work.project, question, through)
    yield
    made = train(pairs, progress=lambda phase, done, of: work.save(phase=phase, done=done, total=of))
    yield
    votes = len(pairs.ballots.decided())
    if votes < LEAST_VOTES:
        raise InputError(
            f"{votes} votes are for one of two responses, and a model is held against {LEAST_VOTES} at least. "
            "Let people judge more pairs."
        )
    work.save(phase="evaluation", done=0, total=1)
    found = evaluate(pairs, made.unseen, made.model.temperature, length=made.length_only, style=made.style_only)
    told = _told(found, made, pairs)
    values = {
        "project": work.project,
        "through_seq": through,
        "question": question,
        "body": msgspec.json.encode(told).decode(),
        "content": made.model.to_bytes(),
    }
    work.save(partial(_store, work=work, values=values), done=1)
    return {"version": work.checkpoint["version"]}


def _store(connection: Connection, work: Work, values: dict[str, Any]) -> None:
    version = work.checkpoint["version"] = latest(connection, work.project) + 1
    made_at = work.database.now(connection)
    connection.execute(sa.insert(reward_model), values | {"version": version, "made_at": made_at})


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
