"""Better policies from stored candidates: a reward model chooses a response for every prompt, and what it replaces is
kept beside it.

Candidates come as a table with a row a response, and stay for the next model. What was said before is a draw from the
same candidates, or what an earlier policy chose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork import io
from goldwork.errors import InputError, NotFoundError
from goldwork.io import Source
from goldwork.services import apart, cells, jobs, reward
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

ASKED, TOLD, CHOSEN = "asked.json", "told.json", "chosen.json.gz"
"""What the process that chooses is asked, and what it finds."""

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


class Asked(msgspec.Struct, frozen=True):
    """Which model chooses, among which candidates of a project in a database."""

    database: str
    project: int
    request: Request
    model: int
    candidates: int
    seed: int


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


def candidate_texts(connection: Connection, project_id: int, version: int) -> dict[str, list[str]]:
    """The responses of each prompt, in a set of candidates."""
    packed = connection.execute(_SET, {"project": project_id, "of_version": version}).scalar_one()
    return unpack(packed, dict[str, list[str]])


def candidate_set(connection: Connection, project_id: int) -> CandidateSet | None:
    """The latest candidates, described."""
    row = connection.execute(_SETS, {"project": project_id}).one_or_none()
    return None if row is None else CandidateSet(*row)


# The job.


def run(work: Work) -> Steps:
    """Read the candidates, let the model choose, store both."""
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
    work.save(phase="choosing", done=0, total=kept.prompts)
    url = work.database.url.render_as_string(hide_password=False)
    asked = Asked(url, work.project, request, version, kept.version, work.body["seed"])
    told, content = yield from apart.run(
        work.home.cache(work.project),
        "goldwork.services.improve_fit",
        lambda folder: (folder / ASKED).write_bytes(msgspec.json.encode(asked)),
        lambda folder: (msgspec.json.decode((folder / TOLD).read_bytes()), (folder / CHOSEN).read_bytes()),
        smaller="Fewer candidates take less.",
        beat=work.save,
    )
    told |= {"model": version, "against": request.against or 0, "candidates": kept.version}
    work.save(partial(_store, work=work, content=content, told=told), done=kept.prompts)
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


def read_candidates(source: Source, prompt: str, response: str, most: int | None = MOST) -> dict[str, list[str]]:
    """The responses of each prompt, each once, in the table's order. Raises InputError."""
    found: dict[str, dict[str, None]] = {}
    for number, (asked, said) in enumerate(_rows(source, prompt, response), 1):
        if asked and said:
            found.setdefault(asked, {})[said] = None
        if most is not None and number > most:
            raise InputError(f"there are more than {most:,} responses.", where=source.at())
    if not found:
        raise InputError("there is no candidate: no row has both a prompt and a response.", where=source.at())
    return {asked: list(texts) for asked, texts in found.items()}


def _rows(source: Source, prompt: str, response: str) -> Iterator[tuple[str, str]]:
    unit = io.format.get(io.sniff(source)).unit
    for chunk in io.scan(source):
        for name in (prompt, response):
            if name not in chunk.columns:
                listed = ", ".join(chunk.columns)
                raise InputError(f"there is no column {name!r}. The columns are: {listed}.", where=source.at())
        for place, line in enumerate(chunk.lines):
            row = {name: to_text(chunk.columns[name][place]) for name in (prompt, response)}
            for name, text in row.items():
                try:
                    cells.CHECKS["text"](text)  # they become items, when people compare
                except InputError as error:
                    raise InputError(error.message, where=source.at(int(line), name, unit)) from None
            yield row[prompt], row[response]


def _store(connection: Connection, work: Work, content: bytes, told: dict[str, Any]) -> None:
    latest = sa.select(sa.func.coalesce(sa.func.max(chosen.c.version), 0)).where(chosen.c.project == work.project)
    work.checkpoint["version"] = int(connection.execute(latest).scalar_one()) + 1
    policy = Policy(**told, version=work.checkpoint["version"], made_at=work.database.now(connection))
    values: dict[str, Any] = {"project": work.project, "version": policy.version, "made_at": policy.made_at}
    values |= {"model": policy.model, "body": msgspec.json.encode(policy).decode(), "content": content}
    connection.execute(sa.insert(chosen), values)
