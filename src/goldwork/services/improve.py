"""Better policies from stored candidates: a reward model chooses a response for every prompt, and what it replaces is
kept beside it.

Candidates come as a table with a row a response, and stay for the next model. What was said before is a draw from the
same candidates, or what an earlier policy chose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork import io
from goldwork.errors import InputError, NotFoundError
from goldwork.io import Source
from goldwork.services import jobs, reward
from goldwork.services.packed import pack, unpack
from goldwork.services.uploads import find_upload, remove_upload, to_text
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import candidates, chosen

KIND = "improve"
MOST = 200_000
"""Responses in a set of candidates."""
MOST_BYTES = 64 * 2**20
"""Of a packed set."""

Candidates = Mapping[str, Sequence[str]]
Way = Literal["best", "limit"]


class Request(msgspec.Struct, frozen=True):
    """How to choose. `file`: an upload with the columns `prompt` and `response`; None: the candidates there are.

    `best`: the best of all, or of the first `best_of`. `limit`: a draw within so many nats. `model`, and `against`,
    the policy whose choices are replaced: a version; None is the latest model, and a draw from the candidates.
    """

    file: str | None = None
    prompt: str = "prompt"
    response: str = "response"
    way: Way = "best"
    best_of: int | None = None
    limit: float = 1.0
    caution: float = 1.0
    model: int | None = None
    against: int | None = None


class Choice(msgspec.Struct, frozen=True):
    """For one prompt, the old response and the new. `expected`: how probably a person prefers the new, says the model;
    `gap`: the new one's reward less the old one's."""

    prompt: str
    old: str
    new: str
    gap: float
    expected: float


class Policy(msgspec.Struct, frozen=True):
    """What a model chose, and how far that moved.

    `against`: the policy it replaces, 0 for a draw from the candidates. `differ`: prompts where the two say different
    things; `expected`: how often people prefer the new on those, by the model. `seen`: prompts that the model was
    trained on. `before`, `after`: mean rewards; `nats`: the divergence from all candidates being equally likely.
    """

    version: int
    model: int
    made_at: int
    way: Way
    best_of: int | None
    limit: float
    caution: float
    against: int
    candidates: int
    prompts: int
    differ: int
    seen: int
    before: float
    after: float
    nats: float
    expected: float | None


class CandidateSet(msgspec.Struct, frozen=True):
    """Stored responses."""

    version: int
    name: str
    made_at: int
    prompts: int
    responses: int


_POLICIES = sa.select(chosen.c.body).where(chosen.c.project == bind("project")).order_by(chosen.c.version.desc())
_CHOICES = sa.select(chosen.c.content).where(
    chosen.c.project == bind("project"), chosen.c.version == bind("of_version")
)
_SETS = (
    sa.select(
        candidates.c.version, candidates.c.name, candidates.c.made_at, candidates.c.prompts, candidates.c.responses
    )
    .where(candidates.c.project == bind("project"))
    .order_by(candidates.c.version.desc())
    .limit(1)
)
_SET = sa.select(candidates.c.content).where(
    candidates.c.project == bind("project"), candidates.c.version == bind("of_version")
)


def start(connection: Connection, database: Database, project_id: int, request: Request) -> jobs.Job:
    """Add the job that chooses."""
    body = msgspec.to_builtins(request) | {"seed": random.SystemRandom().getrandbits(31)}
    made = jobs.add(connection, database, KIND, project_id, body)
    assert made is not None
    return made


def policies(connection: Connection, project_id: int, most: int) -> list[Policy]:
    """A project's latest policies, oldest first."""
    rows = connection.execute(_POLICIES.limit(most), {"project": project_id}).scalars().all()
    return [msgspec.json.decode(row, type=Policy) for row in reversed(rows)]


def choices(connection: Connection, project_id: int, version: int) -> list[Choice]:
    """What a policy chose. Raises NotFoundError."""
    found = connection.execute(_CHOICES, {"project": project_id, "of_version": version}).scalar_one_or_none()
    if found is None:
        raise NotFoundError("there is no such policy.")
    return unpack(found, list[Choice])


def candidate_set(connection: Connection, project_id: int) -> CandidateSet | None:
    """The latest candidates, described."""
    row = connection.execute(_SETS, {"project": project_id}).one_or_none()
    return None if row is None else CandidateSet(*row)


# The job.


def run(work: Work) -> Steps:
    """Read the candidates, let the model choose, store both."""
    from goldwork.preference.reward import RewardModel

    if "version" in work.checkpoint:  # stored by a worker that died before it said so
        return {"version": work.checkpoint["version"]}
    request = msgspec.convert({name: value for name, value in work.body.items() if name != "seed"}, Request)
    if request.file is not None and "set" not in work.checkpoint:
        work.save(phase="reading the candidates")
        yield
        _keep(work, request)
    yield
    with work.database.read() as connection:
        kept = candidate_set(connection, work.project)
        version = request.model or reward.latest(connection, work.project)
        if not version:
            raise InputError("there is no reward model yet: train one first.")
        if kept is None:
            raise InputError("there are no candidates yet: upload a table with the columns prompt and response.")
        model = RewardModel.from_bytes(reward.content(connection, work.project, version))
        packed = connection.execute(_SET, {"project": work.project, "of_version": kept.version}).scalar_one()
        there: Candidates = unpack(packed, dict[str, list[str]])
        before = (
            {one.prompt: one.new for one in choices(connection, work.project, request.against)}
            if request.against
            else {}
        )
    yield
    work.save(phase="choosing", done=0, total=len(there))
    made, told = choose(model, there, request, seed=work.body["seed"], before=before)
    told |= {"model": version, "against": request.against or 0, "candidates": kept.version}
    work.save(partial(_store, work=work, made=made, told=told), done=len(there))
    return {"version": work.checkpoint["version"]}


def _keep(work: Work, request: Request) -> None:
    """Store the upload's candidates."""
    assert request.file is not None
    source = find_upload(work.home, work.project, request.file)
    read = read_candidates(source, request.prompt, request.response)
    content = pack(read)
    if len(content) > MOST_BYTES:
        raise InputError(
            f"the candidates are too long: {MOST_BYTES // 2**20} MB when packed at most.", where=source.at()
        )

    def store(connection: Connection) -> None:
        there = candidate_set(connection, work.project)
        values = {"version": (there.version if there else 0) + 1, "name": str(source), "content": content}
        values |= {"prompts": len(read), "responses": sum(map(len, read.values()))}
        values |= {"project": work.project, "made_at": work.database.now(connection)}
        connection.execute(sa.insert(candidates), values)
        work.checkpoint["set"] = values["version"]

    work.save(store)
    remove_upload(work.home, work.project, request.file)


def read_candidates(source: Source, prompt: str = "prompt", response: str = "response") -> dict[str, list[str]]:
    """The responses of each prompt, each once, in the table's order. Raises InputError."""
    found: dict[str, dict[str, None]] = {}
    for number, (asked, said) in enumerate(_rows(source, prompt, response), 1):
        if asked and said:
            found.setdefault(asked, {})[said] = None
        if number > MOST:
            raise InputError(f"there are more than {MOST:,} responses.", where=source.at())
    if not found:
        raise InputError("there is no candidate: no row has both a prompt and a response.", where=source.at())
    return {asked: list(texts) for asked, texts in found.items()}


def _rows(source: Source, prompt: str, response: str) -> Iterator[tuple[str, str]]:
    for chunk in io.scan(source):
        for name in (prompt, response):
            if name not in chunk.columns:
                listed = ", ".join(chunk.columns)
                raise InputError(f"there is no column {name!r}. The columns are: {listed}.", where=source.at())
        pairs = zip(chunk.columns[prompt], chunk.columns[response], strict=True)
        yield from ((to_text(asked), to_text(said)) for asked, said in pairs)


def choose(
    model: Any, there: Candidates, request: Request, *, seed: int, before: Mapping[str, str] | None = None
) -> tuple[list[Choice], dict[str, Any]]:
    """The choices, and what is told of them. `before`: what is replaced, by prompt; else a draw from the candidates."""
    import numpy as np

    from goldwork.preference.policy import best_of, improve

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


def _store(connection: Connection, work: Work, made: list[Choice], told: dict[str, Any]) -> None:
    latest = sa.select(sa.func.coalesce(sa.func.max(chosen.c.version), 0)).where(chosen.c.project == work.project)
    work.checkpoint["version"] = int(connection.execute(latest).scalar_one()) + 1
    policy = Policy(**told, version=work.checkpoint["version"], made_at=work.database.now(connection))
    values: dict[str, Any] = {"project": work.project, "version": policy.version, "made_at": policy.made_at}
    values |= {"model": policy.model, "body": msgspec.json.encode(policy).decode(), "content": pack(made)}
    connection.execute(sa.insert(chosen), values)
