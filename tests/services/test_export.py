"""What is exported is what is there, and imports again to the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import goldwork
from goldwork.io.tables import same
from goldwork.services import export
from goldwork.services.tables import named_table
from goldwork.tasks.questions import draw_lots, read_form

from .test_monitor import take_snapshot

FORMATS = ("csv", "jsonl", "parquet")
WORDS = [
    "plain",
    "=1+1",
    "+49",
    "-x",
    "@home",
    "a,b",
    'say "hi"',
    "two\nlines",
    " edge ",
    "ünï",
    "tab\there",
    "cr\rhere",
]


def start(room: Any, what: str, format: str = "csv") -> Path:
    job = room.writer.run(
        lambda connection: export.start(connection, room.database, room.project, export.Request(what, format))
    )
    room.worker.drain()
    assert room.job(job.id).state == "done", room.job(job.id).error
    path, name = room.read(export.find_export, room.home, room.project, job.id)
    assert name == f"{what}.{format}"
    return path


def judged(room: Any) -> None:
    lines = "".join(json.dumps({"id": f"i {n}", "text": f"{word} {n}"}) + "\n" for n, word in enumerate(WORDS))
    assert room.import_items(lines, "items.jsonl").state == "done"
    ann, bob = room.add_annotator("Ann"), room.add_annotator("Bob")
    room.judge(ann, lambda payload: "abc"[len(payload) % 3])
    room.judge(bob, lambda payload: "abc"[len(payload) % 2], 5)
    [lease] = room.lease(bob)
    room.submit(bob, lease.id, "a")
    room.submit(bob, lease.id, kind="undo", answers={})
    room.submit(bob, lease.id, "c", seconds=None)


@pytest.mark.parametrize("format", FORMATS)
def test_judgements_come_back_the_same(room: Any, format: str) -> None:
    judged(room)
    with room.database.read() as connection:
        table = named_table(connection, room.project)
    path = start(room, "judgements", format)
    back = goldwork.read(path)
    assert len(back) == len(table) == 12 + 6
    assert back.to_columns().keys() == table.to_columns().keys()
    for name, column in table.to_columns().items():
        read = back.to_columns()[name].tolist()
        if name in ("shown", "suggestion"):  # nothing was drawn or suggested; in CSV that is an empty cell
            read = [value or None for value in read]
        if name == "guideline":  # a version is a name, and in CSV a text
            read = [int(version) for version in read]
        assert str(read) == str(column.tolist()), name


LOTS = {
    "fields": [{"name": name, "show": "text"} for name in "abc"],
    "questions": [
        {"name": "better", "title": "Which?", "task": {"type": "compare", "fields": ["b", "a"]}},
        {"name": "order", "title": "In which order?", "task": {"type": "rank", "fields": ["a", "b", "c"]}},
        {"name": "good", "title": "Any good?", "task": {"type": "rating"}, "optional": True},
    ],
}


@pytest.mark.parametrize("format", FORMATS)
def test_what_stood_where_is_exported_and_read(room: Any, format: str) -> None:
    room.make_project(LOTS)
    items = "id,a,b,c\n" + "".join(f"i{n:02},x{n},y{n},z{n}\n" for n in range(20))
    assert room.import_items(items, fields={name: name for name in "abc"}).state == "done"
    ann = room.add_annotator("Ann")
    drawn = {}
    for lease in room.lease(ann, 20):
        drawn[f"i{int(json.loads(lease.payload)['a'][1:]):02}"] = draw_lots(read_form(LOTS).shuffled(), lease.id)
        room.submit(ann, lease.id, answers={"better": "first", "order": [["a"], ["b"], ["c"]], "good": 3})
    path = start(room, "judgements", format)
    table = goldwork.read(path)
    with room.database.read() as connection:
        assert named_table(connection, room.project).context["shown"].tolist() == [
            said or None for said in table.context["shown"].tolist()
        ]
    columns = {name: column.tolist() for name, column in table.to_columns().items()}
    said = {
        (item, question): shown
        for item, question, shown in zip(columns["item"], columns["question"], columns["shown"], strict=True)
    }
    for item, shown in drawn.items():
        assert said[item, "better"] == ("left" if shown["better"] == ["b", "a"] else "right")
        assert json.loads(said[item, "order"]) == shown["order"]
        assert not said[item, "good"]
    assert {said[item, "better"] for item in drawn} == {"left", "right"}
    content = path.read_bytes()
    room.make_project(LOTS)
    assert room.import_items(items, fields={name: name for name in "abc"}).state == "done"
    job = room.import_items(content, path.name, what="judgements", id=None, fields={})
    assert (job.state, job.error) == ("done", None)
    again = goldwork.read(start(room, "judgements", format))
    assert not any(again.context["shown"].tolist()), "nobody was shown anything in the new project"


@pytest.mark.parametrize("format", FORMATS)
def test_items_come_back_the_same(room: Any, format: str) -> None:
    judged(room)
    path = start(room, "items", format)
    items = goldwork.io.read_items(path)
    assert items.columns["text"].tolist() == [f"{word} {n}" for n, word in enumerate(WORDS)]
    content = path.read_bytes()
    room.make_project()
    assert room.import_items(content, path.name).state == "done"
    assert goldwork.io.read_items(start(room, "items", format)) == items


def test_judgements_imported_are_exported_the_same(room: Any) -> None:
    judged(room)
    with room.database.read() as connection:
        table = named_table(connection, room.project)
    items, judgements = (start(room, what, "jsonl").read_bytes() for what in ("items", "judgements"))
    room.make_project()
    assert room.import_items(items, "items.jsonl").state == "done"
    job = room.import_items(judgements, "judgements.jsonl", what="judgements", id=None, fields={})
    assert (job.state, job.error) == ("done", None)
    with room.database.read() as connection:
        assert same(named_table(connection, room.project), table)
    again = room.import_items(judgements, "judgements.jsonl", what="judgements", id=None, fields={})
    assert again.state == "failed"
    assert again.error.details["total"] == 18
    assert "already" in again.error.message


def test_imported_judgements_fill_slots_while_there_are_any(room: Any) -> None:
    room.add_items(1)
    content = "item,worker,answer\ni0,x,a\ni0,y,b\ni0,z,b\n"
    job = room.import_items(content, "labels.csv", what="judgements", id=None, fields={})
    assert (job.state, job.result) == ("done", {"submits": 3, "annotators": 3})
    rows = [json.loads(line) for line in start(room, "judgements", "jsonl").read_text().splitlines()]
    assert [row["surplus"] for row in rows] == [False, False, True]
    assert {row["purpose"] for row in rows} == {"import"}
    ann = room.add_annotator("Ann")
    assert not room.lease(ann)


def test_an_answer_nested_without_end_is_told(room: Any) -> None:
    room.add_items(1)
    content = f'item,annotator,label\ni0,x,"{"[" * 5000}{"]" * 5000}"\n'
    job = room.import_items(content, "labels.csv", what="judgements", id=None, fields={})
    assert job.state == "failed"
    assert "must be one of" in job.error.message
    assert len(job.error.message) < 1000, "an error does not repeat all of it"
    assert job.error.where == "labels.csv, line 2, column label"


def test_wrong_judgements_are_told_row_by_row(room: Any) -> None:
    room.add_items(2)
    ann = room.add_annotator("Ann")
    room.judge(ann, lambda _payload: "a", 1)
    with room.database.read() as connection:
        [name] = named_table(connection, room.project).annotators
    content = (
        "item,annotator,label,seconds,submitted_at\n"
        f"i0,x,a,1,2026-01-01T00:00:00Z\ni0,x,a,,\nnope,x,a,,\ni1,x,q,,\ni1,y,a,-1,\ni1,z,a,,soon\ni1,{name},a,,\n"
    )
    job = room.import_items(content, "labels.csv", what="judgements", id=None, fields={})
    assert job.state == "failed"
    errors = [(one["line"], one["column"]) for one in job.error.details["errors"]]
    assert errors == [
        (3, "item"), (4, "item"), (5, "label"), (6, "seconds"), (7, "submitted_at"), (8, "annotator"),
    ]  # fmt: skip
    assert len(start(room, "judgements").read_text().splitlines()) == 2


def test_consensus_is_exported(room: Any) -> None:
    judged(room)
    take_snapshot(room)
    rows = [json.loads(line) for line in start(room, "consensus", "jsonl").read_text().splitlines()]
    assert len(rows) == 12
    assert set(rows[0]) == set(export.CONSENSUS)
    assert sum(vote["count"] for vote in rows[0]["votes"]) == rows[0]["judgements"]


def test_many_pages(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE", 3)
    judged(room)
    assert len(goldwork.io.read_items(start(room, "items"))) == 12
    assert len(goldwork.read(start(room, "judgements"))) == 18
