"""Media: told by their bytes, streamed with limits, and nothing that only says it is one."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import struct
import wave
from pathlib import Path
from typing import Any

import msgspec
import PIL.Image
import pytest
import sqlalchemy as sa

from goldwork.errors import InputError, NotFoundError, TooLargeError
from goldwork.services import cells, folder, ingest, media, sounds, uploads
from goldwork.services.check import check
from goldwork.store.schema import item
from goldwork.store.schema import media as media_table
from goldwork.tasks.questions import read_form
from tests.services.test_ingest import IMAGES, nothing_left, picture, rows

QUESTIONS = IMAGES["questions"]
SOUNDS = {"fields": [{"name": "clip", "show": "audio"}], "questions": QUESTIONS}


def wav(seconds: float = 0.1, rate: int = 8000) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(b"\x10\x20" * int(seconds * rate))
    return stream.getvalue()


def mp3(frames: int = 4, tag: bytes = b"") -> bytes:
    """Silent frames of 128 kbit/s at 44,100 Hz: 417 bytes each."""
    return tag + (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def aac(frames: int = 4) -> bytes:
    return (b"\xff\xf1\x50\x80" + bytes([32 >> 3, (32 & 7) << 5 | 0x1F, 0xFC]) + bytes(25)) * frames


def flac(rate: int = 44_100) -> bytes:
    about = struct.pack(">HH", 4096, 4096) + bytes(6) + (rate << 44 | 1 << 41 | 15 << 36 | 100).to_bytes(8, "big")
    return b"fLaC\x80\x00\x00\x22" + about + bytes(16) + b"\xff\xf8" + bytes(20)


def ogg(packet: bytes = b"OpusHead\x01\x02") -> bytes:
    return b"OggS\x00\x02" + bytes(20) + b"\x01" + bytes([len(packet)]) + packet + bytes(40)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def m4a(kind: bytes = b"soun", data_first: bool = True) -> bytes:
    handler = box(b"hdlr", bytes(8) + kind + bytes(13))
    index = box(b"moov", box(b"trak", box(b"mdia", handler)))
    data = box(b"mdat", b"\x21" * 400)
    return box(b"ftyp", b"M4A \0\0\0\0M4A mp42") + (data + index if data_first else index + data)


def webm(codec: bytes = b"A_OPUS") -> bytes:
    return b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + bytes(30) + b"\x86\x86" + codec + bytes(100)


KINDS = {
    "audio/wav": wav(),
    "audio/mpeg": mp3(),
    "audio/aac": aac(),
    "audio/flac": flac(),
    "audio/ogg": ogg(),
    "audio/mp4": m4a(),
    "audio/webm": webm(),
}
PAGE = b"<!doctype html><script>alert(1)</script>" + b" " * 2000
DISGUISED = {
    "a page": PAGE,
    "a drawing that is a program": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' + b" " * 100,
    "a script": b"alert(1)//" + b"x" * 4000,
    "RIFF and a page": b"RIFF\x00\x10\x00\x00WAVE" + PAGE,
    "RIFF with no format": b"RIFF\x24\x00\x00\x00WAVEdata\x00\x00\x00\x00" + bytes(40),
    "RIFF with no channels": wav().replace(b"fmt \x10\0\0\0\x01\0\x01\0", b"fmt \x10\0\0\0\x01\0\0\0"),
    "a tag and a page": b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + PAGE,
    "a tag longer than the file": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + mp3(),
    "one frame and a page": mp3(1) + PAGE,
    "the first bits of a frame": b"\xff\xfb\x90\x00" + PAGE,
    "one frame of AAC and a page": aac(1) + PAGE,
    "fLaC and a page": b"fLaC" + PAGE,
    "OggS and a page": b"OggS" + PAGE,
    "pictures in Ogg": ogg(b"\x80theora\x03\x02"),
    "ftyp and a page": box(b"ftyp", b"M4A \0\0\0\0") + PAGE,
    "pictures in MP4": m4a(b"vide"),
    "boxes that go in circles": box(b"ftyp", b"M4A ") + b"\0\0\0\1moov" + bytes(8),
    "a box without an end": box(b"ftyp", b"M4A ") + b"\xff\xff\xff\xffmoov",
    "WebM and a page": b"\x1aE\xdf\xa3" + PAGE,
    "pictures in WebM": webm(b"V_VP9") + b"A_OPUS",
    "Matroska": webm().replace(b"webm", b"mkv "),
    "nothing": b"",
    "one byte": b"\xff",
    "two": b"\xff\xfb",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_is_told_by_its_bytes(kind: str) -> None:
    found = media.check(KINDS[kind], "x.png")
    assert (found.type, found.width, found.height) == (kind, None, None)
    assert kind in sounds.TYPES
    assert found.is_shown_as("audio")
    assert not found.is_shown_as("image")


def test_all_kinds_are_tried() -> None:
    assert set(KINDS) == set(sounds.TYPES)
    assert media.check(mp3(5, b"ID3\x04\x00\x00\x00\x00\x00\x05hello")).type == "audio/mpeg"
    assert media.check(m4a(data_first=False)).type == "audio/mp4"
    for packet in (b"\x01vorbis", b"\x7fFLAC", b"Speex   "):
        assert media.check(ogg(packet + bytes(20))).type == "audio/ogg"


@pytest.mark.parametrize("what", DISGUISED)
def test_what_only_says_it_is_media_is_refused(what: str) -> None:
    with pytest.raises(InputError, match="whatever its name says"):
        media.check(DISGUISED[what], "song.mp3")


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_refused_or_harmless(kind: str) -> None:
    """Whatever is cut off or flipped: an answer or an InputError, never another exception."""
    whole = KINDS[kind]
    for cut in range(min(len(whole), 200)):
        for broken in (whole[:cut], whole[:cut] + b"\xff" + whole[cut + 1 :], b"\0" * cut + whole[cut:]):
            with contextlib.suppress(InputError):
                assert media.check(broken).type in (*sounds.TYPES, *media.TYPES.values())


# Streaming.


def drafts(room: Any) -> list[Path]:
    found = room.home.media / media.DRAFTS
    return list(found.iterdir()) if found.exists() else []


def test_a_file_that_streams_in_is_kept_once(room: Any) -> None:
    data = wav(1)
    for _ in range(2):
        incoming = media.Incoming(room.home, "talk.wav")
        for begin in range(0, len(data), 1000):
            incoming.write(data[begin : begin + 1000])
        found = incoming.finish()
        assert found == media.check(data, "talk.wav")
    assert room.home.media_file(found.hash).read_bytes() == data
    assert not drafts(room)


def test_an_image_of_200_mb_is_refused_while_it_streams(room: Any) -> None:
    incoming = media.Incoming(room.home, "big.png")
    incoming.write(picture()[:33])
    for _ in range(media.MAX_BYTES // 2**20 - 1):
        incoming.write(bytes(2**20))
    with pytest.raises(TooLargeError, match="an image may have 20 MB"):
        incoming.write(bytes(2**20))
    assert not drafts(room)


def test_a_sound_has_its_own_limit(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_SOUND", 30_000)
    incoming = media.Incoming(room.home)
    incoming.write(wav(1))
    with pytest.raises(TooLargeError, match="a sound may have"):
        incoming.write(wav(1))
    assert not drafts(room)


def test_what_is_of_no_kind_is_refused_at_its_first_bytes(room: Any) -> None:
    incoming = media.Incoming(room.home, "x.mp3")
    incoming.write(b"<htm")
    with pytest.raises(InputError):
        incoming.write(b"l><script>alert(1)</script>")
    assert not drafts(room)
    short = media.Incoming(room.home)
    short.write(b"hi")
    with pytest.raises(InputError):
        short.finish()
    assert not drafts(room)
    for name in ("x" * 501, "a\nb", "a\0b"):
        with pytest.raises(InputError):
            media.Incoming(room.home, name)


def test_drafts_left_by_a_crash_are_removed(room: Any) -> None:
    incoming = media.Incoming(room.home)
    incoming.write(wav())
    [draft] = drafts(room)
    media.remove_unused(room.database, room.home)
    assert drafts(room)
    os.utime(draft, (0, 0))
    media.remove_unused(room.database, room.home)
    assert not drafts(room)
    incoming.abort()


# Imports.


def add(room: Any, name: str, data: bytes) -> media.Medium:
    found: media.Medium = room.writer.run(
        lambda connection: media.add(room.database, room.home, connection, room.project, name, data)
    )
    return found


def test_sounds_by_name_by_hash_and_inside_the_file(room: Any) -> None:
    room.make_project(SOUNDS)
    named = add(room, "one.wav", wav())
    inside = "data:audio/ogg;base64," + base64.b64encode(ogg()).decode()
    job = room.import_items(f'id,file\na,one.wav\nb,{named.hash}\nc,"{inside}"\n', fields={"clip": "file"})
    assert job.state == "done", job.error
    found = [msgspec.json.decode(row.payload)["clip"] for row in rows(room, item)]
    assert found == [named.hash, named.hash, media.check(ogg()).hash]
    assert not room.read(lambda connection: list(check(connection)))


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("http://example.org/a.mp3", "sounds are not fetched"),
        ("none.mp3", "no sound called"),
        ("", "the sound is missing"),
        ("one.png", "'one.png' is no sound, but image/png"),
        ("data:image/png;base64," + base64.b64encode(picture()).decode(), "this is no sound, but image/png"),
        ("data:audio/mpeg;base64," + base64.b64encode(PAGE).decode(), "whatever its name says"),
        ("data:audio/mpeg,xyz", "base64,"),
        ("data:text/html;base64,PGI+", "data: address must begin"),
    ],
)
def test_sounds_that_are_none(room: Any, cell: str, said: str) -> None:
    room.make_project(SOUNDS)
    add(room, "one.png", picture())
    job = room.import_items(f'id,file\na,"{cell}"\n', fields={"clip": "file"})
    assert job.state == "failed"
    assert said in job.error.message
    assert job.error.where == "items.csv, line 2, column file"
    assert not rows(room, item)


def test_a_sound_is_no_image(room: Any) -> None:
    room.make_project(IMAGES)
    add(room, "one.png", wav())
    job = room.import_items("id,file\na,one.png\n", fields={"photo": "file"})
    assert "is no image, but audio/wav" in job.error.message


def form_of(*shows: str, task: dict[str, Any] | None = None) -> dict[str, Any]:
    asked = QUESTIONS if task is None else [{"name": "q", "title": "?", "task": task}]
    return {"fields": [{"name": show, "show": show} for show in shows], "questions": asked}


TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<script>alert(1)</script>"}]


def test_conversations_code_and_links(room: Any) -> None:
    room.make_project(form_of("chat", "code", "link"))
    lines = [
        {"id": 1, "chat": TURNS, "code": "<script>\n\talert(1)", "link": "https://example.org/?q=1&r=%20#x"},
        {"id": 2, "chat": json.dumps(TURNS), "code": "x", "link": ""},
        {"id": 3, "chat": "", "code": "x", "link": "http://münchen.example:8080/ß"},
    ]
    content = "\n".join(json.dumps(line) for line in lines)
    fields = {show: show for show in ("chat", "code", "link")}
    job = room.import_items(content, "x.jsonl", fields=fields)
    assert job.state == "done", job.error
    found = [msgspec.json.decode(row.payload) for row in rows(room, item)]
    assert [json.loads(one["chat"] or "null") for one in found] == [TURNS, TURNS, None]
    assert found[0]["code"] == "<script>\n\talert(1)"
    assert found[0]["link"] == lines[0]["link"]


@pytest.mark.parametrize(
    ("show", "value", "said"),
    [
        ("chat", "hello", "a conversation must be a JSON list of turns"),
        ("chat", "{}", "must be a list"),
        ("chat", '[{"role":"user"}]', "turn 1 must be an object with role and content"),
        ("chat", '[{"role":"user","content":"a"},{"role":"root","content":"a"}]', "turn 2: the role must be one of"),
        ("chat", '[{"role":"user","content":7}]', "turn 1: the content must be text"),
        ("chat", "[" * 5000, "a conversation must be"),
        ("link", "javascript:alert(1)", "must begin with http"),
        ("link", "JaVaScRiPt:alert(1)", "must begin with http"),
        ("link", "data:text/html,hello", "must begin with http"),
        ("link", "example.org/x", "must begin with http"),
        ("link", "//example.org/x", "must begin with http"),
        ("link", "https:///x", "must begin with http"),
        ("link", "https://a b.example/", "no spaces"),
        ("link", "https://example.org/\u202egpj.exe", "no spaces, control characters"),
        ("link", 'https://example.org/"onclick=alert(1)', "no spaces, control characters or quotes"),
        ("link", "https://bank.example@evil.example/", "names no user"),
        ("link", "https://[::1/", "no address of a page"),
        ("link", "https://example.org:99999/", "no address of a page"),
        ("link", "https://example.org/" + "x" * 2000, "up to 2,000 characters"),
        ("code", "x" * 1_000_001, "up to 1,000,000 characters"),
        ("markdown", "a\0b", "NUL"),
    ],
)
def test_cells_that_do_not_fit_their_field(room: Any, show: str, value: str, said: str) -> None:
    room.make_project(form_of(show, "text"))
    lines = [{"id": 1, show: "", "text": "x"}, {"id": 2, show: value, "text": "x"}]
    content = "\n".join(json.dumps(line) for line in lines)
    job = room.import_items(content, "x.jsonl", fields={show: show, "text": "text"})
    assert job.state == "failed"
    assert said in job.error.message
    assert job.error.where == f"x.jsonl, line 2, column {show}"
    assert nothing_left(room)


def test_a_conversation_that_is_asked_about_must_be_there(room: Any) -> None:
    room.make_project(form_of("chat", "text", task={"type": "chat", "field": "chat", "mode": "write"}))
    job = room.import_items("id,chat,text\na,,x\n", fields={"chat": "chat", "text": "text"})
    assert "a conversation is missing" in job.error.message
    assert job.error.where == "items.csv, line 2, column chat"


def test_every_check_has_its_field() -> None:
    shows = set(uploads.SHOWN)
    assert shows == set(cells.CHECKS) | set(media.KINDS)
    assert not set(cells.CHECKS) & set(media.KINDS)


# What task types are told.


def test_items_are_shown_to_task_types_with_the_sizes_of_their_images(room: Any) -> None:
    form = read_form(form_of("image", "text", "chat", "audio"))
    wide = io.BytesIO()
    PIL.Image.new("L", (40, 30)).save(wide, "PNG")
    one, clip = add(room, "wide.png", wide.getvalue()), add(room, "c.wav", wav())
    base = {"text": "Hi", "chat": '[{"role":"user","content":"x"}]', "audio": clip.hash}
    payloads = {
        5: base | {"image": one.hash},
        6: base | {"image": "0" * 64},
        7: {"text": None, "image": None, "chat": [1]},
    }
    shown = room.read(media.shown_many, room.project, payloads, form)
    assert shown[5] == base | {"image": {"width": 40, "height": 30}}
    assert shown[6] == base
    assert shown[7] == {"text": "", "chat": "[1]", "audio": ""}
    assert room.read(media.shown_many, room.project + 1, payloads, form)[5] == base, "another project's image"
    free = read_form({"questions": QUESTIONS})
    assert room.read(media.shown_many, room.project, {1: {"a": "x", "b": 2}}, free) == {1: {"a": "x", "b": "2"}}
    assert room.read(media.shown_many, room.project, {}, form) == {}


def test_many_items_take_few_statements(room: Any) -> None:
    form = read_form(form_of("image"))
    one = add(room, "one.png", picture())
    payloads = {n: {"image": one.hash if n % 2 else f"{n:064x}"} for n in range(1200)}
    said: list[str] = []
    with room.database.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *given: said.append(given[2]))
        shown = media.shown_many(connection, room.project, payloads, form)
    assert sum("image" in fields for fields in shown.values()) == 600
    assert len(said) == 2


# A folder of this machine.


@pytest.fixture
def place(tmp_path: Path) -> Path:
    here = tmp_path / "clips"
    (here / "day").mkdir(parents=True)
    (here / "a.wav").write_bytes(wav())
    (here / "day" / "b.ogg").write_bytes(ogg())
    (tmp_path / "secret.wav").write_bytes(wav(0.2))
    return here


def take(room: Any, content: str, folder_: Path) -> int:
    file = room.upload(content)
    return folder.take(room.database, room.home, room.project, file, {"clip": "file"}, folder_)


def test_files_are_taken_from_a_folder_by_their_paths(room: Any, place: Path) -> None:
    room.make_project(SOUNDS)
    content = "id,file\n1,a.wav\n2,day/b.ogg\n3,a.wav\n"
    assert take(room, content, place) == 2
    assert {row.name: row.type for row in rows(room, media_table)} == {"a.wav": "audio/wav", "day/b.ogg": "audio/ogg"}
    job = room.import_items(content, fields={"clip": "file"})
    assert job.state == "done", job.error


def test_what_the_project_has_already_need_not_be_in_the_folder(room: Any, place: Path) -> None:
    room.make_project(SOUNDS)
    add(room, "old.wav", wav(0.3))
    assert take(room, "id,file\n1,a.wav\n2,old.wav\n", place) == 1


@pytest.mark.parametrize(
    ("name", "prepare", "said"),
    [
        ("../secret.wav", None, "must not lead out"),
        ("day/../../secret.wav", None, "must not lead out"),
        ("/etc/passwd", None, "must not lead out"),
        (
            "link.wav",
            lambda here: (here / "link.wav").symlink_to(here.parent / "secret.wav"),
            "leads out of the folder",
        ),
        ("out/secret.wav", lambda here: (here / "out").symlink_to(here.parent), "leads out of the folder"),
        ("loop.wav", lambda here: (here / "loop.wav").symlink_to(here / "loop.wav"), "cannot be found"),
        ("..\\secret.wav", None, "with / between"),
        ("C:secret.wav", None, "with / between"),
        ("day", None, "no plain file"),
        ("pipe.wav", lambda here: os.mkfifo(here / "pipe.wav"), "no plain file"),
        ("none.wav", None, "there is no file 'none.wav'"),
        ("a.wav/x", None, "there is no file"),
        ("x" * 300, None, "cannot be found"),
        ("page.wav", lambda here: (here / "page.wav").write_bytes(PAGE), "whatever its name says"),
        ("p.wav", lambda here: (here / "p.wav").write_bytes(picture()), "is no sound, but image/png"),
    ],
)
def test_paths_that_lead_elsewhere(room: Any, place: Path, name: str, prepare: Any, said: str) -> None:
    room.make_project(SOUNDS)
    if prepare is not None:
        prepare(place)
    with pytest.raises(InputError, match=said) as caught:
        take(room, f"id,file\n1,a.wav\n2,{name}\n", place)
    assert caught.value.where == "items.csv, line 3, column file"
    assert not rows(room, media_table), "nothing is named in the project"


def test_a_link_within_the_folder_may_stand(room: Any, place: Path) -> None:
    room.make_project(SOUNDS)
    (place / "same.wav").symlink_to(place / "a.wav")
    assert take(room, "id,file\n1,same.wav\n", place) == 1


def test_all_paths_that_are_wrong_are_told(room: Any, place: Path) -> None:
    room.make_project(SOUNDS)
    with pytest.raises(InputError) as caught:
        take(room, "id,file\n1,../x\n2,a.wav\n3,none.wav\n4,none.wav\n", place)
    assert [one["line"] for one in caught.value.details["errors"]] == [2, 4]
    with pytest.raises(InputError, match="no such folder"):
        take(room, "id,file\n1,a.wav\n", place / "none")


# Guesses.


def test_columns_are_told_apart(room: Any) -> None:
    code = "def f(x):\n    return x + 1\n"
    lines = [
        {
            "id": f"a-{n}",
            "sound": f"c{n}.mp3",
            "talk": TURNS,
            "written": json.dumps(TURNS),
            "page": f"https://example.org/{n}.png",
            "program": code * (n + 1),
            "photo": f"p{n}.PNG",
            "list": [1, 2],
            "prose": "If you return it, I will be glad; it is (as said) for you.\nThanks!",
        }
        for n in range(5)
    ]
    with room.database.read() as connection:
        form = ingest.current_form(connection, room.make_project({"questions": QUESTIONS}))
    file = room.upload("\n".join(json.dumps(line) for line in lines), "x.jsonl")
    found = uploads.look(room.home, room.project, file, form)
    assert {column.name: column.looks_like for column in found.columns} == {
        "id": "id", "sound": "audio", "talk": "chat", "written": "chat", "page": "link", "program": "code",
        "photo": "image", "list": "other", "prose": "text",
    }  # fmt: skip
    assert {one.name: one.show for one in found.suggestion.fields} == {
        "sound": "audio", "talk": "chat", "written": "chat", "page": "link", "program": "code", "photo": "image",
        "prose": "text",
    }  # fmt: skip


def test_a_file_of_another_project_is_not_there(room: Any) -> None:
    one = add(room, "c.wav", wav())
    assert room.read(media.find, room.project, one.hash) == one
    with pytest.raises(NotFoundError):
        room.read(media.find, room.project + 1, one.hash)
