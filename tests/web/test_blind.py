"""Whoever judges in a blind comparison never learns which response is new: not by words, names, order or side."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

from goldwork.services import blind
from goldwork.services.blind import Pair
from goldwork.services.improve import Choice
from goldwork.services.packed import pack, unpack
from goldwork.services.worker import Worker
from goldwork.store.schema import blind as blind_table
from goldwork.store.schema import chosen, reward_model
from goldwork.store.writer import Writer
from tests.web.conftest import Stage, User
from tests.web.test_canaries import ask_all
from tests.web.world import EVALUATION

PROMPTS = 240
TOLD = ("expected", "gap", "reward", "policy", '"old', '"new', "chosen", "nats")


def begin(stage: Stage, boss: User, parent: int) -> int:
    """A blind comparison of `PROMPTS` prompts. Returns its project."""
    choices = [Choice(f"Prompt {n}?", f"It is {n}.", f"It was {n}!", 1.0, 0.7) for n in range(PROMPTS)]
    with stage.database.write() as connection:
        of = {"project": parent, "version": 1, "made_at": 1}
        model = {"through_seq": 10**6, "question": "better", "body": EVALUATION, "content": b""}
        connection.execute(sa.insert(reward_model).values(of | model))
        connection.execute(sa.insert(chosen).values(of | {"model": 1, "body": "{}", "content": pack(choices)}))
    assert boss.post(f"/projects/{parent}/policies/1/comparison", {"prompts": PROMPTS}).status_code == 202
    writer = Writer(stage.database)
    worker = Worker(stage.database, stage.home, writer=writer)
    worker.drain()
    worker.close()
    writer.close()
    with stage.database.read() as connection:
        return int(connection.execute(sa.select(blind_table.c.project)).scalar_one())


def test_nothing_tells_which_is_new(both_stages: Stage) -> None:
    stage = both_stages
    boss = stage.user("boss", administrator=True)
    parent = stage.project(boss)
    project = begin(stage, boss, parent)
    me = stage.join(project, stage.user("me"), "annotator")
    with stage.database.read() as connection:
        content = connection.execute(sa.select(blind_table.c.content)).scalar_one()
        lots = {one.prompt: one.field for one in unpack(content, list[Pair])}
    seen: list[Any] = []
    heard = [*ask_all(project, me)]
    while held := (page := me.post(f"/projects/{project}/next", {"count": 20})).json()["assignments"]:
        heard.append(page)
        for one in held:
            assert set(one["fields"]) == {"prompt", *blind.FIELDS}
            new = lots[one["fields"]["prompt"]]
            assert ("was" in one["fields"][new]) is True
            seen.append((new == blind.FIELDS[0], one["shown"]["better"][0] == new, one["id"]))
            body = {"id": one["id"], "assignment": one["id"], "kind": "answer", "answers": {"better": "first"}}
            heard.append(me.post(f"/projects/{project}/submits", body | {"form_version": 1, "guideline_version": 1}))
    heard += ask_all(project, me)
    assert len(seen) == PROMPTS
    for response in heard:
        where = str(response.request.url)
        told = [
            word for word in TOLD if word in response.text and response.is_success and f"/projects/{project}" in where
        ]
        assert told == [], where
    even = 4 * math.sqrt(PROMPTS) / 2
    for told in (
        [first for first, _, _ in seen],
        [left for _, left, _ in seen],
        [first == (place < PROMPTS / 2) for place, (first, _, _) in enumerate(seen)],
        [first == (place % 2 == 0) for place, (first, _, _) in enumerate(seen)],
        [first == before for (first, _, _), (before, _, _) in zip(seen[1:], seen, strict=False)],
    ):
        assert abs(sum(told) - PROMPTS / 2) < even
    for path in (f"/projects/{parent}/loop", f"/projects/{parent}/policies/1/choices"):
        assert me.get(path).status_code == 404
    assert me.get(f"/projects/{project}/loop").status_code == 403
    assert boss.get(f"/projects/{parent}/policies/1/choices").text.count("It was") == PROMPTS
    refused = boss.post(f"/projects/{project}/next", {"count": 1})
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "not_blind")
