"""Gold from a table: all of it or nothing, every problem with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.services import check, jobs
from goldwork.services.rows import SHOWN
from goldwork.store.schema import gold, item
from tests.services.conftest import Room


@pytest.fixture
def ready(room: Room) -> Room:
    room.make_project()
    room.add_items(250)
    return room


def bring(room: Room, content: str, name: str = "gold.csv", **request: Any) -> jobs.Job:
    return room.import_items(content, name, **({"what": "gold", "id": None, "fields": {}} | request))


def rows(room: Room) -> dict[str, Any]:
    with room.database.read() as connection:
        found = connection.execute(sa.select(gold, item.c.external_id).join(item, item.c.id == gold.c.item))
        return {row.external_id: row for row in found}


def test_a_table(ready: Room) -> None:
    job = bring(ready, "item,kind,reason\ni1,a,Because.\ni2,b,\ni1,c,Or this.\n")
    assert (job.state, job.error and job.error.message) == ("done", None)
    made = rows(ready)
    assert {name: json.loads(row.answers) for name, row in made.items()} == {
        "i1": {"kind": ["a", "c"]}, "i2": {"kind": ["b"]},
    }  # fmt: skip
    assert (made["i1"].reason, made["i1"].state, made["i1"].kind, made["i2"].stratum) == (
        "Because.", "active", "gold", "kind=b",
    )  # fmt: skip
    assert ready.read(lambda connection: list(check.check(connection))) == []


def test_many_in_chunks_with_columns_of_other_names(ready: Room) -> None:
    lines = "".join(f'{{"id": "i{n}", "truth": "a", "note": "Why {n}"}}\n' for n in range(230))
    job = bring(ready, lines, "gold.jsonl", id="id", fields={"reason": "note"})
    assert (job.state, job.result) == ("done", {"items": 230})
    assert rows(ready)["i7"].reason == "Why 7"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("item,truth\ni1,a\nnowhere,a\n", "the item is not open in the project"),
        ("item,truth\ni1,a\ni2,z\n", "line 3"),
        ("item,colour\ni1,a\n", "no column is called like a question"),
        ("what,truth\ni1,a\n", "no column is called item"),
        ("item,truth\n,a\n", "printable characters"),
        ("item,truth\n", "no items"),
        ("item,truth\ni1,\n", "at least one question"),
    ],
)
def test_nothing_comes_in_where_something_is_wrong(ready: Room, content: str, words: str) -> None:
    job = bring(ready, content)
    assert job.state == "failed"
    assert job.error is not None
    assert words in f"{job.error.where}: {job.error.message}"
    assert rows(ready) == {}


def test_gold_is_not_made_twice(ready: Room) -> None:
    assert bring(ready, "item,truth\ni1,a\n").state == "done"
    job = bring(ready, "item,truth\ni2,a\ni1,b\n")
    assert job.error is not None
    assert "gold already (active)" in job.error.message
    assert list(rows(ready)) == ["i1"]


def test_a_form_whose_question_is_not_called_kind_has_traps_and_training(room: Room) -> None:
    task = {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]}
    form = {"fields": [{"name": "text"}], "questions": [{"name": "tone", "title": "Tone?", "task": task}]}
    room.make_project(form=form)
    room.add_items(5)
    refused = bring(room, "item,tone,kind,reason\ni1,a,training,\n")
    assert refused.error is not None
    assert "Give a reason" in refused.error.message
    job = bring(room, "item,tone,kind,reason\ni1,a,training,It says so.\ni2,b,trap,\ni3,a,,\n")
    assert job.state == "done", job.error
    assert {name: row.kind for name, row in rows(room).items()} == {"i1": "training", "i2": "trap", "i3": "gold"}
    other = bring(room, f"item,tone,kind\ni4,a,{'odd' * SHOWN}\n")
    assert other.error is not None
    assert "must be one of gold, trap, training" in other.error.message
