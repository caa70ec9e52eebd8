"""Media over HTTP: the right type, parts and caching, to members alone; nothing that could run."""

from __future__ import annotations

from typing import Any

import pytest

from goldwork.services import media
from goldwork.web.media import CACHE, PIECE, read_range
from goldwork.web.openapi import routes
from tests.services.test_media import DISGUISED, KINDS, wav
from tests.web.conftest import Stage, User
from tests.web.world import picture


class Place:
    """A project with one sound of many pieces."""

    def __init__(self, stage: Stage) -> None:
        self.ada = stage.user("Ada", administrator=True)
        self.project = stage.project(self.ada)
        self.data = wav(3 * PIECE / 16_000)
        answer = self.ada.post(f"/projects/{self.project}/media?name=talk.wav", content=self.data)
        assert answer.status_code == 201, answer.text
        self.medium = answer.json()
        self.path = f"/projects/{self.project}/media/{self.medium['hash']}"
        self.etag = f'"{self.medium["hash"]}"'

    def get(self, method: str = "GET", by: User | None = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (by or self.ada).request(method, self.path, headers=named)


@pytest.fixture
def place(stage: Stage) -> Place:
    return Place(stage)


def test_a_file_is_served_as_what_it_is(place: Place) -> None:
    answer = place.get()
    assert answer.status_code == 200
    assert answer.content == place.data
    said = {
        "content-type": "audio/wav",
        "content-length": str(len(place.data)),
        "etag": place.etag,
        "cache-control": CACHE,
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "content-disposition": f'inline; filename="{place.medium["hash"][:16]}.wav"',
        "cross-origin-resource-policy": "same-origin",
    }
    assert {name: answer.headers[name] for name in said} == said
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_its_type_whatever_its_name(place: Place, kind: str) -> None:
    made = place.ada.post(f"/projects/{place.project}/media?name=page.html", content=KINDS[kind])
    assert made.json()["type"] == kind
    answer = place.ada.get(f"/projects/{place.project}/media/{made.json()['hash']}")
    assert (answer.headers["content-type"], answer.content) == (kind, KINDS[kind])
    assert "html" not in answer.headers["content-disposition"]


def test_head_says_the_same_without_the_bytes(place: Place) -> None:
    whole, head = place.get(), place.get("HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}
    part = place.get("HEAD", Range="bytes=0-9")
    assert (part.status_code, part.headers["content-length"], part.content) == (206, "10", b"")


SIZE = 1000


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=10-19", (10, 19)),
        ("bytes=10-", (10, 999)),
        ("bytes=-1", (999, 999)),
        ("bytes=-5000", (0, 999)),
        ("bytes=0-5000", (0, 999)),
        ("bytes=999-999", (999, 999)),
        ("bytes = 0 - 9", (0, 9)),
        ("bytes=1000-", (1000, 999)),
        ("bytes=1000-2000", (1000, 999)),
        ("bytes=-0", (1000, 999)),
        ("", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=9-1", None),
        ("bytes=0-1,5-6", None),
        ("bytes=0-0,-1" + ",0-0" * 10_000, None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=--5", None),
        ("bytes=0x1-2", None),
        ("bytes=٣-٤", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_ranges(asked: str, found: tuple[int, int] | None) -> None:
    assert read_range(asked, SIZE) == found


@pytest.mark.parametrize("asked", [f"bytes={PIECE - 5}-{2 * PIECE + 5}", "bytes=-100", "bytes=44-", "bytes=0-0"])
def test_a_part_is_the_part(place: Place, asked: str) -> None:
    expected = read_range(asked, len(place.data))
    assert expected is not None
    first, last = expected
    answer = place.get(Range=asked)
    assert answer.status_code == 206
    assert answer.content == place.data[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(place.data)}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["content-type"] == "audio/wav"


def test_a_range_beyond_the_end(place: Place) -> None:
    for asked in (f"bytes={len(place.data)}-", "bytes=-0", "bytes=999999999999999999-"):
        answer = place.get(Range=asked)
        assert (answer.status_code, answer.content) == (416, b"")
        assert answer.headers["content-range"] == f"bytes */{len(place.data)}"


def test_what_is_no_single_range_is_answered_whole(place: Place) -> None:
    for asked in ("bytes=0-1,5-6", "items=0-1", "bytes=5-1", "bytes=" + "0-0," * 500):
        answer = place.get(Range=asked)
        assert (answer.status_code, len(answer.content)) == (200, len(place.data))


def test_what_the_browser_has_is_not_sent_again(place: Place) -> None:
    answer = place.get(If_None_Match=f'"other", {place.etag}')
    assert (answer.status_code, answer.content) == (304, b"")
    assert (answer.headers["etag"], answer.headers["cache-control"]) == (place.etag, CACHE)
    assert place.get(If_None_Match='"other"').status_code == 200
    assert place.get(If_Range='"other"', Range="bytes=0-1").status_code == 200
    assert place.get(If_Range=place.etag, Range="bytes=0-1").status_code == 206


def test_only_members_get_a_file(stage: Stage, place: Place) -> None:
    bob, eve = stage.user("Bob"), stage.user("Eve")
    stage.join(place.project, bob, "annotator")
    for method in ("GET", "HEAD"):
        assert place.get(method, bob).status_code == 200
        assert place.get(method, eve).status_code == 404
        assert place.get(method, stage.nobody).status_code == 401
    assert place.get("GET", eve, If_None_Match=place.etag).status_code == 404, "nor is it said that it is there"
    other = stage.project(stage.user("Mia", administrator=True), name="Other")
    assert place.ada.get(f"/projects/{other}/media/{place.medium['hash']}").status_code == 404


@pytest.mark.parametrize("what", DISGUISED)
def test_disguises_are_refused(place: Place, what: str) -> None:
    answer = place.ada.post(f"/projects/{place.project}/media?name=song.mp3", content=DISGUISED[what])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_input")


def test_too_large_is_refused_while_it_streams(stage: Stage, place: Place) -> None:
    here = f"/projects/{place.project}/media"
    pieces = (picture((1, 2, 3)) if not number else bytes(2**20) for number in range(30))
    answer = place.ada.post(here, content=pieces)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    claimed = place.ada.post(here, content=picture((1, 2, 3)), headers={"content-length": str(200 * 2**20)})
    assert claimed.status_code == 413
    assert not list((stage.home.media / media.DRAFTS).iterdir())


def test_the_route_takes_get_and_head_alone() -> None:
    from goldwork.web.app import create_api

    there = {(one.path.rpartition("/")[2], one.method) for one in routes(create_api()) if "/media" in one.path}
    assert there == {("media", "POST"), ("{content_hash}", "GET"), ("mirrored", "GET")}
