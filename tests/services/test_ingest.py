"""Imports: the whole file or nothing, errors with their places, going on after a death."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import PIL.Image
import pytest
import sqlalchemy as sa

from goldwork.errors import InputError, NotFoundError, TooLargeError
from goldwork.services import check, ingest, jobs, media, policy, uploads
from goldwork.services.access import Member
from goldwork.services.worker import Worker
from goldwork.store.schema import batch, event, item
from goldwork.store.schema import job as job_table
from goldwork.store.schema import media as media_table

IMAGES = {
    "fields": [{"name": "photo", "show": "image"}],
    "questions": [
        {"name": "kind", "title": "?", "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]}}
    ],
}


def rows(room: Any, table: sa.Table) -> list[Any]:
    with room.database.read() as connection:
        return list(connection.execute(sa.select(table).order_by(*table.primary_key)))


def picture(shade: int = 0, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    PIL.Image.new("L", (4, 4), shade).save(stream, kind)
    return stream.getvalue()


def long_file(number: int) -> str:
    return "id,text\n" + "".join(f"x{n},text {n}\n" for n in range(number))


def findings(room: Any) -> list[Any]:
    return room.read(lambda connection: list(check.check(connection)))


def advance(room: Any, until: Callable[[], Any]) -> None:
    """Step the worker until something is so."""
    for _ in range(1000):
        if until():
            return
        room.worker.step()
    raise AssertionError(f"it never came so far: {rows(room, job_table)}")


def nothing_left(room: Any) -> bool:
    return not rows(room, item) and not rows(room, batch) and not rows(room, media_table)


def test_a_file_becomes_open_items(room: Any) -> None:
    content = "id,text,other\n" + "".join(f"x{n},text {n},z\n" for n in range(1203))
    job = room.import_items(content)
    assert (job.state, job.error, job.result["items"]) == ("done", None, 1203)
    found = rows(room, item)
    assert [row.external_id for row in found] == [f"x{n}" for n in range(1203)]
    assert {row.wanted for row in found} == {2}
    assert msgspec.json.decode(found[3].payload) == {"text": "text 3"}
    assert len({row.shuffle for row in found}) > 1000
    [made] = rows(room, batch)
    assert (made.state, made.opened_through, made.size) == ("published", found[-1].id, 1203)
    kinds = [row.kind for row in rows(room, event)]
    assert kinds.count("batch") == 1
    assert kinds.count("opened") == 3
    assert not list((room.home.files / str(room.project)).iterdir())
    assert room.read(ingest.list_batches, room.project)[0].items == 1203
    assert not findings(room)


@pytest.mark.parametrize("pack", [False, True])
def test_json_lines_and_gzip(room: Any, pack: bool) -> None:
    lines = "\n".join(json.dumps({"id": n, "text": {"deep": [n]} if n else None, "more": 1.5}) for n in range(3))
    content = lines.encode()
    job = room.import_items(gzip.compress(content) if pack else content, "x.jsonl", fields={"text": "more"})
    assert job.state == "done", job.error
    assert [(row.external_id, row.payload) for row in rows(room, item)][1] == ("1", '{"text":"1.5"}')


def test_items_without_identifiers_are_numbered(room: Any) -> None:
    for _ in range(2):
        assert room.import_items("text\none\ntwo\n", id=None).state == "done"
    assert [row.external_id for row in rows(room, item)] == ["b1-1", "b1-2", "b2-1", "b2-2"]


def test_every_error_is_counted_and_the_first_are_told(room: Any) -> None:
    lines = [f"x{n},text" for n in range(700)]
    lines[3] = ",text"
    lines[5] = "x4,text"
    lines[8] = '"x8\n",text'
    lines[600] = "x600,"
    lines[640:680] = [f"x{n}," for n in range(640, 680)]
    job = room.import_items("id,text\n" + "\n".join(lines))
    assert job.state == "failed"
    error = job.error
    assert (error.code, error.where) == ("bad_input", "items.csv, line 5, column id")
    assert "44 of 700 rows" in error.message
    assert error.details["total"] == 44
    assert len(error.details["errors"]) == 20
    assert [one["line"] for one in error.details["errors"]][:4] == [5, 7, 10, 603]
    assert "line 6 already" in error.details["errors"][1]["message"]
    assert nothing_left(room)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"fields": {}}, "Map every field"),
        ({"fields": {"text": "nope"}}, "The columns are: id, text"),
        ({"fields": {"text": "text", "more": "text"}}, "It has: text"),
        ({"id": "nope"}, "The columns are: id, text"),
    ],
)
def test_a_mapping_that_does_not_fit(room: Any, request_: dict[str, Any], said: str) -> None:
    job = room.import_items("id,text\na,b\n", **request_)
    assert job.state == "failed"
    assert said in job.error.message
    assert nothing_left(room)


def test_damaged_files_say_where(room: Any) -> None:
    job = room.import_items('id,text\na,b\nc,"d\n')
    assert (job.state, job.error.where) == ("failed", "items.csv, line 3")
    job = room.import_items("id,text\n")
    assert (job.state, job.error.message) == ("failed", "the file has no rows.")
    assert nothing_left(room)


def test_items_that_are_there_already(room: Any) -> None:
    assert room.import_items("id,text\na,1\nb,2\n").state == "done"
    job = room.import_items("id,text\nc,3\nb,2\n")
    assert job.state == "failed"
    assert job.error.where == "items.csv, line 3, column id"
    assert len(rows(room, item)) == 2
    job = room.import_items("id,text\nc,3\nb,changed\n", existing="skip")
    assert (job.state, job.result["items"], job.result["skipped"]) == ("done", 1, 1)
    assert [row.external_id for row in rows(room, item)] == ["a", "b", "c"]
    assert rows(room, item)[1].payload == '{"text":"2"}'


def test_cancelling_before_publication_leaves_nothing(room: Any) -> None:
    job = room.start_import(long_file(3000))
    advance(room, lambda: rows(room, item))
    room.writer.run(lambda connection: jobs.cancel(connection, room.database, room.project, job.id))
    room.worker.drain()
    assert room.job(job.id).state == "cancelled"
    assert nothing_left(room)


def test_a_job_that_waits_is_cancelled_at_once(room: Any) -> None:
    job = room.start_import(long_file(3))
    made = room.writer.run(lambda connection: jobs.cancel(connection, room.database, room.project, job.id))
    assert made.state == "cancelled"
    room.worker.drain()
    assert nothing_left(room)


def test_after_publication_cancelling_is_too_late(room: Any) -> None:
    job = room.start_import(long_file(3000))
    advance(room, lambda: any(row.state == "published" for row in rows(room, batch)))
    room.writer.run(lambda connection: jobs.cancel(connection, room.database, room.project, job.id))
    room.worker.drain()
    assert room.job(job.id).state == "done"
    assert {row.wanted for row in rows(room, item)} == {2}


@pytest.mark.parametrize("steps", [1, 5, 8, 12, 15])
def test_another_worker_goes_on(room: Any, steps: int) -> None:
    """A worker that is gone in the middle: its lease runs out, the next one finishes, nothing is twice."""
    job = room.start_import(long_file(3000))
    room.worker.step()
    for _ in range(steps):
        room.worker.step()
    with room.database.write() as connection:
        connection.execute(sa.update(job_table).values(leased_until=0))
    other = Worker(room.database, room.home, writer=room.writer)
    other.drain()
    assert room.job(job.id).state == "done"
    room.worker.drain()  # the first one wakes up: what it held is no longer its own
    assert [row.external_id for row in rows(room, item)] == [f"x{n}" for n in range(3000)]
    assert len(rows(room, batch)) == 1
    opened = [msgspec.json.decode(row.body) for row in rows(room, event) if row.kind == "opened"]
    assert sum(body["items"] for body in opened) == 3000
    assert not findings(room)


def test_a_job_that_keeps_dying_fails_and_is_undone(room: Any) -> None:
    job = room.start_import(long_file(3000))
    advance(room, lambda: rows(room, item))
    for _ in range(jobs.MAX_ATTEMPTS):
        with room.database.write() as connection:
            connection.execute(sa.update(job_table).values(leased_until=0, attempts=job_table.c.attempts + 1))
    Worker(room.database, room.home, writer=room.writer).drain()
    assert room.job(job.id).state == "failed"
    assert nothing_left(room)


def test_a_higher_overlap_reopens_what_is_published(room: Any) -> None:
    room.add_items(1200)
    mine = Member(room.manager, room.project, "manager")
    changed = room.writer.run(lambda connection: policy.set_policy(connection, room.database, mine, overlap=5))
    assert changed
    room.writer.run(lambda connection: jobs.add(connection, room.database, "sweep", room.project, {}))
    room.worker.drain()
    assert {row.wanted for row in rows(room, item)} == {5}
    assert not findings(room)


# Images.


def test_images_by_name_by_hash_and_inside_the_file(room: Any) -> None:
    room.make_project(IMAGES)
    room.writer.run(
        lambda connection: media.add(room.database, room.home, connection, room.project, "one.png", picture(1))
    )
    hashed = media.check(picture(1)).hash
    inside = "data:image/gif;base64," + base64.b64encode(picture(2, "GIF")).decode()
    job = room.import_items(f'id,file\na,one.png\nb,{hashed}\nc,"{inside}"\n', fields={"photo": "file"})
    assert job.state == "done", job.error
    found = [msgspec.json.decode(row.payload)["photo"] for row in rows(room, item)]
    assert found == [hashed, hashed, media.check(picture(2, "GIF")).hash]
    for one in found:
        stored = room.read(media.find, room.project, one)
        assert room.home.media_file(stored.hash).stat().st_size == stored.bytes


def test_a_cancelled_import_takes_its_images_along(room: Any) -> None:
    room.make_project(IMAGES)
    inside = [base64.b64encode(picture(n)).decode() for n in range(200)]
    content = "id,file\n" + "".join(f'i{n},"data:image/png;base64,{inside[n % 200]}"\n' for n in range(1100))
    job = room.start_import(content, fields={"photo": "file"})
    advance(room, lambda: rows(room, item))
    assert rows(room, media_table)
    room.writer.run(lambda connection: jobs.cancel(connection, room.database, room.project, job.id))
    room.worker.drain()
    assert nothing_left(room)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("http://example.org/cat.png", "not fetched"),
        ("//example.org/cat.png", "not fetched"),
        ("cat.png", "no image called"),
        ("", "image is missing"),
        ("data:image/png;base64,AAAA", "no whole PNG"),
        ("data:image/png;base64,A", "base64"),
        ("data:text/html,x", "data:image"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "no whole PNG"),
    ],
)
def test_images_that_are_none(room: Any, cell: str, said: str) -> None:
    room.make_project(IMAGES)
    job = room.import_items(f'id,file\na,"{cell}"\n', fields={"photo": "file"})
    assert job.state == "failed"
    assert said in job.error.message
    assert nothing_left(room)


def test_media_are_checked(room: Any) -> None:
    assert media.check(picture(), "x.png").type == "image/png"
    assert media.check(picture(0, "JPEG")).type == "image/jpeg"
    noise = io.BytesIO()
    PIL.Image.effect_noise((64, 64), 50).save(noise, "PNG")
    for wrong in (b"", b"<svg/>", noise.getvalue()[:2000], b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(InputError):
            media.check(wrong)
    big = io.BytesIO()
    PIL.Image.new("1", (30_000, 30_000)).save(big, "PNG")
    with pytest.raises(TooLargeError):
        media.check(big.getvalue())
    with pytest.raises(TooLargeError):
        media.check(picture() + b"x" * media.MAX_BYTES)
    with pytest.raises(NotFoundError):
        room.read(media.find, room.project, "../../etc/passwd")


# Uploads.


def test_a_look_at_an_upload(room: Any) -> None:
    content = "ticket;subject;body;score;photo\n" + "".join(
        f"T-{n};Hello {n} there;**bold** text {n};{n / 2};p{n}.png\n" for n in range(30)
    )
    room.make_project(FORM_OF_TWO)
    with room.database.read() as connection:
        form = ingest.current_form(connection, room.project)
    found = uploads.look(room.home, room.project, room.upload(content, "../../tickets.csv"), form)
    assert (found.name, found.format, found.rows) == ("tickets.csv", "csv", 30)
    looks = {column.name: column.looks_like for column in found.columns}
    assert looks == {"ticket": "id", "subject": "text", "body": "markdown", "score": "number", "photo": "image"}
    assert found.columns[1].examples == ["Hello 0 there", "Hello 1 there", "Hello 2 there"]
    assert found.suggestion.id == "ticket"
    assert {one.name: one.column for one in found.suggestion.fields} == {"Body": "body", "headline": "subject"}


FORM_OF_TWO = IMAGES | {"fields": [{"name": "Body", "show": "markdown"}, {"name": "headline", "show": "text"}]}


def test_uploads_belong_to_their_project(room: Any) -> None:
    file = room.upload("id,text\na,b\n")
    assert uploads.find_upload(room.home, room.project, file).path.exists()
    for wrong in ("", "..", "../" + file, file[:-1], file + "x", "*" * 22):
        with pytest.raises(NotFoundError):
            uploads.find_upload(room.home, room.project, wrong)
    with pytest.raises(NotFoundError):
        uploads.find_upload(room.home, room.project + 1, file)


def test_an_upload_that_is_too_large_leaves_nothing(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD", 10)
    upload = uploads.Upload(room.home, room.project, "x.csv")
    upload.write(b"12345")
    with pytest.raises(TooLargeError):
        upload.write(b"1234567")
    assert not list((room.home.files / str(room.project)).iterdir())
