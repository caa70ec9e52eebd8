"""The loop over a real server with its worker: upload, import, images, judging, figures, export."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer
from tests.web.world import picture

pytestmark = pytest.mark.slow

FORM = {
    "fields": [{"name": "text", "show": "text"}, {"name": "photo", "show": "image"}],
    "questions": [
        {
            "name": "kind",
            "title": "Which kind?",
            "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]},
        }
    ],
}
PATIENCE = 60.0


@pytest.fixture
def closing() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def sign_in(closing: contextlib.ExitStack, url: str, link: str, name: str) -> httpx.Client:
    client = closing.enter_context(httpx.Client(base_url=f"{url}/api", timeout=30))
    body = {"token": link.partition("#")[2], "name": name}
    assert client.post("/link/use", json=body).status_code == 201
    assert client.post("/notice", json={"version": 1}).status_code == 200
    return client


def finish(client: httpx.Client, project: int, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it has ended."""
    end = time.monotonic() + PATIENCE
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < end, job
        time.sleep(0.1)
        job = client.get(f"/projects/{project}/jobs/{job['id']}").json()
    return job


def test_from_a_file_to_a_file(live_server: LiveServer, closing: contextlib.ExitStack) -> None:
    ada = sign_in(closing, live_server.url, live_server.first_link, "Ada")
    project = ada.post("/projects", json={"name": "P", "form": FORM, "overlap": 2}).json()["id"]
    here = f"/projects/{project}"

    image = ada.post(f"{here}/media?name=one.png", content=picture((9, 9, 9))).json()
    rows = b"id,text,photo\n" + b"".join(b"r%d,text %d,one.png\n" % (n, n) for n in range(6))
    seen = ada.post(f"{here}/files?name=rows.csv", content=rows).json()
    assert (seen["format"], seen["rows"], seen["suggestion"]["id"]) == ("csv", 6, "id")
    body = {"file": seen["file"], "id": "id", "fields": {"text": "text", "photo": "photo"}, "batch": "first"}
    started = ada.post(f"{here}/imports", json=body)
    assert started.status_code == 202, started.text
    done = finish(ada, project, started.json())
    assert done["state"] == "done", done
    assert [(one["name"], one["items"]) for one in ada.get(f"{here}/batches").json()["batches"]] == [("first", 6)]

    link = ada.post(f"{here}/invitations", json={"role": "annotator"}).json()["link"]
    bob = sign_in(closing, live_server.url, link, "Bob")
    for client in (ada, bob):
        work = client.post(f"{here}/next", json={"count": 20}).json()
        assert len(work["assignments"]) == 6
        for number, one in enumerate(work["assignments"]):
            assert set(one["fields"]) == {"text", "photo"}
            submit = {
                "id": f"{number}",
                "assignment": one["id"],
                "kind": "answer",
                "answers": {"kind": "ab"[number % 2]},
            }
            sent = client.post(f"{here}/submits", json=submit | {"form_version": 1, "guideline_version": 1})
            assert sent.status_code == 201, sent.text
    photo = bob.get(work["assignments"][0]["fields"]["photo"].removeprefix("/api"))
    assert (photo.status_code, photo.headers["content-type"]) == (200, "image/png")
    assert "immutable" in photo.headers["cache-control"]
    assert photo.content == picture((9, 9, 9))
    assert image["hash"] in str(photo.url)

    end = time.monotonic() + PATIENCE
    overview = ada.get(f"{here}/overview").json()
    while overview["through_seq"] < overview["latest_seq"]:
        assert time.monotonic() < end, overview
        time.sleep(0.2)
        overview = ada.get(f"{here}/overview").json()
    assert (overview["items"]["done"], overview["judgements"]) == (6, 12)
    page = ada.get(f"{here}/consensus?limit=4").json()
    assert len(page["rows"]) == 4
    assert page["rows"][0]["fields"]["photo"].startswith(f"/api{here}/media/")
    rest = ada.get(f"{here}/consensus", params={"limit": 4, "after": page["next"]}).json()
    assert (len(rest["rows"]), rest["next"]) == (2, None)
    assert [row["answers"] for row in ada.get(f"{here}/ledger").json()["rows"]] == [6, 6]

    exported = finish(ada, project, ada.post(f"{here}/exports", json={"what": "judgements", "format": "csv"}).json())
    file = ada.get(f"{here}/exports/{exported['id']}")
    assert file.status_code == 200, file.text
    assert file.headers["content-disposition"].startswith("attachment")
    assert len(file.text.splitlines()) == 13
    assert bob.get(f"{here}/exports/{exported['id']}").status_code == 403
