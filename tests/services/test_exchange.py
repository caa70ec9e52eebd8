"""Files of other tools go in with their answers and come out again, on both databases."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange
from goldwork.services import check, exchange_in, exchange_out, export, jobs, media, uploads
from goldwork.services.tables import named_table
from goldwork.services.worker import Worker
from goldwork.store.schema import annotator, item, submit
from goldwork.tasks.questions import read_form

from .conftest import FORM
from .test_ingest import IMAGES, picture
from .test_monitor import take_snapshot

COUNT = 7
BOXES = IMAGES | {
    "questions": [
        {"name": "where", "title": "Where?", "task": {"type": "boxes", "field": "photo", "classes": [{"value": "cat"}]}}
    ]
}


def examples(count: int = COUNT, **more: Any) -> list[Example]:
    made = []
    for n in range(count):
        answered = [
            Answered({"kind": "abc"[n % 3]}, "ann@example.org", seconds=2.5, submitted_at="2026-03-01T12:00:00.000Z"),
            Answered({"kind": "a"}, "Bob"),
        ]
        made.append(Example(f"task-{n}", {"text": f"text {n}"}, tuple(answered)))
    return made


def file(tmp_path: Path, given: list[Example], name: str = "label-studio", form: Any = FORM) -> bytes:
    path = tmp_path / f"given{exchange.get(name).suffixes[0]}"
    exchange.get(name).write(path, read_form(form), iter(given))
    return path.read_bytes()


def start(room: Any, content: bytes, format: str = "label-studio", **options: Any) -> jobs.Job:
    asked = exchange_in.Request(room.upload(content, "tasks.json"), format, **options)
    return room.writer.run(
        lambda connection: exchange_in.start(connection, room.database, room.home, room.project, asked, by=1)
    )


def bring(room: Any, content: bytes, format: str = "label-studio", **options: Any) -> jobs.Job:
    job = start(room, content, format, **options)
    room.worker.drain()
    return room.job(job.id)


def take(room: Any, **request: Any) -> tuple[Path, jobs.Job]:
    asked = exchange_out.Request(**request)
    job = room.writer.run(lambda connection: exchange_out.start(connection, room.database, room.project, asked))
    room.worker.drain()
    done = room.job(job.id)
    assert done.state == "done", done.error
    path, _ = room.read(export.find_export, room.home, room.project, job.id)
    return path, done


def rows(room: Any, table: Any) -> int:
    with room.database.read() as connection:
        return len(connection.execute(table.select()).all())


def nothing_is_left(room: Any) -> bool:
    return not rows(room, item) and not rows(room, submit) and not list((room.home.files / str(room.project)).iterdir())


def test_items_and_answers_come_in_and_go_out_again(room: Any, tmp_path: Path) -> None:
    content = file(tmp_path, examples())
    job = bring(room, content)
    assert (job.state, job.error) == ("done", None)
    assert job.result == {
        "batch": job.result["batch"], "items": COUNT, "skipped": 0, "submits": 2 * COUNT, "annotators": 2, "left": [],
    }  # fmt: skip
    with room.database.read() as connection:
        table = named_table(connection, room.project)
        assert not list(check.check(connection))
    assert table.annotators.tolist() == ["annotator 1", "annotator 2"]
    assert not list((room.home.files / str(room.project)).iterdir())
    path, done = take(room, format="label-studio")
    assert (done.result["rows"], done.result["file"]) == (COUNT, "label-studio.json")
    again = list(exchange.get("label-studio").read(path))
    names = {"annotator 1": "ann@example.org", "annotator 2": "Bob"}
    for given, got in zip(examples(), again, strict=True):
        assert (got.id, got.fields) == (given.id, given.fields)
        assert {names[one.annotator]: one.answers for one in got.answered} == {
            one.annotator: one.answers for one in given.answered
        }
    [ann] = [one for one in again[0].answered if one.annotator == "annotator 1"]
    assert (ann.seconds, ann.submitted_at) == (2.5, "2026-03-01T12:00:00.000Z")


def test_addresses_are_never_stored(room: Any, tmp_path: Path) -> None:
    assert bring(room, file(tmp_path, examples()), names=True).state == "done"
    with room.database.read() as connection:
        names = {row["pseudonym"] for row in connection.execute(annotator.select()).mappings()}
    assert {"annotator 1", "Bob"} < names
    assert not any("@" in name for name in names)


def test_people_of_a_later_file_are_others(room: Any, tmp_path: Path) -> None:
    assert bring(room, file(tmp_path, examples(2))).state == "done"
    later = [msgspec.structs.replace(one, id=f"later {one.id}") for one in examples(2)]
    assert bring(room, file(tmp_path, later)).state == "done"
    with room.database.read() as connection:
        assert named_table(connection, room.project).annotators.tolist() == [f"annotator {n}" for n in (1, 2, 3, 4)]


def test_a_later_file_of_the_same_people_judges_items_that_are_there(room: Any, tmp_path: Path) -> None:
    assert bring(room, file(tmp_path, examples(2)), names=True).state == "done"
    twice = bring(room, file(tmp_path, examples(2)), names=True, existing="skip")
    assert twice.state == "failed"
    assert "has judged item" in twice.error.message
    cleo = [msgspec.structs.replace(one, answered=(Answered({"kind": "b"}, "Cleo"),)) for one in examples(2)]
    more = bring(room, file(tmp_path, cleo), names=True, existing="skip")
    assert (more.state, more.result["skipped"], more.result["submits"]) == ("done", 2, 2)


def wrong() -> Iterator[Any]:
    yield [*examples(), Example("last", {"text": "x"}, (Answered({"kind": "d"}, "Bob"),))], "kind", {}
    yield [*examples(), Example("last", {"text": "x" * 1_000_001}, ())], "up to 1,000,000", {}
    yield examples(1), "is somebody who works here", {"names": True}


@pytest.mark.parametrize("case", range(3))
def test_all_or_nothing(room: Any, tmp_path: Path, case: int) -> None:
    given, said, options = list(wrong())[case]
    if options:
        room.add_items(1)
        with room.database.read() as connection:
            who = room.add_annotator("Ann")
            room.judge(who, lambda _payload: "a")
        with room.database.read() as connection:
            [name] = named_table(connection, room.project).annotators
        given = [msgspec.structs.replace(one, answered=(Answered({"kind": "a"}, str(name)),)) for one in given]
    before = rows(room, item), rows(room, submit)
    wide = json.loads(json.dumps(FORM))
    wide["questions"][0]["task"]["classes"].append({"value": "d"})
    job = bring(room, file(tmp_path, given, form=wide), **options)
    assert job.state == "failed"
    assert said in job.error.message
    assert (rows(room, item), rows(room, submit)) == before


def test_a_file_that_answers_something_else_is_refused(room: Any, tmp_path: Path) -> None:
    content = file(tmp_path, examples())
    other = json.loads(json.dumps(FORM))
    other["questions"].append({"name": "why", "title": "Why?", "task": {"type": "text"}})
    room.make_project(other)
    job = bring(room, content)
    assert (job.state, job.error.message) == (
        "failed", "question 'why' of the project is not in the file, which answers: kind.",
    )  # fmt: skip
    assert nothing_is_left(room) or rows(room, item) == 0


def test_one_field_and_one_question_need_no_name(room: Any, tmp_path: Path) -> None:
    content = b'{"text": "so good", "label": ["a"]}\n{"text": "bad", "label": ["b"]}\n'
    form = json.loads(json.dumps(FORM).replace('"text", "show"', '"message", "show"'))
    room.make_project(form)
    assert bring(room, content, "doccano").state == "done"
    path, _ = take(room, format="label-studio")
    assert [one.fields for one in exchange.get("label-studio").read(path)] == [
        {"message": "so good"}, {"message": "bad"},
    ]  # fmt: skip


def test_models_predict_and_gold_is_left_out(room: Any, tmp_path: Path) -> None:
    given = [
        Example("x", {"text": "x"}, (Answered({"kind": "a"}, "m1", "model"), Answered({"kind": "b"}, "Bob"))),
        Example("y", {"text": "y"}, (Answered({"kind": "c"}, "Ann", "gold"), Answered({"kind": "a"}, "Bob"))),
    ]
    job = bring(room, file(tmp_path, given))
    assert (job.state, job.result["submits"]) == ("done", 3)
    assert job.result["left"] == ["1 answers marked as known beforehand are left out."]
    path, _ = take(room, format="label-studio")
    back = {
        (one.annotator, one.kind) for example in exchange.get("label-studio").read(path) for one in example.answered
    }
    assert back == {("annotator 1", "human"), ("model m1", "model")}


@pytest.mark.parametrize("steps", range(1, 12, 2))
def test_a_worker_that_dies_is_followed_by_one_that_goes_on(room: Any, tmp_path: Path, steps: int) -> None:
    job = start(room, file(tmp_path, examples()))
    for _ in range(steps):
        room.worker.step()
    heir = Worker(room.database, room.home, writer=room.writer)
    for active in room.worker._active:  # it is gone without a word, and its lease over
        room.writer.run(lambda connection, held=active.work.held: jobs.release(connection, held, forgive=True))
    room.worker._active = []
    heir.drain()
    done = room.job(job.id)
    assert (done.state, done.error) == ("done", None)
    assert (done.result["items"], done.result["submits"]) == (COUNT, 2 * COUNT)
    assert (rows(room, item), rows(room, submit)) == (COUNT, 2 * COUNT)


def test_the_consensus_goes_where_one_answer_is_held(room: Any, tmp_path: Path) -> None:
    assert bring(room, file(tmp_path, examples())).state == "done"
    take_snapshot(room)
    path, _ = take(room, format="doccano")
    read = list(exchange.get("doccano").read(path))
    assert len(read) == COUNT
    assert all(len(one.answered) == 1 for one in read)
    assert read[0].answered[0].answers["label"] == "a"
    with pytest.raises(InputError, match="holds one answer"):
        exchange_out.answers_of("doccano", "all")
    with pytest.raises(InputError, match="everybody's answers"):
        exchange_out.answers_of("huggingface", "consensus")


PAIRS = {
    "fields": [{"name": name, "show": "text"} for name in ("ask", "one", "two")],
    "questions": [{"name": "better", "title": "Which?", "task": {"type": "compare", "fields": ["one", "two"]}}],
}


def test_preferences_by_the_consensus_or_by_everybody(room: Any, tmp_path: Path) -> None:
    room.make_project(PAIRS)
    sides = {"ask": "Why?", "one": "So.", "two": "Thus."}
    said = {"x": ("first", "first", "second"), "y": ("second",) * 3}
    given = [
        Example(name, sides, tuple(Answered({"better": one}, who) for who, one in zip("abc", answers, strict=True)))
        for name, answers in said.items()
    ]
    assert bring(room, file(tmp_path, given, form=PAIRS)).state == "done"
    take_snapshot(room)
    path, _ = take(room, format="trl-preference")
    assert [json.loads(line)["chosen"] for line in path.read_text().splitlines()] == [" So.", " Thus."]
    path, _ = take(room, format="trl-preference", answers="all")
    assert [json.loads(line)["chosen"] for line in path.read_text().splitlines()] == [
        " So.", " So.", " Thus.", " Thus.", " Thus.", " Thus.",
    ]  # fmt: skip


def test_a_dataset_is_packed_with_its_card(room: Any, tmp_path: Path) -> None:
    assert bring(room, file(tmp_path, examples()), names=True).state == "done"
    take_snapshot(room)
    path, done = take(room, format="huggingface", licence="cc-by-4.0", languages=("en",))
    assert done.result["file"] == "huggingface.zip"
    with zipfile.ZipFile(path) as packed:
        packed.extractall(tmp_path / "set")
    read = list(exchange.get("huggingface").read(tmp_path / "set"))
    assert len(read) == COUNT
    assert {one.annotator for example in read for one in example.answered} == {"annotator 1", "annotator 2"}
    assert all(example.merged["kind"].confidence for example in read)
    card = (tmp_path / "set" / "README.md").read_text()
    assert "# Kinds" in card
    assert "## Guideline\n\nLook." in card
    assert 'license: "cc-by-4.0"' in card
    assert "- consensus by " in card
    assert "alpha" in card
    assert not [one for one in path.parent.iterdir() if one.name.startswith(".")]


def test_boxes_come_in_against_the_sizes_of_their_images(room: Any, tmp_path: Path) -> None:
    room.make_project(BOXES)
    room.writer.run(
        lambda connection: media.add(room.database, room.home, connection, room.project, "one.png", picture(1))
    )
    with room.database.read() as connection:
        [image] = connection.execute(media.media.select()).mappings()
    box = {"x": 0, "y": 0, "width": 1, "height": 1, "label": "cat"}
    sizes = {"image_width": str(image["width"]), "image_height": str(image["height"])}
    given = [Example("1", {"photo": "one.png", **sizes}, (Answered({"where": [box]}),))]
    assert bring(room, file(tmp_path, given, "coco", BOXES), "coco").state == "done"
    take_snapshot(room)
    path, _ = take(room, format="coco")
    [read] = exchange.get("coco").read(path)
    assert read.fields == {"image": "one.png", **sizes}
    assert read.answered[0].answers == {"boxes": [box]}
    beyond = [box | {"x": image["width"] + 5}]
    given = [Example("2", {"photo": "one.png"}, (Answered({"where": beyond}),))]
    refused = bring(room, file(tmp_path, given, "coco", BOXES), "coco")
    assert refused.state == "failed"
    assert "item 2" in f"{refused.error.where} {refused.error.message}"
    assert rows(room, item) == 1


def test_uploads_are_known_for_what_they_are(room: Any, tmp_path: Path) -> None:
    def look(content: bytes, name: str) -> uploads.Look:
        with room.database.read() as connection:
            form = exchange_in.current_form(connection, room.project)
        return uploads.look(room.home, room.project, room.upload(content, name), form)

    found = look(file(tmp_path, examples()), "tasks.json")
    assert (found.format, found.rows, found.columns) == ("label-studio", COUNT, [])
    assert found.exchange is not None
    assert (found.exchange.items, found.exchange.answers, found.exchange.annotators) == (COUNT, 2 * COUNT, 2)
    assert (found.exchange.fits, found.exchange.left) == ("", [])
    table = look(b'{"text": "so good", "label": ["a"]}\n', "all.jsonl")
    assert (table.format, [column.name for column in table.columns]) == ("jsonl", ["text", "label"])
    assert table.exchange is not None
    assert table.exchange.format == "doccano"
    assert look(b"id,text\n1,x\n", "items.csv").exchange is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "LOOKED_THROUGH", 10)
        with pytest.raises(InputError, match="Use the command line"):
            look(file(tmp_path, examples()), "tasks.json")
        assert look(b'{"text": "so good", "label": ["a"]}\n', "all.jsonl").exchange is None
    with pytest.raises(InputError):
        look(b'[{"data": {"text": "x"}, "annotations": [{"result": 3}]}]', "tasks.json")


def test_offers_say_what_is_lost(room: Any) -> None:
    with room.database.read() as connection:
        offers = {offer.format: offer for offer in exchange_out.offers(connection, room.project)}
    assert sorted(offers) == exchange.names()
    assert offers["coco"].refusal
    assert (offers["label-studio"].refusal, offers["label-studio"].answers) == ("", "all")
    assert "Of several answers about an item it has the consensus." in offers["doccano"].losses["consensus"]
    assert list(offers["doccano"].losses) == ["consensus"]
    assert list(offers["label-studio"].losses) == ["all", "consensus"]
    assert offers["huggingface"].folder
    with pytest.raises(InputError, match="boxes only"):
        take(room, format="coco")
