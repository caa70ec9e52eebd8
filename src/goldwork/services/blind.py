"""Blind comparisons: people say which of two responses is better, and nothing tells them which is the new one.

For every prompt, drawn at random, a lot says in which of two fields the new response stands; what the lots said is kept
beside the project, not in it. Sides of the screen are drawn anew for every assignment, as always.
Who may judge in one, `blinding` says; what came of it, `blind_results`.
"""

from __future__ import annotations

import json
import random
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ConflictError, InputError, NotFoundError
from goldwork.services import access, improve, ingest, jobs, policy, projects, uploads
from goldwork.services.access import Member
from goldwork.services.packed import pack
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import blind, chosen, guideline, project, reward_model

KIND = "compare-blind"
QUESTION = "better"
FIELDS = ("one", "two")
FORM: dict[str, Any] = {
    "fields": [{"name": name, "show": "text"} for name in ("prompt", *FIELDS)],
    "questions": [
        {
            "name": QUESTION,
            "title": "Which response is better?",
            "task": {"type": "compare", "fields": list(FIELDS), "tie": True},
        }
    ],
}
QUALITY = {"paradigm": "descriptive", "gold": False, "slice": 0.0, "adjudicate": False, "audited": 0.0}
"""Preferences are views: nobody is judged by them, and every prompt gets the same number."""
PROMPTS = 100
MOST_PROMPTS = 2_000


class Pair(msgspec.Struct, frozen=True):
    """One item of a blind comparison. `field`: where the new response stands."""

    item: str
    field: str
    prompt: str
    old: str
    new: str
    expected: float


_COMPARED = sa.select(blind.c.project).where(blind.c.parent == bind("parent"), blind.c.policy == bind("of_policy"))
_THROUGH = (
    sa.select(reward_model.c.through_seq)
    .join(chosen, (chosen.c.project == reward_model.c.project) & (chosen.c.model == reward_model.c.version))
    .where(chosen.c.project == bind("project"), chosen.c.version == bind("of_policy"))
)
_PARENT = (
    sa.select(project.c.name, guideline.c.body)
    .join(guideline, (guideline.c.project == project.c.id) & (guideline.c.version == project.c.guideline_version))
    .where(project.c.id == bind("project"))
)


def start(
    connection: Connection, database: Database, project_id: int, version: int, *, prompts: int, overlap: int, by: int
) -> jobs.Job:
    """Add the job that makes the comparison of a policy. Raises NotFoundError, InputError, ConflictError `compared`."""
    if not 1 <= prompts <= MOST_PROMPTS:
        raise InputError(f"must be 1 to {MOST_PROMPTS:,} prompts. Got {prompts}.", where="prompts")
    policy.read_policy(overlap, 30)
    if connection.execute(_THROUGH, {"project": project_id, "of_policy": version}).first() is None:
        raise NotFoundError("there is no such policy.")
    _refuse_second(connection, project_id, version)
    body = {"policy": version, "prompts": prompts, "overlap": overlap, "by": by}
    made = jobs.add(connection, database, KIND, project_id, body | {"seed": random.SystemRandom().getrandbits(63)})
    assert made is not None
    return made


def _refuse_second(connection: Connection, project_id: int, version: int) -> None:
    if connection.execute(_COMPARED, {"parent": project_id, "of_policy": version}).first() is not None:
        raise ConflictError(
            "this policy is being compared already. Choose anew for another comparison.", reason="compared"
        )


def run(work: Work) -> Steps:
    """Draw prompts and places, make the project, and begin to import its items."""
    state = work.checkpoint
    with work.database.read() as connection:
        pairs = draw(
            improve.choices(connection, work.project, work.body["policy"]), work.body["prompts"], work.body["seed"]
        )
    yield
    if "project" not in state:
        work.save(partial(_make, work=work, pairs=pairs), phase="making the project")
    yield
    if "import" not in state:
        upload = uploads.Upload(work.home, state["project"], "pairs.jsonl")
        for pair in pairs:
            upload.write(json.dumps(_row(pair)).encode() + b"\n")
        work.save(partial(_import, work=work, file=upload.finish()), phase="bringing in the prompts")
    return {"project": state["project"], "import": state["import"], "prompts": len(pairs)}


def draw(choices: list[improve.Choice], prompts: int, seed: int) -> list[Pair]:
    """Prompts at random, of those where the new differs from the old, and by lot where the new one stands."""
    lots = random.Random(seed)
    differ = [one for one in choices if one.old != one.new]
    if not differ:
        raise InputError("the policy says the same as before on every prompt: there is nothing to compare.")
    drawn = lots.sample(differ, min(prompts, len(differ)))
    return [
        Pair(str(number), lots.choice(FIELDS), one.prompt, one.old, one.new, one.expected)
        for number, one in enumerate(drawn, 1)
    ]


def _row(pair: Pair) -> dict[str, str]:
    there = {name: pair.new if name == pair.field else pair.old for name in FIELDS}
    return {"id": pair.item, "prompt": pair.prompt, **there}


def _make(connection: Connection, work: Work, pairs: list[Pair]) -> None:
    body, where = work.body, {"project": work.project, "of_policy": work.body["policy"]}
    _refuse_second(connection, work.project, body["policy"])
    through = connection.execute(_THROUGH, where).scalar_one()
    parent = connection.execute(_PARENT, where).one()
    owner = access.person_of(connection, body["by"])
    name = f"{parent.name[: projects.MAX_NAME - 40]}: which is better? ({body['policy']})"
    mine: Member = projects.create(
        connection, work.database, owner, name=name, form=FORM, overlap=body["overlap"], guideline=parent.body
    )
    policy.set_policy(connection, work.database, mine, quality=QUALITY)
    values = {"project": mine.project, "parent": work.project, "policy": body["policy"], "through_seq": through}
    values |= {"made_at": work.database.now(connection), "content": pack(pairs)}
    connection.execute(sa.insert(blind), values)
    work.checkpoint["project"] = mine.project


def _import(connection: Connection, work: Work, file: str) -> None:
    fields = {name: name for name in ("prompt", *FIELDS)}
    asked = ingest.Request(file=file, id="id", fields=fields, batch="prompts")
    to = work.checkpoint["project"]
    work.checkpoint["import"] = ingest.start(connection, work.database, work.home, to, asked, work.body["by"]).id
