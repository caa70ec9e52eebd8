"""People around a running server: what has to be there before a page can be looked at, done over HTTP."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

PATIENCE = 30.0
"""Seconds that a job may take."""
CLASSES = ("money", "parcel", "change", "other")
FORM: dict[str, Any] = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {
            "name": "request",
            "title": "What does the customer want?",
            "help": "Choose the main request.",
            "task": {"type": "choice", "classes": [{"value": name, "label": name.title()} for name in CLASSES]},
        }
    ],
}
_names = itertools.count(1)


@dataclass
class Somebody:
    """A signed-in person, as a program and in the browser."""

    url: str
    client: httpx.Client

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """What the API answers; an error fails the test."""
        options |= {} if body is None else {"json": body}
        answer = self.client.request(method, f"{self.url}/api{path}", **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def cookies(self) -> list[dict[str, str]]:
        """What makes a browser theirs."""
        return [{"name": c.name, "value": c.value or "", "url": self.url} for c in self.client.cookies.jar]


def join(url: str, link: str, name: str, **more: Any) -> Somebody:
    """Use a one-time link and accept the notice."""
    somebody = Somebody(url, httpx.Client(timeout=PATIENCE))
    session = somebody.call("POST", "/link/use", {"token": link.partition("#")[2], "name": name, **more})
    somebody.call("POST", "/notice", {"version": session["notice"]["version"]})
    return somebody


def show_merged(page: Page, house: House, project: int, shown: Merged) -> Locator:
    """The items' page with answers that are given here, the first item opened: what the server merges is its own
    matter. Returns the items."""
    votes = [{"value": value, "count": 1} for value in shown.answers]
    row = {"judgements": len(votes), "confidence": 0.5, "tie": False, "votes": votes, "fields": shown.fields}
    rows = [row | {"item": n, "external_id": str(n), "label": label} for n, label in enumerate(shown.labels)]
    person = {"name": None, "kind": "human", "shown": {}, "seconds": 2.0, "at": 0}
    people = [
        person | {"annotator": n, "pseudonym": f"person {n + 1}", "answers": {shown.question: value}}
        for n, value in enumerate(shown.answers)
    ]
    opened = {"item": 0, "external_id": "0", "fields": shown.fields, "answers": people, "consensus": {}}
    pages = {"rows": rows, "next": None, "total": len(rows), "through_seq": 9}
    page.route("**/consensus*", lambda route: route.fulfill(json=pages))
    page.route("**/api/projects/*/items/*", lambda route: route.fulfill(json=opened | {"people": len(people)}))
    page.goto(f"{house.url}/p/{project}/items")
    page.get_by_role("button", name="all answers").first.click()
    page.get_by_test_id("item-answers").wait_for()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    return page.locator("main ul > li:has(.said)")


@dataclass
class Merged:
    """Answers to a question about one item, and what is said to be the consensus of the first items."""

    question: str
    fields: dict[str, str]
    answers: list[Any]
    labels: list[Any]


@dataclass
class House:
    """A server with its administrator."""

    url: str
    boss: Somebody
    others: list[Somebody] = field(default_factory=list)

    def project(self, texts: Sequence[str] | None = None, form: Mapping[str, Any] = FORM, **settings: Any) -> int:
        """A project with items, imported. Returns its number."""
        asked = {"name": "Support tickets", "overlap": 3, "lease_minutes": 30, "guideline": "# Be *kind*."} | settings
        project: int = self.boss.call("POST", "/projects", asked | {"form": dict(form)})["id"]
        if texts is None:
            texts = [f"Message number {number}" for number in range(20)]
        if texts:
            self.load(project, [{"text": text} for text in texts])
        return project

    def load(self, project: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Import rows as items, and wait until they are in the queue."""
        self.bring(project, rows)

    def bring(
        self, project: int, rows: Iterable[Mapping[str, Any]], what: str = "items", id: str | None = None
    ) -> None:
        """Import rows as items or judgements. `id`: the column with the items' own names."""
        lines = "\n".join(json.dumps(row) for row in rows).encode()
        path = f"/projects/{project}/files?name={what}.jsonl"
        look = self.boss.call("POST", path, content=lines, headers={"content-type": "application/octet-stream"})
        columns = [column["name"] for column in look["columns"] if column["name"] != id]
        fields = {name: name for name in columns} if what == "items" else {}
        batch = f"batch {next(_names)}"
        asked = {"file": look["file"], "what": what, "id": id, "fields": fields, "batch": batch}
        job = self.boss.call("POST", f"/projects/{project}/imports", asked)
        self.wait(project, job["id"])

    def wait(self, project: int, job: int) -> Any:
        """Wait for a job."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            now = self.boss.call("GET", f"/projects/{project}/jobs/{job}")
            if now["state"] in ("done", "failed", "cancelled"):
                assert now["state"] == "done", now
                return now
            time.sleep(0.1)
        raise AssertionError(f"job {job} is still {now['state']} after {PATIENCE} s")

    def invitation(self, project: int, role: str = "annotator") -> str:
        """A link to send to somebody."""
        link: str = self.boss.call("POST", f"/projects/{project}/invitations", {"role": role, "email": None})["link"]
        return link

    def annotator(self, project: int, name: str = "Grace", role: str = "annotator") -> Somebody:
        """Somebody who joined and read the notice."""
        self.others.append(join(self.url, self.invitation(project, role), name))
        return self.others[-1]

    def close(self) -> None:
        """Let go of every connection."""
        for somebody in (self.boss, *self.others):
            somebody.client.close()

    def judgements(self, project: int) -> list[dict[str, Any]]:
        """Every judgement, as exported."""
        asked = {"what": "judgements", "format": "jsonl"}
        job = self.boss.call("POST", f"/projects/{project}/exports", asked)
        self.wait(project, job["id"])
        answer = self.boss.client.get(f"{self.url}/api/projects/{project}/exports/{job['id']}")
        return [json.loads(line) for line in answer.text.splitlines()]
