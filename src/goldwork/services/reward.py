"""Reward models of a project: trained by the worker on its comparisons, held against prompts left out, kept by version.

What cannot be learned from (one prompt, ties alone, the same response twice) fails the job with a sentence; nothing
that was there is touched by it.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import NotFoundError
from goldwork.services import apart, jobs
from goldwork.services.figures import Interval
from goldwork.services.forms import current_form
from goldwork.services.preferences import chosen_question, comparing
from goldwork.services.tables import last_seq
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import reward_model

KIND = "reward"
LISTED = 20
"""Versions in the list: the latest."""
ASKED, TOLD, MODEL = "asked.json", "told.json", "model.npz"
"""What the process that trains is asked, and what it finds."""


class Asked(msgspec.Struct, frozen=True):
    """What to train on: the judgements of a question through a seq, in a database."""

    database: str
    project: int
    question: str
    through: int


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
    """The latest models, newest first. `questions`: those that compare texts. `job`: the latest training, where it goes
    on or has failed."""

    questions: list[str]
    models: list[RewardVersion]
    job: jobs.Job | None


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
    last = jobs.unfinished(connection, project_id, [KIND])
    if last is not None and last.state in jobs.ACTIVE:
        return last
    made = jobs.add(connection, database, KIND, project_id, {"question": question})
    assert made is not None
    return made


def page(connection: Connection, project_id: int) -> RewardPage:
    """The project's models."""
    return RewardPage(
        questions=list(comparing(current_form(connection, project_id))),
        models=models(connection, project_id),
        job=jobs.unfinished(connection, project_id, [KIND]),
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


# The job.


def run(work: Work) -> Steps:
    """Train in another process, and store a version. Ends at once when it is cancelled."""
    if "version" in work.checkpoint:  # stored by a worker that died before it said so
        return {"version": work.checkpoint["version"]}
    work.save(phase="reading the judgements")
    yield
    with work.database.read() as connection:
        question = chosen_question(current_form(connection, work.project), work.body["question"])
        through = last_seq(connection, work.project)
    url = work.database.url.render_as_string(hide_password=False)
    asked = msgspec.json.encode(Asked(url, work.project, question, through))
    told, content = yield from apart.run(
        work.home.cache(work.project),
        "goldwork.services.reward_fit",
        lambda folder: (folder / ASKED).write_bytes(asked),
        lambda folder: ((folder / TOLD).read_text(encoding="utf-8"), (folder / MODEL).read_bytes()),
        smaller="Fewer judgements take less.",
        tell=lambda phase, done, of: work.save(phase=phase, done=done, total=of),
        beat=work.save,
    )
    values = {
        "project": work.project,
        "through_seq": through,
        "question": question,
        "body": told,
        "content": content,
    }
    work.save(partial(_store, work=work, values=values), done=1)
    return {"version": work.checkpoint["version"]}


def _store(connection: Connection, work: Work, values: dict[str, Any]) -> None:
    version = work.checkpoint["version"] = latest(connection, work.project) + 1
    made_at = work.database.now(connection)
    connection.execute(sa.insert(reward_model), values | {"version": version, "made_at": made_at})
