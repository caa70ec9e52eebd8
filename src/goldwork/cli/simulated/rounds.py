"""What the demonstration of reward models shows: two rounds from comparisons to a better policy and back to people.

Everything is done by the HTTP API, as a data lead and the people of a project would. The people have a hidden taste;
what is compared blind is judged by others than those who taught the model.
"""

from __future__ import annotations

import itertools
import json
import random
import secrets
import threading
from typing import Any

from goldwork.cli.simulated.client import RefusedError
from goldwork.cli.simulated.site import Play, Site
from goldwork.errors import GoldworkError
from goldwork.services import accounts, links
from goldwork.sim.samples.requests import Request, prefers, requests

FIELDS = ("response_a", "response_b")
FORM: dict[str, Any] = {
    "fields": [{"name": name, "show": "text"} for name in ("prompt", *FIELDS)],
    "questions": [
        {"name": "better", "title": "Which response is better?", "task": {"type": "compare", "fields": list(FIELDS)}}
    ],
}
GUIDELINE = "# Which helps more?\n\nPrefer what says something that one can use, and says it plainly."
JUDGES, FRESH = 10, 6
"""People who teach the model, and those who compare blind in each round."""
PAIRS = 3
"""Pairs of a prompt that are judged in a round."""
OVERLAP = 2
PACE = 0.12
"""Seconds between two judgements, at speed 1."""
POLL = 0.1
WAIT = 120.0
SIDE = 0.04
"""How often somebody takes what stands at the left without reading."""
HELD = 5


class Rounds(Play):
    """A project, two rounds, and the visitor who looks on. `link`: the secret of the visitor's one-time link.

    When both rounds were judged, `said` is what people say of each; then the server goes on until the visitor ends it.
    With `seconds` it ends by itself, after so many at the latest.
    """

    def __init__(self, site: Site, *, speed: float, seed: int, seconds: float | None) -> None:
        super().__init__(site)
        self.speed, self.seconds = speed, seconds
        self.draw = random.Random(seed)
        self.requests: list[Request] = requests(seed)
        self.worth = {one.prompt: one.worth for one in self.requests}
        self.said: list[str] = []
        self.project = 0
        self.boss = ""
        self.link, self._key = site.writer.run(self._furnish)

    def _furnish(self, connection: Any) -> tuple[str, str]:
        """The visitor's account, whose second link is for what is done in their name."""
        now = self.site.database.now(connection)
        visitor = accounts.create_account(connection, now, name="You", administrator=True)
        first, second = (links.make_sign_in_link(connection, visitor, now).secret for _ in range(2))
        return first, second

    def act(self) -> bool:
        """Both rounds."""
        try:
            self._turn_twice()
        except GoldworkError:
            if not self.stop.is_set():
                raise
        return self.seconds is not None

    def _turn_twice(self) -> None:
        if self.seconds is not None:
            timer = threading.Timer(self.seconds, self.stop.set)
            timer.daemon = True
            timer.start()
        self.boss = self.api.enter(self._key)
        body = {"name": "Helpful answers", "form": FORM, "overlap": OVERLAP, "guideline": GUIDELINE}
        self.project = self.api.call(self.boss, "POST", "/projects", body)["id"]
        self._call("PATCH", "", {"quality": {"paradigm": "descriptive", "slice": 0, "adjudicate": False}})
        judges = [self._invite(self.project, f"Judge {number + 1}") for number in range(JUDGES)]
        pairs = {one.prompt: self._pairs(one) for one in self.requests}
        for turn in (1, 2):
            self._bring_in(turn, pairs)
            self._judge(self.project, judges)
            self._wait(self._call("POST", "/reward", {}))
            self._improve(turn)
            if self.stop.is_set():
                return
        self.said = [one["sentence"] for one in self._results()]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return self.api.call(self.boss, method, f"/projects/{self.project}{path}", body)

    def _invite(self, project: int, name: str) -> str:
        made = self.api.call(
            self.boss, "POST", f"/projects/{project}/invitations", {"role": "annotator", "email": None}
        )
        return self.api.enter(made["link"].partition("#")[2], name)

    def _pairs(self, one: Request) -> list[tuple[str, str]]:
        there = list(itertools.combinations(one.candidates, 2))
        return self.draw.sample(there, 2 * PAIRS)

    def _bring_in(self, turn: int, pairs: dict[str, list[tuple[str, str]]]) -> None:
        """The pairs of a round, as items."""
        rows = [
            {"id": f"{turn}-{number}-{place}", "prompt": prompt, FIELDS[0]: first, FIELDS[1]: second}
            for number, (prompt, of) in enumerate(pairs.items())
            for place, (first, second) in enumerate(of[(turn - 1) * PAIRS : turn * PAIRS])
        ]
        file = self._upload(f"round-{turn}.jsonl", rows)
        fields = {name: name for name in ("prompt", *FIELDS)}
        asked = {"file": file, "what": "items", "id": "id", "fields": fields, "batch": f"round {turn}"}
        self._wait(self._call("POST", "/imports", asked))

    def _improve(self, turn: int) -> None:
        """The best of the candidates, compared blind by people who are new here."""
        file = None
        if turn == 1:
            rows = [{"prompt": one.prompt, "response": text} for one in self.requests for text in one.candidates]
            file = self._upload("candidates.jsonl", rows)
        policy = self._wait(self._call("POST", "/policies", {"file": file}))["version"]
        job = self._call("POST", f"/policies/{policy}/comparison", {"prompts": 40, "overlap": OVERLAP})
        blind = self._wait(job)["project"]
        fresh = [self._invite(blind, f"Reader {turn}.{number + 1}") for number in range(FRESH)]
        self._judge(blind, fresh)

    def _results(self) -> list[Any]:
        """What people said in each round, once the figures know all of it."""
        for _ in range(round(WAIT / POLL)):
            found = [one["comparison"] for one in self._call("GET", "/loop")["rounds"]]
            if all(one["votes"] == one["prompts"] * OVERLAP for one in found) or self.stop.wait(POLL):
                return found
        return found

    def _upload(self, name: str, rows: list[dict[str, str]]) -> str:
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        return str(self._call("POST", f"/files?name={name}", lines)["file"])

    def _wait(self, job: Any) -> Any:
        """Until a job has ended. Returns its result."""
        for _ in range(round(WAIT / POLL)):
            found = self._call("GET", f"/jobs/{job['id']}")
            if found["state"] == "done":
                return found["result"]
            if found["state"] not in ("waiting", "running"):
                break
            if self.stop.wait(POLL):
                break
        why = found["error"]["message"] if found["error"] else f"it is {found['state']}."
        raise GoldworkError(f"a job of the demonstration ({found['kind']}) did not end well: {why}")

    def _judge(self, project: int, people: list[str]) -> None:
        """Everything there is, each of them in turn, until all have looked in vain."""
        self._wait_for_items(project)
        idle = 0
        while idle < len(people) and not self.stop.is_set():
            session = people[idle % len(people)]
            try:
                found = self.api.call(session, "POST", f"/projects/{project}/next", {"count": HELD})
            except RefusedError:
                found = {"assignments": []}
            if not found["assignments"]:
                idle += 1
                continue
            idle = 0
            self.draw.shuffle(people)
            for held in found["assignments"]:
                self._answer(project, session, found, held)
                if self.stop.wait(PACE / self.speed):
                    return

    def _wait_for_items(self, project: int) -> None:
        """Until all items are open: an import that another job has begun goes on by itself."""
        for _ in range(round(WAIT / POLL)):
            found = self.api.call(self.boss, "GET", f"/projects/{project}")
            batches = self.api.call(self.boss, "GET", f"/projects/{project}/batches")["batches"]
            if batches and found["items"] >= sum(one["items"] for one in batches) > 0:
                return
            if self.stop.wait(POLL):
                return
        raise GoldworkError("the items of the demonstration did not come in.")

    def _answer(self, project: int, session: str, found: Any, held: Any) -> None:
        fields, [(question, shown)] = held["fields"], held["shown"].items()
        worth = self.worth[fields["prompt"]]
        names = sorted(shown)
        if self.draw.random() < SIDE:
            better = shown[0]
        else:
            first, second = (worth[fields[name]] for name in names)
            better = names[0] if prefers(first, second, self.draw) else names[1]
        order = FIELDS if better in FIELDS else ("one", "two")
        body = {
            "id": secrets.token_hex(16),
            "assignment": held["id"],
            "kind": "answer",
            "form_version": found["form_version"],
            "guideline_version": found["guideline_version"],
            "answers": {question: "first" if better == order[0] else "second"},
            "seconds": round(2 + sum(map(len, fields.values())) * 0.02, 1),
        }
        self.api.call(session, "POST", f"/projects/{project}/submits", body)
